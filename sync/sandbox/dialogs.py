"""The entities of the world, as they are stored: a dialog, its seen records and its label log.

Children (transmissions, activities, attachments, actions) are JSON objects in wire spelling with their ids; what a
reader may see of them is decided when they are rendered. Instants are texts, see `instants`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

JsonObject = dict[str, Any]

DEFAULT: Final = "Default"
BIN: Final = "Bin"
ARCHIVE: Final = "Archive"
MARKED: Final = "MarkedAsUnopened"
SENT: Final = "Sent"
SYSTEM_LABELS: Final = (DEFAULT, BIN, ARCHIVE, MARKED, SENT)
DIALOG_STATUSES: Final = ("NotApplicable", "InProgress", "Draft", "Awaiting", "RequiresAttention", "Completed")
OBSOLETE_STATUSES: Final = {"New": "NotApplicable", "Sent": "Awaiting"}
OWNER_TRANSMISSIONS: Final = ("Information", "Acceptance", "Rejection", "Request", "Alert", "Decision")
PARTY_TRANSMISSIONS: Final = ("Submission", "Correction")
TRANSMISSION_TYPES: Final = OWNER_TRANSMISSIONS + PARTY_TRANSMISSIONS
ACTIVITY_TYPES: Final = (
    "DialogCreated",
    "DialogClosed",
    "Information",
    "TransmissionOpened",
    "PaymentMade",
    "SignatureProvided",
    "DialogOpened",
    "DialogDeleted",
    "DialogRestored",
    "SentToSigning",
    "SentToFormFill",
    "SentToSendIn",
    "SentToPayment",
    "FormSubmitted",
    "FormSaved",
    "CorrespondenceOpened",
    "CorrespondenceConfirmed",
)
OPENED_ACTIVITIES: Final = ("TransmissionOpened", "CorrespondenceOpened")
HTTP_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT")


@dataclass(slots=True)
class Seen:
    """One record in the seen log."""

    id: str
    seen_at: str
    user: str
    actor: JsonObject
    via_service_owner: bool


@dataclass(slots=True)
class LabelEntry:
    """One line of the label log."""

    created_at: str
    label: str
    action: str
    actor: JsonObject


@dataclass(slots=True)
class Dialog:
    """A dialog. `counts`, `has_unopened` and `content_seen` are stored, not derived, as the genuine server does."""

    id: str
    revision: str
    party: str
    org: str
    service_resource: str
    service_resource_type: str
    created_at: str
    updated_at: str
    content_updated_at: str
    context_revision: str
    status: str = "NotApplicable"
    progress: int | None = None
    extended_status: str | None = None
    external_reference: str | None = None
    process: str | None = None
    preceding_process: str | None = None
    visible_from: str | None = None
    due_at: str | None = None
    expires_at: str | None = None
    is_api_only: bool = False
    content: JsonObject | None = None
    search_tags: list[JsonObject] = field(default_factory=list)
    service_owner_labels: list[str] = field(default_factory=list)
    attachments: list[JsonObject] = field(default_factory=list)
    gui_actions: list[JsonObject] = field(default_factory=list)
    api_actions: list[JsonObject] = field(default_factory=list)
    transmissions: list[JsonObject] = field(default_factory=list)
    activities: list[JsonObject] = field(default_factory=list)
    from_owner_count: int = 0
    from_party_count: int = 0
    has_unopened: bool = False
    content_seen: bool = False
    frozen: bool = False
    deleted_at: str | None = None
    labels: set[str] = field(default_factory=lambda: {DEFAULT})
    label_log: list[LabelEntry] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    rendered: dict[tuple[str, bool, str], bytes] = field(default_factory=dict)

    def is_hidden(self, now: str) -> bool:
        """Not visible yet."""
        return self.visible_from is not None and self.visible_from > now

    def is_expired(self, now: str) -> bool:
        """Past its end."""
        return self.expires_at is not None and self.expires_at <= now

    def is_listed(self, now: str) -> bool:
        """Whether a search by somebody with every right would show it."""
        return self.deleted_at is None and not self.is_hidden(now) and not self.is_expired(now)

    def is_content_seen(self) -> bool:
        """What the list says: seen since the last content update, and not marked as unopened."""
        return self.content_seen and MARKED not in self.labels

    def folder_label(self) -> str:
        """The one of Default, Bin and Archive that stands."""
        return next(label for label in (DEFAULT, BIN, ARCHIVE) if label in self.labels)

    def is_transmission_opened(self, transmission: JsonObject) -> bool:
        """A letter from the service owner with a TransmissionOpened activity."""
        return transmission["type"] in OWNER_TRANSMISSIONS and any(
            activity["type"] == "TransmissionOpened" and activity.get("transmissionId") == transmission["id"]
            for activity in self.activities
        )

    def compute_unopened(self) -> bool:
        """What `has_unopened` ought to be now."""
        if self.service_resource_type.lower() == "correspondenceservice" and not any(
            activity["type"] == "CorrespondenceOpened" for activity in self.activities
        ):
            return True
        return any(
            one["type"] in OWNER_TRANSMISSIONS and not self.is_transmission_opened(one) for one in self.transmissions
        )

    def latest_activity(self) -> JsonObject | None:
        """The newest by createdAt, then id."""
        return max(self.activities, key=lambda one: (one["createdAt"], one["id"]), default=None)
