"""Nav's producers: every row of the producers reference §4.1 (sick leave), §4.2 (parental and care benefit), §4.3."""

from __future__ import annotations

from typing import Any

from tests.unit.attention_cases.building import (
    API_FILE,
    GUI_FILE,
    Body,
    Labelled,
    api,
    attachment,
    case,
    days,
    dialog,
    did,
    endpoint,
    gui,
    sent,
)

FILES = (attachment(API_FILE), attachment(GUI_FILE))
SEND = api("Send inn inntektsmelding")
SEND_BUTTON = gui("Send inn inntektsmelding")
CHANGE_BUTTON = gui("Se og endre inntektsmelding", priority="Secondary")
NOTE = sent("Information", days(-15), ext="SYKMELDING", title="Sykmelding", attachments=FILES)
APPLICATION = sent("Information", days(-12), ext="SYKEPENGESOEKNAD", title="Søknad om sykepenger", attachments=FILES)
REQUEST = sent("Request", days(-8), ext="FORESPOERSEL_AKTIV", title="Forespørsel om inntektsmelding", attachments=FILES)
SECOND = sent("Request", days(-7), ext="FORESPOERSEL_AKTIV", title="Forespørsel om inntektsmelding", attachments=FILES)


def accepted(of: Body, at: str = days(-6), type_: str = "Submission") -> Body:
    return sent(
        type_, at, ext="INNTEKTSMELDING_GODKJENT", related=of["id"], title="Inntektsmelding mottatt", attachments=FILES
    )


def rejected(of: Body, at: str = days(-6)) -> Body:
    return sent(
        "Rejection",
        at,
        ext="INNTEKTSMELDING_AVVIST",
        related=of["id"],
        title="Inntektsmelding avvist",
        attachments=[attachment(API_FILE)],
    )


def withdrawn(of: Body | None, at: str = days(-5)) -> Body:
    return sent(
        "Information", at, ext="FORESPOERSEL_UTGAATT", related=of["id"] if of else None, title="Forespørsel er utgått"
    )


def sick(status: str, *letters: Body, **rest: Any) -> Body:
    """A sick-leave dialog; the newest message is its newest update."""
    settings: dict[str, Any] = {
        "org": "nav",
        "resource": "nav_sykepenger_dialog",
        "transmissions": letters,
        "title": "Sykepenger for LUN TIGER (f. 01.02.1990)",
        "created": days(-15),
    }
    return dialog(status, **(settings | rest))


def benefit(status: str, *letters: Body, **rest: Any) -> Body:
    settings: dict[str, Any] = {
        "org": "nav",
        "resource": "nav_foreldrepenger_inntektsmelding",
        "transmissions": letters,
        "api_actions": [api("Innsending av inntektsmelding")],
        "created": days(-15),
    }
    return dialog(status, **(settings | rest))


ASKED = {"api_actions": [SEND], "gui_actions": [SEND_BUTTON]}
FP_LINKS = attachment(GUI_FILE, API_FILE)
FP_REQUEST = sent("Request", days(-12), ext="INNTEKTSMELDING", title="Send inn inntektsmelding", attachments=[FP_LINKS])
FP_REMINDER = sent("Request", days(-6), ext="INNTEKTSMELDING", title="Påminnelse", attachments=[FP_LINKS])
FP_ACCEPTED = sent(
    "Acceptance", days(-5), ext="INNTEKTSMELDING", by="PartyRepresentative", title="Inntektsmelding er mottatt"
)
FP_UPDATED = sent(
    "Acceptance", days(-4), ext="INNTEKTSMELDING", by="PartyRepresentative", title="Inntektsmelding er oppdatert"
)
FP_REJECTED = sent(
    "Rejection", days(-3), ext="INNTEKTSMELDING_AVVIST", by="PartyRepresentative", title="Inntektsmelding avvist"
)
FP_MOVED = sent("Information", days(-2), title="Startdato er endret")
FP_WITHDRAWN = sent("Correction", days(-3), title="Nav trenger ikke lenger denne inntektsmeldingen")


def claim(what: str) -> Body:
    return sent(
        "Information", days(-3), ext=f"GRAVID_KRAV_{what}", title="Krav om fritak", attachments=[attachment(GUI_FILE)]
    )


CASES: list[Labelled] = [
    # §4.1
    case(
        "4.1 sick note",
        sick("NotApplicable", NOTE),
        "read",
        "machine",
        has="unread_content machine_readable_content",
        unopened="read machine",
    ),
    case(
        "4.1 sick note seen by a human",
        sick("NotApplicable", NOTE, human=days(-1)),
        "none",
        has="seen_by_human",
        unopened="none",
    ),
    case(
        "4.1 sick note fetched by another system only",
        sick("NotApplicable", NOTE, other_system=days(-1)),
        "read",
        "machine",
        unopened="read machine",
    ),
    case(
        "4.1 sick note opened in the browser",
        sick(
            "NotApplicable",
            note := sent("Information", days(-9), ext="SYKMELDING", opened=True, attachments=FILES),
            activities=[did("TransmissionOpened", days(-8), on=note["id"])],
        ),
        "none",
        has="content_opened",
        unopened="none",
    ),
    case(
        "4.1 sick note whose attachment is only for people",
        sick("NotApplicable", sent("Information", days(-9), ext="SYKMELDING", attachments=[attachment(GUI_FILE)])),
        "read",
        unopened="read",
    ),
    case(
        "4.1 sick note we may not read",
        sick("NotApplicable", sent("Information", days(-9), ext="SYKMELDING", authorized=False)),
        "get_access",
        has="content_masked",
        unopened="get_access",
    ),
    case("4.1 application", sick("NotApplicable", NOTE, APPLICATION), "read", "machine", unopened="read machine"),
    case(
        "4.1 income report requested",
        sick("RequiresAttention", NOTE, APPLICATION, REQUEST, **ASKED),
        "answer_request",
        "machine",
        has="open_request status_requires_attention api_action_authorized no_deadline",
        unopened="answer_request",
    ),
    case(
        "4.1 requested, API not ours",
        sick(
            "RequiresAttention",
            REQUEST,
            api_actions=[api("Send inn inntektsmelding", authorized=False)],
            gui_actions=[SEND_BUTTON],
        ),
        "answer_request",
        has="api_action_unauthorized",
        unopened="answer_request",
    ),
    case(
        "4.1 requested, nothing ours",
        sick(
            "RequiresAttention",
            REQUEST,
            api_actions=[api("Send inn inntektsmelding", authorized=False)],
            gui_actions=[gui("Send inn inntektsmelding", authorized=False)],
        ),
        "get_access",
        has="open_request all_actions_unauthorized",
        unopened="answer_request",
    ),
    case(
        "4.1 requested, a second request replaced the actions",
        sick("RequiresAttention", REQUEST, SECOND, **ASKED),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "4.1 accepted as Submission",
        sick("NotApplicable", NOTE, REQUEST, accepted(REQUEST), gui_actions=[CHANGE_BUTTON]),
        "none",
        has="request_answered optional_action",
        unopened="none",
    ),
    case(
        "4.1 accepted as Acceptance (earlier version)",
        sick("NotApplicable", NOTE, REQUEST, accepted(REQUEST, type_="Acceptance"), gui_actions=[CHANGE_BUTTON]),
        "none",
        has="request_answered",
        unopened="none",
    ),
    case(
        "4.1 received as Information (earlier version)",
        sick("NotApplicable", REQUEST, accepted(REQUEST, type_="Information"), gui_actions=[CHANGE_BUTTON]),
        "none",
        unopened="none",
    ),
    case(
        "4.1 received by its own word",
        sick(
            "NotApplicable",
            REQUEST,
            sent("Information", days(-6), ext="INNTEKTSMELDING_MOTTATT", related=REQUEST["id"]),
        ),
        "none",
        unopened="none",
    ),
    case(
        "4.1 rejected, actions left in place",
        sick("NotApplicable", NOTE, REQUEST, rejected(REQUEST), **ASKED),
        "correct",
        "machine",
        has="rejection_open status_not_applicable api_action_authorized no_deadline",
        unopened="correct",
    ),
    case(
        "4.1 rejected, API not ours",
        sick(
            "NotApplicable",
            REQUEST,
            rejected(REQUEST),
            api_actions=[api("Send inn inntektsmelding", authorized=False)],
            gui_actions=[SEND_BUTTON],
        ),
        "correct",
        has="rejection_open api_action_unauthorized",
        unopened="correct",
    ),
    case(
        "4.1 rejected, then accepted",
        sick("NotApplicable", REQUEST, rejected(REQUEST), accepted(REQUEST, days(-4)), gui_actions=[CHANGE_BUTTON]),
        "none",
        has="rejection_corrected",
        unopened="none",
    ),
    case(
        "4.1 accepted, then a change rejected",
        sick("NotApplicable", REQUEST, accepted(REQUEST), rejected(REQUEST, days(-2)), gui_actions=[CHANGE_BUTTON]),
        "correct",
        has="rejection_open",
        unopened="correct",
    ),
    case(
        "4.1 request withdrawn",
        sick("NotApplicable", NOTE, REQUEST, withdrawn(REQUEST)),
        "none",
        has="request_expired",
        unopened="none",
    ),
    case(
        "4.1 request withdrawn, without relation",
        sick("NotApplicable", REQUEST, SECOND, withdrawn(None)),
        "none",
        unopened="none",
    ),
    case(
        "4.1 withdrawn after a rejection",
        sick("NotApplicable", REQUEST, rejected(REQUEST), withdrawn(REQUEST)),
        "none",
        unopened="none",
    ),
    *[
        case(
            f"4.1 claim for exemption {what}",
            sick("NotApplicable", claim(what), gui_actions=[gui("Endre / Annuller krav")]),
            "none",
            has="optional_action",
            unopened="none",
        )
        for what in ("OPPRETTET", "ENDRET", "SLETTET")
    ],
    case(
        "4.1 application for exemption",
        sick("NotApplicable", gui_actions=[gui("Send inn krav")], human=days(-1)),
        "none",
        unopened="none",
    ),
    case(
        "4.1 application for exemption, unseen",
        sick("NotApplicable", gui_actions=[gui("Send inn krav")]),
        "none",
        has="optional_action",
        unopened="read",
    ),
    # X13
    case(
        "X13 two requests, one withdrawn",
        sick("NotApplicable", REQUEST, SECOND, withdrawn(REQUEST)),
        "review",
        has="open_request",
        unopened="answer_request",
    ),
    case(
        "X13 two requests, one accepted",
        sick("NotApplicable", REQUEST, SECOND, accepted(SECOND), gui_actions=[CHANGE_BUTTON]),
        "review",
        has="open_request",
        unopened="answer_request",
    ),
    case(
        "X13 two requests, both accepted",
        sick(
            "NotApplicable", REQUEST, SECOND, accepted(SECOND), accepted(REQUEST, days(-5)), gui_actions=[CHANGE_BUTTON]
        ),
        "none",
        unopened="none",
    ),
    # §4.2
    case(
        "4.2 requested",
        benefit("RequiresAttention", FP_REQUEST),
        "answer_request",
        "machine",
        has="open_request api_action_authorized",
        unopened="answer_request",
    ),
    case(
        "4.2 requested, API not ours: no button either",
        benefit("RequiresAttention", FP_REQUEST, api_actions=[api("Innsending", authorized=False)]),
        "get_access",
        has="open_request",
        unopened="answer_request",
    ),
    case(
        "4.2 reminder",
        benefit("RequiresAttention", FP_REQUEST, FP_REMINDER),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "4.2 accepted",
        benefit("Completed", FP_REQUEST, FP_ACCEPTED),
        "none",
        has="status_completed request_answered leftover_write_action",
        unopened="none",
    ),
    case(
        "4.2 reminder, then accepted",
        benefit("Completed", FP_REQUEST, FP_REMINDER, FP_ACCEPTED),
        "none",
        unopened="none",
    ),
    case("4.2 updated", benefit("Completed", FP_REQUEST, FP_ACCEPTED, FP_UPDATED), "none", unopened="none"),
    case(
        "4.2 rejected after completed",
        benefit("Completed", FP_REQUEST, FP_ACCEPTED, FP_REJECTED),
        "review",
        has="rejection_open status_completed",
        unopened="review",
    ),
    case(
        "4.2 rejected after completed, seen by a human",
        benefit("Completed", FP_REQUEST, FP_ACCEPTED, FP_REJECTED, human=days(-1)),
        "none",
        unopened="none",
    ),
    case(
        "4.2 rejected and accepted again",
        benefit(
            "Completed", FP_REQUEST, FP_ACCEPTED, FP_REJECTED, sent("Acceptance", days(-1), by="PartyRepresentative")
        ),
        "none",
        unopened="none",
    ),
    case(
        "4.2 rejected at once",
        benefit("RequiresAttention", FP_REQUEST, FP_REJECTED),
        "correct",
        "machine",
        has="rejection_open",
        unopened="correct",
    ),
    case(
        "4.2 start date changed while asked",
        benefit("RequiresAttention", FP_REQUEST, FP_MOVED),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "4.2 start date changed after completed",
        benefit("Completed", FP_REQUEST, FP_ACCEPTED, FP_MOVED),
        "none",
        unopened="none",
    ),
    case(
        "4.2 withdrawn (FP)",
        benefit(
            "NotApplicable",
            FP_REQUEST,
            FP_WITHDRAWN,
            extended="FORESPOERSEL_UTGAATT",
            label_text="Utgått",
            labels=("Default", "Sent"),
        ),
        "none",
        has="request_expired leftover_write_action",
        unopened="none",
    ),
    case(
        "4.2 withdrawn (K9)",
        benefit("NotApplicable", FP_REQUEST, FP_WITHDRAWN, extended="Utgått", label_text="Utgått"),
        "none",
        unopened="none",
    ),
    case(
        "4.2 withdrawn, the status came first",
        benefit("NotApplicable", FP_REQUEST, extended="FORESPOERSEL_UTGAATT"),
        "none",
        unopened="none",
    ),
    case(
        "4.2 withdrawn, then asked anew",
        benefit(
            "RequiresAttention",
            FP_REQUEST,
            FP_WITHDRAWN,
            sent("Request", days(-1), ext="INNTEKTSMELDING"),
            extended="FORESPOERSEL_UTGAATT",
        ),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "4.2 unknown extended status is ignored",
        benefit("RequiresAttention", FP_REQUEST, extended="NOE_NYTT"),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "4.2 older client: one GET to the form page",
        benefit("RequiresAttention", FP_REQUEST, api_actions=[api("skjema", endpoint("GET"), action="read")]),
        "answer_request",
        has="only_read_api",
        unopened="answer_request",
    ),
    # §4.3
    case(
        "4.3 nearest leader",
        dialog(
            "RequiresAttention",
            org="nav",
            resource="nav_syfo_oppgi-narmesteleder",
            attachments=[attachment(API_FILE), attachment(GUI_FILE)],
        ),
        "review",
        has="status_requires_attention no_action",
        unopened="review",
    ),
    case(
        "4.3 nearest leader, solved",
        dialog(
            "Completed",
            org="nav",
            resource="nav_syfo_oppgi-narmesteleder",
            attachments=[attachment(API_FILE), attachment(GUI_FILE)],
        ),
        "none",
        unopened="none",
    ),
    case(
        "4.3 settlement report",
        dialog(
            "NotApplicable",
            org="nav",
            resource="nav_utbetaling_oppgjorsrapport",
            progress=100,
            api_actions=[api("last ned", endpoint("GET"), action="access")],
            gui_actions=[gui("Last ned", action="access")],
        ),
        "read",
        "machine",
        has="unread_content machine_readable_content",
        unopened="read",
    ),
    case(
        "4.3 settlement report, API not ours",
        dialog(
            "NotApplicable",
            org="nav",
            resource="nav_utbetaling_oppgjorsrapport",
            progress=100,
            api_actions=[api("last ned", endpoint("GET"), action="access", authorized=False)],
            gui_actions=[gui("Last ned", action="access")],
        ),
        "read",
        unopened="read",
    ),
    case(
        "4.3 settlement report, seen",
        dialog(
            "NotApplicable",
            org="nav",
            resource="nav_utbetaling_oppgjorsrapport",
            progress=100,
            human=days(-1),
            api_actions=[api("last ned", endpoint("GET"), action="access")],
            gui_actions=[gui("Last ned", action="access")],
        ),
        "none",
        has="seen_by_human",
        unopened="none",
    ),
    case(
        "4.3 settlement report, archived by the owner",
        dialog(
            "NotApplicable",
            org="nav",
            resource="nav_utbetaling_oppgjorsrapport",
            progress=100,
            labels=("Archive",),
            api_actions=[api("last ned", endpoint("GET"), action="access")],
        ),
        "none",
        unopened="none",
    ),
    case(
        "4.3 settlement report from before the cut",
        dialog(
            "NotApplicable",
            org="nav",
            resource="nav_utbetaling_oppgjorsrapport",
            created="2025-10-01T00:00:00Z",
            api_actions=[api("last ned", endpoint("GET"), action="access")],
        ),
        "none",
        unopened="none",
    ),
]
