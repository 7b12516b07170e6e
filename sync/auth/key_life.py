"""How old a registered key is, and when it stops working: a year after it was registered (reference: auth §9). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

LIFE: Final = timedelta(days=365)
WARN_AFTER: Final = timedelta(days=300)

RENEW: Final = (
    "Register its public half again and write the day as key_uploaded; or make a new key "
    "(dialogarkiv init --key-only --key PATH), register that one too, and name it next_key until the old one is gone."
)


@dataclass(frozen=True, slots=True)
class KeyLife:
    """`since` is the day the key was registered, if `registered`; else its first use, which is never earlier."""

    kid: str
    since: datetime
    registered: bool

    @property
    def ends_at(self) -> datetime:
        """When it stops working; at the latest, where only its first use is known."""
        return self.since + LIFE

    def days(self, now: datetime) -> int:
        """Whole days that have gone; below 0 for a day that is still to come."""
        return (now - self.since) // timedelta(days=1)

    def days_left(self, now: datetime) -> int:
        """Whole days until it stops working; 0 when it has."""
        return max((self.ends_at - now) // timedelta(days=1), 0)

    def is_over(self, now: datetime) -> bool:
        return now >= self.ends_at

    def is_old(self, now: datetime) -> bool:
        """Whether it is time to think of another."""
        return now >= self.since + WARN_AFTER

    def sentence(self, now: datetime) -> str:
        """How old it is and how long it lasts, without a word on what to do."""
        began = "registered" if self.registered else "in use since"
        end = f"{self.ends_at:%Y-%m-%d}"
        if self.is_over(now):
            return f"Key {self.kid} ({began} {self.since:%Y-%m-%d}): its year ended on {end}."
        when = f"on {end}" if self.registered else f"on {end} at the latest"
        return f"Key {self.kid} ({began} {self.since:%Y-%m-%d}) is {self.days(now)} days old; it stops working {when}."


def key_life(kid: str, uploaded: date | None, first_used: datetime | None) -> KeyLife | None:
    """What is known of a key's life; the operator's own word on it first. None while nothing is known."""
    if uploaded is not None:
        return KeyLife(kid, datetime(uploaded.year, uploaded.month, uploaded.day, tzinfo=UTC), registered=True)
    return None if first_used is None else KeyLife(kid, first_used, registered=False)
