"""What is remembered of the keys that connections sign with."""

from __future__ import annotations

from store.archive import Archive
from store.batch import Row

FIRST = "2026-03-01T09:00:00.000000Z"
LATER = "2026-12-24T09:00:00.000000Z"


def key(kid: str, role: str | None = "key", connection: str = "regnskap", **more: str | None) -> Row:
    return {"connection": connection, "kid": kid, "client_id": "c", "role": role, **more}


def roles(archive: Archive) -> dict[tuple[object, object], object]:
    return {(row["connection"], row["kid"]): row["role"] for row in archive.client_keys()}


def test_what_is_written_of_a_key_is_read_back(archive: Archive) -> None:
    archive.client_keys_write([key("kid-1", first_used_at=FIRST, refused_at=LATER)])
    assert archive.client_keys() == [key("kid-1", first_used_at=FIRST, refused_at=LATER)]


def test_a_key_that_the_settings_no_longer_name_stays_without_a_role(archive: Archive) -> None:
    archive.client_keys_write([key("kid-1", first_used_at=FIRST, refused_at=None)])
    archive.client_keys_write([key("other", connection="kari", first_used_at=FIRST, refused_at=None)])
    archive.client_keys_write([key("kid-2", first_used_at=LATER, refused_at=None)])
    assert roles(archive) == {("regnskap", "kid-1"): None, ("regnskap", "kid-2"): "key", ("kari", "other"): "key"}
    assert {row["kid"]: row["first_used_at"] for row in archive.client_keys()}["kid-1"] == FIRST


def test_the_second_key_takes_the_place_of_the_first(archive: Archive) -> None:
    archive.client_keys_write([key("kid-1"), key("kid-2", "next_key")])
    archive.client_keys_write([key("kid-2")])
    assert roles(archive) == {("regnskap", "kid-1"): None, ("regnskap", "kid-2"): "key"}
