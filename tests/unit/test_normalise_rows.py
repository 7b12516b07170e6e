"""From the bodies of one dialog to its rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from store.batch import DialogRows
from sync.passes.bodies import Bodies, MalformedItem
from sync.passes.normalise import RowContext, checked_item, dialog_rows
from sync.passes.signals import signals

ID = "01a201f6-c6fb-725e-8fe3-4a9f2156a375"
PARTY = "urn:altinn:organization:identifier-no:310999997"
AT = "2026-11-22T06:34:39.7387300Z"
NOW = "2026-11-22T07:00:00.000000Z"
LETTER = "01a201f6-c6ec-7757-b030-9246ea832713"
ANSWER = "01a201f6-c6ec-70e7-92ab-8139f18e417d"
KARI = {"actorType": "PartyRepresentative", "actorName": "Kari Oppdiktet"}
EPHEMERAL = "urn:altinn:person:identifier-ephemeral:9c2dac1064"


def texts(**by_language: str) -> list[dict[str, str]]:
    return [{"value": text, "languageCode": language} for language, text in by_language.items()]


def part(media_type: str = "text/plain", **by_language: str) -> dict[str, Any]:
    return {"value": texts(**by_language), "mediaType": media_type}


def item(**fields: Any) -> bytes:
    base = {
        "id": ID,
        "party": PARTY,
        "createdAt": AT,
        "updatedAt": AT,
        "contentUpdatedAt": AT,
        "systemLabel": "Default",
    }
    return json.dumps(base | fields).encode()


def rows(context: RowContext | None = None, /, **bodies: Any) -> DialogRows:
    found = {kind: body if isinstance(body, bytes) else json.dumps(body).encode() for kind, body in bodies.items()}
    return dialog_rows(ID, Bodies.of({"list": item()} | found), context or RowContext(now=NOW))


def detail(**fields: Any) -> bytes:
    return item(**fields)


@pytest.mark.parametrize(
    ("languages", "shown"),
    [(("nb", "nn", "en"), "Krav"), (("nn", "nb"), "Krav nn"), (("se",), "Claim"), ((), "Claim")],
)
def test_a_text_is_shown_in_the_first_language_wished_for_else_in_the_first_there_is(
    languages: tuple[str, ...], shown: str
) -> None:
    body = item(content={"title": part(en="Claim", nb="Krav", nn="Krav nn")})
    found = rows(RowContext(now=NOW, languages=languages), list=body).dialog
    assert found["title"] == shown
    assert json.loads(str(found["content"])) == {
        "title": {"mediaType": "text/plain", "value": {"en": "Claim", "nb": "Krav", "nn": "Krav nn"}}
    }


def test_an_api_only_dialog_without_content_is_a_row_without_texts() -> None:
    found = rows(list=item(isApiOnly=True)).dialog
    assert (found["is_api_only"], found["title"], found["content"]) == (True, None, None)


def test_what_both_tell_comes_from_the_list_item() -> None:
    bodies = {"list": item(status="Completed"), "detail": detail(status="Draft", revision="r", expiresAt=AT)}
    found = rows(**bodies).dialog
    assert (found["status"], found["revision"], found["expires_at"]) == (
        "Completed",
        "r",
        "2026-11-22T06:34:39.738730Z",
    )


def test_a_newer_detail_tells_the_shared_fields_and_the_list_item_the_rest() -> None:
    bodies = Bodies(item(status="Draft", guiAttachmentCount=2), detail(status="Completed"), detail_is_newer=True)
    found = dialog_rows(ID, bodies, RowContext(now=NOW)).dialog
    assert (found["status"], found["gui_attachment_count"]) == ("Completed", 2)


def test_a_summary_that_the_list_no_longer_has_is_gone_though_an_older_detail_had_it() -> None:
    old = {"title": part(nb="Krav"), "summary": part(nb="Kort"), "additionalInfo": part("text/markdown", nb="Mer")}
    found = rows(list=item(content={"title": part(nb="Krav")}), detail=detail(content=old)).dialog
    assert (found["summary"], found["additional_info"]) == (None, "Mer")
    assert json.loads(str(found["content"])).keys() == {"title", "additionalInfo"}


def test_17_1_seen_records_of_the_detail_are_not_taken() -> None:
    fresh = {"id": "d", "seenAt": "2026-11-22T06:34:39.8974067Z", "isViaServiceOwner": False}
    stands = {"id": "d", "seenAt": "2026-11-22T06:34:39.8974060Z", "isViaServiceOwner": True}
    opened = rows(detail=detail(seenSinceLastUpdate=[fresh], seenSinceLastContentUpdate=[fresh | {"id": "other"}]))
    assert opened.rows["seen"] == []
    (row,) = rows(seenlog=[stands], detail=detail(seenSinceLastUpdate=[fresh])).rows["seen"]
    assert (row["seen_at"], row["is_via_service_owner"]) == ("2026-11-22T06:34:39.897406Z", True)


def test_a_seen_record_told_by_both_lists_and_the_log_is_one_row() -> None:
    record = {"id": "s", "seenAt": AT, "seenBy": KARI | {"actorId": EPHEMERAL}}
    body = item(seenSinceLastUpdate=[record], seenSinceLastContentUpdate=[record])
    (row,) = rows(list=body, seenlog=[record]).rows["seen"]
    assert (row["name"], row["actor_id"]) == ("Kari Oppdiktet", None)


@pytest.mark.parametrize("source", ["latest", "detail", "single read"])
def test_17_17_who_performed_an_activity_comes_from_whichever_body_tells(source: str) -> None:
    bare = {"id": "a", "createdAt": AT, "type": "DialogOpened", "description": []}
    named = bare | {"performedBy": KARI}
    bodies: dict[str, dict[str, Any]] = {
        "latest": {"list": item(latestActivity=named), "activities": [bare]},
        "detail": {"detail": detail(activities=[named]), "activities": [bare]},
        "single read": {"activities": [named]},
    }
    (row,) = rows(**bodies[source]).rows["activity"]
    assert (row["performed_by"], row["performed_by_type"]) == ("Kari Oppdiktet", "PartyRepresentative")


def test_a_latest_activity_that_the_older_list_of_activities_lacks_is_there_too() -> None:
    body = item(latestActivity={"id": "b", "createdAt": AT, "type": "FormSaved"})
    found = rows(list=body, activities=[{"id": "a", "createdAt": AT, "type": "DialogCreated"}])
    assert {row["id"] for row in found.rows["activity"]} == {"a", "b"}


def test_the_latest_activity_alone_takes_back_no_earlier_one() -> None:
    latest = {"id": "b", "createdAt": AT, "type": "FormSaved"}
    assert rows(list=item(latestActivity=latest)).partial == {"activity"}
    assert rows(list=item(latestActivity=latest), activities=[latest]).partial == frozenset()


def test_17_17_whether_a_transmission_is_opened_follows_from_the_activities() -> None:
    letters = [{"id": LETTER, "type": "Request"}, {"id": ANSWER, "type": "Submission"}]
    opened = [{"id": f"by {t}", "type": "TransmissionOpened", "transmissionId": t} for t in (LETTER, ANSWER)]
    found = rows(transmissions=letters, activities=opened)
    assert {r["id"]: r["is_opened"] for r in found.rows["transmission"]} == {LETTER: True, ANSWER: False}
    assert rows(transmissions=letters).rows["transmission"][0]["is_opened"] is False, (
        "the list shows no activity at all"
    )
    unread = rows(list=item(latestActivity={"id": "x", "type": "FormSaved"}), transmissions=letters)
    assert unread.rows["transmission"][0]["is_opened"] is None, "nobody has read the activities yet"


def test_transmissions_come_from_the_detail_until_they_have_been_read_by_themselves() -> None:
    found = rows(detail=detail(transmissions=[{"id": LETTER, "type": "Request"}]))
    assert [row["id"] for row in found.rows["transmission"]] == [LETTER]
    found = rows(detail=detail(transmissions=[{"id": LETTER}]), transmissions=[{"id": ANSWER}])
    assert [row["id"] for row in found.rows["transmission"]] == [ANSWER]


def test_a_table_whose_rows_are_unknown_is_left_alone() -> None:
    assert rows().rows.keys() == {"label", "seen"}
    assert rows(detail=detail()).rows.keys() >= {
        "api_action",
        "api_endpoint",
        "gui_action",
        "attachment",
        "transmission",
    }


def test_attachments_of_the_dialog_and_of_its_transmissions_share_a_table() -> None:
    url = {"id": "u", "url": "https://ttd.example.no/1", "consumerType": "Gui"}
    letters = [{"id": LETTER, "attachments": [{"id": "t", "urls": [url | {"id": "v"}]}]}]
    found = rows(detail=detail(attachments=[{"id": "d", "urls": [url]}]), transmissions=letters).rows
    assert {row["id"]: row["transmission_id"] for row in found["attachment"]} == {"d": None, "t": LETTER}
    assert {row["id"]: row["attachment_id"] for row in found["attachment_url"]} == {"u": "d", "v": "t"}


def test_17_8_labels_beside_the_exclusive_ones_are_rows_too() -> None:
    body = item(endUserContext={"revision": "r", "systemLabels": ["MarkedAsUnopened", "Default", "Sent"]})
    assert [row["label"] for row in rows(list=body).rows["label"]] == ["Default", "MarkedAsUnopened", "Sent"]


def test_17_18_a_migrated_dialog_is_seen_without_a_seen_record() -> None:
    found = rows(list=item(isContentSeen=True, seenSinceLastUpdate=[], seenSinceLastContentUpdate=[]))
    assert (found.dialog["is_content_seen"], found.rows["seen"]) == (True, [])


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"[1]", "expected form"),
        (b'{"id": 7}', "expected form"),
        (b"\xff", "expected form"),
        (item(id="../1"), "id is missing or not a UUID"),
        (item(party=None), "party is missing"),
        (item(party=PARTY.upper()), "party is not a URN"),
        (item(party="urn:altinn:systemuser:uuid:1"), "party is not a URN"),
        (item(party="urn:altinn:person:idporten-email:Kari@example.no"), "party is not a URN"),
        (item(updatedAt=None), "updatedAt is not a time"),
        (item(createdAt="2026-11-22"), "createdAt is not a time"),
        (item(latestActivity={"id": "a", "createdAt": "soon"}), "latestActivity.createdAt is not a time"),
        (item(progress="40"), "progress"),
    ],
)
def test_an_item_that_cannot_be_filed_says_why(broken: bytes, reason: str) -> None:
    with pytest.raises(MalformedItem, match=reason):
        checked_item(broken)


def test_a_malformed_item_keeps_its_name_where_that_can_be_read() -> None:
    with pytest.raises(MalformedItem) as caught:
        checked_item(item(progress="40"))
    assert (caught.value.kind, caught.value.dialog_id, caught.value.party) == ("list", ID, PARTY)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("detail", item(expiresAt="soon")),
        ("detail", item(id=LETTER)),
        ("transmissions", b'[{"type":"Request"}]'),
        ("transmissions", b"[{]"),
        ("activities", b'[{"id":"a","createdAt":"soon"}]'),
        ("seenlog", b'[{"id":"a","seenAt":1}]'),
        ("labellog", b'[{"name":"systemlabel:Bin"}]'),
        ("labellog", b"\xff"),
    ],
)
def test_a_body_that_cannot_be_read_is_named_by_its_kind(kind: str, body: bytes) -> None:
    with pytest.raises(MalformedItem) as caught:
        rows(**{kind: body})
    assert (caught.value.kind, caught.value.dialog_id) == (kind, ID)


def test_the_reason_of_a_malformed_item_never_tells_a_national_id() -> None:
    with pytest.raises(MalformedItem) as caught:
        checked_item(item(party="urn:altinn:person:identifier-no:1308774567"))
    assert "1308774567" not in str(caught.value)


def test_17_7_a_cleared_mark_shows_in_the_labels_though_the_revision_stands() -> None:
    context = {"revision": "r", "systemLabels": ["Default", "MarkedAsUnopened"]}
    marked = signals(checked_item(item(endUserContext=context, isContentSeen=False)))
    cleared = signals(
        checked_item(item(endUserContext={"revision": "r", "systemLabels": ["Default"]}, isContentSeen=True))
    )
    assert marked.context_revision == cleared.context_revision
    assert marked.labels != cleared.labels


def test_the_signals_tell_what_decides_the_next_read() -> None:
    seen = [{"id": "s", "seenAt": AT}]
    found = signals(
        checked_item(
            item(
                fromServiceOwnerTransmissionsCount=2,
                fromPartyTransmissionsCount=1,
                latestActivity={"id": "a", "createdAt": AT},
                seenSinceLastUpdate=seen,
                isContentSeen=True,
            )
        )
    )
    assert (found.counts, found.transmissions_count) == ((2, 1), 3)
    assert found.latest_activity == ("a", "2026-11-22T06:34:39.738730Z")
    assert (found.seen_ids, found.is_content_seen, found.has_content) == (frozenset({"s"}), True, False)
