"""How many requests may leave in a second: one budget for all identities and threads of one client id.

A token bucket that is kept as a timetable: every request takes the next free moment, in the order in which they came,
and waits for it. What was not used is lost but for a tenth of a second, so a server that was away for hours meets no
burst when it is back. A 429 slows us down to half of what really left lately; the pace recovers while no further 429
comes. The server has no limit of its
own, the gateway in front of it may (reference: end-user API §11).
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from sync.dialogporten.errors import Context, Stopped

REQUESTS_PER_SECOND: Final = 100
BURST_SECONDS: Final = 0.1
SLOWEST: Final = 1.0  # seconds between two requests, however often the server says 429
RECOVERY_SECONDS: Final = 10.0  # so long without a 429, and the pace grows by half


class RequestBudget:
    """Thread safe. `wait(seconds)` sleeps and answers True when we are asked to stop."""

    def __init__(
        self,
        per_second: float = REQUESTS_PER_SECOND,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wait: Callable[[float], bool] | None = None,
    ) -> None:
        """ValueError unless `per_second` is positive."""
        if not per_second > 0:
            raise ValueError("a budget of no requests at all")
        self._usual = self._interval = 1.0 / per_second
        self._ahead = max(BURST_SECONDS - self._interval, 0.0)
        self._slowest = max(SLOWEST, self._usual)
        self._monotonic = monotonic
        self._wait = wait or threading.Event().wait
        self._next = 0.0
        self._paced = 0.0
        self._second, self._this, self._before = 0, 0, 0  # how many left in this whole second, and in the one before
        self._lock = threading.Lock()

    @property
    def per_second(self) -> float:
        """The pace now."""
        return 1.0 / self._interval

    def take(self, context: Context | None = None) -> float:
        """Waits for the next free moment, and answers for how long it waited. Raises Stopped."""
        with self._lock:
            now = self._monotonic()
            if self._interval > self._usual and now - self._paced >= RECOVERY_SECONDS:
                self._interval, self._paced = max(self._usual, self._interval / 1.5), now
            # While the server slows us down, nothing is saved up either.
            ahead = self._ahead if self._interval == self._usual else 0.0
            moment = max(self._next, now - ahead)
            self._next = moment + self._interval
            second = int(moment)
            if second != self._second:
                self._before = self._this if second == self._second + 1 else 0
                self._second, self._this = second, 0
            self._this += 1
        delay = moment - now
        if delay <= 0:
            return 0.0
        if self._wait(delay):
            raise Stopped("Stopped while waiting for its turn.", context=context)
        return delay

    def slow_down(self) -> None:
        """The server said 429: half the pace. What is refused together counts once."""
        with self._lock:
            now = self._monotonic()
            if self._interval == self._usual or now - self._paced >= 1.0:
                left = max(self._this, self._before, 1)
                self._interval = min(max(self._interval, 1.0 / left) * 2, self._slowest)
                self._paced = now
