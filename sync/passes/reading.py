"""Carries out one dialog's plan: the reads, and what each refusal means for the dialog.

A refusal that concerns one dialog never stops the pass; one that concerns the token, the server or the connection
always does. Source: reference, end-user API §2.3, §5.1, §5.5, §5.6, §12.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from sync.dialogporten.errors import (
    OF_ONE_DIALOG,
    ArkivError,
    DialogForbidden,
    Gone,
    HttpRefusal,
    LevelTooLow,
    NotFound,
    is_passing,
)
from sync.passes.duties import Duty
from sync.passes.performers import named_performers, unnamed_activities
from sync.passes.planner import LOGS, DialogPlan
from sync.passes.ports import Inbox
from sync.passes.restoring import Restoring, settle


class DialogRead(msgspec.Struct):
    """What the reads of one dialog gave. `bodies`: kind → whole body. `failures`: kind → why it could not be read
    now.
    """

    dialog_id: str = ""  # empty while nothing has been asked
    bodies: dict[str, bytes] = {}  # each read has its own
    failures: dict[str, ArkivError] = {}
    presence: str = "present"
    access: str = "full"
    children_status: int | None = None
    details_status: int | None = None
    details_problem: str | None = None
    opened: bool = False  # the marking call left, whatever came back
    restoring: Restoring | None = None  # what became of the duty, where the opening had one
    refusal: ArkivError | None = None  # the newest one that says something of the whole dialog

    @property
    def passing_failure(self) -> ArkivError | None:
        """A failure that tells of the server or the line rather than of this dialog."""
        lost = None if self.restoring is None else self.restoring.error
        return next((error for error in (*self.failures.values(), lost) if error and is_passing(error)), None)

    @property
    def explains_itself(self) -> bool:
        """Whether this read alone tells how the dialog stands: a 403 or 404 may also mean that it is no longer listed.
        Deleted and level too low are certain.
        """
        return self.refusal is None or isinstance(self.refusal, (Gone, LevelTooLow))


def read_dialog(
    inbox: Inbox,
    plan: DialogPlan,
    held: Mapping[str, bytes],
    list_item: bytes,
    duty: Duty | None = None,
    may_leave: Callable[[], bool] = lambda: True,
) -> DialogRead:
    """Makes the plan's requests one after the other. `held` are the archive's bodies of this dialog, `list_item` its
    newest list item, `duty` what the opening owes, durably recorded; `may_leave` has the last word on the opening, each
    time that its request is about to leave.

    Raises what concerns more than this dialog: token errors, a server that is left alone, a stop.
    """
    read = DialogRead(plan.dialog_id)
    for kind in plan.before:
        if read.presence == "present" and read.access == "full":
            _read_child(inbox, kind, read, held, list_item)
    refused = read.access != "full" if plan.careful else read.access == "level_too_low"
    if plan.opens and read.presence == "present" and not refused:
        _open(inbox, read, may_leave)
    after = list(plan.after)
    if duty is not None:
        _restore(inbox, read, list_item, duty)
        # Our own label change is in the log too; who has seen it meanwhile has been asked last.
        after = [kind for kind in LOGS if kind not in read.bodies]
    if "activities" in read.bodies:
        _name_performers(inbox, read, held, list_item)
    for kind in after:
        if read.presence == "present" and read.access == "full":
            _read_child(inbox, kind, read, held, list_item)
    return read


def _read_child(inbox: Inbox, kind: str, read: DialogRead, held: Mapping[str, bytes], list_item: bytes) -> None:
    calls: dict[str, Callable[[str], bytes]] = {
        "transmissions": inbox.transmissions,
        "activities": inbox.activities,
        "seenlog": inbox.seenlog,
        "labellog": inbox.labellog,
    }
    try:
        read.bodies[kind] = calls[kind](read.dialog_id)
    except (LevelTooLow, DialogForbidden, NotFound, Gone) as refusal:
        read.children_status = refusal.status
        _judge(read, refusal)
    except OF_ONE_DIALOG as failure:
        read.failures[kind] = failure


class _HeldBackError(Exception):
    """The opening must not leave now."""


def _open(inbox: Inbox, read: DialogRead, may_leave: Callable[[], bool]) -> None:
    def leaving() -> None:
        if not may_leave():
            raise _HeldBackError
        read.opened = True

    try:
        read.bodies["detail"] = inbox.dialog(read.dialog_id, leaving)
        read.details_status = 200
    except _HeldBackError:
        return
    except (LevelTooLow, DialogForbidden, NotFound, Gone) as refusal:
        read.details_status, read.details_problem = refusal.status, refusal.sentence
        _judge(read, refusal)
    except OF_ONE_DIALOG as failure:
        if isinstance(failure, HttpRefusal):
            read.details_status, read.details_problem = failure.status, failure.sentence
        read.failures["detail"] = failure


def _restore(inbox: Inbox, read: DialogRead, list_item: bytes, duty: Duty) -> None:
    """At once after the opening: the shorter the time, the fewer people see it read."""
    if not read.opened:
        read.restoring = Restoring("unread")
        return
    found = settle(inbox, duty, list_item, read.bodies.get("detail"), answered=read.details_status is not None)
    if found.seenlog is not None:
        read.bodies["seenlog"] = found.seenlog
    read.restoring = found


def _judge(read: DialogRead, refusal: ArkivError) -> None:
    """What a refusal says of a dialog that the list has just shown."""
    read.refusal = refusal
    if isinstance(refusal, Gone):
        read.presence = "deleted"
    elif isinstance(refusal, LevelTooLow):
        read.access = "level_too_low"
    else:
        # Listed, yet not ours to read: the list's authorisation and the decision point may disagree (§2.6).
        read.access = "denied"


def _name_performers(inbox: Inbox, read: DialogRead, held: Mapping[str, bytes], list_item: bytes) -> None:
    """`/activities` leaves out who did it; the latest activity, an opened detail and the single read tell (§17.17)."""
    sources = [held.get("activities"), read.bodies.get("detail"), held.get("detail"), list_item]
    try:
        body = named_performers(read.bodies["activities"], [s for s in sources if s is not None])
        found = [inbox.activity(read.dialog_id, activity_id) for activity_id in unnamed_activities(body)]
        read.bodies["activities"] = named_performers(body, found)
    except (LevelTooLow, DialogForbidden, NotFound, Gone) as refusal:
        read.children_status = refusal.status
    except OF_ONE_DIALOG as failure:
        read.failures["activities"] = failure
    except ValueError:
        pass  # malformed bodies are judged where they are normalised; an id that is no UUID cannot be asked for
