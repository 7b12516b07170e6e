"""The tables of the archive, one class each, one schema on both engines.

Times are UTC (`store.types.Instant`), enum values stand as the server spelled them, and JSON columns hold JSON text on
both engines. Texts in every language stand in the JSON columns (`content`, `titles`, …); the plain columns beside them
(`title`, `summary`, …) hold the display language. Nothing is ever deleted: what the server no longer shows carries
`removed_at`. The standing labels are the exception, since a label that was taken off does not stand; the label log
keeps its history. Small rows of many stand `WITHOUT ROWID` on SQLite: one tree instead of two.
"""

from __future__ import annotations

from typing import ClassVar

from sqlalchemy import Column, Index, LargeBinary, Text
from sqlmodel import Field

import store.attention_tables
import store.consent_tables
import store.work_tables  # noqa: F401 - all of them belong to the schema
from store.columns import Table, count, instant, json_text


class Party(Table, table=True):
    """An organisation or person that owns dialogs, as `/parties` tells it; one row for each URN ever met."""

    urn: str = Field(primary_key=True)
    name: str | None = None
    party_type: str | None = None
    party_uuid: str | None = None
    party_id: int | None = count(None)
    date_of_birth: str | None = None
    parent_urn: str | None = None
    is_deleted: bool = False
    has_key_role: bool = False
    is_current_end_user: bool = False
    is_main_administrator: bool = False
    is_access_manager: bool = False
    has_only_access_to_sub_parties: bool = False
    first_seen_at: str = instant(nullable=False)
    last_changed_at: str = instant(nullable=False)


class Dialog(Table, table=True):
    """One dialog: the list item's fields, and those that only an opened detail has (null until then)."""

    id: str = Field(primary_key=True)
    party: str
    org: str | None = None
    service_resource: str | None = None
    service_resource_type: str | None = None
    status: str | None = None
    extended_status: str | None = None
    external_reference: str | None = None
    process: str | None = None
    preceding_process: str | None = None
    progress: int | None = count(None)
    created_at: str | None = instant()
    updated_at: str | None = instant(index=True)
    content_updated_at: str | None = instant()
    due_at: str | None = instant()
    expires_at: str | None = instant()  # detail only
    revision: str | None = None  # detail only
    is_api_only: bool = False
    has_unopened_content: bool = False
    is_content_seen: bool = False
    from_service_owner_transmissions_count: int = count()
    from_party_transmissions_count: int = count()
    gui_attachment_count: int | None = count(None)
    system_label: str | None = None
    context_revision: str | None = None
    latest_activity_id: str | None = None
    latest_activity_at: str | None = instant()
    title: str | None = Field(default=None, sa_column=Column(Text))
    summary: str | None = Field(default=None, sa_column=Column(Text))
    sender_name: str | None = Field(default=None, sa_column=Column(Text))
    extended_status_text: str | None = Field(default=None, sa_column=Column(Text))
    additional_info: str | None = Field(default=None, sa_column=Column(Text))  # detail only
    additional_info_media_type: str | None = None
    main_content_url: str | None = Field(default=None, sa_column=Column(Text))  # detail only; a mask where refused
    main_content_media_type: str | None = None
    main_content_is_authorized: bool | None = None
    content: str | None = json_text()  # {"title": {"mediaType", "value": {"nb": …}}, …}: every part, every language
    presence: str = "present"  # present | absent | deleted | expired | no_access | not_found
    access: str = "full"  # full | level_too_low | denied
    texts_full: bool = True  # title and summary are those of a high enough level, so no substitute takes their place
    delegated: bool = False
    details_status: int | None = None  # HTTP status of the newest opening; null = never opened
    details_problem: str | None = Field(default=None, sa_column=Column(Text))
    opened_at: str | None = instant()  # when we last opened it
    children_status: int | None = None  # HTTP status of the newest refused read of transmissions or activities
    children_read_at: str | None = instant()  # when its transmissions were last asked for
    probed_at: str | None = instant()  # when we last asked why it is missing
    looked_at: str | None = instant()  # when what may have changed silently was last read
    connection: str | None = None  # who read it last
    identity: str | None = None
    first_seen_at: str = instant(nullable=False)
    last_changed_at: str = instant(nullable=False)  # when we last wrote a difference
    list_digest: bytes | None = Field(default=None, sa_column=Column(LargeBinary))


class Transmission(Table, table=True):
    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    created_at: str | None = instant()
    type: str | None = None
    extended_type: str | None = None
    external_reference: str | None = None
    related_transmission_id: str | None = None
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    is_opened: bool | None = None  # follows from the TransmissionOpened activities
    sender_type: str | None = None
    sender_name: str | None = Field(default=None, sa_column=Column(Text))
    sender_id: str | None = None  # never an ephemeral id
    title: str | None = Field(default=None, sa_column=Column(Text))
    summary: str | None = Field(default=None, sa_column=Column(Text))
    content_reference_url: str | None = Field(default=None, sa_column=Column(Text))
    content_reference_media_type: str | None = None
    content: str | None = json_text()
    deleted_at: str | None = instant()
    removed_at: str | None = instant()


class NavigationalAction(Table, table=True):
    """A link of a transmission; the server gives it no id, so its place in the list names it."""

    __tablename__ = "navigational_action"

    transmission_id: str = Field(primary_key=True, foreign_key="transmission.id")
    position: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    dialog_id: str = Field(index=True)
    title: str | None = Field(default=None, sa_column=Column(Text))
    titles: str | None = json_text()
    url: str | None = Field(default=None, sa_column=Column(Text))
    expires_at: str | None = instant()
    removed_at: str | None = instant()


class Activity(Table, table=True):
    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    created_at: str | None = instant()
    type: str | None = None
    extended_type: str | None = None
    transmission_id: str | None = None
    description: str | None = Field(default=None, sa_column=Column(Text))
    descriptions: str | None = json_text()
    performed_by: str | None = None  # the actor's name, else its kind; null while unknown
    performed_by_type: str | None = None
    performed_by_name: str | None = None
    performed_by_id: str | None = None  # never an ephemeral id
    removed_at: str | None = instant()


class Attachment(Table, table=True):
    """An attachment of the dialog, or of a transmission when `transmission_id` is set."""

    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    transmission_id: str | None = None
    name: str | None = Field(default=None, sa_column=Column(Text))
    display_name: str | None = Field(default=None, sa_column=Column(Text))
    display_names: str | None = json_text()
    expires_at: str | None = instant()
    removed_at: str | None = instant()


class AttachmentUrl(Table, table=True):
    __tablename__ = "attachment_url"

    id: str = Field(primary_key=True)
    attachment_id: str = Field(foreign_key="attachment.id", index=True)
    dialog_id: str = Field(index=True)
    url: str | None = Field(default=None, sa_column=Column(Text))
    media_type: str | None = None
    consumer_type: str | None = None
    removed_at: str | None = instant()


class ApiAction(Table, table=True):
    __tablename__ = "api_action"

    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    action: str | None = None
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    name: str | None = None
    removed_at: str | None = instant()


class ApiEndpoint(Table, table=True):
    __tablename__ = "api_endpoint"

    id: str = Field(primary_key=True)
    action_id: str = Field(foreign_key="api_action.id", index=True)
    dialog_id: str = Field(index=True)
    version: str | None = None
    url: str | None = Field(default=None, sa_column=Column(Text))
    http_method: str | None = None
    documentation_url: str | None = Field(default=None, sa_column=Column(Text))
    request_schema: str | None = Field(default=None, sa_column=Column(Text))
    response_schema: str | None = Field(default=None, sa_column=Column(Text))
    deprecated: bool = False
    sunset_at: str | None = instant()
    removed_at: str | None = instant()


class GuiAction(Table, table=True):
    __tablename__ = "gui_action"

    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    action: str | None = None
    url: str | None = Field(default=None, sa_column=Column(Text))
    authorization_attribute: str | None = None
    is_authorized: bool | None = None
    is_delete_dialog_action: bool = False
    priority: str | None = None
    http_method: str | None = None
    title: str | None = Field(default=None, sa_column=Column(Text))
    titles: str | None = json_text()
    prompt: str | None = Field(default=None, sa_column=Column(Text))
    prompts: str | None = json_text()
    removed_at: str | None = instant()


class Seen(Table, table=True):
    """One seen record: somebody opened the dialog. From the list or `/seenlog`, never the detail that caused it."""

    __table_args__: ClassVar = {"sqlite_with_rowid": False}

    id: str = Field(primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id", index=True)
    seen_at: str | None = instant()
    actor_type: str | None = None
    name: str | None = Field(default=None, sa_column=Column(Text))
    actor_id: str | None = None  # never an ephemeral id
    is_current_end_user: bool | None = None
    is_via_service_owner: bool | None = None


class Label(Table, table=True):
    """The system labels that stand on a dialog now."""

    __table_args__: ClassVar = {"sqlite_with_rowid": False}

    dialog_id: str = Field(primary_key=True, foreign_key="dialog.id")
    label: str = Field(primary_key=True)


class LabelLog(Table, table=True):
    """One change of a label; the server gives it no id, (time, name, action) names it."""

    __tablename__ = "label_log"
    __table_args__: ClassVar = {"sqlite_with_rowid": False}

    dialog_id: str = Field(primary_key=True, foreign_key="dialog.id")
    created_at: str = instant(primary_key=True)
    name: str = Field(primary_key=True)
    action: str = Field(primary_key=True)
    actor_type: str | None = None
    actor_name: str | None = Field(default=None, sa_column=Column(Text))
    actor_id: str | None = None


class Payload(Table, table=True):
    """One body as the server sent it (without its dialog token), compressed. The current version of a kind has no
    `superseded_at`; an older one is kept when it differed. Kinds: list, detail, transmissions, activities, seenlog,
    labellog."""

    dialog_id: str = Field(primary_key=True, foreign_key="dialog.id")
    kind: str = Field(primary_key=True)
    version: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    fetched_at: str = instant(nullable=False)
    superseded_at: str | None = instant()
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Change(Table, table=True):
    """One history row: what differed, and when we saw it. `before` and `after` are JSON text."""

    id: int | None = Field(default=None, primary_key=True)
    dialog_id: str = Field(foreign_key="dialog.id")
    seen_at: str = instant(nullable=False)
    what: str = Field(sa_column=Column(Text, nullable=False))
    before: str | None = json_text()
    after: str | None = json_text()


metadata = Table.metadata

Index("ix_dialog_party_updated", metadata.tables["dialog"].c.party, metadata.tables["dialog"].c.updated_at)
# Few, and every run looks for them.
_locked = metadata.tables["dialog"].c.access == "level_too_low"
Index("ix_dialog_locked", metadata.tables["dialog"].c.party, sqlite_where=_locked, postgresql_where=_locked)
Index("ix_change_dialog_seen", metadata.tables["change"].c.dialog_id, metadata.tables["change"].c.seen_at)
