"""The answers of the end-user API as types, and how its times are read (source: reference, end-user API).

Enums are plain text, unknown fields are skipped, and a field that is missing equals null; a list may be missing, null
or empty (end-user API §1.3). What has the wrong type raises `msgspec.ValidationError`, whose words name the path and
never the value. A page keeps its items as raw bytes, so that one bad item does not take its page along.

Times stay as the server spelled them; `instant` gives the canonical spelling.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

import msgspec

from sync.dialogporten.instants import instant as instant

# What a 32-bit column holds on both engines; anything else is the item's fault, not the batch's.
Int32 = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]

UNAUTHORIZED = "urn:dialogporten:unauthorized"
EXPIRED = "urn:dialogporten:expired"
MASKS = frozenset({UNAUTHORIZED, EXPIRED})  # stand where a URL would (end-user API §5.3)

EPHEMERAL = "urn:altinn:person:identifier-ephemeral:"  # salted for each server process: never a key (end-user API §3.7)


class _Wire(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """Shared settings. `gc=False` is safe: what JSON gives has no cycles."""


class Actor(_Wire, frozen=True):
    actor_type: str | None = None
    actor_name: str | None = None
    actor_id: str | None = None

    @property
    def lasting_id(self) -> str | None:
        """The actor's id unless it is an ephemeral one."""
        return None if self.actor_id is None or self.actor_id.startswith(EPHEMERAL) else self.actor_id


class Localization(_Wire, frozen=True):
    value: str | None = None
    language_code: str | None = None


class ContentValue(_Wire, frozen=True):
    value: list[Localization] | None = None
    media_type: str | None = None
    is_authorized: bool | None = None  # only on mainContentReference of a detail


class Content(_Wire, frozen=True):
    """The texts of a dialog. A list item has the first four only (end-user API §3.7)."""

    title: ContentValue | None = None
    summary: ContentValue | None = None
    sender_name: ContentValue | None = None
    extended_status: ContentValue | None = None
    additional_info: ContentValue | None = None
    main_content_reference: ContentValue | None = None


class SeenRecord(_Wire, frozen=True):
    id: str | None = None
    seen_at: str | None = None
    seen_by: Actor | None = None
    is_via_service_owner: bool | None = None
    is_current_end_user: bool | None = None


class Activity(_Wire, frozen=True):
    """`performed_by` is absent in the answers of `/activities` (end-user API §6.4)."""

    id: str | None = None
    created_at: str | None = None
    type: str | None = None
    extended_type: str | None = None
    transmission_id: str | None = None
    performed_by: Actor | None = None
    description: list[Localization] | None = None


class EndUserContext(_Wire, frozen=True):
    revision: str | None = None
    system_labels: list[str] | None = None


class Shared(_Wire, frozen=True):
    """What a list item and a detail have in common (end-user API §3.7)."""

    id: str | None = None
    org: str | None = None
    service_resource: str | None = None
    service_resource_type: str | None = None
    party: str | None = None
    progress: Int32 | None = None
    process: str | None = None
    preceding_process: str | None = None
    extended_status: str | None = None
    external_reference: str | None = None
    status: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    content_updated_at: str | None = None
    due_at: str | None = None
    is_api_only: bool | None = None
    has_unopened_content: bool | None = None
    from_service_owner_transmissions_count: Int32 | None = None
    from_party_transmissions_count: Int32 | None = None
    seen_since_last_update: list[SeenRecord] | None = None
    seen_since_last_content_update: list[SeenRecord] | None = None
    is_content_seen: bool | None = None
    end_user_context: EndUserContext | None = None
    system_label: str | None = None  # obsolete: shows only Default, Bin or Archive
    content: Content | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The standing system labels, sorted, each once."""
        context = self.end_user_context
        if context is not None and context.system_labels:
            found = context.system_labels
            return tuple(found) if len(found) == 1 else tuple(sorted(set(found)))
        return () if self.system_label is None else (self.system_label,)


class ListItem(Shared, frozen=True):
    gui_attachment_count: Int32 | None = None
    latest_activity: Activity | None = None


class AttachmentUrl(_Wire, frozen=True):
    id: str | None = None
    url: str | None = None
    media_type: str | None = None
    consumer_type: str | None = None


class Attachment(_Wire, frozen=True):
    id: str | None = None
    display_name: list[Localization] | None = None
    name: str | None = None
    urls: list[AttachmentUrl] | None = None
    expires_at: str | None = None


class NavigationalAction(_Wire, frozen=True):
    title: list[Localization] | None = None
    url: str | None = None
    expires_at: str | None = None


class TransmissionContent(_Wire, frozen=True):
    title: ContentValue | None = None
    summary: ContentValue | None = None
    content_reference: ContentValue | None = None


class Transmission(_Wire, frozen=True):
    """`is_opened` is only in a detail (end-user API §5.5)."""

    id: str | None = None
    created_at: str | None = None
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    extended_type: str | None = None
    external_reference: str | None = None
    related_transmission_id: str | None = None
    type: str | None = None
    sender: Actor | None = None
    is_opened: bool | None = None
    deleted_at: str | None = None
    content: TransmissionContent | None = None
    attachments: list[Attachment] | None = None
    navigational_actions: list[NavigationalAction] | None = None


class ApiEndpoint(_Wire, frozen=True):
    id: str | None = None
    version: str | None = None
    url: str | None = None
    http_method: str | None = None
    documentation_url: str | None = None
    request_schema: str | None = None
    response_schema: str | None = None
    deprecated: bool | None = None
    sunset_at: str | None = None


class ApiAction(_Wire, frozen=True):
    id: str | None = None
    action: str | None = None
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    name: str | None = None
    endpoints: list[ApiEndpoint] | None = None


class GuiAction(_Wire, frozen=True):
    id: str | None = None
    action: str | None = None
    url: str | None = None
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    is_delete_dialog_action: bool | None = None
    priority: str | None = None
    http_method: str | None = None
    title: list[Localization] | None = None
    prompt: list[Localization] | None = None


class Dialog(Shared, frozen=True):
    """A detail. Its dialog token has no field here: nothing of ours reads it (end-user API §2.7)."""

    revision: str | None = None
    expires_at: str | None = None
    attachments: list[Attachment] | None = None
    transmissions: list[Transmission] | None = None
    gui_actions: list[GuiAction] | None = None
    api_actions: list[ApiAction] | None = None
    activities: list[Activity] | None = None


class LabelLogEntry(_Wire, frozen=True):
    created_at: str | None = None
    name: str | None = None
    action: str | None = None
    performed_by: Actor | None = None


class ListPage(_Wire, frozen=True):
    """Loop on `has_next_page`: the token is there on the last page too (end-user API §3.6)."""

    items: list[msgspec.Raw] | None = None
    has_next_page: bool | None = None
    continuation_token: str | None = None
    order_by: str | None = None


class AuthorizedParty(_Wire, frozen=True):
    party: str | None = None
    party_uuid: str | None = None
    party_id: Int32 | None = None
    name: str | None = None
    date_of_birth: str | None = None
    party_type: str | None = None
    is_deleted: bool | None = None
    has_key_role: bool | None = None
    is_current_end_user: bool | None = None
    is_main_administrator: bool | None = None
    is_access_manager: bool | None = None
    has_only_access_to_sub_parties: bool | None = None
    sub_parties: list[AuthorizedParty] | None = None


class Parties(_Wire, frozen=True):
    authorized_parties: list[AuthorizedParty] | None = None


class EndUserSearchLimits(_Wire, frozen=True):
    max_party_filter_values: int | None = None
    max_service_resource_filter_values: int | None = None
    max_org_filter_values: int | None = None
    max_extended_status_filter_values: int | None = None


class Limits(_Wire, frozen=True):
    """Anonymous `/metadata/limits` (end-user API §1.2)."""

    end_user_search: EndUserSearchLimits | None = None


class ServiceOwner(_Wire, frozen=True):
    code: str | None = None
    org_number: str | None = None
    name: list[Localization] | None = None


class ServiceResource(_Wire, frozen=True):
    id: str | None = None
    resource_type: str | None = None
    status: str | None = None
    is_delegable: bool | None = None
    minimum_authentication_level: int | None = None
    name: list[Localization] | None = None


class ServiceResourceItem(_Wire, frozen=True):
    service_resource: ServiceResource | None = None
    service_owner: ServiceOwner | None = None


class ServiceResources(_Wire, frozen=True):
    """`/metadata/serviceresources` and `/serviceresources`."""

    items: list[ServiceResourceItem] | None = None
    is_full_catalogue_fallback: bool | None = None


class LookupEvidence(_Wire, frozen=True):
    current_authentication_level: int | None = None
    via_role: bool | None = None
    via_access_package: bool | None = None
    via_resource_delegation: bool | None = None
    via_instance_delegation: bool | None = None


class Lookup(_Wire, frozen=True):
    """`/dialoglookup`: tells "level too low" from "no access" without a trace (end-user API §7.4)."""

    dialog_id: str | None = None
    instance_ref: str | None = None
    party: str | None = None
    title: list[Localization] | None = None
    service_resource: ServiceResource | None = None
    service_owner: ServiceOwner | None = None
    authorization_evidence: LookupEvidence | None = None


class Problem(_Wire, frozen=True):
    """A problem body (end-user API §3.9)."""

    type: str | None = None
    title: str | None = None
    status: int | None = None
    detail: str | None = None
    instance: str | None = None
    trace_id: str | None = None
    errors: dict[str, list[str]] | None = None


T = TypeVar("T")

_list_item = msgspec.json.Decoder(ListItem)
_dialog = msgspec.json.Decoder(Dialog)
_page = msgspec.json.Decoder(ListPage)
_transmissions = msgspec.json.Decoder(list[Transmission] | None)
_activities = msgspec.json.Decoder(list[Activity] | None)
_seenlog = msgspec.json.Decoder(list[SeenRecord] | None)
_labellog = msgspec.json.Decoder(list[LabelLogEntry] | None)

_NUL = re.compile(rb"((?:^|[^\\])(?:\\\\)*)\\u0000")


def storable(body: bytes) -> bytes:
    """The body with U+0000, which PostgreSQL cannot hold as text, turned into U+FFFD; nearly always the same
    object.
    """
    if b"\\" not in body or b"\\u0000" not in body:  # the first look is several times faster
        return body
    while (changed := _NUL.sub(rb"\1\\ufffd", body)) != body:  # a second run of the same character touches the first
        body = changed
    return body


def list_page(body: bytes) -> ListPage:
    return _page.decode(storable(body))


def list_item(body: bytes) -> ListItem:
    return _list_item.decode(storable(body))


def dialog(body: bytes) -> Dialog:
    return _dialog.decode(storable(body))


def transmissions(body: bytes) -> list[Transmission]:
    return _transmissions.decode(storable(body)) or []


def activities(body: bytes) -> list[Activity]:
    return _activities.decode(storable(body)) or []


def seenlog(body: bytes) -> list[SeenRecord]:
    return _seenlog.decode(storable(body)) or []


def labellog(body: bytes) -> list[LabelLogEntry]:
    return _labellog.decode(storable(body)) or []


def decode(body: bytes, kind: type[T]) -> T:
    """Any other answer, such as `Parties`, `Limits`, `ServiceResources`, `Lookup`, `Problem`."""
    return msgspec.json.decode(storable(body), type=kind)
