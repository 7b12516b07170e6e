"""How an ID-porten client proves who it is: a signed assertion or a secret (reference: auth §4.2, §4.6). Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import jwt

from config.keys import SigningKey
from sync.auth.grant import Client, ClientSecret

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
# ID-porten allows 120 s from `iat` to `exp`.
ASSERTION_SECONDS: Final = 100


@dataclass(frozen=True, slots=True)
class Proof:
    """What is sent beside a request: form fields, and for `client_secret_basic` a name and a password."""

    fields: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


def proof(client: Client, issuer: str, now: datetime, jti: str, *, basic: bool = False) -> Proof:
    """A proof for one request; `client_id` is always in the form. `basic`: the secret goes into a header instead."""
    fields = {"client_id": client.client_id}
    if isinstance(client.credential, SigningKey):
        assertion = _assertion(client.client_id, client.credential, issuer, now, jti)
        return Proof({**fields, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion})
    secret: ClientSecret = client.credential
    if basic:
        return Proof(fields, (client.client_id, secret.value))
    return Proof({**fields, "client_secret": secret.value})


def _assertion(client_id: str, key: SigningKey, issuer: str, now: datetime, jti: str) -> str:
    issued = int(now.timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,
        "iat": issued,
        "exp": issued + ASSERTION_SECONDS,
        "jti": jti,
    }
    return jwt.encode(claims, key.private_key, algorithm="RS256", headers={"kid": key.kid})
