"""Recorded-style exchanges done from Python: how tests and the demo inbox write."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from sync.sandbox.callers import Caller, caller_of
from sync.sandbox.dialogs import JsonObject
from sync.sandbox.ids import is_guid
from sync.sandbox.instants import moment, read_instant
from sync.sandbox.routing import Request
from sync.sandbox.world import World


def apply_step(world: World, step: Mapping[str, Any], at: datetime | None = None) -> JsonObject:
    """Does the exchange, see `World.apply`. ValueError when the step is malformed."""
    request = step["request"]
    if at is None and step.get("at") is not None:
        at = moment(read_instant(step["at"]))
    path, _, query = str(request["path"]).partition("?")
    body = request.get("body")
    caller = step.get("caller")
    done = Request(
        world=world,
        method=str(request["method"]).upper(),
        path=path.removeprefix("/dialogporten"),
        query=parse_qsl(query, keep_blank_values=True),
        query_text=query,
        headers={name.lower(): value for name, value in (request.get("headers") or {}).items()},
        body=b"" if body is None else msgspec.json.encode(body),
        caller=None if caller is None else named_caller(world, str(caller)),
        given_id=step.get("id") or _recorded_id(step),
    )
    with world.lock, world.clock.at(at):
        answer = world.router.handle(done)
    return {
        "status": answer.status,
        "headers": answer.headers,
        "body": _read(answer.body),
    }


def named_caller(world: World, caller_id: str, acr: str | None = None) -> Caller:
    """The caller that a token for this id of the access model would make. ValueError when the id names nobody."""
    caller = caller_of(claims_for(world, caller_id, acr))
    if not isinstance(caller, Caller):
        raise ValueError(f"no usable caller id: {caller_id.split(':')[0]}…")
    return caller


def claims_for(world: World, caller_id: str, acr: str | None = None) -> JsonObject:
    """The claims that tell who the caller is. A person is at level 4 unless `acr` says otherwise."""
    scope = {"scope": "digdir:dialogporten"}
    if caller_id.startswith("pid:"):
        return {**scope, "pid": caller_id.removeprefix("pid:"), "acr": acr or "idporten-loa-high"}
    if caller_id.startswith("email:"):
        address = caller_id.removeprefix("email:")
        return {**scope, "email": address, "amr": ["Selfregistered-email"], "acr": acr or "selfregistered-email"}
    user = world.registry.system_users.get(caller_id)
    org = user.org if user is not None else "310000000"
    client = world.registry.clients.get(user.client_id) if user is not None else None
    details = {
        "type": "urn:altinn:systemuser",
        "systemuser_id": [caller_id],
        "systemuser_org": {"authority": "iso6523-actorid-upis", "ID": f"0192:{org}"},
        "system_id": user.system_id if user is not None else "sandbox",
    }
    consumer = {"authority": "iso6523-actorid-upis", "ID": f"0192:{client.org if client is not None else org}"}
    level = {} if acr is None else {"acr": acr}
    return {**scope, **level, "consumer": consumer, "authorization_details": [details]}


def _recorded_id(step: Mapping[str, Any]) -> str | None:
    response = step.get("response")
    body = response.get("body") if isinstance(response, Mapping) and response.get("status") == 201 else None
    return body if isinstance(body, str) and is_guid(body) else None


def _read(body: bytes) -> Any:
    if not body:
        return None
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body.decode()
