"""A person beside a system user: runs, status, doctor and the daemon, from no login to one that was withdrawn."""

from __future__ import annotations

import json
import logging
import re
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from config.keys import SigningKey, create_key
from sync.cli.frame import run
from sync.sandbox.seed import people
from sync.sandbox.stage import persons_text
from tests.acceptance.sandbox_process import (
    PATIENCE_SECONDS,
    SandboxProcess,
    command_line,
    environment,
)

NAME = "torgeir"
DAY = 86_400
DAEMON = {"DIALOGARKIV__SYNC__POLL": "1s", "DIALOGARKIV__LOG__FORMAT": "json", "DIALOGARKIV__LOG__LEVEL": "info"}
TOKEN = "/idporten/token"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


@dataclass
class Bakery:
    """The baker's own settings in a folder of its own: the bakery's system user, and the baker as a person."""

    sandbox: SandboxProcess
    folder: Path
    client_id: str
    key: SigningKey
    capsys: pytest.CaptureFixture[str]
    env: dict[str, str] = field(default_factory=lambda: {"DIALOGARKIV__LOG__LEVEL": "debug"})

    @property
    def settings(self) -> Path:
        return self.folder / "dialogarkiv.toml"

    def register(self, *keys: SigningKey, **more: object) -> None:
        """Registers the client at ID-porten, with these keys instead of those it had."""
        body: dict[str, object] = {
            "client_id": self.client_id,
            "keys": [key.public_jwk() for key in keys],
            "redirect_uris": ["http://127.0.0.1:8765/callback"],
            "scopes": [*people.IDPORTEN_SCOPES],
            "authorization_lifetime": 90 * DAY,
            "refresh_token_lifetime": 30 * DAY,
        }
        self.sandbox.control("POST", "idporten-clients", body | more)

    def run(self, *arguments: str) -> Done:
        """One command, in this process: starting one takes longer than what it does. It says nothing secret."""
        self.capsys.readouterr()
        code = run(["--config", str(self.settings), *arguments])
        told = self.capsys.readouterr()
        assert "Traceback" not in told.err, told.err
        said = told.out + told.err
        assert re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}|Bearer \S{20}", said) is None
        assert [person.pid for person in people.PERSONS if person.pid in said] == []
        return Done(code, told.out, told.err)

    def json(self, *arguments: str) -> tuple[int, Any]:
        done = self.run(*arguments, "--json")
        return done.returncode, json.loads(done.stdout)

    def log_in(self, acr: str | None = None) -> None:
        """`dialogarkiv login --paste`, with the person's part done by the sandbox."""
        process = subprocess.Popen(
            command_line("--config", self.settings, "login", NAME, "--paste"),
            cwd=self.folder,
            env=environment(self.env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout is not None
        address = next(line.strip() for line in process.stdout if line.startswith("http"))
        visit = {"address": address, "pid": people.LOGS_IN.pid, "acr": acr}
        back = self.sandbox.control("POST", "idporten/visit", {key: value for key, value in visit.items() if value})
        out, err = process.communicate(f"{back['address']}\n", timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, out + err

    def withdraw(self) -> None:
        told = self.sandbox.control(
            "POST", "idporten/withdraw", {"client_id": self.client_id, "pid": people.LOGS_IN.pid}
        )
        assert told["withdrawn"]

    def login(self) -> dict[str, Any]:
        """What `status` says of it."""
        (told,) = self.json("status")[1]["logins"]
        return dict(told)

    def checks(self, connection: str = NAME) -> dict[str, dict[str, Any]]:
        """What the doctor says of a connection."""
        (entry,) = self.json("doctor", "--connection", connection)[1]["connections"]
        return {check["name"]: check for check in entry["checks"]}

    def grants(self) -> list[dict[str, Any]]:
        told = self.sandbox.control("GET", "idporten")["grants"]
        return [grant for grant in told if grant["client_id"] == self.client_id]

    def mailboxes(self, connection: str) -> int:
        """How many mailboxes of this connection were read to their end."""
        with closing(sqlite3.connect(self.folder / "persons.db")) as archive:
            query = "SELECT count(*) FROM mailbox WHERE connection = ? AND backfilled_at IS NOT NULL"
            return int(archive.execute(query, (connection,)).fetchone()[0])

    @contextmanager
    def daemon(self) -> Iterator[Daemon]:
        process = subprocess.Popen(
            command_line("--config", self.settings, "run"),
            cwd=self.folder,
            env=environment({**self.env, **DAEMON}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        running = Daemon(process)
        try:
            yield running
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)
            running.reader.join(PATIENCE_SECONDS)


class Daemon:
    """`dialogarkiv run` under way, and what it has logged so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self._heard = threading.Condition()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                with self._heard:
                    self.events.append(json.loads(line))
                    self._heard.notify_all()

    def hears(self, event: str, **fields: object) -> dict[str, Any]:
        """The first such event, waited for; those before it are forgotten."""

        def fits(told: dict[str, Any]) -> bool:
            return told.get("event") == event and all(told.get(name) == value for name, value in fields.items())

        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._heard:
            while not (found := [number for number, told in enumerate(self.events) if fits(told)]):
                left = deadline - time.monotonic()
                assert left > 0 and self.process.poll() is None, f"{event} never came: {self.events}"
                self._heard.wait(left)
            told = self.events[found[0]]
            del self.events[: found[0] + 1]
            return told


@pytest.fixture
def bakery(
    sandbox: SandboxProcess,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Bakery]:
    tmp_path.chmod(0o700)
    key = create_key(tmp_path / "idporten.jwk")
    made = Bakery(sandbox, tmp_path, f"klient-{request.node.name}", key, capsys)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    handlers = logging.getLogger().handlers[:]
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    made.register(key)
    text = persons_text(sandbox.url).replace(people.IDPORTEN_CLIENT_ID, made.client_id)
    made.settings.write_text(text.replace('"maskinporten.jwk"', f'"{sandbox.folder}/maskinporten.jwk"'))
    sandbox.calm()
    yield made
    for number, handler in signals.items():
        signal.signal(number, handler)
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = handlers
    sandbox.control("PUT", "idporten", {"offset": 0, "misbehave": []})
    sandbox.calm()


def test_before_anybody_logged_in_the_others_are_read_and_everything_says_what_to_do(bakery: Bakery) -> None:
    done = bakery.run("sync")
    assert done.returncode == 4 and f"dialogarkiv login {NAME}" in done.stderr
    assert bakery.mailboxes("bakeri") > 0 and bakery.mailboxes(NAME) == 0

    alone = bakery.run("sync", "--connection", NAME)
    assert alone.returncode == 3 and f"dialogarkiv login {NAME}" in alone.stderr

    status = bakery.run("status")
    assert status.returncode == 4 and f"dialogarkiv login {NAME}" in status.stdout
    assert bakery.login()["state"] == "none"

    code, told = bakery.json("doctor")
    assert code == 4, "the system user is in order"
    (person,) = (entry for entry in told["connections"] if entry["connection"] == NAME)
    checks = {check["name"]: check for check in person["checks"]}
    assert checks["consent"]["outcome"] == "failed" and f"dialogarkiv login {NAME}" in checks["consent"]["remedy"]
    assert (checks["vault"]["outcome"], checks["token"]["outcome"]) == ("ok", "skipped")
    assert bakery.json("doctor", "--connection", NAME)[0] == 3


def test_a_person_who_logged_in_is_read_like_any_other_identity(bakery: Bakery) -> None:
    bakery.log_in()
    code, told = bakery.json("sync")
    assert code == 0 and {run["outcome"] for run in told["runs"]} == {"ok"}
    truth = bakery.sandbox.control("GET", f"truth?caller=pid:{people.LOGS_IN.pid}")
    listed = {dialog["id"] for dialog in truth["dialogs"] if dialog["state"] == "present"}
    with closing(sqlite3.connect(bakery.folder / "persons.db")) as archive:
        held = {row[0] for row in archive.execute("SELECT id FROM dialog WHERE presence = 'present'")}
    assert listed and listed <= held
    assert bakery.mailboxes(NAME) >= len(truth["parties"]), "units besides"

    login = bakery.login()
    assert (login["state"], login["acr"], login["days_left"]) == ("active", "idporten-loa-high", 89)
    assert bakery.run("status").returncode == 0

    code, report = bakery.json("doctor")
    assert code == 0
    checks = bakery.checks()
    assert {name: check["outcome"] for name, check in checks.items()} == dict.fromkeys(checks, "ok")
    assert list(checks)[:5] == ["key", "vault", "consent", "clock", "token"]
    assert "a person at level 4" in checks["token"]["sentence"]
    assert checks["altinn"]["facts"]["lifetime_seconds"] <= 120, "it ends with the token that it was made from"
    assert "but the renewed login of torgeir" in bakery.run("doctor").stdout

    assert bakery.run("verify", "--children", "5").returncode == 0
    assert bakery.run("sync", "--dry-run").returncode == 0
    (grant,) = bakery.grants()
    assert grant["reuse_events"] == 0, "no token was ever sent twice"
    assert report["exit_code"] == 0


def test_what_a_system_users_level_hides_is_read_once_somebody_has_logged_in(
    bakery: Bakery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALOGARKIV__SYNC__OPEN", "always")

    def hidden() -> int:
        with closing(sqlite3.connect(bakery.folder / "persons.db")) as archive:
            return int(archive.execute("SELECT count(*) FROM dialog WHERE access = 'level_too_low'").fetchone()[0])

    assert bakery.run("sync").returncode == 4
    before = hidden()
    assert before > 0
    level = bakery.checks("bakeri")["level"]
    assert level["outcome"] == "warning" and level["facts"]["dialogs"] == before

    bakery.log_in()
    assert bakery.run("sync").returncode == 0
    assert hidden() == 0
    assert bakery.checks("bakeri")["level"]["outcome"] == "ok"


def test_a_withdrawn_consent_is_told_once_and_never_asked_for_again(bakery: Bakery) -> None:
    bakery.log_in()
    assert bakery.run("sync").returncode == 0
    held = bakery.mailboxes(NAME)
    bakery.withdraw()

    done = bakery.run("sync")
    assert done.returncode == 4, "the system user went on"
    assert f"dialogarkiv login {NAME}" in done.stderr
    assert "token_refused" in done.stderr and "consent_ended" in done.stderr
    assert bakery.login()["state"] == "revoked"
    assert bakery.run("sync", "--connection", NAME).returncode == 3
    again = bakery.run("sync").stderr
    assert "consent_ended" not in again, "told once"
    assert "token_refused" not in again, "a dead token is not sent again"
    assert bakery.mailboxes(NAME) == held, "what was read stays"
    consent = bakery.checks()["consent"]
    assert consent["outcome"] == "failed" and "withdrew it at ID-porten" in consent["causes"][0]

    bakery.log_in()
    assert bakery.run("sync").returncode == 0


def test_a_consent_that_is_about_to_end_is_warned_of_and_one_that_has_ended_stops_its_person(bakery: Bakery) -> None:
    bakery.log_in()
    with closing(sqlite3.connect(bakery.folder / "persons.db")) as archive:
        for column, when in (("granted_at", "-85 days"), ("ends_at", "+5 days")):
            spelled = f"strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '{when}')"
            archive.execute(f"UPDATE consent SET {column} = {spelled}")
        archive.commit()
    login = bakery.login()
    assert (login["state"], login["days_left"]) == ("expiring", 4) and NAME in login["remedy"]
    assert bakery.run("status").returncode == 0, "a warning is no failure"
    assert bakery.checks()["consent"]["outcome"] == "warning"

    bakery.sandbox.control("PUT", "idporten", {"offset": 91 * DAY})
    assert bakery.run("sync").returncode == 4
    assert bakery.login()["state"] in ("expired", "revoked")
    assert bakery.run("sync", "--connection", NAME).returncode == 3


def test_an_id_porten_that_is_down_is_no_dead_consent(bakery: Bakery) -> None:
    bakery.log_in()
    bakery.sandbox.control("POST", "faults", [{"path": TOKEN, "status": 503, "headers": {"Retry-After": "0"}}])
    code, told = bakery.json("sync")
    assert code == 4
    (failed,) = (run for run in told["runs"] if run["connection"] == NAME)
    assert failed["outcome"] == "failed" and "ID-porten" in failed["error"]
    assert bakery.login()["state"] == "active"
    assert bakery.run("sync", "--connection", NAME).returncode == 5
    bakery.sandbox.calm()
    assert bakery.run("sync").returncode == 0


def test_the_second_key_of_a_person_is_used_when_the_first_is_gone(bakery: Bakery) -> None:
    bakery.log_in()
    following = create_key(bakery.folder / "next.jwk", key_id="second")
    with bakery.settings.open("a") as settings:
        settings.write('next_key = "next.jwk"\n')
    bakery.register(following)
    assert bakery.run("sync").returncode == 0
    (told,) = (key for key in bakery.json("status")[1]["keys"] if key["role"] == "key" and key["connection"] == NAME)
    assert told["refused_at"] and "Write next_key as key" in told["warning"]
    assert bakery.login()["state"] == "active"
    bakery.log_in()


def test_the_daemon_goes_on_without_a_person_and_takes_up_each_login_without_a_restart(bakery: Bakery) -> None:
    bakery.register(bakery.key, access_token_lifetime=5)
    with bakery.daemon() as daemon:
        assert daemon.hears("connection_failed", connection=NAME)["error"] == "LoginNeeded"
        assert daemon.hears("run_finished", connection="bakeri", kind="poll", outcome="ok")
        bakery.log_in()
        assert daemon.hears("run_finished", connection=NAME, kind="poll", outcome="ok")
        bakery.withdraw()
        assert daemon.hears("consent_ended", connection=NAME)["state"] == "revoked"
        assert daemon.hears("run_finished", connection="bakeri", kind="poll", outcome="ok")
        bakery.log_in()
        assert daemon.hears("run_finished", connection=NAME, kind="poll", outcome="ok")
        daemon.process.send_signal(signal.SIGTERM)
        assert daemon.process.wait(PATIENCE_SECONDS) == 0
    assert bakery.mailboxes(NAME) > 0
