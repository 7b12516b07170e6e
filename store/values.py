"""What a value must be so that both engines keep the same one.

PostgreSQL refuses U+0000 in text, neither engine takes a lone surrogate, and an integer has 64 bits. Such a text keeps
its other characters around U+FFFD; such an integer is unknown (null), or as large as can be where a column must hold
one. What the server really sent stands in the payload.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence

from store.batch import Value

Values = tuple[Value, ...]

_UNSPEAKABLE = re.compile("[\x00\ud800-\udfff]")
_LARGEST = 2**63 - 1
_SMALL_BODY = 8192


def tidied(rows: list[Values], integers: Sequence[tuple[int, bool]]) -> list[Values]:
    """`rows` with every value such that both engines take it. `integers`: (place, may be null) of integer columns."""
    if _has_unspeakable_text(rows):
        rows = [tuple(_UNSPEAKABLE.sub("\ufffd", v) if isinstance(v, str) else v for v in row) for row in rows]
    for place, nullable in integers:
        if any(isinstance(v := row[place], int) and not -_LARGEST <= v <= _LARGEST for row in rows):
            rows = [(*row[:place], _bounded(row[place], nullable), *row[place + 1 :]) for row in rows]
    return rows


def _has_unspeakable_text(rows: list[Values]) -> bool:
    # One joined text instead of a search in each: this runs over every value of a backfill.
    text = "".join([value for row in rows for value in row if value.__class__ is str])
    if text.isascii():
        return "\0" in text
    return _UNSPEAKABLE.search(text) is not None


def _bounded(value: Value, nullable: bool) -> Value:
    if not isinstance(value, int) or -_LARGEST <= value <= _LARGEST:
        return value
    return None if nullable else max(-_LARGEST, min(_LARGEST, value))


def compressed(body: bytes) -> bytes:
    """`body` as zlib. A small one gets a small window and the quickest level: a list item of 1.5 kB takes 28 µs instead
    of 105, for 2 % more bytes, since the standard window costs more to set up than to use."""
    if len(body) > _SMALL_BODY:
        return zlib.compress(body, 6)
    deflate = zlib.compressobj(1, zlib.DEFLATED, 13, 6)
    return deflate.compress(body) + deflate.flush()


def decompressed(body: bytes) -> bytes:
    """The body again, whatever window it was made with."""
    return zlib.decompress(body)
