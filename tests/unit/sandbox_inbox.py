"""A small sandbox to test against: one organisation, a system user and a person, and short ways to write and read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from sync.sandbox.access import read_access
from sync.sandbox.dialogs import JsonObject
from sync.sandbox.world import World

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
BAKERY = "urn:altinn:organization:identifier-no:311110748"
FOREIGN = "urn:altinn:organization:identifier-no:311111116"
SYSTEM_USER = "3f0e1c0a-1111-4222-8333-0123456789ab"
PERSON = "pid:03886595947"
SERVICE = "urn:altinn:resource:ttd-brev"
SECRET_SERVICE = "urn:altinn:resource:ttd-hemmelig"


def text(value: str) -> JsonObject:
    """A content value in one language."""
    return {"value": [{"value": value, "languageCode": "nb"}], "mediaType": "text/plain"}


def letter(**more: Any) -> JsonObject:
    """A transmission from the service owner."""
    return {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text("Brev")}, **more}


class Inbox:
    """A world whose clock stands at `START`, with both callers representing the bakery."""

    def __init__(self, **more: Any) -> None:
        self.world = World(seed=7)
        self.world.clock.freeze(START)
        self.model: JsonObject = {
            "parties": [{"party": BAKERY, "name": "BLID BAKERI AS"}],
            "callers": {SYSTEM_USER: {"parties": [BAKERY]}, PERSON: {"parties": [BAKERY]}},
            "levels": {SECRET_SERVICE: 4},
            "names": {PERSON: "Kari Nordmann"},
        }
        self.grant(**more)

    def grant(self, caller: str = SYSTEM_USER, **more: Any) -> None:
        """Adds to what the caller has or is denied."""
        self.model["callers"].setdefault(caller, {}).update(more)
        self.world.access = read_access(self.model)
        self.world.forget_rendered()

    def send(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = {}, caller: str | None = None
    ) -> JsonObject:
        """One exchange; it must not be refused unless `expect` is used instead."""
        request = {"method": method, "path": path, "body": body, "headers": dict(headers)}
        return self.world.apply({"caller": caller, "request": request} if caller else {"request": request})

    def create(self, **more: Any) -> str:
        """A dialog of the bakery's; its id."""
        body = {
            "serviceResource": SERVICE,
            "party": BAKERY,
            "content": {"title": text("Tittel"), "summary": text("Ingress")},
            **more,
        }
        answer = self.send("POST", "/api/v1/serviceowner/dialogs", body)
        assert answer["status"] == 201, answer
        return str(answer["body"])

    def owner(self, method: str, dialog_id: str, rest: str = "", body: Any = None) -> JsonObject:
        """A service owner's write to one dialog."""
        answer = self.send(method, f"/api/v1/serviceowner/dialogs/{dialog_id}{rest}", body)
        assert 200 <= answer["status"] < 300, answer
        return answer

    def get(self, path: str, caller: str = SYSTEM_USER, **headers: str) -> JsonObject:
        """An end-user GET, whatever its status."""
        return self.send("GET", f"/api/v1/enduser{path}", headers=headers, caller=caller)

    def dialog(self, dialog_id: str, rest: str = "", caller: str = SYSTEM_USER) -> JsonObject:
        """GET of a dialog or of one of its children."""
        return self.get(f"/dialogs/{dialog_id}{rest}", caller)

    def search(self, caller: str = SYSTEM_USER, /, **parameters: Any) -> JsonObject:
        """A search; by default for the bakery. The whole answer."""
        given = {"party": BAKERY, **parameters}
        pairs = [
            f"{name}={quote(str(one), safe='')}"
            for name, value in given.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        return self.get("/dialogs?" + "&".join(pairs), caller)

    def items(self, caller: str = SYSTEM_USER, /, **parameters: Any) -> list[JsonObject]:
        """The items of a search that must succeed."""
        answer = self.search(caller, **parameters)
        assert answer["status"] == 200, answer
        return list(answer["body"]["items"])

    def ids(self, caller: str = SYSTEM_USER, /, **parameters: Any) -> list[str]:
        """Their ids."""
        return [item["id"] for item in self.items(caller, **parameters)]
