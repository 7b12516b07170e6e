"""The JWT grant for a system user: one signed assertion in, one access token out (reference: auth §1.1–§1.4).

The issuer's metadata is read once a process; its `issuer` must be the configured one and is copied into `aud`; its
token endpoint must be on the issuer's host or one of the environment's. Tokens and assertions are in no text or log.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

import jwt

from config.events import Event
from config.keys import SigningKey
from sync.auth.refusals import Asked, grant_refusal
from sync.dialogporten.errors import BadBody, Context, TokenRefused
from sync.dialogporten.http import Answer, HttpEdge
from sync.dialogporten.origins import origin
from sync.dialogporten.refusals import refusal
from sync.dialogporten.retry import Told

GRANT_TYPE: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
WELL_KNOWN: Final = ".well-known/oauth-authorization-server"
# Maskinporten allows 120 s from `iat` to `exp`.
GRANT_SECONDS: Final = 100
REMEASURE_OVER: Final = 60.0
# A used or late grant is worth one more try with a new one.
WORTH_ANOTHER: Final = frozenset({"MP-012", "MP-130"})


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who asks: the Maskinporten client and the system user it acts as. `org` owns the system user."""

    client_id: str
    key: SigningKey = field(repr=False)
    org: str
    scopes: tuple[str, ...] = ("digdir:dialogporten",)
    external_ref: str | None = None
    connection: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer and the monotonic time after which it is not to be used; the margin is already off."""

    value: str = field(repr=False)
    usable_until: float
    lifetime: float


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we need of RFC 8414."""

    issuer: str
    token_endpoint: str


class Maskinporten:
    """One issuer, shared by every client and system user of the process; thread safe."""

    def __init__(
        self,
        http: HttpEdge,
        issuer: str,
        *,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        told: Told | None = None,
    ) -> None:
        self._http = http
        self._issuer = issuer
        self._new_id = new_id
        self._told = http.told if told is None else told
        self._metadata: Metadata | None = None
        self._lock = threading.Lock()

    def metadata(self, connection: str | None = None) -> Metadata:
        """Read once; a failure is not remembered."""
        with self._lock:
            if self._metadata is None:
                self._metadata = self._read_metadata(connection)
            return self._metadata

    def grant(self, grantee: Grantee) -> Token:
        """A new token. TokenRefused, ClockSkew, or what keeps a request from being answered; no waiting in here."""
        metadata = self.metadata(grantee.connection)
        self._require_clock(grantee)
        try:
            return self._ask(metadata, grantee)
        except TokenRefused as refused:
            if refused.code not in WORTH_ANOTHER:
                raise
            self._told(Event.GRANT_REPEATED, {"code": refused.code, **refused.facts()})
            return self._ask(metadata, grantee)

    def _ask(self, metadata: Metadata, grantee: Grantee) -> Token:
        context = self._context(metadata.token_endpoint, grantee.connection, "POST")
        jti = self._new_id()
        form = {"grant_type": GRANT_TYPE, "assertion": assertion(grantee, metadata.issuer, self._http.now(), jti)}
        asked_at = self._http.monotonic()
        answer = self._http.post_form(metadata.token_endpoint, form, context=context)
        if answer.status != 200:
            raise self._refused(answer, grantee, context)
        token = read_token(answer, asked_at, context)
        self._told(
            Event.TOKEN_GRANTED,
            {
                "connection": grantee.connection,
                "client_id": grantee.client_id,
                "kid": grantee.key.kid,
                "jti": jti,
                "org": grantee.org,
                "scopes": " ".join(grantee.scopes),
                "seconds": round(token.lifetime),
            },
        )
        return token

    def _refused(self, answer: Answer, grantee: Grantee, context: Context) -> Exception:
        if answer.status >= 500 or answer.status in (408, 429):
            return refusal(answer.status, answer.headers, answer.body, context)
        asked = Asked(
            client=grantee.client_id,
            issuer=self._issuer,
            scopes=" ".join(grantee.scopes),
            org=grantee.org,
            external_ref=grantee.external_ref,
        )
        refused = grant_refusal(answer.status, answer.body, asked, context)
        self._told(Event.TOKEN_REFUSED, {"code": refused.code, "client_id": grantee.client_id, **refused.facts()})
        return refused

    def _require_clock(self, grantee: Grantee) -> None:
        """Measures anew before refusing: a sleeping machine or a clock just set right must not lock us out."""
        found = origin(self._issuer)
        host = str(found) if found else self._issuer
        skew = self._http.clock.skew(host)
        if skew is not None and abs(skew) > REMEASURE_OVER:
            self._read_metadata(grantee.connection)
            self._http.clock.require_agreement(host, self._context(self._issuer, grantee.connection))

    def _read_metadata(self, connection: str | None) -> Metadata:
        url = f"{self._issuer.rstrip('/')}/{WELL_KNOWN}"
        context = self._context(url, connection)
        answer = self._http.get(url, context=context)
        if answer.status >= 500 or answer.status in (408, 429):
            raise refusal(answer.status, answer.headers, answer.body, context)
        metadata = read_metadata(answer.body) if answer.status == 200 else None
        if metadata is None:
            raise self._wrong("There is no Maskinporten at", answer, context)
        if metadata.issuer != self._issuer:
            raise self._wrong("Another issuer answers at", answer, context)
        endpoint, home = origin(metadata.token_endpoint), origin(self._issuer)
        if endpoint is None or not (endpoint == home or self._http.may_carry_bearer(metadata.token_endpoint)):
            raise self._wrong("A token endpoint on a foreign host is named by", answer, context)
        return metadata

    def _wrong(self, what: str, answer: Answer, context: Context) -> TokenRefused:
        return TokenRefused(
            f"{what} {self._issuer}. Check the environment's maskinporten address, the slash at its end included.",
            code="metadata",
            permanent=True,
            context=context,
            status=answer.status,
        )

    def _context(self, url: str, connection: str | None, method: str = "GET") -> Context:
        return Context(
            at=self._http.now(),
            method=method,
            url_path=urlsplit(url).path,
            connection=connection,
            server="Maskinporten",
        )


def assertion(grantee: Grantee, audience: str, now: datetime, jti: str) -> str:
    """The signed JWT; `audience` is the metadata's issuer, letter for letter."""
    issued = int(now.timestamp())
    details: dict[str, object] = {
        "type": "urn:altinn:systemuser",
        "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": f"0192:{grantee.org}"},
    }
    if grantee.external_ref is not None:
        details["externalRef"] = grantee.external_ref
    claims: dict[str, object] = {
        "iss": grantee.client_id,
        "aud": audience,
        "scope": " ".join(grantee.scopes),
        "iat": issued,
        "exp": issued + GRANT_SECONDS,
        "jti": jti,
        "authorization_details": [details],
    }
    return jwt.encode(claims, grantee.key.private_key, algorithm="RS256", headers={"kid": grantee.key.kid})


def read_metadata(body: bytes) -> Metadata | None:
    """Issuer and token endpoint; None when the body does not name both."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    issuer = told.get("issuer") if isinstance(told, dict) else None
    endpoint = told.get("token_endpoint") if isinstance(told, dict) else None
    return Metadata(issuer, endpoint) if isinstance(issuer, str) and isinstance(endpoint, str) else None


def read_token(answer: Answer, asked_at: float, context: Context) -> Token:
    """The token of a 200. Its life counts from before we asked; the margin is 30 s or a fifth, what is less (§1.7)."""
    try:
        told = json.loads(answer.body)
        value, lifetime = told["access_token"], float(told["expires_in"])
    except (ValueError, RecursionError, LookupError, TypeError, OverflowError):
        value, lifetime = None, 0.0
    # Also false for NaN.
    if not isinstance(value, str) or not value or not 0 < lifetime < float("inf"):
        # Without the cause: a decoding error quotes what it could not read.
        raise BadBody(
            "Maskinporten's answer holds no token, or not how long it lives. It is tried again at the next run.",
            context=context,
            status=answer.status,
        ) from None
    return Token(value, asked_at + lifetime - min(30.0, 0.2 * lifetime), lifetime)
