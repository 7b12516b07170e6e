"""What a value must be so that both engines keep the same one.

PostgreSQL refuses U+0000 in text, neither engine takes a lone surrogate, and an integer has 64 bits. Such a text keeps
its other characters around U+FFFD; such an integer is unknown (null), or as large as can be where a column must hold
one. What the server really sent stands in the payload.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from store.batch import Value

Values = tuple[Value, ...]

_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")
_as_json = msgspec.json.Encoder().encode
_LARGEST = 2**63 - 1


def tidied(rows: list[Values], integers: Sequence[tuple[int, bool]]) -> list[Values]:
    """`rows` with every value such that both engines take it. `integers`: (place, may be null) of integer columns."""
    if _has_unspeakable_text(rows):
        rows = [tuple(_UNSPEAKABLE.sub("\ufffd", v) if isinstance(v, str) else v for v in row) for row in rows]
    for place, nullable in integers:
        if any(isinstance(v, int) and not -_LARGEST <= v <= _LARGEST for v in {row[place] for row in rows}):
            rows = [(*row[:place], _bounded(row[place], nullable), *row[place + 1 :]) for row in rows]
    return rows


def _has_unspeakable_text(rows: list[Values]) -> bool:
    # This runs over every value of a backfill, and an encoder looks at each character faster than anything else here.
    # It may cry wolf (at a backslash before u0000), which costs time and changes nothing.
    try:
        return b"\\u0000" in _as_json(rows)
    except (UnicodeEncodeError, OverflowError):
        return True


def _bounded(value: Value, nullable: bool) -> Value:
    if not isinstance(value, int) or -_LARGEST <= value <= _LARGEST:
        return value
    return None if nullable else max(-_LARGEST, min(_LARGEST, value))
