"""Every answer of the sandbox is one that the published OpenAPI document describes, where it describes that status."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from sync.sandbox import seed
from sync.sandbox.callers import Caller
from sync.sandbox.dialogs import JsonObject
from sync.sandbox.server import SandboxServer
from sync.sandbox.steps import named_caller
from sync.sandbox.world import World
from tests.contract.sandbox_replay import RECORDINGS, SCHEMA, Replay, scenario, scenarios

pytestmark = pytest.mark.skipif(not SCHEMA.is_file(), reason="the published OpenAPI document is not here")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def _json_schema(value: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema."""
    if isinstance(value, list):
        return [_json_schema(one) for one in value]
    if not isinstance(value, dict):
        return value
    turned = {key: _json_schema(part) for key, part in value.items() if key != "nullable"}
    return {"anyOf": [turned, {"type": "null"}]} if value.get("nullable") is True else turned


class Document:
    """The OpenAPI document, asked for one answer at a time."""

    def __init__(self) -> None:
        self._document = json.loads(SCHEMA.read_text("utf-8-sig"))
        self._components = _json_schema(self._document["components"])
        self._validators: dict[str, Draft202012Validator] = {}
        self.checked: Counter[str] = Counter()

    def check(self, method: str, path: str, status: int, body: Any) -> None:
        """Fails when the body is not what the document says of this answer."""
        described = self._described(method, path, status)
        if described is None:
            return
        name = json.dumps(described)
        if name not in self._validators:
            schema = {**_json_schema(described), "components": self._components}
            self._validators[name] = Draft202012Validator(schema)
        for error in self._validators[name].iter_errors(body):
            raise AssertionError(f"{method} {path} → {status}: {error.json_path}: {error.message}")
        self.checked[f"{method} {status}"] += 1

    def _described(self, method: str, path: str, status: int) -> JsonObject | None:
        for template, methods in self._document["paths"].items():
            pattern = re.sub(r"\{\w+\}", "[^/]+", template)
            operation = methods.get(method.lower())
            if operation is not None and re.fullmatch(pattern, path):
                content = operation["responses"].get(str(status), {}).get("content", {})
                for kind, described in content.items():
                    if "json" in kind:
                        schema: JsonObject = described["schema"]
                        return schema
        return None


@pytest.fixture(scope="module")
def document() -> Document:
    return Document()


@pytest.fixture
def replay() -> Iterator[Replay]:
    with SandboxServer(World(local_mode=True)) as server, httpx.Client(base_url=server.url, verify=False) as client:
        yield Replay(server, client)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="the recordings of a genuine server are not here")
@pytest.mark.parametrize("folder", scenarios())
def test_the_bodies_of_a_scenario_are_as_published(replay: Replay, document: Document, folder: str) -> None:
    for _, exchange in scenario(folder):
        answer = replay.send(exchange)
        if answer.content and "json" in answer.headers["content-type"]:
            path = exchange["request"]["path"].partition("?")[0]
            document.check(exchange["request"]["method"], path, answer.status_code, answer.json())


def _read(world: World, caller: Caller, path: str) -> JsonObject:
    return world.apply({"caller": caller.id, "request": {"method": "GET", "path": path}})


def test_the_bodies_of_the_demo_inbox_are_as_published(document: Document) -> None:
    world = World()
    seed.load(world, NOW)
    world.clock.freeze(NOW)
    document.checked.clear()
    read: set[str] = set()
    for caller_id in [*world.access.callers]:
        caller = named_caller(world, caller_id)
        parties = [one["party"] for one in _read(world, caller, "/api/v1/enduser/parties")["body"]["authorizedParties"]]
        paths = ["/api/v1/enduser/parties", "/api/v1/enduser/serviceresources"]
        search = "/api/v1/enduser/dialogs?limit=1000&" + "&".join(f"party={party}" for party in parties)
        for item in _read(world, caller, search)["body"]["items"]:
            if item["id"] in read:
                continue
            read.add(item["id"])
            one = f"/api/v1/enduser/dialogs/{item['id']}"
            paths += [one, f"{one}/transmissions", f"{one}/activities", f"{one}/seenlog", f"{one}/context/labellog"]
            paths.append(f"/api/v1/enduser/dialoglookup?instanceRef=urn:altinn:dialog-id:{item['id']}")
        for path in [*paths, search, "/api/v1/metadata/limits", "/api/v1/metadata/serviceresources"]:
            answer = _read(world, caller, path)
            document.check("GET", path.partition("?")[0], answer["status"], answer["body"])
    assert document.checked["GET 200"] > 100


def test_the_check_sees_what_is_not_published(document: Document) -> None:
    with pytest.raises(AssertionError, match="surprise"):
        document.check("GET", "/api/v1/metadata/limits", 200, {"surprise": 1})
    with pytest.raises(AssertionError, match="Nonsense"):
        document.check("GET", "/api/v1/enduser/dialogs", 200, {"items": [{"status": "Nonsense"}]})
