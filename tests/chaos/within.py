"""The sandbox without a port: each request goes to the application in this process and is answered at once."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import httpx

from sync.sandbox import render_detail
from sync.sandbox.app import DROP, create_app
from sync.sandbox.faults import Faults
from sync.sandbox.world import World

URL = "http://127.0.0.1:9"  # nobody is asked there


class Within(httpx.BaseTransport):
    """Stands where a `SandboxServer` does, and carries the requests besides. Faults look to the client as over a port;
    there is no slowness, and dialog tokens are another each time, but nobody signed them.
    """

    url = URL

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults()
        world.base_url = URL
        self._app = create_app(world, self.faults)
        self._cheap = patch.object(render_detail, "dialog_token", lambda _viewer, dialog: f"{dialog.id}.{uuid4()}")

    def __enter__(self) -> Within:
        self._cheap.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._cheap.stop()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        scope: dict[str, Any] = {
            "type": "http",
            "http_version": "1.1",
            "method": request.method,
            "scheme": "http",
            "path": request.url.path,
            "raw_path": request.url.raw_path.split(b"?")[0],
            "root_path": "",
            "query_string": request.url.query,
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "server": ("127.0.0.1", 9),
            "client": ("127.0.0.1", 9),
        }
        exchange = _Exchange(request.read())
        scope[DROP] = exchange.drop
        try:
            self._app(scope, exchange.receive, exchange.send).send(None)
        except StopIteration:
            return exchange.answer()
        raise AssertionError("the sandbox waits for something")


class _Exchange(httpx.SyncByteStream):
    """One request and its answer, in the words of ASGI."""

    def __init__(self, body: bytes) -> None:
        self._asked = body
        self._dropped = False
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._body = b""

    def drop(self) -> None:
        self._dropped = True

    async def receive(self) -> dict[str, Any]:
        return {"type": "http.request", "body": self._asked, "more_body": False}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self._status, self._headers = message["status"], list(message["headers"])
        else:
            self._body += message.get("body", b"")

    def answer(self) -> httpx.Response:
        if self._dropped:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(self._status, headers=self._headers, stream=self)

    def __iter__(self) -> Iterator[bytes]:
        yield self._body
        promised = dict(self._headers).get(b"content-length", b"0")
        if len(self._body) < int(promised):
            raise httpx.RemoteProtocolError("peer closed connection without sending complete message body")
