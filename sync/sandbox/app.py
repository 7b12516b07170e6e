"""The sandbox as one ASGI app.

`/dialogporten` is the API, `/maskinporten` and `/idporten` are the issuers, `/authentication/api/v1` is the Altinn
exchange, and `/control` is for tests.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.sandbox.altinn import create_altinn
from sync.sandbox.altinn_exchange import PATH as EXCHANGE
from sync.sandbox.control import Control
from sync.sandbox.faults import Faults
from sync.sandbox.idporten import create_idporten
from sync.sandbox.maskinporten import create_maskinporten
from sync.sandbox.problems import Answer
from sync.sandbox.routing import Request
from sync.sandbox.serviceowner import GIVEN_ID_HEADER
from sync.sandbox.world import World

PREFIX = "/dialogporten"
DROP = "sandbox.drop"
_ISSUERS = ("/maskinporten", "/idporten", "/authentication")
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def create_app(world: World, faults: Faults | None = None) -> Starlette:
    """The app over `world`. The API also answers without its prefix, as a server without a gateway does."""
    faults = faults if faults is not None else Faults()
    maskinporten = create_maskinporten(world.registry, world.issuers, world.real_now, lambda: world.issuer)
    world.issuers.add(world.issuer)
    idporten = create_idporten(
        world.idporten, world.issuers, world.issuer_now, lambda: world.idporten_issuer, world.persons
    )
    altinn = create_altinn(world.exchange, world.issuers, world.issuer_now, lambda: world.upstream)

    async def api(request: HttpRequest) -> Response:
        answer = world.router.handle(await _request(world, request))
        return _response(answer)

    app = Starlette(
        routes=[
            Mount("/control", routes=Control(world, faults).routes()),
            Mount("/maskinporten", routes=maskinporten),
            Mount("/idporten", routes=idporten),
            Mount(EXCHANGE, routes=altinn),
            Route("/{rest:path}", api, methods=_METHODS),
        ]
    )
    app.add_middleware(_Edge, world=world, faults=faults)
    return app


class _Edge:
    """In front of everything: the `Date` header with its skew, and the faults."""

    def __init__(self, app: ASGIApp, world: World, faults: Faults) -> None:
        self._app = app
        self._world = world
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        target = scope["path"].removeprefix(PREFIX) + (f"?{query}" if query else "")
        if target.startswith(_ISSUERS):
            self._world.requests.add_issuer(scope["method"], scope["path"])
        fault = self._faults.strike(scope["method"], target)

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                skew = timedelta(seconds=self._world.registry.date_skew_seconds)
                date = format_datetime(self._world.real_now() + skew, usegmt=True)
                message["headers"] = [*message.get("headers", ()), (b"date", date.encode())]
            await send(message)

        if fault is None:
            await self._app(scope, receive, dated)
        elif fault.kind == "status":
            self._note(scope, fault.status)
            answer = Answer(fault.status, fault.body.encode(), dict(fault.headers))
            await _response(answer)(scope, receive, dated)
        elif fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
            await self._app(scope, receive, dated)
        elif fault.kind == "drop" and DROP in scope:
            self._note(scope, 0)
            scope[DROP]()
        elif fault.kind == "lost" and DROP in scope:
            await self._app(scope, receive, _swallowed)
            scope[DROP]()
        else:
            await self._app(scope, receive, _halved(dated))

    def _note(self, scope: Scope, status: int) -> None:
        path = scope["path"].removeprefix(PREFIX)
        if not path.startswith(_ISSUERS):
            query = scope["query_string"].decode("latin-1")
            request = Request(self._world, scope["method"], path, query_text=query)
            self._world.router.note_faulted(request, status)


async def _swallowed(_message: Message) -> None:
    """Takes an answer that nobody will see."""


def _halved(send: Send) -> Send:
    """Sends the promised length, half of the body, and no end: the server then closes the connection."""

    async def cut(message: Message) -> None:
        if message["type"] == "http.response.body":
            body = message.get("body", b"")
            message = {**message, "body": body[: len(body) // 2], "more_body": True}
        await send(message)

    return cut


async def _request(world: World, request: HttpRequest) -> Request:
    query = request.scope["query_string"].decode("latin-1")
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Request(
        world=world,
        method=request.method,
        path=request.scope["path"].removeprefix(PREFIX) or "/",
        query=parse_qsl(query, keep_blank_values=True),
        query_text=query,
        headers=headers,
        body=await request.body(),
        given_id=headers.get(GIVEN_ID_HEADER),
    )


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status)
    for name, value in answer.headers.items():
        response.headers[name] = value
    return response
