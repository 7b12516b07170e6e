"""One identity's round: the poll, then what else is due, each pass with its own record in the archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from config.errors import ConfigError
from config.settings import Settings
from store.archive import Archive
from store.batch import Row, Standing
from store.clock import instant_text
from sync.auth.source import FixedToken, SystemUserTokens
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.limits import Limits, ask_limits
from sync.dialogporten.retry import Told
from sync.doctoring.claims import SYSTEM_USER_LEVEL, read_claims
from sync.identities import Identity
from sync.passes.deep import Deep
from sync.passes.fallback import Fallback, locked
from sync.passes.filing import Reader
from sync.passes.hot import Hot
from sync.passes.landing import Landing
from sync.passes.opening import OpeningPolicy
from sync.passes.poll import Poll, PollTask
from sync.passes.rehearsal import Rehearsal
from sync.passes.report import PassReport
from sync.passes.schedule import Intervals, Pass, Wanted, passes_due
from sync.passes.settling import settle_duties
from sync.passes.sweep import Sweep
from sync.passes.walks import MailboxCursor, plan_sweep


class OnceLimits:
    """The server's limits, asked for once a run, by whoever comes first."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._found: Limits | None = None

    def of(self, identity: Identity) -> Limits:
        if self._found is None:
            self._found = ask_limits(identity.inbox.client, self._told)
        return self._found


def weakest_first(identities: Sequence[Identity]) -> list[Identity]:
    """The order of a run: system users first, persons last and among them the highest level. So a person leaves marks
    in their own name only on what no system user can read. Asks nobody.
    """

    def strength(identity: Identity) -> tuple[int, bool]:
        token = identity.inbox.token
        if isinstance(token, SystemUserTokens):
            return SYSTEM_USER_LEVEL, False
        if not isinstance(token, FixedToken):
            return SYSTEM_USER_LEVEL + 1, True
        try:
            claims = read_claims(token.bearer())
        except (ArkivError, ConfigError):
            claims = None  # its turn will tell what is wrong
        if claims is None:
            return SYSTEM_USER_LEVEL, False
        return claims.level or SYSTEM_USER_LEVEL, claims.user == "person"

    return sorted(identities, key=strength)


@dataclass(frozen=True, slots=True)
class Round:
    """`run` answers one report for each pass that was made; what belongs to the outside world is in the reports."""

    settings: Settings
    archive: Archive
    identity: Identity
    limits: OnceLimits
    wanted: Wanted
    now: Callable[[], datetime]
    told: Told

    def run(self) -> list[PassReport]:
        with ThreadPoolExecutor(self.settings.sync.concurrency, thread_name_prefix="read") as pool:
            polls: list[Poll] = []

            def poll() -> PassReport:
                # Unread marks that an earlier run left owed come first: nothing opens before they are settled.
                inbox, reader = self.identity.inbox, self._reader()
                owed = settle_duties(reader, inbox, self.archive, pool, self.now, self.told)
                polls.append(self._poll(pool))
                report = polls[0].run()
                report.unsettled += owed.standing
                report.error = report.error or owed.error
                return report

            reports = [self._recorded("poll", poll)]
            if not polls or reports[0].error is not None or reports[0].stopped:
                return reports
            for kind, run in self._further(polls[0], pool).items():
                reports.append(self._recorded(kind, run))
                if reports[-1].error is not None or reports[-1].stopped:
                    break
            return reports

    def fall_back(self) -> list[PassReport]:
        """When everybody has had their round: reads what stood above the level of whoever met it, where that of this
        identity is high enough. No report where there is nothing to read.
        """
        if not (found := self._locked()):
            return []
        with ThreadPoolExecutor(self.settings.sync.concurrency, thread_name_prefix="read") as pool:

            def run() -> PassReport:
                common = (self.identity.inbox, self.archive, self._landing(pool), pool, self.now, self.told)
                return Fallback(self._task(), found, *common).run()

            return [self._recorded("fallback", run)]

    def _locked(self) -> Sequence[Standing]:
        identity = self.identity
        boxes = self.archive.mailboxes(identity.connection, identity.name)
        # One that could not be read in its own round has no token now either.
        if not any(box["state"] == "active" and box["error"] is None for box in boxes):
            return ()
        try:
            level = identity.inbox.level if self.archive.reach.levels() else None
        except (ArkivError, ConfigError):
            return ()
        return locked((identity.connection, identity.name), identity.parties, level, self.archive)

    def steps(self) -> Iterator[str]:
        """What `run` would do now, a line for each step. Asks for lists only, opens nothing, writes nothing."""
        with ThreadPoolExecutor(self.settings.sync.concurrency, thread_name_prefix="read") as pool:
            identity, sync = self.identity, self.settings.sync
            task, landing = self._task(), self._landing(pool)
            rehearsal = Rehearsal(task, identity.inbox, self.archive, landing, pool, self.now)
            yield from (f"poll: {step}" for step in rehearsal.steps())
            yield from (f"poll: failed: {error.sentence}" for error in rehearsal.failures)
            boxes = rehearsal.mailboxes
            due, sweeping = self._sweeping(boxes)
            common = (identity.inbox, self.archive, landing, pool, self.now, self.told)
            if Pass.SWEEP in due:
                # Where no mailbox is left, a search for the lost ones shows what is delegated.
                parties = [mailbox.party for mailbox in sweeping] or rehearsal.lost
                yield from (f"sweep: {walk}" for walk in plan_sweep(parties, task.max_parties))
            if Pass.HOT in due:
                yield from (f"hot: {step}" for step in Hot(task, boxes, *common).plan())
            if Pass.DEEP in due:
                everything = Pass.DEEP in self.wanted.passes
                yield from (
                    f"deep: {step}" for step in Deep(task, boxes, *common, sync.deep, everything=everything).plan()
                )
            yield from (f"fallback: look for {each.id}" for each in self._locked())

    def _due(self) -> frozenset[Pass]:
        sync, identity = self.settings.sync, self.identity
        rows = self.archive.mailboxes(identity.connection, identity.name)
        attempted = self.archive.last_runs(identity.connection, identity.name)
        return passes_due(rows, Intervals(sync.hot, sync.sweep), self.now(), attempted) | self.wanted.passes

    def _sweeping(self, boxes: Sequence[MailboxCursor]) -> tuple[frozenset[Pass], Sequence[MailboxCursor]]:
        """What is due, and which mailboxes a sweep would list: absences are accepted by a sweep of those alone."""
        due = self._due()
        if self.wanted.accept and Pass.SWEEP not in due:
            due |= {Pass.SWEEP}
            # A party of which single dialogs are delegated has no mailbox: only a whole sweep tells of it.
            if self.wanted.accept <= {mailbox.party for mailbox in boxes}:
                return due, [mailbox for mailbox in boxes if mailbox.party in self.wanted.accept]
        return due, boxes

    def _further(self, poll: Poll, pool: Executor) -> Mapping[str, Callable[[], PassReport]]:
        """The passes to make after the poll, in their order."""
        sync, identity = self.settings.sync, self.identity
        task, boxes = self._task(), poll.mailboxes
        due, sweeping = self._sweeping(boxes)
        made: dict[str, Callable[[], PassReport]] = {}
        for kind in Pass:
            if kind not in due:
                continue
            common = (identity.inbox, self.archive, self._landing(pool), pool, self.now, self.told)
            if kind is Pass.SWEEP:
                made[kind] = Sweep(task, sweeping, poll.lost, *common, accept=self.wanted.accept).run
            elif kind is Pass.HOT:
                made[kind] = Hot(task, boxes, *common).run
            else:
                everything = Pass.DEEP in self.wanted.passes
                made[kind] = Deep(task, boxes, *common, sync.deep, everything=everything).run
        return made

    def _recorded(self, kind: str, run: Callable[[], PassReport]) -> PassReport:
        """Makes one pass and writes down how it ended."""
        started = instant_text(self.now())
        names: Row = {"connection": self.identity.connection, "identity": self.identity.name}
        number = self.archive.run_started({"kind": kind, "started_at": started, **names})
        self.told("run_started", {"kind": kind, **names})
        before = self.identity.inbox.requests
        try:
            report = run()
        except ArkivError as error:
            report = PassReport(kind, self.identity.connection, self.identity.name, error=error)
        except BaseException:
            ended = instant_text(self.now())
            self.archive.run_finished(number, finished_at=ended, outcome="failed", error="a bug ended it")
            raise
        report.requests = self.identity.inbox.requests - before
        self.archive.run_finished(number, **report.as_row(), finished_at=instant_text(self.now()))
        if report.error is not None:
            fields: Row = {"error": type(report.error).__name__, "sentence": report.error.sentence}
            self.told("connection_failed", names | fields | dict(report.error.facts()))
            if kind == "poll":
                self._tell_mailboxes(names, report.error, started)
        self.told("run_finished", {"kind": kind, **names, **report.as_row()})
        return report

    def _tell_mailboxes(self, names: Row, error: ArkivError, started: str) -> None:
        """What ended a pass early stands with each of its mailboxes that was not read to its end."""
        failed: Row = {"error": error.sentence, "error_at": instant_text(self.now())}
        held = self.archive.mailboxes(self.identity.connection, self.identity.name)
        unread = [m for m in held if m["state"] == "active" and str(m["last_poll_at"] or "") < started]
        self.archive.mailboxes_write([{**names, "party": mailbox["party"], **failed} for mailbox in unread])

    def _poll(self, pool: Executor) -> Poll:
        landing = self._landing(pool)
        return Poll(self._task(), self.identity.inbox, self.archive, landing, pool, self.now, self.told)

    def _task(self) -> PollTask:
        identity, limits = self.identity, self.limits.of(self.identity)
        overlap = self.settings.sync.overlap
        return PollTask(identity.connection, identity.name, identity.parties, limits.parties, overlap)

    def _landing(self, pool: Executor) -> Landing:
        """One for each pass: it counts what it lands."""
        return Landing(self._reader(), self.identity.inbox, self.archive, pool, self.now, self.told)

    def _reader(self) -> Reader:
        sync, identity = self.settings.sync, self.identity
        policy = OpeningPolicy(sync.open, sync.open_rules)
        return Reader(identity.connection, identity.name, policy, self.settings.display.languages)
