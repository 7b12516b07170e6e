"""The decision order and the table of questions (producers reference §10), on direct producers."""

from __future__ import annotations

from tests.unit.attention_cases.building import (
    API_FILE,
    GUI_FILE,
    MASK,
    Labelled,
    api,
    attachment,
    case,
    days,
    dialog,
    did,
    endpoint,
    gui,
    link,
    minutes,
    sent,
)

REQUEST = sent("Request", days(-5), title="Send inn rapport for august")
WRITE = api("sendReport")
CONTINUE = gui("Fortsett registrering", action="write")
CANCEL = gui("Avbryt", action="write", method="POST", priority="Secondary")
MORE = gui("Les mer", priority="Tertiary")
LATE = endpoint(deprecated=True, sunset=days(-1))
ENDING = endpoint(deprecated=True, sunset=days(60))
SOON = endpoint(deprecated=True, sunset=days(10))
LONG_GONE = endpoint(deprecated=True, sunset=days(-91))
FAR = endpoint(deprecated=True, sunset=days(91))
NEW = endpoint()

CASES: list[Labelled] = [
    # step 2
    case("2 unknown status", dialog("OnHold", human=days(-1)), "review", has="unknown_enum", unopened="review"),
    case(
        "2 unknown status in the bin",
        dialog("OnHold", labels=("Bin",)),
        "review",
        has="unknown_enum",
        unopened="review",
    ),
    case(
        "2 unknown status with a request",
        dialog("Paused", transmissions=[REQUEST], api_actions=[WRITE]),
        "review",
        has="unknown_enum open_request",
        unopened="review",
    ),
    case(
        "2 unknown transmission type is information",
        dialog("NotApplicable", transmissions=[sent("Reminder", days(-2))]),
        "read",
        has="unknown_enum unread_content",
        unopened="read",
    ),
    case(
        "2 unknown activity is ignored",
        dialog("Awaiting", activities=[did("Teleported", days(-1))]),
        "wait",
        has="unknown_enum",
        unopened="wait",
    ),
    case(
        "2 unknown label is ignored",
        dialog("Awaiting", labels=("Default", "Pinned")),
        "wait",
        has="unknown_enum",
        unopened="wait",
    ),
    # step 3
    case(
        "3 archived, nothing owed",
        dialog("InProgress", gui_actions=[CONTINUE], labels=("Archive",)),
        "none",
        has="archived_by_user",
        unopened="none",
    ),
    case(
        "3 archived, step with a due date",
        dialog("InProgress", gui_actions=[CONTINUE], labels=("Archive",), due=days(3)),
        "fill_in",
        deadline=days(3),
        has="archived_but_open",
        unopened="review",
    ),
    case(
        "3 archived, attention required",
        dialog("RequiresAttention", labels=("Archive",)),
        "review",
        has="archived_but_open",
        unopened="review",
    ),
    case("3 archived and awaiting", dialog("Awaiting", labels=("Archive",)), "none", unopened="none"),
    case(
        "3 binned message",
        dialog("NotApplicable", transmissions=[sent("Information", days(-2))], labels=("Bin",)),
        "none",
        has="binned_by_user",
        unopened="none",
    ),
    case(
        "3 binned request without due date",
        dialog("NotApplicable", transmissions=[REQUEST], api_actions=[WRITE], labels=("Bin",)),
        "none",
        has="binned_by_user open_request",
        unopened="none",
    ),
    case(
        "3 binned request with due date",
        dialog("NotApplicable", transmissions=[REQUEST], api_actions=[WRITE], labels=("Bin",), due=days(1)),
        "answer_request",
        "machine",
        deadline=days(1),
        unopened="answer_request",
    ),
    # step 4, rank 3 outside Correspondence
    case(
        "4 a POST that ends in /confirm",
        dialog("InProgress", api_actions=[api("bekreft", endpoint(url="https://api.eksempel.no/v1/1/confirm"))]),
        "confirm",
        "machine",
        has="confirmation_missing",
    ),
    case(
        "4 a completed dialog keeps its confirm action",
        dialog("Completed", api_actions=[api("bekreft", endpoint(url="https://api.eksempel.no/v1/1/confirm"))]),
        "none",
        unopened="none",
    ),
    # step 5
    case(
        "5 completed, due date past",
        dialog("Completed", due=days(-5)),
        "none",
        has="past_due_but_closed",
        unopened="none",
    ),
    case(
        "5 completed, open request passed over",
        dialog("Completed", transmissions=[REQUEST], api_actions=[WRITE]),
        "none",
        has="open_request contradictory_status",
        unopened="none",
    ),
    case(
        "5 completed, rejection corrected",
        dialog(
            "Completed",
            transmissions=[sent("Rejection", days(-5)), sent("Submission", days(-4), by="PartyRepresentative")],
        ),
        "none",
        unopened="none",
    ),
    case(
        "5 completed, rejection opened",
        dialog(
            "Completed",
            transmissions=[(no := sent("Rejection", days(-5), opened=True))],
            activities=[did("TransmissionOpened", days(-4), on=no["id"])],
        ),
        "none",
        has="rejection_open",
        unopened="none",
    ),
    case(
        "5 completed, deprecated endpoint",
        dialog("Completed", api_actions=[api("send", ENDING)]),
        "none",
        unopened="none",
    ),
    # step 6
    case(
        "6 request, no status, with an action",
        dialog("NotApplicable", transmissions=[REQUEST], api_actions=[WRITE]),
        "answer_request",
        "machine",
        has="open_request",
        unopened="answer_request",
    ),
    case(
        "6 request, no status, without action",
        dialog("NotApplicable", transmissions=[REQUEST]),
        "review",
        has="open_request no_action",
        unopened="answer_request",
    ),
    case(
        "6 request, no status, only a GET API",
        dialog("NotApplicable", transmissions=[REQUEST], api_actions=[api("hent", endpoint("GET"), action="read")]),
        "review",
        has="only_read_api",
        unopened="answer_request",
    ),
    case(
        "6 request, no status, only a copy button",
        dialog(
            "NotApplicable",
            transmissions=[REQUEST],
            gui_actions=[gui("Lag ny kopi", action="instantiate", priority="Tertiary")],
        ),
        "review",
        unopened="answer_request",
    ),
    case(
        "6 request, no status, only read more",
        dialog("NotApplicable", transmissions=[REQUEST], gui_actions=[gui("Les mer")]),
        "review",
        unopened="answer_request",
    ),
    case(
        "6 request while awaiting, with an action",
        dialog("Awaiting", transmissions=[REQUEST], gui_actions=[gui("Svar på forespørselen", action="write")]),
        "answer_request",
        has="contradictory_status gui_action_only",
        unopened="answer_request",
    ),
    case(
        "6 request while awaiting, without action",
        dialog("Awaiting", transmissions=[REQUEST]),
        "review",
        has="contradictory_status",
        unopened="answer_request",
    ),
    case(
        "6 request answered without relation",
        dialog("InProgress", transmissions=[REQUEST, sent("Submission", days(-4), by="PartyRepresentative")]),
        "wait",
        has="request_answered",
        unopened="wait",
    ),
    case(
        "6 request answered in its group",
        dialog(
            "InProgress",
            transmissions=[REQUEST, sent("Submission", days(-4), by="PartyRepresentative", related=REQUEST["id"])],
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "6 request, an answer to something else",
        dialog(
            "RequiresAttention",
            transmissions=[
                sent("Information", days(-6), id_="01a00000-0000-7000-8000-88888888aaaa"),
                REQUEST,
                sent("Submission", days(-4), by="PartyRepresentative", related="01a00000-0000-7000-8000-88888888aaaa"),
            ],
            api_actions=[WRITE],
        ),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "6 request answered in a chain of relations",
        dialog(
            "InProgress",
            transmissions=[
                REQUEST,
                (info := sent("Information", days(-4), related=REQUEST["id"])),
                sent("Submission", days(-3), by="PartyRepresentative", related=info["id"]),
            ],
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "6 answered, but asked again",
        dialog(
            "RequiresAttention",
            transmissions=[REQUEST, sent("Submission", days(-4), by="PartyRepresentative"), sent("Request", days(-1))],
            api_actions=[WRITE],
        ),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "6 answered in the same instant",
        dialog(
            "InProgress",
            transmissions=[
                REQUEST,
                sent(
                    "Submission",
                    days(-5),
                    by="PartyRepresentative",
                    related=REQUEST["id"],
                    id_="00000000-0000-7000-8000-000000000000",
                ),
            ],
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "6 information newer than the request",
        dialog("RequiresAttention", transmissions=[REQUEST, sent("Information", days(-1))], api_actions=[WRITE]),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "6 rejection and another request open",
        dialog(
            "RequiresAttention",
            transmissions=[
                (a := sent("Submission", days(-9), by="PartyRepresentative")),
                sent("Rejection", days(-8), related=a["id"]),
                REQUEST,
            ],
            api_actions=[WRITE],
        ),
        "correct",
        "machine",
        has="rejection_open open_request",
        unopened="correct",
    ),
    case(
        "6 answered and due date ahead",
        dialog(
            "NotApplicable",
            transmissions=[REQUEST, sent("Submission", days(-4), by="PartyRepresentative")],
            due=days(3),
        ),
        "none",
        has="request_answered",
        unopened="none",
    ),
    case(
        "6 unread decision after the answer, in progress",
        dialog(
            "InProgress",
            transmissions=[REQUEST, sent("Submission", days(-4), by="PartyRepresentative"), sent("Decision", days(-1))],
        ),
        "wait",
        has="decision_unread",
        unopened="wait",
    ),
    # step 7, direct
    case(
        "7 a Primary button that signs",
        dialog("InProgress", gui_actions=[gui("Signer avtalen", action="sign")]),
        "sign",
        unopened="review",
    ),
    case(
        "7 a Primary button that pays",
        dialog("RequiresAttention", gui_actions=[gui("Betal gebyr", action="write")]),
        "pay",
        unopened="review",
    ),
    case(
        "7 a summary that asks for more",
        dialog("InProgress", summary="Vi trenger flere opplysninger fra deg"),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "7 a payment that is under way asks nothing",
        dialog("InProgress", summary="Betaling behandles hos oss"),
        "wait",
        unopened="review",
    ),
    # step 8
    case(
        "8 in progress with continue, cancel, read more",
        dialog("InProgress", gui_actions=[CONTINUE, CANCEL, MORE], due=days(30)),
        "fill_in",
        deadline=days(30),
        has="status_in_progress gui_action_only",
        unopened="review",
    ),
    case(
        "8 in progress with cancel and read more only",
        dialog("InProgress", gui_actions=[CANCEL, MORE]),
        "wait",
        unopened="review",
    ),
    case(
        "8 in progress, form taken by API",
        dialog("InProgress", gui_actions=[CONTINUE], api_actions=[api("saveForm")]),
        "fill_in",
        "machine",
        unopened="review",
    ),
    case("8 in progress without any action", dialog("InProgress"), "wait", has="service_owner_turn", unopened="review"),
    case(
        "8 in progress, forward not ours",
        dialog("InProgress", gui_actions=[gui("Fortsett", action="write", authorized=False)]),
        "get_access",
        has="all_actions_unauthorized",
        unopened="review",
    ),
    case(
        "8 draft of a direct producer",
        dialog("Draft", gui_actions=[CONTINUE], created=days(-2)),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "8 no status, due date near, seen",
        dialog("NotApplicable", human=days(-1), due=days(4)),
        "review",
        deadline=days(4),
        has="due_soon",
        unopened="review",
    ),
    case(
        "8 no status, due date past, seen",
        dialog("NotApplicable", human=days(-1), due=days(-4)),
        "none",
        has="past_due_but_closed seen_by_human",
        unopened="none",
    ),
    case(
        "8 no status, nobody saw it, due near",
        dialog("NotApplicable", main=link("https://eksempel.no/1"), due=days(4)),
        "read",
        deadline=days(4),
        unopened="read",
    ),
    case(
        "8 receipt in its title needs no reading",
        dialog("NotApplicable", transmissions=[sent("Information", days(-2), title="Kvittering for mottatt skjema")]),
        "none",
    ),
    case(
        "8 acceptance needs no reading",
        dialog("NotApplicable", transmissions=[sent("Acceptance", days(-2))]),
        "none",
        unopened="none",
    ),
    # step 9
    case(
        "9 only content is masked",
        dialog("NotApplicable", main=link(MASK, False)),
        "get_access",
        has="content_masked",
        unopened="read",
    ),
    case(
        "9 one of two messages is masked",
        dialog(
            "NotApplicable",
            transmissions=[sent("Information", days(-3), authorized=False), sent("Information", days(-2))],
        ),
        "read",
        has="content_masked",
        unopened="read",
    ),
    case(
        "9 withheld and required",
        dialog("RequiresAttention", excludedApiActions=[{"id": "1", "createdAt": days(-1)}]),
        "get_access",
        has="withheld_entities",
        unopened="review",
    ),
    case(
        "9 withheld, nothing required",
        dialog("Awaiting", excludedTransmissions=[{"id": "1", "createdAt": days(-1)}]),
        "wait",
        has="withheld_entities",
        unopened="wait",
    ),
    case(
        "9 delete alone is no candidate",
        dialog(
            "RequiresAttention",
            transmissions=[REQUEST],
            gui_actions=[gui("Slett", delete=True, method="DELETE", authorized=False)],
        ),
        "answer_request",
        has="no_action",
        unopened="answer_request",
    ),
    case(
        "9 the deadline stays",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("send", authorized=False)], due=days(2)),
        "get_access",
        deadline=days(2),
        has="open_request due_soon",
        unopened="answer_request",
    ),
    # step 10 and the questions
    case(
        "10 sunset passed: a person",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("send", LATE)], gui_actions=[CONTINUE]),
        "answer_request",
        has="endpoint_sunset_passed",
        unopened="answer_request",
    ),
    case(
        "10 deprecated beside a new one",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("send", ENDING, NEW)]),
        "answer_request",
        "machine",
        has="endpoint_deprecated",
        unopened="answer_request",
    ),
    case(
        "10 a delete action is no machine's answer",
        dialog(
            "RequiresAttention",
            transmissions=[REQUEST],
            api_actions=[api("slett", endpoint("DELETE"), action="delete")],
        ),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "10 a cancel action is no machine's answer",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[api("cancelReport")]),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "10 an API-only request for a person",
        dialog("RequiresAttention", transmissions=[REQUEST], gui_actions=[CONTINUE], api_only=True),
        "answer_request",
        has="api_only",
        unopened="answer_request",
    ),
    case(
        "10 an API-only request for a machine",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[WRITE], api_only=True),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "10 overdue request",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[WRITE], due=days(-1)),
        "answer_request",
        "machine",
        deadline=days(-1),
        has="overdue",
        unopened="answer_request",
    ),
    case(
        "10 expiry stands in for a due date",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[WRITE], expires=days(10)),
        "answer_request",
        "machine",
        deadline=days(10),
        has="expires_soon",
    ),
    case(
        "10 due date before expiry",
        dialog("RequiresAttention", transmissions=[REQUEST], api_actions=[WRITE], due=days(20), expires=days(10)),
        "answer_request",
        "machine",
        deadline=days(20),
        has="expires_soon",
    ),
    case(
        "10 the end of an optional link is no deadline",
        dialog(
            "NotApplicable",
            transmissions=[
                {
                    **sent("Decision", days(-1)),
                    "navigationalActions": [{"title": [], "url": "https://eksempel.no/klage", "expiresAt": days(20)}],
                }
            ],
        ),
        "read",
        has="no_deadline",
        unopened="read",
    ),
    case(
        "10 information read through a masked Api attachment",
        dialog("NotApplicable", transmissions=[sent("Information", days(-1), attachments=[attachment(("Api", MASK))])]),
        "read",
        unopened="read",
    ),
    case(
        "10 information, dialog-level GET hands out the content",
        dialog(
            "NotApplicable",
            transmissions=[sent("Information", days(-1))],
            api_actions=[api("hentDokument", endpoint("GET"), action="read")],
        ),
        "read",
        "machine",
        unopened="read",
    ),
    case(
        "10 report with an Api attachment",
        dialog("NotApplicable", attachments=[attachment(API_FILE)]),
        "read",
        "machine",
        unopened="read",
    ),
    case("10 report for people", dialog("NotApplicable", attachments=[attachment(GUI_FILE)]), "read", unopened="read"),
    case(
        "10 information older than the party's last message",
        dialog(
            "NotApplicable",
            transmissions=[sent("Information", days(-4)), sent("Submission", days(-3), by="PartyRepresentative")],
        ),
        "none",
        unopened="none",
    ),
    case(
        "10 unread message in an old dialog",
        dialog(
            "NotApplicable", created="2025-10-01T00:00:00Z", transmissions=[sent("Information", "2025-10-01T00:00:00Z")]
        ),
        "none",
        unopened="none",
    ),
    case(
        "10 new message in an old dialog",
        dialog(
            "NotApplicable",
            created="2025-10-01T00:00:00Z",
            updated=days(-2),
            transmissions=[sent("Decision", days(-2))],
        ),
        "read",
        unopened="read",
    ),
    case(
        "10 fourteen minutes old and empty",
        dialog("NotApplicable", created=minutes(-14)),
        "wait",
        has="no_content_yet",
        unopened="wait",
    ),
    case(
        "10 just created, but already with a message",
        dialog("NotApplicable", created=minutes(-2), transmissions=[sent("Information", minutes(-1))]),
        "read",
        unopened="read",
    ),
    # step 11
    case(
        "11 sunset within 90 days",
        dialog("Awaiting", api_actions=[api("send", ENDING)]),
        "migrate_endpoint",
        deadline=days(60),
        has="endpoint_deprecated",
        unopened="wait",
    ),
    case(
        "11 sunset within 14 days",
        dialog("Awaiting", api_actions=[api("send", SOON)]),
        "migrate_endpoint",
        deadline=days(10),
        has="endpoint_deprecated due_soon",
        unopened="wait",
    ),
    case(
        "11 sunset passed",
        dialog("Awaiting", api_actions=[api("send", LATE)]),
        "migrate_endpoint",
        deadline=days(-1),
        has="endpoint_sunset_passed",
        unopened="wait",
    ),
    case(
        "11 sunset passed long ago", dialog("Awaiting", api_actions=[api("send", LONG_GONE)]), "wait", unopened="wait"
    ),
    case("11 sunset far away", dialog("Awaiting", api_actions=[api("send", FAR)]), "wait", unopened="wait"),
    case(
        "11 a newer endpoint beside it",
        dialog("Awaiting", api_actions=[api("send", ENDING, NEW)]),
        "wait",
        unopened="wait",
    ),
    case(
        "11 not ours to use",
        dialog("Awaiting", api_actions=[api("send", ENDING, authorized=False)]),
        "wait",
        unopened="wait",
    ),
    case(
        "11 after a seen message",
        dialog(
            "NotApplicable",
            human=days(-1),
            transmissions=[sent("Information", days(-2))],
            api_actions=[api("send", ENDING)],
        ),
        "migrate_endpoint",
        deadline=days(60),
        unopened="none",
    ),
    case(
        "9 a report that only others may download",
        dialog(
            "NotApplicable",
            gui_actions=[gui("Last ned", authorized=False)],
            api_actions=[api("last ned", endpoint("GET"), action="access", authorized=False)],
        ),
        "get_access",
        has="content_masked",
        unopened="read",
    ),
    case(
        "10 an older rejection behind newer information, completed",
        dialog("Completed", transmissions=[sent("Rejection", days(-5)), sent("Information", days(-2))]),
        "review",
        has="rejection_open",
        unopened="review",
    ),
    case(
        "10 draft of a direct producer, untouched and not ours",
        dialog("Draft", gui_actions=[gui("Fortsett", action="write", authorized=False)]),
        "get_access",
        has="status_draft",
        unopened="fill_in",
    ),
    case(
        "6 rejection without relation after acceptance without relation",
        dialog(
            "RequiresAttention",
            transmissions=[
                sent("Submission", days(-9), by="PartyRepresentative"),
                sent("Acceptance", days(-8)),
                sent("Rejection", days(-2)),
            ],
            api_actions=[WRITE],
        ),
        "correct",
        has="rejection_open",
        unopened="correct",
    ),
    case(
        "6 archived rejection with a due date",
        dialog("NotApplicable", transmissions=[sent("Rejection", days(-2))], labels=("Archive",), due=days(3)),
        "correct",
        deadline=days(3),
        has="archived_but_open",
        unopened="correct",
    ),
    case(
        "3 archived, open process activity",
        dialog("NotApplicable", activities=[did("SentToPayment", days(-2))], labels=("Archive",)),
        "pay",
        has="archived_but_open",
        unopened="pay",
    ),
    case(
        "8 in progress, form taken by API alone",
        dialog("InProgress", api_actions=[api("saveForm")]),
        "fill_in",
        "machine",
        unopened="review",
    ),
    case(
        "6 awaiting: a request counts, a missing signature does not",
        dialog(
            "Awaiting", transmissions=[REQUEST], gui_actions=[CONTINUE], activities=[did("SentToSigning", days(-1))]
        ),
        "answer_request",
        has="signature_missing contradictory_status",
        unopened="answer_request",
    ),
    case(
        "5 completed, rejected, then another report accepted",
        dialog(
            "Completed",
            transmissions=[
                (s1 := sent("Submission", days(-9), by="PartyRepresentative")),
                sent("Rejection", days(-8), related=s1["id"]),
                (
                    s2 := sent(
                        "Submission", days(-7), by="PartyRepresentative", related=sent("Information", days(-9))["id"]
                    )
                ),
                sent("Acceptance", days(-6), related=s2["id"]),
            ],
        ),
        "none",
        has="rejection_open",
        unopened="none",
    ),
    case(
        "8 no status, due near, a button that is not ours",
        dialog(
            "NotApplicable",
            human=days(-1),
            due=days(4),
            gui_actions=[gui("Fortsett", action="write", authorized=False)],
        ),
        "review",
        deadline=days(4),
        unopened="review",
    ),
    case(
        "8 completed decision, due date ahead is not its own",
        dialog("Completed", transmissions=[sent("Decision", days(-2))], due=days(3)),
        "read",
        has="decision_unread",
        unopened="read",
    ),
]
