"""The operator's own rules: read from TOML, refused with file, line and key where they are wrong, applied to a verdict.

The first rule that fits a dialog decides, and no other is looked at. It is applied to the finished verdict, as data:
what the shipped table and the decision order found stays in the trace.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path

from sync.attention.because import instruction
from sync.attention.deadlines import date_codes
from sync.attention.evidence import Subject
from sync.attention.verdict import Actor, Because, Considered, NextStep, Verdict

_DATES = ("due_soon", "overdue", "expires_soon")
PERSONS: frozenset[NextStep] = frozenset({"review", "get_access", "raise_auth_level", "migrate_endpoint"})


@dataclass(frozen=True, slots=True)
class OperatorRule:
    """One `[[rule]]`. What it names must all fit, each by one of its values; at least one thing is named, and at least
    one set.
    """

    line: int
    org: tuple[str, ...] = ()
    service_resource: tuple[str, ...] = ()  # patterns with *, without the prefix urn:altinn:resource:
    party: tuple[str, ...] = ()
    status: tuple[str, ...] = ()
    transmission_type: tuple[str, ...] = ()
    label: tuple[str, ...] = ()
    next_step: NextStep | None = None
    actor: Actor | None = None
    deadline: timedelta | None = None
    silence: bool = False
    note: str = ""

    def fits(self, subject: Subject) -> bool:
        """Whether this dialog is meant."""
        types = {each.type for each in subject.transmissions}
        return (
            (not self.org or subject.org in self.org)
            and (
                not self.service_resource or any(fnmatchcase(subject.resource, each) for each in self.service_resource)
            )
            and (not self.party or subject.party in self.party)
            and (not self.status or subject.status in self.status)
            and (not self.transmission_type or not types.isdisjoint(self.transmission_type))
            and (not self.label or not set(subject.labels).isdisjoint(self.label))
        )


def digest_of(rules: bytes) -> str:
    """Names an interpretation: this program's own, and the operator's rules. Another one judges everything anew."""
    found = hashlib.blake2b(rules, digest_size=8)
    folder = files("sync.attention")
    for each in sorted((part for part in folder.iterdir() if part.is_file()), key=lambda part: part.name):
        if Path(each.name).suffix in (".py", ".toml"):
            found.update(each.read_bytes())
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class OperatorRules:
    """The rules of one file, in their order. `digest` names them and the interpretation that they are laid upon."""

    name: str = ""
    rules: Sequence[OperatorRule] = ()
    digest: str = field(default_factory=lambda: digest_of(b""))

    def of(self, subject: Subject) -> OperatorRule | None:
        """The rule that decides for this dialog; none for one that is gone or refused."""
        if subject.refusal is not None and subject.refusal.status in (404, 410):
            return None
        return next((each for each in self.rules if each.fits(subject)), None)

    def told(self, rule: OperatorRule) -> str:
        """Where a rule stands and what it sets."""
        sets = [f"{key} = {value}" for key, value in (("next_step", rule.next_step), ("actor", rule.actor)) if value]
        sets += [f"deadline {_signed(rule.deadline)}"] if rule.deadline is not None else []
        sets += ["silence"] if rule.silence else []
        sets += ["note"] if rule.note else []
        return f"{self.name}, line {rule.line}: {', '.join(sets)}"


NO_RULES = OperatorRules()


def applied(
    verdict: Verdict, subject: Subject, rules: OperatorRules, now: datetime
) -> tuple[Verdict, OperatorRule | None]:
    """The verdict with the operator's rule laid upon it, and that rule. A silenced one needs no attention."""
    rule = rules.of(subject)
    if rule is None:
        return verdict, None
    step = rule.next_step or verdict.next_step
    actor = _actor(step, rule, verdict)
    deadline = _deadline(step, rule, verdict, subject)
    reasons = [code for code in verdict.reasons if code not in _DATES or deadline == verdict.deadline]
    if deadline is not None and deadline != verdict.deadline:
        reasons += date_codes(deadline, now, "due_soon")
    if deadline is not None:
        reasons = [code for code in reasons if code != "no_deadline"]
    needed = step not in ("none", "wait")
    if "draft_fresh" in reasons and step == verdict.next_step:
        needed = not set(reasons).isdisjoint(("due_soon", "overdue"))
    changed = (step, actor, deadline) != (verdict.next_step, verdict.actor, verdict.deadline)
    return (
        replace(
            verdict,
            needs_attention=needed and not rule.silence,
            next_step=step,
            actor=actor,
            deadline=deadline,
            reasons=tuple(dict.fromkeys([*reasons, "operator_rule"])),
            because=Because(
                nb=_words(verdict.because.nb, rule, (step, actor, deadline) if changed else None, now, 0),
                en=_words(verdict.because.en, rule, (step, actor, deadline) if changed else None, now, 1),
            ),
            rule="operator_rule",
            trace=(*verdict.trace, Considered("operator_rule", rules.told(rule))),
        ),
        rule,
    )


def _actor(step: NextStep, rule: OperatorRule, verdict: Verdict) -> Actor:
    if step in ("none", "wait"):
        return "none" if step == "none" else "service_owner"
    if rule.actor is not None:
        return "person" if step in PERSONS else rule.actor
    if step == verdict.next_step:
        return verdict.actor
    return verdict.actor if verdict.actor == "machine" and step not in PERSONS else "person"


def _deadline(step: NextStep, rule: OperatorRule, verdict: Verdict, subject: Subject) -> datetime | None:
    if step in ("none", "wait"):
        return None
    standing = verdict.deadline
    if standing is None and step != verdict.next_step:
        standing = subject.due_at or subject.expires_at
    if standing is None or rule.deadline is None:
        return standing
    try:
        return standing + rule.deadline
    except OverflowError:  # a date of the year 1 or 9999 says "never"
        return standing


_Set = tuple[NextStep, Actor, "datetime | None"]


def _words(evidence: str, rule: OperatorRule, sets: _Set | None, now: datetime, language: int) -> str:
    parts = [evidence]
    if sets is not None:
        step, actor, deadline = sets
        lead = ("Etter egen regel: ", "By your own rule: ")[language]
        none = ("ingenting å gjøre.", "nothing to do.")[language]
        parts.append(
            lead + (none if step in ("none", "wait") else _lower(instruction(step, actor, deadline, now, language)))
        )
    if rule.silence:
        parts.append(("Egen regel: ingen varsling.", "Your own rule keeps it silent.")[language])
    if rule.note:
        parts.append(rule.note if rule.note.endswith((".", "!", "?")) else f"{rule.note}.")
    return " ".join(parts)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _signed(by: timedelta) -> str:
    seconds = round(by.total_seconds())
    sign = "-" if seconds < 0 else "+"
    unit, size = next((u, s) for u, s in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)) if not seconds % s)
    return f"{sign}{abs(seconds) // size}{unit}"
