"""What a token says of itself, for display only: nothing is verified and nothing of the token is kept.

Reference: auth §1.5 (claims of a system user), §3.1 (scopes), §6 (levels).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import jwt

READING_SCOPES = ("digdir:dialogporten", "digdir:dialogporten.noconsent")
SYSTEM_USER_LEVEL = 3

User = Literal["system-user", "person", "none"]

_LEVELS = {"idporten-loa-high": 4, "idporten-loa-substantial": 3, "idporten-loa-low": 0}


@dataclass(frozen=True, slots=True)
class Claims:
    """`system_users` are UUIDs. `lifetime` in seconds. No name or number of a person is in here."""

    scopes: tuple[str, ...]
    user: User
    system_users: tuple[str, ...] = ()
    lifetime: int | None = None
    expires_at: datetime | None = None
    level: int | None = None

    @property
    def may_read(self) -> bool:
        return any(scope in READING_SCOPES for scope in self.scopes)

    def expired(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


def read_claims(token: str) -> Claims | None:
    """The claims of a JWT; None for a token that is none, which only the server can then judge."""
    try:
        told: Mapping[str, object] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError):
        return None
    scope = told.get("scope")
    scopes = tuple(scope.split()) if isinstance(scope, str) else ()
    expires, issued = _number(told.get("exp")), _number(told.get("iat"))
    details = told.get("authorization_details")
    # Altinn's exchange may write a list of one as that one (reference: auth §5).
    found = tuple(_system_users(details if isinstance(details, list) else [details]))
    level = SYSTEM_USER_LEVEL if found else _LEVELS.get(str(told.get("acr")))
    user: User = "system-user" if found else "person" if "pid" in told else "none"
    return Claims(
        scopes=scopes,
        user=user,
        system_users=found,
        lifetime=None if expires is None or issued is None else expires - issued,
        expires_at=_moment(expires),
        level=_number(told.get("urn:altinn:authlevel")) or level,
    )


def _system_users(details: list[object]) -> list[str]:
    found: list[str] = []
    for detail in details:
        if isinstance(detail, dict) and detail.get("type") == "urn:altinn:systemuser":
            ids = detail.get("systemuser_id")
            found += [one for one in (ids if isinstance(ids, list) else [ids]) if isinstance(one, str)]
    return found


def _number(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e12 else None


def _moment(seconds: int | None) -> datetime | None:
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
