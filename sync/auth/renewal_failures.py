"""What became of a refresh token when a renewal failed. Pure.

A one-time token may be sent again only if it was certainly not used; every doubt counts as used.
"""

from enum import Enum

from sync.dialogporten.errors import ArkivError, HttpRefusal, TokenRefused


class Fate(Enum):
    """UNUSED: it is as good as before. DEAD: ID-porten takes it no more. UNKNOWN: it may have been used up."""

    UNUSED = "unused"
    DEAD = "dead"
    UNKNOWN = "unknown"


def fate(error: ArkivError) -> Fate:
    """Reads the error of a renewal (see `sync.auth.grant.Refresher`).

    A refusal is a complete answer without a new token: 429, 4xx and 5xx did nothing. Only a gateway's 504 is no answer
    of ID-porten itself: it says that the gateway waited in vain, as we would have.
    """
    if not error.left or error.method not in (None, "POST"):
        return Fate.UNUSED
    if error.status is None or error.status < 300 or error.status == 504:
        return Fate.UNKNOWN
    if isinstance(error, TokenRefused) and error.code == "invalid_grant":
        return Fate.DEAD
    return Fate.UNUSED if isinstance(error, TokenRefused | HttpRefusal) else Fate.UNKNOWN
