"""Which identity reaches which dialog: the level that services ask for, and who was refused what.

Both are memory, not truth: they keep a pass from asking in vain again and again. A refusal stands as long as its dialog
does not change; the sweeps of the identity that was refused ask anew where nobody reads it whole, and a service's level
is learned anew by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import cast

from sqlalchemy import and_, exists, not_, select
from sqlalchemy.engine import Connection

from store.batch import Row, Standing
from store.statements import Cursor, Engine, run, table, upsert
from store.values import Values

# Connection and identity.
Reader = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reach:
    """What one archive remembers of it."""

    engine: Engine
    read: Callable[[], AbstractContextManager[Connection]]

    def levels(self) -> dict[str, int]:
        """Service → the level that it asks for, of those that somebody stood before too low."""
        with self.read() as connection:
            of = table("service_level").c
            return {row[0]: row[1] for row in connection.execute(select(of.service_resource, of.minimum_level))}

    def refused(self, reader: Reader, ids: Sequence[str]) -> frozenset[str]:
        """Those of `ids` that this reader was refused as they stand now."""
        if not ids:
            return frozenset()
        sql = "SELECT dialog_id, connection, identity FROM refusal WHERE dialog_id {}"
        with self.read() as connection:
            cursor = cast(Cursor, connection.connection.cursor())
            rows = self.engine.select_in(cursor, sql, list(ids))
            return frozenset(row[0] for row in rows if (row[1], row[2]) == reader)

    def refused_longest(self, reader: Reader, limit: int) -> list[str]:
        """Present dialogs that this reader was refused and that nobody reads whole, those refused longest ago first."""
        r, d = table("refusal").c, table("dialog").c
        query = (
            select(r.dialog_id)
            .join_from(table("refusal"), table("dialog"), d.id == r.dialog_id)
            .where(r.connection == reader[0], r.identity == reader[1], d.presence == "present", d.access != "full")
            .order_by(r.refused_at, r.dialog_id)
            .limit(limit)
        )
        with self.read() as connection:
            return list(connection.scalars(query))

    def locked(self, reader: Reader, level: int, limit: int) -> list[Standing]:
        """Present dialogs of this reader's mailboxes that nobody's level was high enough for, although this one is, and
        that it was not refused: youngest first.
        """
        d, s, m, r = (table(name).c for name in ("dialog", "service_level", "mailbox", "refusal"))
        refused = exists().where(r.dialog_id == d.id, r.connection == reader[0], r.identity == reader[1])
        query = (
            select(d.id, d.party, d.updated_at)
            .join_from(table("dialog"), table("service_level"), s.service_resource == d.service_resource)
            .join(
                table("mailbox"),
                and_(m.party == d.party, m.connection == reader[0], m.identity == reader[1]),
            )
            .where(
                d.access == "level_too_low",
                d.presence == "present",
                s.minimum_level <= level,
                m.state == "active",
                m.error.is_(None),
                m.backfilled_at.is_not(None),
                not_(refused),
            )
            .order_by(d.updated_at.desc().nulls_last(), d.id)
            .limit(limit)
        )
        with self.read() as connection:
            return [Standing(row.id, row.party, row.updated_at) for row in connection.execute(query)]


def write_levels(engine: Engine, cursor: Cursor, levels: Mapping[str, int], at: str) -> None:
    """Remembers what services ask for."""
    rows: list[Row] = [
        {"service_resource": name, "minimum_level": level, "learned_at": at} for name, level in sorted(levels.items())
    ]
    upsert(engine, cursor, "service_level", rows, mute=("learned_at",))


def write_refusals(engine: Engine, cursor: Cursor, rows: Sequence[Row]) -> None:
    """Remembers refusals; one that stands is as new as this one."""
    upsert(
        engine,
        cursor,
        "refusal",
        list({(row["dialog_id"], row["connection"], row["identity"]): row for row in rows}.values()),
    )


def reconsider(engine: Engine, cursor: Cursor, ids: Sequence[str]) -> None:
    """Forgets who was refused these dialogs: they changed, or somebody reads them now."""
    if ids:
        rows: list[Values] = [(name,) for name in dict.fromkeys(ids)]
        run(engine, cursor, f"DELETE FROM refusal WHERE dialog_id = {engine.mark}", rows)  # noqa: S608
