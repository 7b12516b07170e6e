"""Whether a request that failed may have reached anybody: what may be sent only once hangs on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest

from sync.dialogporten.errors import ArkivError, ConnectFailed, Context, CutBody, HostNotAllowed, Stopped, TimedOut
from sync.dialogporten.http import HttpEdge, Timeouts

CONTEXT = Context(at=datetime(2026, 11, 22, 6, 30, tzinfo=UTC), method="POST", url_path="/token")
SHORT = Timeouts(connect=5.0, read=0.2, write=5.0, pool=5.0, whole=5.0)


def asked(url: str, *, stopped: bool = False) -> ArkivError:
    """The error of a form that is posted there."""
    http = HttpEdge(hosts=frozenset(), timeouts=SHORT)
    if stopped:
        http.stop.set()
    try:
        with pytest.raises(ArkivError) as caught:
            http.post_form(url, {"grant_type": "refresh_token"}, context=CONTEXT)
        return caught.value
    finally:
        http.close()


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that reads what came and then does as it is told; its host and port."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection, suppress(OSError):
                connection.settimeout(10)
                connection.recv(65536)
                answer(connection)
                done.wait(10)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes a thread that still waits for somebody to come
        listener.close()
        thread.join(10)


def closing(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def breaking_off(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")
    connection.shutdown(socket.SHUT_RDWR)


def silent(_connection: socket.socket) -> None:
    pass


@pytest.mark.parametrize(
    ("answer", "error"),
    [(closing, ConnectFailed), (breaking_off, CutBody), (silent, TimedOut)],
    ids=["closed without a word", "broken off", "silent"],
)
def test_what_fails_after_the_request_was_on_its_way_may_have_been_done(
    answer: Callable[[socket.socket], None], error: type[ArkivError]
) -> None:
    with listening(answer) as host:
        failure = asked(f"http://{host}/token")
    assert isinstance(failure, error)
    assert failure.left


def test_nobody_at_home_and_nobody_who_speaks_tls_were_sent_nothing() -> None:
    with listening(silent) as host:
        pass
    for url in (f"http://{host}/token", f"https://{host}/token"):
        failure = asked(url)
        assert isinstance(failure, ConnectFailed)
        assert not failure.left
    with listening(closing) as host:
        failure = asked(f"https://{host}/token")
    assert isinstance(failure, ConnectFailed)
    assert not failure.left


def test_what_we_did_not_send_ourselves_did_not_leave() -> None:
    stopped = asked("http://127.0.0.1:9/token", stopped=True)
    assert isinstance(stopped, Stopped)
    assert not stopped.left
    refused = asked("http://example.org/token")
    assert isinstance(refused, HostNotAllowed)
    assert not refused.left
