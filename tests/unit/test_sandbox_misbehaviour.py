"""What can be made to go wrong: faults of single requests over HTTP, and switches of the whole world."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from sync.sandbox.faults import Fault
from sync.sandbox.server import SandboxServer
from tests.unit.sandbox_inbox import BAKERY, FOREIGN, PERSON, START, SYSTEM_USER, Inbox

PARTIES = "/dialogporten/api/v1/enduser/parties"
SEARCH = f"/dialogporten/api/v1/enduser/dialogs?party={BAKERY}"


class Client:
    """A client with a token, and the control interface."""

    def __init__(self, server: SandboxServer, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        token = self.control("POST", "token", {"system_user": SYSTEM_USER})["access_token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path, headers=self.headers)


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def client(inbox: Inbox) -> Iterator[Client]:
    with SandboxServer(inbox.world) as server, httpx.Client(base_url=server.url, trust_env=False, verify=False) as http:
        yield Client(server, http)


def test_a_status_fault_strikes_as_often_as_told_and_changes_nothing(client: Client) -> None:
    body = {"path": "/parties", "status": 429, "headers": {"Retry-After": "7"}, "after": 1, "times": 2}
    client.control("POST", "faults", [body])
    answers = [client.get(PARTIES) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 429, 429, 200]
    assert answers[1].headers["Retry-After"] == "7"


def test_a_503_may_carry_a_date_and_faults_can_be_taken_back(client: Client) -> None:
    date = "Sun, 01 Mar 2026 09:00:00 GMT"
    client.control("POST", "faults", [{"status": 503, "headers": {"Retry-After": date}, "body": "closed"}])
    answer = client.get(PARTIES)
    assert (answer.status_code, answer.headers["Retry-After"], answer.text) == (503, date, "closed")
    client.control("DELETE", "faults")
    assert client.get(PARTIES).status_code == 200


def test_a_fault_meets_only_its_method_and_path() -> None:
    fault = Fault(method="PUT", path=r"^/api/v1/enduser/dialogs/[^/]+/context", times=1)
    assert not fault.strikes("GET", "/api/v1/enduser/dialogs/x/context/labellog")
    assert not fault.strikes("PUT", "/api/v1/serviceowner/dialogs/x")
    assert fault.strikes("PUT", "/api/v1/enduser/dialogs/x/context/systemlabels")


def test_a_cut_body_promises_more_than_comes(client: Client) -> None:
    client.control("POST", "faults", [{"kind": "cut", "times": 1}])
    with pytest.raises(httpx.RemoteProtocolError, match=r"incomplete|without sending complete"):
        client.get(PARTIES)
    assert client.get(PARTIES).status_code == 200


def test_a_cut_answer_has_done_its_work_all_the_same(client: Client, inbox: Inbox) -> None:
    dialog = inbox.create()
    client.control("POST", "faults", [{"kind": "cut", "times": 1}])
    with pytest.raises(httpx.RemoteProtocolError):
        client.get(f"/dialogporten/api/v1/enduser/dialogs/{dialog}")
    assert len(inbox.world.dialogs[dialog].seen) == 1


def test_a_dropped_connection_gets_no_answer(client: Client) -> None:
    client.control("POST", "faults", [{"kind": "drop", "times": 1}])
    with pytest.raises(httpx.TransportError):
        client.get(PARTIES)
    assert client.get(PARTIES).status_code == 200


def test_a_slow_answer_outlasts_an_impatient_client(client: Client) -> None:
    client.control("POST", "faults", [{"kind": "slow", "seconds": 0.5, "times": 1}])
    with pytest.raises(httpx.ReadTimeout):
        client.http.get(PARTIES, headers=client.headers, timeout=0.1)


def test_faulted_requests_are_counted_too(client: Client) -> None:
    client.control("DELETE", "requests")
    client.control("POST", "faults", [{"status": 502, "times": 1}])
    client.get(PARTIES)
    client.get(SEARCH)
    client.http.get("/maskinporten/jwk")
    told = client.control("GET", "requests")
    assert (told["total"], told["by"]) == (2, {"GET /api/v1/enduser/dialogs": 1, "GET /api/v1/enduser/parties": 1})
    assert told["issuer"] == {"GET /maskinporten/jwk": 1}
    assert [entry["status"] for entry in told["log"]] == [502, 200]
    assert told["log"][1]["caller"] == SYSTEM_USER


def test_the_date_header_tells_the_skewed_time(client: Client) -> None:
    client.control("PUT", "date-skew", {"seconds": 90})
    ahead = parsedate_to_datetime(client.get(PARTIES).headers["Date"]) - datetime.now(UTC)
    assert timedelta(seconds=80) < ahead < timedelta(seconds=91)


def test_an_unknown_switch_or_kind_of_fault_is_refused(client: Client) -> None:
    assert client.http.post("/control/switches", json={"teleport": True}).status_code == 400
    assert client.http.post("/control/faults", json=[{"kind": "melt"}]).status_code == 400


def test_maintenance_closes_everything_but_the_owners_door(inbox: Inbox) -> None:
    inbox.world.switches.maintenance = True
    answer = inbox.get("/parties")
    assert (answer["status"], answer["headers"]["Content-Type"]) == (503, "text/plain")
    inbox.create()


def test_a_late_commit_is_answered_now_and_seen_later_with_its_old_time(inbox: Inbox) -> None:
    early = inbox.create()
    inbox.world.switches.late_commit_seconds = 20
    late = inbox.create()
    inbox.owner("PATCH", early, body=[{"op": "replace", "path": "/status", "value": "Completed"}])
    assert [(item["id"], item["status"]) for item in inbox.items()] == [(early, "NotApplicable")]
    inbox.world.clock.freeze(START + timedelta(seconds=20))
    items = {item["id"]: item for item in inbox.items()}
    assert items.keys() == {early, late}
    assert {items[one]["updatedAt"] for one in (early, late)} == {"2026-03-01T08:00:00.0000000Z"}
    assert items[early]["status"] == "Completed"


def test_equal_timestamps_on_demand(inbox: Inbox) -> None:
    inbox.world.switches.equal_timestamp = "2026-02-02T02:02:02.0000000Z"
    inbox.create()
    inbox.world.clock.freeze(START + timedelta(hours=1))
    inbox.create()
    assert {item["updatedAt"] for item in inbox.items()} == {"2026-02-02T02:02:02.0000000Z"}


def test_a_page_can_repeat_an_item_or_hold_a_foreign_one(inbox: Inbox) -> None:
    own, foreign = inbox.create(), inbox.create(party=FOREIGN)
    inbox.world.switches.duplicate_item = True
    inbox.world.switches.foreign_items = [foreign]
    assert inbox.ids() == [own, own, foreign]


def test_items_can_be_broken_or_lack_their_party(inbox: Inbox) -> None:
    one, other = inbox.create(), inbox.create()
    inbox.world.switches.broken_items = {one: {"status": 7, "updatedAt": None}}
    inbox.world.switches.partyless_items = [other]
    items = {item["id"]: item for item in inbox.items()}
    assert items[one]["status"] == 7
    assert "updatedAt" not in items[one]
    assert "party" not in items[other]


def test_a_broken_detail_marks_and_stays_broken(inbox: Inbox) -> None:
    dialog = inbox.create()
    inbox.world.switches.broken_details = [dialog]
    assert [inbox.dialog(dialog)["status"] for _ in range(2)] == [500, 500]
    assert inbox.items()[0]["isContentSeen"] is True


def test_a_search_can_be_too_broad(inbox: Inbox) -> None:
    inbox.world.switches.too_broad_parties = 1
    inbox.world.switches.too_broad_limit = 50
    answer = inbox.search(party=[BAKERY, FOREIGN], limit=10)
    assert (answer["status"], list(answer["body"]["errors"])) == (422, ["Search"])
    assert inbox.search(limit=100)["status"] == 422
    assert inbox.search(limit=50)["status"] == 200


def test_a_cache_can_hide_a_party_for_a_while(inbox: Inbox) -> None:
    dialog = inbox.create()
    inbox.world.switches.hidden_parties = {BAKERY: "2026-03-01T08:15:00.0000000Z"}
    assert inbox.ids() == []
    assert inbox.get("/parties")["body"]["authorizedParties"] == []
    inbox.world.clock.freeze(START + timedelta(minutes=15))
    assert inbox.ids() == [dialog]


def _ephemeral(inbox: Inbox, dialog: str) -> str:
    return str(inbox.dialog(dialog, "/seenlog")["body"][0]["seenBy"]["actorId"])


def test_ephemeral_ids_change_with_a_restart_or_from_call_to_call(inbox: Inbox) -> None:
    dialog = inbox.create()
    inbox.dialog(dialog, caller=PERSON)
    first = _ephemeral(inbox, dialog)
    assert _ephemeral(inbox, dialog) == first
    assert inbox.items()[0]["seenSinceLastUpdate"][0]["seenBy"]["actorId"] == first
    inbox.world.resalt()
    second = _ephemeral(inbox, dialog)
    assert second != first
    assert inbox.items()[0]["seenSinceLastUpdate"][0]["seenBy"]["actorId"] == second
    inbox.world.switches.resalt_each_call = True
    assert _ephemeral(inbox, dialog) != _ephemeral(inbox, dialog)


def test_activities_of_the_detail_can_be_shuffled(inbox: Inbox) -> None:
    kinds = ["DialogCreated", "FormSaved", "FormSubmitted"]
    done = [{"type": kind, "performedBy": {"actorType": "ServiceOwner"}} for kind in kinds]
    dialog = inbox.create(activities=done)
    inbox.world.switches.shuffled_activities = True
    assert [one["type"] for one in inbox.dialog(dialog)["body"]["activities"]] == kinds[::-1]
