"""Altinn Correspondence: every row of the producers reference §3, and letters sent into other dialogs."""

from __future__ import annotations

from typing import Any

from tests.unit.attention_cases.building import (
    GONE,
    GUI_FILE,
    MASK,
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
    link,
    minutes,
    sent,
)

BASE = "https://platform.altinn.no/correspondence/api/v1/correspondence/ba3fcb22"
CONTENT = f"{BASE}/content"
GET = api("getCorrespondence", endpoint("GET", url=BASE), action="read")
PURGE = api("purgeCorrespondence", endpoint("DELETE", url=f"{BASE}/purge"))
PURGE_BUTTON = gui("Slett", method="DELETE", delete=True, priority="Tertiary", url=f"{BASE}/purge")
REPLY = gui("Svar på brevet", priority="Tertiary", url="https://eksempel.no/svar")
OPENED = did("CorrespondenceOpened", days(-4))
CONFIRMED = did("CorrespondenceConfirmed", days(-3))
NOTIFIED = did("Information", days(-5), by="ServiceOwner")


def confirm_api(authorized: bool = True) -> Body:
    return api("confirmCorrespondence", endpoint("POST", url=f"{BASE}/confirm"), authorized=authorized)


def confirm_button(authorized: bool = True) -> Body:
    return gui("Bekreft", en="Confirm", method="POST", url=f"{BASE}/confirm", authorized=authorized)


def letter(
    status: str = "NotApplicable",
    *activities: Body,
    confirm: tuple[Body | None, Body | None] = (None, None),
    **rest: Any,
) -> Body:
    settings: dict[str, Any] = {
        "org": "arb",
        "resource": "dat-tilsynsrapport",
        "kind": "correspondenceservice",
        "created": days(-5),
        "title": "Tilsynsrapport",
        "main": link(CONTENT),
        "activities": activities,
        "api_actions": [GET, PURGE, *([confirm[0]] if confirm[0] else [])],
        "gui_actions": [*([confirm[1]] if confirm[1] else []), PURGE_BUTTON],
        "unopened": not any(each["type"] == "CorrespondenceOpened" for each in activities),
    }
    return dialog(status, **(settings | rest))


BOTH = (confirm_api(), confirm_button())
NO_API = (confirm_api(False), confirm_button())
NEITHER = (confirm_api(False), confirm_button(False))


def direct(status: str, *letters: Body, **rest: Any) -> Body:
    return dialog(status, transmissions=letters, **rest)


CASES: list[Labelled] = [
    case(
        "3 published, no confirmation",
        letter("NotApplicable", NOTIFIED),
        "read",
        has="unread_content status_not_applicable",
        unopened="read",
    ),
    case("3 published without any activity", letter(), "read", unopened="read"),
    case("3 published, with reply links", letter(gui_actions=[REPLY, PURGE_BUTTON]), "read", unopened="read"),
    case(
        "3 unopened, attachments meant for machines change nothing",
        letter(attachments=[attachment(GUI_FILE)]),
        "read",
        unopened="read",
    ),
    case("3 unopened, due soon", letter(due=days(5)), "read", deadline=days(5), has="due_soon", unopened="read"),
    case("3 unopened, seen in the inbox but not opened", letter(human=days(-1)), "read", unopened="read"),
    case(
        "3 unopened, attachment expires first",
        letter(attachments=[attachment(GUI_FILE, expires=days(20)), attachment(GUI_FILE, expires=days(6))]),
        "read",
        deadline=days(6),
        has="expires_soon",
        unopened="read",
    ),
    case(
        "3 unopened, attachment already gone",
        letter(attachments=[attachment(("Gui", GONE), expires=days(-1))]),
        "read",
        has="attachments_expired no_deadline",
        unopened="read",
    ),
    case(
        "3 confirmation needed",
        letter("RequiresAttention", NOTIFIED, confirm=BOTH, due=days(9)),
        "confirm",
        "machine",
        deadline=days(9),
        has="confirmation_missing api_action_authorized due_soon",
        unopened="confirm",
    ),
    case(
        "3 confirmation needed, opened",
        letter("RequiresAttention", OPENED, confirm=BOTH, due=days(9)),
        "confirm",
        "machine",
        deadline=days(9),
        unopened="confirm",
    ),
    case(
        "3 confirmation overdue",
        letter("RequiresAttention", NOTIFIED, confirm=BOTH, due=days(-2)),
        "confirm",
        "machine",
        deadline=days(-2),
        has="overdue",
        unopened="confirm",
    ),
    case(
        "3 API confirm needs write, the button only read",
        letter("RequiresAttention", NOTIFIED, confirm=NO_API, due=days(9)),
        "confirm",
        deadline=days(9),
        has="api_action_unauthorized",
        unopened="confirm",
    ),
    case(
        "3 neither confirm is ours",
        letter("RequiresAttention", NOTIFIED, confirm=NEITHER, due=days(9)),
        "get_access",
        deadline=days(9),
        has="confirmation_missing all_actions_unauthorized",
        unopened="confirm",
    ),
    case(
        "3 only the button left",
        letter("RequiresAttention", NOTIFIED, confirm=(None, confirm_button()), due=days(9)),
        "confirm",
        deadline=days(9),
        has="gui_action_only",
        unopened="confirm",
    ),
    case("3 opened, no due date", letter("NotApplicable", OPENED), "none", has="content_opened", unopened="none"),
    case(
        "3 opened, due date near, no action",
        letter("NotApplicable", OPENED, due=days(9)),
        "review",
        deadline=days(9),
        has="content_opened due_soon",
        unopened="review",
    ),
    case("3 opened, due date far", letter("NotApplicable", OPENED, due=days(20)), "none", unopened="none"),
    case(
        "3 opened, due date passed",
        letter("NotApplicable", OPENED, due=days(-1)),
        "none",
        has="past_due_but_closed",
        unopened="none",
    ),
    case(
        "3 confirmed and opened",
        letter("NotApplicable", OPENED, CONFIRMED),
        "none",
        has="already_confirmed",
        unopened="none",
    ),
    case(
        "3 confirmed and opened, due date kept, near",
        letter("NotApplicable", OPENED, CONFIRMED, due=days(9)),
        "none",
        has="already_confirmed",
        unopened="none",
    ),
    case(
        "3 confirmed and opened, due date kept, past",
        letter("NotApplicable", OPENED, CONFIRMED, due=days(-9)),
        "none",
        has="already_confirmed past_due_but_closed",
        unopened="none",
    ),
    case(
        "3 confirmed, status not patched yet",
        letter("RequiresAttention", OPENED, CONFIRMED, confirm=BOTH, due=days(9)),
        "none",
        has="already_confirmed",
        unopened="none",
    ),
    case(
        "3 confirmed, never opened",
        letter("NotApplicable", CONFIRMED, due=days(9)),
        "read",
        has="already_confirmed unread_content",
        unopened="read",
    ),
    case(
        "3 migrated, confirmed, confirm action left behind",
        letter(
            "NotApplicable",
            did("CorrespondenceOpened", "2024-02-02T10:00:00Z"),
            did("CorrespondenceConfirmed", "2024-02-03T10:00:00Z"),
            confirm=(confirm_api(), None),
            created="2024-02-01T10:00:00Z",
        ),
        "none",
        has="already_confirmed leftover_write_action",
        unopened="none",
    ),
    case("3 migrated, unopened long ago", letter(created="2024-02-01T10:00:00Z"), "none", unopened="none"),
    case(
        "3 migrated, archived in Altinn 2",
        letter(created="2024-02-01T10:00:00Z", labels=("Archive",)),
        "none",
        unopened="none",
    ),
    case("3 the day before the platform's cut", letter(created="2025-11-30T23:59:59Z"), "none", unopened="none"),
    case("3 the day of the platform's cut", letter(created="2025-12-01T00:00:00Z"), "read", unopened="read"),
    case(
        "3 old, but the confirmation is still open",
        letter("RequiresAttention", confirm=BOTH, created="2025-10-01T10:00:00Z", due=days(3)),
        "confirm",
        "machine",
        deadline=days(3),
        unopened="confirm",
    ),
    case(
        "3 archived by a human, unopened", letter(labels=("Archive",)), "none", has="archived_by_user", unopened="none"
    ),
    case("3 binned by a human, unopened", letter(labels=("Bin",)), "none", has="binned_by_user", unopened="none"),
    case(
        "3 archived although it must be confirmed",
        letter("RequiresAttention", NOTIFIED, confirm=BOTH, due=days(9), labels=("Archive",)),
        "confirm",
        "machine",
        deadline=days(9),
        has="archived_but_open",
        unopened="confirm",
    ),
    case(
        "3 binned although it must be confirmed",
        letter("RequiresAttention", NOTIFIED, confirm=BOTH, labels=("Bin",)),
        "confirm",
        "machine",
        has="archived_but_open binned_by_user",
        unopened="confirm",
    ),
    case(
        "3 confidential reminder",
        dialog(
            "RequiresAttention",
            org="digdir",
            resource="digdir-paaminnelse",
            kind="correspondenceservice",
            created=days(-2),
            main=link(CONTENT),
            unopened=True,
        ),
        "read",
        has="status_requires_attention unread_content no_action",
        unopened="read",
    ),
    case(
        "3 confidential reminder of another type",
        dialog("RequiresAttention", org="digdir", resource="digdir-paaminnelse", created=days(-2), main=link(CONTENT)),
        "read",
        unopened="read",
    ),
    case(
        "3 content masked",
        letter(main=link(MASK, False), api_actions=[], gui_actions=[]),
        "get_access",
        has="content_masked",
        unopened="read",
    ),
    case(
        "3 sent as a transmission into a completed dialog",
        direct(
            "Completed",
            sent("Submission", days(-9), by="PartyRepresentative"),
            sent("Information", days(-2), reference=CONTENT, title="Brev"),
        ),
        "read",
        has="unread_content status_completed",
        unopened="read",
    ),
    case(
        "3 the same, opened",
        direct(
            "Completed",
            (note := sent("Information", days(-2), reference=CONTENT, opened=True)),
            activities=[did("TransmissionOpened", days(-1), on=note["id"])],
        ),
        "none",
        unopened="none",
    ),
    case(
        "3 the same, typed as Submission by its sender",
        direct("Completed", sent("Submission", days(-2), by="PartyRepresentative", reference=CONTENT)),
        "read",
        unopened="read",
    ),
    case(
        "3 a letter typed Submission answers no request",
        direct(
            "RequiresAttention",
            sent("Request", days(-6)),
            sent("Submission", days(-2), by="PartyRepresentative", reference=CONTENT),
            api_actions=[api("svar")],
        ),
        "answer_request",
        "machine",
        unopened="answer_request",
    ),
    case(
        "3 letter in an open dialog is a person's",
        direct(
            "NotApplicable",
            sent(
                "Information",
                days(-2),
                reference=CONTENT,
                attachments=[attachment(("Api", "https://api.eksempel.no/1"))],
            ),
        ),
        "read",
        unopened="read",
    ),
    case("3 the letter has just come", letter(created=minutes(-5)), "read", unopened="read"),
    case(
        "3 opened, due in exactly 14 days",
        letter("NotApplicable", OPENED, due=days(14)),
        "review",
        deadline=days(14),
        has="due_soon",
        unopened="review",
    ),
]
