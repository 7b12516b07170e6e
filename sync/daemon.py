"""The daemon: APScheduler fires the poll, one run at a time; SIGTERM and SIGINT end it cleanly.

A run that is still at work when the next is due makes that one skipped, never doubled. A run that fails is told and
does not end the daemon.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from config.events import Event
from config.logging import EventLog

# A stop waits this long for the run under way to finish its transaction; service managers kill after 10 s or more.
GRACE = timedelta(seconds=8)


class Daemon:
    """Calls `run` every `interval`, at once first. `hurry` makes a run under way end early; it may be called from any
    thread.
    """

    def __init__(
        self,
        run: Callable[[], None],
        hurry: Callable[[], None],
        interval: timedelta,
        log: EventLog,
        stop: threading.Event,
    ) -> None:
        self._run = run
        self._hurry = hurry
        self._interval = interval
        self._log = log
        self._stop = stop
        self._idle = threading.Event()
        self._idle.set()

    def serve(self) -> bool:
        """Runs until a signal comes. True when the last run ended in time; False when it had to be left behind."""
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._asked_to_stop)
        scheduler = BackgroundScheduler(timezone=UTC, daemon=True)
        scheduler.add_job(
            self._tick,
            IntervalTrigger(seconds=max(1, round(self._interval.total_seconds())), timezone=UTC),
            next_run_time=datetime.now(UTC),
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        scheduler.start()
        self._log.info(Event.DAEMON_STARTED, every_seconds=round(self._interval.total_seconds()))
        self._stop.wait()
        self._log.info(Event.DAEMON_STOPPING)
        scheduler.remove_all_jobs()
        self._hurry()
        ended = self._idle.wait(GRACE.total_seconds())
        if ended:
            scheduler.shutdown(wait=True)
        self._log.info(Event.DAEMON_STOPPED, run_finished=ended)
        return ended

    def _asked_to_stop(self, _signal: int, _frame: FrameType | None) -> None:
        # Not from within the handler: the main thread may hold the very lock that `set` needs.
        threading.Thread(target=self._stop.set, daemon=True).start()

    def _tick(self) -> None:
        if self._stop.is_set():
            return
        self._idle.clear()
        try:
            self._run()
        except Exception as error:
            self._log.error(Event.BUG, exc_info=error)
        finally:
            self._idle.set()
