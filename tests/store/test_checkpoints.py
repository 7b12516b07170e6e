"""What SQLite has committed moves from its log into its file beside the writer, and nobody depends on it."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import pytest

from store import checkpoints
from store.archive import Archive
from store.checkpoints import Checkpoints
from tests.store.rows import batch, dialog

SOON = 20.0  # seconds, only ever waited for in vain


class Watched(sqlite3.Connection):
    """Tells when a checkpoint has been made on it, and when it was closed."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, check_same_thread=False)
        self.moved = Event()
        self.closed = Event()

    def execute(self, sql: str, /) -> sqlite3.Cursor:  # type: ignore[override]
        answer = super().execute(sql)
        if "wal_checkpoint" in sql:
            self.moved.set()
        return answer

    def close(self) -> None:
        super().close()
        self.closed.set()


def titles(file: Path) -> list[str]:
    """What stands in the file itself: a copy of it alone, without its log."""
    copy = file.with_name("alone.db")
    shutil.copyfile(file, copy)
    with closing(sqlite3.connect(copy)) as connection:
        return [row[0] for row in connection.execute("SELECT title FROM dialog")]


def watching(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Watched]:
    """Has the archive's own connection for checkpoints watched; the answer gives it once it is there."""
    made: list[Watched] = []
    begun = Event()

    def connect(path: Path) -> Watched:
        made.append(Watched(path))
        begun.set()
        return made[0]

    monkeypatch.setattr(checkpoints, "plain_connection", connect)

    def found() -> Watched:
        assert begun.wait(SOON)
        return made[0]

    return found


def test_what_is_written_reaches_the_file_while_the_archive_stays_open(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, file = watching(monkeypatch), Path(empty_sqlite_url.removeprefix("sqlite:///"))
    with Archive.open(empty_sqlite_url, create=False) as archive:
        archive.write(batch(dialog(1, title="Vedtak")))
        assert watched().moved.wait(SOON)
        assert titles(file) == ["Vedtak"]
    assert watched().closed.is_set()


def test_an_archive_that_is_only_read_has_nothing_to_move(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(path: Path) -> sqlite3.Connection:
        raise AssertionError("no connection is needed")

    monkeypatch.setattr(checkpoints, "plain_connection", connect)
    with Archive.open(empty_sqlite_url, create=False, read_only=True) as archive:
        assert archive.known(["a"]) == {}


COUNT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM dialog").fetchone()[0])
connection.close()
"""


def test_nobody_takes_the_log_away_from_an_archive_that_this_process_opened_twice(empty_sqlite_url: str) -> None:
    file = Path(empty_sqlite_url.removeprefix("sqlite:///"))

    def seen_by_another() -> str:
        return subprocess.run([sys.executable, "-c", COUNT, file], capture_output=True, text=True, check=True).stdout

    with Archive.open(empty_sqlite_url, create=True) as archive:
        archive.write(batch(dialog(1)))
        Archive.open(empty_sqlite_url, create=True).close()
        assert seen_by_another() == "1\n", "whoever believes to be the last takes the log away as it goes"
        archive.write(batch(dialog(2)))
        assert seen_by_another() == "2\n"


def test_where_the_log_cannot_be_moved_writing_goes_on(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Event()

    def connect(path: Path) -> sqlite3.Connection:
        refused.set()
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(checkpoints, "plain_connection", connect)
    with Archive.open(empty_sqlite_url, create=False) as archive:
        archive.write(batch(dialog(1)))
        assert refused.wait(SOON)
        assert archive.write(batch(dialog(2))).dialogs == 1


def test_where_no_thread_can_be_had_what_is_written_stands(
    empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(checkpoints, "Thread", Refused)
    with Archive.open(empty_sqlite_url, create=False) as archive:
        assert [archive.write(batch(dialog(number))).dialogs for number in (1, 2)] == [1, 1]


def test_nothing_begins_after_the_end(empty_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Path] = []
    monkeypatch.setattr(checkpoints, "plain_connection", begun.append)
    ended = Checkpoints(Path(empty_sqlite_url.removeprefix("sqlite:///")))
    ended.close()
    ended.committed()
    ended.close()
    assert begun == []
