"""How a run is told: a line for each pass of each identity, and every failure as a sentence."""

from __future__ import annotations

import click

from sync.cli.output import echo_json, echo_table
from sync.runner import RunResult


def echo_run(result: RunResult, as_json: bool) -> None:
    """What a run did, one line for each pass of each identity."""
    if as_json:
        echo_json(
            {
                "exit_code": result.exit_code,
                "busy": result.busy,
                "runs": [
                    {
                        "kind": report.kind,
                        "connection": report.connection,
                        "identity": report.identity,
                        **report.as_row(),
                    }
                    for report in result.reports
                ],
            }
        )
        return
    echo_table(
        [
            "connection",
            "system user",
            "pass",
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
                report.kind,
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
        who = f"{report.connection} {report.identity}".rstrip()
        errors = [report.error] if report.error is not None else [failure.error for failure in report.failures]
        for error in errors:
            click.echo(f"{who}: {error}", err=True)
        if report.kind == "poll" and report.outcome == "ok" and not report.parties:
            click.echo(
                f"{who}: no party can be seen, so there was nothing to read. "
                f"`dialogarkiv doctor --connection {report.connection}` tells why.",
                err=True,
            )
    for name in result.busy:
        click.echo(f"{name}: another run is at work on it; nothing was done.", err=True)
