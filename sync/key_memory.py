"""What the archive remembers of the keys that connections sign with, and when a run speaks of one that grows old."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime

from config.events import Event
from store.archive import Archive
from store.batch import Row
from sync.auth.key_life import RENEW
from sync.auth.key_ring import KeyRing
from sync.dialogporten.retry import Told


class KeyMemory:
    """The rings of a program that makes run after run."""

    def __init__(self, rings: Iterable[KeyRing | None], now: Callable[[], datetime], told: Told) -> None:
        self._rings = list({ring.connection: ring for ring in rings if ring is not None}.values())
        self._now = now
        self._told = told
        self._spoken: dict[str, date] = {}

    def recall(self, archive: Archive) -> None:
        """Lets the rings know what earlier runs saw of their keys."""
        if self._rings:
            rows = archive.client_keys()
            for ring in self._rings:
                ring.learn(rows)

    def remember(self, archive: Archive) -> None:
        """Writes down what was new, and tells once a day of a key that is near its end."""
        if not self._rings:
            return
        held = archive.client_keys()
        for ring in self._rings:
            if _standing(held, ring.connection) != {str(row["kid"]): row for row in ring.rows()}:
                archive.client_keys_write(ring.rows())
            ring.written()
            self._tell_of_age(ring)

    def _tell_of_age(self, ring: KeyRing) -> None:
        now = self._now()
        key = ring.order()[0]
        life = ring.life(key)
        if life is not None and life.is_old(now) and self._spoken.get(key.kid) != now.date():
            self._spoken[key.kid] = now.date()
            days = life.days_left(now)
            told = {"connection": ring.connection, "kid": key.kid, "days_left": days, "sentence": life.sentence(now)}
            self._told(Event.KEY_OLD, {**told, "remedy": RENEW})


def _standing(rows: Iterable[Row], connection: str) -> dict[str, Row]:
    return {str(row["kid"]): row for row in rows if row["connection"] == connection and row["role"] is not None}
