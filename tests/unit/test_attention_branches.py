"""The seldom trodden paths of the decision order: each is one sentence of the producers reference, §2 and §10."""

from __future__ import annotations

from typing import Any

import pytest

from sync.attention import interpret, parse_subject
from sync.attention.explain import explain
from tests.unit.attention_cases.apps import (
    BY_OWNER,
    CONFIRMED,
    CREATED,
    FEEDBACK,
    FILL,
    READY,
    RECEIPT,
    SAVED,
    SUBMISSION,
    SUBMITTED,
    UNCONFIRMED,
    app,
)
from tests.unit.attention_cases.building import (
    NOW,
    Body,
    api,
    days,
    dialog,
    endpoint,
    gui,
    link,
    never_opened,
    sent,
)

REQUEST = sent("Request", days(-6))


def withdrawn(at: str) -> Body:
    return sent("Information", at, ext="FORESPOERSEL_UTGAATT", related=REQUEST["id"])


def nav(status: str, *letters: Body, **more: Any) -> Body:
    return dialog(status, org="nav", transmissions=letters, **more)


@pytest.mark.parametrize(
    ("what", "body", "step", "rule"),
    [
        (
            "an app in progress that was sent in after every save",
            app("InProgress", None, None, (SAVED, SUBMITTED)),
            "wait",
            "by_status",
        ),
        (
            "an app's waiting text beats a status that was switched off",
            app("InProgress", UNCONFIRMED, RECEIPT),
            "wait",
            "process",
        ),
        ("so does its feedback text", app("NotApplicable", FEEDBACK), "wait", "process"),
        (
            "an app that says it is confirmed is done, whatever its status",
            app("InProgress", CONFIRMED, RECEIPT),
            "none",
            "process",
        ),
        ("so is one without status", app("NotApplicable", CONFIRMED, RECEIPT), "none", "process"),
        ("a receipt without status is done", app("NotApplicable", None, RECEIPT), "none", "process"),
        ("a receipt in progress waits", app("InProgress", None, RECEIPT), "wait", "process"),
        (
            "an app without status, text and history asks nothing",
            app("NotApplicable", None, None, ()),
            "none",
            "by_status",
        ),
        (
            "a withdrawal does not silence the decision after it",
            nav("NotApplicable", REQUEST, withdrawn(days(-4)), sent("Decision", days(-2))),
            "read",
            "by_status",
        ),
        (
            "but the information after it",
            nav("NotApplicable", REQUEST, withdrawn(days(-4)), sent("Information", days(-2))),
            "none",
            "conversation",
        ),
        (
            "a case marked withdrawn that still asks is a person's to look at",
            nav("RequiresAttention", REQUEST, extended="FORESPOERSEL_UTGAATT"),
            "review",
            "conversation",
        ),
        (
            "a settled case that still asks, too",
            dialog("RequiresAttention", transmissions=[sent("Acceptance", days(-2))]),
            "review",
            "by_status",
        ),
        (
            "an old default in fewer words is known",
            app("InProgress", ("Innsendingen må signeres av styret.", None), FILL),
            "sign",
            "process",
        ),
        (
            "a prefilled form whose owner is known asks at once",
            app("NotApplicable", READY, activities=(BY_OWNER,)),
            "fill_in",
            "by_status",
        ),
    ],
)
def test_the_decision_order_on_paths_that_few_tread(what: str, body: Body, step: str, rule: str) -> None:
    found = interpret(parse_subject(body), NOW)
    assert (found.next_step, found.rule) == (step, rule), what


def test_an_app_without_status_that_was_sent_in_is_not_unread_when_it_was_never_opened() -> None:
    body = app("NotApplicable", None, None, (CREATED, SAVED, SUBMITTED), transmissions=[SUBMISSION])
    assert interpret(parse_subject(never_opened(body)), NOW).next_step == "none"
    bare = app("NotApplicable", None, None, (SUBMITTED,))
    assert interpret(parse_subject(never_opened(bare)), NOW).next_step == "none"


def test_a_step_that_no_machine_takes_stays_a_persons_beside_a_writing_action() -> None:
    body = dialog("RequiresAttention", transmissions=[sent("Acceptance", days(-2))], api_actions=[api("svar")])
    found = interpret(parse_subject(body), NOW)
    assert (found.next_step, found.actor) == ("review", "person")


def test_a_refusal_is_the_strongest_signal() -> None:
    document = {
        "list_item": never_opened(dialog("RequiresAttention"))["list_item"],
        "fetch": {"details_status": 403, "details_problem": "Altinn authentication level too low."},
    }
    found = explain(parse_subject(document), NOW)
    assert (found.signals[0].rank, found.signals[0].says) == (1, "HTTP 403")


def test_a_report_whose_only_door_is_anothers_is_a_missing_right() -> None:
    door = gui("Last ned", authorized=False)
    body = dialog("NotApplicable", gui_actions=[door], api_actions=[api("hent", endpoint("GET"), authorized=False)])
    assert interpret(parse_subject(body), NOW).next_step == "get_access"
    with_text = dialog("NotApplicable", main=link("https://eksempel.no/1"), gui_actions=[door])
    assert interpret(parse_subject(with_text), NOW).next_step == "read"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({}, "no_action"),
        ({"gui_actions": [gui("Slett", method="DELETE", delete=True)]}, "no_action"),
        ({"api_actions": [api("hent", endpoint("GET"), action="read")]}, "only_read_api"),
        ({"gui_actions": [gui("Les mer")]}, "optional_action"),
        ({"api_actions": [api("cancelReport")]}, "optional_action"),
    ],
)
def test_what_leads_nowhere_is_told_as_what_it_is(more: dict[str, Any], code: str) -> None:
    found = interpret(parse_subject(dialog("InProgress", **more)), NOW)
    assert found.next_step == "wait"
    assert set(found.reasons) & {"no_action", "only_read_api", "optional_action"} == {code}
