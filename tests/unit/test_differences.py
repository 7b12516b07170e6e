"""History tells each real change once, by its wire path, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.passes.bodies import Bodies
from sync.passes.differences import differences

ID = "01a201f6-c6fb-725e-8fe3-4a9f2156a375"
AT, LATER = "2026-11-22T06:34:39.7387300Z", "2026-11-23T06:34:39.7387300Z"
KARI = {"actorType": "PartyRepresentative", "actorName": "Kari Oppdiktet"}
Told = list[tuple[str, Any, Any]]


def text(media_type: str = "text/plain", **by_language: str) -> dict[str, Any]:
    value = [{"languageCode": language, "value": value} for language, value in by_language.items()]
    return {"value": value, "mediaType": media_type}


def state(listed: dict[str, Any] | None = None, **kinds: Any) -> Bodies:
    base = {"id": ID, "fromServiceOwnerTransmissionsCount": 0, "fromPartyTransmissionsCount": 0}
    found: dict[str, Any] = {"list": base | (listed or {})}
    if "detail" in kinds:
        kinds["detail"] = base | (listed or {}) | kinds["detail"]
    return Bodies.of({kind: json.dumps(body).encode() for kind, body in (found | kinds).items()})


def told(old: Bodies, new: Bodies) -> Told:
    def read(value: str | None) -> Any:
        return None if value is None else json.loads(value)

    return [(each.what, read(each.before), read(each.after)) for each in differences(old, new)]


def test_a_changed_field_is_told_by_its_path_with_what_it_was_and_is() -> None:
    assert told(state({"status": "Draft"}), state({"status": "Completed"})) == [("status", "Draft", "Completed")]


def test_a_field_that_appears_has_no_before() -> None:
    assert told(state(), state({"dueAt": AT})) == [("dueAt", None, "2026-11-22T06:34:39.738730Z")]


def test_a_changed_text_is_told_with_all_its_languages() -> None:
    old, new = text(nb="Krav", en="Claim"), text(nb="Krav 2", en="Claim")
    assert told(state({"content": {"title": old}}), state({"content": {"title": new}})) == [
        ("content.title", sorted(old["value"], key=str), sorted(new["value"], key=str))
    ]


def test_a_text_that_goes_is_told_once() -> None:
    old = {"title": text(nb="Krav"), "summary": text(nb="Kort")}
    assert told(state({"content": old}), state({"content": {"title": old["title"]}})) == [
        ("content.summary", [{"languageCode": "nb", "value": "Kort"}], None)
    ]


def test_a_changed_media_type_has_a_path_of_its_own() -> None:
    old, new = ({"content": {"additionalInfo": text(kind, nb="x")}} for kind in ("text/plain", "text/markdown"))
    assert told(state(detail=old), state(detail=new)) == [
        ("content.additionalInfo.mediaType", "text/plain", "text/markdown")
    ]


def test_one_change_that_shows_in_two_bodies_is_told_once() -> None:
    old = state({"status": "Draft"}, detail={"revision": "1"})
    new = state({"status": "Completed", "updatedAt": LATER, "contentUpdatedAt": LATER}, detail={"revision": "2"})
    assert told(old, new) == [("status", "Draft", "Completed")]


def test_17_7_a_mark_that_an_opening_cleared_is_a_change_of_the_labels() -> None:
    def labelled(*labels: str) -> Bodies:
        return state({"endUserContext": {"revision": "r", "systemLabels": list(labels)}, "systemLabel": "Default"})

    assert told(labelled("MarkedAsUnopened", "Default"), labelled("Default")) == [
        ("systemLabels", ["Default", "MarkedAsUnopened"], ["Default"])
    ]


def test_17_5_an_archived_dialog_that_a_loud_change_brought_back_is_told_with_the_change() -> None:
    old = state(
        {"progress": 1, "endUserContext": {"revision": "1", "systemLabels": ["Archive"]}, "isContentSeen": True}
    )
    new = state({"progress": 2, "endUserContext": {"revision": "2", "systemLabels": ["Default"]}})
    assert told(old, new) == [("progress", 1, 2), ("systemLabels", ["Archive"], ["Default"])]


def test_what_follows_from_something_else_is_no_history_of_its_own() -> None:
    """17.6: `hasUnopenedContent` can flip by a change that has nothing to do with it."""
    old = {"updatedAt": AT, "contentUpdatedAt": AT, "isContentSeen": False, "hasUnopenedContent": True}
    new = {
        "updatedAt": LATER,
        "contentUpdatedAt": LATER,
        "isContentSeen": True,
        "hasUnopenedContent": False,
        "systemLabel": "Default",
        "endUserContext": {"revision": "2", "systemLabels": ["Default"]},
        "seenSinceLastUpdate": [{"id": "s", "seenAt": LATER, "seenBy": KARI}],
    }
    assert told(state({**old, "systemLabel": "Default"}), state(new)) == []


def test_a_new_transmission_is_one_row() -> None:
    letter = {"id": "t", "type": "Request", "isAuthorized": True, "content": {"title": text(nb="Krav")}}
    old = state({"fromServiceOwnerTransmissionsCount": 0})
    new = state({"fromServiceOwnerTransmissionsCount": 1}, transmissions=[letter])
    bare = {key: value for key, value in letter.items() if key != "isAuthorized"}
    assert told(old, new) == [("transmissions.t", None, bare)]


def test_the_counts_are_told_where_the_transmissions_are_unknown() -> None:
    old, new = ({"fromServiceOwnerTransmissionsCount": count} for count in (1, 2))
    assert told(state(old), state(new)) == [("fromServiceOwnerTransmissionsCount", 1, 2)]
    assert told(state(new), state(new, transmissions=[{"id": "t"}, {"id": "u"}])) == [], "read for the first time"


def test_17_3_a_silently_edited_transmission_is_told_field_by_field() -> None:
    old = {"id": "t", "type": "Request", "createdAt": AT, "content": {"title": text(nb="Krav")}}
    new = {"id": "t", "type": "Information", "createdAt": LATER, "content": {"title": text(nb="Brev")}}
    assert [what for what, _, _ in told(state(transmissions=[old]), state(transmissions=[new]))] == [
        "transmissions.t.type",
        "transmissions.t.createdAt",
        "transmissions.t.content.title",
    ]


def test_a_new_activity_is_one_row_whichever_body_tells_of_it() -> None:
    first = {"id": "a", "createdAt": AT, "type": "DialogCreated"}
    second = {"id": "b", "createdAt": LATER, "type": "FormSaved", "performedBy": KARI}
    old = state({"latestActivity": first}, activities=[first])
    by_list = state({"latestActivity": second}, activities=[first])
    assert told(old, by_list) == [("activities.b", None, second | {"createdAt": "2026-11-23T06:34:39.738730Z"})]
    bare = {key: value for key, value in second.items() if key != "performedBy"}
    assert told(by_list, state({"latestActivity": second}, activities=[first, bare])) == []


def test_the_first_activity_of_a_dialog_is_told_though_its_activities_were_never_read() -> None:
    first = {"id": "a", "type": "FormSaved"}
    new = state({"latestActivity": first}, activities=[first])
    assert [what for what, _, _ in told(state(), new)] == ["activities.a"]


def test_a_latest_activity_is_told_where_the_activities_cannot_be_read() -> None:
    old, new = (state({"latestActivity": {"id": name, "type": "FormSaved"}}) for name in "ab")
    assert [what for what, _, _ in told(old, new)] == ["activities.b"]


def test_learning_who_did_it_is_no_change_and_another_doer_is() -> None:
    bare = {"id": "a", "type": "FormSaved"}
    named, other = bare | {"performedBy": KARI}, bare | {"performedBy": {"actorType": "ServiceOwner"}}
    assert told(state(activities=[bare]), state(activities=[named])) == []
    assert told(state(activities=[named]), state(activities=[other])) == [
        ("activities.a.performedBy", KARI, {"actorType": "ServiceOwner"})
    ]


def test_the_first_opening_makes_no_history_of_what_was_merely_unknown() -> None:
    listed = {"fromServiceOwnerTransmissionsCount": 1, "latestActivity": {"id": "a"}, "guiAttachmentCount": 1}
    detail = {
        "expiresAt": AT,
        "content": {"additionalInfo": text(nb="Mer")},
        "attachments": [{"id": "f"}],
        "apiActions": [{"id": "x", "endpoints": [{"id": "e"}]}],
        "guiActions": [{"id": "g"}],
        "transmissions": [{"id": "t"}],
        "activities": [{"id": "a"}, {"id": "b"}],
    }
    assert told(state(listed), state(listed, detail=detail)) == []


def test_changes_of_actions_name_the_action_and_the_endpoint() -> None:
    def acting(url: str, *, deprecated: bool = False) -> dict[str, Any]:
        return {"apiActions": [{"id": "x", "endpoints": [{"id": "e", "url": url, "deprecated": deprecated}]}]}

    new = acting("https://b.example.no", deprecated=True)
    new["guiActions"] = [{"id": "g", "url": "https://c.example.no", "isAuthorized": False}]
    assert told(state(detail=acting("https://a.example.no")), state(detail=new)) == [
        ("apiActions.x.endpoints.e.url", "https://a.example.no", "https://b.example.no"),
        ("apiActions.x.endpoints.e.deprecated", False, True),
        ("guiActions.g", None, {"id": "g", "url": "https://c.example.no"}),
    ]


@pytest.mark.parametrize("mask", ["urn:dialogporten:unauthorized", "urn:dialogporten:expired"])
def test_rights_and_placeholders_by_themselves_are_no_history(mask: str) -> None:
    def acting(url: str, *, authorized: bool) -> dict[str, Any]:
        links = [{"title": text(nb="Se")["value"], "url": url}]
        return {
            "apiActions": [{"id": "x", "isAuthorized": authorized, "endpoints": [{"id": "e", "url": url}]}],
            "content": {"mainContentReference": text(nb=url) | {"isAuthorized": authorized}},
            "transmissions": [{"id": "t", "isAuthorized": authorized, "navigationalActions": links}],
        }

    full, masked = acting("https://a.example.no", authorized=True), acting(mask, authorized=False)
    assert told(state(detail=full), state(detail=masked)) == []
    assert told(state(detail=masked), state(detail=full)) == []


def test_a_change_beside_a_placeholder_is_told() -> None:
    def linked(title: str, url: str) -> Bodies:
        return state(transmissions=[{"id": "t", "navigationalActions": [{"title": title, "url": url}]}])

    ((what, before, after),) = told(
        linked("Se", "https://a.example.no"), linked("Les", "urn:dialogporten:unauthorized")
    )
    assert what == "transmissions.t.navigationalActions"
    assert (before[0]["title"], after[0]["title"]) == ("Se", "Les")
    assert before[0]["url"] == after[0]["url"] == "https://a.example.no"


def test_things_that_go_are_told_with_what_they_were() -> None:
    old = {"attachments": [{"id": "f", "name": "brev.pdf", "urls": [{"id": "u"}, {"id": "v"}]}]}
    new = {"attachments": [{"id": "f", "name": "brev.pdf", "urls": [{"id": "u"}]}]}
    assert told(state(detail=old), state(detail=new)) == [("attachments.f.urls.v", {"id": "v"}, None)]
    assert told(state(detail=new), state(detail={})) == [("attachments.f", new["attachments"][0], None)]


def test_the_attachment_count_is_told_only_where_no_attachment_can_be() -> None:
    old, new = {"guiAttachmentCount": 0}, {"guiAttachmentCount": 1}
    assert told(state(old), state(new)) == [("guiAttachmentCount", 0, 1)]
    opened = told(state(old, detail={}), state(new, detail={"attachments": [{"id": "f"}]}))
    assert [what for what, _, _ in opened] == ["attachments.f"]
