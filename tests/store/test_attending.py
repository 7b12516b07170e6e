"""Verdicts and attention items in the archive, on both engines."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.archive import Archive
from store.batch import Batch, Look, Row, Value
from store.judging import Happening, Judgement
from tests.store.rows import AT, LATER, ORG, PERSON, batch, dialog, row, uuid

LATEST = "2026-03-03T10:00:00.000000Z"
RULES = "rules-1"


def verdict(number: int, **fields: Value) -> Row:
    standing: Row = {
        "dialog_id": uuid(number),
        "needs_attention": True,
        "next_step": "confirm",
        "actor": "person",
        "deadline": LATEST,
        "reasons": '["confirmation_missing"]',
        "because_nb": "Fordi",
        "because_en": "Because",
        "rule": "correspondence",
        "evidence": "e1",
        "evidence_at": AT,
        "judged_at": LATER,
        "rules": RULES,
        "next_look_at": None,
        "pending_since": None,
        "decided_at": LATER,
    }
    return standing | fields


def opened(number: int, **fields: Value) -> Judgement:
    """A judgement that opens an item."""
    row = verdict(number, **fields)
    shown: Row = {
        name: row[name]
        for name in ("dialog_id", "next_step", "actor", "deadline", "reasons", "because_nb", "because_en", "evidence")
    }
    return Judgement(
        uuid(number),
        row,
        differs=True,
        opens={**shown, "opened_at": LATER, "follows": None},
        happened=("opened",),
        told={name: row[name] for name in ("next_step", "actor", "deadline")},
    )


def altered(item_id: int, number: int, *what: Happening, differs: bool = True, **alters: Value) -> Judgement:
    row = verdict(number)
    told: Row = {name: row[name] for name in ("next_step", "actor", "deadline")}
    return Judgement(uuid(number), row, differs, item_id, None, dict(alters), what, told)


@pytest.fixture
def held(archive: Archive) -> Archive:
    """Three dialogs, none of them judged."""
    archive.write(batch(dialog(1), dialog(2), dialog(3)))
    return archive


def due(archive: Archive, now: str = LATER, rules: str = RULES) -> list[str]:
    return archive.attention.due(now, rules)


def events(archive: Archive, number: int = 1) -> list[Value]:
    return [each["what"] for each in archive.attention.events(uuid(number))]


def test_a_dialog_waits_for_a_verdict_until_one_is_written(held: Archive) -> None:
    assert due(held) == [uuid(1), uuid(2), uuid(3)]
    held.attention.write([opened(1), Judgement(uuid(2), verdict(2, needs_attention=False), differs=True)], LATER)
    assert due(held) == [uuid(3)]


def test_a_verdict_waits_when_its_dialog_changed_its_time_came_its_rules_differ_or_a_read_is_owed(
    held: Archive,
) -> None:
    for number in (1, 2, 3):
        held.attention.write([Judgement(uuid(number), verdict(number), differs=True)], LATER)
    assert due(held) == []
    assert due(held, rules="others") == [uuid(1), uuid(2), uuid(3)]
    held.write(batch(dialog(1, is_new=False, title="Ny", last_changed_at=LATER)))
    held.attention.write([Judgement(uuid(2), verdict(2, next_look_at=LATEST), differs=False)], LATER)
    held.attention.write([Judgement(uuid(3), verdict(3, pending_since=LATER), differs=False)], LATER)
    assert due(held) == [uuid(1), uuid(3)]
    assert due(held, now=LATEST) == [uuid(1), uuid(2), uuid(3)]


def test_what_was_judged_by_a_clock_that_ran_ahead_is_judged_again(held: Archive) -> None:
    for number in (1, 2, 3):
        held.attention.write([Judgement(uuid(number), verdict(number), differs=True)], LATER)
    assert due(held, now=AT) == [uuid(1), uuid(2), uuid(3)]


def test_an_open_item_shows_in_the_view_and_beside_its_dialog(held: Archive) -> None:
    written = held.attention.write([opened(1)], LATER)
    assert (written.verdicts, written.items, written.events) == (1, 1, {"opened": 1})
    [item] = held.view("attention")
    assert (item["dialog_id"], item["next_step"], item["deadline"], item["opened_at"]) == (
        uuid(1),
        "confirm",
        LATEST,
        LATER,
    )
    shown = {each["dialog_id"]: each["needs_attention"] for each in held.view("inbox")}
    assert shown == {uuid(1): True, uuid(2): None, uuid(3): None}


def test_a_verdict_that_stands_is_not_written_again(held: Archive) -> None:
    held.attention.write([opened(1)], LATER)
    again = Judgement(uuid(1), verdict(1, decided_at=LATEST, next_look_at=LATEST), differs=False)
    written = held.attention.write([again], LATEST)
    assert (written.verdicts, written.items, written.events) == (0, 0, {})
    [docket] = held.attention.dockets([uuid(1)])
    assert docket.verdict is not None
    assert (docket.verdict["decided_at"], docket.verdict["next_look_at"]) == (LATER, LATEST)


def test_a_dialog_has_one_open_item_whoever_judges_it(held: Archive) -> None:
    held.attention.write([opened(1)], LATER)
    written = held.attention.write([opened(1)], LATEST)
    assert (written.items, written.events) == (0, {})
    assert len(held.view("attention")) == 1
    assert events(held) == ["opened"]


def test_what_changed_while_it_was_judged_is_left_to_the_next_judging(held: Archive) -> None:
    held.write(batch(dialog(1, is_new=False, title="Ny", last_changed_at=LATER)))
    written = held.attention.write([opened(1), opened(2)], LATEST)
    assert (written.moved, written.verdicts) == (1, 1)
    assert due(held) == [uuid(1), uuid(3)]


def test_an_item_is_changed_then_closed_and_keeps_its_history(held: Archive) -> None:
    held.attention.write([opened(1)], LATER)
    held.attention.write([altered(1, 1, "changed", next_step="read", deadline=None, changed_at=LATEST)], LATEST)
    [item] = held.view("attention")
    assert (item["next_step"], item["deadline"], item["changed_at"]) == ("read", None, LATEST)
    held.attention.write([altered(1, 1, "closed", closed_at=LATEST, closed_by="evidence")], LATEST)
    assert held.view("attention") == []
    assert events(held) == ["opened", "changed", "closed"]
    held.attention.write([opened(1)], LATEST)
    found = held.dialog(uuid(1))
    assert found is not None
    assert [(each["id"], each["closed_by"]) for each in found.children["attention_item"]] == [
        (1, "evidence"),
        (2, None),
    ]


def test_what_a_person_closed_meanwhile_is_not_touched(held: Archive) -> None:
    held.attention.write([opened(1)], LATER)
    assert held.attention.done(uuid(1), LATER) is not None
    written = held.attention.write([altered(1, 1, "changed", next_step="read", changed_at=LATEST)], LATEST)
    assert (written.items, written.events) == (0, {})
    [docket] = held.attention.dockets([uuid(1)])
    assert docket.item is not None
    assert (docket.item["closed_by"], docket.item["next_step"]) == ("hand", "confirm")


def test_done_and_snooze_need_an_open_item(held: Archive) -> None:
    assert held.attention.done(uuid(1), LATER) is None
    assert held.attention.snooze(uuid(1), LATEST, LATER) is None
    held.attention.write([opened(1)], LATER)
    assert held.attention.done(uuid(1), LATER) is not None
    assert held.attention.done(uuid(1), LATER) is None
    assert events(held) == ["opened", "done"]


def test_what_is_put_off_is_judged_again_when_its_time_has_come(held: Archive) -> None:
    held.attention.write([opened(1), opened(2, next_look_at=LATER)], LATER)
    assert held.attention.snooze(uuid(1), LATEST, LATER) is not None
    assert held.attention.snooze(uuid(2), LATEST, LATER) is not None
    assert events(held) == ["opened", "snoozed"]
    assert {item["snoozed_until"] for item in held.view("attention")} == {LATEST}
    assert due(held) == [uuid(2), uuid(3)]
    assert due(held, now=LATEST) == [uuid(1), uuid(2), uuid(3)]


def test_what_somebody_else_judged_meanwhile_is_told_once(held: Archive) -> None:
    first, second = (opened(1, judged_at=at) for at in (LATER, LATEST))
    first.stood = second.stood = (None, None)
    assert held.attention.write([first], LATER).events == {"opened": 1}
    late = held.attention.write([second], LATEST)
    assert (late.moved, late.verdicts, late.events) == (1, 0, {})
    [item] = held.view("attention")
    overdue = altered(int(str(item["item_id"])), 1, "overdue", changed_at=LATEST)
    overdue.stood = (LATER, None)
    assert held.attention.write([overdue], LATEST).events == {"overdue": 1}
    # A word by hand moves the time of the next look: it is not overwritten by who had not heard it.
    assert held.attention.snooze(uuid(1), LATEST, LATER) is not None
    assert held.attention.write([overdue], LATEST).moved == 1
    assert events(held) == ["opened", "overdue", "snoozed"]
    assert due(held, now=LATEST) == [uuid(1), uuid(2), uuid(3)]


def test_a_docket_holds_what_judging_needs(held: Archive) -> None:
    held.write(batch(dialog(4, payloads={"list": b"{}", "seenlog": b"[]"}, connection="c", identity="i")))
    held.mailbox_state("c", "i", ORG, last_hot_at=LATER)
    held.write(Batch(LATER, looks=[Look(uuid(4), looked_at=LATER)]))
    found = held.attention.dockets([uuid(9), uuid(4), uuid(1)])
    assert [each.id for each in found] == [uuid(4), uuid(1)]
    docket = found[0]
    assert docket.bodies == {"list": b"{}"} and docket.hot_at == LATER
    assert (docket.dialog["presence"], docket.dialog["looked_at"], docket.dialog["last_changed_at"]) == (
        "present",
        LATER,
        AT,
    )
    assert (docket.verdict, docket.item) == (None, None)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        ({}, AT),
        ({"error": "The consent has ended."}, LATER),
        ({"state": "lost"}, LATER),
        ({"last_poll_at": "2026-03-01T10:00:00.000000Z"}, AT),
        ({"last_poll_at": "2026-03-01T09:59:59.999999Z"}, LATER),
    ],
    ids=str,
)
def test_where_its_reader_is_in_trouble_or_silent_for_a_day_anothers_hot_pass_has_to_do(
    held: Archive, trouble: dict[str, Value], expected: str
) -> None:
    held.write(batch(dialog(4, connection="c", identity="i")))
    own: dict[str, Value] = {"last_hot_at": AT, "last_poll_at": LATER}
    held.mailbox_state("c", "i", ORG, **(own | trouble))  # type: ignore[arg-type]
    held.mailbox_state("other", "", ORG, last_hot_at=LATER, last_poll_at=LATER)
    held.mailbox_state("failed", "", ORG, last_hot_at=LATEST, last_poll_at=LATER, error="Down.")
    held.mailbox_state("elsewhere", "", PERSON, last_hot_at=LATEST, last_poll_at=LATER)
    [docket] = held.attention.dockets([uuid(4)])
    assert docket.hot_at == expected


def test_what_waits_for_a_read_is_read_by_the_hot_pass(held: Archive) -> None:
    held.write(batch(dialog(4, status="NotApplicable", connection="c", identity="i")))
    assert uuid(4) not in {each.id for each in held.unsettled(("c", "i"), [ORG], LATER)}
    held.attention.write([Judgement(uuid(4), verdict(4, pending_since=LATER), differs=True)], LATER)
    assert uuid(4) in {each.id for each in held.unsettled(("c", "i"), [ORG], LATER)}


def with_endpoint(number: int, name: str, **fields: Value) -> dict[str, list[Row]]:
    action = row("api_action", id=f"a{number}", dialog_id=uuid(number), action="write", name=name)
    standing: Row = {"action_id": f"a{number}", "dialog_id": uuid(number), "http_method": "POST", "version": "1"}
    old = row("api_endpoint", id=f"e{number}", url=f"https://eksempel.no/{number}", **(standing | fields))
    return {"api_action": [action], "api_endpoint": [old]}


def test_deprecated_endpoints_are_told_by_service(both: tuple[Archive, Archive], same: Callable[..., object]) -> None:
    def ask(archive: Archive) -> object:
        ends: dict[str, Value] = {"deprecated": True, "sunset_at": LATEST}
        archive.write(
            batch(
                dialog(1, rows=with_endpoint(1, "send", **ends), service_resource="a"),
                dialog(2, rows=with_endpoint(2, "send", **ends), service_resource="a"),
                dialog(3, rows=with_endpoint(3, "send"), service_resource="a"),
                dialog(4, rows=with_endpoint(4, "send", deprecated=True), service_resource="b"),
                dialog(5, rows=with_endpoint(5, "send", **ends), service_resource="a", presence="deleted"),
            )
        )
        assert archive.attention.endpoints(["urn:altinn:organization:identifier-no:310000108"]) == []
        return archive.attention.endpoints([ORG])

    found = same(ask)
    assert isinstance(found, list)
    assert [(r["service_resource"], r["sunset_at"], r["dialogs"], r["has_successor"]) for r in found] == [
        ("a", LATEST, 2, False),
        ("b", None, 1, False),
    ]
