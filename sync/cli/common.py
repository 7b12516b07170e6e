"""What several commands share: options, the settings of the program, an opened archive."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sync.cli.frame import Program

if TYPE_CHECKING:
    from config.settings import Settings
    from store.archive import Archive
    from sync.dialogporten.retry import Told

ORGANISATION = "urn:altinn:organization:identifier-no:"

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
    """Tells what happens to the program's log."""
    from config.logging import event_log
    from sync.telling import telling

    return telling(event_log())


def open_to_read(ctx: click.Context) -> Archive:
    """The archive, for a command that only reads: neither keys nor connections are needed."""
    from store.archive import Archive

    program: Program = ctx.obj
    return Archive.open(program.reading_settings.archive.url, create=False, read_only=True)


def environment() -> dict[str, str]:
    return dict(os.environ)


def party_urn(text: str) -> str:
    """A party as people write it, an organisation number, or its URN."""
    return ORGANISATION + text if len(text) == 9 and text.isdigit() else text
