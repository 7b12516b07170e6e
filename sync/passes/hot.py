"""The hot pass: unsettled dialogs again, children included, because silent updates move no timestamp.

Their list items come by two filtered enumerations; what those do not show although the archive holds it as unsettled
(its status was changed silently, say) is looked up alone by the one window that its `updatedAt` is. Children and
details are read again right after the list has shown them. Source: reference, end-user API §3.1, §4.3, §17.3, §17.4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime

import msgspec

from store.batch import STILL_DUE, CurrentPayload, Known, Standing
from store.clock import instant_text
from sync.dialogporten import wire
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.limits import party_batches
from sync.passes.bodies import MalformedItem
from sync.passes.carrying import carried_out
from sync.passes.failing import mailboxes_failed
from sync.passes.items import checked_item
from sync.passes.landing import Landing
from sync.passes.opening import OpeningPolicy
from sync.passes.planner import DialogPlan, plan_again
from sync.passes.poll import PollTask
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.report import PassReport
from sync.passes.sighting import Sighting
from sync.passes.signals import ListSignals, signals
from sync.passes.walking import Guide, Walker
from sync.passes.walks import MailboxCursor, Walk

UNSETTLED = ("InProgress", "Draft", "Awaiting", "RequiresAttention")
_CORRESPONDENCE = "correspondenceservice"  # opened and confirmed silently as a rule

Step = Walk | DialogPlan


def plan_listing(parties: Sequence[str], max_parties: int, now: datetime) -> list[Walk]:
    """The enumerations that show every unsettled dialog: by status, and by due date."""
    batches = party_batches(tuple(sorted(parties)), max_parties)
    by_status = [Walk(parties=batch, after=None, statuses=UNSETTLED) for batch in batches]
    return by_status + [replace(walk, statuses=(), due_after=instant_text(now - STILL_DUE)) for walk in by_status]


def plan_lookups(missed: Sequence[Standing]) -> list[Walk]:
    """One search for each moment at which a missed dialog of a mailbox was updated: bounds are inclusive, and a silent
    update leaves the moment as it was.
    """
    windows = {(each.party, each.updated_at) for each in missed if each.updated_at is not None}
    return [Walk(parties=(party,), after=at, before=at) for party, at in sorted(windows)]


def plan_dialog(
    sighting: Sighting, held: Mapping[str, CurrentPayload], known: Known, policy: OpeningPolicy
) -> DialogPlan:
    """What is read again of one unsettled dialog."""
    kind = (sighting.item.service_resource_type or "").lower()
    return plan_again(
        sighting.signals,
        frozenset(held),
        policy,
        correspondence=kind == _CORRESPONDENCE,
        opened_well=known.details_status == 200,
    )


class Hot:
    """One run for one identity, over those of `mailboxes` that have been read once: a first backfill is more."""

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
    ) -> None:
        self._task = task
        self._parties = frozenset(m.party for m in mailboxes if m.backfilled)
        self._reader = (task.connection, task.identity)
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._walker = Walker(inbox, pool, now, told)
        self._now = now
        self._told = told
        self._started = ""
        self._shown: set[str] = set()
        self._failed: set[str] = set()
        self.report = PassReport("hot", task.connection, task.identity, parties=len(self._parties))

    def plan(self) -> list[Step]:
        """What a run would ask for now, as far as the archive can tell. Asks for nothing, writes nothing."""
        now = self._now()
        standing = self._shelf.unsettled(self._reader, self._parties, instant_text(now))
        listing = plan_listing(list(self._parties), self._task.max_parties, now)
        return [*listing, *self._landing.planned([each.id for each in standing], self._plan)]

    def run(self) -> PassReport:
        """Never raises what belongs to the outside world: the report tells."""
        return carried_out(self.report, self._inbox, self._landing, self._run)

    def _run(self) -> None:
        self._landing.begin()
        started = self._now()
        self._started = instant_text(started)
        guide = Guide(land=self._land, finished=lambda _: None, failed=self._fail)
        for walk in plan_listing(list(self._parties), self._task.max_parties, started):
            parties = tuple(party for party in walk.parties if party not in self._failed)
            if parties:
                self._walker.read([replace(walk, parties=parties)], guide)
        parties = tuple(self._parties - self._failed)
        standing = self._shelf.unsettled(self._reader, parties, self._started)
        missed = [each for each in standing if each.id not in self._shown]
        self._walker.read_short(plan_lookups(missed), guide)
        names = {"connection": self._task.connection, "identity": self._task.identity}
        self._shelf.mailboxes_write(
            [{**names, "party": party, "last_hot_at": self._started} for party in self._parties - self._failed]
        )

    def _land(self, items: Sequence[bytes], walk: Walk) -> None:
        """Items first, then what no item tells, while what they show is fresh: the opening policy goes by it."""
        self.report.pages += 1
        self.report.items_read += len(items)
        self._landing.land(items, self._parties, lambda _: [], self._walker.fetched_at)
        page = _by_id(items)
        fresh = [name for name in page if name not in self._shown]
        self._shown.update(fresh)
        now = instant_text(self._now())
        # What was new in this pass has just been read whole.
        again = self._shelf.rereadable(self._reader, fresh, now, since=self._started)

        def plan(sighting: Sighting, held: Mapping[str, CurrentPayload], known: Known) -> DialogPlan:
            found = self._plan(sighting, held, known)
            # What differed, or could be read for the first time, was opened as it landed. A clock that was ahead may
            # have dated an earlier opening later than this pass.
            opened = self._started <= (known.opened_at or "") <= instant_text(self._now())
            # What the archive holds is not what the list shows now where that item could not be filed.
            opens = found.opens and not opened and _shows_the_same(page[known.id], sighting.signals)
            # A slow clock may have dated our record before the update: then one more opening adds one more.
            after = ("seenlog",) if opens and not _shows_us(page[known.id]) else found.after
            return msgspec.structs.replace(found, opens=opens, after=after)

        self._landing.reread(again, plan, shown=True)

    def _plan(self, sighting: Sighting, held: Mapping[str, CurrentPayload], known: Known) -> DialogPlan:
        return plan_dialog(sighting, held, known, self._landing.reader.policy)

    def _fail(self, parties: tuple[str, ...], error: ArkivError) -> None:
        self._failed.update(parties)
        mailboxes_failed(self.report, self._shelf, self._told, instant_text(self._now()), parties, error)


class _Named(msgspec.Struct):
    id: str | None = None


def _by_id(items: Sequence[bytes]) -> dict[str, bytes]:
    """The dialogs of a page, each once, by its last item; one that names none is in quarantine by now."""
    found: dict[str, bytes] = {}
    for raw in items:
        try:
            name = msgspec.json.decode(raw, type=_Named).id
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if name:
            found[name] = raw
    return found


def _shows_us(raw: bytes) -> bool:
    """Whether an item that can be filed shows that we have seen the dialog since it was updated."""
    return any(record.is_current_end_user for record in wire.list_item(raw).seen_since_last_update or ())


def _shows_the_same(raw: bytes, held: ListSignals) -> bool:
    """Whether an item shows the seen state and the labels that the archive holds."""
    try:
        now = signals(checked_item(raw))
    except MalformedItem:
        return False
    return (now.is_content_seen, now.labels) == (held.is_content_seen, held.labels)
