"""What people have consented to at the sandbox's ID-porten: codes, consents, refresh tokens (reference: auth §4.2–4.6).

Times are those of ID-porten's own clock (`IdPorten.offset` ahead of the true time), by which consents age.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from sync.sandbox.callers import Json
from sync.sandbox.idporten_clients import Clients, IdPortenClient
from sync.sandbox.idporten_words import MISBEHAVIOURS, OAuthRefused

CODE_LIFETIME = timedelta(seconds=60)
# What they begin with, so that one that got out is known wherever it turns up.
CODE_PREFIX = "sandbox-code-"
REFRESH_TOKEN_PREFIX = "sandbox-refresh-"  # noqa: S105
GrantState = Literal["active", "withdrawn", "revoked", "reuse-detected", "code-replayed"]
_DEAD = {
    "withdrawn": "The person has withdrawn the consent",
    "revoked": "The consent was revoked by the client",
    "reuse-detected": "The consent was ended because a refresh token was used twice",
    "code-replayed": "The consent was ended because its code was used twice",
}


@dataclass
class RefreshToken:
    """One refresh token of a consent; the first is generation 1."""

    value: str = field(repr=False)
    generation: int
    expires: datetime
    is_used: bool = False


@dataclass
class Grant:
    """One consent: what one person, logged in at a level, lets one client do until `ends`."""

    id: str
    client: IdPortenClient
    pid: str = field(repr=False)
    scopes: tuple[str, ...]
    acr: str
    nonce: str | None
    started: datetime
    ends: datetime
    logged_in: datetime
    state: GrantState = "active"
    tokens: list[RefreshToken] = field(default_factory=list, repr=False)
    refreshes: int = 0
    reuse_events: int = 0

    def state_at(self, now: datetime) -> str:
        """`active`, why it was ended, `expired` (its hard end) or `idle` (the refresh token lay unused too long)."""
        if self.state != "active":
            return self.state
        if now >= self.ends:
            return "expired"
        return "idle" if self.tokens and now >= self.tokens[-1].expires else "active"

    def add_token(self, now: datetime) -> RefreshToken:
        """A new refresh token, idle from now on."""
        # Longer than 2 kB: the genuine ones are encrypted JWTs of up to several kB (reference: auth §4.6).
        value = f"{REFRESH_TOKEN_PREFIX}{secrets.token_urlsafe(1600)}"
        token = RefreshToken(value, len(self.tokens) + 1, self._idle_end(now))
        self.tokens.append(token)
        return token

    def touch(self, token: RefreshToken, now: datetime) -> None:
        """A refresh token that may be used again was used."""
        token.expires = self._idle_end(now)

    def _idle_end(self, now: datetime) -> datetime:
        return min(self.ends, now + timedelta(seconds=self.client.refresh_token_lifetime))


@dataclass(frozen=True)
class AuthorizeRequest:
    """What a client asked a person for: everything in it has been checked."""

    client: IdPortenClient
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    levels: tuple[str, ...] = ()


@dataclass
class Code:
    """An authorization code; `grant` is the consent it was redeemed for."""

    asked: AuthorizeRequest
    pid: str = field(repr=False)
    acr: str
    scopes: tuple[str, ...]
    issued: datetime
    grant: Grant | None = None


@dataclass
class Visit:
    """A person on the login pages; `pid` and `acr` are known after the first of them."""

    asked: AuthorizeRequest
    pid: str = field(default="", repr=False)
    acr: str = ""


class IdPorten:
    """The state of one ID-porten. Its methods are thread safe.

    offset             seconds that its clock is ahead, for everything that ages: codes, refresh tokens, consents
    preselected        the person whom the login page offers first
    require_par        every client must push its requests, and the metadata say so
    misbehaviours      names of `MISBEHAVIOURS` that are switched on
    """

    def __init__(self) -> None:
        self.clients = Clients()
        self.offset = 0.0
        self.require_par = False
        self.preselected: str | None = None
        self.misbehaviours: frozenset[str] = frozenset()
        self.grants: list[Grant] = []
        self.codes: dict[str, Code] = {}
        self.visits: dict[str, Visit] = {}
        self.pushed: dict[str, tuple[dict[str, str], str, datetime]] = {}
        self.lock = threading.RLock()

    def misbehave(self, names: list[str]) -> None:
        """Switches exactly these on. ValueError for an unknown one."""
        if unknown := set(names) - set(MISBEHAVIOURS):
            raise ValueError(f"unknown misbehaviour {min(unknown)}; known are {', '.join(MISBEHAVIOURS)}")
        self.misbehaviours = frozenset(names)

    def aged(self, now: datetime) -> datetime:
        """The time by which consents age."""
        return now + timedelta(seconds=self.offset)

    def give_code(self, asked: AuthorizeRequest, pid: str, acr: str, scopes: tuple[str, ...], now: datetime) -> str:
        """A code for what the person approved."""
        code = f"{CODE_PREFIX}{secrets.token_urlsafe(32)}"
        with self.lock:
            self.codes[code] = Code(asked, pid, acr, scopes, self.aged(now))
        return code

    def redeem(self, client: IdPortenClient, value: str, redirect_uri: str, challenge: str, now: datetime) -> Grant:
        """The consent behind a code. A code that comes twice ends the consent (RFC 6749 §4.1.2)."""
        with self.lock:
            code = self.codes.get(value)
            if code is None or code.asked.client.client_id != client.client_id:
                raise OAuthRefused("invalid_grant", "The code is unknown")
            if code.grant is not None:
                code.grant.state = "code-replayed"
                raise OAuthRefused("invalid_grant", "The code has been used before")
            if self.aged(now) - code.issued > CODE_LIFETIME:
                raise OAuthRefused("invalid_grant", "The code has expired")
            if redirect_uri != code.asked.redirect_uri:
                raise OAuthRefused("invalid_grant", "redirect_uri is not that of the authorize request")
            if challenge != code.asked.challenge:
                raise OAuthRefused("invalid_grant", "code_verifier does not fit the code_challenge")
            begins = self.aged(now)
            ends = begins + timedelta(seconds=client.authorization_lifetime)
            grant_id = secrets.token_hex(8)
            grant = Grant(
                grant_id, client, code.pid, code.scopes, code.acr, code.asked.nonce, begins, ends, logged_in=now
            )
            if "refresh_token" in client.grant_types and "no-refresh-token" not in self.misbehaviours:
                grant.add_token(begins)
            code.grant = grant
            self.grants.append(grant)
            return grant

    def refresh(self, client: IdPortenClient, value: str, now: datetime) -> tuple[Grant, RefreshToken | None]:
        """The consent that a refresh token stands for, and the refresh token to answer with, if any."""
        if "refresh_token" not in client.grant_types:
            raise OAuthRefused("unauthorized_client", "The client is not registered for refresh_token")
        with self.lock:
            grant, token = self._find(client, value)
            grant.client = client  # as it is registered now
            self._check_alive(grant, token, self.aged(now))
            grant.refreshes += 1
            if client.refresh_token_usage == "REUSE":  # noqa: S105 (a word of the registration)
                grant.touch(token, self.aged(now))
                return grant, token if client.returns_refresh_token else None
            token.is_used = True
            return grant, grant.add_token(self.aged(now))

    def revoke(self, client: IdPortenClient, value: str) -> bool:
        """Ends the consent of a refresh token; whether there was one. An unknown token is no error (RFC 7009)."""
        with self.lock:
            found = next((grant for grant, token in self._tokens(client) if token.value == value), None)
            return found is not None and self.end(found, "revoked")

    def end(self, grant: Grant, state: GrantState) -> bool:
        """Ends a consent; whether it was still alive."""
        with self.lock:
            was_active = grant.state == "active"
            if was_active:
                grant.state = state
            return was_active

    def withdraw(self, client_id: str, pid: str) -> int:
        """The person withdraws what the client was given; how many consents that ended."""
        with self.lock:
            held = [one for one in self.grants if one.client.client_id == client_id and one.pid == pid]
            return sum(self.end(grant, "withdrawn") for grant in held)

    def held_by(self, pid: str, now: datetime) -> list[Grant]:
        """The person's living consents."""
        with self.lock:
            return [one for one in self.grants if one.pid == pid and one.state_at(self.aged(now)) == "active"]

    def summary(self, now: datetime) -> dict[str, Json]:
        """The body of `GET /control/idporten`: nothing in it is a secret."""
        with self.lock:
            aged = self.aged(now)
            return {
                "now": aged.isoformat(),
                "offset": self.offset,
                "require_par": self.require_par,
                "misbehave": [*sorted(self.misbehaviours)],
                "clients": [*sorted(self.clients.by_id)],
                "grants": [_told(grant, aged) for grant in self.grants],
            }

    def _find(self, client: IdPortenClient, value: str) -> tuple[Grant, RefreshToken]:
        for grant, token in self._tokens(client):
            if token.value == value:
                return grant, token
        raise OAuthRefused("invalid_grant", "The refresh token is unknown")

    def _tokens(self, client: IdPortenClient) -> Iterator[tuple[Grant, RefreshToken]]:
        for grant in self.grants:
            if grant.client.client_id == client.client_id:
                for token in grant.tokens:
                    yield grant, token

    def _check_alive(self, grant: Grant, token: RefreshToken, aged: datetime) -> None:
        detection = grant.client.reuse_detection
        if token.is_used:
            grant.reuse_events += 1
            if detection == "family":
                self.end(grant, "reuse-detected")
            if detection != "none":
                raise OAuthRefused("invalid_grant", "The refresh token has been used before")
        if grant.state != "active":
            raise OAuthRefused("invalid_grant", _DEAD[grant.state])
        if aged >= grant.ends:
            raise OAuthRefused("invalid_grant", "The consent has expired: the person must log in again")
        if aged >= token.expires:
            raise OAuthRefused("invalid_grant", "The refresh token has expired: it lay unused too long")


def _told(grant: Grant, aged: datetime) -> dict[str, Json]:
    return {
        "id": grant.id,
        "client_id": grant.client.client_id,
        "pid": grant.pid,
        "scopes": list(grant.scopes),
        "acr": grant.acr,
        "state": grant.state_at(aged),
        "started_at": grant.started.isoformat(),
        "ends_at": grant.ends.isoformat(),
        "idle_ends_at": grant.tokens[-1].expires.isoformat() if grant.tokens else None,
        "generations": len(grant.tokens),
        "refreshes": grant.refreshes,
        "reuse_events": grant.reuse_events,
    }
