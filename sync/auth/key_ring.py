"""The one or two keys of a connection: which to sign with, and what became of each.

While a key is being replaced, both are registered on the client. The first is used until it is refused or its year is
over, then the one that follows; should that one be refused, the first is tried again. Nothing is written here:
`rows` is what the archive is to remember, `learn` takes what it remembered.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, TypeVar

from config.connections import IdPortenConnection, SystemUserConnection
from config.events import Event
from config.keys import SigningKey, load_signing_key
from store.batch import Row
from store.clock import instant_text
from sync.auth.key_life import KeyLife, key_life
from sync.dialogporten.clock import utc_now
from sync.dialogporten.errors import TokenRefused
from sync.dialogporten.retry import Told, ignore

T = TypeVar("T")

# Expired, not (or not yet) registered; ID-porten has one word for both (reference: auth §1.6, §4.6).
KEY_REFUSED: Final = frozenset({"MP-121", "MP-124", "invalid_client"})


@dataclass(frozen=True, slots=True)
class _Past:
    """What is known of one key."""

    first_used: datetime | None = None
    refused: datetime | None = None


class KeyRing:
    """The keys of one connection. Thread safe."""

    def __init__(
        self,
        connection: str,
        client_id: str,
        key: SigningKey,
        next_key: SigningKey | None = None,
        *,
        uploaded: date | None = None,
        now: Callable[[], datetime] = utc_now,
        told: Told = ignore,
    ) -> None:
        """`uploaded` is when `key` was registered, if the operator says so."""
        self.connection = connection
        self.client_id = client_id
        self.keys = (key,) if next_key is None else (key, next_key)
        self._uploaded = uploaded
        self._now = now
        self._told = told
        self._pasts: dict[str, _Past] = {each.kid: _Past() for each in self.keys}
        self._fresh: set[str] = set()  # what this process has seen since `learn`
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"KeyRing({self.connection!r}, {', '.join(key.kid for key in self.keys)})"

    def sign(self, ask: Callable[[SigningKey], T]) -> T:
        """What `ask` makes of the key that fits; asked again with the other key when that one is refused."""
        first, *rest = self.order()
        try:
            answer = ask(first)
        except TokenRefused as refused:
            if refused.code not in KEY_REFUSED or not rest:
                raise
            answer = self._with_other(ask, first, rest[0], refused)
        else:
            self._worked(first)
        return answer

    def order(self) -> tuple[SigningKey, ...]:
        """The keys, the one to try first in front."""
        if len(self.keys) == 1:
            return self.keys
        key, following = self.keys
        with self._lock:
            refused, other = self._pasts[key.kid].refused, self._pasts[following.kid].refused
        if refused is not None and self._uploaded is not None and refused.date() < self._uploaded:
            refused = None  # registered anew since
        life = self.life(key)
        over = life is not None and life.is_over(self._now())
        return (following, key) if (refused is not None or over) and other is None else (key, following)

    def life(self, key: SigningKey) -> KeyLife | None:
        """How long this key has been in use, as far as is known."""
        with self._lock:
            past = self._pasts[key.kid]
        return key_life(key.kid, self._uploaded if key is self.keys[0] else None, past.first_used)

    def learn(self, rows: Iterable[Mapping[str, object]]) -> None:
        """Takes rows of table client_key, of any connection. What this process has seen itself stands above them."""
        with self._lock:
            for row in rows:
                kid = str(row["kid"])
                if row["client_id"] != self.client_id or kid not in self._pasts:
                    continue
                mine, used = self._pasts[kid], _moment(row["first_used_at"])
                earliest = min((at for at in (mine.first_used, used) if at is not None), default=None)
                past = replace(mine, first_used=earliest)
                if row["connection"] == self.connection and kid not in self._fresh:
                    past = replace(past, refused=_moment(row["refused_at"]))
                self._pasts[kid] = past

    def rows(self) -> list[Row]:
        """Table client_key as it should be for this connection."""
        with self._lock:
            return [
                {
                    "connection": self.connection,
                    "kid": key.kid,
                    "client_id": self.client_id,
                    "role": role,
                    "first_used_at": _text(self._pasts[key.kid].first_used),
                    "refused_at": _text(self._pasts[key.kid].refused),
                }
                for role, key in zip(("key", "next_key"), self.keys, strict=False)
            ]

    def written(self) -> None:
        """The rows are in the archive."""
        with self._lock:
            self._fresh.clear()

    def _with_other(
        self, ask: Callable[[SigningKey], T], first: SigningKey, other: SigningKey, refused: TokenRefused
    ) -> T:
        try:
            answer = ask(other)
        except TokenRefused as again:
            if again.code in KEY_REFUSED:
                # Neither works, so what the first was told is what matters.
                raise refused from None
            raise
        with self._lock:
            self._pasts[first.kid] = replace(self._pasts[first.kid], refused=self._now())
            self._fresh.add(first.kid)
        self._told(
            Event.KEY_REFUSED,
            {"kid": first.kid, "instead": other.kid, "code": refused.code, "connection": self.connection},
        )
        self._worked(other)
        return answer

    def _worked(self, key: SigningKey) -> None:
        with self._lock:
            past = self._pasts[key.kid]
            if past.first_used is None or past.refused is not None:
                self._pasts[key.kid] = _Past(past.first_used or self._now())
                self._fresh.add(key.kid)


def key_ring(
    connection: SystemUserConnection | IdPortenConnection,
    env: Mapping[str, str],
    *,
    file: Path | None,
    now: Callable[[], datetime],
    told: Told,
) -> KeyRing | None:
    """The keys that the settings name for a connection, read; None for one with a secret. Raises ConfigError."""
    if connection.key is None:
        return None
    where = f"connection.{connection.name}"
    key = load_signing_key(connection.key, env, file=file, key=f"{where}.key")
    following = None
    if connection.next_key is not None:
        following = load_signing_key(connection.next_key, env, file=file, key=f"{where}.next_key")
    return KeyRing(
        connection.name,
        connection.client_id,
        key,
        following,
        uploaded=connection.key_uploaded,
        now=now,
        told=told,
    )


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value).astimezone(UTC) if isinstance(value, str) else None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else instant_text(moment)
