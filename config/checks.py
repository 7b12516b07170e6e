"""Rules that no single value can break: between sections, and against files and variables outside the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from config.archive_url import has_password, is_postgres, psycopg_is_missing
from config.connections import Connection, IdPortenConnection, SystemUserConnection, TokenConnection
from config.environments import NAMED, Environment, origin
from config.errors import ConfigError
from config.fields import KeyRef
from config.findings import Findings, Place
from config.keys import folder_warning, load_signing_key
from config.models import (
    Archive,
    EnvironmentSection,
    OpenRule,
)
from config.vault import VaultKeys

_ADDRESSES = ("dialogporten", "altinn", "maskinporten", "idporten")
_READING_SCOPES = ("digdir:dialogporten", "digdir:dialogporten.noconsent")

Placed = Sequence[tuple[int, Connection]]


def check_environment(section: EnvironmentSection, kinds: set[str], findings: Findings) -> Environment | None:
    """The addresses to use. Without its own for prod and tt02; for custom those that the connections need."""
    given = {name: url for name in _ADDRESSES if (url := getattr(section, name)) is not None}
    if section.name != "custom":
        for name, url in given.items():
            findings.add(
                ("environment", name),
                url,
                f"{section.name} has its addresses built in.",
                f'Remove the key, or set environment.name = "custom" and give all addresses (it is "{section.name}").',
            )
        return None if given else NAMED[section.name]
    needed = {"dialogporten"}
    needed |= {"maskinporten"} if "system-user" in kinds else set()
    needed |= {"idporten"} if "id-porten" in kinds else set()
    fields = EnvironmentSection.model_fields
    for name in _ADDRESSES:
        if name in needed and name not in given:
            example = (fields[name].examples or ["https://…"])[0]
            findings.add(
                ("environment", name), None, "is missing; a custom environment needs it.", f'Add {name} = "{example}".'
            )
    if needed - given.keys():
        return None
    return Environment(
        name="custom",
        dialogporten=given["dialogporten"],
        altinn=given.get("altinn") or origin(given["dialogporten"]),
        maskinporten=given.get("maskinporten", ""),
        idporten=given.get("idporten", ""),
    )


def check_archive(archive: Archive, findings: Findings) -> None:
    if is_postgres(archive.url) and psycopg_is_missing():
        findings.add(
            ("archive", "url"),
            archive.url,
            "PostgreSQL needs psycopg, which is not installed.",
            'Install it: pip install "dialogarkiv[postgres]" (or "psycopg[binary]").',
        )
    if has_password(archive.url) and findings.source(("archive", "url")) == findings.file and findings.file.exists():
        mode = findings.file.stat().st_mode
        if mode & 0o044:
            findings.warn(
                ("archive", "url"), f"holds a password, and others can read the file. Run: chmod 600 '{findings.file}'"
            )


def check_names(tables: Sequence[object], findings: Findings) -> None:
    """No two connections share a name, not even in another case: on some systems variables have none."""
    names: dict[str, int] = {}
    for index, table in enumerate(tables):
        name = table.get("name") if isinstance(table, dict) else None
        if not isinstance(name, str):
            continue
        first = names.setdefault(name.casefold(), index)
        if first != index:
            findings.add(
                ("connection", index, "name"),
                name,
                f"connection {first} has this name already.",
                "Give each [[connection]] a name of its own; the archive keeps them apart by it.",
            )


def check_connections(connections: Placed, findings: Findings) -> None:
    """Scopes, parties, and what each kind needs together."""
    for index, connection in connections:
        place: Place = ("connection", index)
        if connection.parties == ():
            findings.add(
                (*place, "parties"),
                [],
                "an empty list would archive nothing.",
                "Leave the key out to archive every party the connection may see.",
            )
        if not isinstance(connection, TokenConnection) and not set(_READING_SCOPES) & set(connection.scopes):
            findings.add(
                (*place, "scopes"),
                connection.scopes,
                "Dialogporten's scope is not among them, so every call would be refused.",
                'Add "digdir:dialogporten".',
            )
        if not isinstance(connection, TokenConnection):
            _check_next_key(connection, place, findings)
        if isinstance(connection, SystemUserConnection):
            _check_system_users(connection, place, findings)
        if isinstance(connection, IdPortenConnection):
            _check_id_porten(connection, place, findings)


def _check_next_key(connection: SystemUserConnection | IdPortenConnection, place: Place, findings: Findings) -> None:
    if connection.key is None and connection.next_key is not None:
        findings.add(
            (*place, "next_key"), f"{connection.next_key}", "follows no key.", "Write it as key, or remove it."
        )
    if connection.next_key is None and connection.next_key_id is not None:
        findings.add(
            (*place, "next_key_id"), connection.next_key_id, "belongs to no key.", "Add next_key, or remove it."
        )


def _check_system_users(connection: SystemUserConnection, place: Place, findings: Findings) -> None:
    if not connection.system_users:
        findings.add(
            (*place, "system_users"),
            [],
            "a Maskinporten token without a system user opens nothing in Dialogporten.",
            'Write at least one, for example [{ org = "310000000" }].',
        )
    seen: set[tuple[str, str | None]] = set()
    for number, user in enumerate(connection.system_users):
        if (user.org, user.external_ref) in seen:
            findings.add(
                (*place, "system_users", number, "org"),
                user.org,
                "the same system user stands here twice.",
                "Remove one, or tell them apart by external_ref.",
            )
        seen.add((user.org, user.external_ref))


def _check_id_porten(connection: IdPortenConnection, place: Place, findings: Findings) -> None:
    if connection.key is None and connection.client_secret is None:
        findings.add(
            (*place, "key"),
            None,
            "is missing; the client must prove itself.",
            'Add key = "keys/idporten.jwk" or client_secret = "env:NAME", whichever the client is registered with.',
        )
    if connection.key is not None and connection.client_secret is not None:
        findings.add(
            (*place, "client_secret"),
            f"{connection.client_secret}",
            "stands beside key; ID-porten takes only the method the client is registered with.",
            "Remove one of the two.",
        )


def check_open_rules(rules: Sequence[OpenRule], findings: Findings) -> None:
    for number, rule in enumerate(rules):
        if rule.party is None and rule.org is None and rule.service_resource is None:
            findings.add(
                ("sync", "open_rule", number),
                {"open": rule.open},
                "names neither party, org nor service_resource.",
                "Add one of them; for all dialogs set sync.open instead.",
            )


def check_rules_file(rules: Path | None, findings: Findings) -> None:
    if rules is not None and not rules.is_file():
        findings.add(
            ("attention", "rules"),
            str(rules),
            "there is no such file.",
            "Correct the path (relative paths count from the settings file), or remove the key.",
        )


def check_secrets(connections: Placed, env: Mapping[str, str], findings: Findings) -> None:
    """Every key can be read and used, every secret is there."""
    for index, connection in connections:
        place: Place = ("connection", index)
        try:
            if isinstance(connection, TokenConnection):
                at = (*place, "token")
                connection.token.read(env, file=findings.source(at), key=findings.key(at))
                continue
            if isinstance(connection, IdPortenConnection) and connection.client_secret is not None:
                at = (*place, "client_secret")
                connection.client_secret.read(env, file=findings.source(at), key=findings.key(at))
            if connection.key is not None:
                kid = _check_key(connection.key, (*place, "key"), env, findings)
                if connection.next_key is not None:
                    at = (*place, "next_key")
                    if _check_key(connection.next_key, at, env, findings) == kid:
                        findings.add(
                            at,
                            f"{connection.next_key}",
                            "has the kid of key.",
                            "Give the new key a kid of its own (dialogarkiv init --key-only makes one), or remove it.",
                        )
        except ConfigError as error:
            findings.take(error)


def check_vault(keys: VaultKeys, findings: Findings) -> None:
    """The keys of the vault can be read and used, as far as they are there before the first login."""
    try:
        keys.check()
    except ConfigError as error:
        findings.take(error)
    file = keys.key.file
    beside = file is not None and file.parent == findings.file.parent
    if file is not None and (sentence := folder_warning(file, beside_settings=beside)):
        findings.warn(("vault", "key"), sentence)


def _check_key(ref: KeyRef, at: Place, env: Mapping[str, str], findings: Findings) -> str:
    kid = load_signing_key(ref, env, file=findings.source(at), key=findings.key(at)).kid
    if ref.file is not None and (sentence := folder_warning(ref.file)):
        findings.warn(at, sentence)
    return kid
