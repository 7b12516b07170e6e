"""The tokens of a person who logged in: access tokens in memory, renewed with what the vault keeps."""

from collections.abc import Callable
from datetime import datetime

from sync.auth.grant import Client, Refresher
from sync.auth.maskinporten import Token
from sync.auth.renewal import RenewedToken
from sync.auth.vault import Vault


class PersonTokens(RenewedToken):
    """A token source (`sync.auth.source.TokenSource`) for one `id-porten` connection.

    Errors are those of `Vault.refresh`: LoginNeeded is for the person (exit code 3). The vault is read anew at each
    renewal, so that a new login is taken up without a restart.
    """

    def __init__(self, idporten: Refresher, vault: Vault, client: Client, *, monotonic: Callable[[], float]) -> None:
        super().__init__(self._next, monotonic=monotonic)
        self._idporten = idporten
        self._vault = vault
        self._client = client
        self._login: datetime | None = None  # when the person logged in whose token is in memory

    def __repr__(self) -> str:
        return f"PersonTokens({self._client.connection!r})"

    def look(self) -> None:
        """Forgets an access token of a login that has ended meanwhile, or was replaced by another, maybe somebody
        else's. ID-porten cannot call such a token back: it would let us read on until its time is over.
        """
        consent = self._vault.consent(self._client.connection)
        if consent.stored != "active" or consent.granted_at != self._login:
            self.drop()

    def _next(self) -> Token:
        # Before the renewal: of a login that comes in between, the next look must not believe that it is this one.
        self._login = self._vault.consent(self._client.connection).granted_at
        token = self._ask()
        # A grant that waited in memory for an archive to come back may have run out meanwhile.
        return token if self._monotonic() < token.usable_until else self._ask()

    def _ask(self) -> Token:
        return self._vault.refresh(self._client, lambda held: self._idporten.refresh(self._client, held)).access
