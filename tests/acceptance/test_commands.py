"""How the commands end: exit codes, words, signals, and no secret in anything they say.

They share one sandbox with the demo inbox and a dialog whose details fail for good. Whatever they print is kept, and
searched for secrets in the end. Most are processes of their own; where nothing but words and code is looked at they
are called in this one, since starting a process takes longer than what it does.
"""

from __future__ import annotations

import io
import json
import logging
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from store.archive import Archive
from sync.cli import frame
from sync.sandbox.seed import people
from tests.acceptance.inbox import CALLERS, loud, present, to, truth, url_of
from tests.acceptance.sandbox_process import (
    PATIENCE_SECONDS,
    SandboxProcess,
    command_line,
    environment,
    run_program,
    sandbox_in,
)
from tests.equality import differences, tables_of

GRACE_SECONDS = 10
Done = subprocess.CompletedProcess[str]


@dataclass
class Desk:
    """The sandbox, and everything that the commands said on it."""

    sandbox: SandboxProcess
    said: list[str] = field(default_factory=list)

    def run(self, *arguments: object, archive: str = "main.db", settings: Path | None = None, **env: str) -> Done:
        """One command to its end, with a log that tells everything."""
        given = {**to(archive), **loud(), **env}
        config = settings or self.sandbox.settings
        done = run_program("--config", config, *arguments, cwd=self.sandbox.folder, env=given)
        self.said += [done.stdout, done.stderr]
        return done

    def call(self, *arguments: object, archive: str = "main.db", settings: Path | None = None, **env: str) -> Done:
        """As `run`, in this process."""
        given = {**to(archive), **loud(), **env}
        line = ["--config", str(settings or self.sandbox.settings), *(str(argument) for argument in arguments)]
        handlers = logging.getLogger().handlers[:]
        signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        with (
            pytest.MonkeyPatch.context() as patch,
            redirect_stdout(io.StringIO()) as out,
            redirect_stderr(io.StringIO()) as err,
        ):
            for name, value in given.items():
                patch.setenv(name, value)
            code = frame.run(line)
        for number, handler in signals.items():
            signal.signal(number, handler)
        logging.captureWarnings(False)
        logging.getLogger().handlers[:] = handlers
        done = Done(line, code, out.getvalue(), err.getvalue())
        self.said += [done.stdout, done.stderr]
        return done

    def start(self, command: str, archive: str) -> Started:
        """A command that is left at work."""
        log = self.sandbox.folder / f"{archive}.{command}.log"
        with log.open("a") as stderr:
            process = subprocess.Popen(
                command_line("--config", self.sandbox.settings, command),
                cwd=self.sandbox.folder,
                env=environment({**to(archive), **loud()}),
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )
        return Started(self, process, log)

    def fault(self, path: str, **fault: Any) -> None:
        self.sandbox.control("POST", "faults", {"path": path, **fault})

    def struck(self) -> bool:
        """Whether every fault has struck."""
        return all(fault["times"] == 0 for fault in self.sandbox.control("GET", "faults"))

    def differences(self, archive: str, **known: frozenset[str]) -> list[str]:
        return differences(tables_of(url_of(self.sandbox, archive)), truth(self.sandbox), **known)

    def write_settings(self, name: str, change: Callable[[str], str]) -> Path:
        """Settings beside the sandbox's own, changed."""
        file = self.sandbox.folder / name
        file.write_text(change(self.sandbox.settings.read_text()))
        return file


@dataclass
class Started:
    """A process at work."""

    desk: Desk
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, by: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Sends the signal; the exit code, and the seconds until it came."""
        began = time.monotonic()
        self.process.send_signal(by)
        code = self.process.wait(PATIENCE_SECONDS)
        took = time.monotonic() - began
        self.desk.said.append(self.log.read_text())
        return code, took

    def until(self, ready: Callable[[], bool]) -> None:
        """Returns when `ready`; fails when the process ends before, or it takes too long."""
        end = time.monotonic() + PATIENCE_SECONDS
        pause = threading.Event()
        while not ready():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < end, self.log.read_text()
            pause.wait(0.05)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture(scope="module")
def the_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with sandbox_in(tmp_path_factory.mktemp("commands") / "sandbox", "--scenario", "contentless") as sandbox:
        yield Desk(sandbox)


@pytest.fixture
def desk(the_desk: Desk) -> Iterator[Desk]:
    yield the_desk
    the_desk.sandbox.calm()


@pytest.fixture
def start(desk: Desk) -> Iterator[Callable[[str, str], Started]]:
    """Starts commands, and ends those that a failed test leaves behind."""
    started: list[Started] = []

    def one(command: str, archive: str) -> Started:
        started.append(desk.start(command, archive))
        return started[-1]

    yield one
    for each in started:
        each.kill()


def contentless(desk: Desk) -> str:
    """The API-only dialog without content: its details are a 500 for ever."""
    found = present(truth(desk.sandbox)).values()
    return str(next(d["id"] for d in found if "content" not in d["listItem"]))


def test_what_cannot_be_read_is_set_aside_with_code_4_and_is_no_news_the_next_time(desk: Desk) -> None:
    first = desk.run("sync", "--json")
    assert first.returncode == 4
    answer = json.loads(first.stdout)
    assert answer["exit_code"] == 4
    assert [run["quarantined"] for run in answer["runs"]] == [1, 0, 0]
    aside = contentless(desk)
    assert desk.differences("main.db", unreadable=frozenset({aside})) == []

    again = desk.run("sync")
    assert again.returncode == 0
    assert "ok" in again.stdout

    status = desk.run("status", "--json")
    assert status.returncode == 4
    assert [row["dialog_id"] for row in json.loads(status.stdout)["quarantine"]] == [aside]


def test_json_answers_are_json(desk: Desk) -> None:
    inbox = json.loads(desk.call("inbox", "--json").stdout)
    assert inbox
    found = desk.call("sql", "--json", "SELECT dialog_id, title, unread FROM inbox ORDER BY dialog_id LIMIT 3")
    rows = json.loads(found.stdout)
    assert [sorted(row) for row in rows] == [["dialog_id", "title", "unread"]] * 3
    shown = desk.call("show", rows[0]["dialog_id"], "--json")
    assert shown.returncode == 0, shown.stderr
    assert rows[0]["dialog_id"] in json.dumps(json.loads(shown.stdout))


def test_the_engine_refuses_to_write_through_sql(desk: Desk) -> None:
    before = tables_of(url_of(desk.sandbox, "main.db"))
    done = desk.call("sql", "WITH x AS (SELECT 1) DELETE FROM label")
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr
    assert tables_of(url_of(desk.sandbox, "main.db")) == before


def test_one_broken_item_is_set_aside_and_its_page_lands(desk: Desk) -> None:
    victim = sorted(present(truth(desk.sandbox)))[0]
    desk.sandbox.control("POST", "switches", {"broken_items": {victim: {"updatedAt": "i går"}}})
    done = desk.call("sync", "--json", archive="broken.db", DIALOGARKIV__SYNC__OPEN="never")
    assert done.returncode == 4
    held = {row["id"] for row in tables_of(url_of(desk.sandbox, "broken.db"))["dialog"]}
    assert held == set(present(truth(desk.sandbox))) - {victim}


def test_a_second_sync_is_refused_at_once_and_a_stopped_one_leaves_whole_dialogs(
    desk: Desk, start: Callable[[str, str], Started]
) -> None:
    desk.fault("/transmissions", kind="slow", seconds=300, after=10, times=1)
    first = start("sync", "flight.db")
    first.until(desk.struck)

    second = desk.run("sync", archive="flight.db")
    assert second.returncode == 6
    assert f"held by process {first.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    assert first.process.poll() is None

    code, took = first.stop(signal.SIGINT)
    assert (code, took < GRACE_SECONDS) == (4, True)
    assert all(line.endswith("not in the archive") for line in desk.differences("flight.db"))


def test_the_daemon_ends_within_ten_seconds_in_the_middle_of_a_backfill_and_when_idle(
    desk: Desk, start: Callable[[str, str], Started]
) -> None:
    desk.fault("/transmissions", kind="slow", seconds=300, after=30, times=1)
    busy = start("run", "daemon.db")
    busy.until(desk.struck)
    code, took = busy.stop()
    assert (code, took < GRACE_SECONDS) == (0, True)
    assert all(line.endswith("not in the archive") for line in desk.differences("daemon.db"))

    desk.sandbox.calm()
    idle = start("run", "daemon.db")
    idle.until(lambda: polled(desk, "daemon.db") == len(CALLERS))
    code, took = idle.stop()
    assert (code, took < GRACE_SECONDS) == (0, True)
    assert desk.differences("daemon.db", unreadable=frozenset({contentless(desk)})) == []


def polled(desk: Desk, archive: str) -> int:
    """How many identities have come to the end of a run."""
    with Archive.open(url_of(desk.sandbox, archive), create=False, read_only=True) as opened:
        ended = [run for run in opened.status().runs if run["outcome"] in ("ok", "partial")]
    return len({(run["connection"], run["identity"]) for run in ended})


def test_a_connection_that_fails_never_stops_the_others(desk: Desk) -> None:
    def with_a_stranger(text: str) -> str:
        stranger = f"""\
[[connection]]
name = "borte"
kind = "system-user"
client_id = "{people.CLIENT_ID}"
key = "maskinporten.jwk"
system_users = [{{ org = "{people.PADDLERS.number}" }}]

"""
        at = text.index("[[connection]]")
        return text[:at] + stranger + text[at:]

    settings = desk.write_settings("stranger.toml", with_a_stranger)
    done = desk.call("sync", "--json", settings=settings, archive="stranger.db", DIALOGARKIV__SYNC__OPEN="never")
    assert done.returncode == 4
    outcomes = {run["connection"]: run["outcome"] for run in json.loads(done.stdout)["runs"]}
    assert outcomes == {"borte": "failed", "bakeri": "ok", "regnskap": "ok"}
    assert desk.differences("stranger.db") == []

    alone = desk.call("sync", "--connection", "borte", settings=settings, archive="stranger.db")
    assert alone.returncode == 3
    assert "MP-303" in alone.stderr


def test_a_server_that_is_not_there_is_code_5(desk: Desk) -> None:
    nowhere = "http://127.0.0.1:9"
    settings = desk.write_settings("nowhere.toml", lambda text: text.replace(desk.sandbox.url, nowhere))
    done = desk.run("sync", settings=settings, archive="nowhere.db")
    assert done.returncode == 5
    assert "127.0.0.1:9" in done.stderr


def test_settings_that_are_wrong_are_code_2(desk: Desk) -> None:
    settings = desk.write_settings("wrong.toml", lambda text: f'{text}\n[sync]\npol = "5m"\n')
    done = desk.call("sync", settings=settings)
    assert done.returncode == 2
    assert all(word in done.stderr for word in ("wrong.toml", "pol", "poll"))


def test_a_clock_that_is_two_minutes_off_is_code_2(desk: Desk) -> None:
    desk.sandbox.control("PUT", "date-skew", {"seconds": 120})
    done = desk.call("sync", archive="main.db")
    assert done.returncode == 2
    assert "clock" in done.stderr


def test_a_persons_mailbox_is_read_and_told_of_without_its_number(desk: Desk) -> None:
    person = people.SOLVEIG
    token = desk.sandbox.control("POST", "token", {"pid": person.pid})["access_token"]
    url = desk.sandbox.url
    settings = desk.write_settings(
        "person.toml",
        lambda _: (
            f"""\
[environment]
name = "custom"
dialogporten = "{url}/dialogporten"
altinn = "{url}"
maskinporten = "{url}/maskinporten/"
[[connection]]
name = "person"
kind = "token"
token = "env:PERSON_TOKEN"
"""
        ),
    )
    listed = desk.sandbox.control("GET", f"truth?caller={person.caller}")
    victim = next(d["id"] for d in listed["dialogs"] if d["state"] == "present" and d["party"] == person.urn)
    desk.sandbox.control("POST", "switches", {"broken_items": {victim: {"createdAt": "i går"}}})
    desk.fault(f"dialogs\\?.*{person.pid}", status=502, times=2)
    run = {"settings": settings, "archive": "person.db", "PERSON_TOKEN": token, "DIALOGARKIV__SYNC__OPEN": "never"}
    assert desk.call("sync", **run).returncode == 4
    held = tables_of(url_of(desk.sandbox, "person.db"))["dialog"]
    assert person.urn in {row["party"] for row in held}
    assert victim not in {row["id"] for row in held}
    desk.fault("dialogs\\?", status=400, body='{"title": "Nei", "errors": {"party[0]": ["' + person.urn + '"]}}')
    assert desk.call("sync", **run).returncode == 1


def test_no_secret_and_no_national_id_is_in_anything_that_was_said(desk: Desk) -> None:
    said = "\n".join(desk.said)
    assert len(said) > 10_000  # the log told everything
    assert "http_answer" in said
    key = json.loads((desk.sandbox.folder / "maskinporten.jwk").read_text())
    for part in ("d", "p", "q", "dp", "dq", "qi"):
        assert key[part][:20] not in said
    assert re.search(r"eyJ[\w-]{10,}\.[\w-]{10,}", said) is None
    assert "PRIVATE KEY" not in said
    assert [person.pid for person in people.PERSONS if person.pid in said] == []
    assert re.search(r"Bearer \S{20}", said) is None
