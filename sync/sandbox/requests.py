"""What was asked of the API: counts by route and the whole log, for tests that count requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from sync.sandbox.dialogs import JsonObject


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the API; `path` as the server knows it, `caller` an id of the access model or None."""

    method: str
    path: str
    query: str
    caller: str | None
    status: int
    at: str


@dataclass
class RequestLog:
    """All requests since the start or the last reset."""

    by: Counter[str] = field(default_factory=Counter)
    entries: list[LoggedRequest] = field(default_factory=list)

    def add(self, template: str, entry: LoggedRequest) -> None:
        """Counts one request under its route."""
        self.by[f"{entry.method} {template}"] += 1
        self.entries.append(entry)

    def reset(self) -> None:
        """Forgets everything."""
        self.by.clear()
        self.entries.clear()

    def summary(self) -> JsonObject:
        """The body of `GET /control/requests`."""
        return {
            "total": len(self.entries),
            "by": dict(sorted(self.by.items())),
            "log": [asdict(entry) for entry in self.entries],
        }
