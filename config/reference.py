"""The settings reference, docs/settings.md, made from the models so that it cannot be wrong.

python -m config.reference writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.connections import CONNECTIONS, SystemUser
from config.environments import NAMED
from config.events import Event
from config.models import SECTIONS, OpenRule
from config.toml_text import toml_value
from config.validation import allowed_values, bounds

REFERENCE = Path(__file__).parent.parent / "docs" / "settings.md"

_HEAD = """\
# Settings

This page is made from the code by `python -m config.reference`.

The file is `dialogarkiv.toml`: the one `--config` names, else the one the environment variable `DIALOGARKIV_CONFIG`
names, else the one in the working directory. `dialogarkiv init` writes one with every key in it. Relative paths count
from the folder of the file. A duration is a whole number and `s`, `m`, `h` or `d`: `"90s"`, `"5m"`, `"24h"`, `"30d"`.

Everything that is wrong is told at once, with exit code 2: file, key, value, what is wrong with it and what to do.

## Overriding a key

| variable | sets |
|---|---|
| `DIALOGARKIV__SYNC__POLL=1m` | `poll` in `[sync]` |
| `DIALOGARKIV__DISPLAY__LANGUAGES='["nn", "nb"]'` | a list, as JSON |
| `DIALOGARKIV__CONNECTION__REGNSKAP__CLIENT_ID=…` | a key of the connection called `regnskap` (any case, `-` as `_`) |
| `DIALOGARKIV__CONNECTION__0__CLIENT_ID=…` | a key of the first connection; the next free number adds one |
| `DIALOGARKIV__CONNECTION='[{"name": …}]'` | all connections, as JSON |

## Secrets

No secret stands in the file. A private key is in a file that only its owner can read (mode 0600), JWK or PEM, or in an
environment variable (`env:NAME`) that holds the same text; client secrets and tokens are in environment variables. A
password in `archive.url` is the exception: keep it out with `DIALOGARKIV__ARCHIVE__URL`.
"""


def reference() -> str:
    """The whole page, Markdown."""
    parts = [_HEAD]
    for name, model in SECTIONS.items():
        parts.append(_table(f"`[{name}]`", model))
        if name == "environment":
            parts.append(_environments())
            parts += [_table(f'`[[connection]]`, kind = "{kind}"', table) for kind, table in CONNECTIONS.items()]
            parts.append(_table("`system_users`", SystemUser))
        if name == "sync":
            parts.append(_table("`[[sync.open_rule]]`", OpenRule))
    events = [f"| `{event}` | {event.meaning} |" for event in Event]
    log = 'The log knows these events and no others; with `format = "json"` each is one line, its name in `event`.'
    parts.append("\n".join(["## Log events", "", log, "", "| event | meaning |", "|---|---|", *events]) + "\n")
    return "\n".join(parts)


def write_reference(path: Path = REFERENCE) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(reference(), encoding="utf-8")


def _table(title: str, model: type[BaseModel]) -> str:
    rows = [_row(field.alias or name, field) for name, field in model.model_fields.items()]
    head = [f"## {title}", "", model.__doc__ or "", "", "| key | value | default | meaning |", "|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def _row(name: str, field: FieldInfo) -> str:
    choice = allowed_values(field)
    kind = ", ".join(f"`{word}`" for word in choice) if choice else f"{field.title}{_bounds(field)}"
    if field.is_required():
        default = "required"
    elif field.default is None or field.default == ():
        default = "none"
    else:
        default = f"`{toml_value(field.default)}`"
    example = f" Example: `{toml_value(field.examples[0])}`." if field.examples and "`" not in default else ""
    return f"| `{name}` | {kind} | {default} | {field.description}{example} |"


def _bounds(field: FieldInfo) -> str:
    words: Iterable[str] = (
        f"{word} {toml_value(bound).strip(chr(34))}"
        for word, bound in zip(("at least", "at most"), bounds(field), strict=True)
        if bound is not None
    )
    text = ", ".join(words)
    return f", {text}" if text else ""


def _environments() -> str:
    rows = [
        f"| {what} | {' | '.join(f'`{getattr(NAMED[name], key)}`' for name in ('tt02', 'prod'))} |"
        for what, key in (
            ("Dialogporten", "dialogporten"),
            ("Altinn", "altinn"),
            ("Maskinporten's issuer", "maskinporten"),
            ("ID-porten's issuer", "idporten"),
        )
    ]
    return "\n".join(["| built in | tt02 | prod |", "|---|---|---|", *rows]) + "\n"


if __name__ == "__main__":
    write_reference()
