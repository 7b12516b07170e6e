"""Identifiers: UUIDv7 for entities, random UUIDs for revisions, derived ones for seen records."""

from __future__ import annotations

import hashlib
import random
import uuid
from datetime import datetime


class Ids:
    """A source of identifiers. Two sources with the same seed give the same ones at the same times."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 (a play server's ids, no secret)
        self._last = 0

    def entity(self, now: datetime) -> str:
        """A UUIDv7 of `now`; those made in one millisecond, or while the clock stands, still ascend."""
        stamp = int(now.timestamp() * 1000) << 74
        self._last = max(self._last + 1 + self._random.getrandbits(8), stamp | self._random.getrandbits(60))
        high, low = self._last >> 62, self._last & (2**62 - 1)
        number = ((high >> 12) << 80) | (0x7 << 76) | ((high & 0xFFF) << 64) | (0b10 << 62) | low
        return str(uuid.UUID(int=number))

    def revision(self) -> str:
        """A random UUIDv4."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def digit(self) -> int:
        """The seventh fractional digit of a time fresh from memory: 1 to 9."""
        return self._random.randint(1, 9)


def seen_record_id(dialog_id: str, updated_at: str, mark_removed: bool, user: str) -> str:
    """The id of the seen record that this user's opening makes: the same opening always gives the same id."""
    digest = hashlib.sha256(f"{dialog_id}|{updated_at}|{mark_removed}|{user}".encode()).digest()
    head = uuid.UUID(dialog_id).int >> 80
    tail = int.from_bytes(digest[:10], "big")
    number = (head << 80) | (0x7 << 76) | (((tail >> 62) & 0xFFF) << 64) | (0b10 << 62) | (tail & (2**62 - 1))
    return str(uuid.UUID(int=number))


def is_guid(text: str) -> bool:
    """What the server takes as a GUID: with or without hyphens, in braces or parentheses."""
    try:
        uuid.UUID(text.strip("(){}"))
    except ValueError:
        return False
    return True


def ephemeral_id(person: str, salt: str) -> str:
    """The mask of a person's id: ten hex digits under a salt that one server process keeps to itself."""
    digest = hashlib.sha256(f"{salt}|{person}".encode()).hexdigest()[:10]
    return f"urn:altinn:person:identifier-ephemeral:{digest}"
