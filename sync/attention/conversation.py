"""The conversation in a dialog's transmissions: what is asked, what is answered, what is taken back.

Ranks 5, 6 and 11 of the producers reference §8. Information, Alert and Decision take no part in it. An answer closes
what stands in its relation group (all transmissions connected through relatedTransmissionId, in any direction), and
one that carries no relation at all closes whatever stands before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sync.attention.evidence import Subject, Transmission
from sync.attention.producers import Producers

Kind = Literal[
    "request", "rejection", "answer", "acceptance", "withdrawal", "information", "alert", "decision", "receipt"
]

CLOSERS: frozenset[Kind] = frozenset({"answer", "acceptance"})
COUNTED: frozenset[Kind] = frozenset({"request", "rejection", "answer", "acceptance", "withdrawal"})
TO_READ: frozenset[Kind] = frozenset({"information", "alert", "decision"})


@dataclass(frozen=True, slots=True)
class Message:
    """A transmission and what it means in the conversation. `accepted` marks an answer the owner has accepted."""

    transmission: Transmission
    kind: Kind
    group: str
    accepted: bool = False

    @property
    def at(self) -> datetime:
        """When it was sent."""
        return self.transmission.at


@dataclass(frozen=True, slots=True)
class Conversation:
    """The state of the conversation. Messages are in time order."""

    messages: tuple[Message, ...] = ()
    open_requests: tuple[Message, ...] = ()
    open_rejections: tuple[Message, ...] = ()
    closed_requests: tuple[Message, ...] = ()
    closed_rejections: tuple[Message, ...] = ()
    last: Message | None = None
    party_spoke_at: datetime | None = None
    accepted_stands: bool = False
    withdrawn_by_status: bool = False

    @property
    def newest_open(self) -> datetime | None:
        """When the newest thing that is still open was sent."""
        times = [each.at for each in (*self.open_requests, *self.open_rejections)]
        return max(times) if times else None

    @property
    def withdrawn(self) -> bool:
        """True when the owner's last word took back what it had asked for, and nothing else is open."""
        if self.open_requests or self.open_rejections:
            return False
        return self.last is not None and self.last.kind == "withdrawal"

    @property
    def answered_last(self) -> bool:
        """True when the party's own message is the newest that counts."""
        return self.last is not None and self.last.kind == "answer"

    @property
    def settled(self) -> bool:
        """True when an answer, an acceptance or a withdrawal is the last word and nothing is open."""
        if self.open_requests or self.open_rejections:
            return False
        return self.last is not None and self.last.kind in ("answer", "acceptance", "withdrawal")

    def has_later_acceptance(self, rejection: Message) -> bool:
        """True when anything was accepted after this rejection."""
        return any((each.kind == "acceptance" or each.accepted) and each.at >= rejection.at for each in self.messages)


def conversation_of(subject: Subject, producers: Producers) -> Conversation:
    """Sort out who asked, who answered and what still stands."""
    if not subject.transmissions:
        withdrawn = producers.status_meaning(subject.org, subject.extended_status) == "withdrawal"
        return Conversation(withdrawn_by_status=withdrawn)
    groups = relation_groups(subject.transmissions)
    depth = relation_depth(subject.transmissions)
    in_order = sorted(subject.transmissions, key=lambda each: (each.at, depth[each.id], each.id))
    messages: list[Message] = []
    requested = False
    for sent in in_order:
        kind, accepted = kind_of(subject, sent, requested, producers)
        requested = requested or kind == "request"
        messages.append(Message(sent, kind, groups[sent.id], accepted))

    counted = [each for each in messages if each.kind in COUNTED]
    open_requests: list[Message] = []
    open_rejections: list[Message] = []
    closed_requests: list[Message] = []
    closed_rejections: list[Message] = []
    for place, each in enumerate(counted):
        later = counted[place + 1 :]
        if each.kind == "request":
            (closed_requests if closed(each, later) else open_requests).append(each)
        elif each.kind == "rejection":
            (closed_rejections if closed(each, later) else open_rejections).append(each)

    return Conversation(
        messages=tuple(messages),
        open_requests=tuple(open_requests),
        open_rejections=tuple(open_rejections),
        closed_requests=tuple(closed_requests),
        closed_rejections=tuple(closed_rejections),
        last=counted[-1] if counted else None,
        party_spoke_at=max((each.at for each in counted if each.kind == "answer" or each.accepted), default=None),
        accepted_stands=bool(open_rejections) and all(accepted_before(each, counted) for each in open_rejections),
        withdrawn_by_status=producers.status_meaning(subject.org, subject.extended_status) == "withdrawal",
    )


def kind_of(subject: Subject, sent: Transmission, requested: bool, producers: Producers) -> tuple[Kind, bool]:
    """What a transmission means, and whether it tells that an answer stands accepted.

    The type decides, but for what the producers' table knows, for a Correction by the service owner after a request
    (a withdrawal), and for a letter of Correspondence, whose sender may choose any type, the party's own included.
    """
    meaning = producers.meaning(subject.org, sent.extended_type)
    if meaning == "withdrawal":
        return "withdrawal", False
    if sent.type == "Acceptance":
        return "acceptance", True
    if sent.type in ("Submission", "Correction"):
        if sent.at_correspondence:
            return "information", False
        if sent.type == "Correction" and sent.by_service_owner and requested:
            return "withdrawal", False
        return "answer", meaning == "accepted"
    if sent.type == "Request":
        return "request", False
    if sent.type == "Rejection":
        return "rejection", False
    if sent.type == "Alert":
        return "alert", False
    if sent.type == "Decision":
        return "decision", False
    if meaning == "accepted":
        return "acceptance", True
    if meaning == "received":
        return "answer", False
    if producers.is_receipt(subject.org, sent.extended_type, sent.title):
        return "receipt", False
    return "information", False


def reaches(later: Message, earlier: Message) -> bool:
    """True when a later message concerns an earlier one: the same group, or no relation at all."""
    return not later.transmission.related or later.group == earlier.group


def closed(asked: Message, later: Sequence[Message]) -> bool:
    """True when a later answer, acceptance or withdrawal closes this request or rejection."""
    return any((each.kind in CLOSERS or each.kind == "withdrawal") and reaches(each, asked) for each in later)


def accepted_before(rejection: Message, counted: Sequence[Message]) -> bool:
    """True when an accepted answer of its group is older than this rejection: the accepted one stands."""
    return any(
        (each.kind == "acceptance" or each.accepted) and each.at <= rejection.at and reaches(rejection, each)
        for each in counted
    )


def relation_groups(sent: Sequence[Transmission]) -> dict[str, str]:
    """For each transmission the name of its relation group: the smallest id in it, missing targets included."""
    if not any(each.related for each in sent):
        return {each.id: each.id for each in sent}
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for each in sent:
        here = root(each.id)
        if each.related:
            there = root(each.related)
            if here != there:
                parent[max(here, there)] = min(here, there)
    return {each.id: root(each.id) for each in sent}


def relation_depth(sent: Sequence[Transmission]) -> dict[str, int]:
    """How far each stands below the root of its relations, so that an answer sorts after what it answers."""
    related = {each.id: each.related for each in sent}
    depths: dict[str, int] = {}
    for each in sent:
        depth, at, met = 0, each.id, {each.id}
        while (at := related.get(at, "")) and at not in met:
            depth += 1
            met.add(at)
        depths[each.id] = depth
    return depths
