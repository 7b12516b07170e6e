"""Two system users share a party and do not see the same of it: what one no longer lists, the other may."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.sandbox.seed import people
from tests.faults.sweeping import Office, office

SHARED = (people.JOINERY, people.SEAFOOD, people.TRANSPORT)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Office]:
    with office(tmp_path) as ready:
        yield ready


def both(desk: Office) -> tuple[int, int]:
    """One sweep of each; the rows that they wrote."""
    first, second = desk.sweep(Office.accounts), desk.sweep(Office.payroll)
    assert (first.outcome, second.outcome) == ("ok", "ok"), (first, second)
    return first.rows_written, second.rows_written


def seen_by(desk: Office, name: str) -> set[str]:
    rows = [each for each in desk.archive.listed() if each.connection == name]
    return {dialog_id for each in rows for dialog_id in each.dialog_ids}


def test_what_payroll_may_not_see_stays_present(desk: Office) -> None:
    both(desk)
    only_accounts = seen_by(desk, Office.accounts) - seen_by(desk, Office.payroll)
    assert only_accounts & {d.id for d in desk.world.dialogs.values() if d.party in {p.urn for p in SHARED}}
    assert set(desk.presence().values()) == {"present"}

    desk.clock.skip(90_000)
    assert both(desk) == (0, 0)
    desk.world.requests.reset()
    both(desk)
    assert not any("transmissions" in path or "lookup" in path for path in desk.world.requests.by)


@pytest.mark.parametrize("order", [(Office.accounts, Office.payroll), (Office.payroll, Office.accounts)])
def test_a_dialog_that_one_may_read_no_longer_stays_present_through_the_other(
    desk: Office, order: tuple[str, str]
) -> None:
    both(desk)
    shared = sorted(seen_by(desk, Office.accounts) & seen_by(desk, Office.payroll))
    resource = desk.world.dialogs[shared[0]].service_resource
    touched = {d.id for d in desk.world.dialogs.values() if d.service_resource == resource} & set(shared)

    desk.deny(Office.accounts, resource)
    for name in order:
        desk.sweep(name)
    assert {desk.presence()[dialog_id] for dialog_id in touched} == {"present"}
    assert {desk.column(dialog_id, "connection") for dialog_id in touched} == {Office.payroll}, (
        "it reads them from now on"
    )

    with desk.archive.query_read_only("SELECT dialog_id FROM history WHERE what = 'presence'") as answer:
        assert not touched & {str(row[0]) for row in answer.rows}, "and they were never thought missing in between"

    desk.deny(Office.payroll, resource)
    for name in order:
        desk.sweep(name)
    assert {desk.presence()[dialog_id] for dialog_id in touched} == {"no_access"}


def test_a_deletion_is_true_for_both_whoever_finds_it(desk: Office) -> None:
    both(desk)
    gone = min(seen_by(desk, Office.accounts) & seen_by(desk, Office.payroll))
    step = {"request": {"method": "DELETE", "path": f"/api/v1/serviceowner/dialogs/{gone}"}}
    assert desk.world.apply(step)["status"] == 204
    desk.sweep(Office.accounts)
    assert desk.presence()[gone] == "deleted"
    assert both(desk) == (0, 0)


def test_a_dialog_that_both_lose_is_missed(desk: Office) -> None:
    both(desk)
    gone = min(seen_by(desk, Office.accounts) & seen_by(desk, Office.payroll))
    resource = desk.world.dialogs[gone].service_resource
    desk.deny(Office.accounts, resource)
    desk.deny(Office.payroll, resource)
    desk.sweep(Office.accounts)
    assert desk.presence()[gone] == "present", "payroll listed it at its latest sweep"
    desk.sweep(Office.payroll)
    assert desk.presence()[gone] == "no_access"
