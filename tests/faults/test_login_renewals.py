"""A person's login in the middle of a run that is asked to stop, and an archive that comes and goes under it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from config.keys import create_key
from config.settings import Settings, load
from store.archive import Archive
from sync.auth.grant import client_of
from sync.auth.idporten import IdPorten
from sync.auth.source import TokenSource
from sync.dialogporten.errors import LoginNeeded, Stopped
from sync.dialogporten.http import HttpEdge
from sync.identities import identities
from sync.logins import Logins
from sync.sandbox import seed
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.stage import PERSON, persons_text
from sync.sandbox.world import World

TOKEN = "/idporten/token"


@dataclass
class Program:
    """What one process has: settings, an edge and the logins, beside an archive."""

    settings: Settings
    url: str
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.http = HttpEdge(hosts=self.settings.environment.hosts, told=self._hear)
        self.logins = Logins(self.settings, self.http, {}, self._hear)

    def archive(self) -> Archive:
        return Archive.open(self.settings.archive.url, create=True)

    def tokens(self) -> TokenSource:
        (person,) = identities(self.settings, self.http, {}, self._hear, self.logins, PERSON)
        return person.inbox.token

    def log_in(self) -> None:
        connection = self.settings.connection(PERSON)
        client = client_of(connection, self.settings.environment, {})  # type: ignore[arg-type]
        idporten = IdPorten(self.http, client.issuer)
        attempt = idporten.begin(client)
        visit = {"address": attempt.url, "pid": people.LOGS_IN.pid}
        back = httpx.post(f"{self.url}/control/idporten/visit", json=visit, timeout=60, verify=False).json()["address"]
        with self.archive() as archive, self.logins.lent(archive):
            self.logins.vault.keep(client, idporten.finish(client, attempt, back))

    def consent(self) -> Mapping[str, object]:
        with self.archive() as archive:
            return archive.consents.row(PERSON) or {}

    def close(self) -> None:
        """What a signal does."""
        self.http.close()
        self.logins.close()

    def _hear(self, name: str, _fields: Mapping[str, object]) -> None:
        self.told.append(str(name))


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World()) as running:
        seed.load(running.world, datetime.now(UTC))
        yield running


@pytest.fixture
def program(server: SandboxServer, tmp_path: Path) -> Iterator[Program]:
    tmp_path.chmod(0o700)
    key = create_key(tmp_path / "idporten.jwk")
    create_key(tmp_path / "maskinporten.jwk")
    seed.register(server.world, [], [key.public_jwk()])
    file = tmp_path / "dialogarkiv.toml"
    file.write_text(persons_text(server.url))
    server.faults.waiting.clear()
    made = Program(load(file, {}), server.url)
    made.log_in()
    yield made
    server.faults.waiting.clear()
    made.close()


def slow(server: SandboxServer) -> None:
    """ID-porten takes its time with the next token."""
    server.faults.add({"path": TOKEN, "kind": "slow", "seconds": 1.0, "times": 1})


def has_arrived(server: SandboxServer) -> bool:
    """Whether ID-porten works on what it takes its time for: `sent_at` stands before anything has left."""
    return all(fault.times == 0 for fault in server.faults.waiting)


def test_a_stop_in_the_middle_of_a_renewal_costs_no_consent(program: Program, server: SandboxServer) -> None:
    slow(server)
    answers: list[str] = []
    with program.archive() as archive, program.logins.lent(archive):
        tokens = program.tokens()
        thread = threading.Thread(target=lambda: answers.append(tokens.bearer()))
        thread.start()
        while not has_arrived(server) and thread.is_alive():
            thread.join(0.01)
        program.close()
        thread.join(30)
    assert len(answers) == 1
    consent = program.consent()
    assert (consent["state"], consent["generation"], consent["sent_at"]) == ("active", 1, None)

    program.start()
    with program.archive() as archive, program.logins.lent(archive):
        assert program.tokens().bearer() != answers[0], "the next process renews with what was stored"


def test_no_renewal_begins_once_a_stop_was_asked_for(program: Program) -> None:
    with program.archive() as archive, program.logins.lent(archive):
        tokens = program.tokens()
        program.http.stop.set()
        with pytest.raises(Stopped):
            tokens.bearer()
        program.close()
        with pytest.raises(Stopped):
            tokens.bearer()
    consent = program.consent()
    assert (consent["state"], consent["generation"], consent["sent_at"]) == ("active", 0, None)


def test_an_archive_that_is_opened_anew_for_each_run_is_the_one_that_is_used(program: Program) -> None:
    tokens = program.tokens()
    for generation in (1, 2, 3):
        with program.archive() as archive, program.logins.lent(archive):
            tokens.invalidate(tokens.bearer())
        assert program.consent()["generation"] == generation


def test_a_token_in_memory_needs_no_archive_and_a_new_one_does(program: Program) -> None:
    tokens = program.tokens()
    with program.archive() as archive, program.logins.lent(archive):
        token = tokens.bearer()
    assert tokens.bearer() == token
    tokens.invalidate(token)
    with pytest.raises(RuntimeError, match="no archive was lent"):
        tokens.bearer()


def test_a_token_of_a_login_that_has_ended_or_was_replaced_is_used_in_no_later_run(program: Program) -> None:
    tokens = program.tokens()
    with program.archive() as archive, program.logins.lent(archive):
        first = tokens.bearer()
    with program.archive() as archive, program.logins.lent(archive):
        assert tokens.bearer() == first, "nothing has happened to it"
    program.log_in()
    with program.archive() as archive, program.logins.lent(archive):
        assert tokens.bearer() != first
        archive.consents.remove(PERSON)
    with program.archive() as archive, program.logins.lent(archive), pytest.raises(LoginNeeded):
        tokens.bearer()


def test_an_archive_that_is_only_read_is_opened_for_the_vault_alone(program: Program) -> None:
    tokens = program.tokens()
    url = program.settings.archive.url
    with Archive.open(url, create=False, read_only=True) as archive, program.logins.lent(archive) as there:
        assert there
        tokens.bearer()
    assert program.consent()["generation"] == 1


def test_without_an_archive_there_is_no_login_and_none_is_made(program: Program, tmp_path: Path) -> None:
    (tmp_path / "persons.db").unlink()
    with program.logins.lent() as there:
        assert not there
    assert not (tmp_path / "persons.db").exists()


def test_a_login_is_asked_for_where_there_is_none(program: Program) -> None:
    with program.archive() as archive, program.logins.lent(archive):
        program.logins.vault.forget(PERSON)
        with pytest.raises(LoginNeeded) as caught:
            program.tokens().bearer()
    assert caught.value.exit_code == 3 and f"dialogarkiv login {PERSON}" in str(caught.value)
