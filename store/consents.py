"""The archive's part in the vault: one row for each connection, and the lock that lets one process at a time renew it.

What a refresh needs to survive a crash is committed with the engine's full durability: SQLite `synchronous=FULL`,
PostgreSQL at least `synchronous_commit=on`, whatever the server's default is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final

from sqlalchemy import select
from sqlalchemy.engine import Connection

from store.batch import Row
from store.engine import parse_url
from store.errors import ArchiveBusy
from store.reading import plain
from store.statements import Cursor, Engine, table, upsert

LOCK_SECONDS: Final = 150.0  # longer than one request may take, its connection included
_PAUSE: Final = 0.05
_DURABLE = "SELECT set_config('synchronous_commit', 'on', true) WHERE current_setting('synchronous_commit') = 'off'"


class Consents:
    """Reads and writes the consents of one archive; knows nothing of keys or tokens."""

    def __init__(
        self,
        engine: Engine,
        read: Callable[[], AbstractContextManager[Connection]],
        write: Callable[[], AbstractContextManager[Cursor]],
        lock: Callable[[str], AbstractContextManager[None]],
    ) -> None:
        self._engine = engine
        self._read = read
        self._write = write
        self._lock = lock

    @classmethod
    def lent(cls, url: str, current: Callable[[], Consents]) -> Consents:
        """Those of the archive at `url`, which is opened now and then; `current` answers the ones that are open now."""
        return cls(
            Engine(parse_url(url).get_backend_name()),
            lambda: current()._read(),
            lambda: current()._write(),
            lambda connection: current()._lock(connection),
        )

    def rows(self) -> list[Row]:
        """Every consent, by connection."""
        consent = table("consent")
        with self._read() as session:
            return [plain(row) for row in session.execute(select(consent).order_by(consent.c.connection)).mappings()]

    def row(self, connection: str) -> Row | None:
        """The consent of one connection; None where there never was one, or it was forgotten."""
        consent = table("consent")
        with self._read() as session:
            found = session.execute(select(consent).where(consent.c.connection == connection)).mappings().first()
            return None if found is None else plain(found)

    def put(self, row: Row) -> None:
        """Sets one consent, all the columns that `row` gives; when this returns, it survives a power cut."""
        with self._durably() as cursor:
            upsert(self._engine, cursor, "consent", [row])

    def change(self, connection: str, generation: int, sent_at: str | None, fields: Row) -> bool:
        """Sets columns of a consent that still is of that generation and has that refresh under way; False where it is
        not: somebody logged in anew, or logged out. Durable when it returns.
        """
        if unknown := set(fields) - set(table("consent").columns.keys()):
            raise ValueError(f"Table consent has no column {', '.join(sorted(unknown))}.")
        mark = self._engine.mark
        sets = ", ".join(f"{name} = {mark}" for name in fields)
        under_way, more = ("sent_at IS NULL", ()) if sent_at is None else (f"sent_at = {mark}", (sent_at,))
        sql = f"UPDATE consent SET {sets} WHERE connection = {mark} AND generation = {mark} AND {under_way}"  # noqa: S608
        with self._durably() as cursor:
            cursor.execute(sql, (*fields.values(), connection, generation, *more))
            return cursor.rowcount == 1

    def remove(self, connection: str) -> bool:
        """Forgets a consent wholly; False where there was none."""
        with self._durably() as cursor:
            cursor.execute(f"DELETE FROM consent WHERE connection = {self._engine.mark}", (connection,))  # noqa: S608
            return cursor.rowcount == 1

    @contextmanager
    def lock(self, connection: str, *, wait: Callable[[float], bool], seconds: float = LOCK_SECONDS) -> Iterator[None]:
        """Holds one connection's consent against every other thread and process; waits for its turn.

        The kernel or the database lets go when the holder dies. `wait(seconds)` sleeps, and answers True to give up:
        then, and after `seconds`, ArchiveBusy tells who holds it.
        """
        with ExitStack() as held:
            self._take(held, connection, wait, seconds)
            yield

    def _take(self, held: ExitStack, connection: str, wait: Callable[[float], bool], seconds: float) -> None:
        # Counted in pauses: a clock would be one more thing to hand in.
        left = int(seconds / _PAUSE)
        while True:
            try:
                held.enter_context(self._lock(connection))
                return
            except ArchiveBusy as busy:
                if left <= 0 or wait(_PAUSE):
                    who = f"process {busy.pid}" if busy.pid else "another process"
                    raise ArchiveBusy(
                        f"The login of {connection} is being renewed by {who}, and that takes too long.",
                        "See whether that process hangs; then try again.",
                        pid=busy.pid,
                        since=busy.since,
                    ) from None
                left -= 1

    @contextmanager
    def _durably(self) -> Iterator[Cursor]:
        with self._write() as cursor:
            if self._engine.postgres:
                cursor.execute(_DURABLE)
            yield cursor
