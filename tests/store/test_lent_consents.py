"""Consents that outlive the archive they are in: each use goes to the one that is open then."""

from __future__ import annotations

import pytest

from store.archive import Archive
from store.batch import Row
from store.consents import Consents
from store.errors import ArchiveBusy

GRANTED = "2026-11-25T09:00:00.000000Z"


def consent(**more: object) -> Row:
    row: Row = {"connection": "kari", "client_id": "c", "issuer": "https://idporten.example", "state": "active"}
    return {**row, "generation": 0, "sent_at": None, "sealed": b"x", "granted_at": GRANTED, **more}  # type: ignore[dict-item]


def test_what_is_written_through_one_opening_is_read_through_the_next(url: str) -> None:
    opened: list[Archive] = []
    lent = Consents.lent(url, lambda: opened[-1].consents)
    with Archive.open(url, create=True) as first:
        opened.append(first)
        lent.put(consent())
        assert lent.change("kari", 0, None, {"sent_at": GRANTED})
    with Archive.open(url, create=False) as second:
        opened.append(second)
        (row,) = lent.rows()
        assert (row["sent_at"], row["sealed"], row["granted_at"]) == (GRANTED, b"x", GRANTED)
        assert second.consents.row("kari") == row
        assert lent.remove("kari") and lent.row("kari") is None


def test_its_lock_is_the_one_that_everybody_else_takes(archive: Archive, archive_url: str) -> None:
    lent = Consents.lent(archive_url, lambda: archive.consents)
    with (
        lent.lock("kari", wait=lambda _seconds: False),
        Archive.open(archive_url, create=False) as other,
        pytest.raises(ArchiveBusy),
        other.consents.lock("kari", wait=lambda _seconds: True),
    ):
        pass
    with archive.consents.lock("kari", wait=lambda _seconds: True):
        pass
