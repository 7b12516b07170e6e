"""One run at a time. The kernel or the database lets go of a lock when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine, text
from sqlalchemy.engine import Connection

from store.clock import instant_text
from store.errors import ArchiveBusy, ArchiveDenied

_REMEDY = "Wait until it is done, or stop it."


@contextmanager
def file_lock(path: Path, name: str) -> Iterator[None]:
    """Holds the lock file `path`; `ArchiveBusy` at once when somebody else does.

    The file stays when the lock goes: taking it away would let two holders stand on two files of one name.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArchiveDenied(
            f"The archive {name} cannot be held for a run: {path.name} cannot be written ({error.strerror}).",
            "Mend the rights of that file and its folder.",
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid, since = _holder(os.pread(handle, 200, 0))
            raise ArchiveBusy(_sentence(f"The archive {name}", pid, since), _REMEDY, pid=pid, since=since) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "since": instant_text(datetime.now(UTC))}).encode(), 0)
        yield
    finally:
        os.close(handle)


def file_holder(path: Path, name: str) -> ArchiveBusy | None:
    """Who holds the lock file `path` now, as the error they would cause; None when nobody does. Makes no file.

    Nothing is written: a shared lock is tried for an instant, on a file that has to be there already.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # no run was ever here, or we may not know
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        pid, since = _holder(os.pread(handle, 200, 0))
        return ArchiveBusy(_sentence(f"The archive {name}", pid, since), _REMEDY, pid=pid, since=since)
    finally:
        os.close(handle)
    return None


def _holder(said: bytes) -> tuple[int | None, str | None]:
    # The holder may be writing this very moment: what cannot be read is not known.
    try:
        told = json.loads(said)
        return int(told["pid"]), str(told["since"])
    except (ValueError, KeyError, TypeError):
        return None, None


def _sentence(what: str, pid: int | None, since: str | None) -> str:
    who = f" by process {pid}" if pid else " by another run"
    return f"{what} is held{who}{f' since {since[:19]}Z' if since else ''}."


class AdvisoryLocks:
    """Locks of a PostgreSQL archive, one for each key, on one connection of their own for as long as any is held."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._guard = Lock()
        self._held: set[str] = set()
        self._connection: Connection | None = None

    @contextmanager
    def hold(self, key: str) -> Iterator[None]:
        """Holds the lock of `key`; `ArchiveBusy` at once when another run, or this one, does."""
        with self._guard:
            # PostgreSQL lets one session take a lock twice; two passes of one process must not.
            if key in self._held:
                raise ArchiveBusy(_sentence(self._what(key), os.getpid(), None), _REMEDY, pid=os.getpid())
            try:
                self._take(key)
            finally:
                self._close_if_idle()
        try:
            yield
        finally:
            with self._guard:
                self._held.discard(key)
                try:
                    if self._connection is not None:
                        self._connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _number(key)})
                finally:
                    self._close_if_idle()

    def _what(self, key: str) -> str:
        return f"The mailbox of this run in {self._name}" if key else f"The archive {self._name}"

    def _take(self, key: str) -> None:
        if self._connection is None:
            self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        if self._connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _number(key)}).scalar():
            self._held.add(key)
            return
        found = self._holder_of(self._connection, key)
        raise found or ArchiveBusy(_sentence(self._what(key), None, None), _REMEDY)

    def holder(self, key: str) -> ArchiveBusy | None:
        """Who holds the lock of `key` now, as the error they would cause; None when nobody does. Takes no lock."""
        with self._engine.connect() as connection:
            return self._holder_of(connection, key)

    def _holder_of(self, connection: Connection, key: str) -> ArchiveBusy | None:
        holder = connection.execute(
            text(
                "SELECT a.application_name, a.backend_start FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid) "
                "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 AND l.database = "
                "(SELECT oid FROM pg_database WHERE datname = current_database()) "
                "AND (l.classid::bigint << 32 | l.objid::bigint) = :key"
            ),
            {"key": _number(key)},
        ).first()
        if holder is None:
            return None
        last = str(holder[0]).rpartition(" ")[2]
        pid = int(last) if last.isdecimal() else None
        since = instant_text(holder[1]) if holder[1] else None
        return ArchiveBusy(_sentence(self._what(key), pid, since), _REMEDY, pid=pid, since=since)

    def _close_if_idle(self) -> None:
        if not self._held and self._connection is not None:
            self._connection.close()
            self._connection = None


def _number(key: str) -> int:
    """A key as the 64-bit number that PostgreSQL locks."""
    return int.from_bytes(hashlib.sha256(b"dialogarkiv\0" + key.encode()).digest()[:8], "big", signed=True)
