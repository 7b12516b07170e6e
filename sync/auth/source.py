"""Where a client takes its bearer from."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from sync.auth.key_ring import KeyRing
from sync.auth.maskinporten import Grantee, Maskinporten
from sync.auth.renewal import RenewedToken
from sync.dialogporten.errors import Context, TokenError


class TokenSource(Protocol):
    """Gives a usable bearer, and forgets one that the API refused. Thread safe."""

    def bearer(self) -> str: ...

    def invalidate(self, token: str) -> None: ...


class SystemUserTokens(RenewedToken):
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
