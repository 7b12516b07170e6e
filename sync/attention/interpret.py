"""From evidence and a clock to a verdict: decide, then see who may act, who can, until when, and say why.

The decision is `decide`'s (steps 1 to 8 of the producers reference §10); here are steps 9 to 11 and the reasons.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.attention.actions import Offer, deletes, endpoints_to_leave, leftover_writes, machine_can, offer_for, writes
from sync.attention.activities import STEP_REASON
from sync.attention.because import sentences
from sync.attention.case import Case, Decision
from sync.attention.deadlines import (
    attachments_expired,
    date_codes,
    deadline_of,
    draft_is_stale,
    sunset_window,
)
from sync.attention.decide import decide
from sync.attention.evidence import STATUSES, Subject
from sync.attention.producers import Producers, shipped
from sync.attention.verdict import Actor, NextStep, Verdict

STATUS_REASON = {
    "Draft": "status_draft",
    "InProgress": "status_in_progress",
    "RequiresAttention": "status_requires_attention",
    "Awaiting": "status_awaiting",
    "Completed": "status_completed",
    "NotApplicable": "status_not_applicable",
}
ACTED_ON: frozenset[NextStep] = frozenset(
    {"confirm", "fill_in", "submit", "sign", "pay", "answer_request", "correct", "review"}
)
DRAFTS = frozenset({"draft", "unsubmitted"})
UNSURE = frozenset({"asked_without_evidence", "alarm"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """The step after authorisation and migration, with the codes that these add."""

    step: NextStep
    ground: str
    codes: tuple[str, ...] = ()
    sunset: datetime | None = None


def interpret(subject: Subject, now: datetime, rules: Producers | None = None) -> Verdict:
    """What this dialog needs at `now` (aware, UTC). Pure: the same evidence gives the same verdict."""
    case = Case(subject, now, rules if rules is not None else shipped())
    rule, decision = decide(case)
    offer = offer_for(decision.step, subject, case.producers, change_counts=decision.change_counts)
    outcome = authorised(case, decision, offer)
    if outcome.step in ("none", "wait"):
        outcome = migrating(case, outcome)
    actor = actor_of(case, decision, outcome, offer)
    deadline, date_reasons = deadline_of(case, decision, outcome.step)
    if outcome.sunset is not None:
        deadline = outcome.sunset
        date_reasons = ["due_soon"] if "due_soon" in date_codes(outcome.sunset, now, "due_soon") else []
    draft = draft_reasons(case, decision, outcome)
    needed = needs_attention(outcome, draft, date_reasons)
    reasons = unique(
        [
            *decision.reasons,
            *outcome.codes,
            *draft,
            *action_reasons(case, decision, outcome, offer, actor),
            *date_reasons,
            *overridden(case, decision, outcome),
            *standing(case, decision, outcome, actor),
        ]
    )
    case.note("outcome", f"{outcome.step}, {actor}")
    because = sentences(case, decision, outcome.ground, outcome.step, actor, deadline)
    return Verdict(needed, outcome.step, actor, deadline, reasons, because, rule, decision.step, tuple(case.trace))


def authorised(case: Case, decision: Decision, offer: Offer) -> Outcome:
    """Step 9: a step that nobody with our rights can take, or content we may not have, is a missing right."""
    subject, step = case.subject, decision.step
    if step in ("none", "wait", "raise_auth_level", "get_access") or subject.status not in STATUSES:
        return Outcome(step, decision.ground)
    if step == "read" and decision.masked:
        return Outcome("get_access", "content_masked", ("content_masked",))
    if subject.withheld and subject.status == "RequiresAttention":
        return Outcome("get_access", "withheld", ("withheld_entities",))
    if step == "review" and decision.ground not in UNSURE:
        return Outcome(step, decision.ground)
    if step in ACTED_ON and subject.details_known and offer and not offer.any_authorized:
        ground = "asked_unauthorized" if decision.ground in UNSURE else "all_unauthorized"
        return Outcome("get_access", ground, ("all_actions_unauthorized",))
    return Outcome(step, decision.ground)


def migrating(case: Case, outcome: Outcome) -> Outcome:
    """Step 11: with nothing else due, an endpoint near or past its sunset is the vendor's to leave."""
    subject = case.subject
    if subject.status == "Completed" or subject.refusal is not None or not subject.api_actions:
        return outcome
    after, before = sunset_window(case.now)
    sunset = endpoints_to_leave(subject, case.now, before, after)
    if sunset is None:
        return outcome
    codes = ("endpoint_deprecated",) + (("endpoint_sunset_passed",) if sunset <= case.now else ())
    return Outcome("migrate_endpoint", "sunset", codes, sunset)


def actor_of(case: Case, decision: Decision, outcome: Outcome, offer: Offer) -> Actor:
    """Step 10: a machine where a declared action carries the step and we may use it, else a person."""
    if outcome.step == "none":
        return "none"
    if outcome.step == "wait":
        return "service_owner"
    if outcome.step == "read":
        return "machine" if decision.by_machine else "person"
    if decision.person_only:
        return "person"
    return "machine" if machine_can(outcome.step, case.subject, offer, case.now) else "person"


def draft_reasons(case: Case, decision: Decision, outcome: Outcome) -> list[str]:
    """How fresh somebody's own unfinished work is; a form the owner prefilled is not one's own."""
    if outcome.step != "fill_in" or decision.ground not in DRAFTS:
        return []
    created = [each for each in case.subject.activities if each.type == "DialogCreated"]
    if created and created[0].by_service_owner is True:
        return []
    begun_by_party = case.subject.newest("FormSaved") is not None or bool(
        created and created[0].by_service_owner is False
    )
    if decision.ground == "unsubmitted" and not begun_by_party:
        return []
    return ["draft_stale" if draft_is_stale(case) else "draft_fresh"]


def needs_attention(outcome: Outcome, draft: list[str], dates: list[str]) -> bool:
    """True for every step but `none` and `wait`; fresh work of one's own can wait for its date."""
    if outcome.step in ("none", "wait"):
        return False
    return not (draft == ["draft_fresh"] and "due_soon" not in dates and "overdue" not in dates)


def action_reasons(case: Case, decision: Decision, outcome: Outcome, offer: Offer, actor: Actor) -> list[str]:
    """What the dialog offers for the step, and what it leaves over where nothing is due."""
    subject = case.subject
    if not subject.details_known:
        return []
    if outcome.step in ("none", "wait"):
        left = ["leftover_write_action"] if outcome.step == "none" and leftover_writes(subject) else []
        return left + (["optional_action"] if outcome.step == "none" and any(optional(subject)) else [])
    if outcome.step == "migrate_endpoint" or decision.step not in ACTED_ON:
        return []
    codes: list[str] = []
    if any(each.authorized for each in offer.api):
        codes.append("api_action_authorized")
    elif offer.api:
        codes.append("api_action_unauthorized")
    elif offer.gui:
        codes.append("gui_action_only")
    kept = [each for each in subject.api_actions if not deletes(each)]
    if not kept and all(each.deletes for each in subject.gui_actions):
        codes.append("no_action")
    elif kept and not any(writes(each) for each in kept):
        codes.append("only_read_api")
    points = [point for each in offer.api for point in each.endpoints]
    if any(point.deprecated for point in points):
        codes.append("endpoint_deprecated")
    if any(point.gone(case.now) for point in points):
        codes.append("endpoint_sunset_passed")
    return codes


def optional(subject: Subject) -> list[str]:
    """Buttons that are still offered although nothing is due."""
    return [each.id for each in subject.gui_actions if each.authorized and not each.deletes]


def overridden(case: Case, decision: Decision, outcome: Outcome) -> list[str]:
    """What was passed over, and every other obligation that stands open."""
    subject, codes = case.subject, []
    if subject.refusal is not None and decision.ground in ("gone", "level_too_low", "details_refused"):
        return []
    talk = case.conversation
    if talk.open_rejections:
        codes.append("rejection_open")
    if talk.open_requests and decision.ground != "withdrawn":
        codes.append("open_request")
    if case.stage is not None and decision.step != case.stage.step:
        codes.append(STEP_REASON[case.stage.step])
    if case.confirmations and case.confirmed_at is None and decision.step != "confirm":
        codes.append("confirmation_missing")
    if talk.closed_requests:
        withdrawn = talk.last is not None and talk.last.kind == "withdrawal"
        codes.append("request_expired" if withdrawn else "request_answered")
    if talk.closed_rejections:
        codes.append("rejection_corrected")
    passed_over = case.unread_messages if decision.step not in ("read", "review") else ()
    if any(each.kind == "alert" for each in passed_over):
        codes.append("alert_only")
    if any(each.kind == "decision" for each in passed_over):
        codes.append("decision_unread")
    if case.confirmed_at is not None:
        codes.append("already_confirmed")
    step, status = decision.step, subject.status
    idle = step in ("none", "wait")
    contradicted = (
        (status == "RequiresAttention" and idle)
        or (status == "Awaiting" and (not idle or case.stage is not None or talk.newest_open is not None))
        or (status == "Draft" and decision.ground != "draft" and step not in ("none", "wait", "review", "read"))
        or (status == "Completed" and talk.newest_open is not None)
    )
    if contradicted:
        codes.append("contradictory_status")
    return codes


def standing(case: Case, decision: Decision, outcome: Outcome, actor: Actor) -> list[str]:
    """What stands beside the step: status, labels, what we could not know, who never sees it."""
    subject, codes = case.subject, []
    if subject.status in STATUS_REASON:
        codes.append(STATUS_REASON[subject.status])
    if subject.unknown_values() and subject.refusal is None:
        codes.append("unknown_enum")
    for label, code in (("Archive", "archived_by_user"), ("Bin", "binned_by_user")):
        if label in subject.labels and not (label == "Archive" and subject.migrated):
            codes.append(code)
            if outcome.step not in ("none", "wait", "migrate_endpoint"):
                codes.append("archived_but_open")
    if subject.migrated:
        codes.append("migrated_a2")
    if subject.withheld:
        codes.append("withheld_entities")
    if outcome.step == "read" and actor == "machine":
        codes.append("machine_readable_content")
    if decision.step == "read" and attachments_expired(case, decision):
        codes.append("attachments_expired")
    if subject.api_only and actor == "person":
        codes.append("api_only")
    if not subject.details_known and decision.ground != "level_too_low":
        codes.append("not_opened")
    return codes


def unique(codes: list[str]) -> tuple[str, ...]:
    """The codes in order, each once."""
    return tuple(dict.fromkeys(codes))
