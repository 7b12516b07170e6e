"""The sandbox as a process or a thread: one port on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from types import TracebackType
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from sync.sandbox.app import DROP, create_app
from sync.sandbox.faults import Faults
from sync.sandbox.world import World


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the app drop the connection without an answer, and never logs a request."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        app = self.app

        async def with_drop(scope: Any, receive: Any, send: Any) -> None:
            scope[DROP] = transport.abort
            await app(scope, receive, send)

        self.app = with_drop


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. OSError when the port is taken."""
    # The protocol is named so that asyncio turns Nagle's algorithm off: without it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(256)
    except OSError:
        listener.close()
        raise
    return listener


def url_of(listener: socket.socket) -> str:
    """The address as clients write it."""
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


class _Server(uvicorn.Server):
    """Leaves the process's signals to us: `serve` stops cleanly instead of dying of the signal afterwards."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


def _server(world: World, faults: Faults | None) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(world, faults),
        http=_Protocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="critical",
        date_header=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=30,
    )
    return _Server(config)


class SandboxServer:
    """Runs a world in a thread of this process: `with SandboxServer(world) as server: server.url`."""

    def __init__(self, world: World, port: int = 0, faults: Faults | None = None) -> None:
        self.world = world
        self.faults = faults if faults is not None else Faults()
        self._listener = listen("127.0.0.1", port)
        self.url = url_of(self._listener)
        world.base_url = self.url
        self._server = _server(world, self.faults)
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)

    @property
    def dialogporten(self) -> str:
        """The base to which `/api/v1/…` is appended."""
        return f"{self.url}/dialogporten"

    def __enter__(self) -> SandboxServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(timeout=10)
        self._listener.close()

    def _run(self) -> None:
        # The socket already listens, so requests made before the loop starts simply wait.
        asyncio.run(self._server.serve(sockets=[self._listener]))


def serve(
    host: str = "127.0.0.1",
    port: int = 8400,
    seed: Callable[[World], None] | None = None,
    *,
    world: World | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Runs until SIGTERM or SIGINT, then stops within seconds. `ready` is called with the address once it listens.

    OSError when the port is taken; ValueError for a host that is not loopback.
    """
    if host not in ("127.0.0.1", "localhost"):
        raise ValueError(f"the sandbox serves on loopback only, not on {host}")
    world = world if world is not None else World()
    with contextlib.closing(listen("127.0.0.1", port)) as listener:
        world.base_url = url_of(listener)
        if seed is not None:
            seed(world)
        server = _server(world, None)
        if ready is not None:
            ready(world.base_url)
        with _stopping(server):
            asyncio.run(server.serve(sockets=[listener]))


@contextlib.contextmanager
def _stopping(server: uvicorn.Server) -> Iterator[None]:
    """Turns the two signals into a clean end."""

    def stop(_signal: int, _frame: object) -> None:
        server.should_exit = True

    before = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
