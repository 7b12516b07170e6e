"""When a verdict may come out differently because time passes: a pure function of the evidence and the verdict.

Every moment here is one at which some comparison with the clock turns over (`deadlines`, `case`, `actions`); a moment
too many costs one interpretation, a moment too few an obligation.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sync.attention.case import FRESHLY_CREATED, SOON
from sync.attention.deadlines import STALE_AFTER, SUNSET_WINDOW
from sync.attention.evidence import Subject
from sync.attention.verdict import Verdict

# The clock's own step: "later than" turns over one of these after the moment itself.
_TICK = timedelta(microseconds=1)


def next_look(subject: Subject, verdict: Verdict, now: datetime) -> datetime | None:
    """The first moment after `now` at which the verdict may differ with the same evidence; None when it never will."""
    return min((each for each in _turns(subject, verdict, now) if each > now), default=None)


def _turns(subject: Subject, verdict: Verdict, now: datetime) -> Iterator[datetime]:
    for date in (subject.due_at, subject.expires_at, verdict.deadline):
        if date is not None:
            yield from _coming(date)
    attachments = list(subject.attachments)
    for letter in subject.transmissions:
        attachments += letter.attachments
    for each in attachments:
        if each.expires_at is not None:
            yield from _coming(each.expires_at)
    for action in subject.api_actions:
        for point in action.endpoints:
            if point.sunset_at is not None:
                yield from _shifted(point.sunset_at, -SUNSET_WINDOW, SUNSET_WINDOW + _TICK)
                yield from _coming(point.sunset_at)
    yield from _shifted(subject.touched_at, STALE_AFTER)
    yield from _shifted(subject.created_at, FRESHLY_CREATED)
    # Sentences name the year of a day that is not in this one.
    yield _new_year(now)


def _coming(date: datetime) -> Iterator[datetime]:
    yield from _shifted(date, -SOON, timedelta(), _TICK)


def _shifted(date: datetime, *by: timedelta) -> Iterator[datetime]:
    for each in by:
        try:
            yield date + each
        except OverflowError:  # a date of the year 1 or 9999 says "never"
            continue


def _new_year(now: datetime) -> datetime:
    """The next new year on the Norwegian calendar, which is UTC+1 in winter."""
    local = now.astimezone(UTC) + timedelta(hours=1)
    return datetime(local.year + 1, 1, 1, tzinfo=UTC) - timedelta(hours=1)
