"""Skatteetaten's direct services (producers reference §5) and the contradictions between producers (§9)."""

from __future__ import annotations

from typing import Any

from tests.unit.attention_cases.building import (
    API_FILE,
    Body,
    Labelled,
    api,
    attachment,
    case,
    days,
    dialog,
    did,
    gui,
    link,
    minutes,
    sent,
)

REPORT = sent("Submission", days(-9), by="PartyRepresentative", title="Innsending av boligsameie")
ACCEPTED = sent("Acceptance", days(-8), related=REPORT["id"], title="Innsendingen er godkjent")
REJECTED = sent("Rejection", days(-8), related=REPORT["id"], title="Innsendingen er avvist")
ALERT = sent(
    "Alert", days(-7), related=REPORT["id"], title="Godkjent, med en merknad", attachments=[attachment(API_FILE)]
)
DECISION = sent("Decision", days(-3), title="Vedtak", attachments=[attachment(API_FILE)])


def report(status: str, *letters: Body, **rest: Any) -> Body:
    settings: dict[str, Any] = {
        "org": "ske",
        "resource": "ske-innrapportering-boligsameie",
        "transmissions": letters,
        "created": days(-10),
    }
    return dialog(status, **(settings | rest))


def opened(letter: Body) -> tuple[Body, list[Body]]:
    return {**letter, "isOpened": True}, [did("TransmissionOpened", days(-1), on=letter["id"])]


ALERT_OPENED, ALERT_LOG = opened(ALERT)
OTHER_REPORT = sent("Submission", days(-6), by="PartyRepresentative", related=ACCEPTED["id"])

CASES: list[Labelled] = [
    case(
        "5 just created and empty",
        report("NotApplicable", created=minutes(-1)),
        "wait",
        has="no_content_yet service_owner_turn",
        unopened="wait",
    ),
    case(
        "5 empty for an hour",
        report("NotApplicable", created=minutes(-60), human=minutes(-30)),
        "none",
        unopened="none",
    ),
    case("5 submission only", report("NotApplicable", REPORT), "none", unopened="none"),
    case(
        "5 submission while in progress",
        report("InProgress", REPORT),
        "wait",
        has="service_owner_turn",
        unopened="wait",
    ),
    case("5 submission, awaiting", report("Awaiting", REPORT), "wait", unopened="wait"),
    case(
        "5 submission accepted", report("Completed", REPORT, ACCEPTED), "none", has="status_completed", unopened="none"
    ),
    case("5 submission accepted, no status", report("NotApplicable", REPORT, ACCEPTED), "none", unopened="none"),
    case(
        "5 submission rejected, no action",
        report("NotApplicable", REPORT, REJECTED),
        "correct",
        has="rejection_open no_action",
        unopened="correct",
    ),
    case(
        "5 submission rejected, requires attention",
        report("RequiresAttention", REPORT, REJECTED),
        "correct",
        unopened="correct",
    ),
    case(
        "5 submission rejected while awaiting",
        report("Awaiting", REPORT, REJECTED),
        "correct",
        has="contradictory_status",
        unopened="correct",
    ),
    case(
        "5 submission rejected, with due date",
        report("NotApplicable", REPORT, REJECTED, due=days(2)),
        "correct",
        deadline=days(2),
        has="due_soon",
        unopened="correct",
    ),
    case(
        "5 rejected, corrected report",
        report("InProgress", REPORT, REJECTED, sent("Submission", days(-5), by="PartyRepresentative")),
        "wait",
        has="rejection_corrected",
        unopened="wait",
    ),
    case(
        "5 rejected, a report related to something else",
        report(
            "NotApplicable",
            REPORT,
            REJECTED,
            (
                other := sent(
                    "Submission", days(-5), by="PartyRepresentative", related="01a00000-0000-7000-8000-999999999999"
                )
            ),
        ),
        "correct",
        unopened="correct",
    ),
    case(
        "5 alert after acceptance, completed",
        report("Completed", REPORT, ACCEPTED, ALERT),
        "read",
        has="alert_after_acceptance unread_content status_completed",
        unopened="read",
    ),
    case(
        "5 alert after acceptance, no status",
        report("NotApplicable", REPORT, ACCEPTED, ALERT),
        "read",
        has="alert_after_acceptance",
        unopened="read",
    ),
    case(
        "5 alert alone, approved with a remark",
        report("NotApplicable", REPORT, ALERT),
        "read",
        has="alert_only",
        unopened="read",
    ),
    case(
        "5 alert opened",
        report("Completed", REPORT, ACCEPTED, ALERT_OPENED, activities=ALERT_LOG),
        "none",
        unopened="none",
    ),
    case(
        "5 alert seen by a human", report("Completed", REPORT, ACCEPTED, ALERT, human=days(-1)), "none", unopened="none"
    ),
    case(
        "5 alert that we may not read",
        report("Completed", REPORT, {**ALERT, "isAuthorized": False}),
        "get_access",
        has="content_masked",
        unopened="get_access",
    ),
    case(
        "5 alert, and attention required",
        report("RequiresAttention", REPORT, ALERT),
        "review",
        has="status_requires_attention",
        unopened="review",
    ),
    case("5 decision", report("NotApplicable", DECISION), "read", has="decision_unread", unopened="read"),
    case(
        "5 decision on completed",
        report("Completed", REPORT, DECISION),
        "read",
        has="decision_unread status_completed",
        unopened="read",
    ),
    case(
        "5 decision, but information is newer",
        report("Completed", DECISION, sent("Information", days(-1))),
        "none",
        unopened="none",
    ),
    case(
        "5 decision on completed, attachment ends",
        report("Completed", sent("Decision", days(-3), attachments=[attachment(API_FILE, expires=days(10))])),
        "read",
        deadline=days(10),
        has="expires_soon",
        unopened="read",
    ),
    case(
        "5 decision on completed, past due date",
        report("Completed", DECISION, due=days(-3)),
        "read",
        has="past_due_but_closed",
        unopened="read",
    ),
    case(
        "5 tax cards: information for machines",
        report(
            "NotApplicable",
            sent("Information", days(-1), attachments=[attachment(API_FILE)]),
            resource="ske-skattekort-til-arbeidsgiver",
        ),
        "read",
        "machine",
        has="machine_readable_content",
        unopened="read machine",
    ),
    case(
        "5 own report signed as the party, correction asked",
        report(
            "NotApplicable",
            REPORT,
            REJECTED,
            sent("Correction", days(-4), by="PartyRepresentative", related=REPORT["id"]),
        ),
        "none",
        has="rejection_corrected",
        unopened="none",
    ),
    case(
        "5 information and decision unread: a person reads",
        report("NotApplicable", sent("Information", days(-4), attachments=[attachment(API_FILE)]), DECISION),
        "read",
        has="decision_unread",
        unopened="read",
    ),
    # §9, what is not already said under its producer
    case(
        "X1 acceptance signed by the party",
        report("NotApplicable", sent("Request", days(-9)), sent("Acceptance", days(-8), by="PartyRepresentative")),
        "none",
        has="request_answered",
        unopened="none",
    ),
    case(
        "X3 correction by the owner withdraws",
        report("NotApplicable", sent("Request", days(-9)), sent("Correction", days(-8))),
        "none",
        has="request_expired",
        unopened="none",
    ),
    case(
        "X3 correction by the party answers",
        report("InProgress", sent("Request", days(-9)), sent("Correction", days(-8), by="PartyRepresentative")),
        "wait",
        has="request_answered",
        unopened="wait",
    ),
    case(
        "X3 correction by the owner with nothing asked is an echo",
        report("InProgress", REPORT, sent("Correction", days(-3))),
        "wait",
        unopened="wait",
    ),
    case(
        "X4 letter signed as the party is still a letter",
        report("NotApplicable", sent("Information", days(-2), by="PartyRepresentative")),
        "read",
        unopened="read",
    ),
    case(
        "X5 alert with a rejection before it",
        report("NotApplicable", REPORT, REJECTED, ALERT),
        "correct",
        has="rejection_open alert_only",
        unopened="correct",
    ),
    case(
        "X6 Primary button as a duty",
        report("RequiresAttention", sent("Request", days(-2)), gui_actions=[gui("Send inn svar", action="write")]),
        "answer_request",
        has="gui_action_only",
        unopened="answer_request",
    ),
    case(
        "X6 Primary button as a receipt",
        report("NotApplicable", REPORT, gui_actions=[gui("Vis kvittering")]),
        "none",
        unopened="none",
    ),
    case(
        "X7 requires attention with nothing at all",
        report("RequiresAttention"),
        "review",
        has="no_action no_deadline",
        unopened="review",
    ),
    case(
        "X7 requires attention with a write action and no words",
        report("RequiresAttention", api_actions=[api("sendReport")]),
        "review",
        unopened="review",
    ),
    case(
        "X7 requires attention, nothing of it ours",
        report("RequiresAttention", gui_actions=[gui("Gå til saken", authorized=False)]),
        "get_access",
        unopened="review",
    ),
    case(
        "X7 requires attention after an acceptance",
        report("RequiresAttention", REPORT, ACCEPTED),
        "review",
        has="contradictory_status",
        unopened="review",
    ),
    case(
        "X7 requires attention after the answer",
        report("RequiresAttention", sent("Request", days(-10)), REPORT),
        "review",
        has="contradictory_status request_answered",
        unopened="review",
    ),
    case(
        "X10 signing in a direct service",
        report(
            "RequiresAttention",
            activities=[did("SentToSigning", days(-1), by="ServiceOwner")],
            gui_actions=[gui("Til signering", action="sign")],
        ),
        "sign",
        has="signature_missing",
        unopened="sign",
    ),
    case(
        "X10 signing by machine",
        report("InProgress", activities=[did("SentToSigning", days(-1))], api_actions=[api("signer", action="sign")]),
        "sign",
        "machine",
        has="signature_missing api_action_authorized",
        unopened="sign",
    ),
    case(
        "X10 a write action does not sign",
        report("InProgress", activities=[did("SentToSigning", days(-1))], api_actions=[api("lagre", action="write")]),
        "sign",
        unopened="sign",
    ),
    case(
        "X10 payment by machine",
        report("InProgress", activities=[did("SentToPayment", days(-1))], api_actions=[api("betal", action="pay")]),
        "pay",
        "machine",
        unopened="pay",
    ),
    case(
        "X10 a write action does not pay",
        report("InProgress", activities=[did("SentToPayment", days(-1))], api_actions=[api("lagre")]),
        "pay",
        unopened="pay",
    ),
    case(
        "X10 sending in by machine",
        report("InProgress", activities=[did("SentToSendIn", days(-1))], api_actions=[api("submit")]),
        "submit",
        "machine",
        unopened="submit",
    ),
    case(
        "X10 signed: nothing more in the log",
        report("InProgress", activities=[did("SentToSigning", days(-2)), did("SignatureProvided", days(-1))]),
        "wait",
        unopened="review",
    ),
    case(
        "X10 a rejection after the signature",
        report(
            "InProgress",
            REPORT,
            sent("Rejection", days(-1)),
            activities=[did("SentToSigning", days(-3)), did("SignatureProvided", days(-2))],
        ),
        "correct",
        unopened="correct",
    ),
    case(
        "X10 signing after the request",
        report("RequiresAttention", sent("Request", days(-5)), activities=[did("SentToSigning", days(-1))]),
        "sign",
        has="open_request signature_missing",
        unopened="sign",
    ),
    case(
        "X10 a submission after the signing began",
        report(
            "InProgress",
            sent("Submission", days(-1), by="PartyRepresentative"),
            activities=[did("SentToSigning", days(-2))],
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "X12 main content unseen",
        dialog("NotApplicable", main=link("https://eksempel.no/innhold")),
        "read",
        unopened="read",
    ),
    case(
        "X12 main content seen",
        dialog("NotApplicable", main=link("https://eksempel.no/innhold"), human=days(-1)),
        "none",
        unopened="none",
    ),
    case(
        "5 alert after acceptance, and attention required",
        report("RequiresAttention", REPORT, ACCEPTED, ALERT),
        "review",
        has="alert_after_acceptance contradictory_status",
        unopened="review",
    ),
]
