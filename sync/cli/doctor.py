"""`dialogarkiv doctor`: what is wrong between this machine and its dialogs, why, and what to do."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime

import click

from config.errors import ConfigError
from sync.cli.common import connection_option, environment, json_option, told_to_log
from sync.cli.frame import Program
from sync.cli.output import echo_json, shown
from sync.dialogporten.retry import ignore
from sync.doctoring.causes import facts_line
from sync.doctoring.examine import examine, misconfigured
from sync.doctoring.report import Check, Report

_WIDTH = 110
_INDENT = " " * 20


@click.command("doctor", short_help="Check settings, key, clock, token, rights and archive; explain what is wrong.")
@connection_option
@json_option
@click.pass_context
def command(ctx: click.Context, connection: str | None, as_json: bool) -> int:
    """Example: dialogarkiv doctor --connection regnskap

    Asks for a token and one page of one item for each system user and person, and explains what does not work. Opens no
    dialog, writes nothing but a person's renewed login, and makes no archive: it may be run at any time. Exit code 0
    when all is in order (warnings may stand), 2 for the settings, a key, the clock or the archive, 3 when a person must
    mend an access and nothing worked, 4 when some identities failed, 5 when nobody could be reached.
    """
    program: Program = ctx.obj
    try:
        settings = program.reading_settings
        if connection is not None:
            settings.connection(connection)
    except ConfigError as error:
        report = misconfigured(error)
    else:
        told = told_to_log() if settings.log.level == "debug" else ignore
        report = examine(settings, environment(), told, now=lambda: datetime.now(UTC), only=connection)
    if as_json:
        echo_json(report.as_document())
    else:
        _show(report)
    return report.exit_code


def _show(report: Report) -> None:
    click.echo("this machine")
    for check in report.general:
        _show_check(check)
    explained: set[tuple[str, str, tuple[str, ...]]] = set()
    for examination in report.examinations:
        who = f" ({examination.identity})" if examination.identity else ""
        click.echo(f"\n{examination.connection}{who}")
        because = ""
        for check in examination.checks:
            told = (check.name, check.sentence, check.causes)
            if check.outcome == "skipped" and check.sentence == because:
                click.echo(f"  {'skipped':<8} {check.name}")
            else:
                _show_check(check, briefly=told in explained)
            explained.add(told)
            because = check.sentence if check.outcome == "skipped" else ""
    counted = [check.outcome for check in report.checks()]
    failed, warned = counted.count("failed"), counted.count("warning")
    verdict = "All is in order." if not failed and not warned else f"{failed} failed, {warned} with a warning."
    click.echo(f"\n{verdict} No dialog was opened and nothing was written{_but_logins(report)}.")


def _but_logins(report: Report) -> str:
    """A token of a person is had only by renewing the login, and that must be written down."""
    renewed = [
        examination.connection
        for examination in report.examinations
        if examination.kind == "id-porten"
        and any(check.name == "token" and check.outcome != "skipped" for check in examination.checks)
    ]
    return f" but the renewed login of {', '.join(renewed)}" if renewed else ""


def _show_check(check: Check, *, briefly: bool = False) -> None:
    """`briefly`: the same was explained for an identity further up."""
    lines = _wrapped(f"  {check.outcome:<8} {check.name:<9} ", check.sentence)
    if briefly and check.causes:
        lines.append(f"{_INDENT}(explained above)")
    if check.causes and not briefly:
        lines.append(f"{_INDENT}Likely:")
    for cause in () if briefly else check.causes:
        lines += _wrapped(f"{_INDENT}- ", cause)
    if not briefly and check.remedy and check.outcome in ("failed", "warning"):
        lines += _wrapped(f"{_INDENT}To do: ", check.remedy)
    if check.outcome == "failed" and (facts := facts_line(check.facts)):
        lines += _wrapped(f"{_INDENT}For a service desk: ", facts)
    click.echo("\n".join(lines))


def _wrapped(head: str, text: str) -> list[str]:
    """Control characters of foreign texts are made visible; an address or an id is never broken."""
    return textwrap.wrap(
        shown(text).replace("\n", " "),
        _WIDTH,
        initial_indent=head,
        subsequent_indent=_INDENT + ("  " if head.endswith("- ") else ""),
        break_long_words=False,
        break_on_hyphens=False,
    ) or [head.rstrip()]
