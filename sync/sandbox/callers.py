"""Who calls: tokens, their issuers, and what the server makes of them (reference: end-user API §2).

`Issuers` keeps one signing key for each issuer. The token endpoint signs with it, the API verifies with it:
signature, `exp` (required) and `nbf` with 2 s of skew, no audience; then the scope; then the kind of user.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Literal

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from sync.sandbox.numbers import is_national_id

CallerKind = Literal["person", "system-user", "email-user"]
Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

END_USER_SCOPES = frozenset({"digdir:dialogporten", "digdir:dialogporten.noconsent"})
SERVICE_OWNER_SCOPES = frozenset({"digdir:dialogporten.serviceprovider"})
CLOCK_SKEW_SECONDS = 2
_KEPT_TOKENS = 1000
LEVEL_OF_ACR = {
    "selfregistered-email": 0,
    "idporten-loa-low": 0,
    "idporten-loa-substantial": 3,
    "idporten-loa-high": 4,
}


class Refusal(Enum):
    """Why a token is not good enough, in the order of the checks."""

    MISSING = "missing"  # 401, WWW-Authenticate: Bearer
    INVALID = "invalid"  # 401, WWW-Authenticate: Bearer error="invalid_token"
    SCOPE = "scope"  # 403, empty body
    USER = "user"  # 403, problem body with errors key Type


@dataclass(frozen=True)
class Caller:
    """The one on whose behalf a request is made.

    id      the key of the access model: a system user's uuid, `pid:` + 11 digits, or `email:` + address
    urn     the id the server writes into logs before masking
    level   authentication level; None where the server would answer 500 (no or unknown `acr`)
    org     organisation number that owns the system user, where there is one
    """

    kind: CallerKind
    id: str
    urn: str
    level: int | None
    org: str | None = None
    consumer: str | None = None
    via_service_owner: bool = False


class Issuers:
    """Signing keys by issuer. Keys are made when first needed; thread safe.

    The signature of a token is checked once, its times on every use.
    """

    def __init__(self) -> None:
        self._signed: dict[str, dict[str, Json]] = {}
        self._keys: dict[str, rsa.RSAPrivateKey] = {}
        self._lock = threading.Lock()

    def add(self, issuer: str) -> None:
        """Trusts `issuer` from now on, with a fresh RSA key (no effect when known)."""
        with self._lock:
            if issuer not in self._keys:
                self._keys[issuer] = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def kid(self, issuer: str) -> str:
        """The key id that tokens of `issuer` carry."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, issuer))

    def sign(self, issuer: str, claims: Mapping[str, Json]) -> str:
        """A compact RS256 JWT with exactly these claims, besides `iss`, which is set when absent."""
        self.add(issuer)
        payload: dict[str, Json] = {"iss": issuer, **claims}
        return jwt.encode(payload, self._keys[issuer], algorithm="RS256", headers={"kid": self.kid(issuer)})

    def jwks(self, issuer: str) -> dict[str, list[dict[str, str]]]:
        """The public keys of `issuer`, as a JWK set."""
        self.add(issuer)
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._keys[issuer].public_key()))
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.kid(issuer), "n": public["n"], "e": public["e"]}
        return {"keys": [key]}

    def verify(self, token: str, now: datetime) -> Caller | Refusal:
        """The caller of a good end-user token, else the first check that fails (reference: end-user API §2.3)."""
        claims = self._claims(token, now)
        if claims is None:
            return Refusal.INVALID
        scopes = _scopes(claims)
        if not scopes & END_USER_SCOPES:
            return Refusal.SCOPE
        return caller_of(claims)

    def claims(self, token: str) -> dict[str, Json] | None:
        """The claims of a token that one of the issuers signed, whatever its times; None for any other."""
        return self._signed.get(token) or self._checked(token)

    def _claims(self, token: str, now: datetime) -> dict[str, Json] | None:
        claims = self.claims(token)
        if claims is None:
            return None
        if len(self._signed) >= _KEPT_TOKENS:
            self._signed.clear()
        self._signed[token] = claims
        instant = now.timestamp()
        expires, begins = claims.get("exp"), claims.get("nbf")
        if not isinstance(expires, int | float) or instant > expires + CLOCK_SKEW_SECONDS:
            return None
        if isinstance(begins, int | float) and instant < begins - CLOCK_SKEW_SECONDS:
            return None
        return claims

    def _checked(self, token: str) -> dict[str, Json] | None:
        """The claims of a token whose signature is good, whatever its times."""
        try:
            unverified = jwt.decode(token, options={"verify_signature": False})
            key = self._keys.get(str(unverified.get("iss")))
            if key is None:
                return None
            claims: dict[str, Json] = jwt.decode(
                token,
                key.public_key(),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError):
            return None
        return claims


def authenticate(header: str | None, issuers: Issuers, now: datetime) -> Caller | Refusal:
    """Reads an `Authorization` header. A header that is no bearer counts as missing."""
    if header is None or not header.lower().startswith("bearer "):
        return Refusal.MISSING
    return issuers.verify(header[7:].strip(), now)


def caller_of(claims: Mapping[str, Json]) -> Caller | Refusal:
    """The user in a token's claims: person, then system user, then e-mail user (reference: end-user API §2.4)."""
    pid = claims.get("pid")
    service_owner = bool(_scopes(claims) & SERVICE_OWNER_SCOPES)
    if isinstance(pid, str) and is_national_id(pid):
        if service_owner:
            return Refusal.SCOPE
        return Caller("person", f"pid:{pid}", f"urn:altinn:person:identifier-no:{pid}", _level(claims, None))
    details = _system_user(claims)
    if details is not None:
        user_id, org = details
        urn = f"urn:altinn:systemuser:uuid:{user_id}"
        return Caller("system-user", user_id, urn, _level(claims, 3), org, _organisation(claims.get("consumer")))
    email = claims.get("email")
    if isinstance(email, str) and claims.get("amr") == ["Selfregistered-email"]:
        address = email.lower()
        urn = f"urn:altinn:person:idporten-email:{address}"
        return Caller("email-user", f"email:{address}", urn, _level(claims, None))
    return Refusal.USER


def _scopes(claims: Mapping[str, Json]) -> frozenset[str]:
    scope = claims.get("scope")
    if isinstance(scope, str):
        return frozenset(scope.split())
    if isinstance(scope, list):
        return frozenset(str(one) for one in scope)
    return frozenset()


def _level(claims: Mapping[str, Json], without_acr: int | None) -> int | None:
    altinn = claims.get("urn:altinn:authlevel")
    try:
        if altinn is not None and int(str(altinn)) >= 0:
            return int(str(altinn))
    except ValueError:
        pass
    acr = claims.get("acr")
    return without_acr if acr is None else LEVEL_OF_ACR.get(str(acr).lower())


def _system_user(claims: Mapping[str, Json]) -> tuple[str, str | None] | None:
    raw = claims.get("authorization_details")
    first = raw[0] if isinstance(raw, list) and raw else raw
    if not isinstance(first, dict) or first.get("type") != "urn:altinn:systemuser":
        return None
    ids = first.get("systemuser_id")
    user_id = ids[0] if isinstance(ids, Sequence) and ids and not isinstance(ids, str) else ids
    try:
        return str(uuid.UUID(str(user_id))), _organisation(first.get("systemuser_org"))
    except ValueError:
        return None


def _organisation(value: Json) -> str | None:
    if not isinstance(value, dict):
        return None
    found = re.fullmatch(r"0192:(\d{9})", str(value.get("ID")))
    return found.group(1) if found else None
