"""The answer: what a dialog needs, from whom, until when, and why. Its vocabulary is closed.

Source: producers reference §10 (next steps, actors) and §12 (reason codes).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

NextStep = Literal[
    "none",
    "wait",
    "read",
    "confirm",
    "fill_in",
    "submit",
    "sign",
    "pay",
    "answer_request",
    "correct",
    "review",
    "get_access",
    "raise_auth_level",
    "migrate_endpoint",
]
Actor = Literal["machine", "person", "service_owner", "none"]

NEXT_STEPS: tuple[NextStep, ...] = (
    "none",
    "wait",
    "read",
    "confirm",
    "fill_in",
    "submit",
    "sign",
    "pay",
    "answer_request",
    "correct",
    "review",
    "get_access",
    "raise_auth_level",
    "migrate_endpoint",
)

REASONS = frozenset(
    {
        "status_draft",
        "status_in_progress",
        "status_requires_attention",
        "status_awaiting",
        "status_completed",
        "status_not_applicable",
        "unknown_enum",
        "open_request",
        "request_answered",
        "request_expired",
        "rejection_open",
        "rejection_corrected",
        "alert_only",
        "alert_after_acceptance",
        "decision_unread",
        "unread_content",
        "content_opened",
        "seen_by_human",
        "machine_readable_content",
        "content_masked",
        "withheld_entities",
        "no_content_yet",
        "signature_missing",
        "payment_missing",
        "send_in_pending",
        "form_not_submitted",
        "form_submitted",
        "producer_default_text",
        "service_owner_turn",
        "confirmation_missing",
        "already_confirmed",
        "api_action_authorized",
        "api_action_unauthorized",
        "gui_action_only",
        "no_action",
        "all_actions_unauthorized",
        "only_read_api",
        "leftover_write_action",
        "optional_action",
        "due_soon",
        "overdue",
        "past_due_but_closed",
        "no_deadline",
        "expires_soon",
        "attachments_expired",
        "draft_fresh",
        "draft_stale",
        "archived_by_user",
        "binned_by_user",
        "archived_but_open",
        "migrated_a2",
        "api_only",
        "contradictory_status",
        "auth_level_too_low",
        "endpoint_deprecated",
        "endpoint_sunset_passed",
        "not_opened",
        "operator_rule",
    }
)


@dataclass(frozen=True, slots=True)
class Because:
    """One or two plain sentences that name the evidence, in Norwegian (bokmål) and English."""

    nb: str
    en: str


@dataclass(frozen=True, slots=True)
class Considered:
    """One line of the trace: a rule of the decision order and what it found."""

    rule: str
    found: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a dialog needs. `deadline` is UTC or None; `rule` and `trace` tell how it was decided."""

    needs_attention: bool
    next_step: NextStep
    actor: Actor
    deadline: datetime | None
    reasons: tuple[str, ...]
    because: Because
    rule: str
    kept_step: NextStep
    trace: tuple[Considered, ...]


def instant_text(value: datetime) -> str:
    """ISO 8601 in UTC with `Z`; a fraction only where there is one."""
    return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"


def verdict_json(verdict: Verdict) -> dict[str, object]:
    """The written contract of `dialogarkiv interpret`: six keys, nothing more."""
    return {
        "needs_attention": verdict.needs_attention,
        "next_step": verdict.next_step,
        "actor": verdict.actor,
        "deadline": None if verdict.deadline is None else instant_text(verdict.deadline),
        "reasons": list(verdict.reasons),
        "because": {"nb": verdict.because.nb, "en": verdict.because.en},
    }
