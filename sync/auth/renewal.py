"""A bearer in memory that is renewed a little before it ends, by one thread at a time."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from sync.auth.maskinporten import Token


@dataclass(slots=True, eq=False)
class Flight:
    """One renewal under way; everybody who needs the token waits for it and shares how it ends."""

    landed: threading.Event = field(default_factory=threading.Event)
    token: Token | None = field(default=None, repr=False)
    error: BaseException | None = None


class RenewedToken:
    """A token source (`sync.auth.source.TokenSource`); `renew` gets the next token. Thread safe."""

    def __init__(self, renew: Callable[[], Token], *, monotonic: Callable[[], float]) -> None:
        self._renew = renew
        self._monotonic = monotonic
        self._token: Token | None = None
        self._flight: Flight | None = None
        self._lock = threading.Lock()

    def bearer(self) -> str:
        """A token that is good for at least its margin. Errors are those of `renew`; the next call tries anew."""
        with self._lock:
            if self._token is not None and self._monotonic() < self._token.usable_until:
                return self._token.value
            flight = self._flight
            mine = flight is None
            if flight is None:
                flight = self._flight = Flight()
        if mine:
            self._fly(flight)
        flight.landed.wait()
        if flight.token is None:
            assert flight.error is not None
            raise flight.error
        return flight.token.value

    def invalidate(self, token: str) -> None:
        """Forgets `token` if it is the one in use; a thread that is late cannot throw away its successor."""
        with self._lock:
            if self._token is not None and self._token.value == token:
                self._token = None

    def drop(self) -> None:
        """Forgets whatever token is in use."""
        with self._lock:
            self._token = None

    def _fly(self, flight: Flight) -> None:
        try:
            flight.token = self._renew()
        except BaseException as error:
            flight.error = error
        finally:
            with self._lock:
                self._token, self._flight = flight.token, None
            flight.landed.set()
