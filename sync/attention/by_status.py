"""Step 8 of the decision order: what the status alone says, when nothing stronger has spoken."""

from __future__ import annotations

from sync.attention.actions import Offer, deletes, delivering_action, words_of, writes
from sync.attention.activities import saved_but_not_submitted, submitted_last
from sync.attention.case import Case, Decision
from sync.attention.conversation import Message
from sync.attention.evidence import Subject


def by_status(case: Case) -> Decision:
    """The status's own meaning; NotApplicable has none, so there the content decides."""
    status = case.subject.status
    if status == "Awaiting":
        return Decision("wait", "awaiting", ("service_owner_turn",))
    if status == "Draft":
        return draft(case)
    if status == "RequiresAttention":
        return requires_attention(case)
    if status == "InProgress":
        return in_progress(case)
    return not_applicable(case)


def draft(case: Case) -> Decision:
    """Somebody's unfinished work; a Draft that was submitted after every save is a frozen status."""
    if submitted_last(case.subject, case.conversation):
        return Decision("wait", "frozen", ("form_submitted", "service_owner_turn", "contradictory_status"))
    return Decision("fill_in", "draft", ("form_not_submitted",), at=case.subject.touched_at)


def requires_attention(case: Case) -> Decision:
    """Something is due and nothing tells what: a reminder to read, else a person must look."""
    subject = case.subject
    if not subject.details_known:
        if case.is_reminder:
            return Decision("read", "reminder", ("unread_content",), at=subject.created_at)
    elif (
        subject.main_content is not None
        and not subject.transmissions
        and not subject.attachments
        and all(deletes(each) for each in subject.api_actions)
        and all(each.deletes for each in subject.gui_actions)
    ):
        return Decision(
            "read",
            "reminder",
            ("unread_content", "no_action"),
            at=subject.created_at,
            masked=subject.main_content.masked,
        )
    alarms = [each for each in case.unread_messages if each.kind == "alert"]
    if alarms:
        accepted = case.conversation.accepted_at is not None
        codes: tuple[str, ...] = ("alert_after_acceptance" if accepted else "alert_only", "unread_content")
        codes += ("contradictory_status",) if case.conversation.settled else ()
        about = alarms[-1].transmission.title.best("nb", "nn", "en")
        return Decision("review", "alarm", codes, at=alarms[-1].at, about=about)
    last = case.conversation.last
    if last is not None and case.conversation.settled:
        return Decision("review", "settled_but_asked", ("contradictory_status",), at=last.at)
    return Decision("review", "asked_without_evidence", at=subject.updated_at)


def in_progress(case: Case) -> Decision:
    """Unfinished; whose turn it is follows from what the dialog offers."""
    subject = case.subject
    if subject.app and submitted_last(subject, case.conversation):
        return Decision("wait", "frozen", ("form_submitted", "service_owner_turn"))
    if not subject.details_known:
        if subject.app:
            return Decision("fill_in", "app_in_progress", ("form_not_submitted",), at=subject.created_at)
        return Decision("review", "in_progress_unopened", at=subject.updated_at)
    if subject.app or case.forward:
        # The adapter writes InProgress only where the party has something left to do, buttons or not.
        ground = "app_in_progress" if subject.app else "in_progress"
        return Decision(
            "fill_in", ground, ("form_not_submitted",), at=subject.created_at, about=leads_on_by(case.forward)
        )
    return Decision("wait", "in_progress_without_action", ("service_owner_turn", *offered(subject)))


def offered(subject: Subject) -> tuple[str, ...]:
    """What a dialog offers that leads nowhere: nothing but deleting, only reading, or what is optional."""
    kept = [each for each in subject.api_actions if not deletes(each)]
    if not kept and all(each.deletes for each in subject.gui_actions):
        return ("no_action",)
    return ("only_read_api",) if kept and not any(writes(each) for each in kept) else ("optional_action",)


def not_applicable(case: Case) -> Decision:
    """The producer says nothing, which never means that there is nothing to do."""
    subject, talk = case.subject, case.conversation
    if case.just_created_and_empty:
        return Decision("wait", "just_created", ("no_content_yet", "service_owner_turn"), at=subject.created_at)
    if saved_but_not_submitted(subject, talk) or initial_app(case):
        return Decision("fill_in", "unsubmitted", ("form_not_submitted",), at=subject.touched_at)
    if subject.correspondence:
        return letter(case)
    if case.unread_messages:
        return messages_to_read(case, case.unread_messages)
    if talk.settled:
        assert talk.last is not None
        return Decision("none", "settled", (), at=talk.last.at)
    report = new_report(case)
    if report is not None:
        return report
    if case.due_soon:
        return Decision("review", "due_soon", ("seen_by_human",) if case.seen_by_human else ())
    return nothing(case)


def leads_on_by(forward: Offer) -> str:
    """The words of the button, else of the action, that leads on."""
    if forward.gui:
        return forward.gui[0].title.best("nb", "nn", "en")
    return words_of(forward.api[0]).best() if forward.api else ""


def initial_app(case: Case) -> bool:
    """True for an app without status whose texts say that the form waits to be filled in."""
    mark = case.fingerprint
    if mark is None or mark.state != "initial":
        return False
    return not submitted_last(case.subject, case.conversation)


def letter(case: Case) -> Decision:
    """A letter of Correspondence that asks for no confirmation."""
    subject = case.subject
    opened = subject.newest("CorrespondenceOpened")
    if not case.letter_opened and not case.dialog_too_old:
        masked = subject.main_content is not None and subject.main_content.masked
        return Decision("read", "letter", ("unread_content",), at=subject.created_at, masked=masked)
    if case.due_soon:
        codes = ("content_opened",) if case.letter_opened else ()
        return Decision("review", "letter_due", codes, at=opened)
    return Decision("none", "letter_opened", ("content_opened",) if case.letter_opened else (), at=opened)


def messages_to_read(case: Case, unread: tuple[Message, ...]) -> Decision:
    """Unread messages: read by a machine only when it can fetch every one of them."""
    newest = unread[-1]
    readable = [each for each in unread if not each.transmission.masked]
    by_machine = bool(readable) and all(case.readable_by_machine(each) for each in unread)
    accepted = case.conversation.accepted_at is not None
    codes = ["unread_content"]
    kinds = {each.kind for each in unread}
    if "alert" in kinds:
        codes.insert(0, "alert_after_acceptance" if accepted else "alert_only")
    if "decision" in kinds:
        codes.insert(0, "decision_unread")
    if len(readable) < len(unread):
        codes.append("content_masked")
    gravest = next((each for each in reversed(unread) if each.kind in ("decision", "alert")), newest)
    ground = {"alert": "alert_accepted" if accepted else "alert", "decision": "decision"}.get(gravest.kind, "message")
    return Decision(
        "read",
        ground,
        tuple(codes),
        at=gravest.at,
        about=gravest.transmission.title.best("nb", "nn", "en"),
        by_machine=by_machine,
        masked=not readable,
        reading=unread,
    )


def new_report(case: Case) -> Decision | None:
    """A report without transmissions that nobody but us has seen; a link that starts another form is none."""
    subject = case.subject
    if subject.transmissions or case.seen_by_human or case.dialog_too_old:
        return None
    if not subject.details_known:
        if subject.app and submitted_last(subject, case.conversation):
            return None
        return Decision("read", "unread_unopened", ("unread_content",), at=subject.created_at)
    if subject.app:
        return None
    main = subject.main_content
    buttons = [
        each
        for each in subject.gui_actions
        if each.method == "GET" and not each.deletes and case.producers.delivers_content(each.title)
    ]
    reads = [each for each in subject.api_actions if not writes(each) and not deletes(each)]
    if main is None and not subject.attachments and not buttons and not reads:
        return None
    by_machine = delivering_action(subject) or any(each.for_machines(case.now) for each in subject.attachments)
    readable = by_machine or bool(subject.attachments) or any(each.authorized for each in buttons)
    masked = not readable and (main is None or main.masked)
    return Decision(
        "read",
        "report",
        ("unread_content",),
        at=subject.updated_at,
        by_machine=by_machine,
        masked=masked,
    )


def nothing(case: Case) -> Decision:
    """Nothing is asked, and what there was to read is read, or too old to count."""
    if case.seen_by_human:
        return Decision("none", "seen", ("seen_by_human",), at=case.subject.human_seen_at)
    if any(each.transmission.opened for each in case.conversation.messages):
        return Decision("none", "messages_opened", ("content_opened",))
    if case.forward:
        return Decision("none", "invitation", ("optional_action",))
    return Decision("none", "nothing")
