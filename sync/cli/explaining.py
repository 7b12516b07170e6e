"""What `attention explain` tells of one dialog: evidence, decision, what would change it, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click

from config.settings import Settings
from store.archive import Archive
from store.batch import Row
from store.clock import instant_text
from sync.attention import verdict_json
from sync.attention.evidence import Subject
from sync.attention.explain import Explanation, explain
from sync.attention.next_look import next_look
from sync.attention.request import Request, requests_for
from sync.attention.rule_file import load_rules
from sync.cli.output import day_and_minute, echo_table, shown
from sync.cli.verdicts import ACTORS, STEPS, deadline_words, echo_requests, in_language
from sync.passes.evaluate import subject_in


@dataclass(frozen=True, slots=True)
class Explained:
    """One dialog, judged anew from what the archive holds. `pending_since`: it waits for another read."""

    dialog_id: str
    subject: Subject
    explanation: Explanation
    requests: tuple[Request, ...]
    looks_again_at: str | None
    pending_since: str | None
    events: Sequence[Row]
    now: str


def explained(archive: Archive, dialog_id: str, settings: Settings, now: datetime) -> Explained | None:
    """None when the archive does not hold the dialog. Raises ConfigError for rules that cannot be used."""
    rules = load_rules(settings.attention.rules)
    dockets = archive.attention.dockets([dialog_id])
    if not dockets:
        return None
    subject = subject_in(dockets[0])
    explanation = explain(subject, now, operator=rules)
    turn = next_look(subject, explanation.verdict, now)
    verdict = dockets[0].verdict
    pending = None if verdict is None else verdict["pending_since"]
    return Explained(
        dialog_id,
        subject,
        explanation,
        requests_for(subject, explanation.verdict, now),
        None if turn is None else instant_text(turn),
        None if pending is None else str(pending),
        archive.attention.events(dialog_id),
        instant_text(now),
    )


def explanation_document(found: Explained) -> dict[str, Any]:
    """The JSON contract of `attention explain`."""
    verdict = found.explanation.verdict
    return {
        "dialog_id": found.dialog_id,
        "verdict": verdict_json(verdict),
        "rule": verdict.rule,
        "signals": [{"rank": s.rank, "name": s.name, "says": s.says} for s in found.explanation.signals],
        "trace": [{"rule": each.rule, "found": each.found} for each in verdict.trace],
        "would_change": list(found.explanation.would_change),
        "next_look_at": found.looks_again_at,
        "pending_since": found.pending_since,
        "requests": [each.as_json() for each in found.requests],
        "events": [{name: row[name] for name in _EVENT} for row in found.events],
    }


_EVENT = ("at", "what", "next_step", "actor", "deadline", "item_id")


def echo_explanation(found: Explained, languages: Sequence[str]) -> None:
    """The same for people."""
    verdict, subject = found.explanation.verdict, found.subject
    click.echo(shown(subject.title.best(*languages)) or "(no title)")
    deadline = None if verdict.deadline is None else instant_text(verdict.deadline)
    for name, value in (
        ("what", STEPS[verdict.next_step]),
        ("who", ACTORS[verdict.actor]),
        ("until", deadline_words(deadline, verdict.reasons, found.now)),
        ("because", in_language(verdict.because.nb, verdict.because.en, languages)),
        ("reasons", ", ".join(verdict.reasons)),
        ("decided by", verdict.rule),
        ("waits", _waits(found)),
    ):
        if value:
            click.echo(f"  {name:<10} {value}")
    if not verdict.needs_attention:
        click.echo("  It needs nobody's attention now.")
    signals = found.explanation.signals
    echo_table(
        ["rank", "signal", "says"], [[s.rank, s.name, s.says] for s in signals], title="Signals, strongest first"
    )
    echo_table(
        ["rule", "found"], [[each.rule, each.found] for each in verdict.trace], title="The rules, in their order"
    )
    click.echo("What would change it")
    for change in found.explanation.would_change:
        click.echo(f"  {shown(change)}")
    if found.looks_again_at is not None:
        click.echo(f"  The clock, at the earliest {day_and_minute(found.looks_again_at)} UTC.")
    echo_requests(found.requests)
    if found.events:
        echo_table(
            ["when", "what happened", "step", "who", "until"],
            [
                [
                    day_and_minute(row["at"]),
                    row["what"],
                    STEPS.get(str(row["next_step"]), row["next_step"]),
                    ACTORS.get(str(row["actor"]), row["actor"]),
                    day_and_minute(row["deadline"]),
                ]
                for row in found.events
            ],
            title="What became of it",
        )


def _waits(found: Explained) -> str:
    if found.pending_since is None:
        return ""
    return f"since {day_and_minute(found.pending_since)} for another read, as it may be over silently"
