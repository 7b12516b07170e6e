"""The demo inbox: every producer and state of the reference is there, the same every time, and a world takes it."""

from __future__ import annotations

import json
import re
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from sync.sandbox import seed
from sync.sandbox.dialogs import Dialog
from sync.sandbox.numbers import is_national_id, is_organisation_number
from sync.sandbox.seed import people
from sync.sandbox.seed.script import Entry
from sync.sandbox.world import World

NOW = datetime(2026, 11, 25, 9, 30, 12, tzinfo=UTC)

# Row of the reference (producers §2.1 to §5, and the life cycle of the API): what a stored dialog of it must be.
ROWS: dict[str, dict[str, object]] = {
    "2.1 draft": {"status": "Draft", "type": "altinnapp"},
    "2.1 prefill": {"status": "InProgress", "activities": ["DialogCreated"]},
    "2.1 confirmation": {"status": "InProgress", "summary": "må bekreftes"},
    "2.1 signing": {"status": "InProgress", "summary": "må signeres", "button": "Gå til signering"},
    "2.1 payment": {"status": "Draft", "attribute": "urn:altinn:task:Task_Payment"},
    "2.1 feedback": {"status": "Awaiting", "summary": "venter på tilbakemelding"},
    "2.1 additional input": {"status": "InProgress", "summary": "trenger flere opplysninger"},
    "2.1 additional input unseen": {"status": "Draft", "summary": "klar for å fylles ut"},
    "2.1 rejected": {"status": "RequiresAttention", "summary": "ble avvist", "transmissions": []},
    "2.1 archived unconfirmed": {"status": "Awaiting", "transmissions": ["Submission"], "button": "Se innsendt skjema"},
    "2.1 archived confirmed": {"status": "Completed", "transmissions": ["Submission"], "summary": "bekreftet mottatt"},
    "2.1 migrated archive": {"type": "migratedapp", "status": "Completed", "born_seen": True, "label": "Archive"},
    "2.1 soft-deleted": {"deleted": True},
    "2.1 hard-deleted": {"purged": True},
    "2.2 hidden from people": {"api_only": True, "type": "altinnapp"},
    "2.3 no status": {"status": "NotApplicable", "last_activity": "FormSaved"},
    "2.3 patched by its owner": {"status": "Completed", "transmissions": ["Submission"] * 2, "button": "Endre melding"},
    "2.3 not completed when confirmed": {"status": "Awaiting", "summary": "bekreftet mottatt"},
    "3 published": {"type": "correspondenceservice", "status": "NotApplicable", "transmissions": []},
    "3 confirmation needed": {"status": "RequiresAttention", "due": True, "api": "confirmCorrespondence"},
    "3 opened": {"status": "NotApplicable", "last_activity": "CorrespondenceOpened", "unopened": False},
    "3 confirmed": {
        "status": "NotApplicable",
        "last_activity": "CorrespondenceConfirmed",
        "no_api": "confirmCorrespondence",
    },
    "3 purged": {"deleted": True},
    "3 migrated": {"born_seen": True, "type": "correspondenceservice"},
    "3 migrated, confirmed": {"api": "confirmCorrespondence", "last_activity": "CorrespondenceConfirmed"},
    "3 migrated, archived": {"label": "Archive", "born_seen": True},
    "3 migrated, binned": {"label": "Bin", "born_seen": True},
    "3 confidential reminder": {"status": "RequiresAttention", "actions": 0, "type": "correspondenceservice"},
    "3 sent as a transmission": {"transmissions": ["Information", "Decision"], "status": "Awaiting"},
    "4.1 sick note": {"extended": ["SYKMELDING"], "status": "NotApplicable", "actions": 0},
    "4.1 application": {"extended": ["SYKMELDING", "SYKEPENGESOEKNAD"], "api_only": False},
    "4.1 income report requested": {"status": "RequiresAttention", "api": "Send inn inntektsmelding"},
    "4.1 income report accepted": {"status": "NotApplicable", "no_api": "Send inn inntektsmelding"},
    "4.1 income report rejected": {"status": "NotApplicable"},
    "4.1 request withdrawn": {"status": "NotApplicable", "actions": 0},
    "4.1 claim for exemption": {"button": "Endre / Annuller krav", "status": "NotApplicable"},
    "4.1 application for exemption": {"button": "Send inn krav", "transmissions": []},
    "4.2 requested": {"status": "RequiresAttention", "transmissions": ["Request"]},
    "4.2 older client": {
        "status": "RequiresAttention",
        "no_api": "Innsending av inntektsmelding for foreldrepenger",
        "actions": 1,
    },
    "4.2 reminder": {"status": "RequiresAttention", "transmissions": ["Request", "Request"]},
    "4.2 start date changed": {"transmissions": ["Request", "Information"], "status": "RequiresAttention"},
    "4.2 accepted": {"status": "Completed", "transmissions": ["Request", "Acceptance"]},
    "4.2 updated": {"status": "Completed", "transmissions": ["Request", "Acceptance", "Acceptance"]},
    "4.2 rejected": {"last_transmission": "Rejection"},
    "4.2 withdrawn": {"status": "NotApplicable", "last_transmission": "Correction", "extended_status": True},
    "4.3 nearest leader": {"actions": 0, "attachments": 2, "transmissions": []},
    "4.3 settlement report": {"progress": 100, "status": "NotApplicable", "transmissions": [], "unopened": False},
    "5 created empty": {"transmissions": [], "activities": [], "actions": 0},
    "5 submitted": {"transmissions": ["Submission"]},
    "5 accepted": {"transmissions": ["Submission", "Acceptance"], "status": "Completed", "related": True},
    "5 alert after acceptance": {"transmissions": ["Submission", "Acceptance", "Alert"], "status": "Completed"},
    "5 rejected": {"actions": 0, "related": True},
    "5 request": {"last_transmission": "Request", "actions": 0},
    "5 decision": {"transmissions": ["Decision"]},
    "5 own letter": {"transmissions": ["Submission", "Information"]},
    "5 information": {"transmissions": ["Information"]},
    "5 long case": {},
    "1 P18 API-only with content": {"api_only": True, "type": "genericaccessresource"},
    "1 P13 level 4, harmless title": {"level": 4, "non_sensitive": True},
    "1 P13 level 4, no other title": {"level": 4, "non_sensitive": False},
    "1 P11 masked for some": {"transmissions": ["Information", "Information"]},
    "1 P15 deprecated endpoint": {"api": "sendReport"},
    "P16 not visible yet": {"hidden": True},
    "P16 became visible": {"hidden": False},
    "6 expired": {"expired": True},
    "6 expires soon": {"expired": False, "attachments": 1},
    "6 in progress, buttons only": {"status": "InProgress", "button": "Fortsett registrering"},
    "6.2 marked as unopened": {"marked": True},
    "12 soft-deleted": {"deleted": True},
    "12 restored": {"deleted": False},
    "12 purged": {"purged": True},
    "3.3 instance delegation": {"transmissions": ["Request"]},
}


@pytest.fixture(scope="module")
def world() -> World:
    """A world at NOW that has lived through the demo inbox."""
    loaded = World(now=lambda: NOW)
    seed.load(loaded, NOW)
    return loaded


@pytest.fixture(scope="module")
def entries() -> list[Entry]:
    return seed.catalogue(NOW)


def text(value: dict[str, Any] | None) -> str:
    """The Bokmål text of a content value."""
    return next((one["value"] for one in (value or {}).get("value", ()) if one["languageCode"] == "nb"), "")


def facts(world: World, dialog: Dialog) -> dict[str, object]:
    """What the rows above speak of, read from a stored dialog."""
    now = world.now()
    kinds = [one["type"] for one in sorted(dialog.transmissions, key=lambda one: str(one["createdAt"]))]
    activities = [one["type"] for one in sorted(dialog.activities, key=lambda one: str(one["createdAt"]))]
    content = dialog.content or {}
    return {
        "status": dialog.status,
        "type": dialog.service_resource_type.lower(),
        "transmissions": kinds,
        "last_transmission": kinds[-1] if kinds else None,
        "extended": [one.get("extendedType") for one in dialog.transmissions],
        "related": any(one.get("relatedTransmissionId") for one in dialog.transmissions),
        "activities": activities,
        "last_activity": activities[-1] if activities else None,
        "attribute": next((one.get("authorizationAttribute") for one in dialog.gui_actions), None),
        "button": next(
            (text({"value": one["title"]}) for one in dialog.gui_actions if one["priority"] == "Primary"), None
        )
        or next((text({"value": one["title"]}) for one in dialog.gui_actions), None),
        "actions": len(dialog.gui_actions) + len(dialog.api_actions),
        "attachments": len(dialog.attachments),
        "due": dialog.due_at is not None,
        "label": dialog.folder_label(),
        "marked": "MarkedAsUnopened" in dialog.labels,
        "born_seen": dialog.is_content_seen() and dialog.created_at < "2025-12-01",
        "api_only": dialog.is_api_only,
        "progress": dialog.progress,
        "extended_status": dialog.extended_status is not None and bool(text(content.get("extendedStatus"))),
        "unopened": dialog.has_unopened,
        "deleted": dialog.deleted_at is not None,
        "purged": False,
        "hidden": dialog.is_hidden(now),
        "expired": dialog.is_expired(now),
        "level": world.access.level_needed(dialog.service_resource, 0),
        "non_sensitive": "nonSensitiveTitle" in content,
    }


@pytest.mark.parametrize("row", ROWS)
def test_each_row_of_the_reference_is_shown_by_a_dialog_in_that_state(
    world: World, entries: list[Entry], row: str
) -> None:
    shown = [entry for entry in entries if entry.row == row]
    assert shown, f"no dialog shows {row}"
    expected = dict(ROWS[row])
    if expected.pop("purged", False):
        assert all(entry.id in world.purged for entry in shown)
        return
    for entry in shown:
        found = facts(world, world.dialogs[entry.id])
        for name, value in expected.items():
            if name == "summary":
                assert str(value) in text((world.dialogs[entry.id].content or {})["summary"])
            elif name in ("api", "no_api"):
                names = [one.get("name") for one in world.dialogs[entry.id].api_actions]
                assert (value in names) is (name == "api")
            else:
                assert found[name] == value, name


def test_every_dialog_belongs_to_a_row_that_the_table_knows(entries: list[Entry]) -> None:
    assert {entry.row for entry in entries} == set(ROWS)


def test_the_same_time_gives_the_same_inbox_to_the_byte() -> None:
    assert json.dumps(seed.steps(NOW)) == json.dumps(seed.steps(NOW))
    assert json.dumps(seed.access(NOW)) == json.dumps(seed.access(NOW))


@pytest.mark.parametrize(
    "now",
    [
        NOW,
        datetime(2027, 1, 1, 0, 0, 5, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC),
        datetime(2026, 12, 31, 12, 0, tzinfo=UTC),
    ],
)
def test_everything_has_happened_before_now_and_in_order(now: datetime) -> None:
    times = [datetime.fromisoformat(str(step["at"])) for step in seed.steps(now)]
    assert times == sorted(times)
    assert times[-1] < now
    assert now - times[0] < timedelta(days=400)


def test_no_two_dialogs_or_transmissions_share_an_id_and_each_tells_its_time(entries: list[Entry]) -> None:
    steps = seed.steps(NOW)
    ids = [
        (str(body["id"]), str(step["at"]))
        for step in steps
        if isinstance(body := request_of(step)["body"], dict) and "id" in body
    ]
    assert len({one for one, _ in ids}) == len(ids) > len(entries)
    for one, at in ids:
        parsed = uuid.UUID(one)
        assert parsed.version == 7
        assert parsed.int >> 80 == int(datetime.fromisoformat(at).timestamp() * 1000)


def request_of(step: dict[str, object]) -> dict[str, Any]:
    request = step["request"]
    assert isinstance(request, dict)
    return request


def test_every_number_of_an_organisation_or_person_has_valid_check_digits() -> None:
    everything = json.dumps([seed.steps(NOW), seed.access(NOW), seed.registration([])])
    organisations = set(re.findall(r"organization:identifier-no:(\d+)", everything))
    persons = set(re.findall(r"person:identifier-no:(\d+)", everything)) | set(re.findall(r"pid:(\d+)", everything))
    owners = {str(entry["owner_number"]) for entry in seed.resources().values()}
    assert len(organisations) >= 10
    assert all(is_organisation_number(one) and one.startswith("31") for one in organisations | owners)
    assert all(is_national_id(one) and 81 <= int(one[2:4]) <= 92 for one in persons)
    numbers = [one.number for one in people.ORGANISATIONS] + [one.pid for one in people.PERSONS]
    assert len(set(numbers)) == len(numbers)


def test_the_inbox_is_of_a_believable_size_over_many_parties(world: World, entries: list[Entry]) -> None:
    now = world.now()
    listed = [dialog for dialog in world.dialogs.values() if dialog.is_listed(now)]
    assert 110 <= len(listed) <= 150
    parties = Counter(dialog.party for dialog in listed)
    assert sum(party.startswith("urn:altinn:organization") for party in parties) >= 5
    assert any(party.startswith("urn:altinn:person") for party in parties)
    assert len(world.dialogs) + len(world.purged) == len(entries)
    due = [dialog.due_at for dialog in listed if dialog.due_at is not None]
    assert sum(one < now for one in due) >= 5
    assert sum(one > now for one in due) >= 15


def test_some_conversations_are_long_and_one_is_a_tree(world: World) -> None:
    long = [dialog for dialog in world.dialogs.values() if len(dialog.transmissions) >= 30]
    assert len(long) >= 2
    children = [Counter(one.get("relatedTransmissionId") for one in dialog.transmissions) for dialog in long]
    assert any(max(count for parent, count in tree.items() if parent) >= 2 for tree in children)


def test_a_letter_was_added_and_rewritten_without_a_trace_in_any_timestamp(world: World, entries: list[Entry]) -> None:
    case = next(entry for entry in entries if entry.row == "5 long case" and entry.party is people.HOUSING)
    titles = [text(one["content"]["title"]) for one in world.dialogs[case.id].transmissions]
    assert "Merknad fra nabo, rettet" in titles
    assert "Merknad fra nabo" not in titles


def test_no_dialog_of_the_default_inbox_lacks_content(world: World) -> None:
    assert all(dialog.content for dialog in world.dialogs.values())


def test_types_and_owners_come_from_the_registry(world: World, entries: list[Entry]) -> None:
    table = seed.resources()
    types = {dialog.service_resource_type.lower() for dialog in world.dialogs.values()}
    assert types == {"altinnapp", "migratedapp", "correspondenceservice", "genericaccessresource"}
    assert all(entry.service in table for entry in entries)
    assert all(world.dialogs[one.id].org == table[one.service]["org"] for one in entries if one.id in world.dialogs)


def test_humans_have_opened_some_and_left_some_and_nobody_else_has_looked(world: World) -> None:
    pids = {person.urn for person in people.PERSONS}
    seen = {one.user for dialog in world.dialogs.values() for one in dialog.seen}
    assert seen <= pids
    assert len(seen) >= 4
    now = world.now()
    unseen = [one for one in world.dialogs.values() if one.is_listed(now) and not one.is_content_seen()]
    assert len(unseen) >= 40
    assert sum(one.is_content_seen() for one in world.dialogs.values()) >= 20


def test_everybody_in_the_logs_has_a_name(world: World) -> None:
    told = json.dumps([[dialog.activities, dialog.transmissions] for dialog in world.dialogs.values()])
    assert "Ukjent" not in told
    assert "SOLVEIG LUNDEMYR" in told


def ask(world: World, caller: str, path: str, status: int = 200) -> Any:
    """The body of an end-user GET by `caller`."""
    answer = world.apply(
        {"caller": caller, "request": {"method": "GET", "path": f"/api/v1/enduser{path}", "headers": {}}}
    )
    assert answer["status"] == status
    return answer["body"]


def listed_for(world: World, caller: str) -> list[dict[str, Any]]:
    """Everything that a search over all the caller's parties lists."""
    query = "&".join(f"party={party.urn}" for party in people.SEES[caller])
    body = ask(world, caller, f"/dialogs?{query}&limit=1000")
    assert not body["hasNextPage"]
    items: list[dict[str, Any]] = body["items"]
    return items


@pytest.mark.parametrize("caller", people.SEES)
def test_each_caller_lists_what_its_parties_have_and_nothing_that_is_gone(
    world: World, entries: list[Entry], caller: str
) -> None:
    gone = {
        "2.1 soft-deleted",
        "2.1 hard-deleted",
        "3 purged",
        "P16 not visible yet",
        "6 expired",
        "12 soft-deleted",
        "12 purged",
    }
    expected = {
        entry.id
        for entry in entries
        if entry.party in people.SEES[caller]
        and entry.row not in gone
        and (caller != people.PAYROLL_SYSTEM_USER or "nav_" in entry.service or "skattekort" in entry.service)
    }
    if caller == people.BAKERY_SYSTEM_USER:
        expected |= {entry.id for entry in entries if entry.party is people.PADDLERS}
    items = listed_for(world, caller)
    assert {item["id"] for item in items} == expected
    assert expected or caller == people.AMALIE.caller


def test_the_party_list_of_the_accountant_shows_a_dissolved_client_and_a_heading(world: World) -> None:
    parties = {one["name"]: one for one in ask(world, people.ACCOUNTING_SYSTEM_USER, "/parties")["authorizedParties"]}
    assert set(parties) == {
        "NORDLYS SNEKKERI AS",
        "GRANLIA BORETTSLAG",
        "HAVGAPET SJØMAT AS",
        "VARDETOPPEN UTLEIE AS",
        "STORFJELLET KONSERN AS",
        "LUNDEMYR KERAMIKK",
    }
    assert parties["VARDETOPPEN UTLEIE AS"]["isDeleted"]
    heading = parties["STORFJELLET KONSERN AS"]
    assert heading["hasOnlyAccessToSubParties"]
    assert [one["name"] for one in heading["subParties"]] == ["STORFJELLET TRANSPORT AVD NORD"]


def test_a_system_user_sees_only_the_harmless_title_of_a_level_four_dialog(entries: list[Entry]) -> None:
    fresh = World(now=lambda: NOW)
    seed.load(fresh, NOW)
    secret = next(one for one in entries if one.row == "1 P13 level 4, harmless title" and one.party is people.BAKERY)
    titles = {
        caller: text(next(item for item in listed_for(fresh, caller) if item["id"] == secret.id)["content"]["title"])
        for caller in (people.BAKERY_SYSTEM_USER, people.TORGEIR.caller)
    }
    assert titles == {
        people.BAKERY_SYSTEM_USER: "Melding fra Helsedirektoratet",
        people.TORGEIR.caller: "Oppfølging av kjøkkenpersonell",
    }
    ask(fresh, people.BAKERY_SYSTEM_USER, f"/dialogs/{secret.id}", 403)
    ask(fresh, people.TORGEIR.caller, f"/dialogs/{secret.id}")


def test_payroll_may_read_the_request_but_not_send_the_answer(entries: list[Entry]) -> None:
    fresh = World(now=lambda: NOW)
    seed.load(fresh, NOW)
    request = next(one for one in entries if one.row == "4.1 income report requested" and one.party is people.SEAFOOD)
    for caller, allowed in ((people.ACCOUNTING_SYSTEM_USER, True), (people.PAYROLL_SYSTEM_USER, False)):
        detail = ask(fresh, caller, f"/dialogs/{request.id}")
        assert [action["isAuthorized"] for action in detail["apiActions"]] == [allowed]
        assert [action["isAuthorized"] for action in detail["guiActions"]] == [True]


def test_a_transmission_is_withheld_from_the_accountant_alone(entries: list[Entry]) -> None:
    fresh = World(now=lambda: NOW)
    seed.load(fresh, NOW)
    masked = next(one for one in entries if one.row == "1 P11 masked for some")
    for caller, allowed in ((people.ACCOUNTING_SYSTEM_USER, [True, False]), (people.HARALD.caller, [True, True])):
        assert [one["isAuthorized"] for one in ask(fresh, caller, f"/dialogs/{masked.id}/transmissions")] == allowed


def test_texts_keep_to_the_limits_of_the_server(world: World) -> None:
    for dialog in world.dialogs.values():
        for part, value in (dialog.content or {}).items():
            limit = {"extendedStatus": 25, "additionalInfo": 1023, "mainContentReference": 1023}.get(part, 255)
            assert all(len(one["value"]) <= limit for one in value["value"]), part
        priorities = Counter(action["priority"] for action in dialog.gui_actions)
        assert priorities["Primary"] <= 1
        assert priorities["Secondary"] <= 1


def test_texts_come_in_bokmaal_and_some_in_nynorsk_and_english(world: World) -> None:
    codes = Counter(
        one["languageCode"] for dialog in world.dialogs.values() for one in (dialog.content or {})["title"]["value"]
    )
    assert codes["nb"] == len(world.dialogs)
    assert codes["nn"] >= 5
    assert codes["en"] >= 5


def test_no_address_in_the_inbox_leads_to_a_real_host() -> None:
    hosts = set(re.findall(r"https?://([^/\"?]+)", json.dumps(seed.steps(NOW))))
    assert len(hosts) >= 10
    assert all(host.endswith(".example") or host == "example" for host in hosts)


def test_the_access_model_holds_the_awkward_cases(world: World, entries: list[Entry]) -> None:
    document = seed.access(NOW)
    parties = document["parties"]
    assert isinstance(parties, list)
    tops = [party for party in parties if isinstance(party, dict)]
    assert any(party["isDeleted"] for party in tops)
    heading = next(party for party in tops if party["hasOnlyAccessToSubParties"])
    assert heading["subParties"]
    assert any(party["partyType"] == "Person" and party["dateOfBirth"] for party in tops)
    grants = world.access.callers
    assert heading["party"] not in {party for one in grants.values() for party in one.parties}
    delegated = grants[people.BAKERY_SYSTEM_USER].instances
    assert {world.dialogs[one].party for one in delegated} == {people.PADDLERS.urn}
    assert "write" in grants[people.PAYROLL_SYSTEM_USER].denied_actions
    assert grants[people.ACCOUNTING_SYSTEM_USER].denied_attributes
    assert people.TORGEIR.caller in grants


def test_registration_names_one_client_and_three_system_users_told_apart(world: World) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    jwk = {**jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True), "kid": "k"}
    public = {name: str(value) for name, value in jwk.items() if isinstance(value, str)}
    document = seed.registration([public])
    assert [client["keys"] for client in document["clients"]] == [[public]]
    users = document["system_users"]
    assert {user["external_ref"] for user in users} == {None, "regnskap", "lonn"}
    assert {user["org"] for user in users} == {people.BAKERY.number, people.ACCOUNTANT.number}
    seed.register(world, [public])
    assert set(world.registry.system_users) == {user["id"] for user in users} == set(people.SYSTEM_USERS)
    assert world.registry.clients[people.CLIENT_ID].keys == (public,)


def test_a_dialog_without_content_comes_only_when_asked_for() -> None:
    extra = seed.scenario("contentless", NOW)
    loaded = World(now=lambda: NOW)
    seed.load(loaded, NOW, extra)
    empty = [dialog for dialog in loaded.dialogs.values() if not dialog.content]
    assert [dialog.is_api_only for dialog in empty] == [True]
    with pytest.raises(KeyError):
        seed.scenario("no such", NOW)


def test_a_step_that_the_world_refuses_stops_the_loading() -> None:
    step = {
        "at": NOW.isoformat(),
        "request": {"method": "DELETE", "path": f"/api/v1/serviceowner/dialogs/{uuid.uuid4()}"},
    }
    with pytest.raises(seed.StepRefused, match="404"):
        seed.load(World(now=lambda: NOW), NOW, [{**step}])
