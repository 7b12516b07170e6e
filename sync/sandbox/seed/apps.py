"""Altinn apps, as the storage adapter writes them (reference: producers §2.1 to §2.3).

`STATES` is the life cycle; `instance` plays one form through it. The default texts are the adapter's own: a reader may
recognise the state by them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sync.sandbox.seed.people import ACTS_FOR, AMALIE, HARALD, TORGEIR, Party, Person
from sync.sandbox.seed.script import SERVICE_OWNER, Body, Dialog, Script, by, plain, texts, uuid4

SUMMARIES = {
    "fill": plain(
        "Innsendingen er klar for å fylles ut.",
        "Innsendinga er klar til å fyllast ut.",
        "The submission is ready to be filled out.",
    ),
    "confirm": plain(
        "Innsendingen må bekreftes for å gå til neste steg.",
        "Innsendinga må stadfestast for å gå til neste steg.",
        "The submission must be confirmed to proceed to the next step.",
    ),
    "sign": plain(
        "Innsendingen må signeres for å gå til neste steg.",
        "Innsendinga må signerast for å gå til neste steg.",
        "The submission must be signed to proceed to the next step.",
    ),
    "feedback": plain(
        "Innsendingen er maskinelt kontrollert og formidlet, venter på tilbakemelding.",
        "Innsendinga er maskinelt kontrollert og formidla, ventar på tilbakemelding.",
        "The submission has been automatically checked and forwarded, awaiting feedback.",
    ),
    "more": plain(
        "Innsendingen er under arbeid og trenger flere opplysninger for å gå til neste steg.",
        "Innsendinga er under arbeid og treng fleire opplysningar for å gå til neste steg.",
        "The submission is in progress and requires more information to proceed to the next step.",
    ),
    "rejected": plain(
        "Innsendingen ble avvist. Åpne dialogen for mer informasjon.",
        "Innsendinga vart avvist. Opne dialogen for meir informasjon.",
        "The submission was rejected. Open the dialog for more information.",
    ),
    "unconfirmed": plain(
        "Innsendingen er maskinelt kontrollert og formidlet, venter på endelig bekreftelse. "
        "Du kan åpne dialogen for å se en foreløpig kvittering.",
        "Innsendinga er maskinelt kontrollert og formidla, ventar på endeleg stadfesting. "
        "Du kan opne dialogen for å sjå ei førebels kvittering.",
        "The submission has been automatically checked and forwarded, awaiting final confirmation. "
        "You can open the dialog to see a preliminary receipt.",
    ),
    "confirmed": plain(
        "Innsendingen er bekreftet mottatt. Du kan åpne dialogen for å se din kvittering.",
        "Innsendinga er stadfesta motteken. Du kan opne dialogen for å sjå di kvittering.",
        "The submission has been confirmed as received. You can open the dialog to see your receipt.",
    ),
}
LABELS = {
    "fill": texts("Gå til skjemautfylling", "Gå til skjemautfylling", "Go to form completion"),
    "sign": texts("Gå til signering", "Gå til signering", "Go to signing"),
    "receipt": texts("Se innsendt skjema", "Sjå innsendt skjema", "See submitted form"),
    "delete": texts("Slett", "Slett", "Delete"),
    "copy": texts("Lag ny kopi", "Lag ny kopi", "Create new copy"),
}
PLATFORM = "https://platform.altinn.example"


@dataclass(frozen=True)
class App:
    """An app: owner's code, name, and the title its dialogs carry."""

    org: str
    name: str
    title: Body

    @property
    def service(self) -> str:
        """The resource id, without prefix."""
        return f"app_{self.org}_{self.name}"


INVESTMENT = App("ssb", "ra0760-01", plain("Kvartalsvis investeringsundersøkelse", None, "Quarterly investment survey"))
TURNOVER = App("ssb", "ra0479-02", plain("Omsetning i varehandel", "Omsetnad i varehandel", "Turnover in retail trade"))
ACCOUNTS = App("brg", "aarsregnskap", plain("Årsregnskap", "Årsrekneskap", "Annual accounts"))
COORDINATED = App("brg", "samordnet-melding", plain("Samordnet registermelding", "Samordna registermelding"))
OWNERS = App("brg", "reelle-rettighetshavere", plain("Reelle rettighetshavere", None, "Beneficial owners"))
VAT = App("skd", "mva-melding-innsending", plain("Mva-melding", "Mva-melding", "VAT return"))
TAX = App("skd", "skattemelding-naering", plain("Skattemelding for næringsdrivende"))
EXEMPTION = App("svv", "dispensasjon-kjoretoy", plain("Søknad om dispensasjon for kjøretøy"))
ACCIDENT = App("dat", "melding-arbeidsulykke", plain("Melding om arbeidsulykke", None, "Report of an accident at work"))
BUILDING = App("dibk", "naboplan", plain("Nabovarsel for byggesak", "Nabovarsel for byggjesak"))
GRANT = App("mdir", "tilskudd-miljotiltak", plain("Søknad om tilskudd til miljøtiltak"))
LICENCE = App("mat", "registrering-virksomhet", plain("Registrering av næringsmiddelvirksomhet"))
APPS = (INVESTMENT, TURNOVER, ACCOUNTS, COORDINATED, OWNERS, VAT, TAX, EXEMPTION, ACCIDENT, BUILDING, GRANT, LICENCE)


def _links(app: App, key: str) -> tuple[str, str]:
    """The app's address and the instance's path in it."""
    number = 51_000_000 + int(uuid4(key, "owner")[:6], 16) % 900_000
    return f"https://{app.org}.apps.altinn.example/{app.org}/{app.name}", f"{number}/{uuid4(key, 'instance')}"


def gui_actions(app: App, key: str, label: str, task: str | None, *, copy: bool = False) -> list[Body]:
    """The adapter's buttons: go to, delete, and copy where the app allows it."""
    base, instance = _links(app, key)
    attribute: Body = {} if task is None else {"authorizationAttribute": f"urn:altinn:task:{task}"}
    go_to = f"{base}/?dontChooseReportee=true#/instance/{instance}" if task else f"{PLATFORM}/receipt/{instance}"
    delete = f"{PLATFORM}/storage/dialogporten/api/v1/instance/{instance}"
    actions: list[Body] = [
        {"action": "read", "url": go_to, "priority": "Primary", "title": LABELS[label], **attribute},
        {
            "action": "delete",
            "url": delete,
            "priority": "Secondary",
            "httpMethod": "DELETE",
            "isDeleteDialogAction": True,
            "title": LABELS["delete"],
            **attribute,
        },
    ]
    if copy:
        clone = f"{base}/legacy/clone?instanceId={instance}"
        actions.append({"action": "instantiate", "url": clone, "priority": "Tertiary", "title": LABELS["copy"]})
    return actions


def api_actions(app: App, key: str, *, archived: bool = False) -> list[Body]:
    """The one machine action: read the instance."""
    base, instance = _links(app, key)
    url = f"{PLATFORM}/storage/api/v1/instances/{instance}" if archived else f"{base}/instances/{instance}"
    return [{"action": "read", "endpoints": [{"url": url, "httpMethod": "GET", "version": "1.0"}]}]


def begin(
    script: Script, row: str, key: str, app: App, party: Party, at: datetime, *, prefilled: bool = False, **more: object
) -> Dialog:
    """A fresh instance; `more` goes into the create body as it is."""
    body: Body = {
        "status": "InProgress" if prefilled else "Draft",
        "content": {"title": app.title, "summary": SUMMARIES["fill"]},
        "guiActions": gui_actions(app, key, "fill", "Task_1"),
        "apiActions": api_actions(app, key),
        "activities": [{"type": "DialogCreated", "performedBy": SERVICE_OWNER if prefilled else by(ACTS_FOR[party])}],
        **more,
    }
    return script.create(row, key, at, party, app.service, body)


def move(dialog: Dialog, app: App, at: datetime, status: str, summary: str, task: str, label: str = "fill") -> None:
    """The adapter's next synchronisation, with the instance in another task."""
    operations: dict[str, object] = {
        "/status": status,
        "/content/summary": SUMMARIES[summary],
        "/guiActions": gui_actions(app, dialog.key, label, task),
    }
    dialog.change(at, operations)


def submit(dialog: Dialog, app: App, at: datetime, person: Person, *, copy: bool = False) -> None:
    """The process has ended: receipt, submission with its files, FormSubmitted."""
    operations: dict[str, object] = {
        "/status": "Awaiting",
        "/content/summary": SUMMARIES["unconfirmed"],
        "/guiActions": gui_actions(app, dialog.key, "receipt", None, copy=copy),
        "/apiActions": api_actions(app, dialog.key, archived=True),
    }
    dialog.change(at, operations)
    dialog.transmission(
        at,
        "Submission",
        plain("Innsending #1", "Innsending #1", "Submission #1"),
        sender=by(person),
        attachments=files(app, dialog.key),
    )
    dialog.activity(at, "FormSubmitted", by(person))


def files(app: App, key: str) -> list[Body]:
    """A submission's files: the form as PDF for people, the data model for machines."""
    _, instance = _links(app, key)
    data = f"{PLATFORM}/storage/api/v1/instances/{instance}/data"
    pdf: Body = {"url": f"{data}/{uuid4(key, 'pdf')}", "mediaType": "application/pdf", "consumerType": "Gui"}
    xml: Body = {"url": f"{data}/{uuid4(key, 'model')}", "mediaType": "application/xml", "consumerType": "Api"}
    title = str(app.name)
    return [
        {"displayName": texts(f"{title}.pdf"), "name": f"{title}.pdf", "urls": [pdf]},
        {"displayName": texts("Skjemadata", "Skjemadata", "Form data"), "name": "model.xml", "urls": [xml]},
    ]


def instance(
    script: Script, row: str, state: str, key: str, app: App, party: Party, days_ago: int, **more: object
) -> Dialog:
    """One form played up to `state`, one of STATES."""
    person = ACTS_FOR[party]
    dialog = begin(
        script, row, key, app, party, script.day(days_ago, "08:05", key), prefilled=state == "prefill", **more
    )
    if state == "prefill":
        return dialog
    dialog.activity(dialog.after(minutes=24), "FormSaved", by(person))
    at = dialog.after(minutes=41)
    if state == "confirmation":
        move(dialog, app, at, "InProgress", "confirm", "Task_Confirm")
    elif state in ("signing", "signed-once"):
        move(dialog, app, at, "InProgress", "sign", "Task_Signing", "sign")
        dialog.activity(at, "SentToSigning", by(person))
        if state == "signed-once":
            dialog.activity(
                dialog.after(minutes=95), "SignatureProvided", by(AMALIE if person is not AMALIE else TORGEIR)
            )
    elif state in ("payment", "payment-told"):
        dialog.change(at, {"/guiActions": gui_actions(app, key, "fill", "Task_Payment")})
        if state == "payment-told":
            dialog.activity(at, "SentToPayment", by(person))
    elif state in ("feedback", "more-input", "back-unseen"):
        move(dialog, app, at, "Awaiting", "feedback", "Task_Feedback")
        if state == "more-input":
            move(dialog, app, dialog.after(minutes=600), "InProgress", "more", "Task_2")
        elif state == "back-unseen":
            move(dialog, app, dialog.after(minutes=600), "Draft", "fill", "Task_1")
    elif state == "rejected":
        move(dialog, app, at, "RequiresAttention", "rejected", "Task_Reject")
    elif state in ("unconfirmed", "confirmed", "copyable", "awaiting-for-ever"):
        submit(dialog, app, at, person, copy=state == "copyable")
        if state in ("confirmed", "copyable"):
            done: dict[str, object] = {"/status": "Completed", "/content/summary": SUMMARIES["confirmed"]}
            dialog.change(dialog.after(minutes=190), done)
        elif state == "awaiting-for-ever":
            dialog.change(dialog.after(minutes=190), {"/content/summary": SUMMARIES["confirmed"]})
    elif state == "soft-deleted":
        dialog.activity(at, "DialogDeleted", by(person))
        dialog.deleted(at)
    elif state == "hard-deleted":
        dialog.purged(at)
    return dialog


def patched_by_owner(script: Script, row: str, key: str, app: App, party: Party, days_ago: int) -> Dialog:
    """A confirmed form whose owner goes on by itself: a second submission, and an offer to change the notice."""
    dialog = instance(script, row, "confirmed", key, app, party, days_ago)
    at = dialog.after(days=2)
    dialog.transmission(at, "Submission", plain("Tillegg til meldingen"), sender=by(dialog.person))
    base, _ = _links(app, key)
    change: Body = {
        "action": "read",
        "url": f"{base}/?prefill={uuid4(key, 'change')}",
        "priority": "Primary",
        "title": texts("Endre melding", "Endre melding", "Change the notice"),
    }
    dialog.change(at, {"/guiActions": [change]})
    return dialog


def statusless(script: Script, row: str, key: str, app: App, party: Party, days_ago: int) -> Dialog:
    """An app that has switched the status off: NotApplicable, although a form was begun and never sent."""
    dialog = begin(script, row, key, app, party, script.day(days_ago, "10:15", key))
    dialog.change(dialog.after(minutes=1), {"/status": "NotApplicable"})
    dialog.activity(dialog.after(minutes=30), "FormSaved", by(HARALD))
    return dialog
