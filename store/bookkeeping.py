"""What the archive keeps about its own work: cursors, mailboxes, quarantine, parties, runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from store.batch import CursorMove, Look, Row, Value
from store.clock import instant_text
from store.statements import Cursor, Engine, run, upsert
from store.values import Values

LARGEST_QUARANTINED = 4 * 1024 * 1024  # bytes of one item: the rest of it stays on the server
FIRST_RETRY = timedelta(minutes=5)
LAST_RETRY = timedelta(hours=24)


def next_try(at: str, tries: int) -> str:
    """When to read a quarantined item again after `tries` failures: 5 minutes, then doubled, at most 24 hours."""
    wait = min(FIRST_RETRY * 2 ** min(max(tries - 1, 0), 20), LAST_RETRY)
    moment = datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(UTC)
    return instant_text(moment + wait)


def quarantine(engine: Engine, cursor: Cursor, rows: Sequence[Row], at: str) -> None:
    """Keeps items that could not be read. One that stands counts one more try, later each time."""
    if not rows:
        return
    newest = {str(row["id"]): row for row in rows}
    standing = {
        row[0]: (row[1], row[2])
        for row in engine.select_in(cursor, "SELECT id, tries, last_tried_at FROM quarantine WHERE id {}", list(newest))
    }
    for name, row in newest.items():
        tried_at = str(row.get("last_tried_at") or at)
        tries, before = standing.get(name, (0, None))
        # The same failure told twice is one try.
        told = before is not None and (before if isinstance(before, str) else instant_text(before)) == tried_at
        tries = tries if told else tries + 1
        payload = row.get("payload")
        kept: Row = {
            **row,
            "first_seen_at": row.get("first_seen_at") or tried_at,
            "last_tried_at": tried_at,
            "tries": tries,
            "next_try_at": next_try(tried_at, tries),
        }
        if isinstance(payload, bytes):
            kept["payload"] = payload[:LARGEST_QUARANTINED]
        else:
            kept.pop("payload", None)
        upsert(engine, cursor, "quarantine", [kept])


def release(engine: Engine, cursor: Cursor, ids: Sequence[str]) -> None:
    """Lets go of what could be read now."""
    run(engine, cursor, f"DELETE FROM quarantine WHERE id = {engine.mark}", [(name,) for name in ids])  # noqa: S608


def looked(engine: Engine, cursor: Cursor, looks: Sequence[Look]) -> None:
    """Notes that dialogs were read again, of which nothing else need be written."""
    mark = engine.mark
    run(
        engine,
        cursor,
        f"UPDATE dialog SET children_read_at = coalesce({mark}, children_read_at), "  # noqa: S608
        f"opened_at = coalesce({mark}, opened_at), looked_at = coalesce({mark}, looked_at) WHERE id = {mark}",
        [(look.children_read_at, look.opened_at, look.looked_at, look.dialog_id) for look in looks],
    )


# A first backfill has read all that a hot pass, a sweep and a deep pass would.
_MOVE = """
INSERT INTO mailbox (connection, identity, party, state, cursor_at, backfilled_at, last_hot_at, last_sweep_at,
    last_deep_at, last_poll_at, first_seen_at)
VALUES ({marks})
ON CONFLICT (connection, identity, party) DO UPDATE SET
    cursor_at = CASE WHEN mailbox.cursor_at IS NULL OR excluded.cursor_at > mailbox.cursor_at
        THEN coalesce(excluded.cursor_at, mailbox.cursor_at) ELSE mailbox.cursor_at END,
    last_poll_at = CASE WHEN mailbox.last_poll_at IS NULL OR excluded.last_poll_at > mailbox.last_poll_at
        THEN coalesce(excluded.last_poll_at, mailbox.last_poll_at) ELSE mailbox.last_poll_at END,
    backfilled_at = coalesce(mailbox.backfilled_at, excluded.backfilled_at),
    last_hot_at = coalesce(mailbox.last_hot_at, excluded.last_hot_at),
    last_sweep_at = coalesce(mailbox.last_sweep_at, excluded.last_sweep_at),
    last_deep_at = coalesce(mailbox.last_deep_at, excluded.last_deep_at),
    error = CASE WHEN excluded.last_poll_at IS NULL THEN mailbox.error END,
    error_at = CASE WHEN excluded.last_poll_at IS NULL THEN mailbox.error_at END
"""


def move_cursors(engine: Engine, cursor: Cursor, moves: Sequence[CursorMove], at: str) -> None:
    """Moves mailboxes' cursors forward. A move backwards moves nothing."""
    rows: list[Values] = [
        (m.connection, m.identity, m.party, "active", m.cursor_at, *[m.backfilled_at] * 4, m.last_poll_at, at)
        for m in moves
    ]
    run(engine, cursor, _MOVE.format(marks=", ".join([engine.mark] * 11)), rows)


def write_parties(engine: Engine, cursor: Cursor, rows: Sequence[Row], at: str) -> int:
    """Upserts parties and answers how many differed. A party that is as it was keeps its `last_changed_at`."""
    dated = [{**row, "first_seen_at": row.get("first_seen_at") or at, "last_changed_at": at} for row in rows]
    return upsert(engine, cursor, "party", dated, mute=("last_changed_at",))


def write_mailbox(engine: Engine, cursor: Cursor, key: tuple[str, str, str], at: str, fields: Row) -> None:
    """Sets the given columns of one mailbox, which is made when it is not there. The cursor is not among them."""
    if "cursor_at" in fields:
        raise ValueError("A cursor moves in the batch that makes it true.")
    connection, identity, party = key
    write_mailboxes(engine, cursor, [{"connection": connection, "identity": identity, "party": party, **fields}], at)


def write_mailboxes(engine: Engine, cursor: Cursor, rows: Sequence[Row], at: str) -> None:
    """Sets the columns that each row gives, of mailboxes that are made when they are not there."""
    upsert(engine, cursor, "mailbox", [{**row, "first_seen_at": row.get("first_seen_at") or at} for row in rows])


def start_run(engine: Engine, cursor: Cursor, row: Row) -> int:
    """Records that a pass began, and answers its number."""
    defaults: Row = {
        "kind": "poll",
        **dict.fromkeys(("parties", "requests", "items_read", "dialogs_written", "rows_written", "changes_written"), 0),
        "openings": 0,
        "quarantined": 0,
    }
    full = {**defaults, **row}
    names = ", ".join(full)
    marks = ", ".join([engine.mark] * len(full))
    # Names come from the caller's code, never from outside.
    cursor.execute(f"INSERT INTO sync_run ({names}) VALUES ({marks}) RETURNING id", tuple(full.values()))  # noqa: S608
    return int(cursor.fetchall()[0][0])


def finish_run(engine: Engine, cursor: Cursor, number: int, fields: dict[str, Value]) -> None:
    """Records how a pass ended."""
    if not fields:
        return
    sets = ", ".join(f"{name} = {engine.mark}" for name in fields)
    cursor.execute(f"UPDATE sync_run SET {sets} WHERE id = {engine.mark}", (*fields.values(), number))  # noqa: S608
