"""A sandbox to spoil and a settings file for it: what the doctor's tests examine."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.cli.frame import run
from sync.sandbox import seed
from sync.sandbox.access import read_access
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import Stage, settings_text
from sync.sandbox.world import World


@dataclass
class Served:
    """The demo inbox in a thread of this process, with the key that signs for its client."""

    server: SandboxServer
    stage: Stage
    born: datetime

    @property
    def world(self) -> World:
        return self.server.world

    @property
    def requests(self) -> Mapping[str, int]:
        return self.world.requests.by

    def mend(self) -> None:
        """Everything but the dialogs as it was in the beginning."""
        world = self.world
        with world.lock:
            world.registry.clients.clear()
            world.registry.system_users.clear()
            world.registry.date_skew_seconds = 0
            seed.register(world, [self.stage.key.public_jwk()])
            world.access = read_access(seed.access(self.born))
            world.forget_rendered()
        self.server.faults.waiting.clear()
        world.requests.reset()

    def seen(self) -> list[tuple[str, object]]:
        """Every dialog's seen log and unread state, read without a side effect."""
        told: list[tuple[str, object]] = []
        for caller in people.SYSTEM_USERS:
            answer = httpx.get(f"{self.server.url}/control/truth", params={"caller": caller}, timeout=60, verify=False)
            told += [
                (dialog["id"], [dialog.get("seenlog"), dialog.get("listItem")]) for dialog in answer.json()["dialogs"]
            ]
        return told


@dataclass
class Patient:
    """One settings file, and the doctor's word on it."""

    served: Served
    settings: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def archive(self) -> Path:
        return self.settings.parent / "dialogarkiv.db"

    def write(self, text: str) -> None:
        self.settings.write_text(text.replace('"maskinporten.jwk"', f'"{self.served.stage.folder}/maskinporten.jwk"'))

    def connection(self, name: str, rest: str) -> None:
        """One connection instead of the demo's two."""
        head = settings_text(self.served.server.url).partition("[[connection]]")[0]
        self.write(f'{head}[[connection]]\nname = "{name}"\n{rest}\n')

    def run(self, *arguments: str) -> tuple[int, str]:
        code = run(["--config", str(self.settings), *arguments])
        told = self.capsys.readouterr()
        assert "Traceback" not in told.err
        return code, told.out

    def examined(self, *arguments: str) -> tuple[int, Examined]:
        code, out = self.run("doctor", "--json", *arguments)
        document = json.loads(out)
        assert document["exit_code"] == code
        return code, Examined(document)

    def words(self, *arguments: str) -> str:
        """What a person reads, on one line."""
        return " ".join(self.run("doctor", *arguments)[1].split())


@dataclass
class Examined:
    document: dict[str, Any]

    def of(self, who: str) -> dict[str, dict[str, Any]]:
        """The checks by name of `connection` or of `connection/system user`, else of this machine."""
        if who == "general":
            return {check["name"]: check for check in self.document["general"]}
        for entry in self.document["connections"]:
            if who in (entry["connection"], f"{entry['connection']}/{entry['system_user']}"):
                return {check["name"]: check for check in entry["checks"]}
        raise AssertionError(f"{who} was not examined")

    def outcomes(self, who: str) -> dict[str, str]:
        return {name: check["outcome"] for name, check in self.of(who).items()}


def mint(patient: Patient, **claims: object) -> str:
    """A token of the bakery's system user with some claims exchanged; None takes one out."""
    kept = {name: value for name, value in claims.items() if value is not None}
    body: dict[str, object] = {"system_user": people.BAKERY_SYSTEM_USER, "claims": kept}
    if "authorization_details" in claims:
        body["claims"] = {"authorization_details": []}
    answer = httpx.post(f"{patient.served.server.url}/control/token", json=body, verify=False)
    return str(answer.json()["access_token"])
