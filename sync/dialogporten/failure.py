"""What goes with every failure of a call to the outside world: its context, and the root of the tree in `errors`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Literal

from config.identifiers import mask_party

Who = Literal["user", "operator", "server", "nobody", "us"]


@dataclass(frozen=True, slots=True)
class Context:
    """What was asked, by whom and when; goes with every error.

    `party` is set when one party alone was asked about. It may hold a national id, so it is left out of `repr`.
    """

    at: datetime
    method: str = "GET"
    url_path: str = ""
    connection: str | None = None
    party: str | None = field(default=None, repr=False)
    dialog_id: str | None = None
    server: str = "Dialogporten"

    def __post_init__(self) -> None:
        # A query holds parties, and a party may be a national id.
        object.__setattr__(self, "url_path", self.url_path.partition("?")[0])


class ArkivError(Exception):
    """Root of the tree that `sync.dialogporten.errors` draws; what its fields mean stands there."""

    who: Who = "nobody"
    exit_code: ClassVar[int] = 4
    left: bool = True

    def __init__(
        self,
        sentence: str,
        *,
        context: Context | None = None,
        status: int | None = None,
        trace_id: str | None = None,
        who: Who | None = None,
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.trace_id = trace_id
        self.at = context.at if context else datetime.now(UTC)
        self.connection = context.connection if context else None
        self.party = context.party if context else None
        self.dialog_id = context.dialog_id if context else None
        self.method = context.method if context else None
        self.url_path = context.url_path if context else None
        if who is not None:
            self.who = who

    def facts(self) -> Mapping[str, str | int]:
        """What a service desk asks for: status, trace, time, path, dialog, party (masked), connection."""
        found: dict[str, str | int | None] = {
            "status": self.status,
            "trace_id": self.trace_id,
            "at": self.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "path": self.url_path or None,
            "dialog_id": self.dialog_id,
            "party": mask_party(self.party) if self.party else None,
            "connection": self.connection,
        }
        return {name: value for name, value in found.items() if value is not None}

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts().items())
        return f"{self.sentence} ({facts})"

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.sentence!r})"
