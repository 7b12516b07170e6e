"""Who reads: every system user, person or fixed token of the settings, each with its client to Dialogporten."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from config.connections import Connection, IdPortenConnection, SystemUser, SystemUserConnection, TokenConnection
from config.settings import Settings
from sync.auth.altinn import AltinnExchange, ExchangedTokens
from sync.auth.key_ring import KeyRing, key_ring
from sync.auth.maskinporten import Grantee, Maskinporten
from sync.auth.source import FixedToken, SystemUserTokens, TokenSource
from sync.dialogporten.breaker import Breaker
from sync.dialogporten.budget import RequestBudget
from sync.dialogporten.client import DialogportenClient, SearchParams
from sync.dialogporten.http import HttpEdge
from sync.dialogporten.retry import Gate, Retrier, Told
from sync.doctoring.claims import SYSTEM_USER_LEVEL, read_claims
from sync.logins import Logins
from sync.passes.walks import Walk


@dataclass(frozen=True, slots=True)
class Identity:
    """One pair of eyes on Dialogporten. `name` is the system user, `310000108` or `310000108/lonn`; empty for a
    person or a token. `keys` are those of the connection, shared by its identities; None for a secret or a token.
    `altinn` gives the tokens that Altinn's storage of documents takes; None where we have nothing to exchange.
    """

    connection: str
    name: str
    parties: tuple[str, ...] | None
    inbox: IdentityInbox
    keys: KeyRing | None = None
    altinn: TokenSource | None = None

    def __str__(self) -> str:
        return f"{self.connection} ({self.name})" if self.name else self.connection


class IdentityInbox:
    """A Dialogporten client in the shape that the passes ask for (`sync.passes.ports.Inbox`)."""

    def __init__(self, client: DialogportenClient, token: TokenSource) -> None:
        self.client = client
        self.token = token
        self.parties = client.parties
        self.dialog = client.dialog
        self.transmissions = client.transmissions
        self.activities = client.activities
        self.activity = client.activity
        self.seenlog = client.seenlog
        self.labellog = client.labellog
        self.service_resources_metadata = client.service_resources_metadata
        self.set_labels = client.set_labels
        self.lookup = client.lookup

    @property
    def level(self) -> int | None:
        """Our authentication level, as the token tells it (reference: end-user API §2.5)."""
        if isinstance(self.token, SystemUserTokens):
            return SYSTEM_USER_LEVEL
        claims = read_claims(self.token.bearer())
        return None if claims is None else claims.level

    @property
    def requests(self) -> int:
        return self.client.requests

    @property
    def server_ahead(self) -> timedelta:
        return self.client.server_ahead

    def search(self, walk: Walk) -> bytes:
        return self.client.search(
            SearchParams(
                parties=walk.parties,
                updated_after=walk.after,
                updated_before=walk.before,
                statuses=walk.statuses,
                created=walk.created,
                due_after=walk.due_after,
                continuation_token=walk.token,
                limit=walk.limit,
            )
        )


def identities(
    settings: Settings, http: HttpEdge, env: Mapping[str, str], told: Told, logins: Logins, only: str | None = None
) -> list[Identity]:
    """Every identity of the settings, or of one connection. A person can be read as while `logins` has an archive.

    Keys and secrets are read here; ConfigError names the one that cannot be used. All that share a client id share its
    gate and its request budget; all share the breaker of the one server.
    """
    issuer = Maskinporten(http, settings.environment.maskinporten, told=told)
    exchange = AltinnExchange(http, settings.environment.altinn, told=told)
    found: list[Identity] = []
    breaker = Breaker(monotonic=http.monotonic, told=told)
    shared: dict[str, tuple[Gate, RequestBudget]] = {}
    for connection in settings.connections:
        if only is None or connection.name == only:
            client_id = getattr(connection, "client_id", connection.name)
            if client_id not in shared:
                per_second = settings.limits.requests_per_second
                pace = RequestBudget(per_second, monotonic=http.monotonic, wait=http.wait)
                shared[client_id] = Gate(http.monotonic), pace
            gate, pace = shared[client_id]
            retrier = Retrier(gate=gate, pace=pace, breaker=breaker, wait=http.wait, told=told)
            keys = None
            if isinstance(connection, SystemUserConnection | IdPortenConnection):
                keys = key_ring(connection, env, file=settings.file, now=http.now, told=told)
            for name, token in _tokens(connection, issuer, logins, keys, http, env, settings):
                base = settings.environment.dialogporten
                client = DialogportenClient(http, base, token, connection=connection.name, retrier=retrier)
                inbox = IdentityInbox(client, token)
                altinn = _exchanged(connection, exchange, token, http)
                found.append(Identity(connection.name, name, connection.parties, inbox, keys, altinn))
    return found


def _tokens(
    connection: Connection,
    issuer: Maskinporten,
    logins: Logins,
    keys: KeyRing | None,
    http: HttpEdge,
    env: Mapping[str, str],
    settings: Settings,
) -> Iterator[tuple[str, TokenSource]]:
    if isinstance(connection, SystemUserConnection):
        assert keys is not None, "a system-user connection has a key"
        for user in connection.system_users:
            grantee = Grantee(
                client_id=connection.client_id,
                key=keys.keys[0],
                org=user.org,
                scopes=connection.scopes,
                external_ref=user.external_ref,
                connection=connection.name,
            )
            yield identity_name(user), SystemUserTokens(issuer, grantee, monotonic=http.monotonic, keys=keys)
    elif isinstance(connection, IdPortenConnection):
        yield "", logins.tokens(connection, keys)
    else:
        secret = connection.token
        where = f"connection.{connection.name}.token"
        yield "", FixedToken(lambda: secret.read(env, file=settings.file, key=where), connection=connection.name)


def _exchanged(
    connection: Connection, exchange: AltinnExchange, token: TokenSource, http: HttpEdge
) -> TokenSource | None:
    if isinstance(connection, TokenConnection):
        return None
    return ExchangedTokens(
        exchange,
        "maskinporten" if isinstance(connection, SystemUserConnection) else "id-porten",
        token,
        monotonic=http.monotonic,
        connection=connection.name,
    )


def identity_name(user: SystemUser) -> str:
    """How a system user is called in the archive and on screen: owner, and reference where it has one."""
    return f"{user.org}/{user.external_ref}" if user.external_ref else user.org
