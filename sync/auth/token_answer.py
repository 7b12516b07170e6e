"""A 200 of ID-porten's token endpoint. Pure.

Beside OAuth's own members it may say how long the refresh token may lie unused and how long the consent lasts; neither
is documented (reference: auth §4.2, §4.6), so both are read where they are and missed nowhere.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import jwt

# Without `expires_in`, Digdir's own default is assumed.
USUAL_SECONDS: Final = 120.0
_IDLE: Final = ("refresh_token_expires_in", "refresh_expires_in")
_WHOLE: Final = ("authorization_expires_in",)


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """What was given. Life-times in seconds from the answer; `usable_until` is monotonic, the margin already off.

    `acr` and `subject` are what the access token says of itself: unverified, and None where it cannot be read.
    """

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    id_token: str | None = field(repr=False)
    lifetime: float
    usable_until: float
    acr: str | None
    subject: str | None = field(repr=False)
    refresh_expires_in: float | None
    consent_expires_in: float | None
    told: frozenset[str] | None
    carried: frozenset[str] | None

    def scopes(self, asked: tuple[str, ...]) -> tuple[str, ...]:
        """What was granted of `asked`, in its order.

        A scope that was declined is left out of the access token, whatever the answer says (reference: auth §4.5); an
        answer that says nothing grants all that was asked for. `openid` shows in the id_token.
        """

        def is_granted(scope: str) -> bool:
            if scope == "openid" and self.id_token is not None:
                return True
            return all(scope in found for found in (self.told, self.carried) if found is not None)

        return tuple(scope for scope in asked if is_granted(scope))


def read_answer(body: bytes, asked_at: float) -> TokenAnswer | None:
    """The answer to a request sent at monotonic time `asked_at`; None without an access token. Never raises.

    Whatever else is missing or odd is taken as not said: with a one-time refresh token there is no asking again.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    access = _text(told, "access_token") if isinstance(told, dict) else None
    if access is None:
        return None
    claims = _claims(access)
    lifetime = _seconds(told, ("expires_in",)) or USUAL_SECONDS
    return TokenAnswer(
        access_token=access,
        refresh_token=_text(told, "refresh_token"),
        id_token=_text(told, "id_token"),
        lifetime=lifetime,
        # Its life counts from before we asked; the margin is 30 s or a fifth, what is less.
        usable_until=asked_at + lifetime - min(30.0, 0.2 * lifetime),
        acr=_text(claims, "acr"),
        subject=_text(claims, "sub"),
        refresh_expires_in=_seconds(told, _IDLE),
        consent_expires_in=_seconds(told, _WHOLE),
        told=_scopes(told),
        carried=_scopes(claims),
    )


def _claims(token: str) -> Mapping[str, object]:
    """What a JWT says, unverified; nothing for another kind of token."""
    try:
        found: Mapping[str, object] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        return {}
    return found


def _text(told: Mapping[str, object], name: str) -> str | None:
    """OAuth allows no other signs in a token; what holds one could be sent nowhere (RFC 6749, appendix A)."""
    value = told.get(name)
    return value if isinstance(value, str) and value and value.isascii() and value.isprintable() else None


def _scopes(told: Mapping[str, object]) -> frozenset[str] | None:
    value = told.get("scope")
    return frozenset(value.split()) if isinstance(value, str) else None


def _seconds(told: Mapping[str, object], names: tuple[str, ...]) -> float | None:
    for name in names:
        try:
            value = float(str(told.get(name)))
        except ValueError:
            continue
        if value > 0 and math.isfinite(value):
            return value
    return None
