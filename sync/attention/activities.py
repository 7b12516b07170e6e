"""What the activity log and an app's own words tell of the process: ranks 7 and 14 of the producers reference §8."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sync.attention.conversation import Conversation
from sync.attention.evidence import Subject, Texts
from sync.attention.producers import AppState, Producers
from sync.attention.verdict import NextStep

# A step that the process was sent to, and what closes it. A submitted form closes every one of them.
STAGES: dict[str, tuple[NextStep, str]] = {
    "SentToSigning": ("sign", "SignatureProvided"),
    "SentToPayment": ("pay", "PaymentMade"),
    "SentToSendIn": ("submit", "FormSubmitted"),
    "SentToFormFill": ("fill_in", "FormSubmitted"),
}

STEP_REASON: dict[NextStep, str] = {
    "sign": "signature_missing",
    "pay": "payment_missing",
    "submit": "send_in_pending",
    "fill_in": "form_not_submitted",
}


@dataclass(frozen=True, slots=True)
class Stage:
    """A process step that is still open: what is missing, and since when."""

    step: NextStep
    at: datetime


def open_stage(subject: Subject, conversation: Conversation) -> Stage | None:
    """The newest process step without its closer; a newer word in the conversation beats it.

    SentToFormFill asks for something only after a submission; before one it merely leads back to the form.
    """
    newest = None
    for activity in reversed(subject.activities):
        if activity.type in STAGES:
            newest = activity
            break
    if newest is None:
        return None
    step, closer = STAGES[newest.type]
    for activity in subject.activities:
        if activity.at >= newest.at and activity.type in (closer, "FormSubmitted"):
            return None
    if conversation.last is not None and conversation.last.at >= newest.at:
        return None
    if newest.type == "SentToFormFill":
        earlier = conversation.party_spoke_at is not None or subject.newest("FormSubmitted") is not None
        if not earlier:
            return None
    return Stage(step, newest.at)


def saved_but_not_submitted(subject: Subject, conversation: Conversation) -> bool:
    """True for a form that was saved and, since then, neither submitted nor sent."""
    saved = subject.newest("FormSaved")
    if saved is None:
        return False
    submitted = subject.newest("FormSubmitted")
    spoke = conversation.party_spoke_at
    return not (submitted is not None and submitted >= saved) and not (spoke is not None and spoke >= saved)


def submitted_last(subject: Subject, conversation: Conversation) -> bool:
    """True when the form was submitted after every save: a status that says otherwise is frozen."""
    times = [at for at in (subject.newest("FormSubmitted"), conversation.party_spoke_at) if at is not None]
    if not times:
        return False
    saved = subject.newest("FormSaved")
    return saved is None or max(times) >= saved


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The state that texts name: an adapter's default, a producer's own plain words, or the task's name."""

    state: AppState
    source: Literal["default", "own", "label", "task"]
    words: str = ""

    @property
    def own_words(self) -> str:
        """The producer's own words; a default text says no more than its state."""
        return self.words if self.source == "own" else ""

    @property
    def asks(self) -> bool:
        """True when it asks the party for something beyond filling in."""
        return self.state in STATE_STEP


STATE_STEP: dict[AppState, NextStep] = {
    "signing": "sign",
    "payment": "pay",
    "confirmation": "submit",
    "more_information": "answer_request",
    "rejected": "correct",
}


def fingerprint_of(subject: Subject, producers: Producers) -> Fingerprint | None:
    """What the texts plainly name. A default "ready to be filled out" yields to every more telling word.

    Only an app's own words may name sending in: elsewhere "Send inn …" is as often an invitation.
    """
    primary = next((each for each in subject.gui_actions if each.priority == "Primary" and not each.deletes), None)
    label = primary.title if primary is not None else Texts()
    summary = producers.summary_state(subject.summary) if subject.app and subject.summary else None
    if summary is not None and summary != "initial":
        return Fingerprint(summary, "default", _best(subject.summary))
    default_label = producers.label_state(label) if subject.app and label else None
    if default_label == "signing":
        return Fingerprint("signing", "label", _best(label))
    own = [subject.summary] if summary is None and (subject.app or producers.demands(subject.summary)) else []
    own += [subject.status_label] if subject.app else []
    # A button that is merely offered ("Send inn klage") names no step of the case.
    own += [] if default_label is not None or producers.optional_kind(label) is not None else [label]
    for each in own:
        state = producers.plain_state(each) if each else None
        if state is not None and (subject.app or state != "confirmation"):
            return Fingerprint(state, "own", _best(each))
    if subject.app and primary is not None:
        state = producers.task_state(primary.attribute)
        if state is not None:
            return Fingerprint(state, "task")
    if summary is not None:
        return Fingerprint(summary, "default", _best(subject.summary))
    return Fingerprint(default_label, "label", _best(label)) if default_label is not None else None


def _best(words: Texts) -> str:
    return words.best("nb", "nn", "en")
