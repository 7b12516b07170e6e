"""Secrets and national ids out of any text that is about to be shown or logged.

The second line of defence: nobody should hand such a value to a log or an error in the first place. What is found
by its looks: JWTs and parts of them, bearer tokens, assertions and other OAuth secrets in forms and JSON, passwords
in URLs, PEM blocks, private JWK members, and eleven digits that are a national identity number.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta

from config.durations import format_duration
from config.identifiers import is_national_id, mask_anything_like_national_id, mask_national_id

HIDDEN = "[hidden]"

_NAMES_OF_SECRETS = "|".join(
    (
        "access_token",
        "refresh_token",
        "id_token",
        "client_assertion",
        "assertion",
        "client_secret",
        "code_verifier",
        "password",
        "passwd",
        "authorization",
        "dialogtoken",
        "contexttoken",
        "secret",
        "token",
    )
)
_SECRET_FIELD = re.compile(rf"(?:{_NAMES_OF_SECRETS}|bearer|private_key|cookie)\Z", re.IGNORECASE)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL)
# The start of a base64url JSON object, whole or cut off, with whatever parts follow it.
_JWT = re.compile(
    r"ey[JAI][A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)*|e[wy][A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]{16,}"
)
_BEARER = re.compile(r"\b(bearer|dpop|basic)(\s+|%20|\+)[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE)
_FORM = re.compile(rf"\b({_NAMES_OF_SECRETS})=(?!{re.escape(HIDDEN)})[^&\s\"'<>]+", re.IGNORECASE)
# An authorization code is long; the code of an error ("code=MP-303") is not, and is wanted.
_CODE = re.compile(r"\bcode=[^&\s\"'<>]{16,}")
_JSON = re.compile(rf"""(["'])({_NAMES_OF_SECRETS}|d|p|q|dp|dq|qi)\1(\s*:\s*)(["'])(?!env:)[^"']*\4""", re.IGNORECASE)
_URL_PASSWORD = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^\s:/@?#]*):[^\s/?#]*@")
# An escape such as %20 ends in digits of its own, so it counts as a border too.
_NATIONAL_ID = re.compile(
    r"(?:(?<![0-9])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4}))([0-9]{6})([ \u00a0]?)([0-9]{5})(?![0-9])"
)


def redact(text: str) -> str:
    """`text` without tokens, keys, passwords and national ids; anything else stays as it is."""
    text = _PEM.sub(HIDDEN, text)
    text = _BEARER.sub(lambda found: f"{found[1]}{found[2]}{HIDDEN}", text)
    text = _JWT.sub(HIDDEN, text)
    text = _FORM.sub(lambda found: f"{found[1]}={HIDDEN}", text)
    text = _CODE.sub(f"code={HIDDEN}", text)
    text = _JSON.sub(lambda found: f"{found[1]}{found[2]}{found[1]}{found[3]}{found[4]}{HIDDEN}{found[4]}", text)
    text = _URL_PASSWORD.sub(lambda found: f"{found[1]}:{HIDDEN}@", text)
    return _NATIONAL_ID.sub(_masked_if_real, text)


def _masked_if_real(found: re.Match[str]) -> str:
    number = found[1] + found[3]
    return mask_national_id(number) if is_national_id(number) else found[0]


def redact_value(value: object, name: str = "") -> object:
    """The same for any value of a log record, down through lists and tables; `name` is its field name.

    What is not plain data becomes its text, so that no repr of an unknown object slips past.
    """
    if value is None or isinstance(value, bool | float):
        return value
    if _SECRET_FIELD.search(name):
        return HIDDEN
    if isinstance(value, int):
        return value if not is_national_id(str(value).zfill(11)) or value < 10**9 else HIDDEN
    if isinstance(value, str):
        return redact(str(value))
    if isinstance(value, bytes | bytearray):
        return redact(bytes(value).decode("utf-8", "replace"))
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Mapping):
        return {redact(str(key)): redact_value(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        shown = {field.name: getattr(value, field.name) for field in fields(value) if field.repr}
        return redact_value(shown)
    return redact(str(value))


def redacted_traceback(error: BaseException) -> str:
    """The traceback of `error` and its causes, as lines of code and messages; no values of variables."""
    return redact("".join(traceback.format_exception(error))).rstrip()


def show(value: object, *, secret: bool = False) -> str:
    """A settings value as an error may show it: TOML-like, short, and never a secret or a national id."""
    if isinstance(value, str):
        if secret or "-----BEGIN" in value:
            return f"(hidden, {len(value)} characters)"
        shown = json.dumps(redact(mask_anything_like_national_id(value)), ensure_ascii=False)
    elif isinstance(value, bool):
        shown = str(value).lower()
    elif isinstance(value, timedelta):
        shown = json.dumps(format_duration(value))
    elif isinstance(value, Mapping):
        # Not item by item: a table that is wrong as a whole may hold anything.
        shown = "{ " + ", ".join(f"{key} = …" for key in value) + " }" if value else "{}"
    elif isinstance(value, list | tuple):
        shown = "[" + ", ".join(show(item, secret=secret) for item in value) + "]"
    elif secret:
        return "(hidden)"
    else:
        shown = mask_anything_like_national_id(str(value))
    return shown if len(shown) <= 120 else shown[:119] + "…"
