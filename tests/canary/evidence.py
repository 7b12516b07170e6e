"""What a scenario of real processes left behind, and the search in it for every secret that there was."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil

from store.compression import decompressed
from tests.canary.looks import LEAST, NATIONAL_IDS, forms_of, secrets_in, tokens_in

_WINDOW = 16
_PAUSE = 0.2  # each of them lives for half a second at least
# What these print is what the archive holds; whose it is, a person's number for one, belongs to that.
_EXPORTS = ("sync inbox", "sync show", "sync attention")
_PRIVATE = ("d", "p", "q", "dp", "dq", "qi")


@dataclass(frozen=True)
class Evidence:
    """`outputs`: what each process printed, by name; `processes`: command lines and titles; `files`: their bytes, but
    for those that hold keys; `archive`: every value of every table but the sealed one, bodies unpacked.
    """

    secrets: frozenset[str]
    outputs: Mapping[str, bytes]
    processes: frozenset[str]
    files: Mapping[str, bytes]
    archive: Mapping[str, bytes] = field(repr=False)

    def leaks(self) -> list[str]:
        """Every place with a secret in it, and what kind. National ids are content of archive, exports and settings."""
        needles = Needles(self.secrets)
        found = []
        told = {**self.outputs, "process list": "\n".join(sorted(self.processes)).encode()}
        for where, data in told.items():
            exported = where.endswith("(stdout)") and any(command in where for command in _EXPORTS)
            leaks = secrets_in(data)
            found += [f"{where}: {leak}" for leak in leaks if leak.kind != "national id" or not exported]
        for where, data in {**self.files, **self.archive}.items():
            found += [f"{where}: {leak}" for leak in tokens_in(data)]
            if not where.endswith(".toml") and where in self.files and ".db" not in where:
                found += [f"{where}: national id" for pid in NATIONAL_IDS if pid.encode() in data]
        for where, data in {**told, **self.files, **self.archive}.items():
            if secret := needles.first_in(data):
                found.append(f"{where}: secret ({secret[:4]!r}…)")
        return found

    def with_output(self, name: str, data: bytes) -> Evidence:
        return replace(self, outputs={**self.outputs, name: data})

    def with_process(self, line: str) -> Evidence:
        return replace(self, processes=self.processes | {line})

    def with_file(self, name: str, data: bytes) -> Evidence:
        return replace(self, files={**self.files, name: data})

    def with_row(self, place: str, data: bytes) -> Evidence:
        return replace(self, archive={**self.archive, place: data})


class Needles:
    """Thousands of secrets, in all their spellings, looked for at once: by windows of 16 bytes, so that a part of one
    that is twice as long is found too.
    """

    def __init__(self, secrets: Collection[str]) -> None:
        self._windows: dict[bytes, str] = {}
        self._short: list[tuple[bytes, str]] = []
        for secret in secrets:
            for form in forms_of(secret):
                if len(form) < _WINDOW:
                    self._short.append((form, secret))
                for start in range(0, len(form) - _WINDOW + 1, _WINDOW):
                    self._windows[form[start : start + _WINDOW]] = secret

    def first_in(self, data: bytes) -> str | None:
        """The first secret that is found; None where there is none."""
        windows = self._windows
        for start in range(len(data) - _WINDOW + 1):
            if (window := data[start : start + _WINDOW]) in windows:
                return windows[window]
        return next((secret for form, secret in self._short if form in data), None)


def ledger_of(file: Path) -> set[str]:
    """The secrets that a watched sandbox wrote down."""
    found = {json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()}
    return {secret for secret in found if len(secret) >= LEAST}


def key_secrets(file: Path) -> set[str]:
    """The private members of a JWK, or the vault's key."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".jwk":
        return {value for name, value in json.loads(text).items() if name in _PRIVATE and len(value) >= LEAST}
    return {text.strip()}


def files_in(folder: Path, keys: Collection[str]) -> dict[str, bytes]:
    """Every file under a folder but those with these names."""
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            file = Path(at) / name
            if name not in keys and file.is_file():
                found[f"file {file.relative_to(folder)}"] = file.read_bytes()
    return found


def values_in(archive: Path) -> dict[str, bytes]:
    """Every value of every table as bytes, joined by column; bodies unpacked, and `consent.sealed` left out."""
    found: dict[str, bytes] = {}
    with closing(sqlite3.connect(f"file:{archive}?mode=ro", uri=True)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            rows = database.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            columns: dict[str, list[bytes]] = {name: [] for name in names if (table, name) != ("consent", "sealed")}
            for row in rows:
                for name, value in zip(names, row, strict=True):
                    if name in columns and value is not None:
                        columns[name].append(_bytes(value, unpack=(table, name) == ("payload", "body")))
            found |= {f"archive {table}.{name}": b"\n".join(values) for name, values in columns.items()}
    return found


def _bytes(value: object, *, unpack: bool) -> bytes:
    if isinstance(value, bytes):
        return decompressed(value) if unpack else value
    return str(value).encode("utf-8", "surrogatepass")


@contextmanager
def process_list(seen: set[str]) -> Iterator[None]:
    """While the block runs: what anybody on this machine could see of the processes that it starts."""
    ended = threading.Event()
    ours = psutil.Process()

    def look() -> None:
        while not ended.wait(_PAUSE):
            for child in ours.children(recursive=True):
                try:
                    seen.add(" ".join([child.name(), *child.cmdline()]))
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
