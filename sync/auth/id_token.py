"""The id_token of a login: who logged in, at which level, and that it was this very login. Pure.

Checked: signature by a key of the issuer's set, `iss`, `aud` (and `azp`), `exp`, `iat`, `nonce`, `acr`, and `at_hash`
where it is there (reference: auth §4.4, §9; OpenID Connect Core §3.1.3.7). It is sent nowhere and kept nowhere.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256, sha384, sha512
from typing import Final, Literal

import jwt

Flaw = Literal[
    "missing",
    "form",
    "algorithm",
    "key",
    "signature",
    "issuer",
    "audience",
    "expired",
    "future",
    "nonce",
    "binding",
    "acr",
]

# What our clock may differ from the issuer's; over a minute we do not ask at all.
TOLERANCE_SECONDS: Final = 60
_HASHES: Final = {"RS256": sha256, "RS384": sha384, "RS512": sha512}
_LEVELS: Final = {"idporten-loa-low": 0, "idporten-loa-substantial": 3, "idporten-loa-high": 4}


class NotVerified(Exception):
    """An id_token that proves nothing. `flaw` says which check failed; nothing of the token is in here."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw)
        self.flaw: Flaw = flaw


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token of this login must say. `acr` is the least level; `now` in UTC."""

    issuer: str
    client_id: str
    nonce: str = field(repr=False)
    acr: str
    now: datetime
    access_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """The pairwise `sub`, and the level of the login."""

    subject: str = field(repr=False)
    acr: str


Keys = Mapping[str, jwt.PyJWK]


def read_keys(body: bytes) -> dict[str, jwt.PyJWK]:
    """The issuer's RSA signing keys by `kid` ("" for one without); a body that is no key set gives none."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    listed = told.get("keys") if isinstance(told, dict) else None
    found: dict[str, jwt.PyJWK] = {}
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
            continue
        try:
            found[str(entry.get("kid", ""))] = jwt.PyJWK(entry, algorithm="RS256")
        except (jwt.PyJWTError, ValueError, TypeError):
            continue  # one key that we cannot read must not hide the others
    return found


def verify(token: str | None, keys: Keys, expected: Expected) -> Login:
    """Who logged in. Raises NotVerified; "key" means that the set may be out of date."""
    if not token:
        raise NotVerified("missing")
    claims, algorithm = _signed(token, keys)
    instant = expected.now.timestamp()
    if claims.get("iss") != expected.issuer:
        raise NotVerified("issuer")
    _check_audience(claims, expected.client_id)
    expires, issued = _seconds(claims.get("exp")), _seconds(claims.get("iat"))
    if expires is None or issued is None:
        raise NotVerified("form")
    if instant >= expires + TOLERANCE_SECONDS:
        raise NotVerified("expired")
    if instant < issued - TOLERANCE_SECONDS:
        raise NotVerified("future")
    if claims.get("nonce") != expected.nonce:
        raise NotVerified("nonce")
    if "at_hash" in claims and not _is_hash_of(expected.access_token, algorithm, claims["at_hash"]):
        raise NotVerified("binding")
    subject, acr = claims.get("sub"), claims.get("acr")
    if not isinstance(subject, str) or not subject:
        raise NotVerified("form")
    if not isinstance(acr, str) or not is_enough(acr, expected.acr):
        raise NotVerified("acr")
    return Login(subject, acr)


def is_enough(acr: str, least: str) -> bool:
    """Whether a level of login is at least the other one. One that we do not know is enough for itself alone."""
    found, wanted = _LEVELS.get(acr), _LEVELS.get(least)
    return acr == least if found is None or wanted is None else found >= wanted


def _signed(token: str, keys: Keys) -> tuple[Mapping[str, object], str]:
    """The claims, and the algorithm of the signature that holds."""
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError):
        raise NotVerified("form") from None
    algorithm, kid = header.get("alg"), header.get("kid")
    # Before a key is chosen: with "none" or an HMAC, anybody could sign.
    if not isinstance(algorithm, str) or algorithm not in _HASHES:
        raise NotVerified("algorithm")
    key = next(iter(keys.values())) if kid is None and len(keys) == 1 else keys.get(str(kid))
    if key is None:
        raise NotVerified("key")
    try:
        claims: Mapping[str, object] = jwt.decode(
            token,
            key.key,
            algorithms=[algorithm],
            # Each is checked by `verify`, which can then say what is wrong.
            options={
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
                "verify_iss": False,
                "verify_sub": False,
                "verify_jti": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise NotVerified("signature") from None
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        raise NotVerified("form") from None
    return claims, algorithm


def _check_audience(claims: Mapping[str, object], client_id: str) -> None:
    """Made for us, and where it was made for others too, on our behalf."""
    told = claims.get("aud")
    audience = told if isinstance(told, list) else [told]
    if client_id not in audience or (len(audience) > 1 and claims.get("azp") != client_id):
        raise NotVerified("audience")
    if "azp" in claims and claims["azp"] != client_id:
        raise NotVerified("audience")


def _is_hash_of(token: str, algorithm: str, at_hash: object) -> bool:
    """Whether `at_hash` belongs to this access token: the left half of its hash, base64url."""
    digest = _HASHES[algorithm](token.encode()).digest()
    half = urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return at_hash == half


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return None
    return float(value)
