"""The level fallback: what stands above the level of whoever met it is read by one whose level is high enough.

Whoever represents the same party meets most of it in its own lists. What those do not show again is looked for here: a
dialog whose service asks for more than it did, or that stood there before our level rose. Its list item is asked for
first, by the one window that its `updatedAt` is, since the opening policy goes by what the list shows now. What our
list does not show is remembered as refused, so that it is not looked for at each poll.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from datetime import datetime

from store.batch import Standing
from store.clock import instant_text
from sync.dialogporten.errors import ArkivError
from sync.passes.carrying import carried_out
from sync.passes.failing import mailboxes_failed
from sync.passes.hot import plan_lookups
from sync.passes.items import peek
from sync.passes.landing import Landing
from sync.passes.poll import PollTask
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.report import PassReport
from sync.passes.walking import Guide, Walker
from sync.passes.walks import Walk

AT_ONCE = 200  # dialogs of one run: each costs a search, and the sweep finds what is left


def locked(
    reader: tuple[str, str], parties: tuple[str, ...] | None, level: int | None, shelf: Shelf
) -> Sequence[Standing]:
    """The dialogs that this reader is to look for, youngest first. Asks nobody. `parties` None = all its mailboxes;
    `level` None = only the server knows it, and then nothing is looked for.
    """
    if level is None or not any(asks <= level for asks in shelf.reach.levels().values()):
        return ()
    found = shelf.reach.locked(reader, level, AT_ONCE)
    return [each for each in found if parties is None or each.party in parties]


class Fallback:
    """One run for one identity, of the dialogs that `locked` found."""

    def __init__(
        self,
        task: PollTask,
        found: Sequence[Standing],
        inbox: Inbox,
        shelf: Shelf,
        landing: Landing,
        pool: Executor,
        now: Callable[[], datetime],
        told: Told,
    ) -> None:
        self._task = task
        self._found = found
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._walker = Walker(inbox, pool, now, told)
        self._now = now
        self._told = told
        self._shown: set[str] = set()
        self._failed: set[str] = set()
        self._parties: frozenset[str] = frozenset()
        self.report = PassReport("fallback", task.connection, task.identity)
        self.report.parties = len({each.party for each in found})

    def run(self) -> PassReport:
        """Never raises what belongs to the outside world: the report tells."""
        return carried_out(self.report, self._inbox, self._landing, self._run)

    def _run(self) -> None:
        self._landing.begin()
        held = self._shelf.mailboxes(self._task.connection, self._task.identity)
        self._parties = frozenset(str(row["party"]) for row in held if row["state"] == "active")
        guide = Guide(land=self._land, finished=lambda _: None, failed=self._fail)
        self._walker.read_short(plan_lookups(self._found), guide)
        missed = [each.id for each in self._found if each.id not in self._shown and each.party not in self._failed]
        self._landing.refused(missed, "not_listed")

    def _land(self, items: Sequence[bytes], _walk: Walk) -> None:
        self.report.pages += 1
        self.report.items_read += len(items)
        self._shown.update(name for raw in items if (name := peek(raw)[0]) is not None)
        self._landing.land(items, self._parties, lambda _: [], self._walker.fetched_at)

    def _fail(self, parties: tuple[str, ...], error: ArkivError) -> None:
        self._failed.update(parties)
        mailboxes_failed(self.report, self._shelf, self._told, instant_text(self._now()), parties, error)
