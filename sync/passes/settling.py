"""The first thing a run does: settle the unread marks that an earlier one left owed.

A crash, a lost answer or a server that went away may have come between an opening and the mark that it owes. What is
owed stands in the archive; what must be done follows from what the dialog is now.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from store.batch import Batch, CurrentPayload, Known, Row
from store.clock import instant_text
from sync.dialogporten.errors import ArkivError, BadBody, Busy, HttpRefusal, Stopped, Unreachable
from sync.passes.bodies import MalformedItem
from sync.passes.canonical import list_digest
from sync.passes.duties import Duty, recorded
from sync.passes.filing import Job, Reader, filed
from sync.passes.normalise import checked_item
from sync.passes.opening import with_state
from sync.passes.planner import DialogPlan
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.restoring import Restoring, aftermath, settle, tell_duty
from sync.passes.sighting import Sighting
from sync.passes.signals import signals

AT_ONCE = 20  # duties to a transaction
DOWN = 2  # so many lost answers in a row are the server's, not the dialog's


@dataclass(slots=True)
class DutyReport:
    """What became of the duties that were due. `standing` are still owed or were given up; `error` or a
    stop ended it early.
    """

    settled: int = 0
    restored: int = 0
    standing: int = 0
    error: ArkivError | None = None
    stopped: bool = False


def settle_duties(
    reader: Reader, inbox: Inbox, shelf: Shelf, pool: Executor, now: Callable[[], datetime], told: Told
) -> DutyReport:
    """Settles what this identity owes and what is due. Never raises what belongs to the outside world.

    Idempotent: what was settled before a crash could tell of it is found settled. Asks for nothing when nothing is
    owed.
    """
    return _Settler(reader, inbox, shelf, pool, now, told).run()


@dataclass(slots=True)
class _Settler:
    reader: Reader
    inbox: Inbox
    shelf: Shelf
    pool: Executor
    now: Callable[[], datetime]
    told: Told

    def run(self) -> DutyReport:
        report = DutyReport()
        rows = self.shelf.standing_duties(self.reader.connection, self.reader.identity, instant_text(self.now()))
        duties = [recorded(row) for row in rows]
        if not duties:
            return report
        # The first alone: after an outage one request at a time tells whether the server is back.
        bounds = [0, *range(1, len(duties), AT_ONCE), len(duties)]
        for start, end in pairwise(bounds):
            part = duties[start:end]
            tried = [self.pool.submit(self._settle, duty) for duty in part]
            self._write(part, [each.result() for each in tried], report)
            if report.error is not None or report.stopped:
                break
        return report

    def _settle(self, duty: Duty) -> tuple[Restoring | ArkivError, Mapping[str, bytes]]:
        try:
            found = settle(self.inbox, duty, None, None, answered=False)
            logs = {} if found.item is None else self._logs(duty.dialog_id, found)
        except ArkivError as error:
            return error, {}
        return found, logs

    def _logs(self, dialog_id: str, found: Restoring) -> dict[str, bytes]:
        logs = {} if found.seenlog is None else {"seenlog": found.seenlog}
        with suppress(BadBody, HttpRefusal, Unreachable):  # the next read of the dialog brings it
            logs["labellog"] = self.inbox.labellog(dialog_id)
        return logs

    def _write(
        self,
        duties: Sequence[Duty],
        tried: Sequence[tuple[Restoring | ArkivError, Mapping[str, bytes]]],
        report: DutyReport,
    ) -> None:
        batch = Batch(at=instant_text(self.now()))
        ids = [duty.dialog_id for duty in duties]
        known = self.shelf.known(ids)
        held = self.shelf.payloads(list(known))
        lost = 0
        for duty, (found, logs) in zip(duties, tried, strict=True):
            if isinstance(found, Stopped):
                report.stopped = True
                report.standing += 1
                continue
            if isinstance(found, ArkivError):
                report.error = report.error or found
                report.standing += 1
                continue  # stands as it was: this says nothing of the dialog
            lost = lost + 1 if isinstance(found.error, Unreachable | Busy) else 0
            if lost == DOWN:
                report.error = report.error or found.error
            row = aftermath(duty, found, batch.at)
            who: Row = {"connection": self.reader.connection, "identity": self.reader.identity}
            batch.duties.append(who | {key: value for key, value in row.items() if key != "opened_at"})
            failed = tell_duty(self._tell, row)
            report.standing += failed
            report.settled += row.get("settled_at") is not None and not failed
            report.restored += found.outcome == "restored"
            self._file(batch, known.get(duty.dialog_id), held.get(duty.dialog_id, {}), found, logs)
        self.shelf.write(batch)

    def _file(
        self,
        batch: Batch,
        known: Known | None,
        held: Mapping[str, CurrentPayload],
        found: Restoring,
        logs: Mapping[str, bytes],
    ) -> None:
        """Seen state and labels of a dialog that the archive holds: no list tells of them again before the sweep."""
        if known is None or known.presence != "present" or found.item is None or "list" not in held:
            return
        try:
            raw = with_state(held["list"].body, found.item)
            item = checked_item(raw)
        except MalformedItem:
            return  # the next list of the mailbox tells
        sighting = Sighting(raw, known.list_digest or list_digest(raw), item, signals(item))
        job = Job(sighting, known, held, DialogPlan(known.id), delegated=None)
        job.read.bodies.update(logs)
        rows, _ = filed(job, self.reader, batch.at)
        if rows is not None and rows.payloads:
            batch.dialogs.append(rows)

    def _tell(self, event: str, **fields: object) -> None:
        self.told(event, {"connection": self.reader.connection, "identity": self.reader.identity, **fields})
