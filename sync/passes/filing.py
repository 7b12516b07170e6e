"""From what was read of one dialog to its rows: bodies folded, a marking that we know of applied, unreadable bodies
set apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from store.batch import CurrentPayload, DialogRows, Known, Look, Row
from sync.dialogporten import wire
from sync.passes.bodies import Bodies, MalformedItem
from sync.passes.differences import Change
from sync.passes.duties import Duty
from sync.passes.levels import LEVEL_TOO_LOW
from sync.passes.normalise import RowContext, dialog_rows
from sync.passes.opening import OpeningPolicy, after_opening, with_state
from sync.passes.planner import DialogPlan
from sync.passes.reading import DialogRead
from sync.passes.remember import fold
from sync.passes.sighting import Sighting

_STATE = ("presence", "access", "texts_full", "details_status", "children_status")
_SWAPPED = ("content.title", "content.summary")


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose eyes: the identity, its opening policy and the display languages, best first."""

    connection: str
    identity: str
    policy: OpeningPolicy
    languages: tuple[str, ...]


class Job(msgspec.Struct):
    """One dialog that is new or differs: what is held of it, what to read, and in the end what the reads gave.

    `delegated` None leaves what the archive says of it; `access` is what is known of it without a read. `texts_differ`:
    title or summary differ from those that are held, and at a too low level that may be a swap. `changed`: more differs
    than what depends on who looks. `tried`: nothing does, and yet we may read it now.
    """

    sighting: Sighting
    known: Known | None
    held: Mapping[str, CurrentPayload]
    plan: DialogPlan
    delegated: bool | None
    access: str | None = None
    texts_differ: bool = False
    changed: bool = False
    tried: bool = False
    duty: Duty | None = None  # what its opening owes
    left: bool = False  # the opening is on its way, or has been
    read: DialogRead = msgspec.field(default_factory=DialogRead)

    @property
    def is_listed_only(self) -> bool:
        """Whether it is new and only the list has told of it."""
        return self.known is None and not self.plan.reads_anything

    @property
    def level_is_known(self) -> bool:
        """Whether a read, or what is known of the service, tells if our level is high enough."""
        read = self.read
        return bool(read.bodies) or self.access is not None or read.access != "full" or read.presence != "present"

    @property
    def level_too_low(self) -> bool:
        return LEVEL_TOO_LOW in (self.read.access, self.access)

    @property
    def keeps_texts(self) -> bool:
        """Whether the held texts stand: fuller than what a too low level shows, or nobody knows."""
        held = self.known is not None and self.known.texts_full
        return held and self.texts_differ and (self.level_too_low or not self.level_is_known)


def listed(job: Job, reader: Reader, at: str) -> DialogRows | None:
    """The rows of a new dialog that only the list has told of, as nearly all of a backfill are; None where `filed` must
    find out what is wrong with it.
    """
    sighting, access = job.sighting, job.access or "full"
    context = RowContext(
        now=at,
        connection=reader.connection,
        identity=reader.identity,
        delegated=bool(job.delegated),
        languages=reader.languages,
        access=access,
        texts_full=access != LEVEL_TOO_LOW,
        list_digest=sighting.digest,
    )
    try:
        rows = dialog_rows(sighting.signals.id, Bodies(sighting.raw), context, sighting.item)
    except MalformedItem:
        return None
    rows.is_new = True
    rows.payloads = {"list": sighting.raw}
    rows.dialog["children_read_at"] = None
    rows.dialog["looked_at"] = at
    return rows


def filed(job: Job, reader: Reader, at: str) -> tuple[DialogRows | None, list[tuple[MalformedItem, bytes | None]]]:
    """The rows of a job, and the fresh bodies that could not be read, each with its problem.

    A body that cannot be read is left out and the rest of the dialog is filed; None when the list item itself cannot
    be.
    """
    fresh = dict(job.read.bodies)
    fresh["list"] = _list_item(job)
    held = {kind: payload.body for kind, payload in job.held.items()}
    versions = {kind: payload.version for kind, payload in job.held.items()}
    old = None if job.known is None else Bodies.of(held)
    unreadable: list[tuple[MalformedItem, bytes | None]] = []
    while True:
        item = job.sighting.item if fresh.get("list") is job.sighting.raw else None
        try:
            rows = fold(
                job.plan.dialog_id,
                old,
                Bodies.of(held | fresh),
                _context(job, reader, at),
                versions=versions,
                item=item,
                keep_texts=job.keeps_texts,
            )
        except MalformedItem as problem:
            unreadable.append((problem, fresh.pop(problem.kind, None)))
            if problem.kind == "list" or unreadable[-1][1] is None:
                return None, unreadable
            continue
        if job.known is not None and job.known.presence != job.read.presence:
            rows.changes.append(_presence(job.plan.dialog_id, job.known.presence, job.read.presence, at))
        if job.known is not None and not job.known.texts_full and rows.dialog["texts_full"]:
            # What a higher level shows was there all along.
            rows.changes = [change for change in rows.changes if not str(change["what"]).startswith(_SWAPPED)]
        _leave_what_was_not_asked(rows, job, at)
        return rows, unreadable


def nothing_new(rows: DialogRows, job: Job) -> bool:
    """Whether a dialog that was read again stands as the archive holds it, so that nothing need be written."""
    known = job.known
    if known is None or rows.payloads or rows.changes:
        return False
    if job.delegated is not None and job.delegated != known.delegated:
        # That it came by its party is the last word where two readers differ: else each would overwrite the other.
        ours = known.reader == (rows.dialog["connection"], rows.dialog["identity"])
        if ours or known.delegated:
            return False
    return all(rows.dialog[name] == getattr(known, name) for name in _STATE)


def look(job: Job, at: str) -> Look:
    """That it was read again, for the archive to note."""
    asked, whole = "transmissions" in job.plan.before, job.read.refusal is None and not job.read.failures
    if "labellog" in job.plan.after and not (job.sighting.signals.transmissions_count or "transmissions" in job.held):
        asked = True  # all that the deep pass asks for where there are no transmissions
    return Look(job.plan.dialog_id, at if asked else None, at if job.read.opened else None, at if whole else None)


def refusal(reader: Reader, dialog_id: str, reason: str, at: str) -> Row:
    """A row of table refusal: this reader may not read the dialog as it stands (`denied`, `not_listed`)."""
    who: Row = {"connection": reader.connection, "identity": reader.identity}
    return {"dialog_id": dialog_id, **who, "reason": reason, "refused_at": at}


def _list_item(job: Job) -> bytes:
    """The list item as the server shows it by now, with what we did to it: no flicker of ours is ever stored."""
    restoring = job.read.restoring
    if restoring is not None and restoring.item is not None:
        return with_state(job.sighting.raw, restoring.item)
    return after_opening(job.sighting.raw) if marked(job) else job.sighting.raw


def marked(job: Job) -> bool:
    """Whether the opening is known to have marked the dialog as seen.

    A 200 has; a 500 may have, after it committed the mark (reference: end-user API §17.2): then our own seen record
    tells.
    """
    read = job.read
    if not read.opened:
        return False
    if read.details_status == 200:
        return True
    updated = job.sighting.signals.content_updated_at or ""
    try:
        records = wire.seenlog(read.bodies.get("seenlog", b"[]"))
        return any(r.is_current_end_user and r.seen_at and wire.instant(r.seen_at) >= updated for r in records)
    except ValueError:  # msgspec's errors are ValueErrors; the body is judged where it is filed
        return False


def _presence(dialog_id: str, before: str, after: str, at: str) -> Row:
    change = Change("presence", f'"{before}"', f'"{after}"')
    return change.row(dialog_id, at)


def _context(job: Job, reader: Reader, at: str) -> RowContext:
    read, known = job.read, job.known
    looked = bool(job.plan.reads_anything) or known is None
    access = read.access if looked or known is None else known.access
    if job.access is not None and (access == "full" or not looked):
        access = job.access
    digest = job.sighting.digest
    if known is not None and job.texts_differ and not job.level_is_known:
        digest = known.list_digest or digest  # so that the next pass looks again
    return RowContext(
        now=at,
        connection=reader.connection,
        identity=reader.identity,
        delegated=bool(job.delegated),
        languages=reader.languages,
        first_seen_at=None if known is None else known.first_seen_at,
        presence=read.presence,
        access=access,
        texts_full=access != LEVEL_TOO_LOW or (known is not None and known.texts_full),
        details_status=read.details_status if read.opened or known is None else known.details_status,
        details_problem=read.details_problem,
        opened_at=at if read.opened else (None if known is None else known.opened_at),
        children_status=read.children_status if looked or known is None else known.children_status,
        list_digest=digest,
    )


def _leave_what_was_not_asked(rows: DialogRows, job: Job, at: str) -> None:
    """An upsert sets the columns it is given: what this read says nothing of is not given."""
    asked = "transmissions" in job.plan.before
    if asked or job.known is None:
        rows.dialog["children_read_at"] = at if asked else None
    if job.known is None or "activities" in job.read.bodies:
        rows.dialog["looked_at"] = at
    if job.known is not None and not job.read.opened:
        del rows.dialog["details_problem"]
    if job.known is not None and job.delegated is None:
        del rows.dialog["delegated"]
