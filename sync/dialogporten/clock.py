"""Our clock against the server's, read from the `Date` header of every answer.

A grant carries our time, and Maskinporten tolerates ten seconds. Over 10 s we warn, over 60 s we refuse to sign
(reference: auth §1.2, §1.7). The reading is kept against the monotonic clock, so a wall clock that is set meanwhile,
either way, shows at once and a past reading does not go stale.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from config.events import Event
from sync.dialogporten.errors import ClockSkew, Context
from sync.dialogporten.retry import Told, http_date, ignore

WARN_OVER: Final = 10.0
REFUSE_OVER: Final = 60.0


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """`offset`: server's POSIX time less our monotonic clock; `doubt`: half the round trip, half a second of `Date`."""

    offset: float
    doubt: float


class ServerClock:
    """What the servers' clocks say, one reading for each host. Thread safe."""

    def __init__(
        self,
        *,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        told: Told = ignore,
    ) -> None:
        self._now = now
        self._monotonic = monotonic
        self._told = told
        self._readings: dict[str, Reading] = {}
        self._warned: dict[str, float] = {}
        self._lock = threading.Lock()

    def observe(self, host: str, headers: Mapping[str, str], sent: float) -> None:
        """Takes the `Date` of the answer to a request sent at monotonic time `sent`; a cached one (`Age`) is no use."""
        date = http_date(headers.get("date"))
        if date is None or "age" in headers:
            return
        arrived = self._monotonic()
        half = (arrived - sent) / 2
        # `Date` is cut to whole seconds: the true time lies on average half a second later.
        reading = Reading(offset=date.timestamp() + 0.5 - (arrived - half), doubt=half + 0.5)
        with self._lock:
            self._readings[host] = reading
            skew = self._certain(reading)
            before = self._warned.get(host)
            if abs(skew) > WARN_OVER and (before is None or abs(skew - before) > WARN_OVER):
                self._warned[host] = skew
                event = Event.CLOCK_SKEWED
            elif abs(skew) <= WARN_OVER and before is not None:
                del self._warned[host]
                event = Event.CLOCK_AGREES
            else:
                return
        self._told(event, {"host": host, "seconds": round(skew, 1)})

    def skew(self, host: str) -> float | None:
        """Seconds our clock is certainly ahead (negative: behind) of this host now; None before its first answer."""
        with self._lock:
            reading = self._readings.get(host)
            return None if reading is None else self._certain(reading)

    def ahead(self, host: str) -> timedelta:
        """How far this host's clock is ahead of ours at least (negative: behind at most); 0 before its first answer."""
        with self._lock:
            reading = self._readings.get(host)
            if reading is None:
                return timedelta(0)
            ahead = reading.offset + self._monotonic() - self._now().timestamp()
            return timedelta(seconds=ahead - reading.doubt)

    def require_agreement(self, host: str, context: Context | None = None) -> None:
        """Raises ClockSkew when our clock is off by more than a minute."""
        skew = self.skew(host)
        if skew is not None and abs(skew) > REFUSE_OVER:
            raise ClockSkew(
                f"This machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} {host}'s. "
                "Set it right (turn on time synchronisation), then try again; no token is asked for meanwhile.",
                seconds=skew,
                context=context,
            )

    def _certain(self, reading: Reading) -> float:
        apart = self._now().timestamp() - (reading.offset + self._monotonic())
        certain = max(abs(apart) - reading.doubt, 0.0)
        return certain if apart > 0 else -certain
