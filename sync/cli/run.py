"""`dialogarkiv run`: the daemon."""

from __future__ import annotations

import os
import sys
import threading

import click

from config.events import Event
from config.logging import event_log
from store.archive import Archive
from store.errors import ArchiveError
from sync.cli.common import environment, settings_of
from sync.daemon import Daemon
from sync.runner import Runner
from sync.telling import telling


@click.command("run", short_help="Run as a daemon: poll on a schedule until told to stop.")
@click.pass_context
def command(ctx: click.Context) -> int:
    """Example: dialogarkiv --config /etc/dialogarkiv/dialogarkiv.toml run

    Polls at once and then every `[sync] poll`. What happens is told on standard error; SIGTERM ends it within ten
    seconds, and what was finished is stored. The archive is held only while a run is at work, so `dialogarkiv status`
    and SQL can be used at any time.
    """
    settings = settings_of(ctx)
    log = event_log()
    stop = threading.Event()
    runner = Runner(settings, environment(), telling(log), stop=stop)
    # An archive that cannot be used is told now, to whoever starts the daemon, and not only in the log at each tick.
    Archive.open(settings.archive.url, create=True).close()

    def run_once() -> None:
        try:
            with Archive.open(settings.archive.url, create=True) as archive:
                runner.run(archive)
        except ArchiveError as error:
            log.error(Event.RUN_SKIPPED, error=type(error).__name__, sentence=str(error))

    ended = Daemon(run_once, runner.close, settings.sync.poll, log, stop).serve()
    if not ended:
        # A thread sits in a call that cannot be interrupted; every transaction is whole, so nothing is lost by leaving.
        sys.stderr.flush()
        os._exit(0)
    return 0
