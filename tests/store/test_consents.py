"""Persons' consents in the archive: what is written is there, and one at a time may renew one."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from store.archive import Archive
from store.batch import Row
from store.errors import ArchiveBusy

ROOT = Path(__file__).resolve().parents[2]
T = "2026-11-01T08:00:0{}.000000Z"
ROW: Row = {
    "connection": "kari",
    "client_id": "klient",
    "issuer": "https://idporten.example",
    "state": "active",
    "scopes": "openid digdir:dialogporten",
    "acr": "idporten-loa-high",
    "granted_at": T.format(0),
    "ends_at": "2027-01-30T08:00:00.000000Z",
    "ends_from": "configured",
    "idle_until": None,
    "refreshed_at": None,
    "generation": 0,
    "rotates": None,
    "sent_at": None,
    "sealed": b"\x00sealed\xff",
    "error": None,
    "error_at": None,
    "person": "merke",
    "warned_days": None,
}

HOLD = """
import sys, threading
from store.archive import Archive
with Archive.open(sys.argv[1], create=False) as archive:
    with archive.consents.lock(sys.argv[2], wait=threading.Event().wait):
        print("held", flush=True)
        sys.stdin.read()
"""


def at_once(_seconds: float) -> bool:
    """A wait that gives up."""
    return True


def never(_seconds: float) -> bool:
    raise AssertionError("somebody was waited for")


@pytest.fixture
def holder(archive: Archive, archive_url: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, archive_url, "kari"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_consent_comes_back_as_it_was_put(archive: Archive) -> None:
    assert archive.consents.row("kari") is None
    archive.consents.put(ROW)
    archive.consents.put({**ROW, "connection": "anders", "rotates": False})
    assert archive.consents.row("kari") == ROW
    assert [(row["connection"], row["rotates"]) for row in archive.consents.rows()] == [
        ("anders", False),
        ("kari", None),
    ]


def test_a_new_login_takes_the_place_of_everything_that_stood(archive: Archive) -> None:
    archive.consents.put({**ROW, "generation": 7, "rotates": True, "error": "cut off", "warned_days": 3})
    archive.consents.put(ROW)
    assert archive.consents.row("kari") == ROW


def test_a_change_needs_the_generation_and_the_renewal_it_was_meant_for(archive: Archive) -> None:
    archive.consents.put(ROW)
    change = archive.consents.change
    assert not change("kari", 1, None, {"state": "lost"})
    assert not change("kari", 0, T.format(1), {"state": "lost"})
    assert not change("anders", 0, None, {"state": "lost"})
    assert archive.consents.row("kari") == ROW
    assert change("kari", 0, None, {"sent_at": T.format(1)})
    assert not change("kari", 0, None, {"sent_at": T.format(2)})
    assert change("kari", 0, T.format(1), {"sent_at": None, "generation": 1, "rotates": True, "sealed": b"new"})
    assert archive.consents.row("kari") == {**ROW, "generation": 1, "rotates": True, "sealed": b"new"}


def test_a_change_of_what_is_no_column_is_refused(archive: Archive) -> None:
    with pytest.raises(ValueError, match="no column password"):
        archive.consents.change("kari", 0, None, {"password": "x"})


def test_a_forgotten_consent_leaves_nothing(archive: Archive) -> None:
    archive.consents.put(ROW)
    assert archive.consents.remove("kari")
    assert archive.consents.row("kari") is None
    assert not archive.consents.remove("kari")


def test_what_a_renewal_needs_survives_a_power_cut_whatever_the_servers_default_is(archive: Archive) -> None:
    # The test server commits without waiting for its disk.
    with archive.consents._durably() as cursor:
        cursor.execute("SHOW synchronous_commit" if archive.shared else "PRAGMA synchronous")
        assert cursor.fetchall()[0][0] == ("on" if archive.shared else 2)


def test_another_process_has_its_turn_when_the_first_is_done(archive: Archive, holder: subprocess.Popen[str]) -> None:
    waited = []

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 1:
            holder.communicate()
        return False

    with archive.consents.lock("kari", wait=wait):
        pass
    assert waited


def test_the_lock_of_a_killed_process_is_free(archive: Archive, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.communicate()
    # The database notices the closed socket by itself, in its own time.
    with archive.consents.lock("kari", wait=threading.Event().wait):
        pass


def test_who_waits_too_long_or_is_asked_to_stop_is_told_who_holds_it(
    archive: Archive, holder: subprocess.Popen[str]
) -> None:
    try:
        by = f"login of kari is being renewed by process {holder.pid}"
        with pytest.raises(ArchiveBusy, match=by) as told, archive.consents.lock("kari", wait=at_once):
            pass
        assert told.value.pid == holder.pid
        pauses: list[float] = []

        def wait(seconds: float) -> bool:
            pauses.append(seconds)
            return False

        with pytest.raises(ArchiveBusy), archive.consents.lock("kari", wait=wait, seconds=1):
            pass
        assert sum(pauses) == pytest.approx(1)
    finally:
        holder.communicate()


def test_connections_do_not_wait_for_each_other_nor_for_a_run(archive: Archive, holder: subprocess.Popen[str]) -> None:
    try:
        with archive.single_flight(), archive.consents.lock("anders", wait=never):
            archive.consents.put({**ROW, "connection": "anders"})
        assert archive.consents.row("anders") is not None
    finally:
        holder.communicate()


def test_threads_of_one_process_take_turns_too(archive: Archive) -> None:
    inside: list[int] = []
    most: list[int] = []

    def renew(number: int) -> None:
        with archive.consents.lock("kari", wait=threading.Event().wait):
            inside.append(number)
            most.append(len(inside))
            archive.consents.rows()
            inside.remove(number)

    threads = [threading.Thread(target=renew, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6


def test_the_lock_file_is_its_owners_alone(empty_sqlite_url: str, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Archive.open(empty_sqlite_url, create=False) as archive, archive.consents.lock("kåre-2", wait=never):
            (file,) = tmp_path.glob("*.consent-kåre-2.lock")
            assert file.stat().st_mode & 0o777 == 0o600
    finally:
        os.umask(before)


def test_two_names_of_one_archive_have_one_lock(empty_sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "also.db").symlink_to(empty_sqlite_url.removeprefix("sqlite:///"))
    with (
        Archive.open(empty_sqlite_url, create=False) as archive,
        archive.consents.lock("kari", wait=never),
        Archive.open(f"sqlite:///{tmp_path}/also.db", create=False) as other,
        pytest.raises(ArchiveBusy),
        other.consents.lock("kari", wait=at_once),
    ):
        pass


def test_consents_can_be_looked_at_through_an_archive_opened_for_reading(archive: Archive, archive_url: str) -> None:
    archive.consents.put(ROW)
    with Archive.open(archive_url, create=False, read_only=True) as reader:
        assert reader.consents.row("kari") == ROW


def test_both_engines_keep_the_same(same: Callable[[Callable[[Archive], object]], object]) -> None:
    def keep(archive: Archive) -> object:
        archive.consents.put({**ROW, "rotates": True, "error": "Ø" * 300, "sent_at": T.format(3)})
        return archive.consents.rows()

    assert same(keep)
