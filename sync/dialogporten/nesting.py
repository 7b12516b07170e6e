"""How deep a JSON body is nested, told without decoding it: a decoder, and whoever walks what it gives, goes as deep.

The deepest of the API's answers has about ten levels; a thousand of them end in a RecursionError somewhere in the
middle.
"""

import re
from itertools import accumulate
from typing import Final

DEEPEST: Final = 100

_USUAL: Final = 12
_MANY: Final = 1_000_000  # brackets, from which one look at each is quicker than peeling
_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_STEPS: Final = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
# A string without its end is one as well, so that no text is looked at twice.
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


def is_nested_too_deep(body: bytes) -> bool:
    """Whether arrays and objects stand in each other more than `DEEPEST` levels deep."""
    # Brackets within texts nearly always pair up, so a first look need not know where texts are.
    return _may_be_deep(body) and _may_be_deep(_STRING.sub(b"", body))


def _may_be_deep(body: bytes) -> bool:
    """True also when the brackets do not pair up: then some of them stand in texts, or it is no JSON."""
    brackets = body.translate(None, _NO_BRACKETS)
    if len(brackets) < _MANY:
        left = brackets
        for _ in range(_USUAL):  # each round takes the innermost level away, or the two innermost
            left = left.replace(b"[]", b"").replace(b"{}", b"")
            if not left:
                return False
    return any(not 0 <= depth <= DEEPEST for depth in accumulate(map(_STEPS.__getitem__, brackets)))
