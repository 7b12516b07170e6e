"""When each key of a connection was first used, and which of them was refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.batch import Row
from store.reading import plain
from store.statements import Cursor, Engine, run, table, upsert


def client_keys(connection: Connection) -> list[Row]:
    """Every key that was ever configured for a run, those of one connection together."""
    keys = table("client_key")
    found = connection.execute(select(keys).order_by(keys.c.connection, keys.c.kid)).mappings()
    return [plain(row) for row in found]


def write_client_keys(engine: Engine, cursor: Cursor, rows: Sequence[Row]) -> None:
    """Sets the keys of the connections that `rows` name; keys of theirs that are not among `rows` lose their role."""
    names = sorted({str(row["connection"]) for row in rows})
    sql = f"UPDATE client_key SET role = NULL WHERE connection = {engine.mark} AND role IS NOT NULL"  # noqa: S608
    run(engine, cursor, sql, [(name,) for name in names])
    upsert(engine, cursor, "client_key", rows)
