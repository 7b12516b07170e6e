"""The doctor's look at an archive is the same on both engines, and tells who holds it."""

from __future__ import annotations

import os

import pytest
from sqlalchemy.engine import make_url

from store.archive import Archive
from store.batch import DialogRows
from sync.doctoring import shelf
from sync.doctoring.shelf import Locked, look
from tests.store.rows import AT, ORG, batch, dialog

RESOURCE = "urn:altinn:resource:eksempel"


def of_accountant(number: int, *, access: str = "full", presence: str = "present") -> DialogRows:
    """A dialog that the accountant's system user read last."""
    return dialog(
        number,
        access=access,
        presence=presence,
        service_resource=RESOURCE,
        connection="regnskap",
        identity="310000000",
    )


def test_level_locked_dialogs_are_counted_by_identity_party_and_service(archive: Archive, archive_url: str) -> None:
    locked = [of_accountant(number, access="level_too_low") for number in (1, 2)]
    gone = of_accountant(4, access="level_too_low", presence="absent")
    archive.write(batch(*locked, of_accountant(3), gone))
    seen = look(archive_url)
    assert seen.check.outcome == "ok" and seen.check.facts["dialogs"] == 4
    assert seen.locked == [Locked("regnskap", "310000000", ORG, RESOURCE, 2)]


def test_the_holder_is_told_and_nobody_else(archive: Archive, archive_url: str) -> None:
    archive.mailbox_state("regnskap", "310000000", ORG, at=AT)
    assert archive.holder("regnskap/310000000") is None
    with archive.single_flight("regnskap/310000000"), Archive.open(archive_url, create=False) as other:
        held = other.holder("regnskap/310000000")
        assert held is not None and held.pid == os.getpid() and held.since is not None
        assert (other.holder("another") is None) == archive.shared
        assert look(archive_url).check.outcome == "warning"
    assert archive.holder("regnskap/310000000") is None
    assert look(archive_url).check.outcome == "ok"


def test_an_empty_database_is_a_note_and_one_that_is_not_there_a_failure(postgres_url: str) -> None:
    assert look(postgres_url).check.outcome == "ok"
    missing = look(make_url(postgres_url).set(database="not_there").render_as_string(hide_password=False))
    assert missing.check.outcome == "failed"


def test_a_database_whose_user_may_only_read_is_a_failure(
    emptied_postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = "pg_read_all_settings"  # a role that every server has, and that may not write our tables
    asked = shelf._MAY_WRITE.replace("session_user", f"'{reader}'")
    monkeypatch.setattr(shelf, "_MAY_WRITE", asked)
    check = look(emptied_postgres_url).check
    assert check.outcome == "failed" and check.exit_code == 2 and "not written" in check.sentence
