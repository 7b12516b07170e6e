"""Makes the planned requests of many dialogs side by side, duties first, and tells what may be filed of them.

What ends a pass in the middle takes back those that have not begun; what was read by then, openings above all, is
filed all the same, so that the next run need not ask for it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass
from datetime import datetime

from msgspec.structs import replace

from store.batch import Batch, Row
from store.clock import instant_text
from sync.dialogporten.errors import ArkivError
from sync.passes.duties import owed
from sync.passes.filing import Job, Reader
from sync.passes.leaving import Marks, may_leave
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.ports import Inbox, Shelf
from sync.passes.reading import DialogRead, read_dialog
from sync.passes.restoring import Restoring, aftermath

# Where so large a share fails for a passing reason, not each dialog is to blame: the server or the line is.
TOO_MANY_FAILURES = 0.5


@dataclass(slots=True)
class Asking:
    """For one reader. `fetched` is when the list showed what is read now."""

    reader: Reader
    inbox: Inbox
    shelf: Shelf
    pool: Executor
    levels: Levels
    now: Callable[[], datetime]
    tell: Callable[..., None]
    fetched: datetime
    openings: int = 0
    _marks: Marks | None = None

    def read(self, jobs: Sequence[Job], *, lenient: bool = False) -> tuple[Sequence[Job], ArkivError | None]:
        """The jobs to file, and what ends the pass: of a part that came to its end all, else those that were read well.

        `lenient`: that many of them fail at once tells nothing of the server.
        """
        reading = [job for job in jobs if job.plan.reads_anything]
        read, ended = self._ask(reading)
        if ended is None and not lenient:
            self._learn(reading, jobs)
            passing = [error for job in reading if (error := job.read.passing_failure) is not None]
            ended = passing[0] if len(passing) >= max(2, len(reading) * TOO_MANY_FAILURES) else None
        if ended is None:
            return jobs, None
        return [job for job in read if job.read.passing_failure is None], ended

    def _ask(self, jobs: Sequence[Job]) -> tuple[list[Job], ArkivError | None]:
        """The jobs that were read to their end, and what kept the others from it."""
        self._owe(jobs)
        ended: ArkivError | None = None
        asked = [self.pool.submit(self._read_one, job) for job in jobs]
        try:
            for answer in asked:
                answer.result()
        except ArkivError as error:
            ended = error
            wait([answer for answer in asked if not answer.cancel()])
            self._absolve([job for job, each in zip(jobs, asked, strict=True) if not (_is_well(each) or job.left)])
        finally:
            for answer in asked:
                answer.cancel()
        read = []
        for job, answer in zip(jobs, asked, strict=True):
            if _is_well(answer):
                job.read = answer.result()
                self.openings += job.read.opened
                read.append(job)
        return read, ended

    def _absolve(self, jobs: Sequence[Job]) -> None:
        """Takes the duties back of openings that never left."""
        at = instant_text(self.now())
        rows = [aftermath(job.duty, Restoring("unread"), at) for job in jobs if job.duty is not None]
        if rows:
            who: Row = {"connection": self.reader.connection, "identity": self.reader.identity, "opened_at": None}
            self.shelf.write(Batch(at=at, duties=[row | who for row in rows]))

    def _read_one(self, job: Job) -> DialogRead:
        held = {kind: payload.body for kind, payload in job.held.items()}

        def opens() -> bool:
            if job.duty is not None and self._marks is not None:
                self._marks.take(job.duty.party)
            return may_leave(self.inbox, self.reader.policy, job, self.fetched, self.now, self.tell)

        read = read_dialog(self.inbox, job.plan, held, job.sighting.raw, job.duty, opens)
        if self._marks is not None:
            self._marks.heard(job.sighting.signals.party, read.restoring)
        return read

    def _learn(self, read_now: Sequence[Job], jobs: Sequence[Job]) -> None:
        """What the answers tell of the services' levels, and the levels of what they do not tell."""
        for job in read_now:
            service, read = job.sighting.signals.service_resource, job.read
            if read.access == LEVEL_TOO_LOW or read.bodies:
                self.levels.noted(service, read.access == LEVEL_TOO_LOW)
        for job in jobs:
            if job.known is None and not job.read.bodies and self.levels.known(job.sighting.signals.service_resource):
                job.access = LEVEL_TOO_LOW

    def _owe(self, jobs: Sequence[Job]) -> None:
        """Makes the duties of these jobs' openings durable: when this returns, the openings may leave."""
        rows: list[Row] = []
        at = instant_text(self.now())
        for job in jobs:
            if job.plan.opens and self.reader.policy.must_restore(job.sighting.signals):
                job.duty = owed(job.sighting.item, job.sighting.signals)
                if job.duty is None:
                    job.plan = replace(job.plan, opens=False)
                else:
                    rows.append(job.duty.row(self.reader.connection, self.reader.identity, at))
        if rows:
            if self._marks is None:
                standing = self.shelf.standing_duties(self.reader.connection, self.reader.identity)
                self._marks = Marks(standing)
            self.shelf.record_duties(rows)


def _is_well(answer: Future[DialogRead]) -> bool:
    return answer.done() and not answer.cancelled() and answer.exception() is None
