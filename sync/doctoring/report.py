"""The outcome of an examination, as data: checks in order, and the exit code that they amount to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["ok", "warning", "failed", "skipped"]
Fact = str | int | float | bool | None | list[str] | Mapping[str, str]

OURS = ("config", "key", "next_key", "vault", "rules", "clock", "archive")
"""Checks of what is on this machine: while one of them fails, no pass does anything."""


@dataclass(frozen=True, slots=True)
class Check:
    """One question and its answer.

    `sentence` says what is so; for a failure `causes` are the likely reasons, likeliest first, and `remedy` what to do.
    `facts` are what a machine or a service desk wants to know; never a token, a private key or a national id.
    `exit_code` is that of a failure when nothing else is the matter.
    """

    name: str
    outcome: Outcome
    sentence: str
    causes: tuple[str, ...] = ()
    remedy: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)
    exit_code: int = 0

    def as_document(self) -> dict[str, object]:
        """The JSON contract of a check."""
        return {
            "name": self.name,
            "outcome": self.outcome,
            "sentence": self.sentence,
            "causes": list(self.causes),
            "remedy": self.remedy,
            "facts": dict(self.facts),
        }


@dataclass(frozen=True, slots=True)
class Examination:
    """One identity: a system user of a connection, or a connection that is one person or one token."""

    connection: str
    kind: str
    identity: str
    checks: tuple[Check, ...]

    @property
    def failures(self) -> list[Check]:
        return [check for check in self.checks if check.outcome == "failed"]

    @property
    def worked(self) -> bool:
        """Whether anything was tried and nothing failed."""
        return not self.failures and any(check.outcome != "skipped" for check in self.checks)


@dataclass(frozen=True, slots=True)
class Report:
    """`general` is about this machine (settings, archive), `examinations` about each identity."""

    general: tuple[Check, ...]
    examinations: tuple[Examination, ...] = ()

    def checks(self) -> Iterator[Check]:
        yield from self.general
        for examination in self.examinations:
            yield from examination.checks

    @property
    def exit_code(self) -> int:
        """0 unless something failed. 2 what is wrong on this machine; with some identity in order, 4; with none, 3 a
        person must mend an access, 5 the servers cannot be reached, whichever is anybody's to act on first.
        """
        failed = [check for check in self.checks() if check.outcome == "failed"]
        if not failed:
            return 0
        if any(check.name in OURS and check.exit_code == 2 for check in failed):
            return 2
        if any(examination.worked for examination in self.examinations):
            return 4
        codes = [examination.failures[0].exit_code for examination in self.examinations if examination.failures]
        codes += [check.exit_code for check in self.general if check.outcome == "failed"]
        return next((code for code in (1, 2, 3, 5) if code in codes), 4)

    def as_document(self) -> dict[str, object]:
        """The JSON contract of `dialogarkiv doctor --json`."""
        return {
            "exit_code": self.exit_code,
            "general": [check.as_document() for check in self.general],
            "connections": [
                {
                    "connection": examination.connection,
                    "kind": examination.kind,
                    "system_user": examination.identity or None,
                    "checks": [check.as_document() for check in examination.checks],
                }
                for examination in self.examinations
            ],
        }


def ok(name: str, sentence: str, **facts: Fact) -> Check:
    return Check(name, "ok", sentence, facts=facts)


def skipped(name: str, because: str) -> Check:
    """Not asked, and why."""
    return Check(name, "skipped", because)


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 party`, `2 parties`."""
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"
