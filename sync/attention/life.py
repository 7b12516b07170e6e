"""The life of an attention item, as a truth table: what happens to it when its dialog was judged anew.

An item is closed once. What comes back later is a new item that follows it, so that a closed one keeps its history.
What a person has done stays done until there is new evidence: the clock alone never brings it back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sync.attention.evidence import Subject
from sync.attention.verdict import NextStep

# What a reader leaves behind: no word of the producer's, so no new evidence.
READING = frozenset({"TransmissionOpened", "CorrespondenceOpened", "DialogOpened", "DialogClosed"})

Move = Literal["open", "reopen", "change", "overdue", "refresh", "wake", "close", "hold"]


@dataclass(frozen=True, slots=True)
class Item:
    """The newest item of a dialog. `closed_by` is empty while it is open; `text` is everything else that it shows."""

    next_step: str
    actor: str
    deadline: str | None
    overdue: bool
    evidence: str
    text: str = ""
    snoozed_until: datetime | None = None
    closed_by: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the judging found. `wanted`: it needs attention, its dialog is present and no rule silences it. `certain`:
    what it rests on was read lately, or does not change silently.
    """

    wanted: bool
    next_step: str
    actor: str
    deadline: str | None
    overdue: bool
    evidence: str
    text: str = ""
    certain: bool = True


def moves(item: Item | None, found: Finding, now: datetime) -> tuple[Move, ...]:
    """What happens to the item, in order. Nothing, most of the time.

    | item            | wanted | certain | what differs              | moves            |
    |-----------------|--------|---------|---------------------------|------------------|
    | none, or closed by evidence or a rule | no | | |                 |
    |                 | yes    | yes     |                           | open             |
    |                 | yes    | no      |                           | hold             |
    | done by hand    | any    |         | nothing                   |                  |
    |                 | yes    | yes     | evidence                  | reopen           |
    |                 | yes    | no      | evidence                  | hold             |
    | open            | no     |         |                           | close            |
    |                 | yes    | no      | step, actor, deadline, newly overdue | hold  |
    |                 | yes    | yes     | step, actor or deadline   | change           |
    |                 | yes    | yes     | newly overdue             | overdue          |
    |                 | yes    |         | words, evidence           | refresh          |
    | open and snoozed| yes    |         | evidence, or its time has come | … and wake  |
    """
    if item is None or item.closed_by:
        if not found.wanted or (item is not None and item.closed_by == "hand" and item.evidence == found.evidence):
            return ()
        if not found.certain:
            return ("hold",)
        return ("reopen",) if item is not None and item.closed_by == "hand" else ("open",)
    if not found.wanted:
        return ("close",)
    return tuple(_standing(item, found, now))


def _standing(item: Item, found: Finding, now: datetime) -> Iterator[Move]:
    before = (item.next_step, item.actor, item.deadline)
    differs = before != (found.next_step, found.actor, found.deadline)
    newly_overdue = found.overdue and not item.overdue
    if (differs or newly_overdue) and not found.certain:
        yield "hold"
        return
    if differs:
        yield "change"
    elif newly_overdue:
        yield "overdue"
    elif item.text != found.text or item.evidence != found.evidence:
        yield "refresh"
    until = item.snoozed_until
    if until is not None and (until <= now or item.evidence != found.evidence):
        yield "wake"


def evidence_of(subject: Subject, step: NextStep) -> str:
    """A digest of what producers and parties have said, and of the step it comes to; 16 hexadecimal digits.

    Reading, labels, rights and everything that is known only of an opened dialog stay out of it: opening a dialog, or
    filing it, is no new evidence. That its content was updated is (reference: producers §1 P8): a status that was taken
    back and set again asks anew.
    """
    said: list[object] = [step, subject.status, subject.extended_status, subject.due_at, subject.content_updated_at]
    said += [subject.title.values, subject.summary.values, subject.status_label.values]
    said += [(each.id, each.type, each.extended_type) for each in subject.transmissions]
    said += [(each.id, each.type, each.at) for each in subject.activities if each.type not in READING]
    return hashlib.blake2b(repr(said).encode(), digest_size=8).hexdigest()


def changes_silently(subject: Subject, step: NextStep) -> bool:
    """Whether what this step rests on may be over without any time having moved (reference: producers §1 P9).

    Correspondence confirms and opens silently, also what it sent into another's dialog; nobody else is known to end an
    obligation so.
    """
    if subject.refusal is not None:
        return False
    if subject.correspondence:
        return step in ("confirm", "read", "review")
    return step == "read" and any(each.at_correspondence and not each.opened for each in subject.transmissions)
