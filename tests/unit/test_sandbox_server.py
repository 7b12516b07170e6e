"""The sandbox over HTTP: its control interface, its two ways to run, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.sandbox.server import SandboxServer, serve
from tests.unit.sandbox_inbox import BAKERY, PERSON, SERVICE, SYSTEM_USER, Inbox, text

ROOT = Path(__file__).resolve().parents[2]
CREATE = {
    "at": "2026-02-03T04:05:06.789Z",
    "request": {
        "method": "POST",
        "path": "/api/v1/serviceowner/dialogs",
        "body": {"serviceResource": SERVICE, "party": BAKERY, "content": {"title": text("Hei")}},
    },
}


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


@pytest.fixture
def http(inbox: Inbox) -> Iterator[httpx.Client]:
    with (
        SandboxServer(inbox.world) as server,
        httpx.Client(base_url=server.url, trust_env=False, verify=False) as client,
    ):
        yield client


def _told(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_clock_freezes_and_runs(http: httpx.Client) -> None:
    frozen = _told(http.put("/control/clock", json={"now": "2026-05-06T07:08:09Z"}))
    assert frozen == {"now": "2026-05-06T07:08:09.0000000Z", "frozen": True, "offset": 0.0}
    running = _told(http.put("/control/clock", json={"offset": -3600}))
    assert (running["frozen"], running["offset"]) == (False, -3600.0)


def test_steps_are_done_at_their_own_times_and_leave_the_clock_as_it_was(http: httpx.Client) -> None:
    dialog = "019b7a00-0000-7000-8000-0000000000aa"
    recorded = {**CREATE, "response": {"status": 201, "body": dialog}}
    opening = {"caller": PERSON, "request": {"method": "GET", "path": f"/api/v1/enduser/dialogs/{dialog}"}}
    answers = _told(http.post("/control/steps", json=[recorded, opening]))
    assert [answer["status"] for answer in answers] == [201, 200]
    assert answers[0]["body"] == dialog
    assert answers[1]["body"]["createdAt"] == "2026-02-03T04:05:06.7890000Z"
    assert answers[1]["body"]["seenSinceLastUpdate"][0]["seenAt"].startswith("2026-03-01T08:00:00")
    assert _told(http.get("/control/clock"))["now"] == "2026-03-01T08:00:00.0000000Z"


def test_the_owner_may_write_straight_to_the_api_with_and_without_the_gateways_prefix(http: httpx.Client) -> None:
    body = CREATE["request"]["body"]  # type: ignore[index]
    for prefix in ("", "/dialogporten"):
        assert http.post(f"{prefix}/api/v1/serviceowner/dialogs", json=body).status_code == 201


def test_a_minted_token_opens_the_api_for_a_system_user_or_a_person(http: httpx.Client) -> None:
    for body, acr in (({"system_user": SYSTEM_USER}, None), ({"pid": "03886595947", "acr": "idporten-loa-high"}, 4)):
        token = _told(http.post("/control/token", json=body))["access_token"]
        answer = http.get("/dialogporten/api/v1/enduser/parties", headers={"Authorization": f"Bearer {token}"})
        assert [one["party"] for one in answer.json()["authorizedParties"]] == [BAKERY], acr


def test_the_instance_of_a_problem_has_no_gateway_in_it(http: httpx.Client) -> None:
    _told(http.put("/control/mode", json={"local": True}))
    answer = http.get("/dialogporten/api/v1/enduser/dialogs")
    assert answer.json()["instance"] == "/api/v1/enduser/dialogs"


def test_the_access_model_can_be_read_back(http: httpx.Client, inbox: Inbox) -> None:
    told = _told(http.get("/control/access"))
    assert told["callers"][SYSTEM_USER]["parties"] == [BAKERY]
    assert told["levels"] == inbox.model["levels"]
    assert _told(http.put("/control/access", json=told)) == told


def test_clients_and_system_users_are_registered(http: httpx.Client, inbox: Inbox) -> None:
    client = {"client_id": "c1", "keys": [{"kty": "RSA"}], "scopes": ["digdir:dialogporten"], "org": "310000000"}
    user = {"id": SYSTEM_USER.upper(), "org": "311110748", "client_id": "c1", "external_ref": "lonn"}
    _told(http.post("/control/clients", json=client))
    _told(http.post("/control/system-users", json=user))
    assert inbox.world.registry.clients["c1"].token_lifetime == 119
    (known,) = inbox.world.registry.system_users_of("c1", "311110748", "lonn")
    assert known.id == SYSTEM_USER


def test_the_truth_needs_a_caller(http: httpx.Client) -> None:
    assert http.get("/control/truth").status_code == 400
    assert _told(http.get("/control/truth", params={"caller": SYSTEM_USER}))["dialogs"] == []


@pytest.mark.parametrize("path", ["clock", "steps", "access", "token"])
def test_a_body_that_makes_no_sense_is_a_400_with_a_reason(http: httpx.Client, path: str) -> None:
    method = "POST" if path in ("steps", "token") else "PUT"
    answer = http.request(method, f"/control/{path}", content=b"[1]")
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_cleanly(sent: signal.Signals) -> None:
    program = "from sync.sandbox.server import serve; serve(port=0, ready=lambda url: print(url, flush=True))"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert httpx.get(f"{url}/health/liveness", trust_env=False).text == "Healthy"
        process.send_signal(sent)
        assert process.wait(timeout=20) == 0


def test_it_serves_on_loopback_only_and_says_when_the_port_is_taken() -> None:
    with pytest.raises(ValueError, match="loopback"):
        serve(host="0.0.0.0")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        serve(port=taken.getsockname()[1])
