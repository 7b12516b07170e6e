"""What several commands share: the settings of the program, an opened archive, the answer about a run."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from config.logging import event_log
from config.settings import Settings
from store.archive import Archive
from sync.cli.frame import Program
from sync.cli.output import echo_json, echo_table
from sync.dialogporten.retry import Told
from sync.runner import RunResult
from sync.telling import telling

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON document.")
connection_option = click.option("--connection", metavar="NAME", help="This connection only.")


def settings_of(ctx: click.Context) -> Settings:
    """The settings with their keys and secrets; each warning is shown once."""
    program: Program = ctx.obj
    settings = program.settings
    for warning in settings.warnings:
        click.echo(f"Note: {warning}", err=True)
    return settings


def told_to_log() -> Told:
    return telling(event_log())


def open_to_read(ctx: click.Context) -> Archive:
    """The archive, for a command that only reads: neither keys nor connections are needed."""
    program: Program = ctx.obj
    return Archive.open(program.reading_settings.archive.url, create=False, read_only=True)


def environment() -> dict[str, str]:
    return dict(os.environ)


def echo_run(result: RunResult, as_json: bool) -> None:
    """What a run did, one line for each identity."""
    if as_json:
        echo_json(
            {
                "exit_code": result.exit_code,
                "busy": result.busy,
                "runs": [
                    {"connection": report.connection, "identity": report.identity, **report.as_row()}
                    for report in result.reports
                ],
            }
        )
        return
    echo_table(
        [
            "connection",
            "system user",
            "parties",
            "requests",
            "read",
            "written",
            "changes",
            "opened",
            "set aside",
            "outcome",
        ],
        [
            [
                report.connection,
                report.identity,
                report.parties,
                report.requests,
                report.items_read,
                report.dialogs_written,
                report.changes_written,
                report.openings,
                report.quarantined,
                report.outcome,
            ]
            for report in result.reports
        ],
    )
    for report in result.reports:
        errors = [report.error] if report.error is not None else [failure.error for failure in report.failures]
        for error in errors:
            click.echo(f"{report.connection} {report.identity}: {error}", err=True)
    for name in result.busy:
        click.echo(f"{name}: another run is at work on it; nothing was done.", err=True)
