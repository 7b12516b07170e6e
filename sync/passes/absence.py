"""Which dialogs a complete sweep found missing, whether so many may be missing at once, and what may be published.

Pure. Absence is not deletion: it is explained one by one (`presence`), held when it looks like a fault of the other
side rather than of the dialogs, and never published while another identity lists the same dialog.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from store.batch import Row
from store.publication import Held, Listed
from sync.passes.presence import ABSENT, DELETED, EXPIRED, NO_ACCESS, NOT_FOUND, PRESENT

FEW = 20  # so many may be missing without a 410 before a mailbox is held; or 10 % of it, if that is more
LOST_AFTER = timedelta(hours=24)  # between the two sweeps that must both find a party lost
SILENT_AFTER = timedelta(days=30)  # an identity that has not read its mailbox for so long says nothing of it any more
AGAIN_AFTER = timedelta(days=30)  # a dialog that was found expired may have been deleted since: asked again then
AGAIN_AT_ONCE = 200  # of those, at most so many to a sweep


@dataclass(frozen=True, slots=True)
class OtherEyes:
    """Another identity that reads the same party. `listed` None: it has never swept it, so it may list anything."""

    connection: str
    identity: str
    listed: Listed | None

    def surely_lists(self, dialog: Held) -> bool:
        return self.listed is not None and dialog.id in self.listed.dialog_ids

    def may_list(self, dialog: Held) -> bool:
        """Whether it lists the dialog for all we know: it did at its latest sweep, or the dialog came after that."""
        if self.listed is None or self.surely_lists(dialog):
            return True
        if dialog.first_seen_at >= self.listed.swept_at:
            return True
        read_last = (dialog.connection, dialog.identity) == (self.connection, self.identity)
        return read_last and dialog.presence == PRESENT and dialog.last_changed_at >= self.listed.swept_at


@dataclass(frozen=True, slots=True)
class Missing:
    """A dialog of the archive that a complete sweep did not meet. `elsewhere`: another identity may list it."""

    dialog: Held
    elsewhere: bool

    @property
    def is_news(self) -> bool:
        """The archive believed it present until now."""
        return self.dialog.presence == PRESENT


def other_eyes(
    party: str, mine: tuple[str, str], mailboxes: Iterable[Row], listed: Iterable[Listed], now: datetime
) -> list[OtherEyes]:
    """Every other identity that reads this party: those with an active mailbox, and those that have single dialogs of
    it delegated. `mailboxes` and `listed` may tell of other parties too.
    """
    lists = {(each.connection, each.identity): each for each in listed if each.party == party}
    silent = now - SILENT_AFTER
    found: dict[tuple[str, str], OtherEyes] = {}
    known: set[tuple[str, str]] = set()
    for row in mailboxes:
        who = (str(row["connection"]), str(row["identity"]))
        if row["party"] != party or who == mine:
            continue
        known.add(who)
        polled = row["last_poll_at"] or row["first_seen_at"]
        if row["state"] == "active" and _moment(str(polled)) > silent:
            found[who] = OtherEyes(*who, lists.get(who))
    for who, each in lists.items():
        if who != mine and who not in known and _moment(each.swept_at) > silent:
            found[who] = OtherEyes(*who, each)
    return [found[who] for who in sorted(found)]


def missing_of(
    held: Iterable[Held],
    met: Collection[str],
    mine: Listed | None,
    who: tuple[str, str],
    others: Sequence[OtherEyes],
    *,
    again: Collection[str] = frozenset(),
) -> list[Missing]:
    """The dialogs to explain: held as present or absent and not met, and those of `again` that were explained before.

    What only others list was never ours to miss: with other eyes on the party, only what this identity itself listed
    at its latest sweep or read since, or what nobody lists, is missing.
    """
    found = []
    for dialog in held:
        if dialog.id in met or not (dialog.presence in (PRESENT, ABSENT) or dialog.id in again):
            continue
        elsewhere = any(each.may_list(dialog) for each in others)
        if not elsewhere or _was_ours(dialog, mine, who):
            found.append(Missing(dialog, elsewhere))
    return found


def _was_ours(dialog: Held, mine: Listed | None, who: tuple[str, str]) -> bool:
    if mine is None:
        return False
    read_since = (dialog.connection, dialog.identity) == who and dialog.last_changed_at >= mine.swept_at
    return dialog.id in mine.dialog_ids or read_since


def due_again(held: Iterable[Held], now: datetime, *, returned: bool, room: int) -> frozenset[str]:
    """Explained dialogs to ask about once more: every no_access of a mailbox that has come back (`returned`), and those
    last asked about long ago, the longest first and at most `room` of them.
    """
    due = []
    back = set()
    for dialog in held:
        if returned and dialog.presence == NO_ACCESS:
            back.add(dialog.id)
        elif dialog.presence in (EXPIRED, NO_ACCESS, NOT_FOUND):
            asked = dialog.probed_at or dialog.last_changed_at
            if now - _moment(asked) >= AGAIN_AFTER:
                due.append((asked, dialog.id))
    return frozenset(back.union(dialog_id for _, dialog_id in sorted(due)[: max(room, 0)]))


def is_held(*, had: int, listed_now: int | None, unexplained: int) -> bool:
    """Whether a mailbox keeps its presence as it was until a person says otherwise (design: Passes).

    `had` is what it had at its last complete sweep; `listed_now` what it lists now (None where an empty list says
    nothing); `unexplained` the dialogs believed present that are missing without a 410.
    """
    if unexplained == 0:
        return False
    return listed_now == 0 or (unexplained > FEW and unexplained * 10 > had)


def alarm_text(*, had: int, listed_now: int | None, unexplained: int) -> str:
    """What `status` says of a held mailbox."""
    if listed_now == 0:
        what = f"The list is empty, although the archive holds {_dialogs(unexplained)} that nobody deleted."
    else:
        what = f"{unexplained} of {_dialogs(max(had, unexplained))} are missing at once, and nobody deleted them."
    return (
        f"{what} They stay as they were. If our rights have really changed, "
        "run dialogarkiv sync --accept-absence with this party; if not, it passes by itself."
    )


def may_publish(presence: str, missing: Missing) -> bool:
    """Deleted and not found are true for everybody; the rest only tells of these eyes."""
    return presence in (DELETED, NOT_FOUND) or not missing.elsewhere


def is_gone(mailbox: Row, now: datetime, *, accepted: bool) -> bool:
    """Whether a lost mailbox was found lost at an earlier sweep too, long enough ago."""
    since = mailbox["missing_since"]
    return accepted or (isinstance(since, str) and now - _moment(since) >= LOST_AFTER)


def gone_dialogs(held: Iterable[Held], met: Collection[str], others: Sequence[OtherEyes]) -> list[Held]:
    """The dialogs of a lost mailbox that nobody of ours can read any more."""
    return [
        dialog
        for dialog in held
        if dialog.presence in (PRESENT, ABSENT)
        and dialog.id not in met
        and not any(each.may_list(dialog) for each in others)
    ]


def handed_over(missing: Iterable[Missing], others: Sequence[OtherEyes]) -> list[tuple[str, str, str]]:
    """Who reads what we no longer may, so that later passes ask the right one: dialog, connection, identity."""
    found = []
    for each in missing:
        heir = next((other for other in others if other.surely_lists(each.dialog)), None)
        if heir is not None:
            found.append((each.dialog.id, heir.connection, heir.identity))
    return found


def had_before(mine: Listed | None, held: Iterable[Held], mailbox: Mapping[str, object] | None) -> int:
    """How many dialogs the mailbox had at its last complete sweep; before the first one, what the archive has."""
    if mine is not None:
        return len(mine.dialog_ids)
    counted = mailbox.get("swept_count") if mailbox is not None else None
    return counted if isinstance(counted, int) else sum(dialog.presence == PRESENT for dialog in held)


def _dialogs(count: int) -> str:
    return f"{count} dialog{'' if count == 1 else 's'}"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
