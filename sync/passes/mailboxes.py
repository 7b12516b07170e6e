"""Which mailboxes an identity has now: the parties it may represent, set against those the archive knows.

A party that is no longer listed makes its mailbox `lost`; nothing of its archive is touched, and it comes back by
itself when it is listed again (reference: end-user API §7.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.batch import Row
from sync.passes.walks import MailboxCursor


@dataclass(frozen=True, slots=True)
class MailboxPlan:
    """`walk` are the mailboxes to read, `write` the rows that differ, `lost` and `found` the parties whose state
    turned.
    """

    walk: tuple[MailboxCursor, ...]
    write: tuple[Row, ...]
    lost: tuple[str, ...]
    found: tuple[str, ...]


def plan_mailboxes(
    connection: str, identity: str, parties: Iterable[str], held: Sequence[Row], now: str, *, discovered: bool = True
) -> MailboxPlan:
    """`parties` are the URNs to read, in the server's order; `held` the identity's rows of table mailbox.

    `discovered`: the parties are all that the server says may be represented. A list that the operator wrote says
    nothing of those it leaves out, nor does one with an entry that names no party: so they make no mailbox lost.
    """
    rows = {str(row["party"]): row for row in held}
    listed = list(dict.fromkeys(parties))
    walk: list[MailboxCursor] = []
    write: list[Row] = []
    found: list[str] = []
    for party in listed:
        row = rows.get(party)
        if row is None:
            found.append(party)
            walk.append(MailboxCursor(party, None, backfilled=False))
            write.append(_mailbox(connection, identity, party, "active", None, first_seen_at=now))
            continue
        if row["state"] != "active":
            found.append(party)
            write.append(_mailbox(connection, identity, party, "active", None))
        walk.append(MailboxCursor(party, _text(row["cursor_at"]), backfilled=row["backfilled_at"] is not None))
    gone = set(rows) - set(listed) if discovered else set()
    lost = [party for party, row in rows.items() if party in gone and row["state"] == "active"]
    write += [_mailbox(connection, identity, party, "lost", now) for party in lost]
    return MailboxPlan(tuple(walk), tuple(write), tuple(lost), tuple(found))


def _mailbox(
    connection: str, identity: str, party: str, state: str, lost_since: str | None, first_seen_at: str | None = None
) -> Row:
    row: Row = {
        "connection": connection,
        "identity": identity,
        "party": party,
        "state": state,
        "lost_since": lost_since,
        "missing_since": None,  # what a sweep finds out of a lost mailbox counts anew each time
        "error": None,  # what once failed here fails no longer: a lost mailbox is not asked
        "error_at": None,
    }
    if first_seen_at is not None:
        row["first_seen_at"] = first_seen_at
    return row


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
