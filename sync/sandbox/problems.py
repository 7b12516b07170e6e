"""Answers and the bodies of refusals, as the server writes them (reference: end-user API §3.9)."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

JSON_TYPE = "application/json; charset=utf-8"
PROBLEM_TYPE = "application/problem+json; charset=utf-8"
_TYPE_OF = {
    400: "rfc7231#section-6.5.1",
    403: "rfc7231#section-6.5.3",
    404: "rfc7231#section-6.5.4",
    406: "rfc7231#section-6.5.6",
    409: "rfc7231#section-6.5.8",
    410: "rfc7231#section-6.5.9",
    412: "rfc7232#section-4.2",
    413: "rfc7231#section-6.5.11",
    422: "rfc4918#section-11.2",
    500: "rfc7231#section-6.6.1",
    502: "rfc7231#section-6.6.3",
}
_TITLE_OF = {
    400: "One or more validation errors occurred.",
    403: "Forbidden.",
    404: "Resource not found.",
    406: "Requested content type is not acceptable.",
    409: "Conflict.",
    410: "Resource no longer available.",
    412: "Precondition failed.",
    413: "Payload too large.",
    422: "Unprocessable request.",
    500: "An error occurred while processing the request.",
    502: "Bad gateway.",
}
Errors = Mapping[str, list[str]]


@dataclass(slots=True)
class Answer:
    """A whole HTTP answer: status, headers in their spelling, body bytes (empty = none)."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Raised where a request must end in a refusal; carries what `problem` needs."""

    def __init__(
        self, status: int, errors: Errors | None = None, *, detail: str | None = None, headers: Mapping[str, str] = {}
    ) -> None:
        super().__init__(status, errors)
        self.status = status
        self.errors = errors
        self.detail = detail
        self.headers = dict(headers)


def json_answer(body: Any, status: int = 200, headers: Mapping[str, str] = {}) -> Answer:
    """A JSON answer."""
    fields = {"Content-Type": JSON_TYPE, **headers, "Vary": "Accept-Encoding"}
    return Answer(status, msgspec.json.encode(body), fields)


def empty_answer(status: int, headers: Mapping[str, str] = {}) -> Answer:
    """An answer without a body."""
    return Answer(status, b"", dict(headers))


def problem(refusal: Refused, instance: str) -> Answer:
    """The answer that tells of `refusal`. `instance` is the path as the server knows it, without the gateway's part."""
    status = refusal.status
    body: dict[str, Any] = {
        "type": f"https://datatracker.ietf.org/doc/html/{_TYPE_OF[status]}",
        "title": _TITLE_OF[status],
        "status": status,
    }
    detail = refusal.detail
    if status == 500:
        detail = "Something went wrong during the request."
    if status == 502:
        detail = "An upstream server is down or returned an invalid response. Please try again later."
    if detail is not None:
        body["detail"] = detail
    body["instance"] = instance
    if refusal.errors is not None:
        body["errors"] = {key: list(texts) for key, texts in refusal.errors.items()}
    body["traceId"] = trace_id()
    headers = {"Content-Type": PROBLEM_TYPE, **refusal.headers, "Vary": "Accept-Encoding"}
    if status >= 500:
        headers = {
            "Content-Type": JSON_TYPE,
            "Cache-Control": "no-cache,no-store",
            "Expires": "-1",
            "Vary": "Accept-Encoding",
        }
    return Answer(status, msgspec.json.encode(body), headers)


def trace_id() -> str:
    """A W3C trace id, as every problem body has one."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"


def not_found(entity: str, key: str) -> Refused:
    """404: no such thing, or nothing the caller may know of."""
    return Refused(404, {entity: [f"Entity '{entity}' with the following key(s) was not found: ({key})."]})


def removed(dialog_id: str) -> Refused:
    """410: soft-deleted."""
    text = f"Entity 'DialogEntity' with the following key(s) is removed: ({dialog_id})."
    return Refused(410, {"DialogEntity": [text]})


def forbidden(text: str = "Forbidden") -> Refused:
    """403 that concerns one dialog."""
    return Refused(403, {"Forbidden": [text]})


def level_too_low() -> Refused:
    """403: the caller's authentication level is below the service's."""
    return forbidden("Altinn authentication level too low.")
