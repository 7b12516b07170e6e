"""Openings, labels and the service owner's writes where the recordings are silent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sync.sandbox.children import normalised_url
from sync.sandbox.steps import named_caller
from sync.sandbox.truth import truth_for
from tests.unit.sandbox_inbox import BAKERY, FOREIGN, PERSON, START, SYSTEM_USER, Inbox, letter, text

BULK = "/api/v1/enduser/dialogs/context/systemlabels/actions/bulkset"


def _put(inbox: Inbox, dialog: str, body: Any, caller: str = PERSON, **headers: str) -> dict[str, Any]:
    path = f"/api/v1/enduser/dialogs/{dialog}/context/systemlabels"
    return inbox.send("PUT", path, body, headers, caller)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://so.example", "https://so.example/"),
        ("HTTPS://SO.Example:443/Sti?q=a b", "https://so.example/Sti?q=a%20b"),
        ("https://so.example:8443/x#y", "https://so.example:8443/x#y"),
        ("https://so.example/å", "https://so.example/%C3%A5"),
        ("urn:ttd:x", "urn:ttd:x"),
    ],
)
def test_urls_come_back_as_dotnet_writes_them(given: str, stored: str) -> None:
    assert normalised_url(given) == stored


def test_two_readers_make_two_records_and_each_sees_which_is_its_own() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    inbox.dialog(dialog)
    inbox.world.clock.freeze(START + timedelta(seconds=1))
    inbox.dialog(dialog, caller=PERSON)
    log = inbox.dialog(dialog, "/seenlog")["body"]
    assert [(one["seenBy"]["actorName"], one["isCurrentEndUser"]) for one in log] == [
        ("Systembruker", True),
        ("Kari Nordmann", False),
    ]
    assert log[0]["seenBy"]["actorId"] == f"urn:altinn:systemuser:uuid:{SYSTEM_USER}"
    assert log[1]["seenBy"]["actorId"].startswith("urn:altinn:person:identifier-ephemeral:")


def test_opening_twice_leaves_one_record_and_a_loud_change_makes_room_for_the_next() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    for minute in range(3):
        inbox.world.clock.freeze(START + timedelta(minutes=minute))
        inbox.dialog(dialog)
    assert len(inbox.dialog(dialog, "/seenlog")["body"]) == 1
    inbox.owner("PATCH", dialog, body=[{"op": "replace", "path": "/progress", "value": 1}])
    assert inbox.items()[0]["seenSinceLastUpdate"] == []
    inbox.world.clock.freeze(START + timedelta(minutes=9))
    inbox.dialog(dialog)
    assert len(inbox.dialog(dialog, "/seenlog")["body"]) == 2
    (item,) = inbox.items()
    assert len(item["seenSinceLastUpdate"]) == len(item["seenSinceLastContentUpdate"]) == 1


def test_an_opening_at_the_very_instant_of_a_change_counts_for_the_changed_content_too() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    inbox.dialog(dialog)
    inbox.owner("PATCH", dialog, body=[{"op": "replace", "path": "/status", "value": "Completed"}])
    assert inbox.items()[0]["isContentSeen"] is False
    inbox.dialog(dialog)
    assert inbox.items()[0]["isContentSeen"] is True


def test_an_opening_clears_the_mark_for_everybody() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    inbox.dialog(dialog, caller=PERSON)
    revision = _put(inbox, dialog, {"addLabels": ["MarkedAsUnopened"]})["headers"]["ETag"]
    inbox.dialog(dialog)
    (item,) = inbox.items()
    assert item["endUserContext"] == {"revision": revision, "systemLabels": ["Default"]}
    log = inbox.dialog(dialog, "/context/labellog")["body"]
    assert [(one["action"], one["performedBy"]["actorName"]) for one in log] == [
        ("set", "Kari Nordmann"),
        ("remove", "Systembruker"),
    ]


def test_a_correspondence_is_unopened_until_its_own_activity_says_so() -> None:
    inbox = Inbox()
    inbox.model["services"] = {"urn:altinn:resource:brev": {"org": "ttd", "type": "correspondenceservice"}}
    inbox.grant()
    dialog = inbox.create(serviceResource="urn:altinn:resource:brev")
    inbox.dialog(dialog)
    assert inbox.items()[0]["hasUnopenedContent"] is True
    done = {"type": "CorrespondenceOpened", "performedBy": {"actorType": "ServiceOwner"}}
    inbox.owner("POST", dialog, "/activities", done)
    assert inbox.items()[0]["hasUnopenedContent"] is False
    assert inbox.items()[0]["serviceResourceType"] == "correspondenceservice"


def test_a_silent_change_while_hidden_still_resets_what_was_seen() -> None:
    inbox = Inbox()
    dialog = inbox.create(serviceResource="urn:altinn:resource:app_ttd_a2-1234", visibleFrom="2026-03-01T09:00:00Z")
    patch = [{"op": "replace", "path": "/status", "value": "Completed"}]
    inbox.owner("PATCH", dialog, "?isSilentUpdate=true", patch)
    inbox.world.clock.freeze(START + timedelta(hours=2))
    assert inbox.items()[0]["isContentSeen"] is False


def test_put_replaces_children_by_id_and_nothing_changed_moves_nothing() -> None:
    inbox = Inbox()
    link = {"url": "https://so.example/a", "consumerType": "Gui"}
    dialog = inbox.create(attachments=[{"displayName": text("A")["value"], "urls": [link]}])
    before = inbox.dialog(dialog)["body"]
    form = {"content": {"title": text("Tittel"), "summary": text("Ingress")}, "attachments": before["attachments"]}
    inbox.world.clock.freeze(START + timedelta(hours=1))
    assert inbox.owner("PUT", dialog, body=form)["headers"]["ETag"] == before["revision"]
    inbox.owner("PUT", dialog, body={**form, "attachments": []})
    after = inbox.dialog(dialog)["body"]
    assert (after["attachments"], after["updatedAt"]) == ([], "2026-03-01T09:00:00.0000000Z")


def test_a_frozen_dialog_refuses_its_owner_but_not_its_readers() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    inbox.owner("POST", dialog, "/actions/freeze")
    path = f"/api/v1/serviceowner/dialogs/{dialog}"
    assert inbox.send("DELETE", path)["status"] == 403
    assert inbox.dialog(dialog)["status"] == 200
    assert inbox.send("POST", f"{path}/actions/purge")["status"] == 204
    assert inbox.dialog(dialog)["status"] == 404


@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"party": "urn:altinn:organization:identifier-no:310000001"}, "party"),
        ({"serviceResource": "ttd-x"}, "serviceResource"),
        ({"content": None}, "content.title"),
        ({"updatedAt": "2026-01-01T00:00:00Z"}, "updatedAt"),
        ({"dueAt": "2026-01-01T00:00:00"}, "dueAt"),
        ({"progress": 101}, "progress"),
        ({"activities": [{"type": "Information"}]}, "activities[0].description"),
        ({"activities": [{"type": "TransmissionOpened"}]}, "activities[0].transmissionId"),
        ({"transmissions": [letter(type="Rumour")]}, "transmissions[0].type"),
        ({"content": {"title": {"value": [{"value": "x", "languageCode": "no"}]}}}, "content.title.value"),
    ],
)
def test_a_create_body_that_is_refused(body: dict[str, Any], key: str) -> None:
    inbox = Inbox()
    whole = {"serviceResource": "urn:altinn:resource:x", "party": BAKERY, "content": {"title": text("T")}, **body}
    answer = inbox.send("POST", "/api/v1/serviceowner/dialogs", whole)
    assert (answer["status"], list(answer["body"]["errors"])) == (400, [key])
    assert inbox.world.dialogs == {}


@pytest.mark.parametrize("attachments", [[{"urls": [{}]}], ["text"], 7])
@pytest.mark.parametrize("in_letter", [False, True])
def test_a_create_body_of_an_unforeseen_shape_is_refused_and_leaves_nothing(attachments: Any, in_letter: bool) -> None:
    inbox = Inbox()
    whole = {"serviceResource": "urn:altinn:resource:x", "party": BAKERY, "content": {"title": text("T")}}
    more = {"transmissions": [letter(attachments=attachments)]} if in_letter else {"attachments": attachments}
    answer = inbox.send("POST", "/api/v1/serviceowner/dialogs", {**whole, **more})
    assert (answer["status"], list(answer["body"]["errors"])) == (400, ["serializerErrors"])
    assert inbox.world.dialogs == {}


def test_bulkset_is_all_or_nothing_and_names_what_it_cannot_find() -> None:
    inbox = Inbox()
    own, foreign = inbox.create(), inbox.create(party=FOREIGN)
    body = {"dialogs": [{"dialogId": own}, {"dialogId": foreign}], "addLabels": ["Bin"]}
    answer = inbox.send("POST", BULK, body, caller=PERSON)
    assert answer["status"] == 404
    assert foreign in answer["body"]["errors"]["DialogEntity"][0]
    assert own not in answer["body"]["errors"]["DialogEntity"][0]
    assert inbox.items()[0]["systemLabel"] == "Default"


def test_bulkset_wants_every_revision_to_fit_and_gives_no_etag() -> None:
    inbox = Inbox()
    dialogs = [inbox.create() for _ in range(2)]
    revisions = {item["id"]: item["endUserContext"]["revision"] for item in inbox.items()}
    stale = [
        {"dialogId": dialogs[0], "endUserContextRevision": revisions[dialogs[0]]},
        {"dialogId": dialogs[1], "endUserContextRevision": revisions[dialogs[0]]},
    ]
    assert inbox.send("POST", BULK, {"dialogs": stale, "addLabels": ["Bin"]}, caller=PERSON)["status"] == 412
    assert {item["systemLabel"] for item in inbox.items()} == {"Default"}
    fitting = [{"dialogId": one, "endUserContextRevision": revisions[one]} for one in dialogs]
    answer = inbox.send("POST", BULK, {"dialogs": fitting, "addLabels": ["Bin"]}, caller=PERSON)
    assert (answer["status"], answer["headers"]) == (204, {})
    assert {item["systemLabel"] for item in inbox.items()} == {"Bin"}


@pytest.mark.parametrize("count", [0, 101])
def test_bulkset_takes_between_one_and_a_hundred(count: int) -> None:
    dialogs = [{"dialogId": f"019b7a00-0000-7000-8000-{at:012d}"} for at in range(count)]
    answer = Inbox().send("POST", BULK, {"dialogs": dialogs, "addLabels": ["Bin"]}, caller=PERSON)
    assert answer["status"] == 400


def test_labels_can_be_set_on_a_hidden_dialog_and_one_above_the_callers_level_but_not_without_rights() -> None:
    inbox = Inbox()
    secret = inbox.create(serviceResource="urn:altinn:resource:ttd-hemmelig", visibleFrom="2026-04-01T00:00:00Z")
    foreign = inbox.create(party=FOREIGN)
    assert _put(inbox, secret, {"addLabels": ["Archive"]}, SYSTEM_USER)["status"] == 204
    refused = _put(inbox, foreign, {"addLabels": ["Archive"]}, SYSTEM_USER)
    assert refused["status"] == 403
    assert foreign in refused["body"]["errors"]["Forbidden"][0]


def test_a_label_change_moves_nothing_but_the_label_context() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    before = inbox.items()[0]
    inbox.world.clock.freeze(START + timedelta(hours=1))
    _put(inbox, dialog, {"systemLabels": ["Archive"], "removeLabels": ["Bin"]})
    after = inbox.items()[0]
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {"systemLabel", "endUserContext"}


def test_a_bad_accept_language_is_refused_and_a_good_one_prunes_field_by_field() -> None:
    inbox = Inbox()
    both = {"value": [{"value": "Hei", "languageCode": "nb"}, {"value": "Hi", "languageCode": "en"}]}
    dialog = inbox.create(content={"title": both, "summary": text("Bare bokmål")})
    refused = inbox.get(f"/dialogs/{dialog}", **{"Accept-Language": "nb; q=0.8"})
    assert (refused["status"], list(refused["body"]["errors"])) == (400, ["Accept-Language"])
    content = inbox.get(f"/dialogs/{dialog}", **{"Accept-Language": "da;q=0.2,en;q=0.8"})["body"]["content"]
    assert [content[part]["value"][0]["value"] for part in ("title", "summary")] == ["Hi", "Bare bokmål"]
    danish = inbox.get(f"/dialogs/{dialog}", **{"Accept-Language": "da"})["body"]["content"]
    assert danish["title"]["value"][0]["value"] == "Hei"


def test_a_refused_accept_header_is_a_406_only_where_it_is_looked_at() -> None:
    inbox = Inbox()
    html = {"Accept": "text/html"}
    assert inbox.get("/parties", **html)["status"] == 406
    assert inbox.get(f"/dialogs?party={BAKERY}", **html)["status"] == 200


def test_the_truth_is_told_of_every_state_and_leaves_no_trace() -> None:
    inbox = Inbox()
    present = inbox.create(transmissions=[letter()])
    deleted, purged = inbox.create(), inbox.create()
    hidden = inbox.create(visibleFrom="2026-04-01T00:00:00Z")
    expired = inbox.create(expiresAt="2026-02-01T00:00:00Z")
    secret = inbox.create(serviceResource="urn:altinn:resource:ttd-hemmelig")
    inbox.create(party=FOREIGN)
    inbox.owner("DELETE", deleted)
    inbox.owner("POST", purged, "/actions/purge")
    before = inbox.world.version
    truth = truth_for(inbox.world, named_caller(inbox.world, SYSTEM_USER))
    told = {one["id"]: one for one in truth["dialogs"]}
    assert {one: told[one]["state"] for one in told} == {
        present: "present",
        deleted: "deleted",
        purged: "purged",
        hidden: "hidden",
        expired: "expired",
        secret: "present",
    }
    assert told[secret]["refused"] == {"detail": 403, "children": 403}
    assert told[present]["detail"]["isContentSeen"] is False
    assert told[present]["transmissions"] == inbox.dialog(present, "/transmissions")["body"]
    assert inbox.world.version == before
    assert all(dialog.seen == [] for dialog in inbox.world.dialogs.values())
