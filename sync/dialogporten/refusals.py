"""From an answer that is not 200 to the member of the error tree it means. Pure: status, headers, body in, error out.

The server's rules (reference: end-user API §2.3, §3.9, §5.1, §17): decide on the status, then try JSON; a 401 or
403 may come without a body; what tells the 403s apart are the keys of `errors`; what tells the 404s apart is the
message. A 404 or 410 that is not the server's own problem body says nothing about a dialog: a gateway or a wrong
base address answers so too, and absence must never be invented.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    BadRequest,
    Busy,
    Conflict,
    Context,
    DialogForbidden,
    Gone,
    LevelTooLow,
    NotAuthenticated,
    NotFound,
    Outdated,
    ServerFault,
    TooBroad,
    Unexpected,
    WrongScope,
    WrongUser,
)
from sync.dialogporten.retry import http_date, retry_after

LEVEL_TOO_LOW: Final = "altinn authentication level too low"
# Printed by the server's documentation beside a 400, although the section is the one on Forbidden.
FORBIDDEN_TYPE: Final = re.compile(r"7231#section-6\.5\.3$")
TRACE_ID: Final = re.compile(r"[0-9A-Za-z|._:-]{1,128}")
KEY: Final = re.compile(r"[0-9A-Za-z_.\[\]-]{0,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    """The parts of a problem body that decide; all empty when the body is none."""

    is_problem: bool = False
    type: str = ""
    title: str = ""
    trace_id: str | None = None
    errors: Mapping[str, tuple[str, ...]] | None = None

    def messages(self) -> str:
        """Every message in lower case; never shown, since they may repeat what we sent."""
        return " ".join(text for texts in (self.errors or {}).values() for text in texts).lower()

    def key(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key in self.errors or {})


def problem(body: bytes) -> Problem:
    """Reads `type`, `title`, `traceId` and `errors`; anything else, or no JSON at all, gives an empty Problem."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return Problem()
    if not isinstance(read, dict) or not ("title" in read or "errors" in read):
        return Problem()
    errors: dict[str, tuple[str, ...]] = {}
    if isinstance(found := read.get("errors"), dict):
        for key, texts in found.items():
            listed = texts if isinstance(texts, list) else [texts]
            errors[str(key)] = tuple(text for text in listed if isinstance(text, str))
    trace = read.get("traceId")
    return Problem(
        is_problem=True,
        type=str(read.get("type") or ""),
        title=str(read.get("title") or ""),
        trace_id=trace if isinstance(trace, str) and TRACE_ID.fullmatch(trace) else None,
        errors=errors,
    )


def refusal(status: int, headers: Mapping[str, str], body: bytes, context: Context) -> ArkivError:
    """The error that this answer means; `headers` with lower-case names, `body` complete. Never raises."""
    told = problem(body)
    trace = told.trace_id or _trace_header(headers)
    if status == 403 or (status == 400 and FORBIDDEN_TYPE.search(told.type)):
        return _forbidden(status, body, told, context, trace)
    match status:
        case 400 | 406 | 413:
            return _bad_request(status, told, context, trace)
        case 401:
            why = " (it says the token is invalid)" if "invalid_token" in headers.get("www-authenticate", "") else ""
            return NotAuthenticated(
                f"{context.server} did not accept our token{why}. "
                "Check the connection's environment, client and clock; a fixed token has probably expired.",
                context=context,
                status=status,
                trace_id=trace,
            )
        case 404:
            return _not_found(status, headers, told, context, trace)
        case 410 if told.errors:
            return Gone("The service owner has deleted this dialog.", context=context, status=status, trace_id=trace)
        case 409:
            return Conflict(
                "Somebody changed the same thing at the same moment. Read it again, then decide.",
                context=context,
                status=status,
                trace_id=trace,
            )
        case 412:
            return Outdated(
                "The revision we sent is no longer the latest. Read it again, then decide.",
                context=context,
                status=status,
                trace_id=trace,
            )
        case 422 if told.key("Search") or context.url_path.endswith("/enduser/dialogs"):
            return TooBroad(
                "The search took the server too long. Ask for fewer parties, a shorter time or a smaller page.",
                context=context,
                status=status,
                trace_id=trace,
            )
        case 429 | 503:
            return _busy(status, headers, context, trace)
        case 502 | 504 | 408:
            return BadGateway(
                f"A system behind or in front of {context.server} did not answer. It usually passes; try again later.",
                context=context,
                status=status,
                trace_id=trace,
            )
        case _ if status >= 500:
            return ServerFault(
                f"{context.server} failed while answering. If it goes on, tell its service desk the trace id and time.",
                context=context,
                status=status,
                trace_id=trace,
            )
    return Unexpected(
        f"The answer {status} is not one that the server documents; a proxy or gateway may have given it. "
        "Check the base address and what stands between.",
        context=context,
        status=status,
        trace_id=trace,
    )


def _forbidden(status: int, body: bytes, told: Problem, context: Context, trace: str | None) -> ArkivError:
    if told.key("Type"):
        return WrongUser(
            "The token carries no user that Dialogporten knows. A system-user token needs authorization_details: "
            "use a connection of kind system-user, not a plain Maskinporten token.",
            context=context,
            status=status,
            trace_id=trace,
        )
    if LEVEL_TOO_LOW in told.messages():
        return LevelTooLow(
            "This dialog asks for a higher authentication level than the token has. "
            "Only a person with a high-level login can read it; a system user never can.",
            context=context,
            status=status,
            trace_id=trace,
        )
    if told.key("Forbidden") or (told.is_problem and context.dialog_id):
        return DialogForbidden(
            "We have no right to this dialog. If we should have, ask the organisation "
            "to delegate the service or its access package.",
            context=context,
            status=status,
            trace_id=trace,
        )
    if not body.strip() or told.is_problem:
        return WrongScope(
            "The token lacks the scope. Register digdir:dialogporten on the client and name it in the connection's "
            "scopes; a person must also have approved it at the login.",
            context=context,
            status=status,
            trace_id=trace,
        )
    return Unexpected(
        "Access was refused, but not in the words of Dialogporten: a proxy, firewall or gateway has probably done it.",
        context=context,
        status=status,
        trace_id=trace,
    )


def _bad_request(status: int, told: Problem, context: Context, trace: str | None) -> BadRequest:
    keys = tuple(sorted(key if KEY.fullmatch(key) else "?" for key in told.errors or {}))
    named = ", ".join(key or "(party or service missing)" for key in keys)
    about = f" because of {named}" if named else ""
    return BadRequest(
        f"{context.server} refused our request{about}. This is a fault in Dialogarkiv; please report it.",
        keys=keys,
        context=context,
        status=status,
        trace_id=trace,
    )


def _not_found(
    status: int, headers: Mapping[str, str], told: Problem, context: Context, trace: str | None
) -> NotFound | Unexpected:
    if not told.errors:
        return Unexpected(
            "This address does not exist there. Check the base address of the environment (it ends in /dialogporten).",
            context=context,
            status=status,
            trace_id=trace,
        )
    said = told.messages()
    visible_from = http_date(headers.get("expires"))  # `-1` is no date
    if "not visible until" in said:
        until = f" until {visible_from:%Y-%m-%dT%H:%M:%SZ}" if visible_from else " yet"
        return NotFound(
            f"This dialog is not visible{until}.",
            reason="hidden",
            visible_from=visible_from,
            context=context,
            status=status,
            trace_id=trace,
        )
    if "expired at" in said:
        return NotFound("This dialog has expired.", reason="expired", context=context, status=status, trace_id=trace)
    return NotFound(
        "The server does not know this, or does not let us know it.", context=context, status=status, trace_id=trace
    )


def _busy(status: int, headers: Mapping[str, str], context: Context, trace: str | None) -> Busy:
    seconds = retry_after(headers.get("retry-after"), http_date(headers.get("date")) or datetime.now(UTC))
    when = f" It asked us to wait {seconds:.0f} s." if seconds is not None else ""
    what = "is closed for maintenance or overloaded" if status == 503 else "asks for fewer requests"
    return Busy(f"{context.server} {what}.{when}", retry_after=seconds, context=context, status=status, trace_id=trace)


def _trace_header(headers: Mapping[str, str]) -> str | None:
    found = headers.get("traceparent") or headers.get("x-ms-request-id") or ""
    return found if TRACE_ID.fullmatch(found) else None
