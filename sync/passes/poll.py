"""The poll: what changed in an identity's mailboxes since their cursors.

Thin: the plans come from `walks`, `cursor`, `mailboxes` and `planner`, the landing of each page from `landing`. Rows,
history and cursor of a part of a page land in one transaction, so that a run may be cut anywhere and the next one
takes up where the promise ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.batch import CursorMove
from store.clock import instant_text
from sync.dialogporten.errors import ArkivError
from sync.passes.carrying import carried_out
from sync.passes.cursor import Horizon, completed, reached
from sync.passes.failing import mailboxes_failed
from sync.passes.landing import Landing
from sync.passes.mailboxes import plan_mailboxes
from sync.passes.parties import listed_parties
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.report import PassReport
from sync.passes.retrying import retry_items
from sync.passes.walking import Guide, Walker
from sync.passes.walks import MailboxCursor, Walk, plan_walks


@dataclass(frozen=True, slots=True)
class PollTask:
    """Which mailboxes: those of one identity of one connection; `parties` None asks the server for them."""

    connection: str
    identity: str
    parties: tuple[str, ...] | None
    max_parties: int
    overlap: timedelta


class Poll:
    """One run for one identity. `pool` carries the reads that go on side by side."""

    def __init__(
        self,
        task: PollTask,
        inbox: Inbox,
        shelf: Shelf,
        landing: Landing,
        pool: Executor,
        now: Callable[[], datetime],
        told: Told,
    ) -> None:
        self._task = task
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._walker = Walker(inbox, pool, now, told)
        self._now = now
        self._told = told
        self._parties: frozenset[str] = frozenset()
        self.mailboxes: Sequence[MailboxCursor] = ()  # those that were found, once `run` has asked
        self.lost: Sequence[str] = ()
        self.report = PassReport("poll", task.connection, task.identity)

    def run(self) -> PassReport:
        """Never raises what belongs to the outside world: the report tells."""
        return carried_out(self.report, self._inbox, self._landing, self._run)

    def _run(self) -> None:
        mailboxes = self.mailboxes = self._mailboxes()
        self.report.parties = len(mailboxes)
        self._parties = frozenset(m.party for m in mailboxes)
        started = self._now()
        horizon = Horizon.of_run(started, self._inbox.server_ahead, self._task.overlap)
        self._landing.begin()
        new = frozenset(m.party for m in mailboxes if not m.backfilled)
        guide = Guide(
            land=lambda items, walk: self._land(items, walk, horizon),
            finished=lambda walk: self._finished(walk, horizon, new),
            failed=self._failed,
        )
        self._walker.read(plan_walks(mailboxes, self._task.max_parties), guide)
        # Last, so that what fails again and again keeps nothing else waiting.
        retry_items(self._landing, self._walker, self._parties)
        self._landing.retry_quarantined()

    def _mailboxes(self) -> Sequence[MailboxCursor]:
        task, now = self._task, instant_text(self._now())
        if task.parties is None:
            found = listed_parties(self._inbox.parties(), now)
            self._shelf.parties_write(found.rows)
            for reason in found.malformed:
                self._told("party_malformed", {"connection": task.connection, "reason": reason})
            parties: Sequence[str] = found.searchable
            whole = not found.nameless
        else:
            parties, whole = task.parties, False
        plan = plan_mailboxes(
            task.connection,
            task.identity,
            parties,
            self._shelf.mailboxes(task.connection, task.identity),
            now,
            discovered=whole,
        )
        self._shelf.mailboxes_write(plan.write)
        self.lost = plan.lost
        if plan.lost:
            self._told(
                "party_lost", {"connection": task.connection, "identity": task.identity, "count": len(plan.lost)}
            )
        return plan.walk

    def _land(self, items: Sequence[bytes], walk: Walk, horizon: Horizon) -> None:
        self.report.pages += 1
        self.report.items_read += len(items)
        self._landing.land(items, self._parties, self._reached(walk, horizon), self._walker.fetched_at)
        names = {"connection": self._task.connection, "identity": self._task.identity}
        self._told("page_read", {**names, "items": self.report.items_read, "pages": self.report.pages})

    def _reached(self, walk: Walk, horizon: Horizon) -> Callable[[str], list[CursorMove]]:
        task = self._task
        return lambda updated_at: reached(horizon, task.connection, task.identity, walk.parties, updated_at)

    def _finished(self, walk: Walk, horizon: Horizon, new: frozenset[str]) -> None:
        if walk.before is None:  # of several windows only the last one completes the promise
            task, now = self._task, instant_text(self._now())
            self._landing.move_cursors(completed(horizon, task.connection, task.identity, walk.parties, now, new))

    def _failed(self, parties: tuple[str, ...], error: ArkivError) -> None:
        mailboxes_failed(self.report, self._shelf, self._told, instant_text(self._now()), parties, error)
