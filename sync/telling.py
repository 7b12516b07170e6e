"""From the words of the work to the log: every `told(name, fields)` becomes one event of the closed list."""

from __future__ import annotations

from collections.abc import Mapping

from config.events import Event
from config.logging import EventLog
from sync.dialogporten.retry import Told

_EVENTS: Mapping[str, Event] = {event.value: event for event in Event}
_WARNINGS = frozenset(
    {
        Event.ABSENCE_HELD,
        Event.CLOCK_SKEWED,
        Event.CONNECTION_FAILED,
        Event.CONSENT_ENDED,
        Event.CONSENT_ENDING,
        Event.DIALOG_QUARANTINED,
        Event.EVALUATION_FAILED,
        Event.KEY_OLD,
        Event.KEY_REFUSED,
        Event.LIMITS_UNREADABLE,
        Event.MAILBOX_FAILED,
        Event.PARTY_LOST,
        Event.PARTY_MALFORMED,
        Event.SERVER_DOWN,
    }
)
_DETAILS = frozenset({Event.HTTP_ANSWER, Event.TOKEN_EXCHANGED, Event.TOKEN_GRANTED, Event.PAGE_READ, Event.OPENING})


def telling(log: EventLog) -> Told:
    """A `told` that logs. A name that is not in the list of events is a bug, and raises."""

    def told(name: str, fields: Mapping[str, object]) -> None:
        event = _EVENTS[name]
        if event in _WARNINGS:
            log.warning(event, **fields)
        elif event in _DETAILS:
            log.debug(event, **fields)
        else:
            log.info(event, **fields)

    return told
