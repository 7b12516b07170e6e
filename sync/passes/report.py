"""What a pass did and how it ended, as data for the log, the archive's `sync_run` and the exit code."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.batch import Row
from sync.dialogporten.errors import ArkivError


@dataclass(slots=True)
class MailboxFailure:
    """Some mailboxes of an identity could not be read; the others went on."""

    parties: tuple[str, ...]
    error: ArkivError


@dataclass(slots=True)
class PassReport:
    """Counts of one pass of one identity. `error` ended the pass early; `failures` left the rest of it going."""

    kind: str
    connection: str
    identity: str
    parties: int = 0
    pages: int = 0
    items_read: int = 0
    dialogs_new: int = 0
    dialogs_written: int = 0
    rows_written: int = 0
    changes_written: int = 0
    openings: int = 0
    requests: int = 0
    quarantined: int = 0
    unsettled: int = 0  # openings whose unread mark is still owed
    stopped: bool = False
    failures: list[MailboxFailure] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # parties of which too much is missing at once: nothing was published
    error: ArkivError | None = None

    @property
    def outcome(self) -> str:
        """`ok`, `partial` (something is missing, the rest is stored), `stopped` or `failed` (nothing could be done)."""
        if self.error is not None:
            return "partial" if self.pages else "failed"
        if self.stopped:
            return "stopped"
        if self.failures and len([p for f in self.failures for p in f.parties]) >= self.parties:
            return "failed"
        return "partial" if self.failures or self.quarantined or self.held or self.unsettled else "ok"

    @property
    def first_error(self) -> ArkivError | None:
        return self.error or (self.failures[0].error if self.failures else None)

    def as_row(self) -> Row:
        """The columns of table sync_run that a report fills."""
        error = self.first_error
        return {
            "parties": self.parties,
            "requests": self.requests,
            "items_read": self.items_read,
            "dialogs_written": self.dialogs_written,
            "rows_written": self.rows_written,
            "changes_written": self.changes_written,
            "openings": self.openings,
            "quarantined": self.quarantined,
            "outcome": self.outcome,
            "error": None if error is None else error.sentence,
        }


def exit_code(reports: list[PassReport]) -> int:
    """The command's exit code over every identity asked for (design: Commands).

    Nothing stored at all: the code of what stopped it, a person's turn (3) before an unreachable server (5); else 4
    when anything is missing or was not got to, else 0.
    """
    outcomes = {report.outcome for report in reports}
    if outcomes == {"failed"}:
        codes = [report.first_error.exit_code for report in reports if report.first_error is not None]
        return next((code for code in (1, 2, 3, 5) if code in codes), 4)
    return 4 if outcomes & {"failed", "partial", "stopped"} else 0
