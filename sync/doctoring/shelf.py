"""The archive as the doctor sees it: looked at, never made, never written to."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from config.identifiers import mask_party
from store.archive import Archive
from store.batch import Row
from store.engine import parse_url, sqlite_path
from store.errors import ArchiveBusy, ArchiveError, ArchiveMissing
from store.migrations import HEAD
from sync.doctoring.causes import LEVEL_TOO_LOW, archive_failure
from sync.doctoring.report import Check, Fact, counted, ok, skipped

_LEVELS = (
    "SELECT d.connection, d.identity, d.party, d.service_resource, count(*), max(s.minimum_level) FROM dialog d "
    "LEFT JOIN service_level s ON s.service_resource = d.service_resource "
    "WHERE d.access = 'level_too_low' AND d.presence = 'present' "
    "GROUP BY d.connection, d.identity, d.party, d.service_resource "
    "ORDER BY d.connection, d.identity, d.party, d.service_resource"
)
# Of the user that logged in: a question to the archive may be asked in a role that has fewer rights.
_MAY_WRITE = (
    "SELECT has_table_privilege(session_user, 'dialog', 'INSERT') "
    "AND has_table_privilege(session_user, 'dialog', 'UPDATE')"
)


@dataclass(frozen=True, slots=True)
class Locked:
    """Dialogs that ask for a higher level, of one party and service; `level` None = not known how high."""

    connection: str
    identity: str
    party: str
    service: str
    dialogs: int
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the archive holds that concerns access. `absent` says why there is nothing to look at."""

    check: Check
    absent: str = ""
    mailboxes: list[Row] = field(default_factory=list)
    quarantine: list[Row] = field(default_factory=list)
    locked: list[Locked] = field(default_factory=list)
    keys: list[Row] = field(default_factory=list)
    consents: list[Row] = field(default_factory=list)

    def consent_row(self, connection: str) -> Row | None:
        """What the archive holds of a person's login."""
        return next((row for row in self.consents if row["connection"] == connection), None)

    def mailbox_check(self, connection: str, identity: str) -> Check:
        """Mailboxes that failed or are lost, and what is set aside."""
        if self.absent:
            return skipped("mailboxes", self.absent)
        ours = [row for row in self.mailboxes if (row["connection"], row["identity"]) == (connection, identity)]
        failed = [row for row in ours if row["error"]]
        lost = [row for row in ours if row["state"] == "lost"]
        aside = [row for row in self.quarantine if (row["connection"], row["identity"]) == (connection, identity)]
        if not ours and not aside:
            return ok("mailboxes", "Nothing was read yet.", mailboxes=0)
        sentences = [f"{_party(row)} failed at its latest pass: {_text(row, 'error')}" for row in failed]
        sentences += [f"{_party(row)} is no longer among the parties." for row in lost]
        causes = ["The right to it was taken away in Altinn; what was read of it is kept."] if lost else []
        if aside:
            sentences.append(
                f"{counted(len(aside), 'item')} could not be read and {'is' if len(aside) == 1 else 'are'} set aside."
            )
            causes.append(f"Newest reason: {_text(aside[-1], 'reason')}")
        facts: dict[str, Fact] = {
            "mailboxes": len(ours),
            "failed": len(failed),
            "lost": len(lost),
            "quarantined": len(aside),
        }
        if not sentences:
            return Check("mailboxes", "ok", f"{counted(len(ours), 'mailbox', 'mailboxes')}, all in order.", facts=facts)
        remedy = "Run dialogarkiv sync again, then dialogarkiv status."
        return Check("mailboxes", "warning", " ".join(sentences), tuple(causes), remedy, facts)

    def level_check(self, connection: str, identity: str) -> Check:
        """Dialogs that are listed but ask for a higher authentication level than any reader of their party has, by
        party and service. They stand with the identity that met them last.
        """
        if self.absent:
            return skipped("level", self.absent)
        ours = [one for one in self.locked if (one.connection, one.identity) == (connection, identity)]
        if not ours:
            return ok("level", "No dialog in the archive asks for a higher level.", dialogs=0)
        dialogs = sum(one.dialogs for one in ours)
        each = [
            f"{mask_party(one.party)} {one.service}{f' (level {one.level})' if one.level else ''}: {one.dialogs}"
            for one in ours
        ]
        return Check(
            "level",
            "warning",
            f"{counted(dialogs, 'dialog')} with a higher authentication level than ours: {'; '.join(each)}.",
            LEVEL_TOO_LOW,
            "There is nothing to mend on this connection. Let a person log in at that level, with an id-porten "
            "connection and dialogarkiv login: the next run reads them. Until then they stand as the list shows them.",
            {"dialogs": dialogs, "by_party_and_service": each},
        )


def look(url: str) -> Shelf:
    """Opens the archive for reading alone."""
    try:
        path = sqlite_path(parse_url(url))
        with Archive.open(url, create=False, read_only=True) as archive:
            return _looked_at(archive, path)
    except ArchiveMissing as error:
        return _missing(path, error)
    except ArchiveError as error:
        return Shelf(archive_failure(error), "The archive cannot be read.")


def _looked_at(archive: Archive, path: Path | None) -> Shelf:
    status = archive.status(runs=0)
    with archive.query_read_only(_LEVELS) as answer:
        locked = [
            Locked(
                str(row[0] or ""),
                str(row[1] or ""),
                str(row[2]),
                str(row[3] or ""),
                int(str(row[4])),
                None if row[5] is None else int(str(row[5])),
            )
            for row in answer.rows
        ]
    check = _check(archive, path, status.counts["dialogs"])
    return Shelf(check, "", status.mailboxes, status.quarantine, locked, archive.client_keys(), archive.consents.rows())


def _check(archive: Archive, path: Path | None, dialogs: int) -> Check:
    facts: dict[str, Fact] = {"archive": archive.name, "schema": HEAD, "dialogs": dialogs}
    sentence = f"{archive.name}: schema {HEAD}, {counted(dialogs, 'dialog')}."
    if not _writable(archive, path):
        return Check(
            "archive",
            "failed",
            f"{archive.name} can be read, but not written.",
            (),
            "Mend the rights of the file and its folder, or of the database's user.",
            facts,
            2,
        )
    if (busy := _holder(archive)) is not None:
        return Check(
            "archive",
            "warning",
            f"{sentence} {busy.problem}",
            ("That is normal while `dialogarkiv sync`, or a pass of `dialogarkiv run`, is at work.",),
            "Nothing, unless that run hangs.",
            facts | {"held_by": busy.pid, "held_since": busy.since},
        )
    if path is not None and os.name == "posix" and (mode := stat.S_IMODE(path.stat().st_mode)) & 0o077:
        return Check(
            "archive",
            "warning",
            f"{sentence} Others on this machine can read it (mode {mode:04o}).",
            remedy=f"Run: chmod 600 '{path}'",
            facts=facts,
        )
    return Check("archive", "ok", sentence, facts=facts)


def _holder(archive: Archive) -> ArchiveBusy | None:
    """On PostgreSQL, where runs share the archive mailbox by mailbox, the first mailbox that is held."""
    if not archive.shared:
        return archive.holder()
    keys = {f"{_text(row, 'connection')}/{_text(row, 'identity')}" for row in archive.mailboxes()}
    return next((busy for key in sorted(keys) if (busy := archive.holder(key)) is not None), None)


def _writable(archive: Archive, path: Path | None) -> bool:
    if path is not None:
        return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if not archive.shared:
        return True
    with archive.query_read_only(_MAY_WRITE) as answer:
        return all(bool(row[0]) for row in answer.rows)


def _missing(path: Path | None, error: ArchiveError) -> Shelf:
    absent = "There is no archive yet."
    if path is None:
        # On PostgreSQL a database that is not there is for the operator to make; an empty one is ours to fill.
        if error.remedy.startswith("Create"):
            return Shelf(archive_failure(error), absent)
        return Shelf(ok("archive", f"{error.problem} The first `dialogarkiv sync` makes it."), absent)
    home = next(folder for folder in path.absolute().parents if folder.exists())
    if not home.is_dir() or not os.access(home, os.W_OK | os.X_OK):
        return Shelf(
            Check(
                "archive",
                "failed",
                f"There is no archive at {path}, and none can be made there.",
                (),
                f"Mend the rights of {home}, or choose another place in [archive] url.",
                {},
                2,
            ),
            absent,
        )
    return Shelf(
        ok("archive", f"None at {path} yet; the first `dialogarkiv sync` makes it.", archive=str(path)), absent
    )


def _party(row: Row) -> str:
    return mask_party(_text(row, "party"))


def _text(row: Row, column: str) -> str:
    return str(row[column] or "")
