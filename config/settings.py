"""Reading the settings: `load` finds the file, lays the environment over it, checks everything, resolves paths."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from config import checks
from config.archive_url import resolve_archive_url
from config.connections import CONNECTIONS, Connection, TokenConnection
from config.environments import Environment
from config.errors import ConfigError
from config.fields import KeyRef
from config.findings import Findings
from config.models import (
    SECTIONS,
    Archive,
    Attention,
    Display,
    EnvironmentSection,
    Limits,
    Log,
    Section,
    Sync,
    Vault,
)
from config.overrides import overlay
from config.redaction import show
from config.validation import keys_of, nearest, read_section
from config.vault import VaultKeys, vault_keys

FILE_NAME = "dialogarkiv.toml"
FILE_VARIABLE = "DIALOGARKIV_CONFIG"
_INIT = "Write a settings file with `dialogarkiv init`, or name yours with --config."

SectionT = TypeVar("SectionT", bound=Section)


@dataclass(frozen=True)
class Settings:
    """Everything the operator said, checked; relative paths are hung on the folder of `file`.

    `archive.url` is ready for SQLAlchemy. `warnings` are sentences to show once; none of them stops anything.
    """

    archive: Archive
    environment: Environment
    connections: tuple[Connection, ...]
    sync: Sync
    display: Display
    limits: Limits
    attention: Attention
    log: Log
    file: Path | None = None
    warnings: tuple[str, ...] = ()
    vault: Vault = field(default_factory=Vault)

    def connection(self, name: str) -> Connection:
        """The connection of that name. Raises ConfigError that names the ones there are."""
        for connection in self.connections:
            if connection.name == name:
                return connection
        known = ", ".join(connection.name for connection in self.connections)
        raise ConfigError(self.file, "connection", show(name), "there is no such connection.", f"Known: {known}.")

    def vault_keys(self, env: Mapping[str, str]) -> VaultKeys:
        """The keys that seal persons' logins, not read yet."""
        return vault_keys(self.vault.key, self.vault.old_keys, env, self.file)


def load(path: Path | None, env: Mapping[str, str], *, secrets: bool = True) -> Settings:
    """Read and check the settings.

    `path` is what --config gave; else `DIALOGARKIV_CONFIG`, else dialogarkiv.toml in the working directory.
    `secrets=False` is for commands that only read the archive: keys and secrets are then not looked at, and there
    need be no connection. Raises ConfigError with every problem found.
    """
    file = find_file(path, env)
    raw, origins, misplaced = overlay(_parse(file), env)
    findings = Findings(file, raw, origins)
    findings.problems.extend(misplaced)
    _check_section_names(raw, findings)

    archive = _section(Archive, "archive", raw, findings)
    environment = _section(EnvironmentSection, "environment", raw, findings)
    sync = _section(Sync, "sync", raw, findings)
    display = _section(Display, "display", raw, findings)
    limits = _section(Limits, "limits", raw, findings)
    attention = _section(Attention, "attention", raw, findings)
    vault = _section(Vault, "vault", raw, findings)
    log = _section(Log, "log", raw, findings)
    connections, kinds = _connections(raw, findings, needed=secrets)

    folder = file.parent
    resolved = [(index, _resolve(connection, folder)) for index, connection in connections]
    checks.check_connections(resolved, findings)
    addresses = checks.check_environment(environment, kinds, findings) if environment is not None else None
    if sync is not None:
        checks.check_open_rules(sync.open_rules, findings)
    if attention is not None and attention.rules is not None:
        attention = Attention(rules=folder / attention.rules.expanduser())
        checks.check_rules_file(attention.rules, findings)
    if archive is not None:
        checks.check_archive(archive, findings)
    if secrets:
        checks.check_secrets(resolved, env, findings)
        if vault is not None and "id-porten" in kinds:
            checks.check_vault(vault_keys(vault.key, vault.old_keys, env, file), findings)
    findings.raise_if_any()

    assert archive and addresses and sync and display and limits and attention, "a missing part was told above"
    assert vault and log, "a missing part was told above"
    return Settings(
        archive=Archive.model_construct(url=resolve_archive_url(archive.url, folder)),
        environment=addresses,
        connections=tuple(connection for _, connection in resolved),
        sync=sync,
        display=display,
        limits=limits,
        attention=attention,
        log=log,
        file=file,
        warnings=tuple(findings.warnings),
        vault=vault,
    )


def find_file(path: Path | None, env: Mapping[str, str]) -> Path:
    """The settings file, absolute. Raises ConfigError that says where was looked."""
    named = env.get(FILE_VARIABLE)
    if path is not None:
        chosen, by = path, "--config"
    elif named:
        chosen, by = Path(named), FILE_VARIABLE
    else:
        chosen, by = Path(FILE_NAME), "the working directory"
    file = chosen.expanduser().absolute()
    try:
        if file.is_file():
            return file
    except PermissionError:
        return file  # reading it says why it cannot be had
    if by == "the working directory":
        problem = f"no settings file. Looked at --config (not given), {FILE_VARIABLE} (not set) and {file}."
        raise ConfigError(None, "", None, problem, _INIT)
    state = "is a folder, not a file" if file.is_dir() else "there is no such file"
    raise ConfigError(file, "", None, f"{state} (named by {by}).", _INIT)


def _parse(file: Path) -> dict[str, object]:
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            file, "", None, f"not UTF-8 (byte {error.start}).", "Save the file as UTF-8 in your editor."
        ) from None
    except OSError as error:
        raise ConfigError(
            file, "", None, f"cannot be read ({error.strerror}).", "Make it readable for the user who runs this."
        ) from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        lines = text.splitlines()
        number = int(found[1]) if found else len(lines)
        line = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        secret = re.search(r"secret|token|passw|key|://", line, re.IGNORECASE) is not None
        raise ConfigError(
            file,
            f"line {number}",
            show(line, secret=secret) if line else None,
            f"not TOML: {error}.",
            'Text stands in "quotes", sections in [brackets], one key = value on each line.',
        ) from None


def _check_section_names(raw: Mapping[str, object], findings: Findings) -> None:
    known = [*SECTIONS, "connection"]
    for name, value in raw.items():
        if name in known:
            continue
        home = next((section for section, model in SECTIONS.items() if name in keys_of(model)), None)
        what = "unknown section." if isinstance(value, dict | list) else "unknown key outside any section."
        if meant := nearest(name, known):
            remedy = f'Did you mean "{meant}"?'
        elif home:
            remedy = f"It belongs in [{home}]."
        else:
            remedy = f"Known sections: {', '.join(known)}."
        hide = not isinstance(value, dict | list) and re.search(r"secret|token|passw|key", name, re.IGNORECASE)
        findings.add((name,), value, what, remedy, secret=bool(hide))


def _section(model: type[SectionT], name: str, raw: Mapping[str, object], findings: Findings) -> SectionT | None:
    return read_section(model, raw.get(name, {}), (name,), findings)


def _connections(
    raw: Mapping[str, object], findings: Findings, *, needed: bool
) -> tuple[list[tuple[int, Connection]], set[str]]:
    """Those that are in order, with their positions, and the kinds of all of them."""
    tables = raw.get("connection", [])
    if not isinstance(tables, list):
        findings.add(("connection",), tables, "not a list of tables.", "Write [[connection]], in double brackets.")
        return [], set()
    if not tables and needed:
        findings.add(
            ("connection",), None, "there is no connection.", "Add a [[connection]]; `dialogarkiv init` writes one."
        )
    checks.check_names(tables, findings)
    good: list[tuple[int, Connection]] = []
    kinds: set[str] = set()
    for index, table in enumerate(tables):
        kind = table.get("kind") if isinstance(table, dict) else None
        if isinstance(table, dict) and (not isinstance(kind, str) or kind not in CONNECTIONS):
            _tell_kind(kind, index, findings)
            continue
        model = CONNECTIONS[kind] if isinstance(kind, str) else TokenConnection
        kinds |= {kind} if isinstance(kind, str) else set()
        if (connection := read_section(model, table, ("connection", index), findings)) is not None:
            good.append((index, connection))
    return good, kinds


def _tell_kind(kind: object, index: int, findings: Findings) -> None:
    meant = nearest(kind, CONNECTIONS) if kind is not None else None
    also = f' Did you mean "{meant}"?' if meant else ""
    allowed = ", ".join(f'"{word}"' for word in CONNECTIONS)
    problem = "is missing." if kind is None else "not a known value."
    findings.add(("connection", index, "kind"), kind, problem, f"Use one of {allowed}.{also}")


def _resolve(connection: Connection, folder: Path) -> Connection:
    """The keys' paths hung on the folder of the settings, their key ids joined to them."""
    if isinstance(connection, TokenConnection):
        return connection
    found = {
        "key": _placed(connection.key, connection.key_id, folder),
        "next_key": _placed(connection.next_key, connection.next_key_id, folder),
    }
    return connection.model_copy(update=found)


def _placed(ref: KeyRef | None, key_id: str | None, folder: Path) -> KeyRef | None:
    if ref is None:
        return None
    file = None if ref.file is None else folder / ref.file.expanduser()
    return replace(ref, key_id=key_id or ref.key_id, file=file)
