"""The archive as it was first drawn.

Revision ID: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from store.types import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dialog",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("org", sa.String(), nullable=True),
        sa.Column("service_resource", sa.String(), nullable=True),
        sa.Column("service_resource_type", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=True),
        sa.Column("extended_status", sa.String(), nullable=True),
        sa.Column("external_reference", sa.String(), nullable=True),
        sa.Column("process", sa.String(), nullable=True),
        sa.Column("preceding_process", sa.String(), nullable=True),
        sa.Column("progress", sa.BigInteger(), nullable=True),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("updated_at", Instant(), nullable=True),
        sa.Column("content_updated_at", Instant(), nullable=True),
        sa.Column("due_at", Instant(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("revision", sa.String(), nullable=True),
        sa.Column("is_api_only", sa.Boolean(), nullable=False),
        sa.Column("has_unopened_content", sa.Boolean(), nullable=False),
        sa.Column("is_content_seen", sa.Boolean(), nullable=False),
        sa.Column("from_service_owner_transmissions_count", sa.BigInteger(), nullable=False),
        sa.Column("from_party_transmissions_count", sa.BigInteger(), nullable=False),
        sa.Column("gui_attachment_count", sa.BigInteger(), nullable=True),
        sa.Column("system_label", sa.String(), nullable=True),
        sa.Column("context_revision", sa.String(), nullable=True),
        sa.Column("latest_activity_id", sa.String(), nullable=True),
        sa.Column("latest_activity_at", Instant(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.Column("extended_status_text", sa.Text(), nullable=True),
        sa.Column("additional_info", sa.Text(), nullable=True),
        sa.Column("additional_info_media_type", sa.String(), nullable=True),
        sa.Column("main_content_url", sa.Text(), nullable=True),
        sa.Column("main_content_media_type", sa.String(), nullable=True),
        sa.Column("main_content_is_authorized", sa.Boolean(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("presence", sa.String(), nullable=False),
        sa.Column("access", sa.String(), nullable=False),
        sa.Column("texts_full", sa.Boolean(), nullable=False),
        sa.Column("delegated", sa.Boolean(), nullable=False),
        sa.Column("details_status", sa.Integer(), nullable=True),
        sa.Column("details_problem", sa.Text(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("children_status", sa.Integer(), nullable=True),
        sa.Column("children_read_at", Instant(), nullable=True),
        sa.Column("probed_at", Instant(), nullable=True),
        sa.Column("looked_at", Instant(), nullable=True),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_changed_at", Instant(), nullable=False),
        sa.Column("list_digest", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_dialog_locked",
        "dialog",
        ["party"],
        unique=False,
        sqlite_where=sa.text("access = 'level_too_low'"),
        postgresql_where=sa.text("access = 'level_too_low'"),
    )
    op.create_index("ix_dialog_party_updated", "dialog", ["party", "updated_at"], unique=False)
    op.create_index(op.f("ix_dialog_updated_at"), "dialog", ["updated_at"], unique=False)
    op.create_table(
        "service_level",
        sa.Column("service_resource", sa.String(), nullable=False),
        sa.Column("minimum_level", sa.Integer(), nullable=False),
        sa.Column("learned_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("service_resource"),
    )
    op.create_table(
        "refusal",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("refused_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("dialog_id", "connection", "identity"),
    )
    op.create_table(
        "mailbox",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("cursor_at", Instant(), nullable=True),
        sa.Column("backfilled_at", Instant(), nullable=True),
        sa.Column("last_poll_at", Instant(), nullable=True),
        sa.Column("last_hot_at", Instant(), nullable=True),
        sa.Column("last_sweep_at", Instant(), nullable=True),
        sa.Column("last_deep_at", Instant(), nullable=True),
        sa.Column("deep_since", Instant(), nullable=True),
        sa.Column("swept_count", sa.BigInteger(), nullable=True),
        sa.Column("alarm", sa.Text(), nullable=True),
        sa.Column("alarm_at", Instant(), nullable=True),
        sa.Column("lost_since", Instant(), nullable=True),
        sa.Column("missing_since", Instant(), nullable=True),
        sa.Column("gone_at", Instant(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("error_at", Instant(), nullable=True),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "identity", "party"),
    )
    op.create_table(
        "listing",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("dialog_ids", sa.LargeBinary(), nullable=False),
        sa.Column("swept_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("connection", "identity", "party"),
    )
    op.create_table(
        "client_key",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("first_used_at", Instant(), nullable=True),
        sa.Column("refused_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("connection", "kid"),
    )
    op.create_table(
        "consent",
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("acr", sa.String(), nullable=True),
        sa.Column("granted_at", Instant(), nullable=True),
        sa.Column("ends_at", Instant(), nullable=True),
        sa.Column("ends_from", sa.String(), nullable=True),
        sa.Column("idle_until", Instant(), nullable=True),
        sa.Column("refreshed_at", Instant(), nullable=True),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("rotates", sa.Boolean(), nullable=True),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("error_at", Instant(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("warned_days", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("connection"),
    )
    op.create_table(
        "party",
        sa.Column("urn", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("party_type", sa.String(), nullable=True),
        sa.Column("party_uuid", sa.String(), nullable=True),
        sa.Column("party_id", sa.BigInteger(), nullable=True),
        sa.Column("date_of_birth", sa.String(), nullable=True),
        sa.Column("parent_urn", sa.String(), nullable=True),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("has_key_role", sa.Boolean(), nullable=False),
        sa.Column("is_current_end_user", sa.Boolean(), nullable=False),
        sa.Column("is_main_administrator", sa.Boolean(), nullable=False),
        sa.Column("is_access_manager", sa.Boolean(), nullable=False),
        sa.Column("has_only_access_to_sub_parties", sa.Boolean(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_changed_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("urn"),
    )
    op.create_table(
        "duty",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("context_revision", sa.String(), nullable=True),
        sa.Column("labels", sa.Text(), nullable=True),
        sa.Column("seen_until", Instant(), nullable=True),
        sa.Column("recorded_at", Instant(), nullable=False),
        sa.Column("opened_at", Instant(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_at", Instant(), nullable=True),
        sa.Column("next_try_at", Instant(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("settled_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("dialog_id"),
    )
    op.create_index(
        "ix_duty_standing",
        "duty",
        ["recorded_at"],
        unique=False,
        sqlite_where=sa.text("settled_at IS NULL"),
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=True),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("connection", sa.String(), nullable=True),
        sa.Column("identity", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("first_seen_at", Instant(), nullable=False),
        sa.Column("last_tried_at", Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", Instant(), nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_quarantine_dialog_id"), "quarantine", ["dialog_id"], unique=False)
    op.create_table(
        "sync_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("identity", sa.String(), nullable=False),
        sa.Column("started_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("parties", sa.Integer(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("items_read", sa.Integer(), nullable=False),
        sa.Column("dialogs_written", sa.Integer(), nullable=False),
        sa.Column("rows_written", sa.Integer(), nullable=False),
        sa.Column("changes_written", sa.Integer(), nullable=False),
        sa.Column("openings", sa.Integer(), nullable=False),
        sa.Column("quarantined", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "activity",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("extended_type", sa.String(), nullable=True),
        sa.Column("transmission_id", sa.String(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("descriptions", sa.Text(), nullable=True),
        sa.Column("performed_by", sa.String(), nullable=True),
        sa.Column("performed_by_type", sa.String(), nullable=True),
        sa.Column("performed_by_name", sa.String(), nullable=True),
        sa.Column("performed_by_id", sa.String(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_activity_dialog_id"), "activity", ["dialog_id"], unique=False)
    op.create_table(
        "api_action",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("authorization_attribute", sa.String(), nullable=True),
        sa.Column("is_authorized", sa.Boolean(), nullable=True),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_api_action_dialog_id"), "api_action", ["dialog_id"], unique=False)
    op.create_table(
        "attachment",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("transmission_id", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("display_names", sa.Text(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attachment_dialog_id"), "attachment", ["dialog_id"], unique=False)
    op.create_table(
        "attention_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("deadline", Instant(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("because_nb", sa.Text(), nullable=True),
        sa.Column("because_en", sa.Text(), nullable=True),
        sa.Column("opened_at", Instant(), nullable=False),
        sa.Column("changed_at", Instant(), nullable=True),
        sa.Column("snoozed_until", Instant(), nullable=True),
        sa.Column("closed_at", Instant(), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("follows", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attention_item_dialog_id"), "attention_item", ["dialog_id"], unique=False)
    op.create_index(
        "ix_attention_item_open",
        "attention_item",
        ["dialog_id"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "attention_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("deadline", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["attention_item.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attention_event_dialog_id"), "attention_event", ["dialog_id"], unique=False)
    op.create_index(op.f("ix_attention_event_item_id"), "attention_event", ["item_id"], unique=False)
    op.create_table(
        "change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_change_dialog_seen", "change", ["dialog_id", "seen_at"], unique=False)
    op.create_table(
        "gui_action",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("authorization_attribute", sa.String(), nullable=True),
        sa.Column("is_authorized", sa.Boolean(), nullable=True),
        sa.Column("is_delete_dialog_action", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.String(), nullable=True),
        sa.Column("http_method", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("titles", sa.Text(), nullable=True),
        sa.Column("prompt", sa.Text(), nullable=True),
        sa.Column("prompts", sa.Text(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_gui_action_dialog_id"), "gui_action", ["dialog_id"], unique=False)
    op.create_table(
        "label",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("dialog_id", "label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label_log",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor_type", sa.String(), nullable=True),
        sa.Column("actor_name", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("dialog_id", "created_at", "name", "action"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "payload",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fetched_at", Instant(), nullable=False),
        sa.Column("superseded_at", Instant(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("dialog_id", "kind", "version"),
    )
    op.create_table(
        "seen",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.Column("actor_type", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("actor_id", sa.String(), nullable=True),
        sa.Column("is_current_end_user", sa.Boolean(), nullable=True),
        sa.Column("is_via_service_owner", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_seen_dialog_id"), "seen", ["dialog_id"], unique=False)
    op.create_table(
        "transmission",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("created_at", Instant(), nullable=True),
        sa.Column("type", sa.String(), nullable=True),
        sa.Column("extended_type", sa.String(), nullable=True),
        sa.Column("external_reference", sa.String(), nullable=True),
        sa.Column("related_transmission_id", sa.String(), nullable=True),
        sa.Column("authorization_attribute", sa.String(), nullable=True),
        sa.Column("is_authorized", sa.Boolean(), nullable=True),
        sa.Column("is_opened", sa.Boolean(), nullable=True),
        sa.Column("sender_type", sa.String(), nullable=True),
        sa.Column("sender_name", sa.Text(), nullable=True),
        sa.Column("sender_id", sa.String(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=True),
        sa.Column("content_reference_url", sa.Text(), nullable=True),
        sa.Column("content_reference_media_type", sa.String(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("deleted_at", Instant(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_transmission_dialog_id"), "transmission", ["dialog_id"], unique=False)
    op.create_table(
        "verdict",
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("needs_attention", sa.Boolean(), nullable=False),
        sa.Column("next_step", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("deadline", Instant(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=True),
        sa.Column("because_nb", sa.Text(), nullable=True),
        sa.Column("because_en", sa.Text(), nullable=True),
        sa.Column("decided_at", Instant(), nullable=False),
        sa.Column("rule", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("evidence_at", Instant(), nullable=True),
        sa.Column("judged_at", Instant(), nullable=True),
        sa.Column("rules", sa.String(), nullable=True),
        sa.Column("next_look_at", Instant(), nullable=True),
        sa.Column("pending_since", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dialog_id"],
            ["dialog.id"],
        ),
        sa.PrimaryKeyConstraint("dialog_id"),
    )
    op.create_table(
        "api_endpoint",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("action_id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("http_method", sa.String(), nullable=True),
        sa.Column("documentation_url", sa.Text(), nullable=True),
        sa.Column("request_schema", sa.Text(), nullable=True),
        sa.Column("response_schema", sa.Text(), nullable=True),
        sa.Column("deprecated", sa.Boolean(), nullable=False),
        sa.Column("sunset_at", Instant(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["action_id"],
            ["api_action.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_api_endpoint_action_id"), "api_endpoint", ["action_id"], unique=False)
    op.create_index(op.f("ix_api_endpoint_dialog_id"), "api_endpoint", ["dialog_id"], unique=False)
    op.create_table(
        "attachment_url",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("attachment_id", sa.String(), nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("media_type", sa.String(), nullable=True),
        sa.Column("consumer_type", sa.String(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"],
            ["attachment.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_attachment_url_attachment_id"), "attachment_url", ["attachment_id"], unique=False)
    op.create_index(op.f("ix_attachment_url_dialog_id"), "attachment_url", ["dialog_id"], unique=False)
    op.create_table(
        "navigational_action",
        sa.Column("transmission_id", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("dialog_id", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("titles", sa.Text(), nullable=True),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("expires_at", Instant(), nullable=True),
        sa.Column("removed_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["transmission_id"],
            ["transmission.id"],
        ),
        sa.PrimaryKeyConstraint("transmission_id", "position"),
    )
    op.create_index(op.f("ix_navigational_action_dialog_id"), "navigational_action", ["dialog_id"], unique=False)
