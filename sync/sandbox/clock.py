"""The world's clock: frozen where a test put it, or running at real time plus an offset."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sync.sandbox.instants import instant


def real_now() -> datetime:
    """The wall clock, UTC."""
    return datetime.now(UTC)


class Clock:
    """Says what time it is for the data: timestamps, visibility, expiry. Tokens and `Date` use the wall clock."""

    def __init__(self, real: Callable[[], datetime] = real_now) -> None:
        self._real = real
        self.frozen: datetime | None = None
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The world's time."""
        return self.frozen if self.frozen is not None else self._real() + self.offset

    def text(self) -> str:
        """The world's time as an instant."""
        return instant(self.now())

    def freeze(self, at: datetime) -> None:
        """Stands still at `at`."""
        self.frozen = at

    def run(self, offset_seconds: float) -> None:
        """Runs at real time plus the offset."""
        self.frozen = None
        self.offset = timedelta(seconds=offset_seconds)

    @contextmanager
    def at(self, moment: datetime | None) -> Iterator[None]:
        """Stands at `moment` for the length of the block; None changes nothing."""
        before = self.frozen
        if moment is not None:
            self.frozen = moment
        try:
            yield
        finally:
            self.frozen = before
