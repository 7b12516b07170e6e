"""One item of a page as it came, and whether it tells anything the archive does not hold yet."""

from __future__ import annotations

from typing import Any

import msgspec

from sync.dialogporten import wire
from sync.passes.canonical import same, settled
from sync.passes.signals import ListSignals

_SEEN = ("seenSinceLastUpdate", "seenSinceLastContentUpdate")
_SWAPPED = ("title", "summary")
_STATE = ("isContentSeen", "endUserContext", "systemLabel")


class Sighting(msgspec.Struct, frozen=True):
    """A readable item: its bytes, their digest (`canonical.list_digest`), and what planning compares."""

    raw: bytes
    digest: bytes
    item: wire.ListItem
    signals: ListSignals


def tells_nothing_new(raw: bytes, held: bytes, seen_held: frozenset[str], item: ListSignals) -> bool:
    """The item differs from the held one only in what is volatile, or in seen records that the archive has already.

    Seen records are compared by id: our own opening adds one, and `/seenlog` has brought it before the list shows it.
    """
    return item.seen_ids <= seen_held and same("list", _without(raw, _SEEN), _without(held, _SEEN))


def tells_only_other_texts(raw: bytes, held: bytes, seen_held: frozenset[str], item: ListSignals) -> bool:
    """As `tells_nothing_new`, title and summary left out."""
    return item.seen_ids <= seen_held and same("list", _without_texts(raw), _without_texts(held))


def substance_differs(raw: bytes, held: bytes) -> bool:
    """Whether anything but seen state and labels differs."""
    return not same("list", _without(raw, _SEEN + _STATE), _without(held, _SEEN + _STATE))


def differs_for_everybody(raw: bytes, held: bytes) -> bool:
    """Whether more differs than marks, labels and the texts that depend on who looks."""
    mine, theirs = _without(raw, _SEEN + _STATE), _without(held, _SEEN + _STATE)
    return not same("list", _without_texts(mine), _without_texts(theirs))


def texts_differ(raw: bytes, held: bytes) -> bool:
    """Whether title or summary differ: the two that the server may swap (reference: end-user API §3.7)."""
    return _texts(raw) != _texts(held)


def _texts(body: bytes) -> list[Any]:
    content = msgspec.json.decode(body).get("content") or {}
    return [settled("list", msgspec.json.encode(content.get(name))) for name in _SWAPPED]


def seen_ids(seenlog: bytes | None) -> frozenset[str]:
    """The ids in a body of `/seenlog`."""
    if seenlog is None:
        return frozenset()
    return frozenset(record.id for record in wire.seenlog(seenlog) if record.id is not None)


def _without_texts(body: bytes) -> bytes:
    item: dict[str, Any] = msgspec.json.decode(_without(body, _SEEN))
    content = item.get("content") or {}
    item["content"] = {name: value for name, value in content.items() if name not in _SWAPPED}
    return msgspec.json.encode(item)


def _without(body: bytes, keys: tuple[str, ...]) -> bytes:
    item: dict[str, Any] = msgspec.json.decode(body)
    for key in keys:
        item.pop(key, None)
    return msgspec.json.encode(item)
