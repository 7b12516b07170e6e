"""What was asked of the API: counts by route and the whole log, for tests that count requests."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from sync.sandbox.dialogs import JsonObject


@dataclass(frozen=True)
class LoggedRequest:
    """One request to the API; `path` as the server knows it, `caller` an id of the access model or None.

    `status` is 0 where a fault dropped the connection.
    """

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
    issuer: Counter[str] = field(default_factory=Counter)

    def add(self, template: str, entry: LoggedRequest) -> None:
        """Counts one request under its route."""
        self.by[f"{entry.method} {template}"] += 1
        self.entries.append(entry)

    def add_issuer(self, method: str, path: str) -> None:
        """Counts one request to the token issuer; those are counted apart."""
        self.issuer[f"{method} {path}"] += 1

    def reset(self) -> None:
        """Forgets everything."""
        self.by.clear()
        self.entries.clear()
        self.issuer.clear()

    def summary(self) -> JsonObject:
        """The body of `GET /control/requests`: the API's requests, and the issuer's by themselves."""
        return {
            "total": len(self.entries),
            "by": dict(sorted(self.by.items())),
            "issuer": dict(sorted(self.issuer.items())),
            "log": [asdict(entry) for entry in self.entries],
        }
