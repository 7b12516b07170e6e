"""What the recordings cannot show: rights, levels, masks, delegation. The genuine server was recorded without any."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.sandbox_inbox import (
    BAKERY,
    FOREIGN,
    PERSON,
    SECRET_SERVICE,
    SERVICE,
    SYSTEM_USER,
    Inbox,
    letter,
    text,
)

CHILDREN = ("/transmissions", "/activities", "/seenlog", "/context/labellog")
EMBED = "application/vnd.dialogporten.frontchannelembed-url;type=text/markdown"
UNAUTHORIZED = "urn:dialogporten:unauthorized"


def test_a_party_without_rights_is_an_empty_page_not_a_refusal() -> None:
    inbox = Inbox()
    inbox.create(party=FOREIGN)
    assert inbox.items(party=FOREIGN) == []


def test_without_access_the_detail_says_403_and_the_children_404() -> None:
    inbox = Inbox()
    foreign = inbox.create(party=FOREIGN)
    detail = inbox.dialog(foreign)
    assert (detail["status"], detail["body"]["errors"]) == (403, {"Forbidden": ["Forbidden"]})
    assert {inbox.dialog(foreign, child)["status"] for child in CHILDREN} == {404}
    assert inbox.get(f"/dialoglookup?instanceRef=urn:altinn:dialog-id:{foreign}")["status"] == 403
    assert inbox.world.dialogs[foreign].seen == []


def test_without_access_a_deleted_dialog_is_still_a_403() -> None:
    inbox = Inbox()
    foreign = inbox.create(party=FOREIGN)
    inbox.owner("DELETE", foreign)
    assert inbox.dialog(foreign)["status"] == 403


def test_a_system_user_is_below_level_4_everywhere_but_in_list_and_lookup() -> None:
    inbox = Inbox()
    secret = inbox.create(serviceResource=SECRET_SERVICE)
    assert inbox.dialog(secret)["body"]["errors"] == {"Forbidden": ["Altinn authentication level too low."]}
    assert {inbox.dialog(secret, child)["status"] for child in CHILDREN} == {403}
    assert inbox.ids() == [secret]
    lookup = inbox.get(f"/dialoglookup?instanceRef=urn:altinn:dialog-id:{secret}")
    assert lookup["body"]["serviceResource"]["minimumAuthenticationLevel"] == 4
    assert lookup["body"]["authorizationEvidence"]["currentAuthenticationLevel"] == 3
    assert inbox.world.dialogs[secret].seen == []
    assert inbox.dialog(secret, caller=PERSON)["status"] == 200


def test_level_comes_before_visibility() -> None:
    inbox = Inbox()
    hidden = inbox.create(serviceResource=SECRET_SERVICE, visibleFrom="2026-04-01T00:00:00Z")
    assert inbox.dialog(hidden)["status"] == 403
    assert inbox.dialog(hidden, caller=PERSON)["status"] == 404


def test_the_list_substitutes_only_what_the_owner_gave_a_substitute_for() -> None:
    inbox = Inbox()
    content = {"title": text("Avslag"), "summary": text("Om avslaget"), "nonSensitiveTitle": text("Melding")}
    inbox.create(serviceResource=SECRET_SERVICE, content=content)
    (low,), (high,) = inbox.items(), inbox.items(PERSON)
    assert low["content"]["title"]["value"][0]["value"] == "Melding"
    assert low["content"]["summary"]["value"][0]["value"] == "Om avslaget"
    assert high["content"]["title"]["value"][0]["value"] == "Avslag"


def test_a_service_without_a_level_asks_for_3_in_the_detail_and_for_none_in_the_list() -> None:
    inbox = Inbox()
    inbox.create(content={"title": text("Ekte"), "nonSensitiveTitle": text("Erstatning")})
    email = "email:kari@example.no"
    inbox.grant(email, parties=[BAKERY])
    (item,) = inbox.items(email)
    assert item["content"]["title"]["value"][0]["value"] == "Ekte"
    assert inbox.dialog(item["id"], caller=email)["status"] == 403
    assert inbox.dialog(item["id"])["status"] == 200


def test_a_delegated_dialog_comes_along_whatever_party_was_asked_for() -> None:
    inbox = Inbox()
    own, delegated = inbox.create(), inbox.create(party=FOREIGN)
    inbox.create(party=FOREIGN)
    inbox.grant(instances=[delegated])
    assert sorted(inbox.ids()) == sorted([own, delegated])
    assert {item["party"] for item in inbox.items()} == {BAKERY, FOREIGN}
    assert inbox.dialog(delegated)["status"] == 200


def test_a_delegated_dialog_obeys_the_service_filter() -> None:
    inbox = Inbox()
    delegated = inbox.create(party=FOREIGN, serviceResource="urn:altinn:resource:ttd-annet")
    inbox.grant(instances=[delegated])
    assert inbox.ids(serviceResource=SERVICE) == []
    assert inbox.ids(serviceResource="urn:altinn:resource:ttd-annet") == [delegated]


def test_delegated_dialogs_do_not_shorten_the_second_page() -> None:
    inbox = Inbox()
    mine = [
        inbox.create(createdAt=f"2026-02-0{day}T00:00:00Z", updatedAt=f"2026-02-0{day}T00:00:00Z") for day in (1, 3)
    ]
    theirs = inbox.create(party=FOREIGN, createdAt="2026-02-02T00:00:00Z", updatedAt="2026-02-02T00:00:00Z")
    inbox.grant(instances=[theirs])
    first = inbox.search(limit=2, orderBy="updatedAt_asc,id_asc")["body"]
    second = inbox.search(limit=2, orderBy="updatedAt_asc,id_asc", continuationToken=first["continuationToken"])["body"]
    assert [item["id"] for item in first["items"] + second["items"]] == [mine[0], theirs, mine[1]]
    assert (first["hasNextPage"], second["hasNextPage"]) == (True, False)


def _rich(inbox: Inbox) -> str:
    reference = {"value": [{"value": "https://so.example/tekst", "languageCode": "nb"}], "mediaType": EMBED}
    return inbox.create(
        content={"title": text("Tittel"), "mainContentReference": reference},
        attachments=[{"displayName": [], "urls": [{"url": "https://so.example/fil", "consumerType": "Api"}]}],
        guiActions=[{"action": "write", "url": "https://so.example/ui", "priority": "Primary", "title": []}],
        apiActions=[
            {
                "action": "sign",
                "authorizationAttribute": "urn:altinn:task:sign",
                "endpoints": [
                    {
                        "url": "https://so.example/api",
                        "httpMethod": "POST",
                        "documentationUrl": "https://so.example/docs",
                    }
                ],
            }
        ],
        transmissions=[
            letter(
                authorizationAttribute="urn:altinn:subresource:lukket",
                content={"title": text("Lukket"), "contentReference": reference},
                attachments=[{"displayName": [], "urls": [{"url": "https://so.example/brev", "consumerType": "Gui"}]}],
                navigationalActions=[{"title": [], "url": "https://so.example/sak"}],
            ),
            letter(content={"title": text("Åpen"), "contentReference": reference}),
        ],
    )


def test_denied_attributes_mask_what_hangs_on_them_and_nothing_else() -> None:
    inbox = Inbox(denied_attributes=["urn:altinn:task:sign", "urn:altinn:subresource:lukket"])
    body = inbox.dialog(_rich(inbox))["body"]
    api, gui = body["apiActions"][0], body["guiActions"][0]
    closed, opened = sorted(body["transmissions"], key=lambda one: bool(one["isAuthorized"]))
    assert (api["isAuthorized"], api["endpoints"][0]["url"]) == (False, UNAUTHORIZED)
    assert api["endpoints"][0]["documentationUrl"] == "https://so.example/docs"
    assert (gui["isAuthorized"], gui["url"]) == (True, "https://so.example/ui")
    assert closed["content"]["title"]["value"][0]["value"] == "Lukket"
    assert closed["content"]["contentReference"]["value"] == [{"value": UNAUTHORIZED, "languageCode": "nb"}]
    assert closed["content"]["contentReference"]["mediaType"] == EMBED
    assert closed["attachments"][0]["urls"][0]["url"] == UNAUTHORIZED
    assert closed["navigationalActions"][0]["url"] == UNAUTHORIZED
    assert opened["content"]["contentReference"]["value"][0]["value"] == "https://so.example/tekst"
    assert body["content"]["mainContentReference"]["isAuthorized"] is True


def test_with_nothing_permitted_the_list_authorization_still_gives_a_masked_detail() -> None:
    inbox = Inbox(denied_actions=["*"])
    dialog = _rich(inbox)
    body = inbox.dialog(dialog)["body"]
    flags: list[Any] = [
        one["isAuthorized"] for name in ("apiActions", "guiActions", "transmissions") for one in body[name]
    ]
    assert flags == [False] * 4
    assert body["content"]["mainContentReference"] == {
        "value": [{"value": UNAUTHORIZED, "languageCode": "nb"}],
        "mediaType": EMBED,
        "isAuthorized": False,
    }
    assert body["attachments"][0]["urls"][0]["url"] == "https://so.example/fil"
    assert inbox.dialog(dialog, "/transmissions")["status"] == 404


def test_any_one_permitted_action_opens_the_dialog_but_not_its_children() -> None:
    inbox = Inbox(denied_actions=["read"])
    dialog = _rich(inbox)
    assert inbox.dialog(dialog)["body"]["content"]["mainContentReference"]["isAuthorized"] is False
    assert inbox.dialog(dialog)["body"]["guiActions"][0]["isAuthorized"] is True
    assert inbox.dialog(dialog, "/activities")["status"] == 404


def test_a_denied_service_is_silently_absent() -> None:
    inbox = Inbox()
    dialog = inbox.create()
    inbox.grant(denied_resources=[SERVICE])
    assert inbox.ids() == []
    assert inbox.dialog(dialog)["status"] == 403


def test_an_unauthorized_letter_without_content_makes_the_detail_stumble_after_marking() -> None:
    inbox = Inbox(denied_attributes=["urn:altinn:subresource:lukket"])
    closed = letter(authorizationAttribute="urn:altinn:subresource:lukket", content=None)
    dialog = inbox.create(isApiOnly=True, transmissions=[closed])
    assert inbox.dialog(dialog)["status"] == 500
    assert inbox.items()[0]["isContentSeen"] is True


def test_unauthorized_wins_over_expired() -> None:
    inbox = Inbox(denied_attributes=["urn:altinn:subresource:lukket"])
    old = [{"displayName": [], "expiresAt": "2026-01-01T00:00:00Z", "urls": [{"url": "https://so.example/a"}]}]
    dialog = inbox.create(
        attachments=old,
        transmissions=[letter(attachments=old, authorizationAttribute="urn:altinn:subresource:lukket")],
    )
    body = inbox.dialog(dialog)["body"]
    assert body["attachments"][0]["urls"][0]["url"] == "urn:dialogporten:expired"
    assert body["transmissions"][0]["attachments"][0]["urls"][0]["url"] == UNAUTHORIZED


def test_parties_are_those_of_the_caller_with_headings_over_sub_parties() -> None:
    inbox = Inbox()
    sub = {"party": FOREIGN, "name": "BLID BAKERI AVD SØR", "isDeleted": True}
    inbox.model["parties"] = [{"party": BAKERY, "name": "BLID BAKERI AS", "subParties": [sub]}]
    inbox.model["callers"][SYSTEM_USER] = {"parties": [FOREIGN]}
    inbox.grant()
    (heading,) = inbox.get("/parties")["body"]["authorizedParties"]
    assert heading["hasOnlyAccessToSubParties"] is True
    assert [one["party"] for one in heading["subParties"]] == [FOREIGN]
    assert heading["subParties"][0]["isDeleted"] is True
    (own,) = inbox.get("/parties", PERSON)["body"]["authorizedParties"]
    assert own["hasOnlyAccessToSubParties"] is False
    assert "subParties" not in own


@pytest.mark.parametrize(("caller", "status"), [(SYSTEM_USER, 200), (PERSON, 502)])
def test_nothing_to_represent_is_an_empty_list_for_a_system_user_and_a_502_for_a_person(
    caller: str, status: int
) -> None:
    inbox = Inbox()
    inbox.model["callers"] = {}
    inbox.grant()
    assert inbox.get("/parties", caller)["status"] == status
