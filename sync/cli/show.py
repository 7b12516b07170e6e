"""`dialogarkiv show`: everything the archive holds of one dialog."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from store.batch import Row
from store.clock import instant_text
from store.judging import Docket
from store.reading import DialogView, Filters
from sync.attention.explain import Signal, explain
from sync.attention.request import Request, requests_for
from sync.attention.rule_file import load_rules
from sync.cli.common import json_option, open_to_read
from sync.cli.dialog_ids import dialog_named
from sync.cli.output import day_and_minute, echo_json, echo_table, shown
from sync.cli.verdicts import (
    ACTORS,
    STEPS,
    deadline_words,
    echo_requests,
    in_language,
    reasons_of,
    verdict_document,
)
from sync.passes.evaluate import subject_in

_TOLD_APART = ("verdict", "attention_item", "attention_event", "change")


@click.command("show", short_help="Show one dialog: texts, letters, actions, what it needs and why, history.")
@click.argument("dialog_id", metavar="DIALOG")
@click.option("--history", is_flag=True, help="Also every change that was seen.")
@json_option
@click.pass_context
def command(ctx: click.Context, dialog_id: str, history: bool, as_json: bool) -> int:
    """Example: dialogarkiv show 019b7a00-0000-7000-8000-000000000001 --history

    DIALOG is a dialog's id, as `dialogarkiv inbox` lists it, or its beginning, where only one begins so. Shows what it
    needs and on what evidence too, and for a step that a machine can take the request that does it, which this program
    never sends. Reads the archive only.
    """
    with open_to_read(ctx) as archive:
        named = dialog_named(archive, dialog_id)
        view = archive.dialog(named)
        dockets = archive.attention.dockets([named])
        changes = archive.view("history", Filters(dialog_id=named)) if history else []
    if view is None:
        raise click.UsageError(
            f"The archive holds no dialog {dialog_id}. `dialogarkiv inbox --folder everything` lists those it holds."
        )
    settings = ctx.obj.reading_settings
    signals, requests = _told_of(dockets, settings.attention.rules)
    if as_json:
        echo_json(_document(view, signals, requests) | ({"history": changes} if history else {}))
    else:
        _show(view, changes)
        _show_verdict(view, signals, requests, settings.display.languages)
    return 0


def _told_of(dockets: Sequence[Docket], rules: Path | None) -> tuple[tuple[Signal, ...], tuple[Request, ...]]:
    """What the evidence says now, and the requests of a machine step; the verdict itself is the archive's."""
    if not dockets:
        return (), ()
    now, subject = datetime.now(UTC), subject_in(dockets[0])
    explanation = explain(subject, now, operator=load_rules(rules))
    return explanation.signals, requests_for(subject, explanation.verdict, now)


def _document(view: DialogView, signals: Sequence[Signal], requests: Sequence[Request]) -> dict[str, Any]:
    children = {name: rows for name, rows in view.children.items() if name not in _TOLD_APART}
    dialog = {name: value for name, value in view.dialog.items() if name != "list_digest"}
    verdicts = view.children["verdict"]
    return {
        "dialog": dialog,
        "summary": view.summary,
        "verdict": verdict_document(verdicts[0]) if verdicts else None,
        "signals": [{"rank": each.rank, "name": each.name, "says": each.says} for each in signals],
        "requests": [each.as_json() for each in requests],
        **children,
        "attention_item": view.children["attention_item"],
    }


def _show_verdict(
    view: DialogView, signals: Sequence[Signal], requests: Sequence[Request], languages: Sequence[str]
) -> None:
    if not view.children["verdict"]:
        click.echo("What it needs is not judged yet: the next `dialogarkiv sync` does it.")
        return
    row = view.children["verdict"][0]
    click.echo("What it needs" if row["needs_attention"] else "What it needs (nobody's attention now)")
    codes = reasons_of(row)
    for name, value in (
        ("what", STEPS.get(str(row["next_step"]), row["next_step"])),
        ("who", ACTORS.get(str(row["actor"]), row["actor"])),
        ("until", deadline_words(row["deadline"], codes, instant_text(datetime.now(UTC)))),
        ("because", in_language(row["because_nb"], row["because_en"], languages)),
        ("reasons", ", ".join(codes)),
        ("by hand", _by_hand(view.children["attention_item"], instant_text(datetime.now(UTC)))),
    ):
        if value not in (None, ""):
            click.echo(f"  {name:<9} {shown(value)}")
    if signals:
        rows = [[each.rank, each.name, each.says] for each in signals]
        echo_table(["rank", "evidence", "says"], rows, title="Evidence, strongest first")
    echo_requests(requests)


def _by_hand(items: Sequence[Row], now: str) -> str:
    """What a person has said of what it asks for."""
    if not items:
        return ""
    newest = max(items, key=lambda each: int(str(each["id"])))
    if newest["closed_by"] == "hand":
        return f"called done {day_and_minute(newest['closed_at'])}; it comes back only with new evidence"
    until = str(newest["snoozed_until"] or "")
    return f"put off until {day_and_minute(until)}" if newest["closed_at"] is None and until > now else ""


def _show(view: DialogView, changes: list[Row]) -> None:
    dialog, summary = view.dialog, view.summary
    click.echo(shown(dialog["title"]) or "(no title)")
    for name, value in (
        ("dialog", dialog["id"]),
        ("to", f"{shown(summary['party_name'])} ({shown(dialog['party'])})"),
        ("from", summary["sender"]),
        ("service", dialog["service_resource"]),
        ("status", dialog["status"]),
        ("label", ", ".join(str(row["label"]) for row in view.children["label"])),
        ("updated", day_and_minute(dialog["updated_at"])),
        ("due", day_and_minute(dialog["due_at"])),
        ("unread", summary["unread"]),
        ("presence", dialog["presence"]),
        ("access", dialog["access"]),
        ("details", _details(dialog)),
        ("summary", dialog["summary"]),
        ("more", dialog["additional_info"]),
    ):
        if value not in (None, ""):
            click.echo(f"  {name:<9} {shown(value)}")
    _table(view, "transmission", "Letters", created_at="when", type="type", title="title", is_opened="opened")
    _table(view, "activity", "Activities", created_at="when", type="what", performed_by="who")
    _table(view, "attachment", "Attachments", display_name="name", name="file", expires_at="expires")
    _table(view, "api_endpoint", "API actions", http_method="method", url="address", deprecated="deprecated")
    _table(view, "gui_action", "Actions for people", priority="priority", title="title", url="address")
    _table(view, "seen", "Seen by", seen_at="when", name="who")
    if changes:
        echo_table(
            ["seen", "what", "before", "after"],
            [[day_and_minute(row["seen_at"]), row["what"], row["before"], row["after"]] for row in changes],
            title="History",
        )


def _details(dialog: Row) -> str:
    if dialog["details_status"] is None:
        return "never opened"
    if dialog["details_status"] == 200:
        return f"opened {day_and_minute(dialog['opened_at'])}"
    return f"refused: {shown(dialog['details_problem'])}"


def _table(view: DialogView, table: str, title: str, /, **columns: str) -> None:
    """The standing rows of one child table; `columns` maps its columns to headings, in order."""
    rows = [row for row in view.children[table] if row.get("removed_at") is None]
    if rows:
        echo_table(
            list(columns.values()),
            [[day_and_minute(row[key]) if key.endswith("_at") else row[key] for key in columns] for row in rows],
            title=title,
        )
