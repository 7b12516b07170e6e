"""The forms in the demo inbox: which app, whose, in which state, how long ago (reference: producers §2)."""

from __future__ import annotations

from sync.sandbox.seed.apps import (
    ACCIDENT,
    ACCOUNTS,
    BUILDING,
    COORDINATED,
    EXEMPTION,
    GRANT,
    INVESTMENT,
    LICENCE,
    OWNERS,
    TAX,
    TURNOVER,
    VAT,
    App,
    instance,
    patched_by_owner,
    statusless,
)
from sync.sandbox.seed.people import (
    BAKERY,
    BAKERY_SHOP,
    HOUSING,
    JOINERY,
    POTTERY,
    SEAFOOD,
    SEAFOOD_LANDING,
    SOLVEIG,
    TRANSPORT,
    Party,
)
from sync.sandbox.seed.script import Script

# row of the reference, state, app, party, days ago, days from now to the due date (None: no date)
_FORMS: tuple[tuple[str, str, App, Party, int, int | None], ...] = (
    ("2.1 draft", "draft", INVESTMENT, BAKERY, 1, 9),
    ("2.1 draft", "draft", TURNOVER, BAKERY_SHOP, 46, None),
    ("2.1 draft", "draft", COORDINATED, JOINERY, 12, None),
    ("2.1 draft", "draft", GRANT, SEAFOOD, 33, -3),
    ("2.1 draft", "draft", LICENCE, BAKERY, 3, None),
    ("2.1 draft", "draft", EXEMPTION, SOLVEIG, 5, None),
    ("2.1 prefill", "prefill", INVESTMENT, SEAFOOD, 16, 21),
    ("2.1 prefill", "prefill", TURNOVER, JOINERY, 21, 4),
    ("2.1 prefill", "prefill", TAX, POTTERY, 28, -2),
    ("2.1 confirmation", "confirmation", COORDINATED, HOUSING, 4, None),
    ("2.1 confirmation", "confirmation", OWNERS, SEAFOOD, 9, 12),
    ("2.1 signing", "signing", ACCOUNTS, BAKERY, 6, 24),
    ("2.1 signing", "signed-once", ACCOUNTS, SEAFOOD, 8, 24),
    ("2.1 signing", "signing", COORDINATED, TRANSPORT, 19, -5),
    ("2.1 payment", "payment", BUILDING, HOUSING, 7, None),
    ("2.1 payment", "payment-told", EXEMPTION, TRANSPORT, 4, None),
    ("2.1 feedback", "feedback", VAT, BAKERY, 2, None),
    ("2.1 feedback", "feedback", GRANT, SEAFOOD_LANDING, 25, None),
    ("2.1 additional input", "more-input", GRANT, HOUSING, 14, 6),
    ("2.1 additional input", "more-input", LICENCE, SEAFOOD_LANDING, 5, None),
    ("2.1 additional input unseen", "back-unseen", VAT, POTTERY, 3, None),
    ("2.1 rejected", "rejected", ACCOUNTS, JOINERY, 10, None),
    ("2.1 rejected", "rejected", VAT, TRANSPORT, 2, 8),
    ("2.1 archived unconfirmed", "unconfirmed", ACCIDENT, BAKERY, 3, None),
    ("2.1 archived unconfirmed", "unconfirmed", EXEMPTION, JOINERY, 11, None),
    ("2.1 archived confirmed", "confirmed", VAT, BAKERY, 62, None),
    ("2.1 archived confirmed", "confirmed", VAT, JOINERY, 60, None),
    ("2.1 archived confirmed", "confirmed", VAT, SEAFOOD, 59, None),
    ("2.1 archived confirmed", "copyable", TURNOVER, BAKERY_SHOP, 30, None),
    ("2.1 archived confirmed", "copyable", INVESTMENT, SEAFOOD, 92, None),
    ("2.1 archived confirmed", "confirmed", ACCOUNTS, HOUSING, 120, None),
    ("2.1 archived confirmed", "confirmed", TAX, SOLVEIG, 180, None),
    ("2.1 soft-deleted", "soft-deleted", COORDINATED, BAKERY, 13, None),
    ("2.1 hard-deleted", "hard-deleted", LICENCE, SEAFOOD, 17, None),
    ("2.3 not completed when confirmed", "awaiting-for-ever", ACCIDENT, SEAFOOD_LANDING, 40, None),
)
_OPENED = frozenset({0, 2, 6, 10, 12, 16, 18, 21, 25, 26, 28, 30, 31})
_ARCHIVED = frozenset({26, 30})


def add_to(script: Script) -> None:
    """Writes the forms into the script."""
    for number, (row, state, app, party, days_ago, due) in enumerate(_FORMS):
        key = f"app-{number}"
        more: dict[str, object] = {} if due is None else {"dueAt": script.due(due)}
        dialog = instance(script, row, state, key, app, party, days_ago, **more)
        if number in _OPENED:
            dialog.opened(dialog.after(minutes=780))
        if number in _ARCHIVED:
            dialog.labelled(dialog.after(minutes=790), "Archive")
    statusless(script, "2.3 no status", "app-statusless", GRANT, JOINERY, 22)
    patched_by_owner(script, "2.3 patched by its owner", "app-patched", ACCIDENT, JOINERY, 9)
    hidden = instance(
        script, "2.2 hidden from people", "draft", "app-hidden", TURNOVER, SEAFOOD_LANDING, 15, isApiOnly=True
    )
    hidden.activity(hidden.after(minutes=55), "FormSaved")
