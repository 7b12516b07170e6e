"""Looks into the archive's file beside the program, fast, and as often as after every run."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from tests.equality import KEYS, Tables, query, settled


class Glance:
    """One connection for reading. Rows that stood there at an earlier look are the same objects again."""

    def __init__(self, file: Path) -> None:
        self._connection = sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        self._met: dict[str, dict[tuple[Any, ...], dict[str, Any]]] = {name: {} for name in KEYS}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        """The same, by column."""
        cursor = self._connection.execute(sql)
        return [dict(zip((each[0] for each in cursor.description), row, strict=True)) for row in cursor]

    def tables(self) -> Tables:
        """Every table of KEYS."""
        return {name: self._table(name, met) for name, met in self._met.items()}

    def close(self) -> None:
        self._connection.close()

    def _table(self, name: str, met: dict[tuple[Any, ...], dict[str, Any]]) -> list[dict[str, Any]]:
        cursor = self._connection.execute(query(name))
        columns = [each[0] for each in cursor.description]
        found = []
        for row in cursor:
            if row not in met:
                met[row] = settled({name: [dict(zip(columns, row, strict=True))]})[name][0]
            found.append(met[row])
        return found
