"""One attempt to log in: what leaves with it, and the address that it comes back with. Pure.

Authorization code with PKCE (S256), `state` and `nonce`; the answer carries `code`, `state` and `iss` (reference: auth
§4.4). State, nonce and verifier are made anew for each attempt, live in memory alone, and are in no text.
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from sync.auth.grant import Client

# 32 bytes make 43 characters, the least that PKCE allows, and cannot be guessed.
SECRET_BYTES: Final = 32
# Terminals wrap and mails decorate what is copied from them.
_WRAPPING: Final = re.compile(r"\s+")


class NotAnAnswer(Exception):
    """An address that is no answer to a login; the sentence says what it should be. Another may be given."""


class ForeignAnswer(Exception):
    """An answer, but not to this attempt, or not of this issuer. `mark` is `state` or `iss`."""

    def __init__(self, mark: str) -> None:
        super().__init__(mark)
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Attempt:
    """`url` is what the person visits; `redirect` is where that ends. `seconds`: how long the address works, if not
    for good.
    """

    url: str = field(repr=False)
    redirect: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Returned:
    """What an answer holds: a code, or an error and its description."""

    code: str | None = field(default=None, repr=False)
    error: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is made for one attempt."""

    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)

    @classmethod
    def make(cls, random: Callable[[int], bytes]) -> "Secrets":
        return cls(*(base64url(random(SECRET_BYTES)) for _ in range(3)))


def base64url(data: bytes) -> str:
    """Without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def parameters(client: Client, redirect: str, secrets: Secrets) -> dict[str, str]:
    """The authorization request. `redirect` is the one that the answer goes to, its port included."""
    return {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect,
        "scope": " ".join(client.scopes),
        "state": secrets.state,
        "nonce": secrets.nonce,
        "code_challenge": base64url(sha256(secrets.verifier.encode()).digest()),
        "code_challenge_method": "S256",
        "acr_values": client.acr,
    }


def with_query(endpoint: str, fields: Mapping[str, str]) -> str:
    """The endpoint with these fields, beside a query that it has of its own."""
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(fields)}"


def state_of(address: str) -> str | None:
    """The state that an address carries; None where it carries none, or more than one."""
    found = [value for name, value in _fields(address) if name == "state"]
    return found[0] if len(found) == 1 else None


def belongs_to(address: str, attempt: Attempt) -> bool:
    """Whether the address answers this attempt."""
    state = state_of(address)
    return state is not None and hmac.compare_digest(state.encode("utf-8", "replace"), attempt.state.encode())


def read_return(address: str, attempt: Attempt, issuer: str, *, iss_required: bool) -> Returned:
    """What the address that we were sent back to says. NotAnAnswer or ForeignAnswer where that is nothing for us.

    The address may be wrapped, quoted, or reduced to its query. State and issuer are looked at first: of an answer
    that is not ours, nothing is believed.
    """
    text = _bare(address)
    _check_place(text, attempt.redirect)
    pairs = _fields(text)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotAnAnswer("The address holds something twice. Copy it anew, all of it and once.")
    if "state" not in found and not found.keys() & {"code", "error"}:
        raise NotAnAnswer(
            "The address holds no answer. Copy the whole address after logging in and approving; "
            f"it begins with {attempt.redirect} and has code= in it."
        )
    if not belongs_to(text, attempt):
        raise ForeignAnswer("state")
    if found.get("iss", "" if iss_required else issuer) != issuer:
        raise ForeignAnswer("iss")
    if error := found.get("error"):
        return Returned(error=error, description=found.get("error_description", ""))
    if code := found.get("code"):
        return Returned(code=code)
    raise NotAnAnswer("The address was cut off: it has no code. Copy the whole of it.")


def _bare(address: str) -> str:
    return _WRAPPING.sub("", address).strip("\"'<>")


def _check_place(text: str, redirect: str) -> None:
    if "://" not in text:
        return  # the query alone
    try:
        given, wanted = urlsplit(text), urlsplit(redirect)
        same = (given.scheme, given.netloc.lower(), given.path or "/") == (
            wanted.scheme,
            wanted.netloc.lower(),
            wanted.path or "/",
        )
    except ValueError:
        same = False
    if not same:
        raise NotAnAnswer(
            f"That is not the address you were sent back to after logging in and approving; it begins with {redirect}."
        )


def _fields(address: str) -> list[tuple[str, str]]:
    text = _bare(address)
    query = text.partition("?")[2] if "?" in text or "://" in text else text
    return parse_qsl(query.partition("#")[0], keep_blank_values=True)
