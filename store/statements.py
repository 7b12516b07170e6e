"""The statements of the hot path, made once from the tables and run by the driver itself.

A backfill writes some hundred thousand rows; going through an expression language for each of them costs more than the
engine's own work. So the SQL is text, the rows are tuples, and the driver's `executemany` does the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any, Protocol, cast

from sqlalchemy import BigInteger, Boolean, Integer, Table

from store.batch import OWNED, Row, Value
from store.tables import metadata
from store.values import Values, tidied

_CHUNK = 500


class Cursor(Protocol):
    """What `sqlite3` and psycopg cursors have in common, as far as we use it."""

    rowcount: int

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any: ...
    def executemany(self, sql: Any, parameters: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


class Engine:
    """How one engine spells what the other spells differently."""

    def __init__(self, dialect: str) -> None:
        self.postgres = dialect == "postgresql"
        self.mark = "%s" if self.postgres else "?"
        self.differs = "IS DISTINCT FROM" if self.postgres else "IS NOT"

    def select_in(self, cursor: Cursor, sql: str, ids: Sequence[str]) -> Iterator[Any]:
        """Rows of `sql`, whose `{}` stands for the condition "is one of `ids`", in chunks."""
        for start in range(0, len(ids), _CHUNK):
            chunk = ids[start : start + _CHUNK]
            if self.postgres:
                cursor.execute(sql.format("= ANY(%s)"), (chunk,))
            else:
                cursor.execute(sql.format(f"IN ({','.join('?' * len(chunk))})"), tuple(chunk))
            yield from cursor.fetchall()


def table(name: str) -> Table:
    """The table of that name; `ValueError` when there is none."""
    try:
        return metadata.tables[name]
    except KeyError:
        raise ValueError(f"The archive has no table {name!r}.") from None


@lru_cache(maxsize=256)
def _defaults(name: str) -> tuple[tuple[str, Value], ...]:
    return tuple(
        (column.name, cast(Value, getattr(column.default, "arg", None)))
        for column in table(name).columns
        if not column.nullable and column.default is not None and column.default.is_scalar
    )


@lru_cache(maxsize=512)
def _upsert_sql(
    postgres: bool,
    name: str,
    keys: tuple[str, ...],
    extra: tuple[str, ...],
    kept: tuple[str, ...],
    mute: tuple[str, ...],
) -> str:
    engine = Engine("postgresql" if postgres else "sqlite")
    of = table(name)
    unknown = set(keys) - set(of.columns.keys())
    if unknown:
        raise ValueError(f"Table {name} has no column {', '.join(sorted(unknown))}.")
    primary = [column.name for column in of.primary_key]
    set_keys = [key for key in keys if key not in primary and key not in kept]
    insert = [*keys, *extra]
    columns, marks = ", ".join(map(_quoted, insert)), ", ".join([engine.mark] * len(insert))
    sql = f"INSERT INTO {name} ({columns}) VALUES ({marks}) ON CONFLICT ({', '.join(map(_quoted, primary))}) DO "  # noqa: S608
    sets = [f"{_quoted(key)} = excluded.{_quoted(key)}" for key in set_keys]
    differs = [f"{name}.{_quoted(key)} {engine.differs} excluded.{_quoted(key)}" for key in set_keys if key not in mute]
    if name in OWNED and "removed_at" not in keys:
        # What is named again is there again.
        sets.append("removed_at = NULL")
        differs.append(f"{name}.removed_at IS NOT NULL")
    if not sets or not differs:
        return sql + "NOTHING"
    return f"{sql}UPDATE SET {', '.join(sets)} WHERE {' OR '.join(differs)}"


def _quoted(name: str) -> str:
    return f'"{name}"'


@lru_cache(maxsize=512)
def _integers(name: str, keys: tuple[str, ...]) -> tuple[tuple[int, bool], ...]:
    columns = table(name).columns
    return tuple(
        (place, bool(columns[key].nullable))
        for place, key in enumerate(keys)
        if isinstance(columns[key].type, (BigInteger, Integer)) and not isinstance(columns[key].type, Boolean)
    )


def upsert(
    engine: Engine,
    cursor: Cursor,
    name: str,
    rows: Iterable[Row],
    *,
    kept: tuple[str, ...] = ("first_seen_at",),
    mute: tuple[str, ...] = (),
) -> int:
    """Writes `rows` and answers how many differed from what stood. Rows with equal key sets go together.

    A standing row keeps its columns of `kept`; a difference in a column of `mute` alone is none.
    """
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    written = 0
    for keys, group in groups.items():
        missing = tuple((key, value) for key, value in _defaults(name) if key not in keys)
        extra = tuple(key for key, _ in missing)
        sql = _upsert_sql(engine.postgres, name, keys, extra, kept, mute)
        values = tuples(group, keys)
        if missing:
            tail = tuple(value for _, value in missing)
            values = [row + tail for row in values]
        written += run(engine, cursor, sql, tidied(values, _integers(name, keys)))
    return written


def tuples(rows: list[Row], keys: tuple[str, ...]) -> list[Values]:
    """The values of `rows` in the order of `keys`."""
    if len(keys) == 1:
        return [(row[keys[0]],) for row in rows]
    return list(map(itemgetter(*keys), rows))


def run(engine: Engine, cursor: Cursor, sql: str, rows: list[Values]) -> int:
    """Runs `sql` for each row and answers how many rows of the table it touched."""
    if not rows:
        return 0
    cursor.executemany(sql, rows)
    return max(cursor.rowcount, 0)
