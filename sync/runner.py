"""One run over every identity: the same for `sync`, for the daemon and for the demo.

A failing identity never stops the others. The archive is held by one run at a time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event as Signal

from config.settings import Settings
from store.archive import Archive
from store.errors import ArchiveBusy, ArchiveError
from sync.attention.rule_file import load_rules
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.retry import Told, ignore
from sync.identities import Identity, identities
from sync.key_memory import KeyMemory
from sync.logins import Logins
from sync.passes.evaluate import Evaluation, EvaluationReport
from sync.passes.report import PassReport, exit_code
from sync.passes.schedule import Wanted
from sync.round import OnceLimits, Round, weakest_first

_NOTHING_MORE = Wanted()


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
        """`told` hears of events; `only` is the name of one connection; `http` stands in for the edge made here.

        Raises ConfigError, also for rules of `[attention]` that cannot be used.
        """
        self.settings = settings
        self.rules = load_rules(settings.attention.rules)
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
        self._logins = Logins(settings, self.http, env, told)
        self.identities = identities(settings, self.http, env, told, self._logins, only)
        self._keys = KeyMemory((identity.keys for identity in self.identities), self.http.now, told)

    def close(self) -> None:
        """Ends every request under way, in every thread; but for the renewal of a login, which ends by itself."""
        self.http.close()
        self._logins.close()

    def run(self, archive: Archive, wanted: Wanted = _NOTHING_MORE) -> RunResult:
        """Polls every identity, one after the other, with the further passes that are due or `wanted`.

        Raises ArchiveBusy when another run holds a SQLite archive. A bug that one identity meets is raised when the
        others have been read.
        """
        result = RunResult()
        bug: Exception | None = None
        for identity in self.identities:
            identity.inbox.client.new_run()
        with ExitStack() as held:
            held.enter_context(_seldom_collecting())
            held.enter_context(self._logins.lent(archive))
            if not archive.shared:
                held.enter_context(archive.single_flight())
            limits = OnceLimits(self._told)
            self._keys.recall(archive)
            for identity in weakest_first(self.identities):
                if self.stop.is_set():
                    result.stopped = True
                    break
                try:
                    with self._flight(archive, identity):
                        result.reports += Round(
                            self.settings, archive, identity, limits, wanted, self._now, self._told
                        ).run()
                except ArchiveBusy:
                    self._told("archive_busy", {"connection": identity.connection, "identity": identity.name})
                    result.busy.append(str(identity))
                except ArchiveError:
                    raise
                except Exception as error:
                    bug = bug or error
            try:
                self._fall_back(archive, limits, result)
            except ArchiveError:
                raise
            except Exception as error:
                bug = bug or error
            self._keys.remember(archive)
            # Also where nothing could be read: time has passed all the same.
            self.evaluate(archive)
        if bug is not None:
            raise bug
        return result

    def _fall_back(self, archive: Archive, limits: OnceLimits, result: RunResult) -> None:
        """What one identity met and could not read for its level, another may."""
        for identity in self.identities:
            if self.stop.is_set():
                return
            with suppress(ArchiveBusy), self._flight(archive, identity):
                again = Round(self.settings, archive, identity, limits, _NOTHING_MORE, self._now, self._told)
                result.reports += again.fall_back()

    def evaluate(self, archive: Archive) -> EvaluationReport:
        """Says anew what the dialogs need that changed, or whose time has come. Asks nobody; a stop ends it early, and
        what is left is judged by the next run.
        """
        evaluation = Evaluation(
            archive.attention, self.rules, self.settings.sync.hot, self._now, self._told, self.stop.is_set
        )
        return evaluation.run()

    def rehearse(self, archive: Archive, wanted: Wanted = _NOTHING_MORE) -> Iterator[tuple[Identity, str]]:
        """What `run` would do now, step by step; asks for lists only, opens nothing, writes nothing but a person's
        renewed login.

        Raises what keeps an identity from being read.
        """
        limits = OnceLimits(self._told)
        with self._logins.lent(archive):
            for identity in self.identities:
                identity.inbox.client.new_run()
                planned = Round(self.settings, archive, identity, limits, wanted, self._now, ignore)
                for step in planned.steps():
                    yield identity, step

    def _flight(self, archive: Archive, identity: Identity) -> AbstractContextManager[object]:
        if archive.shared:
            return archive.single_flight(f"{identity.connection}/{identity.name}")
        return ExitStack()


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """The collector of cycles looks seldom during a run: a page is many small objects without a cycle among them."""
    before = gc.get_threshold()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
