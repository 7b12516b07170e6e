"""Placeholders that stand where a URL would, and the real values they hide.

The server writes `urn:dialogporten:unauthorized` or `urn:dialogporten:expired` in place of a URL (reference:
end-user API §5.3). That says something of our rights and of the time, and nothing of the URL.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sync.dialogporten.wire import MASKS

MARK = b"urn:dialogporten:"  # a body without these bytes has no placeholder


def is_masked(value: Any) -> bool:
    """Whether a placeholder stands anywhere in a decoded value."""
    if isinstance(value, str):
        return value in MASKS
    return any(is_masked(inner) for inner in _inner(value))


def restored(value: Any, known: Any) -> Any:
    """`value` with each placeholder replaced by what stands at the same place in `known`, unless that is one too.

    Places are the keys of objects; in lists the `id`, else the `languageCode`, else the position. Neither argument
    is changed.
    """
    if isinstance(value, str):
        return known if value in MASKS and isinstance(known, str) else value
    if isinstance(value, dict) and isinstance(known, dict):
        return {key: restored(inner, known.get(key)) for key, inner in value.items()}
    if isinstance(value, list) and isinstance(known, list):
        there = dict(_placed(known))
        return [restored(inner, there.get(place)) for place, inner in _placed(value)]
    return value


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _placed(values: list[Any]) -> Iterator[tuple[object, Any]]:
    for position, value in enumerate(values):
        name = (value.get("id") or value.get("languageCode")) if isinstance(value, dict) else None
        yield (position if name is None else str(name)), value
