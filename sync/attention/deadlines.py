"""Until when: which of a dialog's dates is the step's deadline, and what that date says today.

Source: producers reference §10, rows "deadline", "due soon", "past due", "sunset passed".
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.attention.case import SOON, Case, Decision
from sync.attention.verdict import NextStep

SUNSET_WINDOW = timedelta(days=90)
STALE_AFTER = timedelta(days=30)


def deadline_of(case: Case, decision: Decision, step: NextStep) -> tuple[datetime | None, list[str]]:
    """The deadline of the step (UTC, None where there is none) and its reason codes."""
    due = due_of(case, decision)
    if step in ("none", "wait"):
        stands = case.subject.due_at
        return None, ["past_due_but_closed"] if stands is not None and stands < case.now else []
    codes = ["past_due_but_closed"] if due is None and passed(case.subject.due_at, case.now) else []
    expires = case.subject.expires_at
    if due is not None:
        codes += date_codes(due, case.now, "due_soon")
        if expires is not None and case.now <= expires <= case.now + SOON:
            codes.append("expires_soon")
        return due, codes
    if expires is None and "read" in (step, decision.step):
        expires = first_attachment_to_go(case, decision)
    if expires is not None:
        return expires, codes + date_codes(expires, case.now, "expires_soon")
    return None, [*codes, "no_deadline"] if case.subject.due_at is None else codes


def due_of(case: Case, decision: Decision) -> datetime | None:
    """The due date where it belongs to the open step: not after the end, not once what it was for is done."""
    if decision.no_due_date or case.subject.status == "Completed":
        return None
    return case.subject.due_at


def passed(at: datetime | None, now: datetime) -> bool:
    """True for a date that lies behind."""
    return at is not None and at < now


def date_codes(at: datetime, now: datetime, soon: str) -> list[str]:
    """What a deadline says today."""
    if at < now:
        return ["overdue"]
    return [soon] if at <= now + SOON else []


def first_attachment_to_go(case: Case, decision: Decision) -> datetime | None:
    """The earliest future expiry among the attachments that are to be read."""
    attachments = list(case.subject.attachments)
    for message in decision.reading:
        attachments += message.transmission.attachments
    return min(
        (each.expires_at for each in attachments if each.expires_at and each.expires_at > case.now), default=None
    )


def attachments_expired(case: Case, decision: Decision) -> bool:
    """True when something that was to be read is already gone."""
    attachments = list(case.subject.attachments)
    for message in decision.reading:
        attachments += message.transmission.attachments
    return any(each.expired(case.now) for each in attachments)


def sunset_window(now: datetime) -> tuple[datetime, datetime]:
    """The sunsets that ask for a migration now: at most 90 days ahead, at most 90 days behind."""
    return now - SUNSET_WINDOW, now + SUNSET_WINDOW


def draft_is_stale(case: Case) -> bool:
    """True for work that nobody has touched for 30 days."""
    return case.now - case.subject.touched_at >= STALE_AFTER
