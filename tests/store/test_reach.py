"""What is remembered of who may read which dialog, on both engines alike."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.archive import Archive
from store.batch import Batch, CursorMove, Row, Value
from tests.store.rows import AT, LATER, ORG, PERSON, batch, dialog, uuid

US, THEM = ("kari", ""), ("firma", "310000108")
SERVICE = "urn:altinn:resource:hemmelig"
Same = Callable[[Callable[[Archive], object]], object]


def refusal(number: int, who: tuple[str, str] = US, at: str = AT, reason: str = "denied") -> Row:
    return {
        "dialog_id": uuid(number),
        "connection": who[0],
        "identity": who[1],
        "reason": reason,
        "refused_at": at,
    }


def locked(archive: Archive, level: int = 4, limit: int = 10) -> list[str]:
    return [each.id for each in archive.reach.locked(US, level, limit)]


def hold(archive: Archive, *numbers: int, **fields: Value) -> None:
    """Dialogs that nobody's level was high enough for, in a mailbox of ours."""
    standing: dict[str, Value] = {"access": "level_too_low", "service_resource": SERVICE}
    archive.write(batch(*(dialog(number, **(standing | fields)) for number in numbers)))  # type: ignore[arg-type]
    archive.write(Batch(AT, cursors=[CursorMove(*US, ORG, AT, backfilled_at=AT, last_poll_at=AT)], levels={SERVICE: 4}))


def test_the_newest_level_of_a_service_stands(archive: Archive) -> None:
    archive.write(Batch(AT, levels={SERVICE: 4, "urn:altinn:resource:b": 5}))
    archive.write(Batch(LATER, levels={SERVICE: 3}))
    assert archive.reach.levels() == {SERVICE: 3, "urn:altinn:resource:b": 5}


def test_a_refusal_is_remembered_of_whom_it_was_said(archive: Archive) -> None:
    archive.write(Batch(AT, refusals=[refusal(1), refusal(2, THEM), refusal(2, THEM)]))
    everything = [uuid(n) for n in (1, 2, 3)]
    assert archive.reach.refused(US, everything) == {uuid(1)}
    assert archive.reach.refused(THEM, everything) == {uuid(2)}
    assert archive.reach.refused(US, []) == frozenset()


def test_a_dialog_that_changed_was_refused_to_nobody_and_may_be_refused_in_the_same_write(archive: Archive) -> None:
    archive.write(Batch(AT, refusals=[refusal(1), refusal(1, THEM), refusal(2)]))
    archive.write(Batch(LATER, reconsidered=[uuid(1), uuid(1)], refusals=[refusal(1, THEM, LATER)]))
    assert archive.reach.refused(US, [uuid(1), uuid(2)]) == {uuid(2)}
    assert archive.reach.refused(THEM, [uuid(1), uuid(2)]) == {uuid(1)}


def test_those_refused_longest_ago_come_first_and_what_somebody_reads_whole_does_not(archive: Archive) -> None:
    standing = {1: "denied", 2: "denied", 3: "full", 4: "level_too_low"}
    archive.write(batch(*(dialog(number, access=access) for number, access in standing.items())))
    archive.write(batch(dialog(5, access="denied", presence="deleted")))
    archive.write(Batch(AT, refusals=[refusal(1, at=LATER), *(refusal(n) for n in (2, 3, 4, 5)), refusal(1, THEM)]))
    assert archive.reach.refused_longest(US, 10) == [uuid(2), uuid(4), uuid(1)]
    assert archive.reach.refused_longest(US, 1) == [uuid(2)]


def test_what_our_level_opens_is_found_youngest_first(same: Same) -> None:
    def ask(archive: Archive) -> object:
        hold(archive, 1, 3, updated_at=AT)
        hold(archive, 2, updated_at=LATER)
        hold(archive, 4, updated_at=None)
        return locked(archive), locked(archive, limit=1), locked(archive, level=3)

    assert same(ask) == ([uuid(n) for n in (2, 1, 3, 4)], [uuid(2)], [])


@pytest.mark.parametrize(
    "fields",
    [
        {"access": "full"},
        {"access": "denied"},
        {"presence": "no_access"},
        {"party": PERSON},
        {"service_resource": "urn:altinn:resource:other"},
        {"service_resource": None},
    ],
    ids=str,
)
def test_what_is_readable_gone_anothers_or_of_an_unknown_service_is_left_alone(
    archive: Archive, fields: dict[str, Value]
) -> None:
    hold(archive, 1, **fields)
    assert locked(archive) == []


def test_what_we_were_refused_and_what_a_failed_or_lost_mailbox_holds_is_left_alone(archive: Archive) -> None:
    hold(archive, 1, 2)
    archive.write(Batch(AT, refusals=[refusal(1), refusal(2, THEM)]))
    assert locked(archive) == [uuid(2)]
    archive.mailbox_state(*US, ORG, error="The consent has ended.")
    assert locked(archive) == []
    archive.mailbox_state(*US, ORG, error=None, state="lost")
    assert locked(archive) == []
