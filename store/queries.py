"""Questions that a person writes in SQL. The engine refuses to write; no text of the question is judged here.

SQLite: the file is opened for reading only, `query_only` stands, and an authorizer lets through nothing but reading:
no ATTACH (`VACUUM INTO` uses it too), no PRAGMA but those that describe tables, no transactions, no extensions.
PostgreSQL: a READ ONLY transaction, and in it a cursor: `DECLARE … CURSOR FOR` takes a SELECT (or VALUES, TABLE, WITH)
and nothing else, so COPY, DO, SET and the like never run; the transaction refuses what a SELECT could still write. A
superuser reads as `pg_read_all_data`, without the functions that reach files and programs of the server.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine as Pool
from sqlalchemy.engine import URL

from store.clock import instant_text
from store.engine import BUSY_SECONDS, sqlite_path, translated
from store.errors import ArchiveError, QueryRefused, QueryStopped

Cell = str | int | float | bool | bytes | None

_REMEDY = "sql only reads: write one SELECT."
_FETCH = 500


@dataclass(slots=True, frozen=True)
class Answer:
    """Names of columns, and rows that are fetched as they are asked for."""

    columns: list[str]
    rows: Iterator[tuple[Cell, ...]]


@contextmanager
def read_only_answer(url: URL, pool: Pool, sql: str, seconds: float | None) -> Iterator[Answer]:
    """Runs one reading statement, for at most `seconds`. Raises `QueryRefused`, `QueryStopped`, `KeyboardInterrupt`."""
    answer = _sqlite_answer if url.get_backend_name() == "sqlite" else _postgres_answer
    with translated(url), answer(url, pool, sql, seconds) as given:
        yield given


_ALLOWED = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE}
_ALLOWED_PRAGMAS = {
    "table_info",
    "table_xinfo",
    "table_list",
    "index_list",
    "index_info",
    "index_xinfo",
    "foreign_key_list",
    "compile_options",
}


def _authorize(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    if action in _ALLOWED:
        return sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_DENY if second in ("load_extension", "fts3_tokenizer") else sqlite3.SQLITE_OK
    if action == sqlite3.SQLITE_PRAGMA and first in _ALLOWED_PRAGMAS:
        return sqlite3.SQLITE_OK
    return sqlite3.SQLITE_DENY


class _Watch:
    """Looks in from time to time while SQLite works: is the time up?

    Being Python, it is also where a pending Ctrl-C comes through. SQLite swallows the exception and ends the question
    as interrupted, so an interruption that is not ours is the person's.
    """

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = None if seconds is None else clock() + seconds
        self.late = False

    def look(self) -> int:
        self.late = self._end is not None and self._clock() > self._end
        return int(self.late)


@contextmanager
def _sqlite_answer(url: URL, pool: Pool, sql: str, seconds: float | None) -> Iterator[Answer]:
    path = sqlite_path(url)
    if path is None:
        raise QueryRefused("An archive in memory cannot be asked with SQL.", "Use an archive in a file.")
    watch = _Watch(seconds)
    # The context manager of a connection ends its transaction, not the connection.
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )
    try:
        connection.execute("PRAGMA query_only=ON")
        connection.execute("PRAGMA temp_store=MEMORY")
        connection.set_authorizer(_authorize)
        connection.set_progress_handler(watch.look, 20_000)
        cursor = connection.cursor()
        with _sqlite_refusals(watch):
            cursor.execute(sql)
        columns = [column[0] for column in cursor.description or ()]
        if not columns:
            raise QueryRefused("That is no question.", _REMEDY)
        yield Answer(columns, _sqlite_rows(cursor, watch))
    finally:
        connection.close()


def _sqlite_rows(cursor: sqlite3.Cursor, watch: _Watch) -> Iterator[tuple[Cell, ...]]:
    while True:
        with _sqlite_refusals(watch):
            rows = cursor.fetchmany(_FETCH)
        if not rows:
            return
        yield from rows


@contextmanager
def _sqlite_refusals(watch: _Watch) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, sqlite3.Warning, ValueError) as error:
        code = getattr(error, "sqlite_errorcode", 0)
        if code == sqlite3.SQLITE_INTERRUPT:
            raise (_stopped() if watch.late else KeyboardInterrupt()) from None
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise
        raise QueryRefused(f"The archive refuses: {str(error).rstrip('.')}.", _REMEDY) from None


@contextmanager
def _postgres_answer(url: URL, pool: Pool, sql: str, seconds: float | None) -> Iterator[Answer]:
    with pool.connect() as connection:
        raw: Any = connection.connection.driver_connection
        with _postgres_refusals(), raw.transaction(force_rollback=True):
            limit = 0 if seconds is None else max(1, int(seconds * 1000))
            raw.execute("SET TRANSACTION READ ONLY")
            raw.execute(f"SET LOCAL statement_timeout = {limit}")
            # A first question fixes the mode: from here on nothing makes this transaction writing again.
            if raw.execute("SELECT current_setting('is_superuser')").fetchone()[0] == "on":
                raw.execute("SET LOCAL ROLE pg_read_all_data")
            # `prepare` sends one statement at a time: a second one behind a semicolon is an error of syntax.
            if re.match(r"\s*explain\b", sql, re.IGNORECASE):
                cursor = raw.execute(sql, prepare=True)
                yield Answer([column.name for column in cursor.description], _cells(cursor.fetchall()))
                return
            raw.execute(f"DECLARE answer NO SCROLL CURSOR FOR {sql}", prepare=True)
            cursor = raw.execute(f"FETCH {_FETCH} FROM answer")
            yield Answer([column.name for column in cursor.description], _postgres_rows(raw, cursor.fetchall()))


def _postgres_rows(raw: Any, rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    while rows:
        yield from _cells(rows)
        if len(rows) < _FETCH:
            return
        with _postgres_refusals():
            rows = raw.execute(f"FETCH {_FETCH} FROM answer").fetchall()


@contextmanager
def _postgres_refusals() -> Iterator[None]:
    import psycopg

    try:
        yield
    except ArchiveError:
        raise
    except psycopg.errors.QueryCanceled:
        raise _stopped() from None
    except psycopg.Error as error:
        if error.sqlstate is None or error.sqlstate.startswith(("08", "57P")):
            raise
        said = error.diag.message_primary or type(error).__name__
        raise QueryRefused(f"The archive refuses: {said}.", _REMEDY) from None


def _stopped() -> QueryStopped:
    return QueryStopped("The question took too long and was stopped.", "Ask for less, or give it more time.")


def _cells(rows: list[Any]) -> Iterator[tuple[Cell, ...]]:
    for row in rows:
        yield tuple(_cell(value) for value in row)


def _cell(value: Any) -> Cell:
    if value is None or isinstance(value, str | int | float | bool | bytes):
        return value
    if isinstance(value, datetime):
        return instant_text(value) if value.tzinfo else value.isoformat()
    return bytes(value) if isinstance(value, memoryview) else str(value)
