"""When to ask again: a pure policy, and the small runner that obeys it.

429 and 503 close a gate for every request of the same client id for as long as `Retry-After` says (capped); broken
connections, timeouts, cut bodies, 5xx and what may be an outage of Altinn's token exchange back off with full jitter;
everything else is final. All waiting goes through one injected, interruptible `wait`, and is paid from a budget that
one connection has for one run. Source: end-user API §11; every GET is safe to repeat, the marking one too.
"""

import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, TypeVar

from config.events import Event
from sync.dialogporten.breaker import Breaker
from sync.dialogporten.budget import RequestBudget
from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    Busy,
    ConnectFailed,
    Context,
    CutBody,
    ExchangeRefused,
    ServerFault,
    Stopped,
    TimedOut,
)

T = TypeVar("T")

Told = Callable[[str, Mapping[str, object]], None]

TRANSIENT: Final = (ConnectFailed, TimedOut, CutBody, BadGateway)
LONGEST: Final = 365 * 24 * 3600.0


def ignore(event: str, fields: Mapping[str, object]) -> None:
    """Hears of an event and does nothing."""


@lru_cache(maxsize=64)  # every answer of a second says the same
def http_date(text: str | None) -> datetime | None:
    """An HTTP date as UTC, or None where the header is absent or no date (`Expires: -1`)."""
    if not text:
        return None
    try:
        read = parsedate_to_datetime(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds that a `Retry-After` asks for, never negative; None where it is absent or unreadable.

    Both forms of RFC 9110 are read. A date is measured against `now`: pass the answer's own `Date`, so that our
    clock does not matter.
    """
    said = (text or "").strip()
    if re.fullmatch(r"[0-9]+", said):
        return min(float(said[:12]), LONGEST)
    date = http_date(said)
    return None if date is None else min(max((date - now).total_seconds(), 0.0), LONGEST)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long. Seconds throughout."""

    attempts: int = 5
    dialog_fault_attempts: int = 2
    optional_attempts: int = 2
    base: float = 0.5
    longest_backoff: float = 30.0
    longest_retry_after: float = 300.0
    total: float = 600.0

    def backoff(self, attempt: int, jitter: float) -> float:
        """Full jitter: anything from 0 to the doubled ceiling; `attempt` counts from 1, `jitter` is in [0, 1)."""
        return jitter * min(self.longest_backoff, self.base * 2.0 ** min(attempt - 1, 32))

    def delay(self, error: ArkivError, attempt: int, jitter: float, *, optional: bool = False) -> float | None:
        """Seconds to wait before attempt `attempt` + 1, or None: this error is final. `optional`: we can do without."""
        allowed = min(self.attempts, self.optional_attempts) if optional else self.attempts
        if isinstance(error, ServerFault) and error.dialog_id is not None:
            allowed = min(allowed, self.dialog_fault_attempts)
        if attempt >= allowed:
            return None
        if isinstance(error, Busy):
            told = error.retry_after
            # A little jitter on top, so that the waiting threads do not all come back in the same instant.
            return min(told, self.longest_retry_after) + jitter if told is not None else self.backoff(attempt, jitter)
        passes = isinstance(error, (*TRANSIENT, ServerFault)) or (isinstance(error, ExchangeRefused) and error.passing)
        return self.backoff(attempt, jitter) if passes else None


class Gate:
    """Closed until a moment for every request of one client id. Thread safe."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._until = 0.0
        self._lock = threading.Lock()

    def close_for(self, seconds: float) -> float:
        """Closes, or keeps closed for longer, never for shorter; answers by how many seconds the closing grew."""
        with self._lock:
            now = self._monotonic()
            before, self._until = max(self._until, now), max(self._until, now + seconds)
            return self._until - before

    def remaining(self) -> float:
        """Seconds until it opens, 0 when open."""
        if not self._until:
            return 0.0  # never closed so far, as usual
        with self._lock:
            return max(self._until - self._monotonic(), 0.0)


class Budget:
    """Seconds of waiting that one connection has left in this run. Thread safe."""

    def __init__(self, seconds: float = 600.0) -> None:
        self._whole = self._left = seconds
        self._lock = threading.Lock()

    @property
    def left(self) -> float:
        return self._left

    def take(self, seconds: float) -> bool:
        """Takes `seconds` if they are there; False leaves the budget as it was."""
        with self._lock:
            if seconds > self._left:
                return False
            self._left -= seconds
            return True

    def refill(self) -> None:
        """Another run begins."""
        with self._lock:
            self._left = self._whole

    def spend_all(self) -> None:
        """Ends waiting for this run: the server is closed for longer than we may wait."""
        with self._lock:
            self._left = 0.0


class Retrier:
    """Runs a call under policy, gate and budget. One for each connection; thread safe.

    `pace` is the client id's request budget and `breaker` the server's; both are asked by `admit`, which whoever
    sends calls right before each request.
    `wait(seconds)` sleeps and answers True when we are asked to stop (`threading.Event.wait`); then Stopped is raised.
    `told(event, fields)` hears of every wait.
    """

    def __init__(
        self,
        policy: RetryPolicy | None = None,
        *,
        gate: Gate | None = None,
        budget: Budget | None = None,
        pace: RequestBudget | None = None,
        breaker: Breaker | None = None,
        wait: Callable[[float], bool] | None = None,
        jitter: Callable[[], float] = random.random,
        told: Told = ignore,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self.gate = gate or Gate()
        self.budget = budget or Budget(self.policy.total)
        self.pace = pace
        self.breaker = breaker
        self._wait = wait or threading.Event().wait
        self._jitter = jitter
        self._told = told

    def run(self, call: Callable[[], T], *, optional: bool = False) -> T:
        """The call's value, or the error that is final, out of attempts or out of budget."""
        attempt = 1
        while True:
            self._pass_gate()
            try:
                return call()
            except ArkivError as error:
                delay = self.policy.delay(error, attempt, self._jitter(), optional=optional)
                hold = self._hold(error, attempt)
                if isinstance(error, Busy) and hold is not None:
                    # Paid once, by whoever closes it: the others wait the same seconds at the gate.
                    added = self.gate.close_for(hold)
                    if added:
                        self._told(Event.THROTTLED, {"seconds": round(hold, 1), **error.facts()})
                    if delay is None:
                        raise
                    if not self.budget.take(added):
                        self.budget.spend_all()
                        raise
                    delay = max(delay - hold, 0.0)
                elif delay is None or not self.budget.take(delay):
                    raise
                self._told(Event.REQUEST_RETRIED, {"error": type(error).__name__, "attempt": attempt, **error.facts()})
                if delay:
                    self._pause(delay)
            attempt += 1

    def _hold(self, error: ArkivError, attempt: int) -> float | None:
        """Seconds to hold every request of the client id back; for a 429 that does not say, doubled each time."""
        if not isinstance(error, Busy):
            return None
        if error.retry_after is not None:
            return min(error.retry_after, self.policy.longest_retry_after)
        return self.policy.backoff(attempt, 1.0) if error.status == 429 else None

    def admit(self, context: Context) -> None:
        """Returns when one request may leave: gate open, breaker closed, a place in the budget. Raises Busy,
        ServerDown or Stopped.
        """
        breaker, pace = self.breaker, self.pace
        looks = breaker is not None and breaker.is_open
        if looks and breaker is not None:
            breaker.admit(context)
        while True:
            if pace is not None:
                pace.take(context)
            if not self.gate.remaining():
                break
            # Closed while we waited for our turn. Many wait here, so each takes a new turn when it opens.
            self._pass_gate()
        if breaker is not None and not looks:
            breaker.admit(context)

    def heard(self, error: ArkivError | None, *, optional: bool = False) -> None:
        """What came of a request that was admitted; None for a good answer. An `optional` one that fails behind
        Dialogporten says nothing of Dialogporten (reference: end-user API §17 row 21).
        """
        if self.breaker is not None and not (optional and isinstance(error, (BadGateway, ServerFault))):
            self.breaker.heard(error)
        if error is not None and self.pace is not None and isinstance(error, Busy) and error.status == 429:
            self.pace.slow_down()

    def _pass_gate(self) -> None:
        while (remaining := self.gate.remaining()) > 0:
            if self.budget.left <= 0:
                raise Busy(
                    "The server asked us to wait for longer than this run may. Try again later.", retry_after=remaining
                )
            self._pause(remaining)

    def _pause(self, seconds: float) -> None:
        if self._wait(seconds):
            raise Stopped("Stopped while waiting for the server.")
