"""When a server does not answer request after request, it is left alone for a while.

So many failures in a row open the breaker: requests then end at once as ServerDown, which ends the pass, instead of
each dialog of thousands finding out for itself. When the pause is over one request is let through to look; its answer
closes the breaker, its failure opens it for twice as long. Any whole answer that is no server failure is an answer, a
refusal too; a 500 on one dialog may be that dialog's for good (reference: end-user API §17.2) and says nothing.
"""

import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

from config.events import Event
from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    Busy,
    ConnectFailed,
    Context,
    CutBody,
    HttpRefusal,
    ServerDown,
    ServerFault,
    TimedOut,
    TooLarge,
)

# Two volleys of the usual concurrency: what fails together in one instant may still be a single hiccup.
FAILURES: Final = 16
PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 300.0

_FAILED: Final = (ConnectFailed, TimedOut, CutBody, BadGateway)
_ANSWERED: Final = (HttpRefusal, TooLarge)


class Breaker:
    """One for each server, shared by every identity that asks it. Thread safe. Seconds throughout."""

    def __init__(
        self,
        failures: int = FAILURES,
        *,
        pause: float = PAUSE,
        longest_pause: float = LONGEST_PAUSE,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        told: Callable[[str, Mapping[str, object]], None] = lambda event, fields: None,
    ) -> None:
        self._allowed = failures
        self._first_pause, self._pause, self._longest = pause, pause, longest_pause
        self._monotonic = monotonic
        self._jitter = jitter
        self._told = told
        self._failures = 0
        self._dialogs: set[str] = set()  # that have failed since the last good answer
        self._until: float | None = None  # None = closed
        self._looking = False
        self._last = ""
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._until is not None

    def admit(self, context: Context | None = None) -> None:
        """Lets a request through, or raises ServerDown. Whoever is let through tells `heard` what came of it."""
        if not self.is_open:
            return
        with self._lock:
            if self._until is None:
                return
            now = self._monotonic()
            if now >= self._until:
                # Should nothing be heard of the one that looks, another may after the same pause.
                self._looking, self._until = True, now + self._pause
                return
            seconds = self._until - now
        raise ServerDown(
            f"{context.server if context else 'The server'} failed {self._failures} times in a row, so it is not asked "
            f"for another {seconds:.0f} s. {self._last} The next run takes up where this one ended.",
            context=context,
        )

    def heard(self, error: ArkivError | None) -> None:
        """What came of a request that was let through: None for a good answer."""
        if error is None or _is_answer(error):
            if self._failures or self._until is not None:
                self._close()
        elif _is_failure(error):
            self._failed(error)

    def _close(self) -> None:
        with self._lock:
            was_open, self._until = self._until is not None, None
            self._failures, self._pause, self._looking = 0, self._first_pause, False
            self._dialogs.clear()
        if was_open:
            self._told(Event.SERVER_BACK, {})

    def _failed(self, error: ArkivError) -> None:
        with self._lock:
            # A dialog that fails try after try, for good perhaps, is one failure and no more.
            if error.dialog_id is None or error.dialog_id not in self._dialogs:
                self._failures += 1
            if error.dialog_id is not None:
                self._dialogs.add(error.dialog_id)
            again = self._looking
            if self._failures < self._allowed or (self._until is not None and not again):
                return
            if again:
                self._pause = min(self._pause * 2, self._longest)
            # A little more or less, so that many installations do not all look in the same instant.
            pause = self._pause * (0.9 + 0.2 * self._jitter())
            self._until, self._looking, self._last = self._monotonic() + pause, False, error.sentence
            failures = self._failures
        self._told(Event.SERVER_DOWN, {"failures": failures, "seconds": round(pause, 1), **error.facts()})


def _is_failure(error: ArkivError) -> bool:
    if isinstance(error, ServerFault):
        return error.dialog_id is None
    # A 503 with Retry-After says itself when to come back.
    return isinstance(error, _FAILED) or (isinstance(error, Busy) and error.status == 503 and error.retry_after is None)


def _is_answer(error: ArkivError) -> bool:
    return isinstance(error, _ANSWERED) and not isinstance(error, BadGateway | ServerFault | Busy)
