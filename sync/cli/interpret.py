"""`dialogarkiv interpret`: what one dialog expects, from a file or standard input."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from sync.attention import interpret, parse_subject, verdict_json
from sync.cli.output import echo_json


@click.command("interpret", short_help="Say what one dialog expects: next step, by whom, until when, why.")
@click.argument("file", metavar="FILE")
@click.option("--now", metavar="TIME", help="The time to judge at, as 2026-03-01T12:00:00Z. Else now.")
def command(file: str, now: str | None) -> int:
    """Example: dialogarkiv interpret dialog.json --now 2026-03-01T12:00:00Z

    FILE holds the body of GET /dialogs/{id}, or what an archive holds of a dialog that was never opened:
    {"list_item": …, "transmissions": […], "activities": […]}, with "dialog" beside it where it was opened, or
    "fetch": {"details_status": 403, "details_problem": "…"} where that was refused. `-` reads standard input.
    Needs no settings, no archive and no network.

    The answer is JSON: needs_attention, next_step, actor, deadline, reasons, because {nb, en}.
    """
    moment = _moment(now)
    try:
        subject = parse_subject(_read(file))
    except ValueError as problem:
        raise click.UsageError(f"{'standard input' if file == '-' else file}: {problem}") from None
    echo_json(verdict_json(interpret(subject, moment)))
    return 0


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(file).read_bytes()
    except OSError as problem:
        raise click.UsageError(
            f"{file} cannot be read ({problem.strerror}). Name a file, or - for standard input."
        ) from None


def _moment(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--now {text} is not a time. Write it as 2026-03-01T12:00:00Z.") from None
    if moment.tzinfo is None:
        raise click.UsageError(f"--now {text} has no zone. Write Z behind it for UTC.")
    if not 1970 <= moment.year <= 9000:
        raise click.UsageError(f"--now {text} is no time to judge at. Name one of the years 1970 to 9000.")
    return moment.astimezone(UTC)
