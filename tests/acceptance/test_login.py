"""`dialogarkiv login` and `logout` as a person has them: a real process, the pages of ID-porten, a real browser."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from config.connections import IdPortenConnection
from config.keys import SigningKey, create_key
from config.settings import load
from store.archive import Archive
from sync.auth.grant import client_of
from sync.auth.vault import Vault
from sync.cli.frame import run
from sync.sandbox.seed import people
from tests.acceptance.person import ByBrowser, ByForms, Choices, Opener, Person, browser, driver, missing_browser
from tests.acceptance.sandbox_process import (
    PATIENCE_SECONDS,
    SandboxProcess,
    command_line,
    environment,
)

REDIRECT = "http://localhost:0/callback"
ELSEWHERE = "https://arkiv.example/tilbake"
SCOPES = ["openid", "digdir:dialogporten", "altinn:instances.read"]
NINETY_DAYS = 7_776_000


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str


@dataclass
class Desk:
    """A settings file with one person's connection, `kari`, in a folder of its own."""

    sandbox: SandboxProcess
    folder: Path
    client_id: str
    key: SigningKey
    capsys: pytest.CaptureFixture[str]

    @property
    def settings(self) -> Path:
        return self.folder / "dialogarkiv.toml"

    def write(self, redirect: str = REDIRECT, scopes: list[str] | None = None) -> Desk:
        self.settings.write_text(
            f"""
[archive]
url = "sqlite:///arkiv.db"
[environment]
name = "custom"
dialogporten = "{self.sandbox.url}/dialogporten"
altinn = "{self.sandbox.url}"
idporten = "{self.sandbox.url}/idporten"
[limits]
requests_per_second = 1000
[[connection]]
name = "kari"
kind = "id-porten"
client_id = "{self.client_id}"
key = "idporten.jwk"
redirect = "{redirect}"
scopes = {json.dumps(scopes or SCOPES[:2])}
parties = ["urn:altinn:person:identifier-no:{people.LOGS_IN.pid}"]
""",
            encoding="utf-8",
        )
        return self

    def run(self, *arguments: str) -> Done:
        """A command that asks a person nothing, in this process: starting one takes longer than what it does."""
        self.capsys.readouterr()
        code = run(["--config", str(self.settings), *arguments])
        told = self.capsys.readouterr()
        return Done(code, told.out, told.err)

    def run_as(self, person: people.Person, *arguments: str) -> Done:
        """As `run`; this person logs in at the last address shown, and approves."""

        def log_in() -> str:
            shown = [line for line in self.capsys.readouterr().out.splitlines() if line.startswith("http")]
            visit = {"address": shown[-1], "pid": person.pid}
            return str(self.sandbox.control("POST", "idporten/visit", visit)["address"])

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.stdin.readline", log_in)
            return self.run(*arguments)

    @contextmanager
    def login(self, *arguments: str, browser: str | None = None, log: str = "info") -> Iterator[Login]:
        """The command under way; whatever it started is ended with it."""
        env = {name: value for name, value in environment().items() if name not in ("BROWSER", "DISPLAY")}
        env |= {"DIALOGARKIV__LOG__LEVEL": log, **({"BROWSER": browser} if browser else {})}
        process = subprocess.Popen(
            command_line("--config", self.settings, "login", "kari", *arguments),
            cwd=self.folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,
        )
        try:
            yield Login(process)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(PATIENCE_SECONDS)
            for stream in (process.stdin, process.stdout, process.stderr):
                assert stream is not None
                with suppress(BrokenPipeError):
                    stream.close()

    def consent(self) -> dict[str, Any]:
        with Archive.open(f"sqlite:///{self.folder / 'arkiv.db'}", create=False, read_only=True) as archive:
            row = archive.consents.row("kari")
        return {} if row is None else dict(row)

    def grants(self) -> list[dict[str, Any]]:
        """The consents of this client at ID-porten, oldest first."""
        told = self.sandbox.control("GET", "idporten")["grants"]
        return [grant for grant in told if grant["client_id"] == self.client_id]


@dataclass
class Login:
    """`dialogarkiv login` under way."""

    process: subprocess.Popen[str]
    read: str = ""

    def address(self) -> str:
        """The next line that is an address by itself."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.read += line
            if line.startswith("http") and " " not in line:
                return line.strip()
        raise AssertionError(f"no address; {self.read}{self.process.stderr.read() if self.process.stderr else ''}")

    def end(self, *lines: str) -> tuple[int, str, str]:
        """Exit code, all of standard output, what is left of standard error; `lines` are typed first."""
        typed, shown, told = self.process.stdin, self.process.stdout, self.process.stderr
        assert typed is not None and shown is not None and told is not None
        errors: list[str] = []
        reader = threading.Thread(target=lambda: errors.append(told.read()))
        reader.start()
        with suppress(BrokenPipeError):
            typed.write("".join(f"{line}\n" for line in lines))
            typed.close()
        self.read += shown.read()
        reader.join(PATIENCE_SECONDS)
        return self.process.wait(PATIENCE_SECONDS), self.read, "".join(errors)


@pytest.fixture(scope="module", params=["forms" if missing_browser() else "chromium"])
def person(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    """Whoever goes through the pages; with a real browser where there is one."""
    if request.param == "forms":
        yield ByForms()
        return
    with browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture
def desk(
    sandbox: SandboxProcess, tmp_path: Path, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    handlers = logging.getLogger().handlers[:]
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    client_id = f"klient {request.node.name}".replace(" ", "-")
    key = create_key(tmp_path / "idporten.jwk")
    registered = {
        "client_id": client_id,
        "keys": [key.public_jwk()],
        "redirect_uris": [REDIRECT, ELSEWHERE],
        "scopes": SCOPES,
        "authorization_lifetime": NINETY_DAYS,
        "refresh_token_lifetime": 86_400,
        "tells": ["authorization_expires_in"],
    }
    sandbox.control("POST", "idporten-clients", registered)
    yield Desk(sandbox, tmp_path, client_id, key, capsys).write()
    for number, handler in signals.items():
        signal.signal(number, handler)
    logging.captureWarnings(False)
    logging.getLogger().handlers[:] = handlers
    sandbox.control("PUT", "idporten", {"offset": 0, "misbehave": []})
    sandbox.calm()


# The whole way


def test_a_person_logs_in_and_the_archive_may_read(desk: Desk, person: Person) -> None:
    with desk.login() as login:
        page = person.visit(login.address())
        code, out, err = login.end()
    assert code == 0, err
    assert "Logged in" in page.text and urlsplit(page.url).path == "/callback"
    assert "The connection kari may read (idporten-loa-high): openid digdir:dialogporten" in out
    assert "Waiting 10 minutes" in out and "valid for 89 days more" in out and "Next: dialogarkiv sync" in out
    (grant,) = desk.grants()
    assert (grant["state"], grant["acr"], grant["scopes"]) == ("active", "idporten-loa-high", SCOPES[:2])
    assert desk.consent()["state"] == "active" and desk.consent()["ends_from"] == "answer"


@pytest.mark.skipif(missing_browser() is not None, reason=f"needs a real browser: {missing_browser()}")
def test_the_browser_that_login_opens_by_itself_leads_all_the_way(desk: Desk) -> None:
    opener = Opener(desk.folder, chromium=True)
    with desk.login(browser=opener.command) as login, driver() as address:
        assert opener.address().startswith("http://localhost:")
        opened = ByBrowser(address, {"debuggerAddress": opener.debugger()})
        page = opened.go_on()
        code, _, err = login.end()
        opened.close()
    assert code == 0, err
    assert "Logged in" in page.text
    assert [grant["state"] for grant in desk.grants()] == ["active"]


def test_login_opens_the_browser_that_it_is_told_to(desk: Desk) -> None:
    opener = Opener(desk.folder, chromium=False)
    with desk.login(browser=opener.command) as login:
        ByForms().visit(opener.address())
        assert login.end()[0] == 0


def test_the_address_is_pasted_back_where_the_redirect_is_elsewhere(desk: Desk, person: Person) -> None:
    desk.write(ELSEWHERE)
    with desk.login() as login:
        page = person.visit(login.address())
        assert page.url.startswith(f"{ELSEWHERE}?")
        code, out, err = login.end(page.url)
    assert code == 0, err
    assert "Logged in" in out and desk.consent()["state"] == "active"


def test_paste_is_chosen_on_a_host_without_a_browser(desk: Desk, person: Person) -> None:
    with desk.login("--paste", "--json") as login:
        assert login.process.stderr is not None
        page = person.visit(next(line for line in login.process.stderr if line.startswith("http")).strip())
        assert urlsplit(page.url).netloc == "localhost:8765", "some port, though nobody listens"
        code, out, err = login.end("", "that is no address", page.url)
    assert code == 0, err
    told = json.loads(out)
    assert (told["connection"], told["acr"]) == ("kari", "idporten-loa-high")
    assert told["scopes"] == SCOPES[:2] and told["missing_scopes"] == []


# What a person can decide


@pytest.mark.parametrize(
    "choices", [Choices(consent="decline"), Choices(login="cancel")], ids=["declined", "cancelled"]
)
def test_declined_is_told_in_the_browser_and_in_the_terminal(desk: Desk, person: Person, choices: Choices) -> None:
    with desk.login() as login:
        page = person.visit(login.address(), choices)
        code, _, err = login.end()
    assert code == 3
    for told in (page.text, err):
        assert "Declined" in told and "dialogarkiv login kari" in told
    assert desk.grants() == [] and desk.consent()["state"] == "declined"


def test_a_scope_that_is_silently_dropped_is_told_and_nothing_is_kept(desk: Desk, person: Person) -> None:
    desk.write(scopes=SCOPES)
    with desk.login() as login:
        page = person.visit(login.address(), Choices(untick=("digdir:dialogporten",)))
        code, _, err = login.end()
    assert code == 3
    assert "left out digdir:dialogporten" in err and "left out digdir:dialogporten" in page.text
    assert [grant["state"] for grant in desk.grants()] == ["revoked"]
    assert desk.consent()["state"] == "declined" and desk.consent()["sealed"] is None


def test_another_scope_may_be_left_out_and_that_is_told(desk: Desk, person: Person) -> None:
    desk.write(scopes=SCOPES)
    with desk.login() as login:
        person.visit(login.address(), Choices(untick=("altinn:instances.read",)))
        code, _, err = login.end()
    assert code == 0
    assert "ID-porten left out altinn:instances.read" in err
    assert desk.consent()["scopes"] == "openid digdir:dialogporten"


def test_declining_a_second_login_leaves_the_first_one_standing(desk: Desk) -> None:
    logged_in(desk)
    with desk.login() as login:
        ByForms().visit(login.address(), Choices(consent="decline"))
        assert login.end()[0] == 3
    assert desk.consent()["state"] == "active" and desk.consent()["sealed"]


def test_somebody_elses_login_is_refused_and_taken_over_only_when_that_is_meant(desk: Desk) -> None:
    logged_in(desk)
    refused = desk.run_as(people.SOLVEIG, "login", "kari", "--paste")
    assert refused.code == 3 and "Another person than the last one logged in to kari" in refused.err
    assert [(grant["pid"], grant["state"]) for grant in desk.grants()] == [
        (people.LOGS_IN.pid, "active"),
        (people.SOLVEIG.pid, "revoked"),
    ]
    taken = desk.run_as(people.SOLVEIG, "login", "kari", "--paste", "--other-person")
    assert taken.code == 0 and "Next: dialogarkiv sync --sweep" in taken.out, taken.err
    assert [grant["pid"] for grant in desk.grants() if grant["state"] == "active"] == [people.SOLVEIG.pid]
    assert desk.run_as(people.LOGS_IN, "login", "kari", "--paste").code == 3
    desk.run("logout", "kari")
    assert desk.run_as(people.LOGS_IN, "login", "kari", "--paste").code == 0, "nobody is known after a logout"


# What comes after


@dataclass
class Typist:
    """Standard input of a person who visits the last address shown, approves, and pastes where that ended."""

    capsys: pytest.CaptureFixture[str]

    def readline(self) -> str:
        shown = [line for line in self.capsys.readouterr().out.splitlines() if line.startswith("http")]
        return ByForms().visit(shown[-1]).url


def logged_in(desk: Desk) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdin", Typist(desk.capsys))
        done = desk.run("login", "kari", "--paste")
    assert done.code == 0 and "Logged in" in done.out, done.err


def test_logout_gives_the_consent_back_and_forgets_it(desk: Desk) -> None:
    logged_in(desk)
    done = desk.run("logout", "kari")
    assert done.code == 0 and "given back at ID-porten" in done.out
    assert [grant["state"] for grant in desk.grants()] == ["revoked"] and desk.consent() == {}
    again = desk.run("logout", "kari", "--json")
    assert json.loads(again.out) == {"connection": "kari", "forgotten": False, "revoked": False}


def test_logout_forgets_nothing_that_id_porten_did_not_take_back_unless_told_to(desk: Desk) -> None:
    logged_in(desk)
    desk.sandbox.control("POST", "faults", [{"path": "/idporten/revoke", "status": 503}])
    refused = desk.run("logout", "kari")
    assert refused.code == 5 and "logout kari --offline" in refused.err
    assert desk.consent()["state"] == "active"
    offline = desk.run("logout", "kari", "--offline")
    assert offline.code == 0 and "withdraw it" in offline.out
    assert [grant["state"] for grant in desk.grants()] == ["active"] and desk.consent() == {}


def test_a_login_can_be_forgotten_when_the_vaults_key_is_lost(desk: Desk) -> None:
    logged_in(desk)
    (desk.folder / "vault.key").unlink()
    refused = desk.run("logout", "kari")
    assert refused.code == 2 and "logout kari --offline" in refused.err and desk.consent()["state"] == "active"
    assert desk.run("logout", "kari", "--offline").code == 0 and desk.consent() == {}


def test_a_login_of_a_connection_that_is_gone_is_told_and_can_be_forgotten(desk: Desk) -> None:
    logged_in(desk)
    (desk.folder / "idporten.jwk").unlink()
    desk.settings.write_text(desk.settings.read_text().replace('"kari"', '"anders"'))
    (anders, kari) = json.loads(desk.run("status", "--json").out)["logins"]
    assert anders["state"] == "none"
    assert "no such person any more" in kari["says"] and "logout kari --offline" in kari["remedy"]
    assert desk.run("logout", "nobody", "--offline").code == 2
    done = desk.run("logout", "kari", "--offline")
    assert done.code == 0 and "forgotten here" in done.out and desk.consent() == {}


def test_a_login_to_another_client_than_the_settings_name_now_is_none(desk: Desk) -> None:
    logged_in(desk)
    desk.settings.write_text(desk.settings.read_text().replace(desk.client_id, "another"))
    told = desk.run("status", "--json")
    (login,) = json.loads(told.out)["logins"]
    assert (told.code, login["state"], login["remedy"]) == (4, "none", "Log in: dialogarkiv login kari")
    assert "to another client" in login["says"]
    doctor = desk.run("doctor")
    assert doctor.code == 3 and "to another client" in doctor.out.replace("\n" + " " * 20, " ")
    assert desk.consent()["state"] == "active", "who writes the old client back has lost nothing"


def test_after_logging_out_nothing_is_read_until_the_next_login(desk: Desk) -> None:
    logged_in(desk)
    assert desk.run("sync").code == 0
    desk.run("logout", "kari")
    out = desk.run("sync")
    assert out.code == 3 and "dialogarkiv login kari" in out.err
    logged_in(desk)
    assert desk.run("sync").code == 0


def test_a_consent_that_the_person_withdraws_asks_for_a_new_login(desk: Desk, person: Person) -> None:
    logged_in(desk)
    assert desk.run("sync").code == 0
    person.withdraw(f"{desk.sandbox.url}/idporten/profile", people.LOGS_IN.pid)
    assert [grant["state"] for grant in desk.grants()] == ["withdrawn"]
    ended = desk.run("sync")
    assert ended.code == 3 and "withdrawn" in ended.err and "dialogarkiv login kari" in ended.err
    assert desk.consent()["state"] == "revoked" and desk.consent()["sealed"] is None
    asked_no_more(desk)
    logged_in(desk)
    assert desk.run("sync").code == 0


def test_a_consent_whose_time_is_over_asks_for_a_new_login(desk: Desk) -> None:
    logged_in(desk)
    desk.sandbox.control("PUT", "idporten", {"offset": NINETY_DAYS})
    ended = desk.run("sync")
    assert ended.code == 3 and "time is over" in ended.err and "dialogarkiv login kari" in ended.err
    asked_no_more(desk)
    logged_in(desk)
    assert desk.run("sync").code == 0


def asked_no_more(desk: Desk) -> None:
    """Every later run says the same, and sends a dead token nowhere."""
    desk.sandbox.control("DELETE", "requests")
    again = desk.run("sync")
    assert again.code == 3 and "dialogarkiv login kari" in again.err
    asked = desk.sandbox.control("GET", "requests")["log"]
    assert [entry["path"] for entry in asked if "/idporten/" in entry["path"]] == []


# What goes wrong


def test_nobody_else_can_finish_a_login(desk: Desk) -> None:
    with desk.login() as login:
        link = login.address()
        back = f"{link.partition('/start/')[0]}/callback"
        forged = httpx.get(back, params={"code": "x" * 40, "state": "guessed"}, trust_env=False)
        assert forged.status_code == 400 and "another login" in forged.text
        rebound = httpx.get(back, headers={"Host": "evil.example"}, trust_env=False)
        assert rebound.status_code == 421
        ByForms().visit(link)
        code, _, err = login.end()
    assert code == 0 and "answer to another login came" in err


def test_a_link_that_somebody_used_before_ends_the_login(desk: Desk) -> None:
    with desk.login() as login:
        link = login.address()
        assert httpx.get(link, trust_env=False).status_code == 302
        assert httpx.get(link, trust_env=False).status_code == 410
        code, _, err = login.end()
    assert code == 3 and "used twice" in err and desk.grants() == []


def test_a_port_that_is_taken_is_told_with_the_way_round_it(desk: Desk) -> None:
    with desk.login() as login:
        taken = f"{login.address().partition('/start/')[0]}/callback"
        desk.write(taken)
        second = desk.run("login", "kari")
    assert second.code == 2 and "--paste" in second.err and taken in second.err


def test_standard_input_that_ends_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("\nnot it\n"))
    ended = desk.run("login", "kari", "--paste")
    assert ended.code == 2 and "Nothing was stored" in ended.err
    assert ended.out.count(desk.sandbox.url) == 2, "an empty line asks for a new address"


def test_only_persons_log_in(desk: Desk, sandbox: SandboxProcess) -> None:
    unknown = desk.run("logout", "ola")
    assert unknown.code == 2 and "Known: kari" in unknown.err
    text = sandbox.settings.read_text().replace("maskinporten.jwk", f"{sandbox.folder}/maskinporten.jwk")
    desk.settings.write_text(text)
    other = desk.run("login", "bakeri")
    assert other.code == 2 and "kind id-porten" in other.err


def test_what_the_client_may_not_is_told_before_anybody_logs_in(desk: Desk) -> None:
    desk.write("http://localhost:0/another")
    refused = desk.run("login", "kari")
    assert refused.code == 3 and "redirect (http://localhost:0/another)" in refused.err
    assert "/start/" not in refused.out


def test_an_outage_is_told_as_one(desk: Desk) -> None:
    desk.sandbox.control("POST", "faults", [{"path": "/idporten/.*", "status": 503}])
    assert desk.run("login", "kari").code == 5


# Secrets


def command_lines() -> str:
    """What anybody on this machine can read of every process."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
            except OSError:
                continue
    return "\n".join(found)


def test_no_secret_of_a_login_is_in_a_log_an_output_a_file_or_the_process_list(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIALOGARKIV__LOG__LEVEL", "debug")
    opener = Opener(desk.folder, chromium=False)
    with desk.login(browser=opener.command, log="debug") as login:
        link = opener.address()
        shown = command_lines()
        page = ByForms().visit(link)
        shown += command_lines()
        code, out, err = login.end()
    assert code == 0, err
    logged = err
    for command in (["sync"], ["doctor", "--json"], ["status", "--json"]):
        done = desk.run(*command)
        assert done.code == 0, done.err
        out, logged = out + done.out, logged + done.err
    assert "consent_kept" in logged and "/idporten/token" in logged, "the log was on"
    query = parse_qs(urlsplit(page.url).query)
    files = {file: file.read_bytes() for file in desk.folder.iterdir() if file.is_file() and file.name != "vault.key"}
    vault_key = (desk.folder / "vault.key").read_text().strip()
    secrets = [query["code"][0], query["state"][0], vault_key, refresh_token(desk)]
    assert all(len(secret) > 20 for secret in secrets)
    assert [secret for secret in [*secrets, "eyJ"] if secret in out + logged + shown] == []
    assert people.LOGS_IN.pid not in logged + shown
    for file, raw in files.items():
        assert [secret for secret in secrets if secret.encode() in raw] == [], file.name


def refresh_token(desk: Desk) -> str:
    """What the vault holds; taken out of it."""
    settings = load(desk.settings, {})
    (connection,) = settings.connections
    assert isinstance(connection, IdPortenConnection)
    client = client_of(connection, settings.environment, {}, file=desk.settings)
    found: list[str] = []
    with Archive.open(settings.archive.url, create=False) as archive:
        vault = Vault(archive.consents, settings.vault_keys({}), now=lambda: datetime.now(UTC))
        assert vault.give_back(client, found.append)
    return found[0]
