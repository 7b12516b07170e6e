"""What a refusal of the token endpoint means, and what to do about it. Pure.

Codes: reference auth §1.6. A code that is not in the table keeps Maskinporten's own description, without secrets.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

from config.redaction import redact
from sync.dialogporten.errors import Context, TokenRefused, Who

CODE: Final = re.compile(r"\bMP-?(\d{3})\b")
AHEAD: Final = "AHEAD"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What to say (`{client}` and its like are filled in), who must act, and whether asking again is no use."""

    sentence: str
    who: Who = "operator"
    permanent: bool = True


@dataclass(frozen=True, slots=True)
class Asked:
    """What the grant said, for the sentence."""

    client: str
    issuer: str
    scopes: str
    org: str
    external_ref: str | None = None


MEANINGS: Final[dict[str, Meaning]] = {
    "MP-011": Meaning(
        "Maskinporten could not read a value in the grant. Check client_id, scopes, org and external_ref of the "
        "connection; if they are right, report this as a fault in Dialogarkiv."
    ),
    "MP-012": Meaning(
        "Maskinporten has seen this grant before, and so the new one that was tried after it. "
        "Is another program sending copies of our requests? It is tried again at the next run.",
        who="nobody",
        permanent=False,
    ),
    "MP-100": Meaning(
        "Maskinporten at {issuer} does not know the client {client}. Check client_id, and that it was registered in "
        "this environment: test and production have separate registers."
    ),
    "MP-110": Meaning(
        "The grant was addressed to another Maskinporten than {issuer}. Check the environment's maskinporten address, "
        "the slash at its end included."
    ),
    "MP-120": Meaning(
        "The certificate is not valid. Register a key of its own on the client {client} and set it as the "
        "connection's key."
    ),
    "MP-121": Meaning(
        "The key registered on the client {client} has expired (a key lives one year). Upload the public key again, "
        "the same one may be used, or make a new one with dialogarkiv init."
    ),
    "MP-122": Meaning(
        "The certificate belongs to another organisation than the client {client}. Use a key registered on the client."
    ),
    "MP-123": Meaning(
        "The certificate in the grant has the wrong form. Use a key registered on the client {client} instead."
    ),
    "MP-124": Meaning(
        "The signature does not fit the key registered on the client {client}. Check that key and key_id belong "
        "together and that this key's public half is registered; a change takes a few minutes to work."
    ),
    "MP-130": Meaning(
        "Maskinporten says that the grant was out of date when it came. Check this machine's clock and turn on time "
        "synchronisation.",
        permanent=False,
    ),
    AHEAD: Meaning(
        "Maskinporten says that the grant comes from the future: this machine's clock is ahead. "
        "Set it right and turn on time synchronisation.",
        permanent=False,
    ),
    "MP-200": Meaning(
        "A scope of the connection is not registered on the client {client}. Add {scopes} to the client at Digdir, "
        "or take it out of the connection's scopes."
    ),
    "MP-201": Meaning(
        "A scope of the connection ({scopes}) is not allowed for this kind of client. The client must be a "
        "Maskinporten client; check its integration type at Digdir."
    ),
    "MP-250": Meaning(
        "The organisation behind the client {client} has not been granted a scope ({scopes}). "
        "Ask the owner of the scope to grant it; for digdir:dialogporten that is Digdir."
    ),
    "MP-251": Meaning(
        "A scope ({scopes}) was to be used on another organisation's behalf, and that delegation is missing. "
        "System users need none: check that the client {client} belongs to the vendor itself."
    ),
    "MP-301": Meaning(
        "Maskinporten does not know the kind of authorization_details we sent. Please report this as a fault in "
        "Dialogarkiv.",
        who="us",
    ),
    "MP-302": Meaning(
        "Maskinporten did not accept a field of authorization_details. Check external_ref{ref}: it may hold letters, "
        "digits, _ and - only, at most 255; if it does, report this as a fault in Dialogarkiv."
    ),
    "MP-303": Meaning(
        "Maskinporten finds no system user of {org} for the client {client}. It is one of four: "
        "(1) the request is not approved yet: have somebody in {org} approve it in Altinn; "
        "(2) the client id is not on the registered system: add it there; "
        "(3) external_ref is not that of the request{ref}: write exactly that one, or leave it out if there was none; "
        "(4) org is not the owner of the system user: in a client relationship it is the accountant, never the client.",
        who="user",
    ),
}


def grant_refusal(status: int, body: bytes, asked: Asked, context: Context) -> TokenRefused:
    """The error for a 4xx of the token endpoint. `body` as it came; nothing secret of it is kept. Never raises."""
    error, description = oauth_error(body)
    found = CODE.search(description)
    code = f"MP-{found[1]}" if found else error
    meaning = MEANINGS.get(code)
    if meaning is None and "issue time is after now" in description.lower():
        meaning = MEANINGS[AHEAD]
    if meaning is None:
        said = f": {description}" if description else ""
        return TokenRefused(
            f"Maskinporten at {asked.issuer} refused a token for the client {asked.client} ({code or status}){said}. "
            "Look the code up at docs.digdir.no, or ask Digdir's service desk with these facts.",
            code=code or f"HTTP {status}",
            permanent=bool(code),
            context=context,
            status=status,
        )
    sentence = meaning.sentence.format(
        client=asked.client,
        issuer=asked.issuer,
        scopes=asked.scopes,
        org=asked.org,
        ref=f" (now {asked.external_ref})" if asked.external_ref else " (now none)",
    )
    return TokenRefused(
        f"{sentence} [{code}]" if code.startswith("MP-") else sentence,
        code=code or "AHEAD",
        permanent=meaning.permanent,
        context=context,
        status=status,
        trace_id=_support_id(description),
        who=meaning.who,
    )


def oauth_error(body: bytes) -> tuple[str, str]:
    """`error` and `error_description`, made harmless; "" for what is not there."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return "", ""
    if not isinstance(told, dict):
        return "", ""
    error = told.get("error")
    description = told.get("error_description")
    return harmless(error if isinstance(error, str) else "", 60), harmless(
        description if isinstance(description, str) else "", 400
    )


def harmless(text: str, longest: int) -> str:
    """A foreign text that may be shown: one line, bounded, without secrets and national ids."""
    return redact("".join(sign if sign.isprintable() else " " for sign in text)).strip()[:longest]


def _support_id(description: str) -> str | None:
    """The id that Maskinporten's support asks for; spelled in several ways."""
    found = re.search(r"(?:correlation|support|trace)[ _-]?id:?\s*([0-9A-Za-z-]{8,64})", description, re.IGNORECASE)
    return found[1] if found else None
