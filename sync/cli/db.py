"""`dialogarkiv db`: the archive's tables."""

from __future__ import annotations

import click

from store.archive import Archive
from sync.cli.frame import Program


@click.group("db", short_help="Bring the archive's tables up to this version.")
def command() -> None:
    """Example: dialogarkiv db upgrade

    Looks after the archive's tables.
    """


@command.command("upgrade", short_help="Bring an older archive up to this version.")
@click.pass_context
def upgrade(ctx: click.Context) -> int:
    """Example: dialogarkiv db upgrade

    Brings an archive that an older version made up to this one, in one transaction. Take a copy first.
    """
    program = ctx.find_object(Program)
    assert program is not None
    found = Archive.upgrade(program.reading_settings.archive.url)
    click.echo(f"The archive had schema {found} and has the schema of this version now.")
    return 0
