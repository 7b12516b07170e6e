"""The crash matrix of the refresh: a real process is killed at each point of a renewal while another one waits for its
turn, against servers that rotate refresh tokens and servers that do not, with and without reuse detection.

Every case ends in a working consent or in one clear "log in again"; no old token is ever sent.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.connections import IdPortenConnection
from config.settings import load
from store.archive import Archive
from sync.auth.consent import Consent
from sync.auth.grant import Client, client_of
from sync.auth.idporten import IdPorten
from sync.auth.vault import Vault
from sync.dialogporten.clock import utc_now
from sync.dialogporten.http import HttpEdge
from sync.sandbox.idporten_clients import client_of as registered
from sync.sandbox.idporten_grants import Grant
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World
from tests.acceptance.sandbox_process import environment
from tests.store.postgres import Databases

PID = "12857910093"
POINTS = ("locked", "before send", "after send", "after receive", "before commit", "after commit")
# At these the process that died cannot have been the only one to know the newest token.
HARMLESS = ("locked", "after commit")
ENV = {"IDPORTEN_SECRET": "a-secret-of-the-client"}
_numbers = itertools.count(1)

SETTINGS = """\
[archive]
url = "{archive}"
[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
idporten = "{url}/idporten"
[[connection]]
name = "{name}"
kind = "id-porten"
client_id = "{name}"
client_secret = "env:IDPORTEN_SECRET"
redirect = "http://127.0.0.1:8765/callback"
{more}
"""


@dataclass(frozen=True)
class Kind:
    """How a server treats refresh tokens, and what we know of that when the crash comes."""

    name: str
    registered: Mapping[str, Any]
    knows: str = "seen"  # seen: an answer has shown it; told: the settings say so; nothing

    @property
    def reusable(self) -> bool:
        """Whether we may know that a token can be sent twice."""
        return self.registered["refresh_token_usage"] == "REUSE" and self.knows != "nothing"


def rotating(detection: str, knows: str = "seen") -> Kind:
    usage = {"refresh_token_usage": "ONETIME", "reuse_detection": detection}
    return Kind(f"rotating-{detection}-{knows}", usage, knows)


def standing(knows: str, *, named: bool) -> Kind:
    usage = {"refresh_token_usage": "REUSE", "returns_refresh_token": named}
    return Kind(f"reusable-{'named' if named else 'silent'}-{knows}", usage, knows)


# What we know of a server, and how it spells its answers, is the same to either engine. `make crash` asks for the whole
# matrix; the suite has one kind of each that ends differently.
WHOLE = "WHOLE_MATRIX" in os.environ
ON_BOTH = (
    rotating("family"),
    *((rotating("none"), rotating("token"), standing("seen", named=False)) if WHOLE else ()),
)
KINDS = (
    *ON_BOTH,
    rotating("family", knows="nothing"),
    standing("told", named=False),
    *((standing("seen", named=True), standing("nothing", named=True)) if WHOLE else ()),
)
ENGINES = ("sqlite", "postgres")


class Processes:
    """Starts and ends processes of ours."""

    def __init__(self) -> None:
        self._driver = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.refresh_driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )
        self._running: set[int] = set()

    def start(self, order: Mapping[str, Any]) -> int:
        pid = self._order({"start": order})["pid"]
        self._running.add(pid)
        return pid

    def end(self, pid: int) -> dict[str, int]:
        """How it ended, when it has."""
        self._running.discard(pid)
        return self._order({"end": pid})

    def _order(self, what: Mapping[str, Any]) -> dict[str, int]:
        stdin, stdout = self._driver.stdin, self._driver.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(what) + "\n")
        stdin.flush()
        answer: dict[str, int] = json.loads(stdout.readline())
        return answer

    def close(self) -> None:
        # Those that a failed test left behind halt for ever.
        for pid in [*self._running]:
            os.kill(pid, signal.SIGKILL)
            self.end(pid)
        self._driver.communicate()


@dataclass
class Process:
    """One that renews; what it has told so far."""

    processes: Processes
    file: Path
    pid: int

    @property
    def told(self) -> list[dict[str, Any]]:
        lines = self.file.read_text().split("\n") if self.file.exists() else []
        return [json.loads(line) for line in lines[:-1]]

    def has(self, key: str) -> bool:
        return any(key in each for each in self.told)

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        assert self.processes.end(self.pid)["signal"] == signal.SIGKILL

    def end(self) -> list[dict[str, Any]]:
        """How its renewals ended, when it is done."""
        assert self.processes.end(self.pid) == {"signal": 0, "exit": 0}
        return [each for each in self.told if "token" in each or "error" in each]


@dataclass
class Person:
    """Somebody who has logged in, and what the server and the archive hold of that."""

    server: SandboxServer
    processes: Processes
    archive: Archive
    folder: Path
    kind: Kind
    name: str
    more: str = ""
    runs: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        described = {
            "client_id": self.name,
            "secret": ENV["IDPORTEN_SECRET"],
            "redirect_uris": ["http://127.0.0.1:8765/callback"],
            **self.kind.registered,
        }
        self.server.world.idporten.clients.add(registered(described))
        more = 'refresh_tokens = "reusable"' if self.kind.knows == "told" else self.more
        url = self.archive._url.render_as_string(hide_password=False).replace("+psycopg", "")
        text = SETTINGS.format(archive=url, url=self.server.url, name=self.name, more=more)
        self.file = self.folder / "dialogarkiv.toml"
        self.file.write_text(text)
        self.settings = load(self.file, ENV)

    @property
    def client(self) -> Client:
        connection = self.settings.connection(self.name)
        assert isinstance(connection, IdPortenConnection)
        return client_of(connection, self.settings.environment, ENV)

    @property
    def vault(self) -> Vault:
        return Vault(self.archive.consents, self.settings.vault_keys(ENV), now=utc_now)

    @property
    def consent(self) -> Consent:
        return self.vault.consent(self.name)

    @property
    def grant(self) -> Grant:
        """The newest consent, as the server has it."""
        return [each for each in self.server.world.idporten.grants if each.client.client_id == self.name][-1]

    def log_in(self) -> None:
        http = HttpEdge(hosts=self.settings.environment.hosts)
        try:
            issuer = IdPorten(http, self.settings.environment.idporten)
            attempt = issuer.begin(self.client)
            control = f"{self.server.url}/control/idporten/visit"
            back = post_json(control, {"address": attempt.url, "pid": PID})["address"]
            self.vault.keep(self.client, issuer.finish(self.client, attempt, back))
        finally:
            http.close()

    def run(self, point: str | None = None, times: int = 1) -> Process:
        """Another process of ours that renews."""
        told = self.folder / f"told-{len(self.runs)}.jsonl"
        order = {
            "settings": str(self.file),
            "env": ENV,
            "connection": self.name,
            "point": point,
            "times": times,
            "told": str(told),
        }
        run = Process(self.processes, told, self.processes.start(order))
        self.runs.append(run)
        return run

    @property
    def events(self) -> list[str]:
        return [each["event"] for run in self.runs for each in run.told if "event" in each]


def post_json(url: str, body: object) -> Any:
    import httpx

    answer = httpx.post(url, json=body, timeout=60, trust_env=False, verify=False)
    answer.raise_for_status()
    return answer.json()


def until(condition: Callable[[], bool], what: str) -> None:
    """Returns when it holds; a process starts slowly on a loaded machine."""
    for _ in range(12_000):
        if condition():
            return
        threading.Event().wait(0.01)
    pytest.fail(f"it never came about: {what}")


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World()) as running:
        yield running


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    made = Processes()
    yield made
    made.close()


@pytest.fixture(scope="module")
def sqlite_archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive.open(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/arkiv.db", create=True) as archive:
        yield archive


@pytest.fixture(scope="module")
def postgres_archive(postgres_databases: Databases) -> Iterator[Archive]:
    url = postgres_databases.create()
    with Archive.open(url, create=True) as archive:
        yield archive
    postgres_databases.drop(url)


@pytest.fixture(params=ENGINES)
def archive(request: pytest.FixtureRequest) -> Archive:
    found = request.getfixturevalue(f"{request.param}_archive")
    assert isinstance(found, Archive)
    return found


Make = Callable[[Kind], Person]


@pytest.fixture
def person(server: SandboxServer, processes: Processes, archive: Archive, tmp_path: Path) -> Make:
    """Somebody who has just logged in; every server of a kind that we are to have seen has answered one renewal."""

    def make(kind: Kind) -> Person:
        made = Person(server, processes, archive, tmp_path, kind, f"kari-{next(_numbers)}")
        made.log_in()
        if kind.knows == "seen":
            assert made.run().end() == [{"token": True}]
        return made

    return make


def killed_at(point: str, kari: Person) -> tuple[Process, int]:
    """A process is killed at that point while another waits: that other one, and the renewals the server has done."""
    before = kari.grant.refreshes
    victim = kari.run(point)
    until(lambda: victim.has("at"), f"one is at {point}")
    waiting = kari.run()
    until(lambda: waiting.has("waiting"), "the other waits")
    if point == "after send":
        until(lambda: kari.grant.refreshes == before + 1, "the server has done what was asked")
    done = kari.grant.refreshes
    assert done == before + (POINTS.index(point) >= POINTS.index("after send"))
    victim.kill()
    return waiting, done


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("archive", "kind"),
    [(engine, kind) for engine in ENGINES for kind in (KINDS if engine == "sqlite" else ON_BOTH)],
    indirect=["archive"],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_crash_ends_in_a_working_consent_or_in_one_clear_log_in_again(person: Make, kind: Kind, point: str) -> None:
    kari = person(kind)
    waiting, done = killed_at(point, kari)
    if point in HARMLESS or kind.reusable:
        assert waiting.end() == [{"token": True}]
        assert kari.run(times=2).end() == [{"token": True}] * 2
        assert kari.grant.refreshes == done + 3
        assert (kari.consent.state, kari.consent.in_doubt, kari.events) == ("active", False, [])
    else:
        later = kari.run(times=2)
        ends = [*waiting.end(), *later.end()]
        assert [(each["error"], each["exit_code"]) for each in ends] == [("LoginNeeded", 3)] * 3
        assert f"Log in again: dialogarkiv login {kari.name}" in ends[0]["sentence"]
        assert kari.grant.refreshes == done, "nothing was sent any more"
        assert (kari.consent.state, kari.events) == ("lost", ["consent_ended"]), "told once"
    assert (kari.grant.reuse_events, kari.grant.state) == (0, "active")


def test_a_login_mends_what_a_crash_cost(person: Make) -> None:
    kari = person(rotating("family"))
    waiting, _ = killed_at("after receive", kari)
    assert waiting.end()[0]["error"] == "LoginNeeded"
    kari.log_in()
    assert kari.run(times=3).end() == [{"token": True}] * 3
    assert (kari.grant.refreshes, kari.grant.reuse_events) == (3, 0)


@pytest.mark.parametrize("kind", [rotating("family"), standing("seen", named=True)], ids=lambda kind: kind.name)
def test_processes_that_renew_at_the_same_time_take_turns(person: Make, kind: Kind) -> None:
    kari = person(kind)
    before = kari.grant.refreshes
    runs = [kari.run(times=6) for _ in range(2)]
    assert [run.end() for run in runs] == [[{"token": True}] * 6] * 2
    assert (kari.grant.refreshes, kari.grant.reuse_events) == (before + 12, 0)
    assert (kari.consent.generation, kari.consent.in_doubt) == (before + 12, False)


def strikes(server: SandboxServer, fault: Mapping[str, Any]) -> None:
    server.faults.add({"method": "POST", "path": "/idporten/token", "times": 1, **fault})


@pytest.mark.parametrize("fault", ["lost", "cut", "drop"])
@pytest.mark.parametrize("kind", [rotating("family"), standing("seen", named=True)], ids=lambda kind: kind.name)
def test_a_lost_answer_costs_one_login_where_tokens_are_used_once_and_nothing_where_not(
    person: Make, kind: Kind, fault: str
) -> None:
    kari = person(kind)
    strikes(kari.server, {"kind": fault})
    first = kari.run().end()[0]
    again = kari.run(times=2).end()
    if kind.reusable:
        assert first["error"] in ("ConnectFailed", "CutBody")
        assert again == [{"token": True}] * 2
    else:
        assert [first["error"], *(each["error"] for each in again)] == ["LoginNeeded"] * 3
        assert kari.events == ["consent_ended"]
    assert kari.grant.reuse_events == 0


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_server_in_trouble_costs_no_login(person: Make, status: int) -> None:
    kari = person(rotating("family"))
    strikes(kari.server, {"kind": "status", "status": status})
    refused = kari.run().end()[0]
    assert refused["error"] in ("Busy", "ServerFault", "BadGateway")
    assert kari.run().end() == [{"token": True}]
    assert (kari.grant.reuse_events, kari.events) == (0, [])


@pytest.mark.parametrize(("how", "state"), [("withdrawn", "revoked"), ("too old", "revoked")])
def test_a_consent_that_is_over_is_asked_about_once(person: Make, how: str, state: str) -> None:
    kari = person(rotating("family"))
    idporten = kari.server.world.idporten
    try:
        if how == "withdrawn":
            idporten.withdraw(kari.name, PID)
        else:
            idporten.offset = 3 * 3600.0
        asked = kari.grant.refreshes
        ends = [*kari.run().end(), *kari.run(times=2).end()]
    finally:
        idporten.offset = 0.0
    assert [(each["error"], each["exit_code"]) for each in ends] == [("LoginNeeded", 3)] * 3
    assert (kari.consent.state, kari.events, kari.grant.refreshes) == (state, ["consent_ended"], asked)
    row = kari.archive.consents.row(kari.name)
    assert row is not None and row["sealed"] is None


def test_no_secret_is_in_what_the_processes_tell_or_leave_behind(person: Make, tmp_path: Path) -> None:
    kari = person(rotating("family"))
    waiting, _ = killed_at("before commit", kari)
    waiting.end()
    secrets: Sequence[str] = [ENV["IDPORTEN_SECRET"], *(token.value for token in kari.grant.tokens)]
    files = [*tmp_path.iterdir()]
    if not kari.archive.shared:
        files += Path(str(kari.archive._url.database)).parent.iterdir()
    for file in files:
        content = file.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], file.name
