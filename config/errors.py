"""What is wrong with the settings, said so that it can be mended.

ConfigError      the operator must act; exit code 2; holds one or more `Problem`s
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    `file` is where the value stands: a path, or `environment variable NAME`. `key` is the dotted path
    (`connection.regnskap.client_id`), empty when the whole file is meant. `value` is what stands there, already fit
    to be shown (see `config.redaction.show`), None when nothing stands there.
    """

    file: Path | str | None
    key: str
    value: str | None
    problem: str
    remedy: str

    def __str__(self) -> str:
        where = [] if self.file is None else [str(self.file)]
        if self.key:
            where.append(self.key if self.value is None else f"{self.key} = {self.value}")
        elif self.value is not None:
            where.append(self.value)
        return f"{': '.join([*where, self.problem])}\n    {self.remedy}"


class ConfigError(Exception):
    """The settings cannot be used. `str()` names file, key, value, problem and remedy of every problem found.

    The fields `file`, `key`, `value`, `problem` and `remedy` are those of the first problem.
    """

    exit_code = 2

    def __init__(self, file: Path | str | None, key: str, value: str | None, problem: str, remedy: str) -> None:
        self.problems: tuple[Problem, ...] = (Problem(file, key, value, problem, remedy),)
        super().__init__(file, key, value, problem, remedy)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> ConfigError:
        """One error for all of them; at least one is needed."""
        found = tuple(problems)
        first = found[0]
        error = cls(first.file, first.key, first.value, first.problem, first.remedy)
        error.problems = found
        return error

    @property
    def file(self) -> Path | str | None:
        return self.problems[0].file

    @property
    def key(self) -> str:
        return self.problems[0].key

    @property
    def value(self) -> str | None:
        return self.problems[0].value

    @property
    def problem(self) -> str:
        return self.problems[0].problem

    @property
    def remedy(self) -> str:
        return self.problems[0].remedy

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        if len(lines) == 1:
            return lines[0]
        return "\n".join([f"{len(lines)} settings need mending.", *lines])
