"""Settles one duty: looks at what the dialog is now, and puts the unread mark back where it is owed.

Never decides on memory alone: every answer that is missing or says that somebody was faster (409, 412) leads to
another look at the list. Source: reference, end-user API §5.2, §8.1, §17.2, §17.7, §17.8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import msgspec

from store.batch import Row
from store.clock import instant_text
from sync.dialogporten import wire
from sync.dialogporten.errors import (
    OF_ONE_DIALOG,
    ArkivError,
    BadGateway,
    Conflict,
    DialogForbidden,
    Gone,
    LevelTooLow,
    NotFound,
    Outdated,
    ServerFault,
    Unreachable,
)
from sync.passes.duties import TRIES, WAITING, Duty, Evidence, Verdict, cleared_by_us, judged, marked_by_us, pause
from sync.passes.opening import MARKED_AS_UNOPENED, after_opening, after_restoring
from sync.passes.ports import Inbox
from sync.passes.presence import DELETED, NO_ACCESS, NOT_FOUND, Answer, answer_of, asks_lookup, explain
from sync.passes.signals import ListSignals, signals
from sync.passes.walking import next_walk, page_of
from sync.passes.walks import Walk

UNDER_WAY = "The opening may still be under way; it is looked at once more."
ROUNDS = 4  # looks at a dialog that somebody else keeps changing
_REFUSALS = (DialogForbidden, Gone, LevelTooLow, NotFound)
_OUT_OF_REACH = {
    DELETED: ("deleted", "The service owner has deleted the dialog; it may be restored."),
    NO_ACCESS: ("refused", "We may not read the dialog at present."),
}


@dataclass(frozen=True, slots=True)
class Restoring:
    """What became of a duty. `outcome` None: it stands, because of `obstacle` and `error`. `item`: the dialog's list
    item with what we know to be its seen state and labels now, None = nothing is known beyond what the opening does.
    `seenlog`: the newest body.
    """

    outcome: str | None
    item: bytes | None = None
    seenlog: bytes | None = None
    obstacle: str | None = None  # failed, or one of `duties.WAITING`
    error: ArkivError | None = None
    sentence: str | None = None


def settle(inbox: Inbox, duty: Duty, item: bytes | None, detail: bytes | None, *, answered: bool) -> Restoring:
    """Settles a duty whose opening has left, or may have.

    `item`: the list item before the opening, with `detail` the opened dialog: then it is tried without another look
    at the list. `answered`: nothing of ours can be under way any more. Raises what concerns more than this dialog.
    """
    try:
        content = None if detail is None else _content_updated_at(detail)
        if item is not None and content is not None:
            found = _first(inbox, duty, after_opening(item), content)
            if found is not None:
                return found
        for _ in range(ROUNDS):
            found = _look(inbox, duty, answered=answered)
            if found is not None:
                return found
        return Restoring(None, obstacle="failed", sentence="Somebody keeps changing the labels.")
    except _REFUSALS:
        return _out_of_reach(inbox, duty.dialog_id)
    except OF_ONE_DIALOG as error:
        return Restoring(None, obstacle="failed", error=error, sentence=error.sentence)
    except ValueError:  # msgspec's errors are ValueErrors
        return Restoring(None, obstacle="failed", sentence="The answer is not what the API promises.")


def _out_of_reach(inbox: Inbox, dialog_id: str) -> Restoring:
    """Why a dialog does not answer, by the probes that leave no trace; purged, it will never look read to anybody."""

    def ask(call: Callable[[str], bytes], name: str) -> Answer:
        try:
            call(name)
        except ArkivError as error:
            return answer_of(error)
        return Answer.OK

    children = ask(inbox.transmissions, dialog_id)
    lookup = ask(inbox.lookup, f"urn:altinn:dialog-id:{dialog_id}") if asks_lookup(children) else None
    why = explain(children, lookup).presence
    if why == NOT_FOUND:
        return Restoring("purged")
    obstacle, sentence = _OUT_OF_REACH.get(why, ("not_listed", "The dialog is out of reach at present."))
    return Restoring(None, obstacle=obstacle, sentence=sentence)


def look_again(inbox: Inbox, party: str, dialog_id: str, created_at: str) -> bytes | None:
    """The list item of one dialog as it is now, without a trace; None when the list does not show it.

    Found by the moment it was made, which nothing changes; others may share it. Raises BadBody where the answer is no
    list: then nobody knows.
    """
    walk: Walk | None = Walk(parties=(party,), after=None, created=created_at)
    been: set[str | None] = {None}
    while walk is not None:
        page = page_of(inbox.search(walk))
        items = [bytes(raw) for raw in page.items or ()]
        for raw in items:
            try:
                if wire.list_item(raw).id == dialog_id:
                    return raw
            except (msgspec.DecodeError, UnicodeDecodeError):
                continue  # somebody else's trouble
        walk = next_walk(walk, page, items, been)
    return None


def unmoved(inbox: Inbox, held: ListSignals) -> bool:
    """Whether the list still shows a dialog's seen state and labels as the archive holds them; False where that cannot
    be known now. Somebody may have marked it as unopened since, and nothing else tells of that (§8.3).
    """
    try:
        return still_shown(inbox, held)
    except (*OF_ONE_DIALOG, ValueError):
        return False


def still_shown(inbox: Inbox, held: ListSignals) -> bool:
    """As `unmoved`, but raises what keeps it from being known."""
    raw = None if held.created_at is None else look_again(inbox, held.party, held.id, held.created_at)
    now = None if raw is None else signals(wire.list_item(raw))
    return now is not None and (now.labels, now.is_content_seen, now.context_revision) == (
        held.labels,
        held.is_content_seen,
        held.context_revision,
    )


def aftermath(duty: Duty, found: Restoring, at: str) -> Row:
    """What table duty says after this try: settled, or standing with its reason and its next try. Of one that waits,
    `outcome` tells what for.
    """
    waits = found.obstacle in WAITING
    tries = duty.tries + 1 if waits == duty.waits else 1
    outcome = found.outcome or (found.obstacle if tries >= TRIES and not waits else None)
    row: Row = {"dialog_id": duty.dialog_id, "opened_at": at, "last_error": found.sentence}
    if outcome is not None:
        return {**row, "tries": duty.tries, "next_try_at": None, "settled_at": at, "outcome": outcome}
    moment = datetime.fromisoformat(at.replace("Z", "+00:00"))
    row |= {"tries": tries, "tried_at": at, "next_try_at": instant_text(moment + pause(tries))}
    return {**row, "outcome": found.obstacle if waits else None}


def tell_duty(tell: Callable[..., None], row: Row) -> bool:
    """Tells of a duty after `aftermath`; answers whether its mark is still owed although the dialog is there, or given
    up.
    """
    outcome, dialog_id = row["outcome"], row["dialog_id"]
    if row.get("settled_at") is None:
        tell("duty_stands", dialog_id=dialog_id, reason=row["last_error"], next_try_at=row["next_try_at"])
        return outcome is None
    if outcome == "failed":
        tell("duty_failed", dialog_id=dialog_id, reason=row["last_error"], outcome=outcome)
        return True
    tell("duty_settled", dialog_id=dialog_id, outcome=outcome)
    return False


def _first(inbox: Inbox, duty: Duty, item: bytes, content_updated_at: str | None) -> Restoring | None:
    """Right after an opening that was answered. None: somebody changed the labels meanwhile, look again."""
    seen = inbox.seenlog(duty.dialog_id)
    labels = inbox.labellog(duty.dialog_id) if duty.was_marked else None
    evidence = _evidence(seen, labels, content_updated_at)
    if judged(duty, evidence) != "owed":
        # A person may have wished it unread again after reading: that shows in the labels alone.
        return None
    return _put_back(inbox, duty, item, duty.context_revision, evidence)


def _look(inbox: Inbox, duty: Duty, *, answered: bool) -> Restoring | None:
    """One look at the dialog as it is now, and what it calls for. None: somebody was faster, look again."""
    raw = look_again(inbox, duty.party, duty.dialog_id, duty.created_at)
    seen = inbox.seenlog(duty.dialog_id)
    if raw is None:
        return Restoring(None, obstacle="not_listed", sentence="The list does not show the dialog at present.")
    item = wire.list_item(raw)
    context = item.end_user_context
    revision = (context.revision if context else None) or duty.context_revision
    moved = revision != duty.context_revision
    content = None if item.content_updated_at is None else wire.instant(item.content_updated_at)
    evidence = _evidence(seen, inbox.labellog(duty.dialog_id), content, frozenset(item.labels) if moved else None)
    verdict = judged(duty, evidence)
    if item.is_content_seen:
        if verdict == "owed" and cleared_by_us(duty, evidence):
            return _put_back(inbox, duty, raw, revision, evidence)
        return Restoring("seen" if verdict == "owed" else verdict, raw, seen)
    if MARKED_AS_UNOPENED in item.labels and marked_by_us(evidence):
        # Ours from a try whose answer was lost.
        if verdict == "owed":
            return Restoring("restored", raw, seen)
        return _take_off(inbox, duty, raw, revision, verdict)
    if not answered and duty.tries == 0:
        return Restoring(None, raw, seen, sentence=UNDER_WAY)
    return Restoring("unread", raw, seen)


def _put_back(inbox: Inbox, duty: Duty, item: bytes, revision: str, evidence: Evidence) -> Restoring | None:
    """Sets the mark, then looks whether a person has read the dialog in the meantime."""
    try:
        new = inbox.set_labels(duty.dialog_id, [MARKED_AS_UNOPENED], [], revision)
    except (Outdated, Conflict, Unreachable, BadGateway, ServerFault) as error:
        if isinstance(error, Outdated | Conflict):
            return None
        return _after_lost_answer(inbox, duty, error)
    seen = inbox.seenlog(duty.dialog_id)
    verdict = judged(duty, replace(evidence, seenlog=wire.seenlog(seen)))
    marked = after_restoring(item, new)
    if verdict == "owed":
        return Restoring("restored", marked, seen)
    return _take_off(inbox, duty, marked, new, verdict)


def _after_lost_answer(inbox: Inbox, duty: Duty, error: ArkivError) -> Restoring | None:
    """Whether it was carried out, only the dialog itself tells. One look; where that shows nothing the duty stands."""
    found = look_again(inbox, duty.party, duty.dialog_id, duty.created_at)
    if found is not None and MARKED_AS_UNOPENED in wire.list_item(found).labels:
        return None
    return Restoring(None, found, obstacle="failed", error=error, sentence=error.sentence)


def _take_off(inbox: Inbox, duty: Duty, item: bytes, revision: str, verdict: Verdict) -> Restoring | None:
    """A person read it just before we set the mark: it must not stay."""
    try:
        new = inbox.set_labels(duty.dialog_id, [], [MARKED_AS_UNOPENED], revision)
    except (Outdated, Conflict):
        return None
    item = after_opening(item)
    tree = msgspec.json.decode(item)
    tree["endUserContext"]["revision"] = new
    return Restoring(verdict, msgspec.json.encode(tree), inbox.seenlog(duty.dialog_id))


def _evidence(
    seenlog: bytes, labellog: bytes | None, content_updated_at: str | None, labels_now: frozenset[str] | None = None
) -> Evidence:
    labels = None if labellog is None else wire.labellog(labellog)
    return Evidence(wire.seenlog(seenlog), labels, content_updated_at, labels_now)


def _content_updated_at(detail: bytes) -> str | None:
    try:
        found = wire.dialog(detail).content_updated_at
        return None if found is None else wire.instant(found)
    except ValueError:
        return None
