"""`dialogarkiv attention`: what needs somebody to act, and what a person says of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from click.core import ParameterSource

from store.batch import Row
from store.clock import instant_text
from store.reading import Filters
from sync.cli.common import json_option, open_to_read, party_urn
from sync.cli.dialog_ids import dialog_named, short_ids
from sync.cli.frame import Program
from sync.cli.matching import masked, party_unknown
from sync.cli.output import day_and_minute, echo_json, echo_table, narrow, shown
from sync.cli.verdicts import ACTORS, STEPS, deadline_words, in_language, reasons_of

NEEDED = 10  # the exit code that says so

# Where deadlines are equal or missing: what a producer waits for comes before what is merely unread.
_WEIGHT = ("correct", "confirm", "answer_request", "sign", "pay", "submit", "fill_in", "review", "get_access")


@click.group("attention", invoke_without_command=True, short_help="What needs somebody to act: by whom, until when.")
@click.option("--party", metavar="URN", help="One party: its URN, or an organisation number.")
@click.option(
    "--since", metavar="TIME", help="Only what was opened or changed at TIME or later; 7d = in the last 7 days."
)
@click.option("--all", "everything", is_flag=True, help="Also what is put off.")
@click.option("--exit-code", "as_exit_code", is_flag=True, help="End with 10 when something listed needs attention.")
@click.option("--endpoints", is_flag=True, help="Instead: deprecated endpoints by service, and when they end.")
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    party: str | None,
    since: str | None,
    everything: bool,
    as_exit_code: bool,
    endpoints: bool,
    as_json: bool,
) -> int | None:
    """Example: dialogarkiv attention --exit-code

    Lists what is open, party by party, the most urgent first. Reads the archive only: `sync` and the daemon are what
    judges. With --json: a list of objects, most urgent first; with --endpoints one object for each endpoint of a
    service.
    """
    if ctx.invoked_subcommand is not None:
        given = [name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE]
        if given:
            raise click.UsageError(
                f"Options before `{ctx.invoked_subcommand}` say nothing of it. Write them behind it, or leave them out."
            )
        return None
    urn = None if party is None else party_urn(party)
    if endpoints:
        return _endpoints(ctx, urn, as_json)
    now = instant_text(_now())
    start = None if since is None else instant_text(moment(since, "--since", forward=False))
    with open_to_read(ctx) as archive:
        rows = archive.view("attention", Filters(party=urn))
        unknown = "" if rows or urn is None else party_unknown(archive, urn)
        short = short_ids(archive, (str(row["dialog_id"]) for row in rows)) if narrow() and not as_json else {}
    if unknown and as_exit_code:
        raise click.UsageError(unknown)
    if unknown:
        click.echo(unknown, err=True)
    rows = [row for row in rows if everything or str(row["snoozed_until"] or "") <= now]
    if start is not None:
        rows = [row for row in rows if max(str(row["opened_at"]), str(row["changed_at"] or "")) >= start]
    rows.sort(key=urgency)
    if as_json:
        echo_json([document(row, now) for row in rows])
    else:
        _show(rows, now, ctx.obj.reading_settings.display.languages, short)
        if not rows:
            click.echo(_nothing(urn, since))
    return NEEDED if as_exit_code and rows else 0


def urgency(row: Row) -> tuple[bool, str, int, str, str]:
    """By deadline, those without one last; then by what is asked, then by age."""
    deadline, step = row["deadline"], str(row["next_step"])
    weight = _WEIGHT.index(step) if step in _WEIGHT else len(_WEIGHT)
    return deadline is None, str(deadline or ""), weight, str(row["opened_at"]), str(row["dialog_id"])


def document(row: Row, now: str) -> dict[str, Any]:
    """One item as JSON."""
    reasons = reasons_of(row)
    return {
        "item_id": row["item_id"],
        "dialog_id": row["dialog_id"],
        "party": row["party"],
        "party_name": row["party_name"],
        "org": row["org"],
        "title": row["title"],
        "next_step": row["next_step"],
        "actor": row["actor"],
        "deadline": row["deadline"],
        "overdue": "overdue" in reasons,
        "reasons": reasons,
        "because": {"nb": row["because"], "en": row["because_en"]},
        "opened_at": row["opened_at"],
        "changed_at": row["changed_at"],
        "snoozed_until": row["snoozed_until"],
        "snoozed": str(row["snoozed_until"] or "") > now,
    }


def _nothing(party: str | None, since: str | None) -> str:
    """That nothing is listed, and among what nothing was found."""
    where = "" if party is None else f" of {masked(party)}"
    when = "" if since is None else f" that was opened or changed since {shown(since)}"
    return f"Nothing needs attention{where}{when}."


def _show(rows: list[Row], now: str, languages: tuple[str, ...], short: Mapping[str, str]) -> None:
    parties: dict[str, list[Row]] = {}
    for row in rows:
        parties.setdefault(str(row["party"]), []).append(row)
    for group in parties.values():
        number = str(group[0]["party"]).rpartition(":")[2]
        name = shown(group[0]["party_name"])
        echo_table(
            ["until (UTC)", "what", "who", "why", "dialog"],
            [
                [
                    deadline_words(row["deadline"], reasons_of(row), now),
                    STEPS.get(str(row["next_step"]), row["next_step"]),
                    ACTORS.get(str(row["actor"]), row["actor"]),
                    f"{shown(row['title'])}: {in_language(row['because'], row['because_en'], languages)}"
                    + (f" (put off until {day_and_minute(row['snoozed_until'])})" if _off(row, now) else ""),
                    short.get(str(row["dialog_id"]), row["dialog_id"]),
                ]
                for row in group
            ],
            whole=["dialog"],
            slim={"until (UTC)": 10, "what": 12},
            title=name if name == number or not number.isdigit() or len(number) != 9 else f"{name} ({number})",
        )


def _off(row: Row, now: str) -> bool:
    return str(row["snoozed_until"] or "") > now


def _endpoints(ctx: click.Context, party: str | None, as_json: bool) -> int:
    with open_to_read(ctx) as archive:
        rows = archive.attention.endpoints([] if party is None else [party])
    if as_json:
        echo_json(rows)
    elif not rows:
        click.echo("No opened dialog has a deprecated endpoint.")
    else:
        columns = ("service_resource", "action", "method", "version")
        echo_table(
            ["ends", "service", "action", "method", "version", "dialogs", "newer one beside it", "documentation"],
            [
                [
                    day_and_minute(row["sunset_at"]) or "no date given",
                    *(row[name] for name in columns),
                    row["dialogs"],
                    row["has_successor"],
                    row["documentation_url"],
                ]
                for row in rows
            ],
            title="Deprecated endpoints, the soonest to end first (UTC)",
        )
    return 0


@command.command("explain", short_help="Why a dialog gets its verdict, and what would change it.")
@click.argument("dialog_id", metavar="DIALOG")
@json_option
@click.pass_context
def explain_command(ctx: click.Context, dialog_id: str, as_json: bool) -> int:
    """Example: dialogarkiv attention explain 019b7a00-0000-7000-8000-000000000001

    Shows the signals in the evidence with their ranks, the rules in their order up to the one that decided, rules of
    your own, what would change the verdict, and the life of its attention items. Judges what the archive holds, as of
    now; asks nobody and writes nothing.
    """
    from sync.cli.explaining import echo_explanation, explained, explanation_document

    with open_to_read(ctx) as archive:
        found = explained(archive, dialog_named(archive, dialog_id), ctx.obj.reading_settings, _now())
    if found is None:
        raise _not_held(dialog_id)
    if as_json:
        echo_json(explanation_document(found))
    else:
        echo_explanation(found, ctx.obj.reading_settings.display.languages)
    return 0


@command.command("snooze", short_help="Put a dialog off until a time.")
@click.argument("dialog_id", metavar="DIALOG")
@click.option("--until", required=True, metavar="TIME", help="As 2026-03-01T12:00:00Z, 2026-03-01, or 7d from now.")
@click.pass_context
def snooze_command(ctx: click.Context, dialog_id: str, until: str) -> int:
    """Example: dialogarkiv attention snooze 019b7a00-0000-7000-8000-000000000001 --until 7d

    It is not listed until then, but with `attention --all`. New evidence brings it back sooner.
    """
    now, end = _now(), moment(until, "--until", forward=True)
    if end <= now:
        raise click.UsageError(f"--until {until} has passed. Name a time that is still to come.")
    with _open_to_write(ctx) as archive:
        dialog_id = dialog_named(archive, dialog_id)
        row = archive.attention.snooze(dialog_id, instant_text(end), instant_text(now))
        held = row is not None or archive.dialog(dialog_id) is not None
    if row is None:
        raise _nothing_open(dialog_id) if held else _not_held(dialog_id)
    click.echo(f"Put off until {day_and_minute(instant_text(end))} UTC: {STEPS.get(str(row['next_step']), '')}.")
    return 0


@command.command("done", short_help="Say that what a dialog asked for is done.")
@click.argument("dialog_id", metavar="DIALOG")
@click.pass_context
def done_command(ctx: click.Context, dialog_id: str) -> int:
    """Example: dialogarkiv attention done 019b7a00-0000-7000-8000-000000000001

    Closes what is open. It comes back when there is new evidence: another message, status or deadline. Nothing is sent
    to anybody.
    """
    with _open_to_write(ctx) as archive:
        dialog_id = dialog_named(archive, dialog_id)
        row = archive.attention.done(dialog_id, instant_text(_now()))
        held = row is not None or archive.dialog(dialog_id) is not None
    if row is None:
        raise _nothing_open(dialog_id) if held else _not_held(dialog_id)
    click.echo(f"Done: {STEPS.get(str(row['next_step']), row['next_step'])}. It comes back only with new evidence.")
    return 0


def moment(text: str, option: str, *, forward: bool) -> datetime:
    """A time as people write it: ISO 8601 with a zone, a day (its beginning in UTC), or a length from now."""
    from config.durations import parse_duration

    if re.fullmatch(r"[0-9]{1,9}[smhd]", text.strip()):
        try:
            length = parse_duration(text)
        except ValueError:
            length = timedelta(days=3650)
        return _now() + (length if forward else -length)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} {text} is not a time. Write it as 2026-03-01T12:00:00Z or 7d.") from None
    if found.tzinfo is None:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return found.replace(tzinfo=UTC)
        raise click.UsageError(f"{option} {text} has no zone. Write Z behind it for UTC.")
    return found.astimezone(UTC)


def _now() -> datetime:
    return datetime.now(UTC)


def _open_to_write(ctx: click.Context) -> Any:
    from store.archive import Archive

    program: Program = ctx.obj
    return Archive.open(program.reading_settings.archive.url, create=False)


def _not_held(dialog_id: str) -> click.ClickException:
    return click.UsageError(f"The archive holds no dialog {dialog_id}. `dialogarkiv attention` lists what is open.")


def _nothing_open(dialog_id: str) -> click.ClickException:
    return click.UsageError(
        f"Nothing is open for dialog {dialog_id}. `dialogarkiv attention explain {dialog_id}` tells why."
    )
