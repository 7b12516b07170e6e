"""The reason in words: one or two plain, kind sentences in Norwegian (bokmål) and English that name the evidence.

Dates are said as people say them, on the Norwegian calendar.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sync.attention.case import Case, Decision
from sync.attention.evidence import BEGINNING
from sync.attention.grounds import GROUNDS, STEPS
from sync.attention.verdict import Actor, Because, NextStep

MONTHS_NB = [
    "januar",
    "februar",
    "mars",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "desember",
]
MONTHS_EN = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def sentences(
    case: Case, decision: Decision, ground: str, step: NextStep, actor: Actor, deadline: datetime | None
) -> Because:
    """The evidence, then what to do and until when."""
    return Because(
        nb=_in_words(case, decision, ground, step, actor, deadline, 0),
        en=_in_words(case, decision, ground, step, actor, deadline, 1),
    )


def _in_words(
    case: Case, decision: Decision, ground: str, step: NextStep, actor: Actor, deadline: datetime | None, language: int
) -> str:
    name = shortened(case.producers.owner_name(case.subject))
    owner = name or ("avsenderen", "the sender")[language]
    # A date that nobody gave is not told.
    day = "" if decision.at is None or decision.at <= BEGINNING else day_in_words(decision.at, case.now, language)
    on = day and (f" {day}" if language == 0 else f" on {day}")
    since = day and (f" siden {day}" if language == 0 else f" since {day}")
    touched = day and (f", sist rørt {day}," if language == 0 else f", last touched on {day},")
    about = shortened(decision.about)
    if about and ground != "unknown_status":
        about = f" («{about}»)" if language == 0 else f" (“{about}”)"
    words = {"owner": owner, "on": on, "since": since, "touched": touched, "about": about, "evidence": ""}
    if ground == "all_unauthorized":
        words["evidence"] = GROUNDS[decision.ground][language].format_map(words).rstrip(".")
    evidence = GROUNDS[ground][language].format_map(words)
    if not name:
        evidence = evidence[:1].upper() + evidence[1:]
    if step not in STEPS:
        return evidence
    return f"{evidence} {instruction(step, actor, deadline, case.now, language)}"


def instruction(step: NextStep, actor: Actor, deadline: datetime | None, now: datetime, language: int) -> str:
    """What to do and until when, in the language: 0 Norwegian, 1 English. Not for `none` and `wait`."""
    todo = STEPS[step][language]
    if actor == "machine" and step == "read":
        todo += " (et system kan hente det)" if language == 0 else " (a system can fetch it)"
    elif actor == "machine":
        todo += " (et system kan gjøre det)" if language == 0 else " (a system can do it)"
    if deadline is None:
        return f"{todo}."
    day = day_in_words(last_moment(deadline), now, language)
    if deadline < now:
        return f"{todo}; fristen var {day}." if language == 0 else f"{todo}; it was due {day}."
    return f"{todo} innen {day}." if language == 0 else f"{todo} by {day}."


def shortened(text: str, limit: int = 80) -> str:
    """A title or a name fit for a sentence: short, on one line, without characters that command a terminal or turn the
    reading direction.
    """
    plain = " ".join("".join(c for c in text if c.isprintable() or c.isspace()).split())
    return plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…"


def day_in_words(at: datetime, now: datetime, language: int) -> str:
    """ "3. mars" or "3 March", with the year when it is not this one."""
    day, today = in_norway(at), in_norway(now)
    year = "" if day.year == today.year else f" {day.year}"
    if language == 0:
        return f"{day.day}. {MONTHS_NB[day.month - 1]}{year}"
    return f"{day.day} {MONTHS_EN[day.month - 1]}{year}"


def last_moment(deadline: datetime) -> datetime:
    """The last moment in time: a deadline at the very midnight of Norway is over when its day begins."""
    local = in_norway(deadline)
    at_midnight = (local.hour, local.minute, local.second, local.microsecond) == (0, 0, 0, 0)
    return deadline - timedelta(microseconds=1) if at_midnight and deadline.year > 1 else deadline


def in_norway(at: datetime) -> datetime:
    """The Norwegian wall clock: UTC+1, in summer UTC+2, by the European rule; needs no time zone database. The last
    moment of the calendar stays what it is.
    """
    utc = at.astimezone(UTC)
    summer = _last_sunday(utc.year, 3) <= utc < _last_sunday(utc.year, 10)
    return utc + min(timedelta(hours=2 if summer else 1), datetime.max.replace(tzinfo=UTC) - utc)


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
