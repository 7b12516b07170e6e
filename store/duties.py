"""The duties of `restore-unread`: whose unread mark must be put back after an opening.

A duty is committed, with the engine's full durability, before the opening leaves (SQLite: `synchronous=FULL`;
PostgreSQL: its own `synchronous_commit`), so that neither a crash nor a lost answer forgets it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, exists, select
from sqlalchemy.engine import Connection

from store.batch import Row
from store.clock import instant_text
from store.reading import plain
from store.statements import Cursor, Engine, run, table, upsert

_NO_PAUSE_IS_LONGER = timedelta(days=1, hours=1)

# What a new duty of the same dialog begins anew.
_FRESH: Row = {
    "opened_at": None,
    "tries": 0,
    "tried_at": None,
    "next_try_at": None,
    "last_error": None,
    "settled_at": None,
    "outcome": None,
}
_NAMES = ("dialog_id", "connection", "identity")
FAILED = "failed"  # the outcome in which the mark was neither put back nor found needless


def record_duties(engine: Engine, cursor: Cursor, rows: Sequence[Row]) -> None:
    """Records duties that stand from now on; each takes the place of an earlier one of its dialog."""
    upsert(engine, cursor, "duty", [{**_FRESH, **row} for row in rows])


def write_duties(engine: Engine, cursor: Cursor, rows: Sequence[Row]) -> None:
    """Sets the columns that each row gives; a duty that is not there stays away. `dialog_id` names the duty, and where
    they are given `connection` and `identity` say whose: another may have opened the dialog since, and owes by itself.
    """
    for row in rows:
        names = [key for key in _NAMES if key in row]
        keys = [key for key in row if key not in _NAMES]
        if unknown := set(keys) - set(table("duty").columns.keys()):
            raise ValueError(f"Table duty has no column {', '.join(sorted(unknown))}.")
        sets = ", ".join(f"{key} = {engine.mark}" for key in keys)
        where = " AND ".join(f"{key} = {engine.mark}" for key in names)
        sql = f"UPDATE duty SET {sets} WHERE {where}"  # noqa: S608
        run(engine, cursor, sql, [tuple(row[key] for key in (*keys, *names))])


def standing_duties(connection: Connection, of: str | None, identity: str | None, due_at: str | None) -> list[Row]:
    """Duties not settled yet, oldest first; with `due_at` those whose next try has come. One that is further off than
    any pause was set while the clock was wrong, and has come too; so has one that waits for a dialog which the archive
    has met again since.
    """
    duty, d = table("duty"), table("dialog").c
    query = select(duty).where(duty.c.settled_at.is_(None))
    if of is not None:
        query = query.where(duty.c.connection == of)
    if identity is not None:
        query = query.where(duty.c.identity == identity)
    if due_at is not None:
        latest = instant_text(datetime.fromisoformat(due_at) + _NO_PAUSE_IS_LONGER)
        due = duty.c.next_try_at
        readable = and_(d.id == duty.c.dialog_id, d.presence == "present", d.access == "full")
        back = and_(duty.c.outcome.is_not(None), exists().where(readable, d.last_changed_at > duty.c.tried_at))
        query = query.where(due.is_(None) | (due <= due_at) | (due > latest) | back)
    return [plain(row) for row in connection.execute(query.order_by(duty.c.recorded_at, duty.c.dialog_id)).mappings()]


def failed_duties(connection: Connection) -> list[Row]:
    """Duties that ended without the mark being put back although it should have been, newest first."""
    duty = table("duty")
    query = select(duty).where(duty.c.outcome == FAILED).order_by(duty.c.settled_at.desc(), duty.c.dialog_id)
    return [plain(row) for row in connection.execute(query).mappings()]
