"""The command line, with a ledger of every secret that its sandbox mints or is sent: a JSON string on each line.

    python -m tests.canary.watched_sandbox LEDGER sandbox --port 0 …

So the program that uses the sandbox needs no watching itself: its assertions, verifiers and secrets all come here.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import jwt
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.cli import main
from sync.sandbox import server
from sync.sandbox.app import create_app
from sync.sandbox.idporten_grants import Grant, IdPorten, RefreshToken

_SECRET_FIELDS = ("assertion", "client_assertion", "client_secret", "code", "code_verifier", "refresh_token", "token")


class Ledger:
    """Appends what is secret to a file."""

    def __init__(self, file: Path) -> None:
        self._file = file.open("a", encoding="utf-8")

    def note(self, secret: str) -> None:
        self._file.write(f"{json.dumps(secret)}\n")
        self._file.flush()

    def noting(self, mint: Callable[..., str]) -> Callable[..., str]:
        def minted(*args: Any, **kwargs: Any) -> str:
            secret = mint(*args, **kwargs)
            self.note(secret)
            return secret

        return minted


class Watched:
    """In front of the sandbox's app: notes what comes in."""

    def __init__(self, app: ASGIApp, ledger: Ledger) -> None:
        self._app = app
        self._ledger = ledger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"authorization":
                self._ledger.note(value.decode("latin-1").partition(" ")[2])

        async def noted() -> Message:
            message = await receive()
            if scope["method"] == "POST" and scope["path"].startswith(("/idporten", "/maskinporten")):
                for field, value in parse_qsl(message.get("body", b"").decode("latin-1")):
                    if field in _SECRET_FIELDS:
                        self._ledger.note(value)
            return message

        await self._app(scope, noted, send)


def watch(ledger: Ledger) -> None:
    """From now on the sandbox of this process is watched."""
    jwt.encode = ledger.noting(jwt.encode)
    setattr(IdPorten, "give_code", ledger.noting(IdPorten.give_code))  # noqa: B010
    add = Grant.add_token

    def add_token(grant: Grant, now: datetime) -> RefreshToken:
        token = add(grant, now)
        ledger.note(token.value)
        return token

    setattr(Grant, "add_token", add_token)  # noqa: B010
    setattr(server, "create_app", lambda *args: Watched(create_app(*args), ledger))  # noqa: B010


if __name__ == "__main__":
    watch(Ledger(Path(sys.argv.pop(1))))
    main()
