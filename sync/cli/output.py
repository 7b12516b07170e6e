"""How answers are shown: a table for people, JSON for machines. rich is loaded only when a table is drawn."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import TextIOWrapper
from typing import Any

import click

_WIDE = 240  # columns when nobody watches: a piped table is not cut at a screen's edge
_ROOMY = 160  # columns from which a table has room for whole ids

# Characters that a terminal may obey, or that turn the reading direction, and that JSON lets stand.
_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def echo_json(value: Any) -> None:
    """One JSON document on standard output: UTF-8, keys in the order of the contract."""
    if isinstance(sys.stdout, TextIOWrapper):
        # Whatever the terminal speaks; half a surrogate pair becomes its JSON escape again.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    text = json.dumps(value, ensure_ascii=False, indent=2, default=_plain)
    click.echo(_UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def narrow() -> bool:
    """True where somebody watches on a screen without room for whole ids in a table."""
    return sys.stdout.isatty() and shutil.get_terminal_size().columns < _ROOMY


def echo_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    title: str | None = None,
    whole: Collection[str] = (),
    slim: Mapping[str, int] | None = None,
) -> None:
    """A table without colours of meaning: everything it says is in its words. The columns named in `whole` are never
    broken over two lines; those in `slim` are no wider than so many characters on a narrow screen.
    """
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    widest = slim if slim is not None and narrow() else {}
    table = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in whole, max_width=widest.get(column))
    for row in rows:
        table.add_row(*(Text(shown(value)) for value in row))
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False, emoji=False, markup=False)
    console.print(table)


def shown(value: object) -> str:
    """One cell: nothing for null, yes and no for truth; control characters of foreign texts are made visible, not
    obeyed.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in str(value))


def day_and_minute(instant: object) -> str:
    """`2026-03-01 09:08` of a canonical time: what a table has room for."""
    return f"{instant[:10]} {instant[11:16]}" if isinstance(instant, str) and len(instant) >= 16 else ""


def table_of(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str], *, title: str | None = None) -> None:
    """`columns` maps a row's key to its heading, in order."""
    echo_table(list(columns.values()), ([row.get(key) for key in columns] for row in rows), title=title)


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return str(value)
