"""What the interpretation accepts as input, what it says of input it cannot use, and what a refusal means."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sync.attention import Verdict, interpret, parse_subject, verdict_json
from tests.unit.attention_cases.apps import BY_OWNER, CREATED, SAVED, app
from tests.unit.attention_cases.building import (
    NOW,
    Body,
    api,
    days,
    dialog,
    did,
    endpoint,
    gui,
    link,
    never_opened,
    seen,
    sent,
)
from tests.unit.attention_cases.letters import BOTH, CONFIRMED, NOTIFIED, OPENED, letter

TOO_LOW = {"details_status": 403, "details_problem": "Altinn authentication level too low."}


def verdict(document: object) -> Verdict:
    return interpret(parse_subject(document), NOW)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("", "not JSON"),
        ("{", "line 1"),
        (b"\xff\xfe\x00", "UTF-8"),
        ("[]", "not an object"),
        ("3", "not an object"),
        ('{"items": [], "hasNextPage": false}', "page of a search"),
        ("{}", "no status"),
        ('{"title": "x"}', "no status"),
        ('{"list_item": {}}', "list_item has no status"),
        ('{"list_item": []}', "list_item is not a JSON object"),
        ('{"dialog": {"status": null}}', "dialog has no status"),
        ('{"fetch": {}}', "no dialog here"),
        ('{"fetch": {"details_status": "403"}}', "not a number"),
        ('{"list_item": {"status": "Draft"}, "transmissions": {}}', "transmissions is not a list"),
        ('{"list_item": {"status": "Draft"}, "activities": [1]}', "activities is not a list of JSON objects"),
    ],
)
def test_unusable_input_is_refused_in_plain_words(document: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        parse_subject(document)


def test_text_bytes_and_parsed_json_read_alike() -> None:
    body = dialog("Awaiting")
    assert parse_subject(json.dumps(body)) == parse_subject(json.dumps(body).encode()) == parse_subject(body)


def test_missing_null_and_empty_lists_mean_the_same() -> None:
    body = dialog("RequiresAttention", due=days(3))
    empty = parse_subject(body)
    lists = ("transmissions", "activities", "apiActions", "guiActions", "attachments")
    assert parse_subject({**body, **dict.fromkeys(lists)}) == empty
    assert parse_subject({key: value for key, value in body.items() if key not in lists}) == empty


@pytest.mark.parametrize("strange", [3, "x", {"a": 1}, [1, None, "x"], True])
def test_a_field_of_a_strange_type_does_not_cost_the_verdict(strange: object) -> None:
    for key in (
        "transmissions",
        "apiActions",
        "content",
        "dueAt",
        "endUserContext",
        "org",
        "seenSinceLastContentUpdate",
    ):
        found = verdict({**dialog("RequiresAttention"), key: strange})
        assert found.next_step in ("review", "read", "get_access")


def test_the_answer_has_the_six_keys_of_the_contract() -> None:
    answer = verdict_json(verdict(letter("RequiresAttention", NOTIFIED, confirm=BOTH, due="2026-09-24T21:59:59Z")))
    assert list(answer) == ["needs_attention", "next_step", "actor", "deadline", "reasons", "because"]
    assert answer["deadline"] == "2026-09-24T21:59:59Z"
    assert json.loads(json.dumps(answer)) == answer


def test_a_deadline_with_another_offset_is_told_in_utc() -> None:
    answer = verdict_json(verdict(dialog("RequiresAttention", due="2026-09-24T23:59:59+02:00")))
    assert answer["deadline"] == "2026-09-24T21:59:59Z"


@pytest.mark.parametrize(
    ("fetch", "step", "actor"),
    [
        (TOO_LOW, "raise_auth_level", "person"),
        ({"details_status": 403, "details_problem": "Forbidden"}, "get_access", "person"),
        ({"details_status": 403, "details_problem": ""}, "get_access", "person"),
        ({"details_status": 404, "details_problem": "Entity 'DialogEntity' was not found."}, "none", "none"),
        ({"details_status": 410, "details_problem": "Entity 'DialogEntity' is removed."}, "none", "none"),
    ],
)
def test_a_refusal_outranks_everything_the_list_says(fetch: Body, step: str, actor: str) -> None:
    item = never_opened(dialog("RequiresAttention", due=days(4), transmissions=[sent("Request", days(-2))]))
    found = verdict({**item, "fetch": fetch})
    assert (found.next_step, found.actor) == (step, actor)
    assert verdict({"fetch": fetch}).next_step == step


def test_a_refused_dialog_keeps_its_due_date() -> None:
    found = verdict(
        {"list_item": never_opened(dialog("RequiresAttention", due=days(4)))["list_item"], "fetch": TOO_LOW}
    )
    assert found.deadline == datetime.fromisoformat(days(4))
    assert "due_soon" in found.reasons


def test_a_server_fault_on_opening_leaves_what_the_list_says() -> None:
    item = never_opened(letter("RequiresAttention", NOTIFIED, due=days(4)))
    found = verdict({**item, "fetch": {"details_status": 500, "details_problem": ""}})
    assert found.next_step == "confirm"
    assert "not_opened" in found.reasons


def test_without_any_actions_known_only_a_list_item_still_gives_a_verdict() -> None:
    item = never_opened(dialog("NotApplicable", transmissions=[sent("Decision", days(-2))]))["list_item"]
    assert verdict({"list_item": item}).next_step == "read"


def test_a_letter_opened_by_its_log_is_known_from_the_newest_activity_alone() -> None:
    item = never_opened(letter("NotApplicable", OPENED))["list_item"]
    assert verdict({"list_item": item}).next_step == "none"


def test_the_newer_children_count_when_the_opened_dialog_is_older() -> None:
    body = letter("RequiresAttention", NOTIFIED, confirm=BOTH, due=days(9))
    confirmed = [{key: value for key, value in each.items() if key != "performedBy"} for each in (OPENED, CONFIRMED)]
    found = verdict({**never_opened(body), "dialog": body, "activities": confirmed})
    assert found.next_step == "none"
    assert "already_confirmed" in found.reasons


def test_the_newer_of_list_item_and_dialog_gives_the_status() -> None:
    old, new = dialog("RequiresAttention", updated=days(-3)), dialog("Awaiting", updated=days(-1))
    assert verdict({"list_item": never_opened(new)["list_item"], "dialog": old}).next_step == "wait"
    assert verdict({"list_item": never_opened(old)["list_item"], "dialog": new}).next_step == "wait"


def test_a_label_moved_by_hand_shows_in_the_list_item_only() -> None:
    body = dialog("InProgress", gui_actions=[gui("Fortsett", action="write")])
    item = {**never_opened(body)["list_item"], "endUserContext": {"revision": "x", "systemLabels": ["Archive"]}}
    assert verdict({"list_item": item, "dialog": body}).next_step == "none"


def test_a_human_who_marks_as_unopened_wants_it_read() -> None:
    body = dialog("NotApplicable", main=link("https://eksempel.no/1"), human=days(-1))
    item = never_opened(body)["list_item"]
    item["endUserContext"] = {"revision": "x", "systemLabels": ["Default", "MarkedAsUnopened"]}
    assert verdict({"list_item": item, "dialog": body}).next_step == "read"


def test_the_list_item_tells_of_humans_that_our_own_opening_hides() -> None:
    body = dialog("NotApplicable", main=link("https://eksempel.no/1"))
    item: dict[str, Any] = never_opened(body)["list_item"]
    item["seenSinceLastContentUpdate"] = [seen(days(-1))]
    assert verdict({"list_item": item, "dialog": body}).next_step == "none"


def test_our_own_opening_as_a_person_is_no_human_eye() -> None:
    body = dialog("NotApplicable", main=link("https://eksempel.no/1"))
    body["seenSinceLastContentUpdate"] = [{**seen(days(-1)), "isCurrentEndUser": True}]
    assert verdict(body).next_step == "read"


def test_an_action_flag_that_is_missing_is_no_permission() -> None:
    action = api("svar")
    del action["isAuthorized"]
    found = verdict(dialog("RequiresAttention", transmissions=[sent("Request", days(-2))], api_actions=[action]))
    assert (found.next_step, found.actor) == ("get_access", "person")


def test_a_masked_address_is_never_a_machines_way() -> None:
    action = api("svar", endpoint(url="urn:dialogporten:unauthorized"))
    found = verdict(dialog("RequiresAttention", transmissions=[sent("Request", days(-2))], api_actions=[action]))
    assert found.actor == "person"


def test_times_are_compared_in_utc_whatever_their_spelling() -> None:
    request = sent("Request", "2026-09-10T10:00:00+02:00")
    answer = sent("Submission", "2026-09-10T08:30:00Z", by="PartyRepresentative")
    assert verdict(dialog("InProgress", transmissions=[request, answer])).next_step == "wait"


def test_the_trace_tells_the_rule_that_decided() -> None:
    found = verdict(dialog("Completed", activities=[did("FormSubmitted", days(-1))]))
    assert found.rule == "completed"
    assert [each.rule for each in found.trace][-2:] == ["completed", "outcome"]


def test_words_say_norwegian_days() -> None:
    found = interpret(
        parse_subject(
            dialog("RequiresAttention", due="2026-03-14T23:30:00Z", transmissions=[sent("Request", days(-300))])
        ),
        datetime(2026, 3, 1, tzinfo=UTC),
    )
    assert "innen 15. mars" in found.because.nb
    assert "by 15 March" in found.because.en


def test_a_form_that_the_owner_may_have_prefilled_is_not_taken_for_ones_own_draft() -> None:
    by_owner = app("NotApplicable", activities=(BY_OWNER,))
    item = never_opened(by_owner)
    del item["list_item"]["latestActivity"]
    found = verdict(item)
    assert (found.next_step, found.needs_attention) == ("fill_in", True)
    saved = verdict(never_opened(app("NotApplicable", activities=(CREATED, SAVED))))
    assert (saved.next_step, saved.needs_attention) == ("fill_in", False)


def outdated(before: Body, now: Body) -> dict[str, Any]:
    """What an archive holds of a dialog that was opened, and has moved on unopened since."""
    return {**never_opened(now), "dialog": {**before, "id": now["id"], "contentUpdatedAt": days(-3)}}


def test_actions_of_an_opening_that_the_content_has_left_behind_prove_nothing() -> None:
    before = dialog("NotApplicable", human=days(-4), updated=days(-5))
    now = dialog("InProgress", updated=days(-1), gui_actions=[gui("Fortsett", action="write")])
    found = interpret(parse_subject(outdated(before, now)), NOW)
    assert (found.next_step, found.actor) == ("review", "person"), "not: it offers nothing, so wait"
    assert "not_opened" in found.reasons and "no_action" not in found.reasons

    asked = dialog("RequiresAttention", updated=days(-1), transmissions=[sent("Request", days(-1))])
    with_write = dialog("RequiresAttention", updated=days(-5), api_actions=[api("svar")])
    found = interpret(parse_subject(outdated(with_write, asked)), NOW)
    assert (found.next_step, found.actor) == ("answer_request", "person"), "the old write action may be gone"
    assert "not_opened" in found.reasons


def test_an_opening_stands_while_only_activities_and_dates_move() -> None:
    before = dialog("RequiresAttention", transmissions=[sent("Request", days(-6))], api_actions=[api("svar")])
    item = never_opened(before)
    item["list_item"] |= {"updatedAt": days(-0.5), "dueAt": days(3)}
    found = interpret(parse_subject({**item, "dialog": before}), NOW)
    assert (found.next_step, found.actor) == ("answer_request", "machine")
    assert "not_opened" not in found.reasons and "due_soon" in found.reasons
