"""Folds freshly read bodies into what the archive holds: nothing that was known is lost by reading again.

A placeholder never takes the place of a URL that was known; a text read at too low a level never takes the place of
a fuller one; a newer detail brings the transmissions and activities along that it tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from store.batch import DialogRows
from sync.dialogporten import wire
from sync.passes.bodies import Bodies, MalformedItem
from sync.passes.canonical import same, scrub
from sync.passes.differences import differences
from sync.passes.masks import MARK, restored
from sync.passes.normalise import RowContext, dialog_rows
from sync.passes.performers import named_performers

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def fold(
    dialog_id: str,
    old: Bodies | None,
    new: Bodies,
    context: RowContext,
    *,
    versions: Mapping[str, int] | None = None,
    item: wire.ListItem | None = None,
    keep_texts: bool = False,
) -> DialogRows:
    """Everything one write needs of a dialog: rows, the bodies that differ, and history.

    `old` are the archive's bodies, None for a dialog that is new; `new` the newest ones, read now or else the
    archive's; `versions` those that stand, by kind; `item` the decoded `new.list_item`, if at hand; `keep_texts` as
    in `remember`. A result with neither payloads nor changes has nothing new from the server. Raises MalformedItem,
    naming the kind that cannot be read.
    """
    merged = scrubbed(new)
    if old is not None:
        merged = remember(old, merged, keep_texts=keep_texts)
    if merged.list_item is not new.list_item:
        item = None
    result = dialog_rows(dialog_id, merged, context, item)
    if old is None:
        result.is_new = True
        result.payloads = merged.by_kind()
        return result
    held = old.by_kind()
    result.payload_versions = versions or {}
    for kind, body in merged.by_kind().items():
        if kind not in held or not same(kind, held[kind], body):
            result.payloads[kind] = body
    if result.payloads:
        result.changes = [change.row(dialog_id, context.now) for change in differences(old, merged)]
    return result


def scrubbed(bodies: Bodies) -> Bodies:
    """The bodies as they may be stored: without tokens (reference: end-user API §2.7). Only a detail carries one."""
    if bodies.detail is None:
        return bodies
    try:
        detail = scrub("detail", bodies.detail)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedItem(f"detail: {error}", "detail") from None
    return bodies if detail is bodies.detail else replace(bodies, detail=detail)


def remember(old: Bodies, new: Bodies, *, keep_texts: bool = False) -> Bodies:
    """The newest bodies, completed with what the older ones know and the newer ones hide.

    `keep_texts`: the list item was read at a lower level than the one before, so its title and summary may be
    substitutes; the ones of the older list item stand (reference: end-user API §3.7). Raises MalformedItem.
    """
    kind = "list"
    try:
        list_item = new.list_item
        if keep_texts and list_item is not None and old.list_item is not None:
            list_item = _with_texts(list_item, old.list_item)
        kind = "detail"
        detail = new.detail
        if detail is not None and detail != old.detail and MARK in detail:
            detail = _unmasked_detail(detail, old)
        transmissions, activities = new.transmissions, new.activities
        if detail is not None and detail != old.detail:
            transmissions = _newer(detail, "transmissions", transmissions, old.transmissions)
            activities = _newer(detail, "activities", activities, old.activities)
        kind = "activities"
        if activities is not None and activities != old.activities:
            activities = _with_performers(activities, detail, old, list_item)
        kind = "transmissions"
        if transmissions is not None and transmissions != old.transmissions and MARK in transmissions:
            transmissions = _unmasked_transmissions(transmissions, old)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedItem(f"{kind}: {error}", kind) from None
    return replace(new, list_item=list_item, detail=detail, transmissions=transmissions, activities=activities)


def _newer(detail: bytes, name: str, body: bytes | None, held: bytes | None) -> bytes | None:
    """A list that was not read along with the newer detail is taken from it; one that was never read stays so."""
    if body is None or body != held:
        return body
    told = _decode(detail).get(name) or []
    if name == "transmissions":
        for transmission in told:
            transmission.pop("isOpened", None)  # only a detail has it (reference: end-user API §5.5)
    fresh = _encode(told)
    return held if same(name, held, fresh) else fresh


def _with_performers(activities: bytes, detail: bytes | None, old: Bodies, list_item: bytes | None) -> bytes:
    """Who did it, once known, stays known: `/activities` leaves it out (reference: end-user API §6.4)."""
    wire.activities(activities)  # raises unless it has the expected form
    sources = (detail, list_item, old.activities, old.detail, old.list_item)
    return named_performers(activities, [source for source in sources if source is not None])


def _unmasked_detail(detail: bytes, old: Bodies) -> bytes:
    tree = _decode(detail)
    if old.detail is not None:
        tree = restored(tree, _decode(old.detail))
    if old.transmissions is not None:
        tree = restored(tree, {"transmissions": _decode(old.transmissions)})
    return _encode(tree)


def _unmasked_transmissions(transmissions: bytes, old: Bodies) -> bytes:
    tree: Any = _decode(transmissions)
    if old.transmissions is not None:
        tree = restored(tree, _decode(old.transmissions))
    if old.detail is not None:
        tree = restored(tree, _decode(old.detail).get("transmissions"))
    return _encode(tree)


def _with_texts(item: bytes, fuller: bytes) -> bytes:
    tree, held = _decode(item), _decode(fuller).get("content") or {}
    content = tree.get("content") or {}
    kept = {name: held[name] for name in ("title", "summary") if held.get(name)}
    if not kept or all(content.get(name) == value for name, value in kept.items()):
        return item
    tree["content"] = content | kept
    return _encode(tree)
