"""Who may send people to the sandbox's ID-porten, and how a client proves who it is (reference: auth §4.2, §4.6).

`authenticated` looks at a form and an `Authorization` header and gives the client, or `OAuthRefused`. Nothing of a
secret or an assertion is ever echoed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import jwt
import msgspec

from sync.sandbox.callers import Json
from sync.sandbox.idporten_words import AuthMethod, OAuthRefused, ReuseDetection, Usage

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("RS256", "RS384", "RS512")
LONGEST_ASSERTION_SECONDS = 120
CLOCK_TOLERANCE_SECONDS = 10
KEY_LIFETIME = timedelta(days=365)
_UNCHECKED = {f"verify_{name}": False for name in ("aud", "exp", "iat", "nbf", "sub", "jti")}


@dataclass(frozen=True)
class IdPortenClient:
    """A registered client. Life-times in seconds, as registered at Digdir; the defaults are Digdir's.

    keys                    public JWKs; with keys the client signs (private_key_jwt), with `secret` it sends that
    redirect_uris           exact; a loopback address with port 0 stands for any port
    authorization_lifetime  the hard end of a consent, counted from the login
    refresh_token_lifetime  how long a refresh token may lie unused
    refresh_token_usage     ONETIME gives a new refresh token with every refresh, REUSE keeps the one
    reuse_detection         what a used one-time token brings about when it comes again: `none` takes it, `token`
                            refuses it, `family` refuses it and ends the consent
    returns_refresh_token   whether a REUSE client's refresh answers name the token again
    tells                   what answers say of life-times besides `expires_in`: `refresh_token_expires_in`,
                            `refresh_expires_in`, `authorization_expires_in`; the genuine server documents none
    """

    client_id: str
    keys: tuple[Mapping[str, Any], ...] = ()
    secret: str | None = field(default=None, repr=False)
    redirect_uris: tuple[str, ...] = ()
    post_logout_redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "digdir:dialogporten")
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    org: str = "312319489"
    auth_method: AuthMethod | None = None
    access_token_lifetime: int = 120
    refresh_token_lifetime: int = 600
    authorization_lifetime: int = 7200
    refresh_token_usage: Usage = "ONETIME"  # noqa: S105 (a word of the registration)
    reuse_detection: ReuseDetection = "family"
    returns_refresh_token: bool = True
    require_par: bool = False
    tells: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.access_token_lifetime < self.refresh_token_lifetime <= self.authorization_lifetime:
            raise ValueError("life-times must be: access < refresh <= authorization")

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways in which it may prove itself: the registered one, else whatever it was given the means for."""
        if self.auth_method is not None:
            return (self.auth_method,)
        if self.keys:
            return ("private_key_jwt",)
        return ("client_secret_post", "client_secret_basic") if self.secret is not None else ("none",)

    def redirects_to(self, address: str) -> bool:
        """Whether the address is registered: letter by letter, but for the port of a loopback with port 0."""
        return address in self.redirect_uris or any(_same_loopback(one, address) for one in self.redirect_uris)


def client_of(document: Mapping[str, Any]) -> IdPortenClient:
    """The client that `POST /control/idporten-clients` describes; life-times that are not given fit those that are.

    TypeError or ValueError when it is none.
    """
    if unknown := set(document) - {one.name for one in fields(IdPortenClient)}:
        raise ValueError(f"unknown field {min(unknown)}")
    end = int(document.get("authorization_lifetime", IdPortenClient.authorization_lifetime))
    idle = int(document.get("refresh_token_lifetime", min(IdPortenClient.refresh_token_lifetime, end)))
    fitting = {
        "authorization_lifetime": max(end, idle),
        "refresh_token_lifetime": idle,
        "access_token_lifetime": min(IdPortenClient.access_token_lifetime, max(1, idle - 1)),
    }
    return msgspec.convert({**fitting, **document}, IdPortenClient)


@dataclass
class Clients:
    """The clients by id, and the assertions that were used."""

    by_id: dict[str, IdPortenClient] = field(default_factory=dict)
    used_jti: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, client: IdPortenClient) -> None:
        """Registers a client, replacing one of the same id."""
        with self.lock:
            self.by_id[client.client_id] = client

    def authenticated(
        self, form: Mapping[str, str], header: str | None, audiences: tuple[str, ...], now: datetime
    ) -> IdPortenClient:
        """The client that sent the form, once it has proved who it is. `audiences`: what its assertion may name."""
        basic = _basic(header)
        client_id = form.get("client_id") or (basic[0] if basic is not None else None)
        if client_id is None:
            raise OAuthRefused("invalid_request", "client_id is required")
        client = self.by_id.get(client_id)
        if client is None:
            raise OAuthRefused("invalid_client", "The client is unknown in this environment", 401)
        used = _method(form, basic)
        if used not in client.methods:
            text = f"The client is registered for {' or '.join(client.methods)}, not for {used}"
            raise OAuthRefused("invalid_client", text, 401)
        if used == "private_key_jwt":
            self._check_assertion(form, client, audiences, now)
        elif used != "none":
            sent = form.get("client_secret", "") if basic is None else basic[1]
            if client.secret is None or not hmac.compare_digest(sent.encode(), client.secret.encode()):
                raise OAuthRefused("invalid_client", "The client's secret is wrong", 401)
        return client

    def _check_assertion(
        self, form: Mapping[str, str], client: IdPortenClient, audiences: tuple[str, ...], now: datetime
    ) -> None:
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise OAuthRefused("invalid_request", "client_assertion_type is wrong or missing")
        claims = _claims(form["client_assertion"], client, now)
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            raise _bad_assertion("iss and sub must be the client's id")
        audience = claims.get("aud")
        if not any(audience in (one, [one]) for one in audiences):
            raise _bad_assertion("aud must be the issuer, without a slash at its end, or the endpoint")
        _check_times(claims, now)
        jti = claims.get("jti")
        if not isinstance(jti, str) or not jti:
            raise _bad_assertion("jti is required")
        with self.lock:
            if (used := f"{client.client_id} {jti}") in self.used_jti:
                raise _bad_assertion("its jti has been used before")
            self.used_jti.add(used)


def _claims(assertion: str, client: IdPortenClient, now: datetime) -> dict[str, Json]:
    try:
        header = jwt.get_unverified_header(assertion)
    except jwt.PyJWTError:
        raise _bad_assertion("it is not a signed JWT") from None
    if header.get("alg") not in ALGORITHMS:
        raise _bad_assertion(f"alg must be one of {', '.join(ALGORITHMS)}")
    key = next((one for one in client.keys if one.get("kid") == header.get("kid")), None)
    if key is None:
        raise _bad_assertion("no key with this kid is registered on the client")
    uploaded = key.get("created")
    if uploaded is not None and now - datetime.fromisoformat(uploaded) > KEY_LIFETIME:
        raise _bad_assertion("the registered key has expired: upload it again")
    try:
        public = jwt.PyJWK(dict(key), algorithm=str(header["alg"])).key
        claims: dict[str, Json] = jwt.decode(assertion, public, algorithms=list(ALGORITHMS), options=_UNCHECKED)  # type: ignore[arg-type]
    except (jwt.PyJWTError, ValueError):
        raise _bad_assertion("its signature does not hold") from None
    return claims


def _check_times(claims: Mapping[str, Json], now: datetime) -> None:
    issued, expires = claims.get("iat"), claims.get("exp")
    if not isinstance(issued, int) or not isinstance(expires, int):
        raise _bad_assertion("iat and exp are required, in whole seconds")
    instant = now.timestamp()
    if issued > instant + CLOCK_TOLERANCE_SECONDS:
        raise _bad_assertion("it was issued after now: is the clock right?")
    if expires <= instant:
        raise _bad_assertion("it has expired: late, or a clock that is off")
    if expires - issued > LONGEST_ASSERTION_SECONDS:
        raise _bad_assertion(f"exp may be at most {LONGEST_ASSERTION_SECONDS} s after iat")


def _bad_assertion(problem: str) -> OAuthRefused:
    return OAuthRefused("invalid_client", f"The client assertion is not accepted: {problem}", 401)


def _method(form: Mapping[str, str], basic: tuple[str, str] | None) -> AuthMethod:
    if "client_assertion" in form:
        return "private_key_jwt"
    if basic is not None:
        return "client_secret_basic"
    return "client_secret_post" if "client_secret" in form else "none"


def _basic(header: str | None) -> tuple[str, str] | None:
    if header is None or not header.lower().startswith("basic "):
        return None
    try:
        name, _, secret = base64.b64decode(header[6:].strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthRefused("invalid_client", "The Authorization header cannot be read", 401) from None
    return unquote_plus(name), unquote_plus(secret)


def _same_loopback(registered: str, address: str) -> bool:
    ours, theirs = urlsplit(registered), urlsplit(address)
    try:
        if ours.port != 0 or theirs.port is None:
            return False
    except ValueError:
        return False
    same = (ours.scheme, ours.hostname, ours.path, ours.query) == (
        theirs.scheme,
        theirs.hostname,
        theirs.path,
        theirs.query,
    )
    return same and ours.hostname in ("127.0.0.1", "localhost", "::1") and not theirs.username


def quoted(text: str) -> str:
    """A text that somebody sent, for a sentence."""
    return json.dumps(text[:200], ensure_ascii=False)
