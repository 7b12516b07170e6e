"""How what must stay secret looks, so that it is known wherever it turns up, in this process or from another.

Tokens, assertions and dialog tokens are JWTs; codes and refresh tokens of the sandbox begin with words of their own;
a private key is PEM or a JWK with its private members; national ids are those that the seed and the tests use. What has
no looks, such as a PKCE verifier, is handed in by its value.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from sync.sandbox.idporten_grants import CODE_PREFIX, REFRESH_TOKEN_PREFIX
from sync.sandbox.seed import people

# Those of the tests: synthetic, with valid check digits.
NATIONAL_IDS = (*(person.pid for person in people.PERSONS), "03886595947", "14886498226", "13027745678")
LEAST = 8  # shorter ones stand in texts by chance
_SHOWN = 16


def _inside_base64(text: str) -> Iterator[str]:
    """The letters that stand in the middle of any base64 of something that holds `text`, whatever is around it."""
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + text.encode()).decode()
        yield whole[(before * 8 + 5) // 6 : len(text.encode() + b"\0" * before) * 8 // 6]


# What a token's text holds before anything is looked at closely; searching for these is quick.
_JWT_STARTS = ("eyJhbGciOi", "eyJ0eXAiOi", "eyJraWQiOi")
_PREFIXES = (CODE_PREFIX, REFRESH_TOKEN_PREFIX)
_PEM = "PRIVATE KEY-----"
_JWK = '"dp"'
_IN_BASE64 = tuple(part for text in (*_JWT_STARTS, *_PREFIXES) for part in _inside_base64(text))
_OPAQUE = re.compile(rf"(?:{'|'.join(_PREFIXES)})[A-Za-z0-9_-]{{16,}}".encode())
_SIGNED = re.compile(rb"(eyJ[A-Za-z0-9_-]{8,})\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{16,}")
_KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[A-Za-z0-9+/]{20}")
_MEMBER = re.compile(rb'"dp"\s*:\s*"[A-Za-z0-9_-]{40,}"')
_BASE64ED = re.compile(f"(?:{'|'.join(map(re.escape, _IN_BASE64))})[A-Za-z0-9+/_-]{{20,}}".encode())
_QUICK = tuple(text.encode() for text in ("eyJ", *_PREFIXES, _PEM, _JWK))
_QUICK_BASE64 = tuple(text.encode() for text in _IN_BASE64)


@dataclass(frozen=True)
class Leak:
    """Something that got out: what it is, and how it begins. Never the whole of it."""

    kind: str
    start: str

    def __str__(self) -> str:
        return f"{self.kind} ({self.start}…)"


def tokens_in(data: bytes) -> list[Leak]:
    """Tokens, codes and private keys in the bytes of a file, by their looks. Quick: it may be a large one."""
    if not any(mark in data for mark in _QUICK):
        return []
    found = [Leak("JWT", _start(one[0])) for one in _SIGNED.finditer(data) if _is_header(one[1])]
    found += [Leak("code or refresh token", _start(one[0])) for one in _OPAQUE.finditer(data)]
    found += [Leak("private key", one[0][:20].decode()) for one in (*_KEY.finditer(data), *_MEMBER.finditer(data))]
    return found


def secrets_in(text: str | bytes, known: Collection[str] = ()) -> list[Leak]:
    """All that must not be in what the program tells: tokens also in base64, `known` secrets, national ids."""
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    found = tokens_in(data)
    if any(part in data for part in _QUICK_BASE64):
        found += [Leak("token in base64", _start(one[0])) for one in _BASE64ED.finditer(data)]
    found += [Leak("secret", secret[:4]) for secret in known if any(form in data for form in forms_of(secret))]
    found += [Leak("national id", pid[:4]) for pid in NATIONAL_IDS if pid.encode() in data]
    return found


@lru_cache(1000)
def forms_of(secret: str) -> tuple[bytes, ...]:
    """The spellings in which a secret would still be one: as it is, in JSON, in a URL, in base64 within anything."""
    spelled = [secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote(secret)]
    plain = [part for part in _inside_base64(secret) if len(part) >= LEAST]
    safe = [part.translate(str.maketrans("+/", "-_")) for part in plain]
    return tuple(form.encode() for form in dict.fromkeys([*spelled, *plain, *safe]))


def _is_header(text: bytes) -> bool:
    """Whether this is the header of a JWT, and not something that begins like one."""
    try:
        return "alg" in json.loads(base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        return False


def _start(found: bytes) -> str:
    return found[:_SHOWN].decode("ascii", "replace")
