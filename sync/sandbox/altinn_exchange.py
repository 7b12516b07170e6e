"""What the Altinn exchange makes of a token of Maskinporten or ID-porten (reference: auth §5).

`exchange` is a plain function of the token, the rules, the trusted issuers and the time.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime

import msgspec

from sync.sandbox.callers import LEVEL_OF_ACR, Issuers, Json
from sync.sandbox.numbers import is_national_id

PATH = "/authentication/api/v1"
CLOCK_SKEW_SECONDS = 10
SYSTEM_USER_LEVEL = 3
_PROVIDERS = ("maskinporten", "id-porten", "altinnstudio")
_SPACE = uuid.UUID("8e0f3f0a-6d0e-5f57-9d1b-2f9a4f3a6c11")


@dataclass
class Exchange:
    """How the exchange behaves.

    lifetime           seconds that a token for a Maskinporten one lives, whatever the one exchanged
    register_is_down   the register behind it does not answer: 401 for everybody, as the genuine one says it
    details_as_object  `authorization_details` of one element comes out as that element, not as a list
    is_quoted          the token comes in JSON quotes
    unknown_persons    national ids that the register does not know: 401
    """

    lifetime: int = 1800
    register_is_down: bool = False
    details_as_object: bool = False
    is_quoted: bool = False
    unknown_persons: frozenset[str] = field(default_factory=frozenset, repr=False)

    def change(self, values: Mapping[str, object]) -> None:
        """Sets fields by name. ValueError for an unknown one or a wrong value."""
        known = [one.name for one in fields(self)]
        if unknown := set(values) - set(known):
            raise ValueError(f"unknown field {min(unknown)}")
        changed = msgspec.convert({**self.told(), **values}, Exchange)
        for name in known:
            setattr(self, name, getattr(changed, name))

    def told(self) -> dict[str, Json]:
        """The body of `GET /control/altinn`."""
        return {
            "lifetime": self.lifetime,
            "register_is_down": self.register_is_down,
            "details_as_object": self.details_as_object,
            "is_quoted": self.is_quoted,
            "unknown_persons": [*sorted(self.unknown_persons)],
        }


class ExchangeRefused(Exception):
    """No token: the status, and the text of the body where it is no problem document."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(f"exchange refused with {status}")
        self.status = status
        self.text = text


@dataclass(frozen=True)
class Upstream:
    """The issuers whose tokens are taken, and the exchange's own name."""

    maskinporten: str
    idporten: str
    altinn: str


def issuer_of(base_url: str) -> str:
    """The `iss` of Altinn tokens; it ends with a slash."""
    return f"{base_url}{PATH}/openid/"


def exchange(
    provider: str, authorization: str | None, rules: Exchange, issuers: Issuers, names: Upstream, now: datetime
) -> str:
    """The Altinn token, or ExchangeRefused. The order of the checks is the genuine one's."""
    if authorization is None or not authorization.lower().startswith("bearer "):
        raise ExchangeRefused(401)
    kind = provider.lower()
    if kind not in _PROVIDERS:
        known = "'Maskinporten', 'Id-porten' and 'AltinnStudio'"
        raise ExchangeRefused(400, f"Invalid token provider: {provider}. Trusted token providers are {known}.")
    claims = issuers.claims(authorization[7:].strip())
    issuer = {"maskinporten": names.maskinporten, "id-porten": names.idporten}.get(kind)
    if claims is None or claims.get("iss") != issuer or not _is_current(claims, now):
        raise ExchangeRefused(401)
    if kind == "maskinporten":
        return issuers.sign(names.altinn, _for_organisation(claims, rules, names.altinn, now))
    return issuers.sign(names.altinn, _for_person(claims, rules, names.altinn))


def _is_current(claims: Mapping[str, Json], now: datetime) -> bool:
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    instant = now.timestamp()
    if not isinstance(expires, int | float) or not isinstance(begins, int | float):
        return False
    return begins - CLOCK_SKEW_SECONDS <= instant <= expires + CLOCK_SKEW_SECONDS


def _for_organisation(claims: dict[str, Json], rules: Exchange, issuer: str, now: datetime) -> dict[str, Json]:
    consumer = claims.get("consumer")
    number = str(consumer.get("ID", "")) if isinstance(consumer, dict) else ""
    if rules.register_is_down or not number.startswith("0192:"):
        raise ExchangeRefused(401)
    kept = {name: value for name, value in claims.items() if name not in ("aud", "iss", "client_amr", "sid", "jti")}
    details = kept.get("authorization_details")
    if rules.details_as_object and isinstance(details, list) and len(details) == 1:
        kept["authorization_details"] = details[0]
    issued = int(now.timestamp())
    return {
        **kept,
        "urn:altinn:orgNumber": number.removeprefix("0192:"),
        "urn:altinn:authenticatemethod": "maskinporten",
        "urn:altinn:authlevel": SYSTEM_USER_LEVEL,
        "iss": issuer,
        "jti": str(uuid.uuid4()),
        "sid": uuid.uuid4().hex,
        "iat": issued,
        "nbf": issued,
        "exp": issued + rules.lifetime,
    }


def _for_person(claims: dict[str, Json], rules: Exchange, issuer: str) -> dict[str, Json]:
    scope = claims.get("scope")
    scopes = scope.split() if isinstance(scope, str) else []
    if not any(one.startswith("altinn:") for one in scopes):
        raise ExchangeRefused(403)
    pid, acr = claims.get("pid"), claims.get("acr")
    if not isinstance(pid, str) or not is_national_id(pid) or not isinstance(acr, str):
        raise ExchangeRefused(401)
    if rules.register_is_down or pid in rules.unknown_persons:
        raise ExchangeRefused(401)
    gone = ("aud", "iss", "at_hash", "sid", "sub", "jti")
    user = uuid.uuid5(_SPACE, pid)
    number = user.int % 1_000_000
    return {
        **{name: value for name, value in claims.items() if name not in gone},
        "nameid": str(20_000_000 + number),
        "urn:altinn:userid": 20_000_000 + number,
        "urn:altinn:username": "",
        "urn:altinn:partyid": 50_000_000 + number,
        "urn:altinn:party:uuid": str(user),
        "urn:altinn:authenticatemethod": "NotDefined",
        "urn:altinn:authlevel": _level(acr),
        "iss": issuer,
        "jti": str(uuid.uuid4()),
        "sid": uuid.uuid4().hex,
    }


def _level(acr: str) -> int:
    """Unknown values end in their level, as a legacy `Level4` does (reference: auth §6)."""
    known = LEVEL_OF_ACR.get(acr.lower())
    if known is not None:
        return known
    return int(acr[-1]) if acr[-1:].isdigit() else 0
