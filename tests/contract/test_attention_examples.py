"""The labelled examples of the interpretation: opened, never opened, refused, and as archived bodies."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from sync.attention import interpret, parse_subject, verdict_json
from tests.unit.attention_cases.building import never_opened

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "examples" / "attention"
FILES = sorted(FOLDER.glob("*.json"))

# What can be said of each without opening: (next step, actor, needs attention), by the file's number.
UNOPENED = {
    "001": ("fill_in", "person", False),
    "009": ("pay", "person", True),
    "020": ("confirm", "person", True),
    "022": ("none", "none", False),
    "032": ("answer_request", "person", True),
    "035": ("none", "none", False),
    "041": ("none", "none", False),
    "047": ("read", "person", True),
    "053": ("wait", "service_owner", False),
    "059": ("review", "person", True),
    "062": ("answer_request", "person", True),
    "064": ("review", "person", True),
}

pytestmark = pytest.mark.skipif(not FILES, reason="the labelled examples are not at hand")


def load(path: Path) -> dict[str, Any]:
    found = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def answer(document: object, now: str) -> dict[str, Any]:
    return verdict_json(interpret(parse_subject(document), datetime.fromisoformat(now)))


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.stem)
def test_an_example_gets_the_expected_verdict(path: Path) -> None:
    example = load(path)
    expected = example["expect"]
    found = answer({key: example[key] for key in ("dialog", "fetch") if key in example}, example["now"])
    for key in ("needs_attention", "next_step", "actor", "deadline"):
        assert found[key] == expected[key], key
    assert set(expected["reasons"]) <= set(found["reasons"])


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.stem)
def test_a_bare_body_and_archived_bodies_give_the_same_verdict(path: Path) -> None:
    example = load(path)
    bare = answer(example["dialog"], example["now"])
    archived = answer({**never_opened(example["dialog"]), "dialog": example["dialog"]}, example["now"])
    assert set(bare.pop("reasons")) == set(archived.pop("reasons"))
    assert bare == archived


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.stem)
def test_never_opened_it_says_what_is_certain_and_that_it_was_not_opened(path: Path) -> None:
    example = load(path)
    found = answer(never_opened(example["dialog"]), example["now"])
    expected = UNOPENED[path.stem[:3]]
    assert (found["next_step"], found["actor"], found["needs_attention"]) == expected
    assert "not_opened" in found["reasons"]


@pytest.mark.parametrize("path", FILES, ids=lambda each: each.stem)
def test_refused_for_the_level_it_asks_for_a_higher_one(path: Path) -> None:
    example = load(path)
    fetch = {"details_status": 403, "details_problem": "Altinn authentication level too low."}
    found = answer({"list_item": never_opened(example["dialog"])["list_item"], "fetch": fetch}, example["now"])
    assert (found["next_step"], found["actor"]) == ("raise_auth_level", "person")
    assert "auth_level_too_low" in found["reasons"]
