"""`dialogarkiv sync`: one run and an exit code, for cron and for hands."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from config.connections import IdPortenConnection
from config.settings import Settings
from store.archive import Archive
from sync.cli.common import connection_option, environment, json_option, party_urn, settings_of, told_to_log
from sync.cli.output import echo_json
from sync.cli.runs import echo_run
from sync.passes.schedule import Pass, Wanted
from sync.runner import Runner


@click.command("sync", short_help="Read what changed into the archive, once.")
@connection_option
@click.option("--hot", is_flag=True, help="Also read unsettled dialogs again now, children included.")
@click.option("--sweep", is_flag=True, help="Also list every mailbox in full now, and explain what is missing.")
@click.option("--deep", is_flag=True, help="Also read the transmissions of every dialog again now.")
@click.option("--dry-run", is_flag=True, help="Tell what would be read. Asks for lists only, writes nothing.")
@click.option(
    "--accept-absence",
    "accepted",
    metavar="PARTY",
    multiple=True,
    help="Sweep this party anew and believe what is missing, however much it is.",
)
@json_option
@click.pass_context
def command(
    ctx: click.Context,
    connection: str | None,
    hot: bool,
    sweep: bool,
    deep: bool,
    dry_run: bool,
    accepted: tuple[str, ...],
    as_json: bool,
) -> int:
    """Example: dialogarkiv sync --json

    Reads what changed since the last time into the archive, which is made if there is none, and ends with an exit
    code for cron. The first time everything is read; if that is cut off, the next run goes on from there. Whatever else
    is due by [sync] hot, sweep and deep is done too. A second `sync` while one is at work is refused with exit code 6.
    """
    settings = settings_of(ctx)
    if connection is not None:
        settings.connection(connection)
    asked = {Pass.HOT: hot, Pass.SWEEP: sweep, Pass.DEEP: deep}
    wanted = Wanted(
        frozenset(each for each, given in asked.items() if given), frozenset(party_urn(each) for each in accepted)
    )
    runner = Runner(settings, environment(), told_to_log(), only=connection, stop=threading.Event())

    def asked_to_stop(_signal: int, _frame: FrameType | None) -> None:
        # Not from within the handler: the main thread may hold a lock that closing needs.
        threading.Thread(target=runner.close, daemon=True).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, asked_to_stop)
    try:
        if dry_run:
            return _rehearse(runner, settings, wanted, as_json)
        with Archive.open(settings.archive.url, create=True) as archive:
            _require_mailboxes(runner, archive, wanted.accept)
            result = runner.run(archive, wanted)
    finally:
        runner.close()
    echo_run(result, as_json)
    return result.exit_code


def _require_mailboxes(runner: Runner, archive: Archive, accepted: frozenset[str]) -> None:
    """A mistyped party would otherwise be accepted and forgotten, and what is held stay held."""
    if accepted:
        known = {row["party"] for each in runner.identities for row in archive.mailboxes(each.connection, each.name)}
        if not accepted <= known:
            # Not repeated: it may hold a national identity number.
            raise click.BadParameter(
                "the archive has no mailbox of that party. `dialogarkiv status` lists those it has.",
                param_hint="--accept-absence",
            )


def _rehearse(runner: Runner, settings: Settings, wanted: Wanted, as_json: bool) -> int:
    steps = []
    with Archive.open(settings.archive.url, create=False, read_only=True) as archive:
        for identity, step in runner.rehearse(archive, wanted):
            if as_json:
                steps.append({"connection": identity.connection, "identity": identity.name, "step": step})
            else:
                click.echo(f"{identity}: {step}")
    if as_json:
        echo_json({"steps": steps})
    else:
        persons = any(isinstance(each, IdPortenConnection) for each in settings.connections)
        but = " but a person's renewed login" if persons else ""
        click.echo(f"Nothing was opened, and nothing was written{but}.", err=True)
    return 0
