"""One run at a time, whatever becomes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store.archive import Archive
from store.errors import ArchiveBusy, ArchiveDenied
from tests.store.rows import batch, dialog

ROOT = Path(__file__).resolve().parents[2]

HOLD = """
import sys
from store.archive import Archive
with Archive.open(sys.argv[1], create=False) as archive, archive.single_flight(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def start(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_second_run_is_refused_at_once_and_told_who_holds_it(archive: Archive, archive_url: str) -> None:
    holder = start(HOLD, archive_url, "regnskap")
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(ArchiveBusy, match=f"held by process {holder.pid} since 20") as told,
            archive.single_flight("regnskap"),
        ):
            pass
        assert (told.value.exit_code, told.value.pid) == (6, holder.pid)
    finally:
        end(holder)


def test_the_lock_of_a_killed_run_is_free(archive: Archive, archive_url: str) -> None:
    holder = start(HOLD, archive_url, "regnskap")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    end(holder)
    # The database notices the closed socket by itself, the kernel frees a file at once.
    for _ in range(200):
        try:
            with archive.single_flight("regnskap"):
                return
        except ArchiveBusy:
            assert archive_url.startswith("postgresql")
            with archive._pool.connect() as connection:
                connection.exec_driver_sql("SELECT pg_sleep(0.05)")
    pytest.fail("the lock stayed")


def test_a_lock_can_be_taken_again_when_it_was_given_back(archive: Archive) -> None:
    for _ in range(2):
        with archive.single_flight("regnskap"):
            archive.write(batch(dialog(1)))
    with pytest.raises(RuntimeError), archive.single_flight("regnskap"):
        raise RuntimeError
    with archive.single_flight("regnskap"):
        pass


def test_one_process_cannot_hold_it_twice(archive: Archive, archive_url: str) -> None:
    with archive.single_flight("regnskap"):
        with pytest.raises(ArchiveBusy) as told, archive.single_flight("regnskap"):
            pass
        with (
            Archive.open(archive_url, create=False) as other,
            pytest.raises(ArchiveBusy),
            other.single_flight("regnskap"),
        ):
            pass
    assert told.value.pid == os.getpid()


def test_mailboxes_are_held_one_by_one_on_postgresql(emptied_postgres_url: str) -> None:
    with (
        Archive.open(emptied_postgres_url, create=False) as archive,
        archive.single_flight("a"),
        archive.single_flight("b"),
        Archive.open(emptied_postgres_url, create=False) as other,
    ):
        with pytest.raises(ArchiveBusy), other.single_flight("a"):
            pass
        with other.single_flight("c"):
            pass


def test_reading_needs_no_lock(archive: Archive, archive_url: str) -> None:
    archive.write(batch(dialog(1)))
    with archive.single_flight(), Archive.open(archive_url, create=False, read_only=True) as reader:
        assert len(reader.view("inbox")) == 1


def test_a_lock_file_that_may_not_be_written_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "a.db.lock").mkdir()  # refused like a file without rights, by root too
    with (
        Archive.open(f"sqlite:///{tmp_path / 'a.db'}", create=True) as archive,
        pytest.raises(ArchiveDenied, match=r"a\.db\.lock cannot be written") as told,
        archive.single_flight(),
    ):
        pass
    assert "Mend the rights" in told.value.remedy


def test_an_empty_file_that_becomes_the_archive_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.touch()
    file.chmod(0o644)
    with Archive.open(f"sqlite:///{file}", create=True):
        modes = {each.name: each.stat().st_mode & 0o777 for each in tmp_path.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_an_archive_that_is_there_and_may_not_be_written_is_not_called_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    Archive.open(url, create=True).close()

    # Whoever runs the tests may be root, to whom every file is open.
    monkeypatch.setattr("store.engine.os.access", lambda path, mode: False)
    with pytest.raises(ArchiveDenied, match="may not be written"):
        Archive.open(url, create=True)
