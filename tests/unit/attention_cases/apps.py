"""Altinn apps: every row of the life cycle (producers reference §2.1), field rules (§2.2) and switches (§2.3)."""

from __future__ import annotations

from typing import Any

from tests.unit.attention_cases.building import (
    Body,
    Labelled,
    api,
    case,
    days,
    dialog,
    did,
    endpoint,
    gui,
    sent,
)

READY = ("Innsendingen er klar for å fylles ut.", "The submission is ready to be filled out.")
CONFIRM = (
    "Innsendingen må bekreftes for å gå til neste steg.",
    "The submission must be confirmed to proceed to the next step.",
)
SIGN = (
    "Innsendingen må signeres for å gå til neste steg.",
    "The submission must be signed to proceed to the next step.",
)
FEEDBACK = (
    "Innsendingen er maskinelt kontrollert og formidlet, venter på tilbakemelding.",
    "The submission has been automatically checked and forwarded, awaiting feedback.",
)
MORE = (
    "Innsendingen er under arbeid og trenger flere opplysninger for å gå til neste steg.",
    "The submission is in progress and requires more information to proceed to the next step.",
)
REJECTED = (
    "Innsendingen ble avvist. Åpne dialogen for mer informasjon.",
    "The submission was rejected. Open the dialog for more information.",
)
UNCONFIRMED = (
    "Innsendingen er maskinelt kontrollert og formidlet, venter på endelig bekreftelse. "
    "Du kan åpne dialogen for å se en foreløpig kvittering.",
    "The submission has been automatically checked and forwarded, awaiting final confirmation. "
    "You can open the dialog to see a preliminary receipt.",
)
CONFIRMED = (
    "Innsendingen er bekreftet mottatt. Du kan åpne dialogen for å se din kvittering.",
    "The submission has been confirmed as received. You can open the dialog to see your receipt.",
)
FILL = ("Gå til skjemautfylling", "Go to form completion")
TO_SIGNING = ("Gå til signering", "Go to signing")
RECEIPT = ("Se innsendt skjema", "See submitted form")
CREATED = did("DialogCreated", days(-3))
SAVED = did("FormSaved", days(-2))
BY_OWNER = did("DialogCreated", days(-3), by="ServiceOwner")
SUBMITTED = did("FormSubmitted", days(-1))
SUBMISSION = sent("Submission", days(-1), by="PartyRepresentative", title="Innsending #1")


def app(
    status: str,
    summary: tuple[str, str | None] | None = READY,
    label: tuple[str, str] | None = FILL,
    activities: tuple[Body, ...] = (CREATED, SAVED),
    *,
    authorized: bool = True,
    task: str | None = "Task_1",
    more: tuple[Body, ...] = (),
    **rest: Any,
) -> Body:
    attribute = f"urn:altinn:task:{task}" if task else None
    buttons = [] if label is None else [gui(label[0], en=label[1], attribute=attribute, authorized=authorized)]
    delete = gui("Slett", en="Delete", action="delete", method="DELETE", delete=True, priority="Secondary")
    settings: dict[str, Any] = {
        "org": "ssb",
        "resource": "app_ssb_ra0760-01",
        "kind": "altinnapp",
        "created": days(-3),
        "updated": days(-2),
        "summary": None if summary is None else summary[0],
        "summary_en": None if summary is None else summary[1],
        "activities": activities,
        "api_actions": [api(None, endpoint("GET"), action="read")],
        "gui_actions": [*buttons, delete, *more],
    }
    return dialog(status, **(settings | rest))


COPY = gui("Lag ny kopi", en="Create new copy", action="instantiate", priority="Tertiary")

CASES: list[Labelled] = [
    # §2.1, row by row
    case(
        "2.1 started by user",
        app("Draft"),
        "fill_in",
        needs=False,
        has="status_draft draft_fresh gui_action_only",
        unopened="fill_in",
    ),
    case(
        "2.1 created by service owner",
        app("InProgress", activities=(BY_OWNER,)),
        "fill_in",
        has="status_in_progress",
        unopened="fill_in",
    ),
    case(
        "2.1 confirmation",
        app("InProgress", CONFIRM),
        "submit",
        has="send_in_pending producer_default_text",
        unopened="submit",
    ),
    case(
        "2.1 signing",
        app("InProgress", SIGN, TO_SIGNING, (CREATED, SAVED, did("SentToSigning", days(-1)))),
        "sign",
        has="signature_missing gui_action_only",
        unopened="sign",
    ),
    case(
        "2.1 signing, one of several signed",
        app(
            "InProgress",
            SIGN,
            TO_SIGNING,
            (CREATED, did("SentToSigning", days(-2)), did("SignatureProvided", days(-1))),
        ),
        "sign",
        has="signature_missing",
        unopened="sign",
    ),
    case(
        "2.1 payment by activity",
        app("Draft", activities=(CREATED, SAVED, did("SentToPayment", days(-1)))),
        "pay",
        has="payment_missing contradictory_status status_draft",
        unopened="pay",
    ),
    case("2.1 payment by task id", app("Draft", task="Task_Payment"), "pay", has="payment_missing", unopened="fill_in"),
    case(
        "2.1 payment by own text",
        app("Draft", ("Gebyret må betales før søknaden behandles.", "The fee must be paid; pay now.")),
        "pay",
        has="payment_missing",
        unopened="pay",
    ),
    case(
        "2.1 payment, prefilled",
        app("InProgress", activities=(BY_OWNER, did("SentToPayment", days(-1)))),
        "pay",
        unopened="pay",
    ),
    case("2.1 feedback", app("Awaiting", FEEDBACK), "wait", has="status_awaiting service_owner_turn", unopened="wait"),
    case(
        "2.1 more information", app("InProgress", MORE), "answer_request", has="open_request", unopened="answer_request"
    ),
    case("2.1 back in data, unseen by adapter", app("Draft"), "fill_in", needs=False, unopened="fill_in"),
    case(
        "2.1 rejected",
        app("RequiresAttention", REJECTED),
        "correct",
        has="rejection_open status_requires_attention",
        unopened="correct",
    ),
    case(
        "2.1 rejected with own text",
        app("RequiresAttention", ("Se brevet fra oss.", "See our letter.")),
        "correct",
        unopened="correct",
    ),
    case(
        "2.1 archived unconfirmed",
        app(
            "Awaiting",
            UNCONFIRMED,
            RECEIPT,
            (CREATED, SUBMITTED),
            task=None,
            transmissions=[SUBMISSION],
            labels=("Default", "Sent"),
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "2.1 archived confirmed",
        app(
            "Completed",
            CONFIRMED,
            RECEIPT,
            (CREATED, SUBMITTED),
            task=None,
            transmissions=[SUBMISSION],
            labels=("Default", "Sent"),
        ),
        "none",
        has="status_completed optional_action",
        unopened="none",
    ),
    case(
        "2.1 archived confirmed, copying allowed",
        app("Completed", CONFIRMED, RECEIPT, (CREATED, SUBMITTED), task=None, transmissions=[SUBMISSION], more=(COPY,)),
        "none",
        has="status_completed",
        unopened="none",
    ),
    case(
        "2.1 migrated archive",
        app(
            "Completed",
            CONFIRMED,
            RECEIPT,
            (did("SignatureProvided", "2019-03-02T10:00:00Z"),),
            kind="migratedapp",
            resource="app_skd_a2-1051-130203",
            created="2019-03-02T10:00:00Z",
            updated="2019-03-02T10:00:00Z",
            task=None,
            transmissions=[sent("Submission", "2019-03-02T10:00:00Z", by="PartyRepresentative")],
            labels=("Archive", "Sent"),
        ),
        "none",
        has="migrated_a2 status_completed",
        unopened="none",
    ),
    case(
        "2.1 migrated archive without label",
        app(
            "Completed", CONFIRMED, RECEIPT, (), resource="app_brg_a2-2706-1", created="2021-05-01T10:00:00Z", task=None
        ),
        "none",
        has="migrated_a2",
        unopened="none",
    ),
    # §2.2
    case(
        "2.2 draft due in five days",
        app("Draft", due=days(5)),
        "fill_in",
        deadline=days(5),
        has="due_soon",
        unopened="fill_in",
    ),
    case(
        "2.2 draft due in exactly 14 days",
        app("Draft", due=days(14)),
        "fill_in",
        deadline=days(14),
        has="due_soon",
        unopened="fill_in",
    ),
    case(
        "2.2 draft due in 15 days",
        app("Draft", due=days(15)),
        "fill_in",
        deadline=days(15),
        needs=False,
        unopened="fill_in",
    ),
    case(
        "2.2 draft overdue", app("Draft", due=days(-1)), "fill_in", deadline=days(-1), has="overdue", unopened="fill_in"
    ),
    case(
        "2.2 draft untouched for 30 days",
        app(
            "Draft",
            activities=(did("DialogCreated", days(-40)), did("FormSaved", days(-30))),
            created=days(-40),
            updated=days(-30),
        ),
        "fill_in",
        has="draft_stale",
        unopened="fill_in",
    ),
    case(
        "2.2 draft untouched for 29 days",
        app(
            "Draft",
            activities=(did("DialogCreated", days(-40)), did("FormSaved", days(-29))),
            created=days(-40),
            updated=days(-29),
        ),
        "fill_in",
        needs=False,
        has="draft_fresh",
        unopened="fill_in",
    ),
    case(
        "2.2 draft without activities, old update",
        app("Draft", activities=(), created=days(-50), updated=days(-45)),
        "fill_in",
        has="draft_stale",
        unopened="fill_in",
    ),
    case(
        "2.2 nothing authorised but the API read",
        app("InProgress", activities=(BY_OWNER,), authorized=False, due=days(10)),
        "get_access",
        deadline=days(10),
        has="all_actions_unauthorized due_soon",
        unopened="fill_in",
    ),
    case(
        "2.2 signing without the right",
        app("InProgress", SIGN, TO_SIGNING, authorized=False),
        "get_access",
        has="signature_missing all_actions_unauthorized",
        unopened="sign",
    ),
    case(
        "2.2 hidden app, person only",
        app("InProgress", activities=(BY_OWNER,), api_only=True),
        "fill_in",
        has="api_only",
        unopened="fill_in",
    ),
    case(
        "2.2 sub-status label names signing",
        app("InProgress", ("Avtalen er klar.", "The agreement is ready."), label_text="Til signering"),
        "sign",
        unopened="sign",
    ),
    case(
        "2.2 own Primary title names payment",
        app("Draft", None, ("Gå til betaling", "Go to payment")),
        "pay",
        unopened="fill_in",
    ),
    case(
        "2.2 own summary names sending in",
        app("InProgress", ("Skjemaet er klart til innsending.", "Ready to submit.")),
        "submit",
        unopened="submit",
    ),
    case(
        "2.2 own summary names more information",
        app("InProgress", ("Vi trenger flere opplysninger fra deg.", "We need more information.")),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "2.2 own summary, fill in and send in",
        app("Draft", ("Fyll ut og send inn skjemaet.", "Fill in and submit the form.")),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "2.2 own summary says signed already",
        app("Awaiting", ("Skjemaet er signert og sendt.", "The form is signed and sent.")),
        "wait",
        unopened="wait",
    ),
    # §2.3 switches
    case(
        "2.3 frozen draft, submitted after every save",
        app("Draft", activities=(CREATED, SAVED, SUBMITTED)),
        "wait",
        has="form_submitted",
        unopened="wait",
    ),
    case(
        "2.3 frozen draft, saved again after submission",
        app("Draft", activities=(CREATED, did("FormSubmitted", days(-2)), did("FormSaved", days(-1)))),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "2.3 frozen draft, submission only",
        app("Draft", activities=(), transmissions=[SUBMISSION]),
        "wait",
        unopened="wait",
    ),
    case(
        "2.3 no status, saved and unsubmitted",
        app("NotApplicable", None),
        "fill_in",
        needs=False,
        has="form_not_submitted",
        unopened="fill_in",
    ),
    case(
        "2.3 no status, saved, stale",
        app("NotApplicable", None, activities=(did("FormSaved", days(-31)),)),
        "fill_in",
        has="draft_stale",
        unopened="fill_in",
    ),
    case(
        "2.3 no status, prefilled by owner", app("NotApplicable", activities=(BY_OWNER,)), "fill_in", unopened="fill_in"
    ),
    case(
        "2.3 no status, submitted",
        app("NotApplicable", None, RECEIPT, (CREATED, SAVED, SUBMITTED), transmissions=[SUBMISSION]),
        "none",
        unopened="none",
    ),
    case("2.3 no status, signing text", app("NotApplicable", SIGN, TO_SIGNING), "sign", unopened="sign"),
    case(
        "2.3 no status, sent to signing",
        app("NotApplicable", None, None, (CREATED, did("SentToSigning", days(-1)))),
        "sign",
        unopened="sign",
    ),
    case(
        "2.3 stays Awaiting with the confirmed text",
        app("Awaiting", CONFIRMED, RECEIPT, (CREATED, SUBMITTED), task=None),
        "none",
        has="status_awaiting",
        unopened="none",
    ),
    case(
        "2.3 Awaiting although sent to signing",
        app("Awaiting", FEEDBACK, activities=(CREATED, did("SentToSigning", days(-1)))),
        "wait",
        has="signature_missing contradictory_status",
        unopened="wait",
    ),
    case(
        "2.3 patched by owner: extra submission, optional change",
        app(
            "InProgress",
            ("Vi har mottatt meldingen.", "We have received it."),
            ("Endre meldingen", "Change the notice"),
            (CREATED, SUBMITTED),
            transmissions=[SUBMISSION],
        ),
        "wait",
        unopened="wait",
    ),
    case(
        "2.3 patched by owner and completed",
        app(
            "Completed",
            ("Mottatt.", "Received."),
            ("Endre meldingen", "Change the notice"),
            (CREATED, SUBMITTED),
            transmissions=[SUBMISSION],
        ),
        "none",
        unopened="none",
    ),
    case(
        "2.3 submission, then more information asked",
        app("InProgress", MORE, activities=(CREATED, SUBMITTED), transmissions=[SUBMISSION]),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "2.3 submission, then signing again",
        app(
            "InProgress",
            READY,
            activities=(CREATED, did("FormSubmitted", days(-3)), did("SentToSigning", days(-1))),
            transmissions=[sent("Submission", days(-3), by="PartyRepresentative")],
        ),
        "sign",
        unopened="sign",
    ),
    case(
        "2.3 submission newest while in progress",
        app("InProgress", READY, activities=(CREATED, SUBMITTED), transmissions=[SUBMISSION]),
        "wait",
        unopened="wait",
    ),
    case(
        "7 sent to send-in",
        app("InProgress", activities=(CREATED, did("SentToSendIn", days(-1)))),
        "submit",
        has="send_in_pending",
        unopened="submit",
    ),
    case(
        "7 sent to send-in and submitted",
        app("Awaiting", UNCONFIRMED, RECEIPT, (did("SentToSendIn", days(-2)), SUBMITTED)),
        "wait",
        unopened="wait",
    ),
    case(
        "7 payment made",
        app("Awaiting", activities=(did("SentToPayment", days(-2)), did("PaymentMade", days(-1)))),
        "wait",
        unopened="wait",
    ),
    case(
        "7 payment closed by submission",
        app("Awaiting", UNCONFIRMED, RECEIPT, (did("SentToPayment", days(-2)), SUBMITTED)),
        "wait",
        unopened="wait",
    ),
    case(
        "7 back to the form before submission",
        app("Draft", activities=(CREATED, did("SentToSigning", days(-2)), did("SentToFormFill", days(-1)))),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "7 back to the form after submission",
        app("Draft", activities=(CREATED, did("FormSubmitted", days(-3)), did("SentToFormFill", days(-1)))),
        "fill_in",
        unopened="fill_in",
    ),
    # labels on apps
    case("15 draft in the bin", app("Draft", labels=("Bin",)), "none", has="binned_by_user", unopened="none"),
    case("15 overdue draft in the bin", app("Draft", labels=("Bin",), due=days(-3)), "none", unopened="none"),
    case(
        "15 rejected in the archive",
        app("RequiresAttention", REJECTED, labels=("Archive",)),
        "correct",
        has="archived_but_open",
        unopened="correct",
    ),
    case(
        "15 signature missing, archived",
        app("InProgress", SIGN, TO_SIGNING, (did("SentToSigning", days(-1)),), labels=("Archive",)),
        "sign",
        has="archived_but_open",
        unopened="sign",
    ),
    case(
        "15 payment missing in a binned draft",
        app("Draft", activities=(did("SentToPayment", days(-1)),), labels=("Bin",)),
        "pay",
        has="archived_but_open",
        unopened="pay",
    ),
    case(
        "15 prefilled form with due date, archived",
        app("InProgress", activities=(BY_OWNER,), labels=("Archive",), due=days(4)),
        "fill_in",
        deadline=days(4),
        unopened="fill_in",
    ),
    case(
        "15 prefilled form without due date, archived",
        app("InProgress", activities=(BY_OWNER,), labels=("Archive",)),
        "none",
        has="archived_by_user",
        unopened="none",
    ),
    case(
        "2.3 no GUI actions, prefilled",
        app("InProgress", label=None, activities=(BY_OWNER,)),
        "fill_in",
        unopened="fill_in",
    ),
    case(
        "2.3 no GUI actions, own text",
        app("InProgress", ("Sak 1234", "Case 1234"), None, (BY_OWNER,)),
        "fill_in",
        unopened="fill_in",
    ),
    case(
        "2.3 frozen in progress, the button shows the receipt",
        app("InProgress", None, RECEIPT, ()),
        "wait",
        unopened="fill_in",
    ),
    case("2.3 frozen draft, the button shows the receipt", app("Draft", None, RECEIPT, ()), "wait", unopened="fill_in"),
    case(
        "2.2 a topic is no demand: signature",
        app("Draft", ("Melding om endring av signatur og prokura", "Change of signature rights")),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "2.2 a topic is no demand: payment",
        app("Draft", ("Søknad om utsatt betaling av avgift", "Application for deferred payment of tax")),
        "fill_in",
        needs=False,
        unopened="fill_in",
    ),
    case(
        "2.2 own summary, the signature is missing",
        app("InProgress", ("Signaturen mangler.", "The signature is missing.")),
        "sign",
        unopened="sign",
    ),
    case(
        "2.2 own summary, waiting for you to pay",
        app("Draft", ("Venter på betaling", "Awaiting payment")),
        "pay",
        unopened="pay",
    ),
    case(
        "2.1 rejected after it was sent to signing",
        app("RequiresAttention", REJECTED, activities=(CREATED, did("SentToSigning", days(-1)))),
        "correct",
        has="signature_missing rejection_open",
        unopened="correct",
    ),
    case(
        "2.1 more information, nynorsk only",
        app("InProgress", ("Innsendinga er under arbeid og treng fleire opplysningar for å gå til neste steg.", None)),
        "answer_request",
        unopened="answer_request",
    ),
    case(
        "10 a form of an app is filled in by people, whatever the owner adds",
        app("InProgress", activities=(BY_OWNER,), api_actions=[api("save")]),
        "fill_in",
        unopened="fill_in",
    ),
    case(
        "2.2 an optional button names no step",
        app("InProgress", ("Sak 1234", "Case 1234"), ("Send inn klage", "Appeal"), (BY_OWNER,)),
        "fill_in",
        unopened="fill_in",
    ),
    case(
        "2.2 own summary, an attachment is missing",
        app("InProgress", ("Søknaden mangler vedlegg.", "Additional documentation is needed.")),
        "answer_request",
        unopened="answer_request",
    ),
]
