"""How deep a body is nested is told right whatever stands in its texts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.dialogporten.nesting import DEEPEST, is_nested_too_deep


def nested(levels: int) -> bytes:
    return b'{"a":[' * (levels // 2) + b"[" * (levels % 2) + b"]" * (levels % 2) + b"]}" * (levels // 2)


@pytest.mark.parametrize("levels", [1, 2, 11, 12, 13, 24, 25, DEEPEST - 1, DEEPEST])
def test_what_an_api_may_answer_is_not_too_deep(levels: int) -> None:
    assert not is_nested_too_deep(nested(levels))


@pytest.mark.parametrize("levels", [DEEPEST + 1, DEEPEST + 2, 100_000])
def test_what_is_deeper_is(levels: int) -> None:
    assert is_nested_too_deep(nested(levels))


@given(st.lists(st.text(alphabet='[]{}\\"a', max_size=200), max_size=20))
def test_brackets_in_texts_count_for_nothing(texts: list[str]) -> None:
    shallow = json.dumps({"texts": texts}).encode()
    assert not is_nested_too_deep(shallow)
    assert is_nested_too_deep(json.dumps(texts)[:-1].encode() + b"," + nested(DEEPEST + 1) + b"]")


def test_closing_brackets_in_a_text_hide_no_depth() -> None:
    assert is_nested_too_deep(b'["' + b"]" * 500 + b'",' + nested(400) + b',"' + b"[" * 500 + b'"]')


def test_a_text_without_an_end_is_looked_at_once() -> None:
    assert not is_nested_too_deep(b'[["' + b'\\"' * 1_000_000)
