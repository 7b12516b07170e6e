"""How the end-user API spells times, and the one spelling the archive keeps (source: reference, end-user API)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_parse = datetime.fromisoformat
_ANY_SPELLING = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:([Zz])|([+-])(\d\d):?(\d\d))", re.ASCII
)


def instant(text: str, field: str = "time") -> str:
    """The canonical spelling of a wire time: UTC, six digits (truncated, as the server does: §1.3), `Z`.

    Takes any number of fractional digits and any offset; raises ValueError, with the field's name, for anything else.
    """
    found = canonical(text)
    if found is None:
        raise ValueError(f"{field} is not a time with a zone")
    return found


def time_or_none(text: str | None, field: str) -> str | None:
    """As `instant`; None stays None."""
    return None if text is None else canonical(text) or instant(text, field)


@lru_cache(maxsize=1024)  # one dialog repeats the same few times
def canonical(text: str) -> str | None:
    """As `instant`, None for anything else: what is asked of every time of a backfill."""
    try:
        if len(text) == 28 and text[27] == "Z" and text[19] == "." and text[10] == "T" and text[7] == "-":
            _parse(text)  # the server's own spelling: only its numbers are in question
            return text[:26] + "Z"
        found = _ANY_SPELLING.fullmatch(text)
        if found is None:
            return None
        day, clock, fraction, zulu, sign, hours, minutes = found.groups()
        moment = _parse(f"{day}T{clock}.{(fraction or '')[:6]:0<6}")
        if zulu is None:
            offset = timedelta(hours=int(hours), minutes=int(minutes))
            moment = moment.replace(tzinfo=timezone(-offset if sign == "-" else offset)).astimezone(UTC)
        return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError):
        return None
