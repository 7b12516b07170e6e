"""The form of a body that changes only when something real did.

Left out: dialog tokens, ephemeral actor ids, `isCurrentEndUser` (it depends on who reads), a detail's own seen
lists (they tell of the reading itself: reference, end-user API §17.1). Missing, null and empty are one. Times are
cut to microseconds. Lists without a meaningful order are sorted (§5.4). `isAuthorized` stays: it makes no history,
yet the current row follows it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

import msgspec

from sync.dialogporten.wire import EPHEMERAL, instant

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="deterministic").encode
_plain_encode = msgspec.json.Encoder().encode

SECRETS = frozenset({"dialogToken", "contextToken"})
_VOLATILE = SECRETS | {"isCurrentEndUser"}
_SEEN_LISTS = frozenset({"seenSinceLastUpdate", "seenSinceLastContentUpdate"})
_ORDERED = frozenset({"navigationalActions"})  # their place is their name
_EPHEMERAL_KEY = EPHEMERAL.encode()


def canonical(kind: str, body: bytes) -> bytes:
    """The volatile-free form of a body of that kind, as JSON. Raises `msgspec.DecodeError` on malformed JSON."""
    return _encode(settled(kind, body))


def settled(kind: str, body: bytes) -> Any:
    """What `canonical` encodes: null, missing and empty gone, lists sorted; None for an empty body."""
    return _settle(_decode(body), _VOLATILE | _SEEN_LISTS if kind == "detail" else _VOLATILE)


def same(kind: str, old: bytes, new: bytes) -> bool:
    """Whether nothing but volatile values differs. Cheap when the bytes are equal."""
    return old == new or canonical(kind, old) == canonical(kind, new)


def scrub(kind: str, body: bytes) -> bytes:
    """The body without dialog or context tokens anywhere: what may be stored. The same bytes when there are none."""
    if b"dialogToken" not in body and b"contextToken" not in body and b"\\u" not in body:
        return body
    tree = _decode(body)
    return _plain_encode(tree) if _drop_secrets(tree) else body


def list_digest(item: bytes) -> bytes:
    """16 bytes that are equal for equal list items, whoever reads them and whatever the salt of ephemeral ids.

    Cheaper than `canonical`, and stricter: another order or spelling gives another digest. Then `same` decides.
    """
    if _EPHEMERAL_KEY in item:
        first, *rest = item.split(_EPHEMERAL_KEY)
        item = first + _EPHEMERAL_KEY.join(each[each.find(b'"') :] for each in rest)
    if b'"isCurrentEndUser":' in item:
        item = item.replace(b'"isCurrentEndUser":true', b"").replace(b'"isCurrentEndUser":false', b"")
    return sha256(item).digest()[:16]


def _settle(value: Any, dropped: frozenset[str]) -> Any:
    if isinstance(value, dict):
        result = {}
        for key, inner in value.items():
            if key in dropped or inner is None:
                continue
            if isinstance(inner, (dict, list)):
                inner = _ordered(inner, dropped) if key in _ORDERED else _settle(inner, dropped)
                if not inner:
                    continue
            elif isinstance(inner, str):
                if key == "actorId" and inner.startswith(EPHEMERAL):
                    continue
                if key.endswith("At"):
                    inner = _time(inner)
            result[key] = inner
        return result or None
    if isinstance(value, list):
        return sorted((_settle(each, dropped) for each in value), key=_place) or None
    return value


def _ordered(values: Any, dropped: frozenset[str]) -> Any:
    return [_settle(each, dropped) for each in values] if isinstance(values, list) else _settle(values, dropped)


def _place(value: Any) -> tuple[str, bytes]:
    """Id first, then language, then the whole: a total order for lists that have none."""
    name = (value.get("id") or value.get("languageCode") or "") if isinstance(value, dict) else ""
    return str(name), _encode(value)


def _time(text: str) -> str:
    try:
        return instant(text)
    except ValueError:
        return text


def _drop_secrets(tree: Any) -> bool:
    found = False
    if isinstance(tree, dict):
        for key in SECRETS & tree.keys():
            del tree[key]
            found = True
    walk: Callable[[Any], bool] = _drop_secrets
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        found = walk(inner) or found
    return found
