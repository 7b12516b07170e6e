"""Gathering everything that is wrong, so that it is told in one go.

Places in the settings are paths such as `("connection", 0, "client_id")`; a message calls that
`connection.regnskap.client_id` and says which file or environment variable the value came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from config.errors import ConfigError, Problem
from config.redaction import show

Place = tuple[str | int, ...]


class Findings:
    """`origins` names the environment variable behind each overridden place."""

    def __init__(self, file: Path, raw: Mapping[str, object], origins: Mapping[Place, str]) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self._origins = origins
        self._names = _unique_names(raw)

    def key(self, place: Place) -> str:
        """The dotted path; a connection goes by its name where that is usable and its own."""
        parts = [str(part) for part in place]
        if len(place) > 1 and place[0] == "connection" and isinstance(place[1], int):
            parts[1] = self._names.get(place[1], parts[1])
        return ".".join(parts)

    def source(self, place: Place) -> Path | str:
        for length in range(len(place), 0, -1):
            if variable := self._origins.get(place[:length]):
                return f"environment variable {variable}"
        return self.file

    def add(self, place: Place, value: object, problem: str, remedy: str, *, secret: bool = False) -> None:
        """`value` None means that nothing stands there; `secret` hides it altogether."""
        shown = None if value is None else show(value, secret=secret)
        self.problems.append(Problem(self.source(place), self.key(place), shown, problem, remedy))

    def take(self, error: ConfigError) -> None:
        self.problems.extend(error.problems)

    def warn(self, place: Place, sentence: str) -> None:
        self.warnings.append(f"{self.source(place)}: {self.key(place)}: {sentence}")

    def raise_if_any(self) -> None:
        if self.problems:
            raise ConfigError.of(self.problems)


def _unique_names(raw: Mapping[str, object]) -> dict[int, str]:
    connections = raw.get("connection")
    found: dict[int, str] = {}
    if isinstance(connections, list):
        for index, connection in enumerate(connections):
            name = connection.get("name") if isinstance(connection, dict) else None
            if isinstance(name, str) and name.replace("-", "").replace("_", "").isalnum() and not name.isdigit():
                found[index] = name
    names = [name.casefold() for name in found.values()]
    return {index: name for index, name in found.items() if names.count(name.casefold()) == 1}
