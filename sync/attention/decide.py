"""The decision order of the producers reference §10: each step a function that answers, or leaves it to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sync.attention.actions import WRITING_METHODS
from sync.attention.activities import STATE_STEP, STEP_REASON
from sync.attention.by_status import by_status
from sync.attention.case import Case, Decision
from sync.attention.deadlines import due_of
from sync.attention.evidence import STATUSES

Rule = Callable[[Case], Decision | None]


def decide(case: Case) -> tuple[str, Decision]:
    """The rule that decides, and its decision."""
    for rule in (refused, unknown_status, migrated_archive):
        decision = rule(case)
        if decision is not None:
            case.note(rule.__name__, decision.ground)
            return rule.__name__, decision
        case.note(rule.__name__, "leaves it open")
    for rule in (correspondence, completed, conversation, process, by_status):
        decision = rule(case)
        if decision is not None:
            name = rule.__name__
            case.note(name, decision.ground)
            if messages_unknown(case, decision):
                name = "messages_unknown"
                decision = Decision("review", name, ("not_opened",), at=case.subject.updated_at)
                case.note(name, "asks a person")
            filed = filed_away(case, decision)
            if filed is not None:
                case.note("filed_away", filed.ground)
                return "filed_away", filed
            return name, decision
        case.note(rule.__name__, "leaves it open")
    raise AssertionError("by_status always answers")


def messages_unknown(case: Case, decision: Decision) -> bool:
    """True where silence would rest on messages that the list counts and that we do not have: one of them may ask."""
    subject = case.subject
    silent = decision.step in ("none", "wait") and subject.status != "Completed" and decision.ground != "just_created"
    return silent and subject.messages_missing and not (subject.correspondence or subject.app or subject.withheld)


def refused(case: Case) -> Decision | None:
    """Step 1: the details were refused, or the dialog is gone."""
    refusal = case.subject.refusal
    if refusal is None:
        return None
    if refusal.status in (404, 410):
        return Decision("none", "gone", ("not_opened",))
    if refusal.status == 403 and refusal.level_too_low:
        return Decision("raise_auth_level", "level_too_low", ("auth_level_too_low",))
    if refusal.status in (401, 403):
        return Decision("get_access", "details_refused", ("content_masked", "not_opened"))
    return None


def unknown_status(case: Case) -> Decision | None:
    """Step 2: a status outside the vocabulary cannot be interpreted."""
    if case.subject.status in STATUSES:
        return None
    ground = "unknown_status" if case.subject.status else "no_status"
    return Decision("review", ground, ("unknown_enum",), about=case.subject.status)


def migrated_archive(case: Case) -> Decision | None:
    """Step 3, first half: an archive brought over from Altinn 1 or 2 asks for nothing."""
    subject = case.subject
    if not subject.migrated or subject.status not in ("Completed", "NotApplicable"):
        return None
    if subject.status == "NotApplicable":
        if case.stage is not None or case.conversation.newest_open is not None or case.confirmations:
            return None
        if case.fingerprint is not None and case.fingerprint.state not in ("confirmed", "archived"):
            return None
    return Decision("none", "migrated_archive", ("migrated_a2",))


def filed_away(case: Case, decision: Decision) -> Decision | None:
    """Step 3, second half: Bin or Archive without an obligation behind it ends the matter.

    An obligation is RequiresAttention, or an open non-Draft step with a due date, a process activity or a confirmation
    behind it. Reading and reviewing are owed only while the date lies ahead.
    """
    subject = case.subject
    label = next((each for each in ("Bin", "Archive") if each in subject.labels), None)
    if label is None or subject.status == "RequiresAttention":
        return None
    open_step = decision.step not in ("none", "wait") and decision.ground != "draft"
    if open_step and (decision.firm or decision.step == "confirm"):
        return None
    due = due_of(case, decision)
    if open_step and due is not None and (decision.step not in ("read", "review") or due >= case.now):
        return None
    if subject.migrated and decision.step == "none":
        return None
    owed = open_step and decision.step not in ("read", "review")
    ground = ("binned" if label == "Bin" else "archived") + ("_open" if owed else "")
    return Decision("none", ground, (*filed_reasons(case), *decision.reasons))


def filed_reasons(case: Case) -> tuple[str, ...]:
    """The label's code; a label that came with a migration is no human's act."""
    if "Bin" in case.subject.labels:
        return ("binned_by_user",)
    return ("archived_by_user",) if not case.subject.migrated else ("migrated_a2",)


def correspondence(case: Case) -> Decision | None:
    """Step 4: a confirmation that is open, or one that is given."""
    subject = case.subject
    if case.confirmed_at is not None and (subject.correspondence or case.confirmations):
        if case.letter_opened or case.dialog_too_old or not subject.correspondence:
            reasons = ("already_confirmed",) + (("content_opened",) if case.letter_opened else ())
            return Decision("none", "confirmed", reasons, at=case.confirmed_at)
        return Decision(
            "read",
            "confirmed_unread",
            ("already_confirmed", "unread_content"),
            at=case.confirmed_at,
            masked=subject.main_content is not None and subject.main_content.masked,
            no_due_date=True,
        )
    if case.confirmations and (subject.correspondence or subject.status != "Completed"):
        return Decision("confirm", "confirm", ("confirmation_missing",), at=subject.created_at, firm=True)
    certain = subject.correspondence and subject.status == "RequiresAttention" and not case.is_reminder
    if certain and not subject.details_known:
        return Decision("confirm", "confirm_unopened", ("confirmation_missing",), at=subject.created_at, firm=True)
    return None


def completed(case: Case) -> Decision | None:
    """Step 5: an end, unless the last thing said is unread and grave."""
    subject, talk = case.subject, case.conversation
    if subject.status != "Completed":
        return None
    for rejection in reversed(talk.open_rejections):
        if not talk.has_later_acceptance(rejection) and case.unread(rejection):
            return Decision(
                "review",
                "rejected_after_completed",
                ("rejection_open", "contradictory_status", "unread_content"),
                at=rejection.at,
                about=rejection.transmission.title.best("nb", "nn", "en"),
            )
    if talk.messages:
        newest = talk.messages[-1]
        letter = newest.transmission.at_correspondence
        if (newest.kind in ("alert", "decision") or letter) and case.unread(newest):
            accepted = talk.accepted_at is not None
            code = "decision_unread" if newest.kind == "decision" else "unread_content"
            if newest.kind == "alert":
                code = "alert_after_acceptance" if accepted else "alert_only"
            return Decision(
                "read",
                {"alert": "alert_accepted" if accepted else "alert", "decision": "decision"}.get(newest.kind, "letter"),
                (code, "unread_content"),
                at=newest.at,
                about=newest.transmission.title.best("nb", "nn", "en"),
                masked=newest.transmission.masked,
                reading=(newest,),
            )
    return Decision("none", "completed", ("seen_by_human",) if case.seen_by_human else ())


def conversation(case: Case) -> Decision | None:
    """Step 6: open rejections and requests, withdrawals, and whose turn it is."""
    subject, talk = case.subject, case.conversation
    newest = talk.newest_open
    if newest is not None and stage_decides(case, newest):
        return None
    if talk.open_rejections:
        rejection = talk.open_rejections[-1]
        return Decision(
            "correct",
            "rejected_again" if talk.accepted_stands else "rejected",
            ("rejection_open",) + (("open_request",) if talk.open_requests else ()),
            at=rejection.at,
            about=rejection.transmission.title.best("nb", "nn", "en"),
            person_only=talk.accepted_stands,
            change_counts=talk.accepted_stands,
            reading=(rejection,),
        )
    if talk.open_requests:
        return open_request(case)
    if talk.withdrawn or (talk.withdrawn_by_status and subject.status != "RequiresAttention"):
        if any(each.kind in ("alert", "decision") for each in case.unread_messages):
            return None
        at = talk.last.at if talk.last is not None else None
        return Decision("none", "withdrawn", ("request_expired",), at=at)
    asked_again = case.stage is not None or (case.fingerprint is not None and case.fingerprint.asks)
    if subject.status == "InProgress" and talk.last is not None and talk.answered_last and not asked_again:
        return Decision("wait", "answered", ("service_owner_turn", "form_submitted"), at=talk.last.at)
    return None


def open_request(case: Case) -> Decision:
    """A request stands open: answered by whoever can, reviewed where the dialog no longer seems to want it."""
    subject, talk = case.subject, case.conversation
    request = talk.open_requests[-1]
    about = request.transmission.title.best("nb", "nn", "en")
    if talk.withdrawn_by_status and not any(each.kind == "withdrawal" for each in talk.messages):
        if subject.status != "RequiresAttention":
            return Decision("none", "withdrawn", ("request_expired",), at=request.at)
        return Decision(
            "review", "withdrawn_but_asked", ("request_expired", "open_request", "contradictory_status"), at=request.at
        )
    if subject.status != "RequiresAttention" and subject.details_known and not usable(case):
        return Decision("review", "request_without_action", ("open_request",), at=request.at, about=about)
    return Decision("answer_request", "request", ("open_request",), at=request.at, about=about, reading=(request,))


def usable(case: Case) -> bool:
    """True when the dialog offers a way to answer: a button that leads on, or a writing endpoint that still stands."""
    if case.forward.gui:
        return True
    return any(
        any(point.method in WRITING_METHODS and not point.gone(case.now) for point in action.endpoints)
        for action in case.forward.api
    )


def stage_decides(case: Case, newest: datetime | None) -> bool:
    """True when an open process step is newer than what stands open in the conversation."""
    if case.stage is None or case.subject.status == "Awaiting":
        return False
    return newest is None or case.stage.at > newest


def process(case: Case) -> Decision | None:
    """Step 7: what the activity log has open, then what the texts plainly name."""
    subject, mark = case.subject, case.fingerprint
    refused_form = (
        subject.app and subject.status == "RequiresAttention" and mark is not None and mark.state == "rejected"
    )
    if subject.status != "Awaiting" and case.stage is not None and not refused_form:
        stage = case.stage
        return Decision(stage.step, f"stage_{stage.step}", (STEP_REASON[stage.step],), at=stage.at, firm=True)
    if mark is None:
        return rejected_app(case)
    codes = ("producer_default_text",)
    if subject.status == "Awaiting":
        if subject.app and mark.state == "confirmed" and mark.source == "default":
            return Decision("none", "app_confirmed", (*codes, "form_submitted"))
        return None
    if subject.status == "RequiresAttention":
        if not subject.app and mark.source == "own" and mark.state in ("signing", "payment"):
            step = STATE_STEP[mark.state]
            return Decision(step, f"text_{mark.state}", (STEP_REASON[step], *codes), about=mark.own_words)
        return rejected_app(case)
    if subject.status == "NotApplicable" and not subject.app:
        return None
    if mark.asks:
        step = STATE_STEP[mark.state]
        missing = (STEP_REASON[step],) if step in STEP_REASON else ()
        missing = {"answer_request": ("open_request",), "correct": ("rejection_open",)}.get(step, missing)
        ground = "text_ready" if mark.state == "confirmation" and mark.source == "own" else f"text_{mark.state}"
        return Decision(step, ground, (*missing, *codes), about=mark.own_words)
    if mark.state in ("feedback", "unconfirmed"):
        return Decision("wait", f"text_{mark.state}", ("service_owner_turn", *codes))
    if mark.state == "confirmed":
        return Decision("none", "app_confirmed", (*codes, "form_submitted"))
    if mark.state == "archived" and subject.status == "NotApplicable":
        return Decision("none", "app_submitted", (*codes, "form_submitted"))
    if mark.state == "archived":
        return Decision("wait", "frozen", ("service_owner_turn", "form_submitted", *codes))
    return None


def rejected_app(case: Case) -> Decision | None:
    """The adapter writes RequiresAttention for a rejected form and for nothing else."""
    subject = case.subject
    if subject.status != "RequiresAttention" or not subject.app:
        return None
    text = ("producer_default_text",) if case.fingerprint is not None and case.fingerprint.state == "rejected" else ()
    return Decision("correct", "text_rejected", ("rejection_open", *text))
