"""Why a dialog is missing: a pure reading of what the trace-free probes answer.

`/transmissions` first, then `/dialoglookup`; neither marks anything as seen (reference: end-user API §12).

| transmissions | lookup | presence |
|---|---|---|
| 410 | not asked | deleted: certain |
| 403 for level | not asked | no_access, and access is level_too_low |
| 403 | not asked | no_access |
| 404 | 404 | not_found |
| 404 | 403 | no_access |
| 404 | 200 | expired: it is there and ours to list, so only expiry or a later visible-from can hide it |
| 404 | none | absent |
| 200 | 200 or none | expired: its children answer (a dialog that is hidden again, too: §17.9) |
| 200 | 403 | no_access: the list's rights are gone, the rest follows when caches end (§7.3) |
| 200 | 404 | absent: it went between the two answers |
| none | not asked | absent |

"None" is no usable answer: a system behind the lookup is down (§17.21), a timeout, a 400, a 500.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sync.dialogporten.errors import OF_ONE_DIALOG, ArkivError, DialogForbidden, Gone, LevelTooLow, NotFound

PRESENT, ABSENT, DELETED, EXPIRED, NO_ACCESS, NOT_FOUND = (
    "present",
    "absent",
    "deleted",
    "expired",
    "no_access",
    "not_found",
)
LEVEL_TOO_LOW = "level_too_low"


class Answer(Enum):
    """What a probe of one dialog said."""

    OK = "200"
    GONE = "410"
    NOT_FOUND = "404"
    FORBIDDEN = "403"
    LEVEL = "403 for level"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Explanation:
    """`access` None: nothing was learnt of it. `perhaps_listed`: it may be in the list after all, having changed while
    the list was read; one more search decides.
    """

    presence: str
    access: str | None = None
    perhaps_listed: bool = False


def answer_of(error: ArkivError | None) -> Answer:
    """The answer that an error of the tree means; None is a 200. Raises errors that tell nothing of one dialog."""
    match error:
        case None:
            return Answer.OK
        case Gone():
            return Answer.GONE
        case LevelTooLow():
            return Answer.LEVEL
        case DialogForbidden():
            return Answer.FORBIDDEN
        case NotFound():
            return Answer.NOT_FOUND
    if isinstance(error, OF_ONE_DIALOG):
        return Answer.NONE
    raise error


def asks_lookup(transmissions: Answer) -> bool:
    """Whether the first probe leaves anything for the second to say."""
    return transmissions in (Answer.OK, Answer.NOT_FOUND)


def explain(transmissions: Answer, lookup: Answer | None) -> Explanation:
    """Why a dialog that the list no longer shows is missing; `lookup` None when it was not asked."""
    match transmissions:
        case Answer.GONE:
            return Explanation(DELETED)
        case Answer.LEVEL:
            return Explanation(NO_ACCESS, LEVEL_TOO_LOW)
        case Answer.FORBIDDEN:
            return Explanation(NO_ACCESS)
        case Answer.NONE:
            return Explanation(ABSENT, perhaps_listed=True)
    match lookup:
        case Answer.GONE:
            return Explanation(DELETED)
        case Answer.LEVEL:
            return Explanation(NO_ACCESS, LEVEL_TOO_LOW)
        case Answer.FORBIDDEN:
            return Explanation(NO_ACCESS)
        case Answer.OK:
            return Explanation(EXPIRED, perhaps_listed=True)
        case Answer.NOT_FOUND:
            return Explanation(NOT_FOUND if transmissions is Answer.NOT_FOUND else ABSENT)
    if transmissions is Answer.OK:
        return Explanation(EXPIRED, perhaps_listed=True)
    return Explanation(ABSENT)
