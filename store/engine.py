"""Connections to the two engines: how they are opened, what they promise, and what their refusals mean.

SQLite runs in WAL mode. Whatever is committed survives the death of the process. With `synchronous=FULL` it survives
the loss of power too, at the price of one fsync. Batches of dialogs are committed with `NORMAL`: there a power cut may
take the newest back, their cursors along with them, and the next run reads them again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from store.errors import (
    ArchiveBusy,
    ArchiveCorrupt,
    ArchiveDenied,
    ArchiveError,
    ArchiveFault,
    ArchiveForeign,
    ArchiveFull,
    ArchiveMissing,
    ArchiveUnreachable,
    DriverMissing,
)

BUSY_SECONDS = 15.0
_STATEMENTS = 64  # kept prepared; an INSERT of many rows takes a hundred kilobytes


def parse_url(text: str) -> URL:
    """The address of an archive: `sqlite:///path` or `postgresql://…`. Raises `ArchiveError` for anything else."""
    remedy = "Write sqlite:///dialogarkiv.db or postgresql://user@host/database in [archive] url."
    try:
        url = make_url(text)
        backend = "postgresql" if url.drivername == "postgres" else url.get_backend_name()
    except (ArgumentError, ValueError):
        raise ArchiveError("The archive's address cannot be understood.", remedy) from None
    if backend == "sqlite":
        return url.set(drivername="sqlite")
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    raise ArchiveError(f"An archive cannot live in {backend}.", remedy)


def sqlite_path(url: URL) -> Path | None:
    """The file of an SQLite archive; None for one in memory or on PostgreSQL."""
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return None
    return Path(str(url.database))


def name_of(url: URL) -> str:
    """What to call an archive in a message: the file, or host and database. Never a user or a password."""
    if url.get_backend_name() == "sqlite":
        return str(sqlite_path(url) or "in memory")
    return f"{url.host or 'the local server'}/{url.database or ''}"


def prepare_file(path: Path) -> None:
    """Makes an empty file that only its owner reads, in a folder that only its owner enters when we make that too.

    SQLite gives `-wal` and `-shm` the mode of the file itself. One that is there is not opened: closing it again would
    take away the locks of every connection that this process has to it, and others might then take its log.
    """
    try:
        missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
            path.chmod(0o600)  # whatever the umask takes away
        elif path.is_dir():
            raise IsADirectoryError
        elif not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError
        elif path.stat().st_size == 0:
            path.chmod(0o600)  # an empty file that somebody put there becomes the archive
    except (PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError):
        if path.is_file():
            raise ArchiveDenied(
                f"The archive {path} may not be written.", "Mend the rights of the file and its folder."
            ) from None
        raise ArchiveDenied(
            f"The archive {path} cannot be created.", "Choose a folder you may write in, or mend its rights."
        ) from None
    except OSError as error:
        raise ArchiveDenied(f"The archive {path} cannot be created: {error.strerror}.") from None


def plain_connection(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection to a file that must be there: only `prepare_file` makes one."""
    target = f"{path.resolve().as_uri()}?mode={'ro' if read_only else 'rw'}"
    return sqlite3.connect(
        target, uri=True, timeout=BUSY_SECONDS, check_same_thread=False, cached_statements=_STATEMENTS
    )


def make_engine(url: URL, *, read_only: bool) -> Engine:
    """An engine whose connections speak UTC and say no when they should. Opens nothing yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, read_only=read_only)
    return _postgres_engine(url, read_only=read_only)


def _sqlite_engine(url: URL, *, read_only: bool) -> Engine:
    path = sqlite_path(url)
    if path is None:
        engine = create_engine(
            "sqlite://", hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
        )
    else:
        file = path  # as the closure needs it: not None
        engine = create_engine(url, creator=lambda: plain_connection(file, read_only=read_only), hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _connected(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves, so that tables change inside a transaction too
        raw.execute("PRAGMA foreign_keys=ON")
        raw.execute("PRAGMA temp_store=MEMORY")
        raw.execute("PRAGMA cache_size=-4000")
        if read_only:
            raw.execute("PRAGMA query_only=ON")
        elif path is not None:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute("PRAGMA wal_autocheckpoint=16000")
            raw.execute("PRAGMA journal_size_limit=67108864")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that turns writer half-way could only fail.
        options = connection.get_execution_options()
        if not options.get("writes", False):
            connection.exec_driver_sql("BEGIN")
            return
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if options.get('durable', True) else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _postgres_engine(url: URL, *, read_only: bool) -> Engine:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise DriverMissing(
            "The archive is on PostgreSQL, and support for that is not installed.",
            "Install it with: pip install 'dialogarkiv[postgres]'",
        ) from None
    options = "-c TimeZone=UTC" + (" -c default_transaction_read_only=on" if read_only else "")
    given = url.query.get("options")
    if given:
        # The operator's own options (a search_path, say) come first, ours last: ours win.
        options = f"{given if isinstance(given, str) else ' '.join(given)} {options}"
        url = url.difference_update_query(["options"])
    connect_args: dict[str, Any] = {"options": options, "application_name": f"dialogarkiv {os.getpid()}"}
    if "connect_timeout" not in url.query:
        connect_args["connect_timeout"] = 10
    return create_engine(url, hide_parameters=True, connect_args=connect_args, pool_pre_ping=True)


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turns an engine's refusal into one of ours, without values, statements or passwords in the message."""
    try:
        yield
    except DBAPIError as error:
        raise refusal(url, error.orig or error) from None
    except SQLAlchemyError as error:
        raise ArchiveFault(f"The archive could not do what was asked ({type(error).__name__}).") from error
    except (sqlite3.Error, OverflowError, UnicodeEncodeError) as error:
        raise refusal(url, error) from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] != "psycopg":
            raise
        raise refusal(url, error) from None


def refusal(url: URL, error: BaseException) -> ArchiveError:
    """Which of our errors an engine's own error is."""
    return _sqlite_refusal(url, error) if url.get_backend_name() == "sqlite" else _postgres_refusal(url, error)


def _sqlite_refusal(url: URL, error: BaseException) -> ArchiveError:
    name = name_of(url)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_NOTADB:
        return ArchiveForeign(f"{name} is not an archive of Dialogarkiv.", "Name another file in [archive] url.")
    if code == sqlite3.SQLITE_CORRUPT:
        return ArchiveCorrupt(f"The archive {name} is damaged.", "Restore it from a backup, or sync into a new file.")
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ArchiveBusy(f"The archive {name} is held by another program.", "Wait until it is done, then try again.")
    if code == sqlite3.SQLITE_FULL:
        return ArchiveFull(f"There is no room left for the archive {name}.", "Make room on that disk, then try again.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return ArchiveDenied(f"The archive {name} may not be written.", "Mend the rights of the file and its folder.")
    if code == sqlite3.SQLITE_CANTOPEN:
        path = sqlite_path(url)
        if path is not None and not path.exists():
            return ArchiveMissing(f"There is no archive at {name}.", "Run dialogarkiv sync to make one.")
        return ArchiveDenied(f"The archive {name} cannot be opened.", "Mend the rights of the file and its folder.")
    if code == sqlite3.SQLITE_IOERR:
        return ArchiveDenied(f"The disk of the archive {name} does not work.", "Look at the disk, then try again.")
    return ArchiveFault(f"The archive {name} refused: {error}.")


def _refused_connection(error: BaseException) -> str:
    # A connection that never came about carries no SQLSTATE, only the server's words.
    said = str(error)
    if "FATAL" not in said:
        return ""
    if "database" in said and "does not exist" in said:
        return "3D000"
    return "28000" if any(word in said for word in ("authentication", "role", "pg_hba")) else ""


def _postgres_refusal(url: URL, error: BaseException) -> ArchiveError:
    name = name_of(url)
    state = getattr(error, "sqlstate", None) or _refused_connection(error)
    if state == "3D000":
        return ArchiveMissing(
            f"There is no database {url.database!r} on {url.host or 'the local server'}.", "Create it, empty, first."
        )
    if state.startswith("28"):
        return ArchiveDenied(f"The database {name} does not let us in.", "Mend user or password in [archive] url.")
    if state in ("42501", "25006"):
        return ArchiveDenied(f"The archive {name} may not be written.", "Give this user the right to write there.")
    if state in ("53100", "53200"):
        return ArchiveFull(f"There is no room left for the archive {name}.", "Make room on that server.")
    if state in ("55P03", "40P01", "40001"):
        return ArchiveBusy(f"The archive {name} is held by another program.", "Wait until it is done, then try again.")
    if state.startswith(("08", "57P")) or (not state and type(error).__name__ == "OperationalError"):
        return ArchiveUnreachable(
            f"The database {name} does not answer.", "See that the server runs, and that [archive] url names it."
        )
    # The primary message alone: the detail beside it quotes values of rows.
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or type(error).__name__
    return ArchiveFault(f"The archive {name} refused: {said}.")
