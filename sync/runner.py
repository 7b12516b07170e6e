"""One run over every identity: the same for `sync`, for the daemon and for the demo.

A failing identity never stops the others. The archive is held by one run at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event as Signal

from config.settings import Settings
from store.archive import Archive
from store.batch import Row
from store.clock import instant_text
from store.errors import ArchiveBusy, ArchiveError
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.limits import Limits, ask_limits
from sync.dialogporten.retry import Told
from sync.identities import Identity, identities
from sync.passes.filing import Reader
from sync.passes.landing import Landing
from sync.passes.opening import OpeningPolicy
from sync.passes.poll import Poll, PollTask
from sync.passes.report import PassReport, exit_code


@dataclass(slots=True)
class RunResult:
    """What a run did, identity by identity. `busy` are those that another run held; `stopped` when some were not got
    to.
    """

    reports: list[PassReport] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    stopped: bool = False

    @property
    def exit_code(self) -> int:
        """The design's exit code; 6 when another run held everything that was asked for."""
        if self.busy and not self.reports:
            return 6
        missing = 4 if self.busy or self.stopped else 0
        return max(exit_code(self.reports), missing) if self.reports else missing


class Runner:
    """Keeps what outlives a run: connections to the servers, tokens, the issuer's metadata. Close it in the end."""

    def __init__(
        self,
        settings: Settings,
        env: Mapping[str, str],
        told: Told,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        only: str | None = None,
        stop: Signal | None = None,
        http: HttpEdge | None = None,
    ) -> None:
        """`told` hears of events; `only` is the name of one connection; `http` stands in for the edge made here."""
        self.settings = settings
        self.stop = stop or (http.stop if http is not None else Signal())
        self._told = told
        self._now = now
        self.http = http or HttpEdge(
            hosts=settings.environment.bearer_hosts,
            concurrency=settings.sync.concurrency,
            response_bytes=settings.limits.response_bytes,
            stop=self.stop,
            told=told,
        )
        self.identities = identities(settings, self.http, env, told, only)

    def close(self) -> None:
        """Ends every request under way, in every thread."""
        self.http.close()

    def run(self, archive: Archive) -> RunResult:
        """Polls every identity, one after the other. Raises ArchiveBusy when another run holds a SQLite archive.

        A bug that one identity meets is raised when the others have been read.
        """
        result = RunResult()
        bug: Exception | None = None
        for identity in self.identities:
            identity.inbox.client.new_run()
        with ExitStack() as held:
            held.enter_context(_seldom_collecting())
            if not archive.shared:
                held.enter_context(archive.single_flight())
            limits: Limits | None = None
            for identity in self.identities:
                if self.stop.is_set():
                    result.stopped = True
                    break
                try:
                    with self._flight(archive, identity):
                        limits, report = self._poll(archive, identity, limits)
                except ArchiveBusy:
                    self._told("archive_busy", {"connection": identity.connection, "identity": identity.name})
                    result.busy.append(str(identity))
                except ArchiveError:
                    raise
                except Exception as error:
                    bug = bug or error
                else:
                    result.reports.append(report)
        if bug is not None:
            raise bug
        return result

    def _flight(self, archive: Archive, identity: Identity) -> AbstractContextManager[object]:
        if archive.shared:
            return archive.single_flight(f"{identity.connection}/{identity.name}")
        return ExitStack()

    def _poll(self, archive: Archive, identity: Identity, limits: Limits | None) -> tuple[Limits | None, PassReport]:
        started = instant_text(self._now())
        names: Row = {"connection": identity.connection, "identity": identity.name}
        run = archive.run_started({"kind": "poll", "started_at": started, **names})
        self._told("run_started", names)
        before = identity.inbox.requests
        try:
            limits = limits or ask_limits(identity.inbox.client, self._told)
            report = self._read(archive, identity, limits)
        except ArkivError as error:
            report = PassReport("poll", identity.connection, identity.name, error=error)
        except BaseException:
            archive.run_finished(run, finished_at=instant_text(self._now()), outcome="failed", error="a bug ended it")
            raise
        report.requests = identity.inbox.requests - before
        archive.run_finished(run, **report.as_row(), finished_at=instant_text(self._now()))
        if report.error is not None:
            fields: dict[str, object] = {"error": type(report.error).__name__, "sentence": report.error.sentence}
            self._told("connection_failed", names | fields | dict(report.error.facts()))
            self._tell_mailboxes(archive, names, report.error, started)
        self._told("run_finished", names | report.as_row())
        return limits, report

    def _tell_mailboxes(self, archive: Archive, names: Row, error: ArkivError, started: str) -> None:
        """What ended a pass early stands with each of its mailboxes that was not read to its end."""
        failed = {"error": error.sentence, "error_at": instant_text(self._now())}
        held = archive.mailboxes(str(names["connection"]), str(names["identity"]))
        unread = [m for m in held if m["state"] == "active" and str(m["last_poll_at"] or "") < started]
        archive.mailboxes_write([{**names, "party": mailbox["party"], **failed} for mailbox in unread])

    def _read(self, archive: Archive, identity: Identity, limits: Limits) -> PassReport:
        sync = self.settings.sync
        reader = Reader(
            identity.connection,
            identity.name,
            OpeningPolicy(sync.open, sync.open_rules),
            self.settings.display.languages,
        )
        task = PollTask(identity.connection, identity.name, identity.parties, limits.parties, sync.overlap)
        with ThreadPoolExecutor(max_workers=sync.concurrency, thread_name_prefix="read") as pool:
            landing = Landing(reader, identity.inbox, archive, pool, self._now, self._told)
            return Poll(task, identity.inbox, archive, landing, pool, self._now, self._told).run()


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """The collector of cycles looks seldom during a run: a page is many small objects without a cycle among them."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
