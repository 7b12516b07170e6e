"""The part of the control interface that is about persons: ID-porten and the Altinn exchange.

| path under /control | methods | body |
|---|---|---|
| idporten-clients | POST | a client or a list of them, fields as in `IdPortenClient` |
| idporten | GET, PUT | `{"offset": seconds}` sets the clock by which consents age; `{"require_par": bool}`; |
| | | `{"misbehave": [names]}`, see `idporten_words` |
| idporten/withdraw | POST | `{"client_id", "pid"}`: the person withdraws the consent |
| idporten/visit | POST | `{"address", "pid", "acr"?, "declined"?: [scopes]}`: a whole login; answers `{"address"}` |
| altinn | GET, PUT | fields as in `Exchange` |
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from sync.sandbox.dialogs import JsonObject
from sync.sandbox.idporten_authorize import walk_through
from sync.sandbox.idporten_clients import client_of
from sync.sandbox.world import World

Handler = Callable[[Any, Request], Any]


class PersonsControl:
    """The handlers; each takes the decoded body (None without one) and gives what is to be answered."""

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> dict[str, dict[str, Handler]]:
        """Handlers by path and method."""
        return {
            "idporten-clients": {"POST": self.add_clients},
            "idporten": {"GET": self.read, "PUT": self.change},
            "idporten/withdraw": {"POST": self.withdraw},
            "idporten/visit": {"POST": self.visit},
            "altinn": {"GET": self.read_altinn, "PUT": self.change_altinn},
        }

    def add_clients(self, body: Any, _request: Request) -> JsonObject:
        for one in body if isinstance(body, list) else [body]:
            self._world.idporten.clients.add(client_of(one))
        return {"clients": sorted(self._world.idporten.clients.by_id)}

    def read(self, _body: Any, _request: Request) -> JsonObject:
        return self._world.idporten.summary(self._world.issuer_now())

    def change(self, body: Any, request: Request) -> JsonObject:
        if unknown := set(body) - {"offset", "misbehave", "require_par"}:
            raise ValueError(f"unknown field {min(unknown)}")
        if "offset" in body:
            self._world.idporten.offset = float(body["offset"])
        if "require_par" in body:
            self._world.idporten.require_par = bool(body["require_par"])
        if "misbehave" in body:
            self._world.idporten.misbehave(body["misbehave"])
        return self.read(body, request)

    def withdraw(self, body: Any, _request: Request) -> JsonObject:
        return {"withdrawn": self._world.idporten.withdraw(body["client_id"], body["pid"])}

    def visit(self, body: Any, _request: Request) -> JsonObject:
        world = self._world
        declined = body.get("declined", ())
        address = walk_through(
            world.idporten,
            body["address"],
            body["pid"],
            body.get("acr"),
            declined,
            world.idporten_issuer,
            world.issuer_now(),
        )
        return {"address": address}

    def read_altinn(self, _body: Any, _request: Request) -> JsonObject:
        return self._world.exchange.told()

    def change_altinn(self, body: Any, request: Request) -> JsonObject:
        self._world.exchange.change(body)
        return self.read_altinn(body, request)
