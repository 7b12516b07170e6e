"""Points in time as Dialogporten spells them (reference: end-user API §1.3).

Everywhere in the sandbox an instant is a text `2026-03-01T09:08:07.1234560Z`: UTC, always 28 characters. Texts of
that one form sort and compare as the times do, so nothing has to be parsed or formatted on the way.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_FORM = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?\s*([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)


def instant(moment: datetime) -> str:
    """`moment` (aware) as an instant, to the microsecond."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"


def moment(text: str) -> datetime:
    """The instant `text` as an aware datetime."""
    return datetime.fromisoformat(text[:26] + "+00:00")


def read_instant(text: object, *, zone_needed: bool = True) -> str:
    """What somebody else wrote, as an instant: truncated to microseconds, turned to UTC.

    ValueError when it is no date-time, or lacks a zone where one is needed.
    """
    found = _FORM.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None or (zone_needed and found[8] is None):
        raise ValueError(f"not a date-time with a zone: {text!r}")
    year, month, day, hour, minute = (int(found[index]) for index in range(1, 6))
    micros = int((found[7] or "").ljust(6, "0")[:6])
    whole = datetime(year, month, day, hour, minute, int(found[6] or 0), micros, tzinfo=UTC)
    zone = found[8]
    if zone not in (None, "Z", "z"):
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
        whole = whole - offset if zone[0] == "+" else whole + offset
    return instant(whole)


def http_date(text: str) -> str:
    """An instant as an RFC 1123 date."""
    return format_datetime(moment(text).replace(microsecond=0), usegmt=True)


def whole_seconds(text: str) -> str:
    """An instant as the server's messages spell it: `2026-11-22T07:34:43`."""
    return text[:19]


def order_key(text: str) -> int:
    """A number that sorts as the text does; negated it sorts the other way round. For texts of equal length."""
    return int.from_bytes(text.encode(), "big")
