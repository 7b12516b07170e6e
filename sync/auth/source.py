"""Where a client takes its bearer from."""

from typing import Protocol


class TokenSource(Protocol):
    """Gives a usable bearer, and forgets one that the API refused. Thread safe."""

    def bearer(self) -> str: ...

    def invalidate(self, token: str) -> None: ...
