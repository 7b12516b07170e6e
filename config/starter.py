"""The commented dialogarkiv.toml that `dialogarkiv init` writes: every key, its meaning and its default.

Keys one may leave alone stand commented out with their default; those one must fill in are plain, and empty where
nobody but the operator knows the value.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

from pydantic.fields import FieldInfo

from config.connections import CONNECTIONS, SystemUser
from config.environments import EnvironmentName
from config.models import SECTIONS, OpenRule, Section
from config.private_file import write_private
from config.toml_text import toml_value
from config.validation import allowed_values

_HEAD = """\
# Settings of Dialogarkiv. Relative paths count from the folder of this file. A key right behind a # is not set:
# what stands there is the default, or an example where there is none; take the # away to set it.
# Lengths of time: a whole number and s, m, h or d. Every key can be overridden by an environment variable:
# DIALOGARKIV__SYNC__POLL=1m, DIALOGARKIV__CONNECTION__REGNSKAP__CLIENT_ID=...
# `dialogarkiv doctor` tells what is still missing.
"""


def starter_file(
    environment: EnvironmentName = "tt02",
    *,
    client_id: str = "",
    org: str = "",
    external_ref: str | None = None,
    name: str = "virksomhet",
    key: str = "keys/maskinporten.jwk",
    key_id: str | None = None,
) -> str:
    """The text of a settings file with one system-user connection.

    `client_id` and `org` (owner of the system user) may be "" and are then for the operator to fill in; the file
    loads once they are and the key is there.
    """
    user = {"org": org} | ({"external_ref": external_ref} if external_ref else {})
    chosen: dict[str, object] = {
        "name": name,
        "kind": "system-user",
        "client_id": client_id,
        "key": key,
        "system_users": [user],
    }
    if key_id:
        chosen["key_id"] = key_id
    parts = [_HEAD]
    for section, model in SECTIONS.items():
        given: dict[str, object] = {"name": environment} if section == "environment" else {}
        if section == "environment" and environment == "custom":
            given |= {name: field.examples[0] for name, field in model.model_fields.items() if field.examples} | given
        parts.append(f"{_prose(model)}\n[{section}]\n{_keys(model, given)}")
        if section == "environment":
            parts.append(_connections(chosen))
        if section == "sync":
            parts.append(_commented(f"{_prose(OpenRule)}\n[[sync.open_rule]]\n{_keys(OpenRule, {}, whole=True)}"))
    return "\n".join(parts)


def write_starter(path: Path, text: str | None = None) -> None:
    """Write `text` (default: the starter file as it is) with mode 0600. FileExistsError if something is there."""
    write_private(path, (starter_file() if text is None else text).encode())


def _connections(chosen: dict[str, object]) -> str:
    parts = []
    for kind, model in CONNECTIONS.items():
        head = f"{_prose(model)}\n[[connection]]\n"
        if kind == "system-user":
            users = "\n".join(f"#   {field}: {info.description}" for field, info in SystemUser.model_fields.items())
            parts.append(head + _keys(model, chosen, notes={"system_users": users}))
        else:
            parts.append(_commented(head + _keys(model, {"kind": kind}, whole=True)))
    return "\n".join(parts)


def _keys(
    model: type[Section], given: dict[str, object], *, whole: bool = False, notes: dict[str, str] | None = None
) -> str:
    """The keys of a table. Those not `given` are commented out, except in a `whole` example what it cannot lack."""
    lines = []
    for name, field in model.model_fields.items():
        if field.annotation is not None and field.title == "tables":
            continue
        lines += [f"# {line}" for line in textwrap.wrap(_meaning(field), 110, break_on_hyphens=False)]
        lines += (notes or {}).get(name, "").splitlines()
        plain = name in given or (whole and field.is_required())
        lines.append(f"{'' if plain else '#'}{name} = {toml_value(given.get(name, _value(field)))}")
    return "\n".join(lines) + "\n"


def _meaning(field: FieldInfo) -> str:
    choice = allowed_values(field)
    allowed = f" One of {', '.join(choice)}." if len(choice) > 1 else ""
    return f"{field.description}{allowed}".replace("`", "")


def _value(field: FieldInfo) -> object:
    if field.is_required() or field.default is None:
        return field.examples[0] if field.examples else allowed_values(field)[0]
    return field.default


def _prose(model: type[Section]) -> str:
    return f"# {model.__doc__}".replace("`", "")


def _commented(text: str) -> str:
    return "".join(line if line.startswith("#") else f"#{line}" for line in text.splitlines(keepends=True))
