"""Lengths of time as an operator writes them: a whole number and a unit, "90s", "5m", "24h", "30d"."""

from __future__ import annotations

import re
from datetime import timedelta

_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])")
LONGEST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """Raises ValueError if `text` is not a duration, or longer than ten years."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError("not a duration")
    seconds = int(found[1]) * _UNITS[found[2]]
    if seconds > LONGEST.total_seconds():
        raise ValueError("longer than ten years")
    return timedelta(seconds=seconds)


def format_duration(length: timedelta) -> str:
    """The shortest spelling: whole seconds in the greatest unit that divides them; "24h", not "1d"."""
    seconds = int(length.total_seconds())
    if seconds == 86400:
        return "24h"
    unit = next((unit for unit, size in _UNITS.items() if seconds and seconds % size == 0), "s")
    return f"{seconds // _UNITS[unit]}{unit}"
