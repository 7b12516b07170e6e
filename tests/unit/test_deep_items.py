"""An item that is nested without end is set apart with all that it says, and nothing else of its page is touched."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.dialogporten import wire
from sync.dialogporten.deep_items import SET_APART, deep_items_apart
from sync.dialogporten.nesting import is_nested_too_deep
from sync.passes.bodies import MalformedItem
from sync.passes.items import checked_item, peek

DEEP = b"[" * 500 + b'{"a":"]}\\""}' + b"]" * 500
ID, PARTY = "0195a000-0000-7000-8000-000000000001", "urn:altinn:organization:identifier-no:310000000"
NAMES = f'"id":"{ID}","party":"{PARTY}"'.encode()


def items_of(page: bytes) -> list[bytes]:
    return [bytes(raw) for raw in wire.list_page(page).items or ()]


@pytest.mark.parametrize(
    "bad",
    [
        b"{" + NAMES + b',"content":' + DEEP + b"}",
        b'{"content":' + DEEP + b',"seen":[{"x":[1]}],' + NAMES + b"}",
        b'{"a":{"id":"another"},' + NAMES + b',"more":{"less":' + DEEP + b"}}",
    ],
)
def test_it_keeps_its_names_and_every_byte_and_is_malformed_to_every_reader(bad: bytes) -> None:
    before, after = b'{"id":"x","content":{"title":{"value":[{"value":"]]{"}]}}}', b'{"id":"y"}'
    found = items_of(deep_items_apart(b'{"items": [' + b", ".join([before, bad, after]) + b'], "hasNextPage": false}'))
    assert (found[0], found[2]) == (before, after)
    assert found[1].startswith(SET_APART)
    assert peek(found[1]) == (ID, PARTY)
    assert bad.decode() in msgspec.json.decode(found[1])["content"]
    with pytest.raises(msgspec.ValidationError):
        wire.list_item(found[1])
    with pytest.raises(MalformedItem, match="nested deeper") as told:
        checked_item(found[1])
    assert (told.value.dialog_id, told.value.party) == (ID, PARTY)


def test_one_that_names_nothing_is_set_apart_all_the_same() -> None:
    (found,) = items_of(deep_items_apart(b'{"items":[{"id":5,"more":' + DEEP + b"}]}"))
    with pytest.raises(MalformedItem, match="nested deeper"):
        checked_item(found)


@pytest.mark.parametrize(
    "page",
    [
        b'{"items":{"a":{"b":' + DEEP + b"}}}",
        b'{"items":[],"more":' + DEEP + b"}",
        DEEP,
        b'{"items":[{"a":' + b"[" * 500,
        b'{"items":[' + DEEP[:-1],
    ],
)
def test_what_is_deep_elsewhere_or_breaks_off_stays_too_deep(page: bytes) -> None:
    assert is_nested_too_deep(deep_items_apart(page))


@settings(deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.text(alphabet='[]{}\\"a', max_size=5), st.lists(st.text(alphabet='[]{}\\"a', max_size=9)), max_size=4
        )
    )
)
def test_any_other_page_is_left_as_it_is(items: list[dict[str, list[str]]]) -> None:
    page = msgspec.json.encode({"items": items, "hasNextPage": False})
    assert deep_items_apart(page) is page
    bad = b'{"more":' + DEEP + b"}"
    whole = b'{"items":[' + b",".join([*map(msgspec.json.encode, items), bad]) + b"]}"
    *rest, _ = items_of(deep_items_apart(whole))
    assert [msgspec.json.decode(raw) for raw in rest] == items
