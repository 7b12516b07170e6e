"""What can be wrong with an archive, said so that a person knows what to do next.

    ArchiveError                      exit code
    ├── ArchiveMissing                2   there is no archive at that address
    ├── ArchiveOutdated               2   it is older than this program: `dialogarkiv db upgrade`
    ├── ArchiveTooNew                 2   a newer program made it
    ├── ArchiveForeign                2   that is something, but no archive of ours
    ├── ArchiveCorrupt                2   the file is damaged
    ├── ArchiveDenied                 2   the operating system or the database refuses us
    ├── ArchiveUnreachable            2   the database server does not answer
    ├── ArchiveFull                   2   the disk is full
    ├── DriverMissing                 2   PostgreSQL support is not installed
    ├── ArchiveBusy                   6   another run holds it
    ├── QueryRefused                  2   a question that is no plain reading, or that the engine does not understand
    ├── QueryStopped                  2   a question that took longer than it was given
    └── ArchiveFault                  1   anything else the engine refuses: ours to mend

No message holds a password, a value of a row, or more of an address than the name that the operator gave it.
"""

from __future__ import annotations


class ArchiveError(Exception):
    """Something about the archive. `problem` says what is so, `remedy` what to do about it."""

    exit_code = 2

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem} {remedy}".strip())
        self.problem = problem
        self.remedy = remedy


class ArchiveMissing(ArchiveError):
    """There is no archive at that address."""


class ArchiveOutdated(ArchiveError):
    """The archive is older than this program."""


class ArchiveTooNew(ArchiveError):
    """The archive was made or upgraded by a newer program."""


class ArchiveForeign(ArchiveError):
    """What stands at that address is no archive of ours."""


class ArchiveCorrupt(ArchiveError):
    """The archive's file is damaged."""


class ArchiveDenied(ArchiveError):
    """The operating system or the database refuses us."""


class ArchiveUnreachable(ArchiveError):
    """The database server does not answer."""


class ArchiveFull(ArchiveError):
    """The disk is full."""


class DriverMissing(ArchiveError):
    """PostgreSQL support is not installed."""


class ArchiveBusy(ArchiveError):
    """Another run holds the archive, or the mailbox. `pid` and `since` are known where the holder told them."""

    exit_code = 6

    def __init__(self, problem: str, remedy: str = "", *, pid: int | None = None, since: str | None = None) -> None:
        super().__init__(problem, remedy)
        self.pid = pid
        self.since = since


class QueryRefused(ArchiveError):
    """A question that is no plain reading, or that the engine does not understand."""


class QueryStopped(ArchiveError):
    """A question that took longer than it was given."""


class ArchiveFault(ArchiveError):
    """Anything else the engine refuses: ours to mend."""

    exit_code = 1
