"""Mailboxes that a pass could not read while the others went on: kept in the report, with the mailbox, and told."""

from __future__ import annotations

from sync.dialogporten.errors import ArkivError
from sync.passes.ports import Shelf, Told
from sync.passes.report import MailboxFailure, PassReport


def mailboxes_failed(
    report: PassReport, shelf: Shelf, told: Told, at: str, parties: tuple[str, ...], error: ArkivError
) -> None:
    """`at` is the canonical time of the failure."""
    report.failures.append(MailboxFailure(parties, error))
    names = {"connection": report.connection, "identity": report.identity}
    shelf.mailboxes_write([{**names, "party": party, "error": error.sentence, "error_at": at} for party in parties])
    facts = {"parties": len(parties), "error": type(error).__name__, "sentence": error.sentence, **error.facts()}
    told("mailbox_failed", {**names, **facts})
