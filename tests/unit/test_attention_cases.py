"""Every row of the producers' life-cycle tables, opened and never opened, and no worst error in any of them."""

from __future__ import annotations

from datetime import datetime

import pytest

from sync.attention import Verdict, interpret, parse_subject
from sync.attention.verdict import NEXT_STEPS, REASONS
from tests.unit.attention_cases import apps, letters, nav, questions, tax
from tests.unit.attention_cases.building import Labelled, never_opened

CASES = [*apps.CASES, *letters.CASES, *nav.CASES, *tax.CASES, *questions.CASES]
STRIPPED = [each for each in CASES if each.unopened is not None]


def verdict_of(document: object, labelled: Labelled) -> Verdict:
    return interpret(parse_subject(document), labelled.now)


def moment(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


@pytest.mark.parametrize("labelled", CASES, ids=lambda each: each.row)
def test_an_opened_dialog_gets_the_verdict_a_careful_human_gives(labelled: Labelled) -> None:
    verdict = verdict_of(labelled.body, labelled)
    assert (verdict.next_step, verdict.actor, verdict.needs_attention) == (
        labelled.step,
        labelled.actor,
        labelled.needs,
    ), verdict.trace
    assert verdict.deadline == moment(labelled.deadline)
    assert set(labelled.reasons) <= set(verdict.reasons)


@pytest.mark.parametrize("labelled", STRIPPED, ids=lambda each: each.row)
def test_a_never_opened_dialog_gets_what_can_be_said_without_opening(labelled: Labelled) -> None:
    verdict = verdict_of(never_opened(labelled.body), labelled)
    assert labelled.unopened == (verdict.next_step, verdict.actor), verdict.trace
    assert "not_opened" in verdict.reasons


@pytest.mark.parametrize("labelled", CASES, ids=lambda each: each.row)
def test_the_archived_bodies_give_the_same_verdict_as_the_fresh_one(labelled: Labelled) -> None:
    fresh = verdict_of(labelled.body, labelled)
    archived = verdict_of({**never_opened(labelled.body), "dialog": labelled.body}, labelled)
    assert (archived.next_step, archived.actor, archived.needs_attention, archived.deadline, archived.because) == (
        fresh.next_step,
        fresh.actor,
        fresh.needs_attention,
        fresh.deadline,
        fresh.because,
    )
    assert set(archived.reasons) == set(fresh.reasons)


@pytest.mark.parametrize("labelled", CASES, ids=lambda each: each.row)
def test_reasons_and_words_are_always_there_and_belong_to_the_vocabulary(labelled: Labelled) -> None:
    for document in (labelled.body, never_opened(labelled.body)):
        verdict = verdict_of(document, labelled)
        assert verdict.reasons
        assert set(verdict.reasons) <= REASONS
        for words in (verdict.because.nb, verdict.because.en):
            assert words.endswith(".")
            assert "{" not in words
            assert "  " not in words
        assert verdict.because.en.count(". ") <= 1, "one or two sentences"


def test_no_case_is_answered_with_a_worst_error() -> None:
    worst: list[str] = []
    for labelled in CASES:
        documents = [labelled.body] + ([never_opened(labelled.body)] if labelled.unopened else [])
        for document in documents:
            verdict = verdict_of(document, labelled)
            silent = verdict.next_step in ("none", "wait")
            if not labelled.closed and silent and document is labelled.body:
                worst.append(f"{labelled.row}: an obligation answered {verdict.next_step}")
            if labelled.closed and verdict.needs_attention and document is labelled.body:
                worst.append(f"{labelled.row}: an alarm on a closed case")
            if labelled.actor != "machine" and verdict.actor == "machine":
                worst.append(f"{labelled.row}: a machine where only a person can act")
    assert worst == []


def test_every_next_step_is_shown_by_some_case() -> None:
    shown = {each.step for each in CASES} | {"raise_auth_level"}
    assert shown == set(NEXT_STEPS)


def test_the_cases_are_many_and_differently_named() -> None:
    assert len(CASES) >= 120
    assert len({each.row for each in CASES}) == len(CASES)
