"""The duty of `restore-unread`: what an opening owes, and whether it still owes it. Pure.

An opening clears the unread mark for everybody (reference: end-user API §5.2, §17.2, §17.7). What is put back is
`MarkedAsUnopened`. Whether it must come back follows from what persons have done since the list showed the dialog
unread: the newest word of a person counts. Machines (system users) are no persons; a service owner is none either.

A person who reads a dialog for the second time between two of its changes leaves no trace once we have opened it
(§5.2: no-op): that alone cannot be known.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from store.batch import Row
from store.clock import instant_text
from sync.dialogporten import wire
from sync.passes.opening import MARKED_AS_UNOPENED, seen_by_somebody
from sync.passes.signals import ListSignals

# Tries until a duty is given up, first after 5 minutes, then doubled up to a day: about two days.
TRIES = 10
# The dialog is out of reach, and may come back: such a duty is never given up. A deleted one is restored with its old
# state, a level that was raised may be lowered, an expiry prolonged, a right given anew.
WAITING = frozenset({"deleted", "refused", "not_listed"})
_FIRST_PAUSE = timedelta(minutes=5)
_LAST_PAUSE = timedelta(hours=24)
_CLOCKS_DIFFER = timedelta(minutes=1)  # so far apart two replicas of the server may be
_FOLDERS = frozenset({"Default", "Archive", "Bin"})
_MACHINE = "urn:altinn:systemuser:"
_PREFIX = "systemlabel:"

Verdict = Literal["owed", "seen", "handled"]


@dataclass(frozen=True, slots=True)
class Duty:
    """An unread mark that is owed once the opening has left. `created_at` is the dialog's own: by it the list shows it
    again, whatever else changes. Seen records and labels of others later than `seen_until` are news. `waits`: the
    dialog was out of reach the last time.
    """

    dialog_id: str
    party: str
    created_at: str
    context_revision: str
    labels: frozenset[str]
    seen_until: str
    tries: int = 0
    waits: bool = False

    @property
    def was_marked(self) -> bool:
        return MARKED_AS_UNOPENED in self.labels

    def row(self, connection: str, identity: str, at: str) -> Row:
        """The row of table duty."""
        return {
            "dialog_id": self.dialog_id,
            "connection": connection,
            "identity": identity,
            "party": self.party,
            "created_at": self.created_at,
            "context_revision": self.context_revision,
            "labels": msgspec.json.encode(sorted(self.labels)).decode(),
            "seen_until": self.seen_until,
            "recorded_at": at,
        }


def owed(item: wire.ListItem, signs: ListSignals) -> Duty | None:
    """What opening this dialog owes, by its list item; None when it is not unread, or cannot be put back later."""
    if seen_by_somebody(signs) or signs.context_revision is None or signs.created_at is None:
        return None
    records = [*(item.seen_since_last_content_update or ()), *(item.seen_since_last_update or ())]
    others = [_at(record.seen_at) for record in records if not record.is_current_end_user]
    until = max([just_before(signs.content_updated_at), *others])
    return Duty(signs.id, signs.party, signs.created_at, signs.context_revision, signs.labels, until)


def recorded(row: Row) -> Duty:
    """The duty of a row of table duty."""
    return Duty(
        str(row["dialog_id"]),
        str(row["party"]),
        str(row["created_at"]),
        str(row["context_revision"]),
        frozenset(msgspec.json.decode(str(row["labels"] or "[]"), type=list[str])),
        str(row["seen_until"] or ""),
        int(row["tries"] or 0),
        row.get("outcome") is not None,
    )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells of a dialog after an opening. `labellog` None: not asked for, nothing there can matter.

    `content_updated_at`: whatever a person read before the newest change of the content says nothing of it.
    `labels_now`: None unless the label context has moved.
    """

    seenlog: Sequence[wire.SeenRecord]
    labellog: Sequence[wire.LabelLogEntry] | None
    content_updated_at: str | None
    labels_now: frozenset[str] | None = None

    @property
    def us(self) -> list[wire.Actor]:
        """Whom the server takes us for."""
        return [r.seen_by for r in self.seenlog if r.is_current_end_user and r.seen_by is not None]


def judged(duty: Duty, evidence: Evidence) -> Verdict:
    """Whether the dialog should be unread as far as persons are concerned (`owed`), or why not."""
    since = max(duty.seen_until, just_before(evidence.content_updated_at))
    us = evidence.us
    read = [
        _at(record.seen_at)
        for record in evidence.seenlog
        if not record.is_current_end_user and not _machine(record.seen_by)
    ]
    said = [entry for entry in evidence.labellog or () if is_person(entry.performed_by, us)]
    cleared = [_at(e.created_at) for e in said if _is(e, MARKED_AS_UNOPENED, "remove")]
    marked = max((_at(e.created_at) for e in said if _is(e, MARKED_AS_UNOPENED, "set")), default="")
    newest_read, newest_cleared = max(read, default=""), max(cleared, default="")
    if max(newest_read, newest_cleared) > max(since, marked):
        return "seen" if newest_read > max(since, marked) else "handled"
    if evidence.labels_now is not None and evidence.labels_now & _FOLDERS != duty.labels & _FOLDERS:
        moved = max((_at(e.created_at) for e in said if _label(e) in _FOLDERS), default="")
        if moved > max(since, marked):
            return "handled"
    return "owed"


def cleared_by_us(duty: Duty, evidence: Evidence) -> bool:
    """Whether it is our opening that made a dialog look read which was unread before."""
    turn = _newest_turn(evidence)
    if turn is not None and turn.action == "remove" and _at(turn.created_at) > duty.seen_until:
        return _of_us(turn.performed_by, evidence.us)
    since = just_before(evidence.content_updated_at)
    if since and not any(_at(record.seen_at) > since for record in evidence.seenlog):
        # Nobody's record explains it: a replica whose clock is behind dates a reading before the content that was read.
        since = _earlier(since, _CLOCKS_DIFFER)
    return any(r.is_current_end_user and _at(r.seen_at) > since for r in evidence.seenlog)


def marked_by_us(evidence: Evidence) -> bool:
    """Whether the newest `MarkedAsUnopened` is of our setting."""
    turn = _newest_turn(evidence)
    return turn is not None and turn.action == "set" and _of_us(turn.performed_by, evidence.us)


def _newest_turn(evidence: Evidence) -> wire.LabelLogEntry | None:
    turns = [entry for entry in evidence.labellog or () if _label(entry) == MARKED_AS_UNOPENED]
    return max(turns, key=lambda entry: _at(entry.created_at), default=None)


def is_person(actor: wire.Actor | None, us: Iterable[wire.Actor]) -> bool:
    """Somebody else than us who is neither a system user nor a service owner."""
    if actor is None:
        return True
    return actor.actor_type != "ServiceOwner" and not _machine(actor) and not _of_us(actor, us)


def pause(tries: int) -> timedelta:
    """How long a duty waits after so many failures."""
    doubled: timedelta = _FIRST_PAUSE * 2 ** min(max(tries - 1, 0), 20)
    return min(doubled, _LAST_PAUSE)


def just_before(at: str | None) -> str:
    """The last microsecond before a canonical time; empty (before everything) for None."""
    return "" if at is None else _earlier(at, timedelta(microseconds=1))


def _earlier(at: str, by: timedelta) -> str:
    try:
        return instant_text(datetime.fromisoformat(at.replace("Z", "+00:00")).astimezone(UTC) - by)
    except OverflowError:
        return at


def _of_us(actor: wire.Actor | None, us: Iterable[wire.Actor]) -> bool:
    """Ids of persons may differ from answer to answer (§3.7); then the name tells."""
    if actor is None:
        return False
    if actor.lasting_id is not None:
        return any(actor.lasting_id == one.lasting_id for one in us)
    named = actor.actor_name is not None
    return any(
        one.lasting_id is None
        and (
            (actor.actor_id is not None and actor.actor_id == one.actor_id)
            or (named and actor.actor_name == one.actor_name)
        )
        for one in us
    )


def _machine(actor: wire.Actor | None) -> bool:
    return actor is not None and actor.actor_id is not None and actor.actor_id.startswith(_MACHINE)


def _is(entry: wire.LabelLogEntry, label: str, action: str) -> bool:
    return _label(entry) == label and entry.action == action


def _label(entry: wire.LabelLogEntry) -> str:
    return (entry.name or "").removeprefix(_PREFIX)


def _at(text: str | None) -> str:
    return "" if text is None else wire.instant(text)
