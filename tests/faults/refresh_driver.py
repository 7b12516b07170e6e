"""A process that starts processes which renew a login, and which halt at a chosen point. Not imported by tests: they
start it.

Reads one order a line from standard input, as JSON. `{"start": {"settings", "env", "connection", "point", "times",
"told"}}` forks a child and answers `{"pid"}`; `{"end": pid}` waits for it and answers `{"signal", "exit"}`. The child
asks for a bearer `times` times, throwing each away. A line of JSON in the file `told` tells of each happening: `{"at":
point}` when it halts there, holding all it holds, until it is killed; `{"waiting": true}` when somebody else has the
lock; `{"event"}`; `{"token": true}` or `{"error", "exit_code", "sentence"}` for each bearer.

The points, in order: `locked` (nothing is noted yet), `before send` (noted), `after send` (the whole request is on its
way, nothing was read), `after receive`, `before commit` (written, not committed), `after commit` (the access token was
given to nobody yet).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from httpcore._sync.http11 import HTTP11Connection

from config.connections import IdPortenConnection
from config.settings import load
from store.archive import Archive
from store.consents import Consents
from store.engine import make_engine, parse_url
from store.errors import DriverMissing
from sync.auth.grant import client_of
from sync.auth.idporten import IdPorten
from sync.auth.persons import PersonTokens
from sync.auth.vault import Vault
from sync.dialogporten.clock import utc_now
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.http import HttpEdge

Tell = Callable[[Mapping[str, object]], None]


def watch(point: str, reached: Callable[[str], None]) -> None:
    """From now on `reached(name)` is called at each point of a renewal."""
    archive: Any = Archive
    consents: Any = Consents
    edge: Any = HttpEdge
    wire: Any = HTTP11Connection
    change, transaction, post = consents.change, archive._transaction, edge.post_form
    receive = wire._receive_response_headers
    storing, posting = threading.Event(), threading.Event()

    def watched_change(self: Any, connection: str, generation: int, sent_at: str | None, fields: Any) -> bool:
        if "sealed" in fields:
            storing.set()
        else:
            reached("locked")
        done: bool = change(self, connection, generation, sent_at, fields)
        if storing.is_set():
            storing.clear()
            reached("after commit")
        return done

    @contextmanager
    def watched_transaction(self: Any, **more: Any) -> Iterator[Any]:
        with transaction(self, **more) as connection:
            yield connection
            if storing.is_set():
                reached("before commit")

    def watched_post(self: Any, url: str, fields: Any, **more: Any) -> Any:
        if fields.get("grant_type") != "refresh_token":
            return post(self, url, fields, **more)
        reached("before send")
        posting.set()
        answer = post(self, url, fields, **more)
        posting.clear()
        reached("after receive")
        return answer

    def watched_receive(self: Any, *arguments: Any, **more: Any) -> Any:
        if posting.is_set():
            reached("after send")
        return receive(self, *arguments, **more)

    consents.change, archive._transaction = watched_change, watched_transaction
    edge.post_form, wire._receive_response_headers = watched_post, watched_receive


def carry_out(order: Mapping[str, Any]) -> None:
    """In the child."""
    file = Path(order["told"])

    def tell(what: Mapping[str, object]) -> None:
        with file.open("a") as out:
            out.write(json.dumps(what) + "\n")

    def reached(point: str) -> None:
        if point == order["point"]:
            tell({"at": point})
            threading.Event().wait()

    def wait(seconds: float) -> bool:
        tell({"waiting": True})
        return threading.Event().wait(seconds)

    watch(order["point"], reached)
    settings = load(Path(order["settings"]), order["env"])
    connection = settings.connection(order["connection"])
    assert isinstance(connection, IdPortenConnection)
    client = client_of(connection, settings.environment, order["env"])
    http = HttpEdge(hosts=settings.environment.hosts)
    with Archive.open(settings.archive.url, create=False) as archive:
        vault = Vault(
            archive.consents,
            settings.vault_keys(order["env"]),
            now=utc_now,
            wait=wait,
            told=lambda event, _fields: tell({"event": str(event)}),
        )
        issuer = IdPorten(http, settings.environment.idporten)
        tokens = PersonTokens(issuer, vault, client, monotonic=time.monotonic)
        for _ in range(order["times"]):
            try:
                tokens.invalidate(tokens.bearer())
                tell({"token": True})
            except ArkivError as error:
                tell({"error": type(error).__name__, "exit_code": error.exit_code, "sentence": error.sentence})
    http.close()


def start(order: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        carry_out(order)
        code = 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def warm_up() -> None:
    """What each child would else load for itself: the trusted certificates, and the driver of PostgreSQL if any."""
    HttpEdge(hosts=frozenset()).close()
    with suppress(DriverMissing):
        make_engine(parse_url("postgresql://nobody@/nothing"), read_only=True).dispose()


def main() -> None:
    warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        if "start" in order:
            answer = {"pid": start(order["start"])}
        else:
            status = os.waitpid(order["end"], 0)[1]
            answer = {"signal": status & 0x7F, "exit": status >> 8}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
