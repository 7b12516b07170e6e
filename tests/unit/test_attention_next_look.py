"""When a verdict must be looked at again: never too late, over every labelled case and the years after it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from sync.attention import Verdict, interpret, parse_subject
from sync.attention.evidence import Subject
from sync.attention.next_look import next_look
from tests.unit.attention_cases import apps, letters, nav, questions, tax
from tests.unit.attention_cases.building import Labelled, never_opened

CASES = [*apps.CASES, *letters.CASES, *nav.CASES, *tax.CASES, *questions.CASES]
TICK = timedelta(microseconds=1)
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def said(subject: Subject, at: datetime) -> Verdict:
    return replace(interpret(subject, at), trace=())


@pytest.mark.parametrize("labelled", CASES, ids=lambda each: each.row)
def test_between_two_looks_the_verdict_stands(labelled: Labelled) -> None:
    for body in (labelled.body, never_opened(labelled.body)):
        subject, now = parse_subject(body), labelled.now
        for _ in range(40):
            verdict = said(subject, now)
            turn = next_look(subject, verdict, now)
            assert turn is not None and turn > now
            for at in (now + (turn - now) // 3, now + (turn - now) // 10 * 9, turn - TICK):
                assert said(subject, at) == verdict, f"{labelled.row}: differs at {at}, before {turn}"
            now = turn
            if now - labelled.now > timedelta(days=800):
                break


def letter_with(**more: object) -> Subject:
    body: dict[str, object] = {"id": "x", "org": "nav", "status": "InProgress", "createdAt": "2026-01-01T00:00:00Z"}
    return parse_subject({"list_item": body | more, "dialog": body | more})


def looks(subject: Subject, now: datetime = NOW, count: int = 4) -> list[datetime]:
    found = []
    for _ in range(count):
        turn = next_look(subject, interpret(subject, now), now)
        assert turn is not None
        found.append(turn)
        now = turn
    return found


def test_a_due_date_is_looked_at_two_weeks_before_and_when_it_has_passed() -> None:
    due = datetime(2026, 5, 20, 22, 0, tzinfo=UTC)
    assert looks(letter_with(dueAt="2026-05-20T22:00:00Z"))[:3] == [due - timedelta(days=14), due, due + TICK]


def test_a_draft_is_looked_at_when_it_has_lain_for_thirty_days() -> None:
    assert looks(letter_with(status="Draft", updatedAt="2026-02-20T10:00:00Z"))[0] == datetime(
        2026, 3, 22, 10, tzinfo=UTC
    )


def test_a_sunset_is_looked_at_ninety_days_before_at_the_date_and_ninety_days_after() -> None:
    sunset = datetime(2026, 8, 1, tzinfo=UTC)
    endpoint = {
        "httpMethod": "POST",
        "url": "https://a.example",
        "deprecated": True,
        "sunsetAt": "2026-08-01T00:00:00Z",
    }
    action = {"id": "a", "action": "write", "isAuthorized": True, "endpoints": [endpoint]}
    found = looks(letter_with(apiActions=[action]), count=6)
    for expected in (sunset - timedelta(days=90), sunset, sunset + timedelta(days=90) + TICK):
        assert expected in found


def test_a_dialog_that_was_just_created_is_looked_at_when_it_should_have_content() -> None:
    created = datetime(2026, 3, 1, 11, 55, tzinfo=UTC)
    assert looks(letter_with(createdAt=created.isoformat()))[0] == created + timedelta(minutes=15)


def test_without_any_date_only_the_new_year_is_waited_for() -> None:
    assert looks(letter_with(), count=2) == [
        datetime(2026, 12, 31, 23, tzinfo=UTC),
        datetime(2027, 12, 31, 23, tzinfo=UTC),
    ]


def test_a_date_at_the_end_of_time_is_no_trouble() -> None:
    assert next_look(letter_with(dueAt="9999-12-31T23:59:59Z"), interpret(letter_with(), NOW), NOW) is not None
