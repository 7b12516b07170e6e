"""What a "no" of ID-porten means, and what to do about it. Pure.

ID-porten documents no codes of its own, so these are OAuth's (reference: auth §4.6): the authorize page sends them back
to the redirect address, the token endpoint answers them. The same code means other things at other steps of the way.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from config.redaction import HIDDEN
from sync.auth.attempt import Returned
from sync.auth.grant import Client, ClientSecret
from sync.auth.id_token import Flaw
from sync.auth.refusals import Meaning, harmless, oauth_error
from sync.dialogporten.errors import Context, TokenRefused

# begin: the request is pushed; return: the person came back; code: the code is exchanged.
Step = Literal["begin", "return", "code", "refresh", "revoke"]

READING_SCOPES: Final = ("digdir:dialogporten", "digdir:dialogporten.noconsent")

_CLIENT: Final = Meaning(
    "ID-porten does not accept the proof of the client {client}. Check client_id and {proof} of the connection: the "
    "client must be registered in this environment with exactly that method, and a key or secret lives one year."
)
_SCOPE: Final = Meaning(
    "A scope of the connection ({scopes}) is not registered on the client {client}, or not for ID-porten. Add it to "
    "the client at Digdir, or take it out of the connection's scopes."
)
_REQUEST: Final = Meaning(
    "ID-porten found a fault in our request{said}. Check that redirect ({redirect}), acr and scopes of the connection "
    "are as registered on the client {client}; if they are, report this as a fault in Dialogarkiv."
)
_UNAUTHORIZED: Final = Meaning(
    "The client {client} may not do this. It must be registered as api_klient at Digdir, with the grant types "
    "authorization_code and refresh_token."
)
_SERVER: Final = Meaning(
    "ID-porten failed while answering. Nothing was stored; try again in some minutes.", who="server", permanent=False
)
_DECLINED: Final = Meaning(
    "Declined: ID-porten reports that the login was broken off or the consent not given, and nothing was stored. "
    "To let Dialogarkiv read, run `dialogarkiv login {name}` again and approve.",
    who="user",
)
_AGAIN: Final = Meaning(
    "ID-porten could not finish the login by itself. Run `dialogarkiv login {name}` again and complete every page.",
    who="user",
)

ANYWHERE: Final[Mapping[str, Meaning]] = {
    "invalid_client": _CLIENT,
    "unauthorized_client": _UNAUTHORIZED,
    "unsupported_grant_type": _UNAUTHORIZED,
    "unsupported_response_type": _UNAUTHORIZED,
    "invalid_scope": _SCOPE,
    "invalid_request": _REQUEST,
    "invalid_request_object": _REQUEST,
    "server_error": _SERVER,
    "temporarily_unavailable": _SERVER,
}

MEANINGS: Final[Mapping[tuple[Step, str], Meaning]] = {
    ("return", "access_denied"): _DECLINED,
    ("return", "consent_required"): _DECLINED,
    ("return", "login_required"): _AGAIN,
    ("return", "interaction_required"): _AGAIN,
    ("return", "account_selection_required"): _AGAIN,
    ("return", "unmet_authentication_requirements"): Meaning(
        "The login did not reach the level that the connection asks for ({acr}). Log in with BankID, Buypass or "
        "Commfides for level high.",
        who="user",
    ),
    ("return", "invalid_request_uri"): Meaning(
        "The address was visited too late, or twice. Run `dialogarkiv login {name}` again and visit it at once.",
        who="user",
    ),
    ("code", "invalid_grant"): Meaning(
        "ID-porten did not take the code of this login: it lives for a minute and works once. "
        "Run `dialogarkiv login {name}` again, and come back at once.",
        who="user",
    ),
    ("refresh", "invalid_grant"): Meaning(
        "The consent of {name} has ended: it ran out, it lay unused for too long, or it was withdrawn at ID-porten. "
        "Log in again: dialogarkiv login {name}",
        who="user",
    ),
}

FLAWS: Final[Mapping[Flaw, str]] = {
    "missing": "there was none",
    "form": "it is not one, or lacks what it must hold",
    "algorithm": "it is signed in a way that ID-porten does not use",
    "key": "its key is not among ID-porten's",
    "signature": "its signature does not hold",
    "issuer": "it is of another issuer than {issuer}",
    "audience": "it was made for another client than {client}",
    "expired": "it had run out when it came",
    "future": "it was made in the future: check this machine's clock",
    "nonce": "it belongs to another login than this one",
    "binding": "it belongs to another access token",
}


@dataclass(frozen=True, slots=True)
class _Said:
    """What the sentences are filled in with."""

    client: Client
    issuer: str
    description: str = ""

    def fill(self, text: str) -> str:
        return text.format(
            name=self.client.connection,
            client=self.client.client_id,
            issuer=self.issuer,
            scopes=" ".join(self.client.scopes),
            redirect=self.client.redirect,
            acr=self.client.acr,
            proof="client_secret" if isinstance(self.client.credential, ClientSecret) else "key (and key_id)",
            said=f" ({self.description})" if self.description else "",
        )


def answer_refused(
    step: Step, status: int, body: bytes, client: Client, issuer: str, context: Context, *, secrets: Iterable[str] = ()
) -> TokenRefused:
    """The error for a 4xx of one of ID-porten's endpoints; `secrets` are what we sent. Never raises."""
    code, description = oauth_error(body)
    return _refused(step, code, _without(description, secrets), status, client, issuer, context)


def return_refused(returned: Returned, client: Client, issuer: str, context: Context) -> TokenRefused:
    """The error for a person who comes back without a code."""
    description = harmless(returned.description, 400)
    return _refused("return", harmless(returned.error, 60), description, None, client, issuer, context)


def _refused(
    step: Step, code: str, description: str, status: int | None, client: Client, issuer: str, context: Context
) -> TokenRefused:
    meaning = MEANINGS.get((step, code)) or ANYWHERE.get(code)
    said = _Said(client, issuer, description)
    if meaning is None:
        told = f": {description}" if description else ""
        return TokenRefused(
            f"ID-porten at {issuer} refused the client {client.client_id} ({code or status}){told}. "
            "Ask Digdir's service desk with these facts.",
            code=code or f"HTTP {status}",
            permanent=bool(code),
            context=context,
            status=status,
        )
    return TokenRefused(
        f"{said.fill(meaning.sentence)} [{code}]",
        code=code,
        permanent=meaning.permanent,
        context=context,
        status=status,
        who=meaning.who,
    )


def foreign_answer(mark: str, client: Client, issuer: str, context: Context) -> TokenRefused:
    """The error for an answer with a `state` or `iss` that is not of this login."""
    if mark == "iss":
        sentence = (
            f"The answer is not of ID-porten at {issuer}, or does not say so, and was not used. Log in again: "
            f"dialogarkiv login {client.connection}. If it happens again, check the environment's idporten address and "
            "tell Digdir."
        )
    else:
        sentence = (
            "The answer belongs to another login than this one, and was not used. If you logged in twice, use the "
            f"newest page alone: dialogarkiv login {client.connection}"
        )
    return TokenRefused(sentence, code=mark, permanent=True, context=context, who="user")


def not_verified(flaw: Flaw, client: Client, issuer: str, context: Context) -> TokenRefused:
    """The error for an id_token that does not prove what it should; the consent was given back."""
    if flaw == "acr":
        return TokenRefused(
            f"The login was at a lower level than the connection asks for ({client.acr}), and was not used. Log in "
            "again with BankID, Buypass or Commfides for level high, or set acr to the level you have.",
            code="acr",
            permanent=True,
            context=context,
            who="user",
        )
    problem = _Said(client, issuer).fill(FLAWS[flaw])
    return TokenRefused(
        f"ID-porten's proof of who logged in (the id_token) was not accepted: {problem}. Nothing was stored. Log in "
        f"again: dialogarkiv login {client.connection}. If it happens again, tell Digdir.",
        code=flaw,
        permanent=True,
        context=context,
    )


def nothing_to_read(client: Client, granted: Iterable[str], context: Context) -> TokenRefused:
    """The error for a consent without Dialogporten's scope: declined on the page, or dropped without a word."""
    wanted = " or ".join(scope for scope in client.scopes if scope in READING_SCOPES)
    given = " ".join(granted)
    return TokenRefused(
        f"ID-porten left out {wanted}, without which nothing can be read: it was not approved on the consent page, or "
        f"the client {client.client_id} may not have it. {f'Given was only {given}. ' if given else ''}Nothing was "
        f"stored. Run `dialogarkiv login {client.connection}` again and approve it.",
        code="scope",
        permanent=True,
        context=context,
        who="user",
    )


def another_person(client: Client, context: Context) -> TokenRefused:
    """The error for a login by somebody else than the last one; the consent was given back."""
    name = client.connection
    return TokenRefused(
        f"Another person than the last one logged in to {name}, and nothing was stored: two persons' inboxes would run "
        f"together. Log in as the last one, or give this person a connection of their own. If {name} is to be theirs "
        f"from now on: dialogarkiv login {name} --other-person",
        code="person",
        permanent=True,
        context=context,
        who="user",
    )


def no_refresh_token(client: Client, context: Context) -> TokenRefused:
    """The error for a consent that would end with its first access token."""
    return TokenRefused(
        f"ID-porten gave no refresh token, so the consent would end in minutes. Register the grant type refresh_token "
        f"on the client {client.client_id} at Digdir, then log in again: dialogarkiv login {client.connection}",
        code="refresh_token",
        permanent=True,
        context=context,
    )


def _without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text
