"""The pages that a person meets at the sandbox's ID-porten: plain HTML, no script, nothing from elsewhere.

Forms, for whoever drives them: login posts `visit`, `pid` (one of the persons offered, or `other` with `other_pid`),
`acr`, `decision` (login, cancel); consent posts `visit`, `scope` (one for each ticked box), `decision` (approve,
decline). The buttons have the ids `login`, `cancel`, `approve`, `decline`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from sync.sandbox.idporten_grants import Grant, Visit
from sync.sandbox.idporten_words import HIGH, SUBSTANTIAL

Persons = Sequence[tuple[str, str]]  # national id and name
OTHER = "other"
_LEVELS = {SUBSTANTIAL: "substantial, as with MinID", HIGH: "high, as with BankID"}
_SCOPES = {
    "digdir:dialogporten": "Read your inbox in Dialogporten: your own, and those of everybody you act for.",
    "altinn:instances.read": "Read forms and their attachments in Altinn on your behalf.",
    "altinn:correspondence.read": "Read letters in Altinn on your behalf.",
}
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem}"
    "fieldset{border:1px solid #999;margin:1rem 0}label{display:block;margin:.4rem 0}"
    "button{font:inherit;padding:.4rem 1rem;margin-right:.5rem}"
)


def login_page(name: str, visit: Visit, persons: Persons, preselected: str | None) -> str:
    """Who are you, and how do you log in?"""
    chosen = preselected if preselected in {pid for pid, _ in persons} else (persons[0][0] if persons else OTHER)
    people = [_radio("pid", pid, f"{person} ({pid})", pid == chosen) for pid, person in persons]
    other = (
        _radio("pid", OTHER, "Somebody else, with this national identity number:", chosen == OTHER)
        + '<input name="other_pid" inputmode="numeric" autocomplete="off" aria-label="National identity number">'
    )
    levels = [_radio("acr", acr, _LEVELS[acr], acr == visit.asked.levels[0]) for acr in visit.asked.levels]
    return _page(
        "Log in",
        f"<p>A program wants to act for you: client <code>{escape(visit.asked.client.client_id)}</code>.</p>"
        '<form method="post" action="login">'
        f"{_hidden('visit', name)}"
        f"<fieldset><legend>Who are you?</legend>{''.join(people)}{other}</fieldset>"
        f"<fieldset><legend>Level of login</legend>{''.join(levels)}</fieldset>"
        f"{_button('login', 'Log in')}{_button('cancel', 'Cancel')}</form>",
    )


def consent_page(name: str, visit: Visit, scopes: Iterable[str]) -> str:
    """What may the program do? Each scope by itself."""
    boxes = [
        f'<label><input type="checkbox" name="scope" value="{escape(scope)}" checked> '
        f"{escape(_SCOPES.get(scope, 'Use this on your behalf.'))} <code>{escape(scope)}</code></label>"
        for scope in scopes
    ]
    return _page(
        "Your consent",
        f"<p>The client <code>{escape(visit.asked.client.client_id)}</code> asks for the following. "
        "Take a tick away to leave that out. You can withdraw your consent at any time.</p>"
        '<form method="post" action="consent">'
        f"{_hidden('visit', name)}<fieldset><legend>It may</legend>{''.join(boxes)}</fieldset>"
        f"{_button('approve', 'Approve')}{_button('decline', 'Decline')}</form>",
    )


def profile_page(persons: Persons, pid: str | None, grants: Sequence[Grant]) -> str:
    """A person's living consents, each with a way to withdraw it; first, who are you?"""
    if pid is None:
        people = [_radio("pid", one, f"{name} ({one})", at == 0) for at, (one, name) in enumerate(persons)]
        return _page(
            "Your consents",
            '<form method="post" action="profile">'
            f"<fieldset><legend>Who are you?</legend>{''.join(people)}</fieldset>{_button('show', 'Show')}</form>",
        )
    rows = [
        f"<fieldset><legend><code>{escape(one.client.client_id)}</code></legend>"
        f"<p>{escape(', '.join(one.scopes))}<br>until {one.ends:%Y-%m-%d %H:%M} UTC</p>"
        '<form method="post" action="withdraw">'
        f"{_hidden('pid', pid)}{_hidden('client_id', one.client.client_id)}{_button('withdraw', 'Withdraw')}"
        "</form></fieldset>"
        for one in grants
    ]
    return _page("Your consents", "".join(rows) or "<p>No program may act for you.</p>")


def message_page(title: str, text: str) -> str:
    """One sentence."""
    return _page(title, f"<p>{escape(text)}</p>")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)} – sandbox</title><style>{_STYLE}</style></head><body>"
        f"<p>The sandbox plays ID-porten. Everybody here is invented.</p><h1>{escape(title)}</h1>{body}</body></html>"
    )


def _radio(name: str, value: str, text: str, is_chosen: bool) -> str:
    chosen = " checked" if is_chosen else ""
    return f'<label><input type="radio" name="{name}" value="{escape(value)}"{chosen}> {escape(text)}</label>'


def _hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _button(decision: str, text: str) -> str:
    return f'<button name="decision" value="{decision}" id="{decision}">{text}</button>'
