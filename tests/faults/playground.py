"""A small world, a sandbox in a thread and the runner in this process: what goes wrong on the way, without waiting.

One clock stands behind the world, the HTTP edge and the runner. A pause moves it instead of taking time, and is
remembered in `pauses`.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from config.settings import load
from store.archive import Archive
from sync.dialogporten.http import HttpEdge
from sync.runner import Runner, RunResult
from sync.sandbox.access import read_access
from sync.sandbox.faults import Faults
from sync.sandbox.server import SandboxServer
from sync.sandbox.steps import claims_for, named_caller
from sync.sandbox.truth import truth_for
from sync.sandbox.world import World
from tests.equality import Tables, differences, tables_of

HERE = "sqlite:///arkiv.db"
US = "7b0c4c4e-52a1-4a0d-8a5b-0f6f5d3a1cff"
HUMAN = "pid:12857910093"
PREFIX = "urn:altinn:organization:identifier-no:"
# Synthetic, with valid check digits.
A, B, C, D = (f"{PREFIX}{number}" for number in ("315260183", "311590839", "310166138", "311860917"))
WHO = ("prove", "")

_SETTINGS = """\
[archive]
url = "{archive}"
[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
maskinporten = "{url}/maskinporten/"
[[connection]]
name = "prove"
kind = "token"
token = "env:TOKEN"
[sync]
open = "{policy}"
concurrency = 4
"""


@dataclass
class Clock:
    """Real time plus what was skipped."""

    skipped: float = 0.0
    pauses: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.skipped)

    def monotonic(self) -> float:
        return datetime.now(UTC).timestamp() + self.skipped

    def skip(self, seconds: float) -> None:
        with self._lock:
            self.skipped += seconds

    def pause(self, seconds: float) -> None:
        with self._lock:
            self.skipped += seconds
            self.pauses.append(seconds)


class Edge(HttpEdge):
    """The HTTP edge, except that waiting takes no time."""

    pausing: Clock

    def wait(self, seconds: float) -> bool:
        self.pausing.pause(seconds)
        return self.stop.is_set()


SomeEdge = TypeVar("SomeEdge", bound=Edge)


class Server(Protocol):
    """What a world is asked through. One that is a transport of httpx besides needs no port."""

    world: World
    url: str
    faults: Faults


class Playground:
    """`world` is what the server holds; `sync()` is one run of ours; `archive` is what came of it."""

    def __init__(self, folder: Path, server: Server, clock: Clock, policy: str, archive: str) -> None:
        self.world = server.world
        self.server = server
        self.clock = clock
        self.told: list[tuple[str, Mapping[str, object]]] = []
        self.on_told: Any = None
        self.file = folder / "dialogarkiv.toml"
        self.file.write_text(_SETTINGS.format(url=server.url, policy=policy, archive=archive))
        now = int(clock.now().timestamp())
        claims = {**claims_for(self.world, US), "iat": now - 86400, "exp": now + 10**8}
        self.env = {"TOKEN": self.world.issuers.sign(self.world.issuer, claims)}
        self.settings = load(self.file, self.env)
        self.runner = Runner(self.settings, self.env, self.hear, now=clock.now, http=self.edge(Edge))
        self.archive = Archive.open(self.settings.archive.url, create=True)

    def edge(self, kind: type[SomeEdge]) -> SomeEdge:
        """Our side of the wire."""
        made = kind(
            hosts=self.settings.environment.hosts,
            now=self.clock.now,
            monotonic=self.clock.monotonic,
            told=self.hear,
            transport=self.server if isinstance(self.server, httpx.BaseTransport) else None,
        )
        made.pausing = self.clock
        return made

    def hear(self, name: str, fields: Mapping[str, object]) -> None:
        self.told.append((str(name), fields))
        if self.on_told is not None:
            self.on_told(str(name), fields)

    # What the world does

    def allow(self, *parties: str, **more: Any) -> None:
        """We represent these parties from now on; `more` goes to our grants, `levels` to the services."""
        levels = more.pop("levels", {})
        self.world.access = read_access(
            {
                "parties": [_entry(party) for party in parties],
                "callers": {US: {"parties": list(parties), **more}, HUMAN: {"parties": [A, B, C, D]}},
                "levels": levels,
                "names": {US: "PRØVE AS", HUMAN: "TORGEIR ÅSNES"},
            }
        )
        self.world.forget_rendered()

    def write(self, method: str, path: str, body: object = None, *, caller: str | None = None, at: Any = None) -> Any:
        """One exchange; `path` after `/api/v1`. It must succeed."""
        at = at.isoformat() if isinstance(at, datetime) else at
        step = {"at": at, "caller": caller, "request": {"method": method, "path": f"/api/v1{path}", "body": body}}
        answer = self.world.apply(step)
        assert 200 <= answer["status"] < 300, answer
        return answer["body"]

    def dialog(self, party: str, title: str = "Prøve", *, at: Any = None, **more: object) -> str:
        """A new dialog; its id."""
        body = {
            "serviceResource": "urn:altinn:resource:prove",
            "party": party,
            "status": "InProgress",
            "content": {"title": text(title), "summary": text(f"Om {title}")},
            **more,
        }
        return str(self.write("POST", "/serviceowner/dialogs", body, at=at))

    def letter(self, dialog_id: str, title: str = "Brev", *, at: Any = None) -> str:
        """One more transmission of a dialog, loud."""
        body = {"type": "Information", "sender": {"actorType": "ServiceOwner"}, "content": {"title": text(title)}}
        return str(self.write("POST", f"/serviceowner/dialogs/{dialog_id}/transmissions", body, at=at))

    def activity(self, dialog_id: str) -> None:
        """One more activity, loud."""
        body = {"type": "Information", "performedBy": {"actorType": "ServiceOwner"}, "description": [word("Gjort")]}
        self.write("POST", f"/serviceowner/dialogs/{dialog_id}/activities", body)

    def retitle(self, dialog_id: str, title: str) -> None:
        """A loud change."""
        patch = [{"op": "replace", "path": "/content/title", "value": text(title)}]
        self.write("PATCH", f"/serviceowner/dialogs/{dialog_id}", patch)

    def human_opens(self, dialog_id: str, *, at: Any = None) -> None:
        """Somebody of the party reads it in the portal."""
        self.write("GET", f"/enduser/dialogs/{dialog_id}", caller=HUMAN, at=at)

    def fault(self, path: str, **fault: Any) -> None:
        """From now on, requests whose path and query match are hit (see `sync.sandbox.faults`)."""
        self.server.faults.add({"path": path, **fault})

    def calm(self) -> None:
        """No fault and no switch any more."""
        self.server.faults.waiting.clear()
        self.world.switches.__init__()  # type: ignore[misc]

    # What we do, and what came of it

    def sync(self) -> RunResult:
        """One run."""
        return self.runner.run(self.archive)

    def tables(self) -> Tables:
        return tables_of(self.settings.archive.url)

    def truth(self) -> Any:
        return msgspec.json.decode(msgspec.json.encode(truth_for(self.world, named_caller(self.world, US))))

    def differences(self, **known: frozenset[str]) -> list[str]:
        """Where the archive does not equal the truth."""
        return differences(self.tables(), {WHO: self.truth()}, **known)

    def mailbox(self, party: str) -> Any:
        return next(row for row in self.archive.mailboxes(*WHO) if row["party"] == party)

    def row(self, dialog_id: str) -> Any:
        """The dialog's row."""
        return next(row for row in self.tables()["dialog"] if row["id"] == dialog_id)

    def history(self, dialog_id: str) -> dict[str, tuple[object, object]]:
        """What changed → (before, after), as JSON text."""
        rows = self.archive.query_read_only(f"SELECT what, before, after FROM history WHERE dialog_id = '{dialog_id}'")
        with rows as answer:
            return {str(what): (before, after) for what, before, after in answer.rows}

    def close(self) -> None:
        self.archive.close()
        self.runner.close()


@cache
def empty_archive() -> bytes:
    """Every world begins with one, and the migrations take their time."""
    with tempfile.TemporaryDirectory(prefix="empty-") as folder:
        file = Path(folder) / "arkiv.db"
        Archive.open(f"sqlite:///{file}", create=True).close()
        return file.read_bytes()


@cache
def issuers_key() -> rsa.RSAPrivateKey:
    """One for all worlds: making one takes as long as many requests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def playground(
    folder: Path,
    policy: str = "after-human",
    archive: str = HERE,
    clock: Clock | None = None,
    serving: Callable[[World], AbstractContextManager[Server]] = SandboxServer,
) -> Iterator[Playground]:
    """A world in which we represent A and B."""
    clock = clock or Clock()
    if archive == HERE:
        (folder / "arkiv.db").write_bytes(empty_archive())
    with serving(World(now=clock.now)) as server:
        server.world.issuers._keys.setdefault(server.world.issuer, issuers_key())
        play = Playground(folder, server, clock, policy, archive)
        play.allow(A, B)
        try:
            yield play
        finally:
            play.close()


def word(value: str) -> dict[str, str]:
    return {"value": value, "languageCode": "nb"}


def text(value: str) -> dict[str, object]:
    return {"value": [word(value)], "mediaType": "text/plain"}


def problem(status: int, **errors: list[str]) -> str:
    """A problem body in the server's shape."""
    body = {"title": "Prøve", "status": status, "traceId": f"00-{'a' * 32}-{'b' * 16}-00", "errors": errors}
    return msgspec.json.encode(body).decode()


def _entry(party: str) -> dict[str, object]:
    return {
        "party": party,
        "partyUuid": "13b5a477-f80e-5bbc-a00c-810e7dba4bf7",
        "partyId": 51310166,
        "name": f"PRØVE {party[-9:]}",
        "partyType": "Organization",
        "isDeleted": False,
        "hasKeyRole": False,
        "isCurrentEndUser": False,
        "isMainAdministrator": False,
        "isAccessManager": False,
        "hasOnlyAccessToSubParties": False,
    }
