"""Reading again never loses what was known: URLs behind placeholders, names of performers, fuller texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.passes.bodies import Bodies, MalformedItem
from sync.passes.normalise import RowContext
from sync.passes.remember import fold, remember, scrubbed

ID = "01a201f6-c6fb-725e-8fe3-4a9f2156a375"
AT = "2026-11-22T06:34:39.7387300Z"
BASE = {"id": ID, "party": "urn:altinn:organization:identifier-no:310999997", "updatedAt": AT}
CONTEXT = RowContext(now="2026-11-22T07:00:00.000000Z")
UNAUTHORIZED, EXPIRED = "urn:dialogporten:unauthorized", "urn:dialogporten:expired"
TOKEN = "eyJ.secret"


def bodies(**kinds: Any) -> Bodies:
    found = {"list": BASE} | {k: (BASE | v if isinstance(v, dict) else v) for k, v in kinds.items()}
    return Bodies.of({kind: json.dumps(body).encode() for kind, body in found.items()})


def opened(url: str, *, authorized: bool = True, endpoint: str = "e") -> dict[str, Any]:
    reference = {
        "value": [{"value": url, "languageCode": "nb"}],
        "mediaType": "text/markdown",
        "isAuthorized": authorized,
    }
    return {
        "apiActions": [{"id": "a", "isAuthorized": authorized, "endpoints": [{"id": endpoint, "url": url}]}],
        "guiActions": [{"id": "g", "isAuthorized": authorized, "url": url}],
        "attachments": [{"id": "f", "urls": [{"id": "u", "url": url}]}],
        "content": {"mainContentReference": reference},
        "transmissions": [letter(url, authorized=authorized)],
    }


def letter(url: str, *, authorized: bool = True) -> dict[str, Any]:
    return {
        "id": "t",
        "isAuthorized": authorized,
        "attachments": [{"id": "v", "urls": [{"id": "w", "url": url}]}],
        "navigationalActions": [{"title": [{"value": "Se", "languageCode": "nb"}], "url": url}],
        "content": {
            "contentReference": {"value": [{"value": url, "languageCode": "nb"}], "mediaType": "text/markdown"}
        },
    }


@pytest.mark.parametrize("mask", [UNAUTHORIZED, EXPIRED])
def test_a_placeholder_never_takes_the_place_of_a_url_that_was_known(mask: str) -> None:
    real = "https://ttd.example.no/1"
    known = bodies(detail=opened(real), transmissions=[letter(real)])
    again = bodies(detail=opened(mask, authorized=False), transmissions=[letter(mask, authorized=False)])
    found = fold(ID, known, again, CONTEXT)
    for table in ("api_endpoint", "gui_action", "attachment_url", "navigational_action"):
        assert {row["url"] for row in found.rows[table]} == {real}, table
    assert found.dialog["main_content_url"] == real
    assert found.rows["transmission"][0]["content_reference_url"] == real
    assert found.rows["api_action"][0]["is_authorized"] is False, "the row follows our rights all the same"
    assert found.changes == [], "rights and placeholders are no history"


def test_a_url_stays_known_however_often_the_placeholder_comes() -> None:
    held = bodies(detail=opened("https://ttd.example.no/1"))
    for _ in range(3):
        held = remember(held, bodies(detail=opened(UNAUTHORIZED, authorized=False)))
    assert UNAUTHORIZED.encode() not in (held.detail or b"")


def test_a_placeholder_stands_where_no_url_was_ever_known() -> None:
    held = bodies(detail=opened("https://ttd.example.no/1"))
    found = fold(ID, held, bodies(detail=opened(EXPIRED, endpoint="new")), CONTEXT)
    assert found.rows["api_endpoint"][0]["url"] == EXPIRED


def test_a_real_change_of_a_url_is_taken_and_told() -> None:
    held, new = bodies(detail=opened("https://a.example.no/1")), bodies(detail=opened("https://b.example.no/1"))
    found = fold(ID, held, new, CONTEXT)
    assert found.rows["gui_action"][0]["url"] == "https://b.example.no/1"
    assert "guiActions.g.url" in {change["what"] for change in found.changes}


def test_what_the_transmissions_told_stands_in_for_a_masked_detail() -> None:
    held = bodies(transmissions=[letter("https://ttd.example.no/1")])
    detail = remember(held, bodies(detail=opened(UNAUTHORIZED), transmissions=[letter(EXPIRED)])).detail
    (found,) = json.loads(detail or b"")["transmissions"]
    assert found["attachments"][0]["urls"][0]["url"] == "https://ttd.example.no/1"


def test_17_17_a_performer_once_known_stays_known() -> None:
    bare = {"id": "a", "createdAt": AT, "type": "FormSaved"}
    other = {"id": "b", "createdAt": AT, "type": "FormSaved"}
    named = bare | {"performedBy": {"actorType": "PartyRepresentative", "actorName": "Kari Oppdiktet"}}
    first = remember(bodies(list={"latestActivity": named}), bodies(list={"latestActivity": named}, activities=[bare]))
    latest = {"latestActivity": other}
    second = remember(first, Bodies.of(bodies(list=latest, activities=[bare, other]).by_kind()))
    third = fold(ID, second, bodies(list=latest, activities=[other, bare]), CONTEXT)
    assert {row["id"]: row["performed_by"] for row in third.rows["activity"]} == {"a": "Kari Oppdiktet", "b": None}
    assert third.payloads == {}


def test_a_newer_detail_brings_its_transmissions_along() -> None:
    """A silent transmission that the opening shows is not hidden by the older list of transmissions."""
    held = bodies(detail={"transmissions": [{"id": "t"}]}, transmissions=[{"id": "t"}])
    reopened = bodies(
        detail={"transmissions": [{"id": "t"}, {"id": "u", "isOpened": True}]}, transmissions=[{"id": "t"}]
    )
    found = fold(ID, held, reopened, CONTEXT)
    assert [row["id"] for row in found.rows["transmission"]] == ["t", "u"]
    assert found.payloads.keys() == {"detail", "transmissions"}
    assert [change["what"] for change in found.changes] == ["transmissions.u"]


def test_a_text_read_at_a_lower_level_does_not_overwrite_a_fuller_one() -> None:
    def listed(title: str) -> dict[str, Any]:
        return {"content": {"title": {"value": [{"value": title, "languageCode": "nb"}], "mediaType": "text/plain"}}}

    held, low = bodies(list=listed("Vedtak om barnetrygd")), bodies(list=listed("Nytt brev") | {"status": "Completed"})
    kept = fold(ID, held, low, CONTEXT, keep_texts=True)
    assert (kept.dialog["title"], kept.dialog["status"]) == ("Vedtak om barnetrygd", "Completed")
    assert [change["what"] for change in kept.changes] == ["status"]
    assert fold(ID, held, low, CONTEXT).dialog["title"] == "Nytt brev"


def test_no_token_is_ever_handed_over_for_storing() -> None:
    body = {"dialogToken": TOKEN, "content": {"mainContentReference": {"contextToken": TOKEN}}}
    found = fold(ID, None, bodies(detail=body), CONTEXT)
    assert TOKEN.encode() not in b"".join(found.payloads.values())
    assert TOKEN not in repr(found)
    assert TOKEN not in repr(bodies(detail=body))
    assert scrubbed(bodies(detail={})) == bodies(detail={})


def test_a_new_dialog_brings_all_its_bodies_and_no_history() -> None:
    found = fold(ID, None, bodies(transmissions=[]), CONTEXT)
    assert (found.is_new, set(found.payloads), found.changes) == (True, {"list", "transmissions"}, [])


def test_only_bodies_that_differ_are_written_with_the_versions_that_all_was_made_from() -> None:
    held = bodies(list={"status": "Draft"}, transmissions=[], activities=[])
    new = bodies(list={"status": "Completed"}, transmissions=[{"id": "t"}], activities=[])
    found = fold(ID, held, new, CONTEXT, versions={"list": 3, "transmissions": 1, "activities": 1})
    assert found.payloads.keys() == {"list", "transmissions"}
    assert found.payload_versions == {"list": 3, "transmissions": 1, "activities": 1}
    assert found.changes[0] == {
        "dialog_id": ID,
        "seen_at": CONTEXT.now,
        "what": "status",
        "before": '"Draft"',
        "after": '"Completed"',
    }


@pytest.mark.parametrize(
    ("kind", "body"), [("detail", b'{"dialogToken":'), ("activities", b"{]"), ("activities", b"[1]")]
)
def test_a_malformed_body_is_named_by_its_kind(kind: str, body: bytes) -> None:
    with pytest.raises(MalformedItem) as caught:
        fold(ID, bodies(activities=[]), Bodies.of(bodies().by_kind() | {kind: body}), CONTEXT)
    assert caught.value.kind == kind
