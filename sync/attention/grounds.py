"""The sentences: the evidence of each ground, and what to do at each step, in Norwegian (bokmål) and English.

Data for `because`; a ground is named by the rule that decides.
"""

from __future__ import annotations

from sync.attention.verdict import NextStep

# ground → the evidence in (nb, en). {owner} the sender, {on} " 3. mars" / " on 3 March",
# {touched} ", sist rørt 3. mars," or nothing, {about} ' («…»)' or nothing.
GROUNDS: dict[str, tuple[str, str]] = {
    "gone": ("Dialogen finnes ikke lenger hos Dialogporten.", "Dialogporten no longer has this dialog."),
    "level_too_low": (
        "Innholdet i dialogen fra {owner} vises bare til den som er logget inn på et høyere sikkerhetsnivå.",
        "The content of the dialog from {owner} is shown only to somebody logged in at a higher level.",
    ),
    "details_refused": (
        "Dialogporten slipper oss ikke inn i dialogen fra {owner}.",
        "Dialogporten does not let us into the dialog from {owner}.",
    ),
    "unknown_status": (
        "Statusen «{about}» er ukjent for dette programmet, så det gjetter ikke.",
        "The status “{about}” is unknown to this program, so it does not guess.",
    ),
    "no_status": (
        "Dialogen fra {owner} har ingen status, og dette programmet gjetter ikke.",
        "The dialog from {owner} has no status, and this program does not guess.",
    ),
    "migrated_archive": (
        "Dette er et arkiv overført fra Altinn 1 eller 2; det krever ingenting.",
        "This is an archive brought over from Altinn 1 or 2; it asks for nothing.",
    ),
    "archived": (
        "Dialogen ligger i arkivet, og ingenting i den er pålagt.",
        "The dialog is filed in the archive, and nothing in it is owed.",
    ),
    "binned": (
        "Dialogen ligger i papirkurven, og ingenting i den er pålagt.",
        "The dialog is in the bin, and nothing in it is owed.",
    ),
    "archived_open": (
        "Dialogen ligger i arkivet; det som står åpent i den, har ingen frist.",
        "The dialog is filed in the archive; what stands open in it has no due date.",
    ),
    "binned_open": (
        "Dialogen ligger i papirkurven; det som står åpent i den, har ingen frist.",
        "The dialog is in the bin; what stands open in it has no due date.",
    ),
    "confirmed": ("Mottak ble bekreftet{on}.", "Receipt was confirmed{on}."),
    "confirmed_unread": (
        "Mottak ble bekreftet{on}, men brevet fra {owner} er ikke åpnet.",
        "Receipt was confirmed{on}, but the letter from {owner} has not been opened.",
    ),
    "confirm": (
        "{owner} sendte{on} en melding som må bekreftes mottatt; ingen bekreftelse er registrert.",
        "{owner} sent a message{on} that must be confirmed as received; no confirmation is on record.",
    ),
    "confirm_unopened": (
        "{owner} sendte{on} et brev som krever handling; ingen bekreftelse er registrert, og vi har ikke åpnet det.",
        "{owner} sent a letter{on} that asks for action; no confirmation is on record, and we have left it unopened.",
    ),
    "rejected_after_completed": (
        "{owner} sendte en avvisning{on}{about}, selv om dialogen er avsluttet; ingen senere godkjenning finnes.",
        "{owner} sent a rejection{on}{about} although the dialog is completed; nothing was accepted later.",
    ),
    "alert": (
        "{owner} sendte et varsel{on}{about} som ingen har lest.",
        "{owner} sent a notice{on}{about} that nobody has read.",
    ),
    "alert_accepted": (
        "Innsendingen står som godkjent; {owner} la til en merknad{on}{about} som ingen har lest.",
        "The submission stands accepted; {owner} added a remark{on}{about} that nobody has read.",
    ),
    "decision": (
        "{owner} sendte et vedtak{on}{about} som ingen har lest.",
        "{owner} sent a decision{on}{about} that nobody has read.",
    ),
    "letter": ("Brevet fra {owner}{on} er ikke åpnet.", "The letter from {owner}{on} has not been opened."),
    "message": (
        "{owner} sendte{on} en melding{about} som ingen har lest.",
        "{owner} sent a message{on}{about} that nobody has read.",
    ),
    "report": (
        "{owner} la fram noe nytt{on} som ingen har sett.",
        "{owner} published something{on} that nobody has seen.",
    ),
    "unread_unopened": (
        "Dialogen fra {owner}{on} er ulest, og vi har latt den være uåpnet.",
        "The dialog from {owner}{on} is unread, and we have left it unopened.",
    ),
    "reminder": (
        "{owner} minnet{on} om et brev som ikke er lest.",
        "{owner} reminded you{on} of a letter that has not been read.",
    ),
    "completed": ("Dialogen er avsluttet av {owner}.", "{owner} has completed the dialog."),
    "rejected": (
        "{owner} avviste innsendingen{on}{about}; ingen ny er sendt.",
        "{owner} rejected the submission{on}{about}; no new one has been sent.",
    ),
    "rejected_again": (
        "{owner} avviste en endring{on}{about}; det som var godkjent før, står fortsatt.",
        "{owner} rejected a change{on}{about}; what was accepted before still stands.",
    ),
    "request": (
        "{owner} ba{on} om svar{about}; ingenting er sendt siden.",
        "{owner} asked for an answer{on}{about}; nothing has been sent since.",
    ),
    "request_without_action": (
        "{owner} ba{on} om svar{about}, men dialogen tilbyr ingen måte å svare på.",
        "{owner} asked for an answer{on}{about}, but the dialog offers no way to give one.",
    ),
    "withdrawn_but_asked": (
        "{owner} har merket forespørselen som utgått, men dialogen krever fortsatt handling.",
        "{owner} has marked the request as expired, yet the dialog still asks for action.",
    ),
    "withdrawn": (
        "{owner} trenger ikke lenger det som ble etterspurt{on}.",
        "{owner} no longer needs what was asked for{on}.",
    ),
    "answered": (
        "Deres melding ble sendt{on}; nå er det {owner} sin tur.",
        "Your message was sent{on}; it is now {owner}'s turn.",
    ),
    "settled": (
        "Det siste i saken{on} var et svar; ingenting står åpent.",
        "The last word in the case{on} was an answer; nothing is open.",
    ),
    "stage_sign": (
        "Skjemaet ble sendt til signering{on}; signaturen mangler.",
        "The form was sent for signing{on}; the signature is missing.",
    ),
    "stage_pay": (
        "Skjemaet ble sendt til betaling{on}; betalingen mangler.",
        "The form was sent for payment{on}; the payment is missing.",
    ),
    "stage_submit": (
        "Skjemaet ble gjort klart for innsending{on}, men er ikke sendt inn.",
        "The form was made ready{on}, but has not been sent in.",
    ),
    "stage_fill_in": ("Skjemaet ble sendt tilbake for utfylling{on}.", "The form was sent back to be filled in{on}."),
    "text_signing": (
        "Teksten i dialogen sier at det gjenstår å signere{about}.",
        "The dialog's own words say that a signature remains{about}.",
    ),
    "text_payment": (
        "Teksten i dialogen sier at det gjenstår å betale{about}.",
        "The dialog's own words say that a payment remains{about}.",
    ),
    "text_confirmation": (
        "Teksten i dialogen sier at innsendingen må bekreftes før den går videre.",
        "The dialog's own words say that the submission must be confirmed before it goes on.",
    ),
    "text_ready": (
        "Teksten i dialogen sier at det gjenstår å sende inn{about}.",
        "The dialog's own words say that it remains to be sent in{about}.",
    ),
    "text_more_information": (
        "Teksten i dialogen sier at {owner} trenger flere opplysninger{about}.",
        "The dialog's own words say that {owner} needs more information{about}.",
    ),
    "text_rejected": ("Innsendingen ble avvist av {owner}.", "{owner} rejected the submission."),
    "text_feedback": (
        "Innsendingen er formidlet og venter på tilbakemelding.",
        "The submission is forwarded and awaits feedback.",
    ),
    "text_unconfirmed": (
        "Innsendingen er formidlet og venter på endelig bekreftelse.",
        "The submission is forwarded and awaits final confirmation.",
    ),
    "app_confirmed": (
        "Innsendingen er bekreftet mottatt av {owner}.",
        "{owner} has confirmed the submission as received.",
    ),
    "app_submitted": (
        "Skjemaet er sendt inn, og dialogen viser bare kvitteringen.",
        "The form is sent in, and the dialog shows only the receipt.",
    ),
    "asked_unauthorized": (
        "{owner} krever handling, men vi mangler rett til alt som dialogen tilbyr.",
        "{owner} asks for action, but we lack the right to everything the dialog offers.",
    ),
    "awaiting": ("Saken ligger hos {owner}.", "The case is with {owner}."),
    "draft": ("Et utkast{touched} er ikke sendt inn.", "A draft{touched} has not been sent in."),
    "unsubmitted": ("Skjemaet{touched} er ikke sendt inn.", "The form{touched} has not been sent in."),
    "frozen": ("Skjemaet er sendt inn; saken ligger hos {owner}.", "The form is sent in; the case is with {owner}."),
    "settled_but_asked": (
        "Det siste i saken{on} var et svar, men dialogen krever fortsatt handling.",
        "The last word in the case{on} was an answer, yet the dialog still asks for action.",
    ),
    "alarm": (
        "{owner} sendte et varsel{on}{about}, og dialogen krever handling.",
        "{owner} sent a notice{on}{about}, and the dialog asks for action.",
    ),
    "asked_without_evidence": (
        "{owner} krever handling, men dialogen sier ikke hvilken.",
        "{owner} asks for action, but the dialog does not say which.",
    ),
    "app_in_progress": (
        "{owner} har opprettet et skjema som venter på dere{since}.",
        "{owner} has made a form that has been waiting for you{since}.",
    ),
    "in_progress": (
        "Arbeidet hos {owner} er påbegynt, og dialogen leder videre{about}.",
        "The work with {owner} has begun, and the dialog leads on{about}.",
    ),
    "in_progress_unopened": (
        "Dialogen fra {owner} er under arbeid, men vi har ikke åpnet den slik den er nå; det kan være deres tur.",
        "The dialog from {owner} is in progress, but we have not opened it as it is now; it may be your turn.",
    ),
    "in_progress_without_action": (
        "Dialogen er under arbeid og tilbyr ingenting som fører den videre; saken ligger hos {owner}.",
        "The dialog is in progress and offers nothing that leads it on; the case is with {owner}.",
    ),
    "just_created": (
        "Dialogen er nettopp opprettet og ennå tom; {owner} er ikke ferdig.",
        "The dialog has just been created and is still empty; {owner} is not done.",
    ),
    "letter_due": (
        "Brevet fra {owner} er åpnet, men fristen er nær og ingenting viser at den er overholdt.",
        "The letter from {owner} has been opened, but its due date is near and nothing shows that it is met.",
    ),
    "letter_opened": ("Brevet fra {owner} krever ikke mer.", "The letter from {owner} asks for nothing more."),
    "messages_unknown": (
        "{owner} har sendt meldinger som vi ennå ikke har fått hentet, så vi vet ikke hva de ber om.",
        "{owner} has sent messages that we could not fetch yet, so we do not know what they ask for.",
    ),
    "due_soon": (
        "Dialogen fra {owner} har en nær frist og sier ikke hva som skal gjøres.",
        "The dialog from {owner} has a due date near and does not say what to do.",
    ),
    "seen": (
        "Innholdet ble sett{on}, og ingenting er etterspurt.",
        "The content was seen{on}, and nothing is asked for.",
    ),
    "messages_opened": (
        "Meldingene er lest, og ingenting er etterspurt.",
        "The messages are read, and nothing is asked for.",
    ),
    "invitation": (
        "Dialogen fra {owner} er et tilbud, ikke et krav.",
        "The dialog from {owner} is an offer, not a demand.",
    ),
    "nothing": ("Ingenting i dialogen er etterspurt eller ulest.", "Nothing in the dialog is asked for or unread."),
    "content_masked": (
        "{owner} har sendt noe{on} som vi ikke har rett til å lese.",
        "{owner} has sent something{on} that we have no right to read.",
    ),
    "withheld": (
        "{owner} krever handling, men holder tilbake deler av dialogen for oss.",
        "{owner} asks for action, but parts of the dialog are withheld from us.",
    ),
    "all_unauthorized": (
        "{evidence}, men vi mangler rett til alt som dialogen tilbyr.",
        "{evidence}, but we lack the right to everything the dialog offers.",
    ),
    "sunset": (
        "Endepunktet som dialogen oppgir, er på vei ut, og det finnes ikke noe nyere ved siden av.",
        "The endpoint that the dialog declares is on its way out, and no newer one stands beside it.",
    ),
}

STEPS: dict[NextStep, tuple[str, str]] = {
    "read": ("Les innholdet", "Read it"),
    "confirm": ("Åpne og bekreft mottak", "Open it and confirm receipt"),
    "fill_in": ("Fyll ut skjemaet", "Fill in the form"),
    "submit": ("Send inn", "Send it in"),
    "sign": ("Signer", "Sign it"),
    "pay": ("Betal", "Pay"),
    "answer_request": ("Svar", "Answer"),
    "correct": ("Send korrigert melding", "Send a corrected message"),
    "review": ("Se på saken", "Look at the case"),
    "get_access": ("Skaff tilgang", "Get access"),
    "raise_auth_level": ("Logg inn på høyere nivå", "Log in at a higher level"),
    "migrate_endpoint": ("Bytt til et nyere endepunkt", "Move to a newer endpoint"),
}
