"""Cursors, mailboxes, quarantine, parties and runs."""

from __future__ import annotations

import pytest

from store.archive import Archive
from store.batch import Batch, CursorMove, Row, Value
from store.bookkeeping import LARGEST_QUARANTINED, next_try
from tests.store.rows import AT, LATER, ORG, PERSON, batch, dialog, row

EARLIER = "2026-02-01T00:00:00.000000Z"


def move(cursor_at: str | None, **fields: str) -> Batch:
    return Batch(AT, cursors=[CursorMove("regnskap", "310000000", ORG, cursor_at, **fields)])


def test_a_cursor_moves_forward_and_never_back(archive: Archive) -> None:
    for cursor, then in ((None, None), (AT, AT), (EARLIER, AT), (None, AT), (LATER, LATER)):
        archive.write(move(cursor))
        assert archive.mailboxes("regnskap", "310000000")[0]["cursor_at"] == then


def test_a_mailbox_is_backfilled_once_and_polled_forward(archive: Archive) -> None:
    archive.write(move(AT, backfilled_at=AT, last_poll_at=AT))
    archive.write(move(LATER, backfilled_at=LATER, last_poll_at=LATER))
    archive.write(move(AT, last_poll_at=AT))
    box = archive.mailboxes()[0]
    assert (box["backfilled_at"], box["last_poll_at"], box["first_seen_at"], box["state"]) == (AT, LATER, AT, "active")


def test_mailboxes_are_told_by_connection_and_identity(archive: Archive) -> None:
    for of, identity, party in (("b", "", ORG), ("a", "2", ORG), ("a", "1", PERSON), ("a", "1", ORG)):
        archive.mailbox_state(of, identity, party, at=AT)
    assert [(m["connection"], m["identity"], m["party"]) for m in archive.mailboxes()] == [
        ("a", "1", ORG),
        ("a", "1", PERSON),
        ("a", "2", ORG),
        ("b", "", ORG),
    ]
    assert len(archive.mailboxes("a", "1")) == 2
    assert len(archive.mailboxes("b")) == 1


def test_a_mailbox_keeps_its_cursor_when_its_state_is_told(archive: Archive) -> None:
    archive.write(move(AT))
    archive.mailbox_state("regnskap", "310000000", ORG, at=LATER, state="lost", lost_since=LATER, error="Borte.")
    box = archive.mailboxes()[0]
    assert (box["cursor_at"], box["state"], box["lost_since"], box["error"]) == (AT, "lost", LATER, "Borte.")
    archive.mailbox_state("regnskap", "310000000", ORG, at=LATER, error=None)
    assert archive.mailboxes()[0]["error"] is None
    assert archive.mailboxes()[0]["state"] == "lost"
    with pytest.raises(ValueError, match="cursor"):
        archive.mailbox_state("regnskap", "310000000", ORG, cursor_at=LATER)


def item(at: str, **fields: Value) -> Batch:
    told: Row = {
        "id": "list:1",
        "kind": "list",
        "party": ORG,
        "connection": "regnskap",
        "reason": "broken",
        "payload": b"{",
    }
    return Batch(at, quarantine=[told | fields])


def test_a_quarantined_item_waits_longer_after_each_try(archive: Archive) -> None:
    archive.write(item("2026-03-01T00:00:00.000000Z"))
    archive.write(item("2026-03-01T01:00:00.000000Z", reason="still broken", payload=None))
    archive.write(item("2026-03-01T02:00:00.000000Z", payload=b"{{"))
    kept = archive.quarantined()[0]
    assert (kept["tries"], kept["first_seen_at"]) == (3, "2026-03-01T00:00:00.000000Z")
    assert (kept["last_tried_at"], kept["next_try_at"]) == (
        "2026-03-01T02:00:00.000000Z",
        "2026-03-01T02:20:00.000000Z",
    )
    assert (kept["reason"], kept["payload"]) == ("broken", b"{{")


def test_the_bytes_of_a_quarantined_item_stay_when_a_later_try_has_none(archive: Archive) -> None:
    archive.write(item(AT))
    archive.write(item(LATER, payload=None))
    assert archive.quarantined()[0]["payload"] == b"{"


def test_the_same_failure_told_twice_is_one_try(archive: Archive) -> None:
    archive.write(item(AT))
    archive.write(item(AT))
    assert archive.quarantined()[0]["tries"] == 1


def test_the_wait_doubles_from_five_minutes_to_a_day() -> None:
    waits = [next_try("2026-03-01T00:00:00.000000Z", tries)[8:19] for tries in (1, 2, 3, 9, 10, 1000)]
    assert waits == ["01T00:05:00", "01T00:10:00", "01T00:20:00", "01T21:20:00", "02T00:00:00", "02T00:00:00"]


def test_a_quarantined_item_does_not_grow_without_end(archive: Archive) -> None:
    archive.write(item(AT, payload=b"x" * (LARGEST_QUARANTINED + 1)))
    payload = archive.quarantined()[0]["payload"]
    assert isinstance(payload, bytes)
    assert len(payload) == LARGEST_QUARANTINED


def test_quarantine_tells_whose_turn_has_come_and_lets_go(archive: Archive) -> None:
    archive.write(item(AT))
    archive.write(item(LATER, id="list:2", connection="kari"))
    assert [one["id"] for one in archive.quarantined(due_at=LATER)] == ["list:1"]
    assert [one["id"] for one in archive.quarantined("kari")] == ["list:2"]
    archive.write(Batch(LATER, released=["list:1", "list:9"]))
    assert [one["id"] for one in archive.quarantined()] == ["list:2"]


def test_a_party_counts_when_it_is_new_or_differs(archive: Archive) -> None:
    def party(**fields: str | bool) -> Row:
        told = row("party", urn=ORG, name="Fjellheim Bakeri AS", **fields)
        return {key: value for key, value in told.items() if key not in ("first_seen_at", "last_changed_at")}

    assert archive.parties_write([party()], AT) == 1
    assert archive.parties_write([party()], LATER) == 0
    assert archive.parties_write([party(is_deleted=True)], LATER) == 1
    archive.write(batch(dialog(1)))
    assert archive.view("inbox")[0]["party_name"] == "Fjellheim Bakeri AS"
    with archive._reading() as connection:
        times = connection.exec_driver_sql("SELECT first_seen_at < last_changed_at, is_deleted FROM party").one()
    assert tuple(times) == (1, 1)


def test_runs_are_told_newest_first(archive: Archive) -> None:
    first = archive.run_started({"connection": "regnskap", "identity": "310000000", "started_at": AT})
    second = archive.run_started({"connection": "kari", "identity": "", "started_at": LATER, "kind": "sweep"})
    archive.run_finished(first, finished_at=LATER, outcome="ok", requests=4, items_read=100)
    runs = archive.status().runs
    assert [run["id"] for run in runs] == [second, first]
    assert (runs[0]["outcome"], runs[0]["kind"], runs[0]["requests"]) == (None, "sweep", 0)
    assert (runs[1]["outcome"], runs[1]["finished_at"], runs[1]["requests"]) == ("ok", LATER, 4)
    assert len(archive.status(runs=1).runs) == 1


def test_status_counts(archive: Archive) -> None:
    archive.write(batch(dialog(1), dialog(2, is_content_seen=True), dialog(3, presence="deleted")))
    archive.write(item(AT))
    status = archive.status()
    assert status.counts == {
        "dialogs": 3,
        "unread": 1,
        "needs_attention": 0,
        "transmissions": 0,
        "changes": 0,
        "quarantined": 1,
        "presence.present": 2,
        "presence.deleted": 1,
    }
    assert "payload" not in status.quarantine[0]
