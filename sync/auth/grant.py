"""A person's consent as ID-porten gives it: who asks for it, and what comes back (reference: auth §4).

Shared by the login (`sync.auth.idporten`), which gets grants, and the vault (`sync.auth.vault`), which keeps them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from config.connections import IdPortenConnection, RefreshTokens
from config.environments import Environment
from config.keys import SigningKey, load_signing_key
from sync.auth.maskinporten import Token


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """The secret of a client that is registered with one instead of a key."""

    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Client:
    """The ID-porten client of one connection. `issuer` has no slash at its end.

    `authorization_lifetime` and `refresh_tokens` are what the operator says of the registration; None: not said.
    """

    connection: str
    client_id: str
    credential: SigningKey | ClientSecret = field(repr=False)
    redirect: str
    acr: str
    scopes: tuple[str, ...]
    issuer: str
    authorization_lifetime: timedelta | None = None
    refresh_tokens: RefreshTokens | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gave for a code or a refresh token.

    `scopes` and `acr`: as granted, not as asked. `subject`: the pairwise `sub`. `refresh_expires_in`: seconds that the
    refresh token may lie unused; `ends_at`: when the person's consent ends for good. None where the answer is silent.
    """

    access: Token
    refresh_token: str | None = field(repr=False)
    scopes: tuple[str, ...]
    acr: str | None
    subject: str | None = field(default=None, repr=False)
    refresh_expires_in: float | None = None
    ends_at: datetime | None = None


class Refresher(Protocol):
    """Turns a refresh token into a grant: one request, never repeated in here.

    What is raised tells the vault whether the token may have been used up. An error whose `method` is not POST is one
    of before the token left (metadata, clock). A refusal is TokenRefused with OAuth's `code` (`invalid_grant`) and the
    status; 429 and 5xx are Busy, ServerFault and BadGateway; no complete answer is Unreachable; a 200 without an access
    token is BadBody. Once a 200 with an access token is there nothing more is asked or raised: a token lost then is a
    consent lost.
    """

    def refresh(self, client: Client, refresh_token: str) -> Grant: ...


def client_of(
    connection: IdPortenConnection, environment: Environment, env: Mapping[str, str], *, file: Path | None = None
) -> Client:
    """The client that a connection describes, its key or secret read. Raises ConfigError where that cannot be."""
    if connection.key is not None:
        credential: SigningKey | ClientSecret = load_signing_key(connection.key, env, file=file)
    else:
        assert connection.client_secret is not None, "the settings were checked for one of the two"
        credential = ClientSecret(connection.client_secret.read(env, file=file, key="client_secret"))
    return Client(
        connection=connection.name,
        client_id=connection.client_id,
        credential=credential,
        redirect=connection.redirect,
        acr=connection.acr,
        scopes=connection.scopes,
        issuer=environment.idporten,
        authorization_lifetime=connection.authorization_lifetime,
        refresh_tokens=connection.refresh_tokens,
    )
