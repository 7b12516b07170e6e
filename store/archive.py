"""The archive as the rest of the program sees it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Self, cast

from sqlalchemy import Engine as Pool
from sqlalchemy.engine import URL, Connection

from store import bookkeeping, client_keys, duties, presence, reading, rereading
from store.attending import Attending
from store.batch import Batch, CurrentPayload, Known, Row, Standing, Value, Written
from store.checkpoints import Checkpoints
from store.clock import instant_text
from store.consents import Consents
from store.engine import make_engine, name_of, parse_url, prepare_file, sqlite_path, translated
from store.errors import ArchiveBusy, ArchiveMissing
from store.locks import AdvisoryLocks, file_holder, file_lock
from store.migrations import check_version, found_version, migrate
from store.publication import Held, Listed, Publication
from store.queries import Answer, read_only_answer
from store.reach import Reach
from store.rereading import Reader
from store.statements import Cursor, Engine
from store.writing import write_batch

# Writers of one PostgreSQL archive take turns, so that what a write looked up is still so when it writes.
_TURN = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' dialogarkiv write', 0))"


class Archive:
    """One archive, open. Safe to use from several threads; close it, or use it as a context manager."""

    def __init__(self, url: URL, pool: Pool, *, read_only: bool) -> None:
        self._url = url
        self._pool = pool
        self._engine = Engine(pool.dialect.name)
        self._locks = AdvisoryLocks(pool, name_of(url))
        self.read_only = read_only
        self._checkpoints = Checkpoints(None if read_only else sqlite_path(url))

    @classmethod
    def open(cls, url: str, *, create: bool, read_only: bool = False) -> Archive:
        """Opens the archive at `url`; with `create`, makes one where none is.

        Raises `ArchiveMissing`, `ArchiveOutdated`, `ArchiveTooNew`, `ArchiveForeign`, `ArchiveCorrupt`,
        `ArchiveDenied`, `ArchiveUnreachable`, `DriverMissing`.
        """
        parsed = parse_url(url)
        path = sqlite_path(parsed)
        if path is not None:
            if create and not read_only:
                prepare_file(path)
            elif not path.exists():
                raise _missing(parsed)
        archive = cls(parsed, make_engine(parsed, read_only=read_only), read_only=read_only)
        try:
            archive._check(create=create and not read_only)
        except BaseException:
            archive.close()
            raise
        return archive

    @classmethod
    def upgrade(cls, url: str) -> str:
        """Brings the archive at `url` to the schema of this program, and answers the schema it had."""
        parsed = parse_url(url)
        path = sqlite_path(parsed)
        if path is not None and not path.exists():
            raise _missing(parsed)
        archive = cls(parsed, make_engine(parsed, read_only=False), read_only=False)
        try:
            with archive._transaction() as connection:
                found = found_version(connection)
                if found is None:
                    raise _missing(parsed)
                if archive._is_newer(found):
                    check_version(found)
                migrate(connection)
                return found
        finally:
            archive.close()

    @staticmethod
    def _is_newer(found: str) -> bool:
        from store.migrations import HEAD

        return int(found) > int(HEAD)

    def _check(self, *, create: bool) -> None:
        with translated(self._url), self._pool.begin() as connection:
            found = found_version(connection)
        if found is None and create:
            with self._transaction() as connection:
                found = found_version(connection)  # somebody else may have made it meanwhile
                if found is None:
                    migrate(connection)
                    return
        if found is None:
            raise _missing(self._url)
        check_version(found)

    @property
    def name(self) -> str:
        """The file, or host and database: what to call the archive in a message."""
        return name_of(self._url)

    @property
    def shared(self) -> bool:
        """Whether several runs may work on it at once, mailbox by mailbox."""
        return self._engine.postgres

    def close(self) -> None:
        """Closes every connection."""
        self._checkpoints.close()
        self._pool.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self, *, durable: bool = True) -> Iterator[Connection]:
        """A transaction that may write; its turn has come when the block begins.

        It survives the end of this process whatever comes; if `durable`, a power cut too.
        """
        with (
            translated(self._url),
            self._pool.connect().execution_options(writes=True, durable=durable) as connection,
            connection.begin(),
        ):
            if self._engine.postgres:
                connection.exec_driver_sql(_TURN)
            yield connection

    @contextmanager
    def _writing(self, *, durable: bool = True) -> Iterator[Cursor]:
        with self._transaction(durable=durable) as connection:
            cursor = connection.connection.cursor()
            try:
                yield cast(Cursor, cursor)
            finally:
                cursor.close()
        self._checkpoints.committed()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._url), self._pool.connect() as connection, connection.begin():
            yield connection

    def single_flight(self, mailbox_key: str = "") -> AbstractContextManager[None]:
        """Holds the archive (SQLite) or one mailbox of it (PostgreSQL); `ArchiveBusy` at once when another run does."""
        if self._engine.postgres:
            return self._held(mailbox_key)
        path = sqlite_path(self._url)
        if path is None:
            return nullcontext()
        return file_lock(Path(f"{path}.lock"), self.name)

    def holder(self, mailbox_key: str = "") -> ArchiveBusy | None:
        """The run that `single_flight` would meet now, as the error it would raise; None when there is none."""
        if self._engine.postgres:
            with translated(self._url):
                return self._locks.holder(mailbox_key)
        path = sqlite_path(self._url)
        return None if path is None else file_holder(Path(f"{path}.lock"), self.name)

    @contextmanager
    def _held(self, key: str) -> Iterator[None]:
        with translated(self._url):
            lock = self._locks.hold(key)
            lock.__enter__()
        try:
            yield
        finally:
            with translated(self._url):
                lock.__exit__(None, None, None)

    @property
    def attention(self) -> Attending:
        """What is said of the dialogs, and the items that were opened for it."""
        return Attending(self._engine, self._reading, self._writing)

    @property
    def reach(self) -> Reach:
        """Who of ours was refused what, and the levels that services ask for."""
        return Reach(self._engine, self._reading)

    @property
    def consents(self) -> Consents:
        """What is known of persons' logins, their tokens sealed."""
        return Consents(self._engine, self._reading, self._writing, self._consent_lock)

    def _consent_lock(self, connection: str) -> AbstractContextManager[None]:
        if self._engine.postgres:
            return self._held(f"consent {connection}")
        path = sqlite_path(self._url)
        if path is None:
            return nullcontext()
        # Two that reach one file by two names must still meet.
        return file_lock(Path(f"{path.resolve()}.consent-{connection}.lock"), self.name)

    # Writing

    def write(self, batch: Batch) -> Written:
        """Writes a batch in one transaction, all or nothing. Writing it again changes nothing."""
        # A power cut may take the newest batch back, and its cursor with it: the next run reads it again.
        with self._writing(durable=False) as cursor:
            return write_batch(self._engine, cursor, batch)

    def parties_write(self, rows: Sequence[Row], at: str | None = None) -> int:
        """Upserts parties, and answers how many were new or differed."""
        with self._writing() as cursor:
            return bookkeeping.write_parties(self._engine, cursor, rows, at or _now())

    def mailbox_state(
        self, connection: str, identity: str, party: str, *, at: str | None = None, **fields: Value
    ) -> None:
        """Sets columns of one mailbox (`state`, `error`, `error_at`, `lost_since`, `last_hot_at`, …), made if new."""
        with self._writing() as cursor:
            bookkeeping.write_mailbox(self._engine, cursor, (connection, identity, party), at or _now(), dict(fields))

    def mailboxes_write(self, rows: Sequence[Row], at: str | None = None) -> None:
        """Sets the columns that each row gives, of mailboxes that are made when they are not there."""
        with self._writing() as cursor:
            bookkeeping.write_mailboxes(self._engine, cursor, rows, at or _now())

    def record_duties(self, rows: Sequence[Row]) -> None:
        """Makes duties durable (see `store.duties`); when this returns, the openings may leave."""
        with self._writing() as cursor:
            duties.record_duties(self._engine, cursor, rows)

    def publish(self, publication: Publication) -> Written:
        """Makes known what a sweep found of one mailbox, in one transaction, with history."""
        with self._writing() as cursor:
            return presence.publish(self._engine, cursor, publication)

    def client_keys_write(self, rows: Sequence[Row]) -> None:
        """Sets the keys of the connections that `rows` name (see `store.client_keys`)."""
        with self._writing() as cursor:
            client_keys.write_client_keys(self._engine, cursor, rows)

    def run_started(self, row: Row) -> int:
        """Records that a pass began, and answers its number."""
        with self._writing() as cursor:
            return bookkeeping.start_run(self._engine, cursor, row)

    def run_finished(self, number: int, **fields: Value) -> None:
        """Records how a pass ended."""
        with self._writing() as cursor:
            bookkeeping.finish_run(self._engine, cursor, number, fields)

    # Reading, for the passes

    def known(self, ids: Collection[str]) -> dict[str, Known]:
        """What planning needs of those of `ids` that the archive holds."""
        with self._reading() as connection:
            return reading.known(self._engine, connection, list(ids))

    def payloads(
        self, ids: Collection[str], kinds: Collection[str] | None = None
    ) -> dict[str, dict[str, CurrentPayload]]:
        """The newest stored bodies of `ids` by dialog and kind, decompressed."""
        with self._reading() as connection:
            return reading.payloads(self._engine, connection, list(ids), kinds)

    def mailboxes(self, connection: str | None = None, identity: str | None = None) -> list[Row]:
        """Mailboxes, of one connection or identity if given, in stable order."""
        with self._reading() as session:
            return reading.mailboxes(session, connection, identity)

    def quarantined(self, connection: str | None = None, due_at: str | None = None) -> list[Row]:
        """Quarantined items, of one connection if given, and if `due_at` is given those whose next try has come."""
        with self._reading() as session:
            return reading.quarantined(session, connection, due_at)

    def client_keys(self) -> list[Row]:
        """The keys that runs signed with, by connection."""
        with self._reading() as session:
            return client_keys.client_keys(session)

    def standing_duties(
        self, connection: str | None = None, identity: str | None = None, due_at: str | None = None
    ) -> list[Row]:
        """Unread marks that are still owed, of one connection or identity if given, oldest first."""
        with self._reading() as session:
            return duties.standing_duties(session, connection, identity, due_at)

    def failed_duties(self) -> list[Row]:
        """Unread marks that could not be put back, newest first."""
        with self._reading() as session:
            return duties.failed_duties(session)

    def unsettled(self, reader: Reader, parties: Collection[str], now: str) -> list[Standing]:
        """The dialogs of these parties that the hot pass of this reader owes another read, youngest first."""
        with self._reading() as connection:
            return rereading.unsettled(connection, reader, parties, now)

    def rereadable(self, reader: Reader, ids: Collection[str], now: str, *, since: str) -> list[str]:
        """Those of `ids` that this reader may read again and that the archive has held since before `since`."""
        with self._reading() as connection:
            return rereading.rereadable(connection, reader, ids, now, since)

    def deep_count(
        self,
        reader: Reader,
        parties: Collection[str],
        before: str | None,
        now: str,
        *,
        delegated: bool = True,
        read_since: str | None = None,
        beyond: Collection[str] = (),
    ) -> int:
        """How many dialogs `deep_due` finds without a limit; with `read_since` those looked at later than that too."""
        with self._reading() as connection:
            return rereading.deep_count(
                connection, reader, parties, before, now, delegated=delegated, read_since=read_since, beyond=beyond
            )

    def deep_due(
        self,
        reader: Reader,
        parties: Collection[str],
        before: str | None,
        now: str,
        *,
        delegated: bool = True,
        limit: int | None = None,
        beyond: Collection[str] = (),
    ) -> list[Standing]:
        """The dialogs of these parties whose transmissions were last asked for at `before` or earlier, or never, and
        those whose label log never was; None = all of them. Youngest first, `limit` at most; `delegated`: with those
        delegated to the reader one by one; `beyond`: services whose dialogs are left to those who read them last.
        """
        with self._reading() as connection:
            return rereading.deep_due(
                connection, reader, parties, before, now, delegated=delegated, limit=limit, beyond=beyond
            )

    def held(self, party: str) -> list[Held]:
        """Every dialog of a party that the archive holds, present or not."""
        with self._reading() as connection:
            return presence.held(self._engine, connection, party)

    def delegating(self, connection: str, identity: str) -> list[str]:
        """The parties of the single dialogs that are delegated to this identity."""
        with self._reading() as session:
            return presence.delegating(self._engine, session, connection, identity)

    def listed(self, party: str | None = None) -> list[Listed]:
        """What each identity listed at its latest complete sweep, of one party if given."""
        with self._reading() as connection:
            return presence.listed(self._engine, connection, party)

    def rows(self, ids: Collection[str]) -> dict[str, dict[str, list[Row]]]:
        """The rows of some dialogs and of their children, by dialog and table; for a few hundred at once."""
        with self._reading() as session:
            return reading.rows(session, list(ids))

    def last_runs(self, connection: str, identity: str) -> dict[str, str]:
        """When each kind of pass was last begun for this identity."""
        with self._reading() as session:
            return reading.last_runs(session, connection, identity)

    # Reading, for people

    def view(self, name: str, filters: reading.Filters | None = None) -> list[Row]:
        """Rows of one of the public views, newest first (`due`: earliest first)."""
        with self._reading() as connection:
            return reading.view(connection, name, filters or reading.Filters())

    def dialog(self, dialog_id: str) -> reading.DialogView | None:
        """Everything the archive holds of one dialog; None when it holds nothing."""
        with self._reading() as connection:
            return reading.dialog(self._engine, connection, dialog_id)

    def status(self, runs: int = 10) -> reading.Status:
        """Mailboxes, newest runs, counts and quarantine."""
        with self._reading() as connection:
            return reading.status(connection, runs)

    def query_read_only(self, sql: str, *, seconds: float | None = None) -> AbstractContextManager[Answer]:
        """Asks the archive a question that the engine itself keeps from writing."""
        return read_only_answer(self._url, self._pool, sql, seconds)


def _missing(url: URL) -> ArchiveMissing:
    return ArchiveMissing(f"There is no archive at {name_of(url)}.", "Run dialogarkiv sync to make one.")


def _now() -> str:
    return instant_text(datetime.now(UTC))
