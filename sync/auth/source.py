"""Where a client takes its bearer from."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from sync.auth.key_ring import KeyRing
from sync.auth.maskinporten import Grantee, Maskinporten, Token
from sync.dialogporten.errors import Context, TokenError


class TokenSource(Protocol):
    """Gives a usable bearer, and forgets one that the API refused. Thread safe."""

    def bearer(self) -> str: ...

    def invalidate(self, token: str) -> None: ...


@dataclass(slots=True, eq=False)
class Flight:
    """One grant under way; everybody who needs the token waits for it and shares how it ends."""

    landed: threading.Event = field(default_factory=threading.Event)
    token: Token | None = field(default=None, repr=False)
    error: BaseException | None = None


class RenewedTokens:
    """Tokens that `renew` gives: in memory only, renewed a little before they end, by one thread at a time."""

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

    def _fly(self, flight: Flight) -> None:
        try:
            flight.token = self._renew()
        except BaseException as error:
            flight.error = error
        finally:
            with self._lock:
                self._token, self._flight = flight.token, None
            flight.landed.set()


class SystemUserTokens(RenewedTokens):
    """The tokens of one system user. With `keys` a grant is signed with the one of them that fits, else with the
    grantee's own.
    """

    def __init__(
        self,
        maskinporten: Maskinporten,
        grantee: Grantee,
        *,
        monotonic: Callable[[], float],
        keys: KeyRing | None = None,
    ) -> None:
        ring = keys or KeyRing(grantee.connection or "", grantee.client_id, grantee.key)
        super().__init__(
            lambda: ring.sign(lambda key: maskinporten.grant(replace(grantee, key=key))), monotonic=monotonic
        )
        self._grantee = grantee

    def __repr__(self) -> str:
        return f"SystemUserTokens({self._grantee!r})"


class FixedToken:
    """A token given by the operator; `read` gets it when it is asked for, so that a renewed one is taken up."""

    def __init__(self, read: Callable[[], str], *, connection: str | None = None) -> None:
        self._read = read
        self._connection = connection

    def __repr__(self) -> str:
        return f"FixedToken({self._connection!r})"

    def bearer(self) -> str:
        token = self._read().strip()
        if not token:
            context = Context(at=datetime.now(UTC), connection=self._connection)
            raise TokenError("The connection's token is empty. Set its environment variable.", context=context)
        return token

    def invalidate(self, token: str) -> None:
        """Nothing to do: only the operator can renew it."""
