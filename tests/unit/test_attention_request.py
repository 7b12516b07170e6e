"""The request of a machine step: complete, never masked, never past its end, without a secret."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sync.attention import Verdict, interpret, parse_subject
from sync.attention.evidence import Subject
from sync.attention.request import Request, requests_for, token_for
from tests.unit.attention_cases import apps, letters, nav, questions, tax

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASES = [*apps.CASES, *letters.CASES, *nav.CASES, *tax.CASES, *questions.CASES]
MASK = "urn:dialogporten:unauthorized"


def point(url: str = "https://nav.example/im", **more: object) -> dict[str, object]:
    return {"httpMethod": "POST", "url": url, "version": "1", **more}


def asked(*endpoints: dict[str, object], authorized: bool = True) -> tuple[Request, ...]:
    """The requests for an open request with one API action of these endpoints."""
    sent = {"id": "t", "type": "Request", "createdAt": "2026-02-20T10:00:00Z", "isAuthorized": True}
    action = {
        "id": "a",
        "action": "write",
        "name": "Send inn",
        "isAuthorized": authorized,
        "endpoints": list(endpoints),
    }
    body: dict[str, Any] = {
        "id": "x",
        "org": "nav",
        "status": "RequiresAttention",
        "createdAt": "2026-02-20T10:00:00Z",
        "transmissions": [sent],
        "apiActions": [action],
    }
    subject = parse_subject(body)
    return requests_for(subject, interpret(subject, NOW), NOW)


def test_it_has_everything_that_the_endpoint_tells() -> None:
    links = {
        "documentationUrl": "https://nav.example/docs",
        "requestSchema": "https://nav.example/in.json",
        "responseSchema": "https://nav.example/out.json",
    }
    [request] = asked(point(**links))
    assert request.as_json() == {
        "why": "Send inn",
        "method": "POST",
        "url": "https://nav.example/im",
        "token": token_for("https://nav.example/im", "POST"),
        "version": "1",
        "documentation_url": links["documentationUrl"],
        "request_schema": links["requestSchema"],
        "response_schema": links["responseSchema"],
        "deprecated": False,
        "sunset_at": None,
    }


def test_an_endpoint_that_stands_is_taken_before_a_deprecated_one() -> None:
    old = point("https://nav.example/v1", deprecated=True, sunsetAt="2026-06-01T00:00:00Z")
    [request] = asked(old, point("https://nav.example/v2"))
    assert request.url == "https://nav.example/v2"
    [request] = asked(old)
    assert (request.deprecated, request.sunset_at) == (True, datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("endpoint", "authorized"),
    [
        (point(MASK), True),
        (point(), False),
        (point(deprecated=True, sunsetAt="2026-02-01T00:00:00Z"), True),
        (point(httpMethod="GET"), True),
        (point(httpMethod="DELETE"), True),
    ],
    ids=["masked", "not ours", "past its end", "only reads", "only deletes"],
)
def test_what_a_machine_cannot_send_is_no_request(endpoint: dict[str, object], authorized: bool) -> None:
    assert asked(endpoint, authorized=authorized) == ()


def test_beside_an_endpoint_past_its_end_the_standing_one_is_taken() -> None:
    gone = point("https://nav.example/a", sunsetAt="2026-02-01T00:00:00Z", deprecated=True)
    assert [each.url for each in asked(gone, point("https://nav.example/b"))] == ["https://nav.example/b"]
    # Neither is deprecated by its word; one has ended all the same, and one is masked.
    ended = point("https://nav.example/a", sunsetAt="2026-02-01T00:00:00Z")
    later = point("https://nav.example/b", deprecated=True, sunsetAt="2026-09-01T00:00:00Z")
    assert [each.url for each in asked(ended, point(MASK), later)] == ["https://nav.example/b"]


def answers() -> list[tuple[str, Subject, Verdict]]:
    found = []
    for labelled in CASES:
        subject = parse_subject(labelled.body)
        found.append((labelled.row, subject, interpret(subject, labelled.now)))
    return found


def test_every_machine_step_of_the_cases_has_its_request_and_no_other_step_has_one() -> None:
    for labelled, (row, subject, verdict) in zip(CASES, answers(), strict=True):
        requests = requests_for(subject, verdict, labelled.now)
        assert bool(requests) is (verdict.actor == "machine"), row
        for request in requests:
            assert not request.url.startswith("urn:") and request.url, row
            assert request.method != "DELETE", row
            assert (request.method == "GET") or verdict.next_step != "read", row


def test_a_confirmation_is_fetched_first() -> None:
    confirmations = [
        requests_for(subject, verdict, labelled.now)
        for labelled, (_, subject, verdict) in zip(CASES, answers(), strict=True)
        if verdict.next_step == "confirm" and verdict.actor == "machine"
    ]
    assert confirmations
    for requests in confirmations:
        assert requests[-1].method == "POST"
        assert [each.method for each in requests] in (["GET", "POST"], ["POST"])


def test_the_token_follows_from_where_the_request_goes() -> None:
    letter = "https://platform.altinn.no/correspondence/api/v1/correspondence/1/confirm"
    assert token_for(letter, "POST").endswith("scope altinn:correspondence.read")
    assert token_for("https://platform.altinn.no/storage/api/v1/instances/1/2", "GET").endswith("altinn:instances.read")
    assert "documentation" in token_for("https://arbeidsgiver.nav.no/api", "POST")
