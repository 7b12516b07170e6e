"""Faults of single requests: wrong statuses, slow answers, cut bodies, dropped connections.

They stand in front of the API and the issuers, so a faulted request changes nothing, except `cut`, `slow` and `lost`,
which spoil the genuine answer on its way out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("status", "cut", "slow", "drop", "lost")


@dataclass
class Fault:
    """One fault. It skips its first `after` matching requests and strikes `times` times (None: for ever).

    status  answers `status` with `headers` and `body` in place of the endpoint
    cut     sends the true answer's headers and half of its body, then closes
    slow    waits `seconds` before the true answer
    drop    closes the connection without a word
    lost    does what was asked, then closes the connection without a word
    """

    method: str = "*"
    path: str = ".*"
    kind: str = "status"
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    seconds: float = 0.0
    times: int | None = None
    after: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind of fault: {self.kind}")
        self._pattern = re.compile(self.path)

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request is hit; counts it."""
        if self.method not in ("*", method) or self._pattern.search(path) is None or self.times == 0:
            return False
        if self.after > 0:
            self.after -= 1
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass
class Faults:
    """The faults that are set, in order; the first that strikes is taken."""

    waiting: list[Fault] = field(default_factory=list)

    def add(self, values: Mapping[str, Any]) -> None:
        """Sets one more. TypeError or ValueError for what is no fault."""
        self.waiting.append(Fault(**values))

    def strike(self, method: str, path_and_query: str) -> Fault | None:
        """The fault that hits this request, if any."""
        return next((fault for fault in self.waiting if fault.strikes(method, path_and_query)), None)
