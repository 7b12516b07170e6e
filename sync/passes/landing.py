"""From the items of a page to one transaction: recognise, plan, read, normalise, write.

What the archive holds already costs neither a request nor a row. What cannot be read goes into quarantine with its
bytes and its reason, and the rest of its page lands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from store.batch import Batch, CurrentPayload, CursorMove, Known, Row
from store.clock import instant_text
from sync.passes.asking import Asking
from sync.passes.bodies import MalformedItem
from sync.passes.canonical import list_digest
from sync.passes.choosing import Chooser
from sync.passes.filing import Job, Reader, filed, listed, look, nothing_new, refusal
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.normalise import checked_item
from sync.passes.planner import DialogPlan, plan_retry
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.quarantine import Quarantine
from sync.passes.report import PassReport
from sync.passes.restoring import aftermath, tell_duty, unmoved
from sync.passes.sharing import Sharing
from sync.passes.sighting import Sighting
from sync.passes.signals import signals

READS = 100  # dialogs with requests to a transaction
TOGETHER = 500  # items that are decoded at a time: a whole page with all its rows would take tens of megabytes
TRAIL = 10  # items at the end of a page that tell how far it went

# How far to move the cursors, given the time up to which all has landed.
Moves = Callable[[str], list[CursorMove]]
# What to read again of a dialog, given what the archive holds of it.
Again = Callable[[Sighting, Mapping[str, CurrentPayload], Known], DialogPlan]


@dataclass(slots=True)
class _Counts:
    new: int = 0
    written: int = 0
    rows: int = 0
    changes: int = 0
    quarantined: int = 0
    unsettled: int = 0


@dataclass(slots=True)
class Landing:
    """Lands items for one reader. `pool` runs the reads of several dialogs side by side."""

    reader: Reader
    inbox: Inbox
    shelf: Shelf
    pool: Executor
    now: Callable[[], datetime]
    told: Told
    _counts: _Counts = field(default_factory=_Counts)
    levels: Levels = field(init=False)
    _sharing: Sharing = field(init=False)
    _chooser: Chooser = field(init=False)
    _quarantine: Quarantine = field(init=False)
    _asking: Asking = field(init=False)

    def __post_init__(self) -> None:
        self.levels = Levels(self.inbox, self.told, lambda: self.shelf.reach.levels())
        self._sharing = Sharing(self.reader, self.levels, lambda: self.shelf.mailboxes(), self.now)
        self._chooser = Chooser(self.reader, self.levels, self._sharing, self.shelf)
        self._quarantine = Quarantine(self.reader.connection, self.reader.identity)
        parts = (self.reader, self.inbox, self.shelf, self.pool, self.levels)
        self._asking = Asking(*parts, self.now, self._tell, self.now())

    def begin(self, *, all_due: bool = False, again: frozenset[str] = frozenset()) -> None:
        """Begins a pass: counts from naught, and learns what stands in quarantine, so that what can be read again is
        released. `all_due`: none of it waits for its next try. `again`: refused dialogs to ask about once more.
        """
        self._counts = _Counts()
        self._asking.openings = 0
        self.levels.forget()
        self._sharing.begin(again)
        self._quarantine.load(self.shelf.quarantined(), all_due=all_due)

    def land(self, items: Sequence[bytes], asked: frozenset[str], moves: Moves, fetched: datetime | None) -> None:
        """Writes these items and moves the cursors along, each move in the transaction that makes it true.

        What needs no request lands at once; the rest in parts, so that a kill costs little of what was fetched.
        `asked` are the parties of the identity's mailboxes; an item of another party came by an instance delegation
        (end-user API §3.3), and says nothing of how far theirs were read. `fetched`: when the items came; None = now.
        """
        self._asking.fetched = fetched or self.now()
        for start in range(0, max(len(items), 1), TOGETHER):
            self._land(items[start : start + TOGETHER], asked, moves)

    def _land(self, items: Sequence[bytes], asked: frozenset[str], moves: Moves) -> None:
        batch = Batch(at=instant_text(self.now()))
        sightings = self._recognise(items, batch)
        found = [s.signals for s in sightings.values()]
        moments = [s.updated_at for s in found if s.updated_at is not None and s.party in asked]
        # An item is no single snapshot (§3.6) and may show a later time than its place in the list: the earliest of the
        # last few is sure to lie no further than the page went.
        reached = min(moments[-TRAIL:], default=None)
        parts = _parts(self._jobs(sightings, asked))
        for number, part in enumerate(parts, start=1):
            read, ended = self._asking.read(part)
            for job in read:
                self._add(batch, job)
            if ended is not None:
                self._write(batch)
                raise ended
            if number < len(parts):
                # What was updated before every dialog that is still to land has landed; bounds are inclusive.
                if reached is not None:
                    batch.cursors = moves(min([reached, *(_moment(job) for later in parts[number:] for job in later)]))
                self._write(batch)
                batch = Batch(at=instant_text(self.now()))
        aside = {row["id"] for row in batch.quarantine}
        readable = (name for dialog_id in sightings for name in self._quarantine.released(dialog_id, ["list"]))
        released = [name for name in readable if name not in aside]
        self._quarantine.met(released)
        batch.released += released
        if reached is not None:
            batch.cursors = moves(reached)
        self._write(batch)

    def unlanded(self, items: Sequence[bytes], asked: frozenset[str]) -> list[DialogPlan]:
        """What `land` would read of those items that are new or differ. Asks for nothing, writes nothing."""
        self.levels.quiet = True
        sightings = self._recognise(items, Batch(at=instant_text(self.now())))
        return [job.plan for job in self._jobs(sightings, asked)]

    def move_cursors(self, moves: list[CursorMove]) -> None:
        self.shelf.write(Batch(at=instant_text(self.now()), cursors=moves))

    def count_into(self, report: PassReport) -> None:
        counts = self._counts
        report.dialogs_new, report.dialogs_written = counts.new, counts.written
        report.rows_written, report.changes_written = counts.rows, counts.changes
        report.openings, report.quarantined = self._asking.openings, counts.quarantined
        report.unsettled = counts.unsettled

    def retry_quarantined(self) -> None:
        """Reads again what is due of the children and details that could not be read before."""
        due = self._quarantine.due(instant_text(self.now()))

        def plan(sighting: Sighting, _held: Mapping[str, CurrentPayload], _known: Known) -> DialogPlan:
            item = sighting.signals
            may_open = "detail" in due[item.id] and self.reader.policy.allows(item) and unmoved(self.inbox, item)
            return plan_retry(item.id, due[item.id], may_open)

        self.reread(list(due), plan, shown=False, lenient=True)

    def items_due(self) -> list[Row]:
        """The list items in quarantine whose next try has come."""
        return self._quarantine.items_due(instant_text(self.now()))

    def put_off(self, rows: Sequence[Row]) -> None:
        """Rows of table quarantine that were tried once more, in vain."""
        if rows:
            at = instant_text(self.now())
            self._write(Batch(at=at, quarantine=[row | {"last_tried_at": at} for row in rows]))

    def release_gone(self, parties: frozenset[str], *, everything: bool) -> None:
        """Lets go of what stands in quarantine and is there no longer. Every item of `parties` has been met in this
        pass; `everything`: of all mailboxes of the identity.
        """
        known = self.shelf.known(list(self._quarantine.dialogs))
        missing = frozenset(name for name, each in known.items() if each.presence not in ("present", "absent"))
        hidden = frozenset(name for name, each in known.items() if each.access != "full")
        released = self._quarantine.gone(missing, parties, everything=everything, hidden=hidden)
        if released:
            self._write(Batch(at=instant_text(self.now()), released=released))

    def refused(self, ids: Sequence[str], reason: str) -> None:
        """Remembers that the reader may not read these as they stand."""
        if ids:
            at = instant_text(self.now())
            self._write(Batch(at=at, refusals=[refusal(self.reader, dialog_id, reason, at) for dialog_id in ids]))

    def reread(
        self,
        ids: Sequence[str],
        plan: Again,
        *,
        shown: bool,
        lenient: bool = False,
    ) -> int:
        """Reads dialogs again that the archive holds, files what really differs, and answers how many it read.

        `plan` says what to read of each. `shown`: a list has just shown them; otherwise a refusal that may also mean
        that they are listed no longer is left to the sweep. What is not present or not readable is left alone, and so
        is what waits in quarantine for its next try. In parts, a transaction each. `lenient` as in `Asking.read`.
        """
        count = 0
        for start in range(0, len(ids), READS):
            batch = Batch(at=instant_text(self.now()))
            self._asking.fetched = self._asking.fetched if shown else self.now()
            jobs = self._again(ids[start : start + READS], plan, batch.at)
            read, ended = self._asking.read(jobs, lenient=lenient)
            for job in read:
                batch.looks.append(look(job, batch.at))
                if (shown or job.read.explains_itself) and not self._sharing.leaves(job, shown=False):
                    self._add(batch, job, again=True)
                else:
                    self._leave(batch, job)
            if read:
                self._write(batch)
            if ended is not None:
                raise ended
            count += len(jobs)
        return count

    def planned(self, ids: Sequence[str], plan: Again) -> list[DialogPlan]:
        """What `reread` would read now. Asks for nothing, writes nothing."""
        at = instant_text(self.now())
        parts = (ids[start : start + READS] for start in range(0, len(ids), READS))
        return [job.plan for part in parts for job in self._again(part, plan, at)]

    def _again(self, ids: Sequence[str], plan: Again, at: str) -> list[Job]:
        known = self.shelf.known(ids)
        held = self.shelf.payloads(list(known))
        jobs = []
        for dialog_id in ids:
            before, bodies = known.get(dialog_id), held.get(dialog_id, {})
            if before is None or (before.presence, before.access) != ("present", "full") or "list" not in bodies:
                continue
            sighting = self._sighting(bodies["list"].body)
            if self._sharing.is_anothers(before, sighting.signals.service_resource):
                continue
            if before.list_digest is not None:
                # That of the very bytes the server sent: what we keep of them may differ.
                sighting = replace(sighting, digest=before.list_digest)
            reads = plan(sighting, bodies, before).without(self._quarantine.waiting(dialog_id, at))
            if reads.reads_anything:
                jobs.append(Job(sighting, before, bodies, reads, delegated=None))
        return jobs

    def _leave(self, batch: Batch, job: Job) -> None:
        """A refusal that does not explain itself changes nothing; what stands in quarantine has had one more try."""
        self._settle(batch, job)
        dialog_id, party, refusal = job.plan.dialog_id, job.sighting.signals.party, job.read.refusal
        if refusal is None:
            return
        for kind in (*job.plan.before, *(["detail"] if job.plan.opens else []), *job.plan.after):
            if kind not in job.read.bodies and self._quarantine.released(dialog_id, [kind]):
                self._set_aside(batch, self._quarantine.unread(dialog_id, party, kind, refusal, batch.at))

    def _recognise(self, items: Sequence[bytes], batch: Batch) -> dict[str, Sighting]:
        """Readable items by dialog id, each once: a page may repeat an item, and then the last counts."""
        sightings: dict[str, Sighting] = {}
        for raw in items:
            try:
                sighting = self._sighting(bytes(raw))
            except MalformedItem as problem:
                self._set_aside(batch, self._quarantine.item(bytes(raw), problem, batch.at))
                continue
            sightings[sighting.signals.id] = sighting
        return sightings

    def _sighting(self, raw: bytes) -> Sighting:
        item = checked_item(raw)
        return Sighting(raw, list_digest(raw), item, signals(item))

    def _jobs(self, sightings: Mapping[str, Sighting], asked: frozenset[str]) -> list[Job]:
        """What is new or may differ; what the archive holds already is left out."""
        jobs = self._chooser.jobs(sightings, asked)
        for job in jobs:
            if job.known is None and job.delegated:
                self._tell("dialog_delegated", dialog_id=job.plan.dialog_id)
        return jobs

    def _settle(self, batch: Batch, job: Job) -> None:
        if job.duty is None or job.read.restoring is None:
            return
        row = aftermath(job.duty, job.read.restoring, batch.at)
        batch.duties.append(row | {"connection": self.reader.connection, "identity": self.reader.identity})
        self._counts.unsettled += tell_duty(self._tell, row)

    def _add(self, batch: Batch, job: Job, *, again: bool = False) -> None:
        if job.is_listed_only:
            rows = listed(job, self.reader, batch.at)
            if rows is not None:
                batch.dialogs.append(rows)
                self._counts.new += 1
                return
        self._settle(batch, job)
        if self._sharing.leaves(job, shown=True):
            if job.read.access == "denied":
                batch.refusals.append(refusal(self.reader, job.plan.dialog_id, "denied", batch.at))
            return
        dialog_id, party = job.plan.dialog_id, job.sighting.signals.party
        self._quarantine.tried(dialog_id, [*job.read.bodies, *job.read.failures])
        rows, unreadable = filed(job, self.reader, batch.at)
        for problem, body in unreadable:
            self._set_aside(batch, self._quarantine.body(dialog_id, party, problem, body, batch.at))
        for kind, error in job.read.failures.items():
            self._set_aside(batch, self._quarantine.unread(dialog_id, party, kind, error, batch.at))
        if rows is None:
            return
        if not ((again or job.tried) and nothing_new(rows, job)):
            batch.dialogs.append(rows)
        self._remember(batch, job)
        bad = {problem.kind for problem, _ in unreadable}
        batch.released += self._quarantine.released(dialog_id, job.read.bodies.keys() - bad)
        self._counts.new += rows.is_new

    def _remember(self, batch: Batch, job: Job) -> None:
        """What we were refused; what was refused earlier counts no more once it has changed or could be read."""
        known, read = job.known, job.read
        readable = known is not None and known.access != "full" and bool(read.bodies) and read.access == "full"
        # Our right is not what is missing any more, so it need not be asked about again.
        lower = known is not None and known.access == "denied" and read.access == LEVEL_TOO_LOW
        if known is not None and (job.changed or readable or lower):
            batch.reconsidered.append(job.plan.dialog_id)
        if read.access == "denied":
            batch.refusals.append(refusal(self.reader, job.plan.dialog_id, "denied", batch.at))

    def _set_aside(self, batch: Batch, row: Row) -> None:
        batch.quarantine.append(row)
        if not self._quarantine.stands(row):
            self._counts.quarantined += 1
            self._tell("dialog_quarantined", kind=row["kind"], dialog_id=row["dialog_id"], reason=row["reason"])

    def _write(self, batch: Batch) -> None:
        batch.levels = self.levels.take_news()
        written = self.shelf.write(batch)
        self._counts.written += written.dialogs
        self._counts.rows += written.rows
        self._counts.changes += written.changes

    def _tell(self, event: str, **fields: object) -> None:
        self.told(event, {"connection": self.reader.connection, "identity": self.reader.identity, **fields})


def _parts(jobs: Sequence[Job]) -> list[list[Job]]:
    """The jobs in their order, at most `READS` with requests to a part; one empty part when there are none."""
    parts: list[list[Job]] = [[]]
    reads = 0
    for job in jobs:
        asks = job.plan.reads_anything
        if asks and reads == READS:
            parts.append([])
            reads = 0
        reads += asks
        parts[-1].append(job)
    return parts


def _moment(job: Job) -> str:
    return job.sighting.signals.updated_at or ""
