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
    accepted_at: datetime | None = None
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
        return self.accepted_at is not None and self.accepted_at >= rejection.at


def conversation_of(subject: Subject, producers: Producers) -> Conversation:
    """Sort out who asked, who answered and what still stands."""
    if not subject.transmissions:
        withdrawn = producers.status_meaning(subject.org, subject.resource, subject.extended_status) == "withdrawal"
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
    stands, ended = sorted_out(counted)
    open_rejections = tuple(each for each in stands if each.kind == "rejection")
    return Conversation(
        messages=tuple(messages),
        open_requests=tuple(each for each in stands if each.kind == "request"),
        open_rejections=open_rejections,
        closed_requests=tuple(each for each in ended if each.kind == "request"),
        closed_rejections=tuple(each for each in ended if each.kind == "rejection"),
        last=counted[-1] if counted else None,
        party_spoke_at=max((each.at for each in counted if each.kind == "answer" or each.accepted), default=None),
        accepted_stands=accepted_before(open_rejections, counted),
        accepted_at=max((each.at for each in messages if each.kind == "acceptance" or each.accepted), default=None),
        withdrawn_by_status=producers.status_meaning(subject.org, subject.resource, subject.extended_status)
        == "withdrawal",
    )


def kind_of(subject: Subject, sent: Transmission, requested: bool, producers: Producers) -> tuple[Kind, bool]:
    """What a transmission means, and whether it tells that an answer stands accepted.

    The type decides, but for what the producers' table knows, for a Correction by the service owner after a request
    (a withdrawal), and for a letter of Correspondence, whose sender may choose any type, the party's own included.
    """
    meaning = producers.meaning(subject.org, subject.resource, sent.extended_type)
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
    if producers.is_receipt(subject.org, subject.resource, sent.extended_type, sent.title):
        return "receipt", False
    return "information", False


def sorted_out(counted: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """The requests and rejections that stand open, and those that a later answer, acceptance or withdrawal closed: one
    of the same group, or one that carries no relation at all. Both in order; told in one pass from the newest back.
    """
    stands: list[Message] = []
    ended: list[Message] = []
    groups: set[str] = set()
    everything = False
    for each in reversed(counted):
        if each.kind in CLOSERS or each.kind == "withdrawal":
            groups.add(each.group)
            everything = everything or not each.transmission.related
        else:
            (ended if everything or each.group in groups else stands).append(each)
    return stands[::-1], ended[::-1]


def accepted_before(rejections: Sequence[Message], counted: Sequence[Message]) -> bool:
    """True when there are rejections, and each has an older accepted answer of its group, or any where it carries no
    relation: the accepted one stands.
    """
    first: dict[str, datetime] = {}
    for each in counted:
        if each.kind == "acceptance" or each.accepted:
            for name in (each.group, ""):
                first[name] = min(first.get(name, each.at), each.at)

    def stands(rejection: Message) -> bool:
        accepted = first.get(rejection.group if rejection.transmission.related else "")
        return accepted is not None and accepted <= rejection.at

    return bool(rejections) and all(map(stands, rejections))


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
    related = {each.id: each.related for each in sent if each.related}
    depths: dict[str, int] = {each.id: 0 for each in sent if not each.related}
    for each in sent:
        walked: dict[str, int] = {}  # id → place on the walk
        at = each.id
        while at in related and at not in depths and at not in walked:
            walked[at] = len(walked)
            at = related[at]
        # Those that stand in a ring stand equally deep; what leads into it stands below.
        ring = len(walked) - walked[at] if at in walked else 0
        depth = ring - 1 if ring else depths.get(at, 0)
        for name in reversed(walked):
            in_ring = ring and walked[name] >= walked[at]
            depth += 0 if in_ring else 1
            depths[name] = depth
    return depths
