"""The statements of the hot path, made once from the tables and run by the driver itself.

A backfill writes some hundred thousand rows; going through an expression language for each of them costs more than the
engine's own work. So the SQL is text, the rows are tuples, and the driver's `executemany` does the rest. Many rows
reach PostgreSQL by COPY into a temporary table and from there by one statement, several times faster than one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, Protocol, cast

from sqlalchemy import BigInteger, Boolean, Integer, Table

from store.batch import OWNED, Row, Value
from store.tables import metadata
from store.values import Values, tidied

_CHUNK = 500
_PLACES = 5000  # parameters to one INSERT on SQLite


class Cursor(Protocol):
    """What `sqlite3` and psycopg cursors have in common, as far as we use it."""

    rowcount: int

    def execute(self, sql: Any, parameters: Any = ..., /) -> Any: ...
    def executemany(self, sql: Any, parameters: Any, /) -> Any: ...
    def fetchall(self) -> list[Any]: ...


_MANY = 50  # rows from which COPY pays


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
def _conflict_sql(
    differs_by: str, name: str, keys: tuple[str, ...], kept: tuple[str, ...], mute: tuple[str, ...]
) -> str:
    of = table(name)
    primary = [column.name for column in of.primary_key]
    set_keys = [key for key in keys if key not in primary and key not in kept]
    sql = f"ON CONFLICT ({', '.join(map(_quoted, primary))}) DO "
    sets = [f"{_quoted(key)} = excluded.{_quoted(key)}" for key in set_keys]
    differs = [f"{name}.{_quoted(key)} {differs_by} excluded.{_quoted(key)}" for key in set_keys if key not in mute]
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
    unknown = set(keys) - set(columns.keys())
    if unknown:
        raise ValueError(f"Table {name} has no column {', '.join(sorted(unknown))}.")
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
    written = 0
    for keys, group in _alike(rows):
        conflict = _conflict_sql(engine.differs, name, keys, kept, mute)
        written += _put(engine, cursor, name, keys, group, conflict)
    return written


def insert_new(engine: Engine, cursor: Cursor, name: str, rows: Iterable[Row]) -> int:
    """Inserts rows whose keys do not stand yet, and answers how many."""
    return sum(_put(engine, cursor, name, keys, group, "") for keys, group in _alike(rows))


def _alike(rows: Iterable[Row]) -> Iterable[tuple[tuple[str, ...], list[Row]]]:
    """Rows with equal key sets, together."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    keys: tuple[str, ...] = ()
    group: list[Row] = []
    for row in rows:
        if tuple(row) != keys:
            keys = tuple(row)
            group = groups.setdefault(keys, [])
        group.append(row)
    return groups.items()


def _put(engine: Engine, cursor: Cursor, name: str, keys: tuple[str, ...], rows: list[Row], conflict: str) -> int:
    missing = tuple((key, value) for key, value in _defaults(name) if key not in keys)
    values: list[Values] = [tuple(row.values()) for row in rows]  # in the order of `keys`, which is that of each row
    if missing:
        tail = tuple(value for _, value in missing)
        values = [row + tail for row in values]
    columns = (*keys, *(key for key, _ in missing))
    return insert(engine, cursor, name, columns, tidied(values, _integers(name, keys)), conflict)


def insert(
    engine: Engine, cursor: Cursor, name: str, columns: tuple[str, ...], rows: list[Values], conflict: str = ""
) -> int:
    """Inserts `rows`, with `conflict` said of those that stand, and answers how many rows it touched."""
    names = ", ".join(map(_quoted, columns))
    if len(rows) < _MANY:
        marks = ", ".join([engine.mark] * len(columns))
        return run(engine, cursor, f"INSERT INTO {name} ({names}) VALUES ({marks}) {conflict}", rows)  # noqa: S608
    if not engine.postgres:
        return _insert_many(cursor, name, columns, rows, conflict)
    if not conflict:
        return _copy(cursor, name, names, rows)
    stage = f"stage_{name}"
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {stage} (LIKE {name}) ON COMMIT DELETE ROWS")
    _copy(cursor, stage, names, rows)
    cursor.execute(f"INSERT INTO {name} ({names}) SELECT {names} FROM {stage} {conflict}")  # noqa: S608
    touched = max(cursor.rowcount, 0)
    cursor.execute(f"DELETE FROM {stage}")  # noqa: S608
    return touched


def _insert_many(cursor: Cursor, name: str, columns: tuple[str, ...], rows: list[Values], conflict: str) -> int:
    """Many rows to a statement of SQLite, which works on them outside the interpreter's lock. A column that says the
    same in all of them is bound once: new dialogs have much in common.
    """
    told = dict(zip(columns, zip(*rows, strict=True), strict=True))
    own = [key for key, each in told.items() if each.count(each[0]) < len(each)] or [columns[0]]
    common = {key: each[0] for key, each in told.items() if key not in own}
    rows = list(zip(*(told[key] for key in own), strict=True))
    into = f"INSERT INTO {name} ({', '.join(map(_quoted, (*common, *own)))}) SELECT {'?, ' * len(common)}*"
    marks = f"({', '.join('?' * len(own))})"
    size = -(-len(rows) // -(-len(rows) * len(own) // _PLACES))  # parts of nearly equal size: each size is parsed once
    touched = 0
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        # "WHERE true": else the parser takes ON CONFLICT for a join.
        sql = f"{into} FROM (VALUES {', '.join([marks] * len(part))}) WHERE true {conflict}"
        cursor.execute(sql, (*common.values(), *chain.from_iterable(part)))
        touched += max(cursor.rowcount, 0)
    return touched


def _copy(cursor: Cursor, name: str, names: str, rows: list[Values]) -> int:
    with cast(Any, cursor).copy(f"COPY {name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return len(rows)


def run(engine: Engine, cursor: Cursor, sql: str, rows: list[Values]) -> int:
    """Runs `sql` for each row and answers how many rows of the table it touched."""
    if not rows:
        return 0
    cursor.executemany(sql, rows)
    return max(cursor.rowcount, 0)
