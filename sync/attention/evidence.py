"""The evidence a verdict rests on: one model for an opened dialog, a never-opened one, and a refused one.

Built by `reading` from wire-shaped dicts, so a body fresh from the server and one from the archive give the same
model. Lists whose order the server does not promise are sorted here by time; actor ids, dialog tokens and
revisions are not part of the model at all, so no verdict can depend on them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

MASK_UNAUTHORIZED = "urn:dialogporten:unauthorized"
MASK_EXPIRED = "urn:dialogporten:expired"

STATUSES = frozenset({"NotApplicable", "InProgress", "Draft", "RequiresAttention", "Completed", "Awaiting"})
TRANSMISSION_TYPES = frozenset(
    {"Information", "Acceptance", "Rejection", "Request", "Alert", "Decision", "Submission", "Correction"}
)
ACTIVITY_TYPES = frozenset(
    {
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
    }
)
LABELS = frozenset({"Default", "Bin", "Archive", "MarkedAsUnopened", "Sent"})

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def is_address(url: str) -> bool:
    """True for what a request can be sent to: neither empty nor a mask (`urn:dialogporten:…`)."""
    return "://" in url


@dataclass(frozen=True, slots=True)
class Texts:
    """One text in several languages: (language code, value) pairs, sorted by language."""

    values: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.values)

    def best(self, *languages: str) -> str:
        """The text in the first language that has one, else the first text, else an empty string."""
        for language in languages:
            for code, value in self.values:
                if code == language:
                    return value
        return self.values[0][1] if self.values else ""

    def all(self) -> Iterable[str]:
        """Every text, whatever its language."""
        return (value for _, value in self.values)


@dataclass(frozen=True, slots=True)
class Reference:
    """A front-channel content reference: its addresses (possibly masked), never followed by us."""

    urls: tuple[str, ...] = ()
    authorized: bool = True

    @property
    def masked(self) -> bool:
        """True when we may not have the address (end-user API §5.3)."""
        return not self.authorized or MASK_UNAUTHORIZED in self.urls

    @property
    def at_correspondence(self) -> bool:
        """True when the content lies at Altinn Correspondence, whatever dialog it was sent into."""
        return any("/correspondence/api/" in url for url in self.urls)


@dataclass(frozen=True, slots=True)
class AttachmentUrl:
    """One representation of an attachment; `consumer` is Gui or Api as the server spelled it."""

    url: str
    consumer: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """An attachment of the dialog or of a transmission."""

    urls: tuple[AttachmentUrl, ...] = ()
    expires_at: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """True when its time is over, by its date or by the server's mask."""
        if self.expires_at is not None and self.expires_at <= now:
            return True
        return bool(self.urls) and all(each.url == MASK_EXPIRED for each in self.urls)

    def for_machines(self, now: datetime) -> bool:
        """True when it has an address meant for systems that is neither masked nor expired."""
        return not self.expired(now) and any(each.consumer == "Api" and is_address(each.url) for each in self.urls)


@dataclass(frozen=True, slots=True)
class Transmission:
    """One message of the dialog; `type` is as the server spelled it, unknown values included."""

    id: str
    type: str
    at: datetime
    extended_type: str = ""
    related: str = ""
    by_service_owner: bool = True
    opened: bool = False
    authorized: bool = True
    title: Texts = field(default_factory=Texts)
    content: Reference | None = None
    attachments: tuple[Attachment, ...] = ()

    @property
    def at_correspondence(self) -> bool:
        """True for a letter sent into the dialog through Correspondence."""
        return self.content is not None and self.content.at_correspondence

    @property
    def masked(self) -> bool:
        """True when we are not allowed to read it."""
        return not self.authorized or (self.content is not None and self.content.masked)


@dataclass(frozen=True, slots=True)
class Activity:
    """One line of the activity log. `by_service_owner` is None where the list endpoint left the actor out."""

    id: str
    type: str
    at: datetime
    transmission: str = ""
    by_service_owner: bool | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address of an API action."""

    method: str
    url: str
    deprecated: bool = False
    sunset_at: datetime | None = None
    version: str = ""
    documentation_url: str = ""
    request_schema: str = ""
    response_schema: str = ""

    @property
    def has_address(self) -> bool:
        """True when there is somewhere to send a request; a mask is no address."""
        return is_address(self.url)

    def gone(self, now: datetime) -> bool:
        """True when its sunset has passed; nothing on the server enforces the date."""
        return self.sunset_at is not None and self.sunset_at <= now


@dataclass(frozen=True, slots=True)
class ApiAction:
    """What a system may do here. `action` is the policy action, `name` the producer's own name."""

    id: str
    action: str
    name: str
    authorized: bool
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True)
class GuiAction:
    """A button for people."""

    id: str
    action: str
    url: str
    attribute: str
    authorized: bool
    deletes: bool
    priority: str
    method: str
    title: Texts = field(default_factory=Texts)


@dataclass(frozen=True, slots=True)
class Refusal:
    """The details were asked for and refused: HTTP status and the server's words."""

    status: int
    problem: str = ""

    @property
    def level_too_low(self) -> bool:
        """The one fixed reason that a higher login would cure (end-user API §3.9)."""
        return "level too low" in self.problem.lower()


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is known of one dialog. Times are UTC; texts and enum values are as the server spelled them."""

    id: str
    org: str
    resource: str
    resource_type: str
    party: str
    status: str
    extended_status: str
    created_at: datetime
    updated_at: datetime
    content_updated_at: datetime | None
    due_at: datetime | None
    expires_at: datetime | None
    api_only: bool
    labels: tuple[str, ...]
    title: Texts
    summary: Texts
    sender_name: Texts
    status_label: Texts
    main_content: Reference | None
    attachments: tuple[Attachment, ...]
    transmissions: tuple[Transmission, ...]
    activities: tuple[Activity, ...]
    api_actions: tuple[ApiAction, ...]
    gui_actions: tuple[GuiAction, ...]
    human_seen_at: datetime | None
    content_seen: bool
    has_unopened_content: bool
    withheld: bool
    details_known: bool
    messages_missing: bool
    activities_known: bool
    service_owner_count: int
    party_count: int
    gui_attachment_count: int
    refusal: Refusal | None = None

    @property
    def touched_at(self) -> datetime:
        """When somebody last did something: the newest activity, else the last update."""
        return self.activities[-1].at if self.activities else self.updated_at

    @property
    def correspondence(self) -> bool:
        """True for a letter of Altinn Correspondence."""
        return self.resource_type == "correspondenceservice"

    @property
    def migrated(self) -> bool:
        """True for what came from Altinn 1 and 2 (producers reference §1 P7)."""
        if self.resource_type == "migratedapp":
            return True
        parts = self.resource.split("_", 2)
        return len(parts) == 3 and parts[0] == "app" and parts[2].startswith("a2")

    @property
    def app(self) -> bool:
        """True for a dialog that the Altinn app adapter writes."""
        return self.resource_type in ("altinnapp", "migratedapp") or self.resource.startswith("app_")

    def newest(self, *types: str) -> datetime | None:
        """The time of the newest activity of these types."""
        for activity in reversed(self.activities):
            if activity.type in types:
                return activity.at
        return None

    def unknown_values(self) -> list[str]:
        """Enum values that this program does not know, as the server spelled them."""
        unknown = [self.status] if self.status not in STATUSES else []
        unknown += [each.type for each in self.transmissions if each.type not in TRANSMISSION_TYPES]
        unknown += [each.type for each in self.activities if each.type not in ACTIVITY_TYPES]
        unknown += [each for each in self.labels if each not in LABELS]
        return unknown
