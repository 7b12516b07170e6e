"""The deep pass: every dialog with transmissions has them read again once in a cycle, because a transmission is only
ever edited silently and no list item tells of it (reference: end-user API §17.3). Every dialog has its label log read
once: labels set and taken off before we first met it show nowhere else (§4.2, §8.3).

Each mailbox has a cycle; it begins with the first backfill and anew when the one before is through. A run reads the
share that is due by then, youngest dialogs first, whatever the intervals between runs. What another pass read in the
same cycle counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.batch import CurrentPayload, Known, Row
from store.clock import instant_text
from sync.passes.carrying import carried_out
from sync.passes.landing import Landing
from sync.passes.planner import DialogPlan, plan_children
from sync.passes.poll import PollTask
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.report import PassReport
from sync.passes.sighting import Sighting
from sync.passes.walks import MailboxCursor

Step = DialogPlan
PART = 100  # dialogs that are told as done at once


@dataclass(frozen=True, slots=True)
class Cycle:
    """Mailboxes whose cycle began at the same canonical time; None = read all of them now. `delegated`: with the
    dialogs that were delegated one by one.
    """

    began: str | None
    parties: tuple[str, ...]
    delegated: bool

    def is_through(self, now: datetime, every: timedelta) -> bool:
        """Also when it would only begin later: then the clock was wrong at its beginning."""
        return self.began is None or not timedelta(0) <= now - datetime.fromisoformat(self.began) < every


def plan_cycles(mailboxes: Sequence[Row], *, everything: bool) -> list[Cycle]:
    """`mailboxes` are rows of that table; those that were never backfilled have no cycle yet. Oldest cycle first."""
    began: dict[str | None, list[str]] = {}
    for row in mailboxes:
        since = row["deep_since"] or row["backfilled_at"]
        if since is not None:
            began.setdefault(None if everything else str(since), []).append(str(row["party"]))
    ordered = sorted(began.items(), key=lambda each: each[0] or "")
    return [Cycle(at, tuple(sorted(parties)), number == 0) for number, (at, parties) in enumerate(ordered)]


def plan_share(count: int, unread: int, elapsed: timedelta, every: timedelta) -> int:
    """How many dialogs to read now, of `count` in a cycle of which `unread` are still to be read `elapsed` after its
    beginning: so many that no more are left than its remaining time is for.
    """
    remaining = min(every - elapsed, every)
    if remaining <= timedelta(0):
        return unread
    may_wait = -(-count * remaining // every)
    return max(0, unread - may_wait)


class Deep:
    """One step for one identity. `everything` reads all there is and begins every cycle anew."""

    def __init__(
        self,
        task: PollTask,
        mailboxes: Sequence[MailboxCursor],
        inbox: Inbox,
        shelf: Shelf,
        landing: Landing,
        pool: Executor,
        now: Callable[[], datetime],
        told: Told,
        every: timedelta,
        *,
        everything: bool = False,
    ) -> None:
        self._task = task
        self._parties = frozenset(m.party for m in mailboxes)
        self._reader = (task.connection, task.identity)
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._now = now
        self._every = every
        self._everything = everything
        self.report = PassReport("deep", task.connection, task.identity, parties=len(self._parties))

    def plan(self) -> list[Step]:
        """What a run would ask for now. Asks for nothing, writes nothing."""
        now = self._now()
        steps: list[Step] = []
        for cycle in self._cycles():
            steps += self._landing.planned(self._due(cycle, now), _plan)
        return steps

    def run(self) -> PassReport:
        """Never raises what belongs to the outside world: the report tells."""
        return carried_out(self.report, self._inbox, self._landing, self._run)

    def _run(self) -> None:
        self._landing.begin()
        for cycle in self._cycles():
            self._step(cycle)

    def _cycles(self) -> list[Cycle]:
        rows = [row for row in self._shelf.mailboxes(*self._reader) if row["party"] in self._parties]
        return plan_cycles(rows, everything=self._everything)

    def _due(self, cycle: Cycle, now: datetime) -> list[str]:
        """The dialogs whose turn it is, youngest first."""
        at, began = instant_text(now), cycle.began
        limit = None
        who, delegated, beyond = (self._reader, cycle.parties), cycle.delegated, self._beyond()
        if began is not None:
            count = self._shelf.deep_count(*who, None, at, delegated=delegated, read_since=began, beyond=beyond)
            unread = self._shelf.deep_count(*who, began, at, delegated=delegated, beyond=beyond)
            limit = plan_share(count, unread, now - datetime.fromisoformat(began), self._every)
            if limit == 0:
                return []
        due = self._shelf.deep_due(*who, began, at, delegated=delegated, limit=limit, beyond=beyond)
        return [each.id for each in due]

    def _beyond(self) -> list[str]:
        """The services whose dialogs our level hides, as far as is known: what another reads of them is not for us,
        and takes no place in our share.
        """
        levels = self._landing.levels
        return [service for service in self._shelf.reach.levels() if levels.suffices(service) is False]

    def _step(self, cycle: Cycle) -> None:
        now = self._now()
        due = self._due(cycle, now)
        for start in range(0, len(due), PART):
            self.report.items_read += self._landing.reread(due[start : start + PART], _plan, shown=False)
            self.report.pages += 1
        names = {"connection": self._task.connection, "identity": self._task.identity}
        # The next cycle begins where this one ended, so that what was read last in it is not counted for the next.
        ended: Row = {"deep_since": instant_text(self._now())} if cycle.is_through(now, self._every) else {}
        self._shelf.mailboxes_write(
            [{**names, "party": party, "last_deep_at": instant_text(now), **ended} for party in cycle.parties]
        )


def _plan(sighting: Sighting, held: Mapping[str, CurrentPayload], _known: Known) -> DialogPlan:
    """Activities go with transmissions. A dialog without either is here for its label log alone."""
    children = plan_children(sighting.signals, frozenset(held), correspondence=False)
    before = children.before if "transmissions" in children.before else ()
    return DialogPlan(children.dialog_id, before, after=() if "labellog" in held else ("labellog",))
