"""One case on the table: the evidence with the clock, and the questions that several rules ask of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from sync.attention.actions import Offer, confirmations, delivering_action, forward_buttons, write_actions
from sync.attention.activities import Fingerprint, Stage, fingerprint_of, open_stage
from sync.attention.conversation import TO_READ, Conversation, Message, conversation_of
from sync.attention.evidence import Subject
from sync.attention.producers import Producers
from sync.attention.verdict import Considered, NextStep

SOON = timedelta(days=14)
FRESHLY_CREATED = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Decision:
    """A step with the ground it stands on, before authorisation, actor and deadline.

    `ground` names the sentence that tells it; `at` and `about` are the evidence's date and its words.
    """

    step: NextStep
    ground: str
    reasons: tuple[str, ...] = ()
    at: datetime | None = None
    about: str = ""
    by_machine: bool = False
    person_only: bool = False
    change_counts: bool = False
    masked: bool = False
    no_due_date: bool = False
    firm: bool = False
    reading: tuple[Message, ...] = ()


@dataclass
class Case:
    """The subject, the clock and the table, with what follows from them worked out once."""

    subject: Subject
    now: datetime
    producers: Producers
    trace: list[Considered] = field(default_factory=list)

    def note(self, rule: str, found: str) -> None:
        """One line of the trace."""
        self.trace.append(Considered(rule, found))

    @cached_property
    def conversation(self) -> Conversation:
        """Who asked, who answered, what stands."""
        return conversation_of(self.subject, self.producers)

    @cached_property
    def stage(self) -> Stage | None:
        """The open process step, if the log tells of one."""
        return open_stage(self.subject, self.conversation) if self.subject.activities else None

    @cached_property
    def fingerprint(self) -> Fingerprint | None:
        """The state that the texts name."""
        return None if self.subject.correspondence else fingerprint_of(self.subject, self.producers)

    @cached_property
    def confirmations(self) -> Offer:
        """The actions that confirm receipt."""
        return confirmations(self.subject, self.producers)

    @cached_property
    def confirmed_at(self) -> datetime | None:
        """When Correspondence logged the confirmation (rank 2)."""
        return self.subject.newest("CorrespondenceConfirmed")

    @cached_property
    def is_reminder(self) -> bool:
        """True for the reminder of an unread confidential letter, as far as the list item tells."""
        subject = self.subject
        return (
            subject.org in self.producers.reminder_orgs
            and subject.due_at is None
            and subject.status == "RequiresAttention"
            and not subject.transmissions
            and not subject.activities
        )

    @cached_property
    def forward(self) -> Offer:
        """Whatever leads the case on: buttons, and API actions that write."""
        return Offer(write_actions(self.subject, self.producers), forward_buttons(self.subject, self.producers))

    @property
    def seen_by_human(self) -> bool:
        """True when a person has seen the present content and nobody has put the unread mark back."""
        return self.subject.human_seen_at is not None and "MarkedAsUnopened" not in self.subject.labels

    @property
    def letter_opened(self) -> bool:
        """True when the letter was opened at Correspondence: only its own log counts."""
        if self.subject.newest("CorrespondenceOpened") is not None:
            return True
        return not self.subject.activities_known and not self.subject.has_unopened_content

    def too_old_to_be_unread(self, at: datetime) -> bool:
        """True where unread marks say nothing: migrated, or older than the platform's own cut (§1 P7)."""
        if self.subject.migrated:
            return True
        return self.subject.created_at < self.producers.unread_since and at < self.producers.unread_since

    @property
    def dialog_too_old(self) -> bool:
        """The same for the dialog's own content."""
        return self.too_old_to_be_unread(self.subject.created_at)

    def unread(self, message: Message) -> bool:
        """True for a message that neither the log nor a human eye has met."""
        return not message.transmission.opened and not self.seen_by_human and not self.too_old_to_be_unread(message.at)

    @cached_property
    def unread_messages(self) -> tuple[Message, ...]:
        """Information, Alert and Decision newer than the party's last message, and unread."""
        spoke = self.conversation.party_spoke_at
        last = self.conversation.last
        withdrawn_at = last.at if last is not None and last.kind == "withdrawal" else None
        return tuple(
            each
            for each in self.conversation.messages
            if each.kind in TO_READ
            and (spoke is None or each.at > spoke)
            and (withdrawn_at is None or each.at > withdrawn_at)
            and self.unread(each)
        )

    def readable_by_machine(self, message: Message) -> bool:
        """True for Information whose content a system can fetch; the rest is written for people."""
        sent = message.transmission
        if message.kind != "information" or sent.at_correspondence or self.subject.correspondence:
            return False
        if any(each.for_machines(self.now) for each in sent.attachments):
            return True
        return delivering_action(self.subject)

    @property
    def due_soon(self) -> bool:
        """True when the due date lies ahead, at most 14 times 24 hours."""
        due = self.subject.due_at
        return due is not None and self.now <= due <= self.now + SOON

    @property
    def just_created_and_empty(self) -> bool:
        """True while a producer that builds a dialog in several calls has sent only the first."""
        subject = self.subject
        return (
            self.now - subject.created_at < FRESHLY_CREATED
            and not subject.correspondence
            and not subject.transmissions
            and subject.service_owner_count == 0
            and subject.party_count == 0
            and not subject.attachments
            and subject.gui_attachment_count == 0
            and not subject.gui_actions
            and not subject.api_actions
            and not subject.activities
            and subject.main_content is None
        )
