"""Searching: what the recordings leave open of filters, keys and free text."""

from __future__ import annotations

import pytest

from sync.sandbox.order import DEFAULT_ORDER, read_order, read_token
from tests.unit.sandbox_inbox import BAKERY, FOREIGN, PERSON, SERVICE, Inbox, letter, text

SEVEN = "019b7a00-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("asked", "echo"),
    [
        (None, "contentupdatedat_desc,id_desc"),
        ("updatedAt", "updatedat_desc,id_desc"),
        ("UPDATEDAT_ASC", "updatedat_asc,id_desc"),
        ("id_asc,updatedAt_asc", "updatedat_asc,id_asc"),
        ("id", "contentupdatedat_desc,id_desc"),
        ("dueAt_asc,createdAt,id_asc", "dueat_asc,createdat_desc,id_asc"),
        ("updatedAt_asc,ID_asc", "updatedat_asc,id_asc,id_desc"),
    ],
)
def test_an_order_is_echoed_complete(asked: str | None, echo: str) -> None:
    order = read_order(asked)
    assert order is not None
    assert order.echo() == echo


@pytest.mark.parametrize(
    "asked", ["", "nonsense", "updatedAt_up", "updatedAt,updatedAt_asc", "updatedAt,,id", "status"]
)
def test_an_order_that_the_server_refuses(asked: str) -> None:
    assert read_order(asked) is None


@pytest.mark.parametrize(
    "token", ["abc", "updatedat", "updatedat_yesterday", "id_x", f"id_{SEVEN},id_{SEVEN}", "status_x", ""]
)
def test_a_token_that_cannot_be_read(token: str) -> None:
    assert read_token(token) is None


def test_a_token_may_carry_more_than_the_order_needs_and_a_due_date_that_is_null() -> None:
    token = read_token(f"contentupdatedat_2026-01-02T03:04:05.1234567+01:00,dueat_,id_{SEVEN}")
    assert token == {"contentupdatedat": "2026-01-02T02:04:05.1234560Z", "dueat": None, "id": SEVEN}
    assert DEFAULT_ORDER.missing(token) == []


def _three(inbox: Inbox) -> list[str]:
    return [
        inbox.create(createdAt=f"2026-01-0{day}T00:00:00Z", updatedAt=f"2026-01-0{day}T00:00:00Z") for day in (1, 2, 3)
    ]


def test_bounds_include_what_stands_on_them() -> None:
    inbox = Inbox()
    _, second, _ = _three(inbox)
    assert inbox.ids(updatedAfter="2026-01-02T00:00:00Z", updatedBefore="2026-01-02T00:00:00Z") == [second]
    assert inbox.ids(createdAfter="2026-01-02T01:00:00+01:00", createdBefore="2026-01-02T00:00:00Z") == [second]


def test_equal_timestamps_on_a_page_border_lose_and_repeat_nothing() -> None:
    inbox = Inbox()
    ids = sorted(inbox.create(createdAt="2026-01-01T00:00:00Z", updatedAt="2026-01-01T00:00:00Z") for _ in range(5))
    met: list[str] = []
    more: dict[str, str] = {}
    while True:
        page = inbox.search(limit=2, orderBy="updatedAt_asc,id_asc", **more)["body"]
        met += [item["id"] for item in page["items"]]
        if not page["hasNextPage"]:
            break
        more = {"continuationToken": page["continuationToken"]}
    assert met == ids


def test_due_bounds_leave_out_what_has_no_due_date() -> None:
    inbox = Inbox()
    inbox.create()
    due = inbox.create(dueAt="2026-05-01T00:00:00Z")
    assert inbox.ids(dueBefore="2030-01-01T00:00:00Z") == [due]


def test_labels_are_all_needed_while_statuses_are_alternatives() -> None:
    inbox = Inbox()
    draft, done = inbox.create(status="Draft"), inbox.create(status="Completed")
    path = f"/api/v1/enduser/dialogs/{draft}/context/systemlabels"
    inbox.send("PUT", path, {"addLabels": ["Archive", "MarkedAsUnopened"]}, caller=PERSON)
    assert inbox.ids(systemLabel=["archive", "MarkedAsUnopened"]) == [draft]
    assert inbox.ids(systemLabel=["Archive", "Bin"]) == []
    assert sorted(inbox.ids(status=["Draft", "completed"])) == sorted([draft, done])


def test_content_seen_flips_with_opening_and_marking() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    states = [inbox.ids(isContentSeen="true")]
    inbox.dialog(dialog, caller=PERSON)
    states.append(inbox.ids(isContentSeen="true"))
    inbox.send(
        "PUT",
        f"/api/v1/enduser/dialogs/{dialog}/context/systemlabels",
        {"addLabels": ["MarkedAsUnopened"]},
        caller=PERSON,
    )
    states.append(inbox.ids(isContentSeen="true"))
    inbox.dialog(dialog, caller=PERSON)
    states.append(inbox.ids(isContentSeen="true"))
    assert states == [[], [dialog], [], [dialog]]


def test_api_only_dialogs_can_be_left_out() -> None:
    inbox = Inbox()
    shown = inbox.create()
    inbox.create(isApiOnly=True)
    assert inbox.ids(excludeApiOnly="true") == [shown]


def test_free_text_finds_any_of_the_words_in_texts_and_letters() -> None:
    inbox = Inbox()
    first = inbox.create(content={"title": text("Skattemelding for 2025")})
    second = inbox.create(transmissions=[letter(content={"title": text("Pålegg")})])
    inbox.create()
    assert inbox.ids(search="skattemelding") == [first]
    assert sorted(inbox.ids(search="skattemelding pålegg")) == sorted([first, second])


@pytest.mark.parametrize("language", ["nb", "en-US", "en_GB"])
def test_a_real_search_language_is_taken(language: str) -> None:
    assert Inbox().search(search="abc", searchLanguageCode=language)["status"] == 200


@pytest.mark.parametrize("language", ["no", "xx", "norsk"])
def test_an_unreal_one_is_refused(language: str) -> None:
    answer = Inbox().search(search="abc", searchLanguageCode=language)
    assert list(answer["body"]["errors"]) == ["searchLanguageCode"]


def test_names_of_parameters_are_read_in_any_case_and_a_single_value_may_be_a_list() -> None:
    inbox = Inbox()
    dialog = inbox.create(status="Draft", extendedStatus="a")
    assert inbox.ids(STATUS="Draft,Completed") == [dialog]
    assert inbox.ids(status='["Draft"]') == [dialog]
    # A comma inside a single value is taken for a separator, a trap of the genuine server.
    assert inbox.ids(extendedStatus="a,b") == [dialog]
    assert inbox.ids(extendedStatus=["a,b", "c"]) == []


def test_every_binding_failure_is_told_under_the_name_as_sent() -> None:
    errors = Inbox().search(Limit="x", updatedAfter="soon", isContentSeen="maybe", systemLabel="Attic")["body"][
        "errors"
    ]
    assert errors == {
        "Limit": ["Value [x] is not valid for a [Int32] property!"],
        "updatedAfter": ["Value [soon] is not valid for a [DateTimeOffset] property!"],
        "isContentSeen": ["Value [maybe] is not valid for a [Boolean] property!"],
        "systemLabel": ["Value [Attic] is not valid for a [List`1] property!"],
    }


@pytest.mark.parametrize(
    ("parameters", "key"),
    [
        ({"serviceResource": ["urn:altinn:resource:x"] * 21}, "serviceResource.Count"),
        ({"org": ["ttd"] * 21}, "org.Count"),
        ({"extendedStatus": ["x"] * 21}, "extendedStatus.Count"),
        ({"serviceResource": "ttd-x"}, "serviceResource[0]"),
        ({"party": [BAKERY, "urn:altinn:systemuser:uuid:3f0e1c0a-1111-4222-8333-0123456789ab"]}, "party[1]"),
        ({"dueAfter": "2026-02-01T00:00:00Z", "dueBefore": "2026-01-01T00:00:00Z"}, "dueAfter"),
        ({"process": "not a uri"}, "process"),
    ],
)
def test_each_broken_rule_has_its_key(parameters: dict[str, object], key: str) -> None:
    answer = Inbox().search(**parameters)
    assert answer["status"] == 400
    assert list(answer["body"]["errors"]) == [key]


def test_the_value_of_a_party_may_be_in_any_case() -> None:
    inbox = Inbox()
    party = "urn:altinn:person:idporten-email:kari@example.no"
    inbox.grant(parties=[party])
    dialog = inbox.create(party="urn:altinn:person:idporten-email:Kari@Example.no")
    assert inbox.ids(party="urn:altinn:person:idporten-email:KARI@example.no") == [dialog]


def test_a_search_by_service_alone_stays_within_the_callers_parties() -> None:
    inbox = Inbox()
    own = inbox.create()
    inbox.create(party=FOREIGN)
    assert [item["id"] for item in inbox.get(f"/dialogs?serviceResource={SERVICE}")["body"]["items"]] == [own]


def test_a_dialog_changed_during_an_ascending_walk_is_met_again_at_its_end() -> None:
    inbox = Inbox()
    ids = _three(inbox)
    first = inbox.search(limit=2, orderBy="updatedAt_asc,id_asc")["body"]
    inbox.owner("PATCH", ids[0], body=[{"op": "replace", "path": "/progress", "value": 5}])
    rest = inbox.ids(limit=2, orderBy="updatedAt_asc,id_asc", continuationToken=first["continuationToken"])
    assert rest == [ids[2], ids[0]]
