"""`dialogarkiv sync`: one pass and an exit code, for cron and for hands."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from store.archive import Archive
from sync.cli.common import connection_option, echo_run, environment, json_option, settings_of, told_to_log
from sync.runner import Runner


@click.command("sync", short_help="Read what changed into the archive, once.")
@connection_option
@json_option
@click.pass_context
def command(ctx: click.Context, connection: str | None, as_json: bool) -> int:
    """Example: dialogarkiv sync --json

    Reads what changed since the last time into the archive, which is made if there is none, and ends with an exit
    code for cron. The first time everything is read; if that is cut off, the next run goes on from there. A second
    `sync` while one is at work is refused with exit code 6.
    """
    settings = settings_of(ctx)
    if connection is not None:
        settings.connection(connection)
    stop = threading.Event()
    runner = Runner(settings, environment(), told_to_log(), only=connection, stop=stop)

    def asked_to_stop(_signal: int, _frame: FrameType | None) -> None:
        # Not from within the handler: the main thread may hold a lock that closing needs.
        threading.Thread(target=runner.close, daemon=True).start()

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, asked_to_stop)
    try:
        with Archive.open(settings.archive.url, create=True) as archive:
            result = runner.run(archive)
    finally:
        runner.close()
    echo_run(result, as_json)
    return result.exit_code
