"""A Maskinporten client whose key dies or is replaced: runs go on with the other key, and say so."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.keys import SigningKey, create_key
from config.settings import load
from store.archive import Archive
from sync.cli import frame as cli
from sync.runner import Runner, RunResult
from sync.sandbox import seed
from sync.sandbox.registry import MaskinportenClient
from sync.sandbox.seed import people
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World

SETTINGS = """\
[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
maskinporten = "{url}/maskinporten/"

[sync]
open = "never"

[[connection]]
name = "bakeri"
kind = "system-user"
client_id = "{client}"
key = "old.jwk"
system_users = [{{ org = "{org}" }}]
"""
BOTH = 'next_key = "new.jwk"\n'


@dataclass
class Office:
    """One connection with two keys on disk; `register` is what somebody does at Digdir."""

    folder: Path
    url: str
    world: World
    old: SigningKey
    new: SigningKey
    told: list[str] = field(default_factory=list)

    @property
    def file(self) -> Path:
        return self.folder / "dialogarkiv.toml"

    def write(self, more: str = "") -> None:
        text = SETTINGS.format(url=self.url, client=people.CLIENT_ID, org=people.BAKERY.number)
        self.file.write_text(text + more)

    def register(self, *keys: SigningKey, **of: str) -> None:
        """Registers these keys on the client, instead of those there were; `of` is more of each (`created`)."""
        jwks = tuple({**key.public_jwk(), **of} for key in keys)
        self.world.registry.add_client(
            MaskinportenClient(people.CLIENT_ID, jwks, (people.SCOPE,), people.VENDOR.number)
        )

    def sync(self) -> RunResult:
        """One run as by cron: a program of its own."""
        runner = Runner(load(self.file, {}), {}, self._hear)
        try:
            with Archive.open(runner.settings.archive.url, create=True) as archive:
                return runner.run(archive)
        finally:
            runner.close()

    def _hear(self, name: str, fields: Mapping[str, object]) -> None:
        if str(name).startswith("key_") or str(name) == "token_refused":
            self.told.append(f"{name} {fields.get('kid', '')}".strip())

    def command(self, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
        code = cli.run(["--config", str(self.file), *arguments])
        return code, capsys.readouterr().out

    def since(self, days: int) -> None:
        """The archive remembers that the first key was first used so long ago."""
        at = (datetime.now(UTC) - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        row = {"connection": "bakeri", "kid": self.old.kid, "client_id": people.CLIENT_ID, "role": "key"}
        with Archive.open(f"sqlite:///{self.folder}/dialogarkiv.db", create=True) as archive:
            archive.client_keys_write([{**row, "first_used_at": at, "refused_at": None}])


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(World()) as running:
        seed.load(running.world, datetime.now(UTC))
        yield running


@pytest.fixture
def office(server: SandboxServer, tmp_path: Path) -> Office:
    tmp_path.chmod(0o700)
    old, new = create_key(tmp_path / "old.jwk", key_id="old"), create_key(tmp_path / "new.jwk", key_id="new")
    seed.register(server.world, [])
    made = Office(tmp_path, server.url, server.world, old, new)
    made.register(old)
    made.write()
    return made


def test_a_key_that_died_is_followed_by_the_next_one_in_the_same_run(office: Office) -> None:
    office.write(BOTH)
    office.register(office.old, office.new)
    assert office.sync().exit_code == 0 and office.told == []

    office.register(office.new)  # the old one was taken off the client
    assert office.sync().exit_code == 0
    assert office.told == ["token_refused", "key_refused old"]

    office.told.clear()
    assert office.sync().exit_code == 0
    assert office.told == [], "the next run begins with the key that works"


def test_a_single_key_that_died_ends_the_run_with_3(office: Office) -> None:
    office.register(office.old, created="2020-01-01T00:00:00+00:00")
    assert office.sync().exit_code == 3
    assert office.told == ["token_refused"]


def test_the_doctor_and_status_say_which_key_was_refused_and_what_to_do(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.write(BOTH)
    office.register(office.new)
    assert office.sync().exit_code == 0
    code, told = office.command(capsys, "status")
    assert code == 0 and "was refused" in " ".join(told.split()) and "Write next_key as key" in " ".join(told.split())
    code, told = office.command(capsys, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(told)["connections"][0]["checks"]}
    assert code == 0
    assert checks["key"]["outcome"] == "warning" and "Write next_key as key" in checks["key"]["remedy"]
    assert (checks["next_key"]["outcome"], checks["token"]["outcome"]) == ("ok", "ok")


def test_a_key_in_its_last_days_is_told_by_log_status_and_doctor(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.since(days=310)
    assert office.sync().exit_code == 0
    assert office.told == ["key_old old"]
    code, told = office.command(capsys, "status", "--json")
    (key,) = json.loads(told)["keys"]
    assert code == 0 and (key["kid"], key["since_from"], key["days_left"]) == ("old", "first_use", 54)
    assert "310 days old" in key["warning"] and "next_key" in key["warning"]
    code, told = office.command(capsys, "doctor", "--json")
    (check,) = (each for each in json.loads(told)["connections"][0]["checks"] if each["name"] == "key")
    assert code == 0 and check["outcome"] == "warning" and "310 days old" in check["sentence"]


def test_the_day_of_registration_in_the_settings_ends_the_warning(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    office.since(days=310)
    office.write(f"key_uploaded = {datetime.now(UTC):%Y-%m-%d}\n")
    assert office.sync().exit_code == 0
    assert office.told == []
    _, told = office.command(capsys, "status", "--json")
    (key,) = json.loads(told)["keys"]
    assert (key["since_from"], key["days_left"], key["warning"]) == ("key_uploaded", 364, None)
    assert office.command(capsys, "doctor")[1].count("warning") == 0


def test_once_the_year_is_over_the_next_key_is_used_without_a_refusal(office: Office) -> None:
    office.since(days=366)
    office.write(BOTH)
    office.register(office.new)
    assert office.sync().exit_code == 0
    assert office.told == []


def test_an_idle_run_writes_nothing_about_keys(office: Office) -> None:
    office.sync()
    with Archive.open(f"sqlite:///{office.folder}/dialogarkiv.db", create=False) as archive:
        before = archive.client_keys()
        writes: list[object] = []
        archive.client_keys_write = writes.append  # type: ignore[method-assign, assignment]
        runner = Runner(load(office.file, {}), {}, lambda _name, _fields: None)
        runner.run(archive)
        runner.close()
        assert writes == [] and archive.client_keys() == before
        assert [row["role"] for row in before] == ["key"]


# The operator's rules, which the doctor reads too


def test_the_doctor_says_what_is_wrong_with_the_rules_of_ones_own(
    office: Office, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = office.folder / "attention.toml"
    head, separator, rest = office.file.read_text().partition("[sync]")
    office.file.write_text(f'{head}[attention]\nrules = "attention.toml"\n\n{separator}{rest}')

    rules.write_text('[[rule]]\norg = "skd"\ndeadlin = "-3d"\n')
    code, told = office.command(capsys, "doctor", "--json")
    failed = [check for check in json.loads(told)["general"] if check["name"] == "rules"]
    assert code == 2 and failed[0]["outcome"] == "failed"
    assert "line 3: deadlin" in failed[0]["sentence"] and 'Did you mean "deadline"?' in failed[0]["remedy"]

    rules.write_text('[[rule]]\norg = "skd"\ndeadline = "-3d"\n')
    code, told = office.command(capsys, "doctor", "--json")
    assert code == 0
    (check,) = (check for check in json.loads(told)["general"] if check["name"] == "rules")
    assert check["outcome"] == "ok" and "1 rule." in check["sentence"]
