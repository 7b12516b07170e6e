"""Unread marks that are owed: recorded durably, settled once, found cheaply, on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from store.archive import Archive
from store.batch import Batch, Row, Value
from store.errors import ArchiveDenied
from tests.store.rows import AT, LATER, ORG, batch, dialog, uuid


def duty(number: int = 1, **fields: Value) -> Row:
    return {
        "dialog_id": uuid(number),
        "connection": "regnskap",
        "identity": "310000000",
        "party": ORG,
        "created_at": AT,
        "context_revision": uuid(900 + number),
        "labels": '["Default"]',
        "seen_until": AT,
        "recorded_at": AT,
        **fields,
    }


def standing(archive: Archive, **where: str) -> list[Value]:
    return [row["dialog_id"] for row in archive.standing_duties(**where)]


def test_a_recorded_duty_stands_with_all_that_settling_needs(archive: Archive) -> None:
    archive.record_duties([duty()])
    nothing = dict.fromkeys(("opened_at", "tried_at", "next_try_at", "last_error", "settled_at", "outcome"))
    assert archive.standing_duties() == [{**duty(), "tries": 0, **nothing}]


def test_a_recorded_duty_is_there_for_everybody_else_at_once(archive: Archive, archive_url: str) -> None:
    archive.record_duties([duty()])
    with Archive.open(archive_url, create=False, read_only=True) as another:
        assert standing(another) == [uuid(1)]
        with pytest.raises(ArchiveDenied):
            another.record_duties([duty(2)])


def test_duties_are_told_oldest_first_and_by_identity(archive: Archive) -> None:
    archive.record_duties([duty(2, recorded_at=LATER), duty(3), duty(1), duty(4, identity="", connection="kari")])
    assert standing(archive, connection="regnskap", identity="310000000") == [uuid(1), uuid(3), uuid(2)]
    assert standing(archive, connection="kari") == [uuid(4)]
    assert standing(archive, connection="regnskap", identity="310000108") == []


def test_what_one_settles_leaves_the_duty_of_another_who_opened_the_dialog_since(archive: Archive) -> None:
    archive.record_duties([duty(1)])
    archive.record_duties([duty(1, connection="kari", identity="")])
    ours: Row = {"dialog_id": uuid(1), "connection": "regnskap", "identity": "310000000"}
    archive.write(Batch(LATER, duties=[{**ours, "settled_at": LATER, "outcome": "restored"}]))
    assert standing(archive, connection="kari") == [uuid(1)]
    archive.write(Batch(LATER, duties=[{**ours, "connection": "kari", "identity": "", "settled_at": LATER}]))
    assert standing(archive) == []


def test_a_settled_duty_stands_no_more_and_keeps_its_outcome(archive: Archive) -> None:
    archive.record_duties([duty(1), duty(2)])
    settled: Row = {"dialog_id": uuid(1), "settled_at": LATER, "outcome": "restored"}
    for _ in range(2):
        archive.write(Batch(LATER, duties=[settled]))
    assert standing(archive) == [uuid(2)]
    assert archive.failed_duties() == []


def test_a_duty_that_failed_for_good_is_told(archive: Archive) -> None:
    archive.record_duties([duty(1), duty(2)])
    archive.write(Batch(LATER, duties=[{"dialog_id": uuid(2), "settled_at": LATER, "outcome": "failed"}]))
    assert [(row["dialog_id"], row["outcome"]) for row in archive.failed_duties()] == [(uuid(2), "failed")]


def test_a_failed_try_waits_for_its_time(archive: Archive) -> None:
    archive.record_duties([duty()])
    archive.write(Batch(AT, duties=[{"dialog_id": uuid(1), "tries": 1, "next_try_at": LATER, "last_error": "500"}]))
    assert standing(archive, due_at=AT) == []
    assert standing(archive, due_at=LATER) == [uuid(1)]
    assert (archive.standing_duties()[0]["tries"], archive.standing_duties()[0]["last_error"]) == (1, "500")


def test_a_duty_that_waits_for_its_dialog_is_due_as_soon_as_the_archive_has_met_it_again(archive: Archive) -> None:
    waiting: Row = {"tried_at": AT, "next_try_at": LATER, "outcome": "deleted"}
    archive.record_duties([{**duty(number), **waiting} for number in range(1, 6)])
    archive.record_duties([{**duty(6), **waiting, "outcome": None}])
    since = after(AT)
    archive.write(
        batch(
            dialog(1, last_changed_at=since),
            dialog(2, presence="deleted", last_changed_at=since),
            dialog(3, access="level_too_low", last_changed_at=since),
            dialog(4, last_changed_at=AT),
            dialog(6, last_changed_at=since),
        )
    )
    assert standing(archive, due_at=AT) == [uuid(1)]
    assert standing(archive, due_at=LATER) == [uuid(number) for number in range(1, 7)]


def test_another_opening_of_the_dialog_is_a_new_duty(archive: Archive) -> None:
    archive.record_duties([duty()])
    archive.write(Batch(AT, duties=[{"dialog_id": uuid(1), "tries": 3, "settled_at": AT, "outcome": "seen"}]))
    archive.record_duties([duty(recorded_at=LATER, context_revision=uuid(77))])
    (found,) = archive.standing_duties()
    assert (found["tries"], found["outcome"], found["context_revision"]) == (0, None, uuid(77))


def test_what_is_settled_must_be_a_duty(archive: Archive) -> None:
    archive.write(Batch(AT, duties=[{"dialog_id": uuid(1), "settled_at": AT, "outcome": "seen"}]))
    assert archive.standing_duties() == []
    with pytest.raises(ValueError, match="no column nonsense"):
        archive.write(Batch(AT, duties=[{"dialog_id": uuid(1), "nonsense": 1}]))


def test_standing_duties_are_found_without_reading_the_settled_ones(archive: Archive) -> None:
    archive.record_duties([duty(number) for number in range(1, 400)])
    archive.write(
        Batch(AT, duties=[{"dialog_id": uuid(n), "settled_at": AT, "outcome": "restored"} for n in range(2, 400)])
    )
    explain = "EXPLAIN QUERY PLAN" if not archive.shared else "EXPLAIN"
    with archive._transaction() as connection:
        if archive.shared:
            connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text(f"{explain} SELECT * FROM duty WHERE settled_at IS NULL ORDER BY recorded_at")
        ).all()
    assert "ix_duty_standing" in str(plan)
    assert standing(archive) == [uuid(1)]


def test_a_next_try_that_was_set_while_the_clock_was_wrong_keeps_no_mark_waiting(archive: Archive) -> None:
    archive.record_duties([duty(1, next_try_at=next_year(AT)), duty(2, next_try_at=AT), duty(3, next_try_at=LATER)])
    assert standing(archive, due_at=AT) == [uuid(1), uuid(2)]


def after(at: str) -> str:
    return f"{at[:-2]}{int(at[-2]) + 1}Z"


def next_year(at: str) -> str:
    return f"{int(at[:4]) + 1}{at[4:]}"
