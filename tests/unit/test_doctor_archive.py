"""What the doctor sees of an archive: it is looked at, never made, and its holder is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from store.archive import Archive
from sync.doctoring.report import ok
from sync.doctoring.shelf import Locked, Shelf, look


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def test_a_missing_archive_is_a_note_and_stays_missing(tmp_path: Path) -> None:
    shelf = look(url(tmp_path / "deep" / "a.db"))
    assert shelf.check.outcome == "ok" and "first `dialogarkiv sync` makes it" in shelf.check.sentence
    assert shelf.mailbox_check("regnskap", "").outcome == "skipped"
    assert list(tmp_path.iterdir()) == []


def test_something_else_in_its_place_is_a_failure_of_the_machine(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("not a database, but long enough to be taken for one" * 30)
    check = look(url(tmp_path / "a.db")).check
    assert check.outcome == "failed" and check.exit_code == 2 and check.remedy


def test_an_archive_that_others_can_read_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Archive.open(url(path), create=True).close()
    assert look(url(path)).check.outcome == "ok"
    path.chmod(0o644)
    check = look(url(path)).check
    assert check.outcome == "warning" and "chmod 600" in check.remedy


def test_an_archive_that_may_not_be_written_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.db"
    Archive.open(url(path), create=True).close()
    monkeypatch.setattr(os, "access", lambda _path, mode: not mode & os.W_OK)
    check = look(url(path)).check
    assert check.outcome == "failed" and check.exit_code == 2


def test_the_holder_is_told_with_process_and_time_and_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Archive.open(url(path), create=True) as archive:
        assert archive.holder() is None
        with archive.single_flight():
            held = archive.holder()
            check = look(url(path)).check
            assert held is not None and held.pid == os.getpid()
            assert check.outcome == "warning" and check.facts["held_by"] == os.getpid()
        assert archive.holder() is None
        with archive.single_flight():
            pass


def test_asking_for_the_holder_makes_no_lock_file(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Archive.open(url(path), create=True) as archive:
        assert archive.holder() is None
    assert not path.with_name("a.db.lock").exists()


def test_a_persons_number_is_masked_in_what_the_archive_tells() -> None:
    party = "urn:altinn:person:identifier-no:01848510048"
    mailbox = {"connection": "kari", "identity": "", "party": party, "error": "It failed.", "state": "lost"}
    shelf = Shelf(
        ok("archive", "There."),
        mailboxes=[{**mailbox}],
        quarantine=[{"connection": "kari", "identity": "", "reason": "dueAt is no time"}],
        locked=[Locked("kari", "", party, "urn:altinn:resource:x", 3), Locked("kari", "", party, "y", 1)],
    )
    mailboxes, level = shelf.mailbox_check("kari", ""), shelf.level_check("kari", "")
    assert "01848510048" not in f"{mailboxes}{level}"
    assert mailboxes.facts == {"mailboxes": 1, "failed": 1, "lost": 1, "quarantined": 1}
    assert "1 item could not be read and is set aside" in mailboxes.sentence
    assert "dueAt is no time" in mailboxes.causes[-1]
    assert level.facts["dialogs"] == 4 and level.outcome == "warning"
    assert shelf.level_check("ola", "").outcome == "ok"
