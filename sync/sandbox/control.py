"""The control interface: what tests and the demo do to the world. Never authenticated; loopback only.

| path under /control | methods | body |
|---|---|---|
| clock | GET, PUT | `{"now": instant}` freezes, `{"offset": seconds}` runs |
| date-skew | PUT | `{"seconds": n}` for the `Date` header and token validation |
| steps | POST | a list of recorded-style exchanges |
| mode | GET, PUT | `{"local": bool}` |
| access | GET, PUT | the access model |
| faults | GET, POST, DELETE | a list of faults |
| switches | GET, POST, DELETE | switches by name; `{"resalt": true}` once makes every ephemeral id another |
| requests | GET, DELETE | |
| truth | GET `?caller=`, `&acr=` for a person below level 4 | |
| clients, system-users, token | POST | see `registry`; `{"system_user": id}` or `{"pid", "acr"}` |
| idporten…, altinn | | see `idporten_control` |
"""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.sandbox.access import read_access, write_access
from sync.sandbox.dialogs import JsonObject
from sync.sandbox.faults import Faults
from sync.sandbox.idporten_control import PersonsControl
from sync.sandbox.instants import moment, read_instant
from sync.sandbox.registry import MaskinportenClient, SystemUser
from sync.sandbox.steps import claims_for, named_caller
from sync.sandbox.switches import Switches
from sync.sandbox.truth import truth_for
from sync.sandbox.world import LOCAL_CALLER, World

TOKEN_LIFETIME_SECONDS = 1800
Handler = Callable[[Any, Request], Any]


class Control:
    """The handlers; each takes the decoded body (None without one) and gives what is to be answered."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def routes(self) -> list[Route]:
        """The routes, to be mounted at `/control`."""
        table: dict[str, dict[str, Handler]] = {
            "clock": {"GET": self.read_clock, "PUT": self.set_clock},
            "date-skew": {"PUT": self.set_date_skew},
            "steps": {"POST": self.do_steps},
            "mode": {"GET": self.read_mode, "PUT": self.set_mode},
            "access": {"GET": self.read_access, "PUT": self.set_access},
            "faults": {"GET": self.read_faults, "POST": self.add_faults, "DELETE": self.drop_faults},
            "switches": {"GET": self.read_switches, "POST": self.set_switches, "DELETE": self.drop_switches},
            "requests": {"GET": self.read_requests, "DELETE": self.drop_requests},
            "truth": {"GET": self.read_truth},
            "clients": {"POST": self.add_clients},
            "system-users": {"POST": self.add_system_users},
            "token": {"POST": self.mint_token},
            **PersonsControl(self._world).table(),
        }
        return [Route(f"/{name}", self._endpoint(methods), methods=list(methods)) for name, methods in table.items()]

    def read_clock(self, _body: Any, _request: Request) -> JsonObject:
        clock = self._world.clock
        return {"now": clock.text(), "frozen": clock.frozen is not None, "offset": clock.offset.total_seconds()}

    def set_clock(self, body: Any, request: Request) -> JsonObject:
        if "now" in body:
            self._world.clock.freeze(moment(read_instant(body["now"])))
        else:
            self._world.clock.run(float(body["offset"]))
        return self.read_clock(body, request)

    def set_date_skew(self, body: Any, _request: Request) -> JsonObject:
        self._world.registry.date_skew_seconds = float(body["seconds"])
        return {"seconds": self._world.registry.date_skew_seconds}

    def do_steps(self, body: Any, _request: Request) -> list[JsonObject]:
        return [self._world.apply(step) for step in body]

    def read_mode(self, _body: Any, _request: Request) -> JsonObject:
        return {"local": self._world.local_mode}

    def set_mode(self, body: Any, request: Request) -> JsonObject:
        self._world.local_mode = bool(body["local"])
        self._world.forget_rendered()
        return self.read_mode(body, request)

    def read_access(self, _body: Any, _request: Request) -> JsonObject:
        return write_access(self._world.access)

    def set_access(self, body: Any, request: Request) -> JsonObject:
        self._world.access = read_access(body)
        self._world.forget_rendered()
        return self.read_access(body, request)

    def read_faults(self, _body: Any, _request: Request) -> list[JsonObject]:
        return [dataclasses.asdict(fault) for fault in self._faults.waiting]

    def add_faults(self, body: Any, request: Request) -> list[JsonObject]:
        for values in body if isinstance(body, list) else [body]:
            self._faults.add(values)
        return self.read_faults(body, request)

    def drop_faults(self, body: Any, request: Request) -> list[JsonObject]:
        self._faults.waiting.clear()
        return self.read_faults(body, request)

    def read_switches(self, _body: Any, _request: Request) -> JsonObject:
        return dataclasses.asdict(self._world.switches)

    def set_switches(self, body: Any, request: Request) -> JsonObject:
        if body.pop("resalt", False):
            self._world.resalt()
        self._world.switches.change(body)
        return self.read_switches(body, request)

    def drop_switches(self, body: Any, request: Request) -> JsonObject:
        self._world.switches = Switches()
        return self.read_switches(body, request)

    def read_requests(self, _body: Any, _request: Request) -> JsonObject:
        return self._world.requests.summary()

    def drop_requests(self, body: Any, request: Request) -> JsonObject:
        self._world.requests.reset()
        return self.read_requests(body, request)

    def read_truth(self, _body: Any, request: Request) -> JsonObject:
        self._world.commit_due()
        if self._world.local_mode:
            return truth_for(self._world, LOCAL_CALLER)
        asked = request.query_params
        return truth_for(self._world, named_caller(self._world, asked["caller"], asked.get("acr")))

    def add_clients(self, body: Any, _request: Request) -> JsonObject:
        for one in body if isinstance(body, list) else [body]:
            client = MaskinportenClient(
                client_id=one["client_id"],
                keys=tuple(one["keys"]),
                scopes=tuple(one["scopes"]),
                org=one["org"],
                token_lifetime=int(one.get("token_lifetime", 119)),
            )
            self._world.registry.add_client(client)
        return {"clients": sorted(self._world.registry.clients)}

    def add_system_users(self, body: Any, _request: Request) -> JsonObject:
        for one in body if isinstance(body, list) else [body]:
            user = SystemUser(
                id=str(one["id"]).lower(),
                org=one["org"],
                client_id=one["client_id"],
                external_ref=one.get("external_ref"),
                system_id=one.get("system_id", ""),
            )
            self._world.registry.add_system_user(user)
        return {"system_users": sorted(self._world.registry.system_users)}

    def mint_token(self, body: Any, _request: Request) -> JsonObject:
        world = self._world
        caller_id = body["system_user"] if "system_user" in body else f"pid:{body['pid']}"
        now = int(world.real_now().timestamp())
        lifetime = int(body.get("lifetime", TOKEN_LIFETIME_SECONDS))
        claims = {**claims_for(world, caller_id, body.get("acr")), "iat": now, "exp": now + lifetime}
        claims.update(body.get("claims", {}))
        return {"access_token": world.issuers.sign(world.issuer, claims), "token_type": "Bearer"}

    def _endpoint(self, methods: dict[str, Handler]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            raw = await request.body()
            try:
                body = msgspec.json.decode(raw) if raw else None
                with self._world.lock:
                    told = methods[request.method](body, request)
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                text = f"{type(error).__name__}: {error}"
                return Response(msgspec.json.encode({"error": text}), 400, media_type="application/json")
            return Response(msgspec.json.encode(told), media_type="application/json")

        return endpoint
