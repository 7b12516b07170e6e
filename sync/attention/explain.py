"""Why a verdict is what it is: the ranked signals in the evidence, the rules in their order, what would change it.

Nothing here decides; it tells of what `interpret` decided. Ranks are those of the producers reference §8.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.attention.case import Case
from sync.attention.evidence import Subject
from sync.attention.interpret import interpret
from sync.attention.producers import Producers, shipped
from sync.attention.rules import NO_RULES, OperatorRules, applied
from sync.attention.verdict import NextStep, Verdict


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal with its rank (1 is the strongest) and what it says here."""

    rank: int
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with the signals behind it, strongest first, and what would change it."""

    verdict: Verdict
    signals: tuple[Signal, ...]
    would_change: tuple[str, ...]


def explain(
    subject: Subject, now: datetime, rules: Producers | None = None, operator: OperatorRules = NO_RULES
) -> Explanation:
    """The verdict of `interpret` with the operator's rules laid upon it, explained in English."""
    producers = rules if rules is not None else shipped()
    verdict, rule = applied(interpret(subject, now, producers), subject, operator, now)
    changes = would_change(verdict, subject)
    if rule is not None:
        changes = (f"Your own rule ({operator.told(rule)}) being changed or taken away.", *changes)
    return Explanation(verdict, signals_of(Case(subject, now, producers)), changes)


def signals_of(case: Case) -> tuple[Signal, ...]:
    """Every signal that the evidence holds, strongest first."""
    subject, talk = case.subject, case.conversation
    found: list[Signal] = []

    def say(rank: int, name: str, says: str) -> None:
        found.append(Signal(rank, name, says))

    if subject.refusal is not None:
        say(1, "details refused", f"HTTP {subject.refusal.status}")
    if case.confirmed_at is not None:
        say(2, "CorrespondenceConfirmed", _at(case.confirmed_at))
    if case.confirmations:
        say(3, "confirm action", "offered" if case.confirmations.any_authorized else "offered, but not to us")
    if subject.status == "Completed":
        say(4, "status", "Completed")
    for each in talk.open_rejections:
        say(5, "open rejection", _at(each.at))
    for each in talk.open_requests:
        say(5, "open request", _at(each.at))
    if talk.answered_last and talk.last is not None:
        say(6, "the party spoke last", _at(talk.last.at))
    if case.stage is not None:
        say(7, "process step without its closer", f"{case.stage.step}, {_at(case.stage.at)}")
    rank = {"Awaiting": 8, "RequiresAttention": 9, "Draft": 10, "InProgress": 16, "NotApplicable": 20}.get(
        subject.status
    )
    if rank is not None:
        say(rank, "status", subject.status)
    if subject.extended_status:
        meaning = case.producers.status_meaning(subject.org, subject.resource, subject.extended_status)
        say(11, "extendedStatus", f"{subject.extended_status} ({meaning or 'not known, ignored'})")
    for action in case.forward.api:
        say(12, "writing API action", f"{action.name or action.action}, {_ours(action.authorized)}")
    if subject.due_at is not None:
        say(13, "dueAt", _at(subject.due_at))
    if case.fingerprint is not None:
        say(14, "texts", f"{case.fingerprint.state} ({case.fingerprint.source})")
    for label in subject.labels:
        if label in ("Bin", "Archive"):
            say(15, "label", label)
    for button in case.forward.gui:
        say(17, "button", f"{button.title.best('nb', 'en') or button.action}, {_ours(button.authorized)}")
    if subject.human_seen_at is not None:
        say(18, "seen by a person", _at(subject.human_seen_at))
    for each in case.unread_messages:
        say(19 if each.kind == "alert" else 18, f"unread {each.kind}", _at(each.at))
    return tuple(sorted(found, key=lambda each: each.rank))


_CHANGES: dict[NextStep, str] = {
    "none": "A new message, a new status or a new action.",
    "wait": "A new message, a new status, or an action offered to you.",
    "read": "A person opening it, or its being logged as opened.",
    "confirm": "The confirmation being logged.",
    "fill_in": "The form being submitted.",
    "submit": "The form being submitted.",
    "sign": "The signature being logged.",
    "pay": "The payment or the submission being logged.",
    "answer_request": "An answer, an acceptance or a withdrawal of the request.",
    "correct": "A new submission, or an acceptance.",
    "review": "Any word from the producer that says what is expected.",
    "get_access": "The right being granted to us.",
    "raise_auth_level": "A login at a higher level.",
    "migrate_endpoint": "A newer endpoint beside the deprecated one.",
}


def would_change(verdict: Verdict, subject: Subject) -> tuple[str, ...]:
    """What would give another verdict, most telling first."""
    changes = [_CHANGES[verdict.next_step]]
    if not subject.details_known and subject.refusal is None:
        changes.insert(0, "Opening the dialog: its actions, its content and its expiry are not known.")
    if subject.messages_missing:
        changes.insert(0, "Fetching the messages that the list counts and that the archive does not hold.")
    if verdict.next_step not in ("none", "wait") and not verdict.needs_attention:
        changes.append("Time: it asks for attention when it is due within 14 days or untouched for 30.")
    return tuple(changes)


def _at(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _ours(authorized: bool) -> str:
    return "ours" if authorized else "not ours"
