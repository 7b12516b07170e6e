"""`dialogarkiv demo`: the main job, start to end, on the sandbox."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from config.logging import configure
from config.models import Log
from config.settings import Settings, load
from store.archive import Archive
from store.reading import Filters
from sync.cli.output import day_and_minute, echo_table
from sync.cli.progress import showing_progress
from sync.cli.runs import echo_run
from sync.runner import Runner
from sync.sandbox import seed
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import Stage, set_up, write_settings
from sync.sandbox.world import World

_QUESTIONS = (
    (
        "What needs somebody to act, and why?",
        "SELECT deadline, party_name, title, next_step, actor, because FROM attention ORDER BY deadline LIMIT 10",
    ),
    (
        "Who has what unread, and from whom?",
        "SELECT party_name, sender, count(*) AS unread FROM inbox WHERE unread GROUP BY 1, 2 ORDER BY 3 DESC",
    ),
    (
        "Which deadlines come first?",
        "SELECT due_at, party_name, title, status FROM due WHERE due_at > '2000' ORDER BY due_at LIMIT 10",
    ),
    (
        "Which machine-readable actions stand open, and where?",
        "SELECT d.title, a.method, a.url FROM actions a JOIN everything d USING (dialog_id) "
        "WHERE a.is_authorized AND a.method <> 'GET' ORDER BY d.updated_at DESC LIMIT 10",
    ),
)


@click.command("demo", short_help="See it work: read an invented inbox into a new archive.")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="A new folder for the archive. Else demo, demo-2, … here.",
)
def command(folder: Path | None) -> int:
    """Example: dialogarkiv demo

    Starts the sandbox on this machine, reads its invented inbox into a new SQLite archive, and shows what is in it.
    Nothing leaves this machine.
    """
    folder = _new_folder(folder)
    stage = set_up(folder)
    world = World()
    seed.register(world, [stage.key.public_jwk()])
    click.echo(f"Filling a sandbox with an invented Norwegian inbox. The archive goes into {folder}.")
    seed.load(world, datetime.now(UTC))
    with SandboxServer(world) as server:
        code = _sync_and_show(stage, server.url)
    click.echo("")
    click.echo("The sandbox is stopped; the archive stays. Questions to ask it next:")
    for what, query in _QUESTIONS:
        click.echo(f"\n# {what}")
        click.echo(f'{_program()} --config {folder / "dialogarkiv.toml"} sql "{query}"')
    return code


def _sync_and_show(stage: Stage, url: str) -> int:
    settings = load(write_settings(stage, url), {})
    configure(Log(level="warning"))
    with showing_progress() as told, Archive.open(settings.archive.url, create=True) as archive:
        runner = Runner(settings, os.environ, told)
        try:
            result = runner.run(archive)
        finally:
            runner.close()
        echo_run(result, as_json=False)
        _show(archive, settings)
    return result.exit_code


def _show(archive: Archive, settings: Settings) -> None:
    counts = archive.status().counts
    click.echo(
        f"{counts['dialogs']} dialogs with {counts['transmissions']} transmissions are in the archive. "
        f'{counts["unread"]} are unread, and stay so: `open` is "{settings.sync.open}".'
    )
    for title, filters in (
        ("The newest in the inbox", Filters(limit=8)),
        ("Unread, newest first", Filters(unread=True, limit=8)),
    ):
        echo_table(
            ["updated", "party", "from", "title", "status", "due"],
            [
                [
                    day_and_minute(row["updated_at"]),
                    row["party_name"],
                    row["sender"],
                    row["title"],
                    row["status"],
                    day_and_minute(row["due_at"]),
                ]
                for row in archive.view("inbox", filters)
            ],
            title=title,
        )
    _show_attention(archive)


def _show_attention(archive: Archive) -> None:
    """The most urgent of what was opened."""
    from sync.cli.attention import urgency
    from sync.cli.verdicts import ACTORS, STEPS

    rows = sorted(archive.view("attention"), key=urgency)
    echo_table(
        ["until", "party", "what", "who", "why"],
        [
            [
                day_and_minute(row["deadline"]),
                row["party_name"],
                STEPS.get(str(row["next_step"]), row["next_step"]),
                ACTORS.get(str(row["actor"]), row["actor"]),
                row["because"],
            ]
            for row in rows[:8]
        ],
        title=f"What needs doing: {len(rows)} dialogs, the most urgent first (`dialogarkiv attention` lists all)",
    )


def _new_folder(asked: Path | None) -> Path:
    if asked is not None:
        if asked.exists() and any(asked.iterdir()):
            raise click.UsageError(f"{asked} is not empty. Name a new folder, or leave --folder out.")
        return asked
    number = 1
    while (folder := Path("demo" if number == 1 else f"demo-{number}")).exists():
        number += 1
    return folder


def _program() -> str:
    """How this program can be called from here: its name, or the path of an environment that is not active."""
    beside = Path(".venv/bin/dialogarkiv")
    return str(beside) if beside.exists() and "VIRTUAL_ENV" not in os.environ else "dialogarkiv"
