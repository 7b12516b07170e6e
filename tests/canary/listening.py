"""Hears whatever leaves the program while a test runs, and fails the test that let out a secret.

What is heard: what was printed (also what a test read from `capsys` or from a process that it started), log records
and events of every level, whether shown or not, errors as texts, the arguments of every process, bodies on their way
into an archive, and the files that a test leaves behind. `tests/conftest.py` starts it once for each pytest process.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

import store.compression as compression
from config.errors import Problem
from config.logging import EventLog, _LineHandler
from config.redaction import redact, redact_value
from store.errors import ArchiveError
from sync.auth.attempt import Secrets
from sync.auth.grant import ClientSecret
from sync.dialogporten.failure import ArkivError
from sync.dialogporten.http import HttpEdge
from sync.runner import Runner
from tests.canary.allowed import ALLOWED
from tests.canary.looks import LEAST, Leak, secrets_in, tokens_in

LARGEST_FILE = 64 * 1024 * 1024
# Files that hold a key because that is what they are for, by suffix or name; and what a browser keeps for its person.
KEY_FILES = frozenset({".jwk", ".pem", ".key"})
OTHERS_FOLDERS = ("chromium", "opened-chromium", "pgdata")
_CONTENT = (".db", ".db-wal", ".db-shm", ".db-journal", ".toml")


class Listener:
    """What was heard since the last `leaks()`. Many threads may tell."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.looked_at: set[Path] = set()
        self._heard: list[tuple[str, str | bytes]] = []
        self._seen: list[tuple[str, Leak]] = []
        self._lock = threading.Lock()

    def hear(self, channel: str, text: str | bytes | None) -> None:
        """Something that a person, a log or another process gets to see."""
        if text:
            with self._lock:
                self._heard.append((channel, text))

    def hear_all(self, channel: str, texts: Iterable[str | bytes | None]) -> None:
        for text in texts:
            self.hear(channel, text)

    def hear_fields(self, channel: str, name: object, fields: Mapping[str, object]) -> None:
        """An event: what of it the log would show. The redaction is asked only where there is something to take out."""
        if secrets_in(repr(fields), self.known):
            self.hear(channel, f"{name} {redact_value(dict(fields))!r}")

    def hear_body(self, body: bytes) -> None:
        """A body on its way into an archive: no tokens, not even compressed."""
        if found := tokens_in(body):
            with self._lock:
                self._seen += [("a body in the archive", leak) for leak in found]

    def know(self, secret: str) -> None:
        """A secret without looks of its own."""
        if len(secret) >= LEAST:
            self.known.add(secret)

    def leaks(self, sections: Iterable[tuple[str, str]] = (), folder: Path | None = None) -> list[tuple[str, Leak]]:
        """What got out, and where; forgets what was heard."""
        with self._lock:
            heard, self._heard = self._heard, []
            seen, self._seen = self._seen, []
        known, self.known = frozenset(self.known), set()
        # pytest keeps records as they were made; on their way to be shown all of them pass the redaction.
        shown = [(name, redact(text) if "log" in name else text) for name, text in sections]
        for channel, text in [*heard, *shown]:
            seen += [(channel, leak) for leak in secrets_in(text, known)]
        if folder is not None:
            seen += self.files(folder, known)
        return list(dict.fromkeys(seen))

    def files(self, folder: Path, known: Iterable[str] = ()) -> list[tuple[str, Leak]]:
        """What is in files, but for those that hold keys. National ids of parties are content: the archive's, and that
        of settings.
        """
        found: list[tuple[str, Leak]] = []
        for at, folders, names in _walk(folder):
            folders[:] = [name for name in folders if name not in OTHERS_FOLDERS and at / name not in self.looked_at]
            for name in names:
                file = at / name
                if file.suffix in KEY_FILES or not file.is_file() or file.is_symlink():
                    continue
                try:
                    if file.stat().st_size > LARGEST_FILE:
                        continue
                    data = file.read_bytes()
                except OSError:
                    continue
                leaks = secrets_in(data, frozenset(known))
                if file.name.endswith(_CONTENT):
                    leaks = [leak for leak in leaks if leak.kind != "national id"]
                found += [(f"file {file.relative_to(folder)}", leak) for leak in leaks]
        self.looked_at.add(folder)
        return found


def _walk(folder: Path) -> Iterable[tuple[Path, list[str], list[str]]]:
    import os

    for at, folders, names in os.walk(folder):
        yield Path(at), folders, names


LISTENER = Listener()


def start() -> None:
    """Puts an ear at every channel of this process. Once; there is no way back."""
    sys.addaudithook(_processes)
    _after(subprocess.Popen, "communicate", lambda told: LISTENER.hear_all("a process's output", told))
    _after(pytest.CaptureFixture, "readouterr", lambda told: LISTENER.hear_all("captured output", told))
    _after(_LineHandler, "format", lambda line: LISTENER.hear("log", line))
    _after(Fernet, "generate_key", lambda key: LISTENER.know(key.decode()))
    _after(Secrets, "make", lambda made: LISTENER.know(made.verifier))
    _inits(ClientSecret, lambda made: LISTENER.know(made.value))
    _inits(Problem, lambda made: LISTENER.hear("a settings error", f"{made} {made!r}"))
    _inits(ArchiveError, lambda made: LISTENER.hear("an archive error", f"{made} {made!r}"))
    _inits(ArkivError, lambda made: LISTENER.hear("an error", f"{made} {made!r} {made.facts()}"))
    _inits(HttpEdge, lambda made: setattr(made, "told", _overheard(made.told)))
    _inits(Runner, lambda made: setattr(made, "_told", _overheard(made._told)))
    _before(EventLog, "_tell", lambda _, level, event, fields: LISTENER.hear_fields("event", event, fields))
    _bodies()


def _processes(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        LISTENER.hear("process list", " ".join(_text(one) for one in arguments[1]))


def _text(argument: object) -> str:
    return argument.decode("utf-8", "replace") if isinstance(argument, bytes) else str(argument)


def _overheard(told: Callable[..., Any]) -> Callable[..., Any]:
    def hear(name: str, fields: Mapping[str, object]) -> Any:
        LISTENER.hear_fields("event", name, fields)
        return told(name, fields)

    return hear


def _after(owner: Any, name: str, note: Callable[[Any], object]) -> None:
    """Also shows `note` what the method answers, every time."""
    found = owner.__dict__.get(name, getattr(owner, name))
    inner = found.__func__ if isinstance(found, classmethod) else found

    def method(*args: Any, **kwargs: Any) -> Any:
        answer = inner(*args, **kwargs)
        note(answer)
        return answer

    setattr(owner, name, classmethod(method) if isinstance(found, classmethod) else method)


def _before(owner: Any, name: str, note: Callable[..., object]) -> None:
    inner = owner.__dict__[name]

    def method(*args: Any) -> Any:
        note(*args)
        return inner(*args)

    setattr(owner, name, method)


def _inits(owner: Any, note: Callable[[Any], object]) -> None:
    """Also shows `note` every new object of the class, and of its subclasses as far as the class itself makes them."""
    inner = owner.__init__

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        inner(self, *args, **kwargs)
        note(self)

    owner.__init__ = __init__


def _bodies() -> None:
    one, many = compression.compressed, compression.all_compressed

    def compressed(body: bytes) -> bytes:
        LISTENER.hear_body(body)
        return one(body)

    def all_compressed(bodies: Any) -> list[bytes]:
        for body in bodies:
            LISTENER.hear_body(body)
        return many(bodies)

    for module in list(sys.modules.values()):
        for name, former, ear in (("compressed", one, compressed), ("all_compressed", many, all_compressed)):
            if getattr(module, name, None) is former:
                setattr(module, name, ear)


def judge(item: pytest.Item, report: pytest.TestReport) -> None:
    """At a test's very end: fails it when something got out that `ALLOWED` does not expect of it."""
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    found = [
        f"{where}: {leak}"
        for where, leak in LISTENER.leaks(report.sections, folder)
        if not is_allowed(item.nodeid, where, leak)
    ]
    if found and report.passed:
        report.outcome = "failed"
        report.longrepr = "Secrets got out:\n" + "\n".join(f"  {line}" for line in found)


def is_allowed(test: str, where: str, leak: Leak) -> bool:
    """Whether this test may let that out there."""
    return any(test.startswith(one.test) and where.startswith(one.where) and leak.kind == one.kind for one in ALLOWED)
