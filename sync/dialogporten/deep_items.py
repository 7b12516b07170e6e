"""One item of a list that is nested without end must not take its page along: it is set apart, the page stays whole.

A decoder goes as deep as what it reads, so that nobody could take such a page to pieces. In the place of the item comes
one that every reader knows for malformed, with the same id and party, and with the whole of it as text.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from sync.dialogporten.nesting import DEEPEST, is_nested_too_deep

# No item of the API begins so, and the content of none is a text.
SET_APART: Final = b'{"content":"nested too deep: '

_ITEM: Final = 3  # page, items, item
_MOST: Final = 5_000_000  # brackets that are looked at one by one; a page with more is not taken to pieces
_TOKENS: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class _Named(msgspec.Struct):
    id: object = None
    party: object = None


def deep_items_apart(page: bytes) -> bytes:
    """The page with its items that are nested too deep set apart; the same object where nothing can or need be done."""
    if not is_nested_too_deep(page) or sum(map(page.count, (b"[", b"{"))) > _MOST:
        return page
    kept: list[bytes] = []
    depth = deepest = begun = done = 0
    shallow: list[bytes] = []  # the item's own members, with null for what they hold
    upto, name, within = 0, b"", False
    for token in _TOKENS.finditer(page):
        sign = token[0]
        if sign in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
            if depth == _ITEM - 1:
                within = (sign, name) == (b"[", b'"items"')
            elif depth == _ITEM:
                begun = upto = token.start()
                deepest, shallow = depth, []
            elif depth == _ITEM + 1:
                shallow += [page[upto : token.start()], b"null"]
        elif sign in (b"]", b"}"):
            depth -= 1
            if depth == _ITEM:
                upto = token.end()
            elif depth == _ITEM - 1 and deepest > DEEPEST and within:
                shallow.append(page[upto : token.end()])
                kept += [page[done:begun], _apart(page[begun : token.end()], b"".join(shallow))]
                done = token.end()
        elif depth == 1:
            name = sign
    return b"".join([*kept, page[done:]]) if kept else page


def _apart(item: bytes, shallow: bytes) -> bytes:
    try:
        names = msgspec.json.decode(shallow, type=_Named)
    except (msgspec.DecodeError, UnicodeDecodeError):
        names = _Named()
    content = f"nested too deep: {item.decode('utf-8', 'replace')}"
    return msgspec.json.encode({"content": content, "id": names.id, "party": names.party})
