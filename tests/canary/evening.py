"""An evening of a person and a system user with the program: every command as a process of its own, at level debug.

All goes through one folder, which is the processes' home and temporary folder too. The sandbox is elsewhere, and
watched.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import IO, Any

from config.keys import create_key
from sync.sandbox.seed import people
from sync.sandbox.stage import persons_text
from tests.acceptance.person import ByForms, Choices, Opener
from tests.acceptance.sandbox_process import PATIENCE_SECONDS, SandboxProcess, command_line, environment, sandbox_in

FORMATS = ("console", "json")
BY_KEY, BY_SECRET, BY_TOKEN = people.TORGEIR, people.SOLVEIG, people.HARALD
CLIENT_SECRET = "bringebær-og-multe/7+49"
KEYS = ("maskinporten.jwk", "idporten.jwk", "vault.key")
_REDIRECT = "http://localhost:0/callback"


@dataclass
class Evening:
    """The folder, and what was printed so far: `outputs` by the number and name of the process."""

    sandbox: SandboxProcess
    folder: Path
    env: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, bytes] = field(default_factory=dict)
    surprises: list[str] = field(default_factory=list)
    _last: str = ""
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def settings(self) -> Path:
        return self.folder / "dialogarkiv.toml"

    @property
    def token(self) -> str:
        return self.env["PERSON_TOKEN"]

    def begin(self) -> None:
        """Keys, registrations and settings."""
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(mode=0o700)
        (self.folder / KEYS[0]).write_bytes((self.sandbox.folder / KEYS[0]).read_bytes())
        (self.folder / KEYS[0]).chmod(0o600)
        key = create_key(self.folder / KEYS[1])
        common: dict[str, Any] = {
            "redirect_uris": [_REDIRECT],
            "scopes": [*people.IDPORTEN_SCOPES],
            "authorization_lifetime": 7_776_000,
            "refresh_token_lifetime": 86_400,
        }
        self.sandbox.control(
            "POST",
            "idporten-clients",
            [
                {"client_id": "canary-key", "keys": [key.public_jwk()], **common},
                {"client_id": "canary-secret", "secret": CLIENT_SECRET, "refresh_token_usage": "REUSE", **common},
            ],
        )
        text = persons_text(self.sandbox.url).replace(people.IDPORTEN_CLIENT_ID, "canary-key")
        text = text.replace("http://127.0.0.1:8765/callback", _REDIRECT)
        self.settings.write_text(
            f"""{text}
[[connection]]
name = "solveig"
kind = "id-porten"
client_id = "canary-secret"
client_secret = "env:CLIENT_SECRET"
redirect = "{_REDIRECT}"
[[connection]]
name = "harald"
kind = "token"
token = "env:PERSON_TOKEN"
[sync]
open = "always"
poll = "1s"
"""
        )
        home, temporary = str(self.folder / "home"), str(self.folder / "tmp")
        self.env = {
            "CLIENT_SECRET": CLIENT_SECRET,
            "PERSON_TOKEN": self.sandbox.control("POST", "token", {"pid": BY_TOKEN.pid})["access_token"],
            "DIALOGARKIV__LOG__LEVEL": "debug",
            **dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), home),
            **dict.fromkeys(("TMPDIR", "XDG_RUNTIME_DIR"), temporary),
        }

    def run(self, *arguments: str, log: str = "json", module: str = "sync") -> int:
        """One command to its end; its exit code. What it printed is kept."""
        return self._ended(self._start(*arguments, log=log, module=module), " ".join([module, *arguments, log]))

    def both(self, *arguments: str) -> list[int]:
        """A command for people and, with --json, for machines, with the one log and the other; side by side."""
        with ThreadPoolExecutor(2) as pool:
            asked = [pool.submit(self.run, *arguments, log="console")]
            asked.append(pool.submit(self.run, *arguments, "--json", log="json"))
            return [one.result() for one in asked]

    def log_in(self, name: str, pid: str, *more: str, declined: tuple[str, ...] = (), log: str = "json") -> int:
        """`login --paste`, with two addresses pasted that are none before the right one."""
        with self._login(name, "--paste", *more, log=log) as login:
            visit = {"address": login.address(), "pid": pid, "declined": list(declined)}
            back = self.sandbox.control("POST", "idporten/visit", visit)["address"]
            code = back.partition("code=")[2].partition("&")[0]
            return login.end(f"https://elsewhere.example/?code={code}", f"{back}&code={code}", back)

    def log_in_by_browser(self, name: str, choices: Choices, log: str) -> int:
        """`login` that opens the browser; the person goes through the pages and comes back to our port."""
        folder = self.folder / f"browser-{next(self._numbers)}"
        folder.mkdir()
        opener = Opener(folder, chromium=False)
        with self._login(name, log=log, BROWSER=opener.command) as login:
            ByForms().visit(opener.address(), choices)
            return login.end()

    def log_in_to_anothers_answer(self, name: str, pid: str) -> int:
        """`login --paste`, and what is pasted is the answer to another attempt, code and all."""
        with self._login(name, "--paste") as login:
            visit = {"address": login.address(), "pid": pid}
            back = self.sandbox.control("POST", "idporten/visit", visit)["address"]
            return login.end(back.replace("state=", "state=x"))

    def daemon(self, log: str, *, until: int = 3) -> int:
        """`run`, ended by SIGTERM when so many runs were told as finished."""
        process = self._start("run", log=log)
        heard, enough = [], threading.Event()

        def listen() -> None:
            assert process.stderr is not None
            for line in process.stderr:
                heard.append(line)
                if sum(b"run_finished" in one for one in heard) >= until:
                    enough.set()

        reader = threading.Thread(target=listen)
        reader.start()
        try:
            assert enough.wait(PATIENCE_SECONDS), b"".join(heard).decode()
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE_SECONDS)
        finally:
            process.kill()
            reader.join(PATIENCE_SECONDS)
        assert process.stdout is not None and process.stdin is not None and process.stderr is not None
        self._keep(f"run {log}", code, process.stdout.read(), b"".join(heard))
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
        return code

    def ends(self, expected: int, *codes: int) -> None:
        """How a process should have ended, or several. That one ended otherwise is told at the end of the evening."""
        if any(code != expected for code in codes):
            self.surprises.append(f"{self._last}; {list(codes)} instead of {expected}")

    def fails(self, *codes: int) -> None:
        """As `ends`, with any code but that of success."""
        if 0 in codes:
            self.surprises.append(f"{self._last}; {list(codes)} instead of a failure")

    def faulty(self, *faults: Mapping[str, object]) -> None:
        """These faults, and no others."""
        self.sandbox.calm()
        self.sandbox.control("POST", "faults", list(faults))

    @contextmanager
    def _login(self, name: str, *more: str, log: str = "json", **env: str) -> Iterator[Login]:
        process = self._start("login", name, *more, log=log, **env)
        login = Login(process)
        try:
            yield login
        finally:
            process.kill()
            process.wait(PATIENCE_SECONDS)
            login.join()
        self._keep(f"login {name} {' '.join(more)} {log}", process.returncode, *login.printed())

    def _start(self, *arguments: str, log: str, module: str = "sync", **env: str) -> subprocess.Popen[bytes]:
        command = command_line("--config", self.settings, *arguments)
        return subprocess.Popen(
            [sys.executable, "-m", module, *command[3:]],
            cwd=self.folder,
            env={**environment(), **self.env, "DIALOGARKIV__LOG__FORMAT": log, **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def _ended(self, process: subprocess.Popen[bytes], name: str) -> int:
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
        self._keep(name, process.returncode, out, err)
        return process.returncode

    def _keep(self, name: str, code: int, out: bytes, err: bytes) -> None:
        name = f"{next(self._numbers):02d} {name}"
        self.outputs |= {f"{name} (stdout)": out, f"{name} (stderr)": err}
        self._last = f"{name} ended with {code}"


class Login:
    """`dialogarkiv login` under way; both streams are read as they come."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._lines: list[list[bytes]] = [[], []]
        self._came = threading.Condition()
        self._readers = []
        for stream, lines in zip((process.stdout, process.stderr), self._lines, strict=True):
            assert stream is not None
            self._readers.append(threading.Thread(target=self._read, args=(stream, lines)))
            self._readers[-1].start()

    def _read(self, stream: IO[bytes], lines: list[bytes]) -> None:
        with stream:
            for line in stream:
                with self._came:
                    lines.append(line)
                    self._came.notify_all()

    def address(self) -> str:
        """The line that is an address to visit."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        with self._came:
            while True:
                found = [line for lines in self._lines for line in lines if line.startswith(b"http") and b"?" in line]
                if found:
                    return found[0].decode().strip()
                assert self._process.poll() is None and time.monotonic() < deadline, self._lines
                self._came.wait(1)

    def end(self, *typed: str) -> int:
        """Types these lines; the exit code."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write("".join(f"{line}\n" for line in typed).encode())
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        return self._process.wait(PATIENCE_SECONDS)

    def join(self) -> None:
        for reader in self._readers:
            reader.join(PATIENCE_SECONDS)

    def printed(self) -> tuple[bytes, bytes]:
        out, err = (b"".join(lines) for lines in self._lines)
        return out, err


def watched_sandbox(folder: Path, ledger: Path) -> AbstractContextManager[SandboxProcess]:
    """As `sandbox_in`, with the ledger of its secrets."""
    return sandbox_in(folder, module=("tests.canary.watched_sandbox", ledger))
