"""Moves what SQLite has committed from its log into its file, on a thread beside the writer.

Whoever commits may be the one who must do it, and then waits for the disk, twice; in a backfill that is a good part of
the whole. A passive checkpoint keeps nobody from reading or writing. What it does not get to is left to the writer,
when the log has grown long (`wal_autocheckpoint`), or to whoever closes the archive last.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Lock, Thread

from store.engine import plain_connection

PAUSE = 0.25  # seconds: a checkpoint of many commits costs the disk less than many of one


class Checkpoints:
    """Of one file; None = there is nothing to move, as on PostgreSQL. Nothing is begun before the first `committed`."""

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._wanted = Event()
        self._ends = Event()
        self._beginning = Lock()
        self._thread: Thread | None = None

    def committed(self) -> None:
        """There may be something to move."""
        if self._file is None:
            return
        self._wanted.set()
        with self._beginning:
            if self._thread is None and not self._ends.is_set():
                thread = Thread(target=self._work, args=[self._file], name="dialogarkiv-checkpoints", daemon=True)
                with suppress(RuntimeError):  # no thread to be had now: what was committed stands all the same
                    thread.start()
                    self._thread = thread

    def close(self) -> None:
        """Ends the thread; when this returns, its connection is closed."""
        with self._beginning:
            self._ends.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self, file: Path) -> None:
        # Where it cannot be done, the next writer meets the same obstacle and says so.
        with suppress(sqlite3.Error), closing(plain_connection(file)) as connection:
            while not self._ends.wait(PAUSE):
                self._wanted.wait()
                self._wanted.clear()
                if not self._ends.is_set():
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
