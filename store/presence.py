"""Presence: which dialogs stand in the archive for a party, who listed them last, and what a sweep publishes.

Nothing of a dialog's content is touched here: a dialog that is missing keeps all that was ever read of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy.engine import Connection

from store.batch import Row, Written
from store.bookkeeping import write_mailboxes
from store.clock import instant_text
from store.publication import Held, Listed, PresenceChange, Publication
from store.statements import Cursor, Engine, insert, upsert

_HELD = """SELECT id, party, presence, delegated, connection, identity, created_at, first_seen_at, last_changed_at,
probed_at FROM dialog WHERE party = {mark} ORDER BY id"""


def held(engine: Engine, connection: Connection, party: str) -> list[Held]:
    """Every dialog of a party that the archive holds, present or not."""
    cursor = _cursor(connection)
    cursor.execute(_HELD.format(mark=engine.mark), (party,))
    return [
        Held(
            id=row[0],
            party=row[1],
            presence=row[2],
            delegated=bool(row[3]),
            connection=row[4],
            identity=row[5],
            created_at=_time(row[6]),
            first_seen_at=_time(row[7]) or "",
            last_changed_at=_time(row[8]) or "",
            probed_at=_time(row[9]),
        )
        for row in cursor.fetchall()
    ]


def delegating(engine: Engine, connection: Connection, of: str, identity: str) -> list[str]:
    """The parties of the dialogs that are delegated one by one and were read last by this identity."""
    cursor = _cursor(connection)
    mark = engine.mark
    cursor.execute(
        f"SELECT DISTINCT party FROM dialog WHERE delegated AND connection = {mark} "  # noqa: S608
        f"AND identity = {mark} ORDER BY party",
        (of, identity),
    )
    return [str(row[0]) for row in cursor.fetchall()]


def listed(engine: Engine, connection: Connection, party: str | None = None) -> list[Listed]:
    """What each identity listed at its latest complete sweep, of one party if given."""
    cursor = _cursor(connection)
    sql = "SELECT connection, identity, party, dialog_ids, swept_at FROM listing"
    if party is None:
        cursor.execute(f"{sql} ORDER BY connection, identity, party")
    else:
        cursor.execute(f"{sql} WHERE party = {engine.mark} ORDER BY connection, identity", (party,))
    return [
        Listed(row[0], row[1], row[2], frozenset(_unpacked(bytes(row[3]))), _time(row[4]) or "")
        for row in cursor.fetchall()
    ]


def publish(engine: Engine, cursor: Cursor, publication: Publication) -> Written:
    """Writes a publication inside the transaction of `cursor`. A dialog whose presence is no longer what the sweep
    found keeps it: somebody else has met it meanwhile.
    """
    at, mark = publication.at, engine.mark
    changed = [change for change in publication.changes if _changed(engine, cursor, change, at)]
    history: list[Row] = [
        {
            "dialog_id": change.dialog_id,
            "seen_at": at,
            "what": "presence",
            "before": f'"{change.before}"',
            "after": f'"{change.after}"',
        }
        for change in changed
    ]
    columns = ("dialog_id", "seen_at", "what", "before", "after")
    insert(engine, cursor, "change", columns, [tuple(row[name] for name in columns) for row in history])
    for dialog_id in publication.probed:
        cursor.execute(f"UPDATE dialog SET probed_at = {mark} WHERE id = {mark}", (at, dialog_id))  # noqa: S608
    handed = 0
    for dialog_id, to, identity in publication.handed_over:
        cursor.execute(
            f"UPDATE dialog SET connection = {mark}, identity = {mark} WHERE id = {mark}",  # noqa: S608
            (to, identity, dialog_id),
        )
        handed += max(cursor.rowcount, 0)
    for each in publication.listed:
        _list(engine, cursor, each)
    write_mailboxes(engine, cursor, publication.mailboxes, at)
    return Written(len(changed), len(changed) + handed, len(history))


def _changed(engine: Engine, cursor: Cursor, change: PresenceChange, at: str) -> bool:
    mark = engine.mark
    as_held = "" if change.held_at is None else f"AND last_changed_at = {mark}"
    cursor.execute(
        f"UPDATE dialog SET presence = {mark}, access = coalesce({mark}, access), last_changed_at = {mark} "  # noqa: S608
        f"WHERE id = {mark} AND presence = {mark} AND presence <> {mark} {as_held}",
        (
            *(change.after, change.access, at, change.dialog_id, change.before, change.after),
            *(() if change.held_at is None else (change.held_at,)),
        ),
    )
    return cursor.rowcount == 1


def _list(engine: Engine, cursor: Cursor, each: Listed) -> None:
    mark, packed = engine.mark, _packed(each.dialog_ids)
    key = (each.connection, each.identity, each.party)
    # The list itself is rewritten only when it differs: it may be long, and mostly does not.
    cursor.execute(
        f"UPDATE listing SET swept_at = {mark} WHERE connection = {mark} AND identity = {mark} "  # noqa: S608
        f"AND party = {mark} AND dialog_ids = {mark}",
        (each.swept_at, *key, packed),
    )
    if cursor.rowcount != 1:
        row: Row = dict(zip(("connection", "identity", "party"), key, strict=True))
        upsert(engine, cursor, "listing", [{**row, "dialog_ids": packed, "swept_at": each.swept_at}])


def _packed(ids: Iterable[str]) -> bytes:
    return b"".join(sorted(UUID(dialog_id).bytes for dialog_id in ids))


def _unpacked(packed: bytes) -> Iterator[str]:
    return (str(UUID(bytes=packed[start : start + 16])) for start in range(0, len(packed), 16))


def _time(value: str | datetime | None) -> str | None:
    return instant_text(value) if isinstance(value, datetime) else value


def _cursor(connection: Connection) -> Cursor:
    return cast(Cursor, connection.connection.cursor())
