"""Dialog ids as people write and read them: a beginning will do, where only one dialog of the archive begins so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from store.archive import Archive

_SHORTEST = 8
_CUTS = (8, 12, 16, 20)  # where an id has its hyphens, counted without them
_LENGTH = 36
_ASKED_AT_ONCE = 100
_SHOWN = 5


def dialog_named(archive: Archive, text: str) -> str:
    """The id of the dialog that `text` names, in full or by its beginning; `text` itself where the archive holds none
    that begins so. UsageError where several do.
    """
    start = _spelled(text)
    if start is None or len(start) == _LENGTH:
        return text.strip().lower() if start is None else start
    # After every digit that an id may go on with; digits and hyphens alone can stand between these quotes.
    query = f"SELECT id FROM dialog WHERE id >= '{start}' AND id < '{start}g' ORDER BY id LIMIT {_SHOWN + 1}"  # noqa: S608
    with archive.query_read_only(query) as answer:
        found = [str(row[0]) for row in answer.rows]
    if len(found) > 1:
        some = ", ".join(found[:_SHOWN]) + (" and others" if len(found) > _SHOWN else "")
        raise click.UsageError(f"Several dialogs begin with {text}: {some}. Write more of the one you mean.")
    return found[0] if found else start


def short_ids(archive: Archive, ids: Iterable[str]) -> dict[str, str]:
    """For each id the beginning, of eight characters or more, with which no other dialog of the archive begins."""
    wanted = sorted({each for each in ids if _spelled(each) == each})
    short: dict[str, str] = {}
    for start in range(0, len(wanted), _ASKED_AT_ONCE):
        query = " UNION ALL ".join(
            f"SELECT '{each}', (SELECT max(id) FROM dialog WHERE id < '{each}'), "  # noqa: S608
            f"(SELECT min(id) FROM dialog WHERE id > '{each}')"
            for each in wanted[start : start + _ASKED_AT_ONCE]
        )
        with archive.query_read_only(query) as answer:
            for own, before, after in answer.rows:
                needed = max(_SHORTEST, *(_common(str(own), str(other or "")) + 1 for other in (before, after)))
                short[str(own)] = str(own)[:needed]
    return short


def _spelled(text: str) -> str | None:
    """A beginning of an id as ids are spelled, hyphens in their places; None for what is none."""
    digits = text.strip().lower().rstrip("….").replace("-", "")
    if not re.fullmatch(r"[0-9a-f]{4,32}", digits):
        return None
    parts = [digits[start:end] for start, end in zip((0, *_CUTS), (*_CUTS, 32), strict=True)]
    return "-".join(part for part in parts if part)


def _common(one: str, other: str) -> int:
    """How many characters two ids begin with alike."""
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), 0)
