"""The request that a machine step comes to, ready to be sent by whoever integrates with the service.

This program never sends it, and there is no secret in it: which token to use is told, never the token. Masked
addresses, and endpoints past their sunset, make no request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sync.attention.actions import SAFE_METHODS, WRITING_METHODS, is_confirmation, offer_for, usable_by_machine
from sync.attention.evidence import ApiAction, Endpoint, Subject, is_address
from sync.attention.producers import Producers, shipped
from sync.attention.verdict import Verdict, instant_text

_EXCHANGED = "an Altinn token: this connection's token, exchanged at Altinn"


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `why` is what it does; empty texts are what the service does not tell."""

    why: str
    method: str
    url: str
    token: str
    version: str = ""
    documentation_url: str = ""
    request_schema: str = ""
    response_schema: str = ""
    deprecated: bool = False
    sunset_at: datetime | None = None

    def as_json(self) -> dict[str, object]:
        """With null where nothing is told."""
        return {
            "why": self.why,
            "method": self.method,
            "url": self.url,
            "token": self.token,
            "version": self.version or None,
            "documentation_url": self.documentation_url or None,
            "request_schema": self.request_schema or None,
            "response_schema": self.response_schema or None,
            "deprecated": self.deprecated,
            "sunset_at": None if self.sunset_at is None else instant_text(self.sunset_at),
        }


def requests_for(
    subject: Subject, verdict: Verdict, now: datetime, producers: Producers | None = None
) -> tuple[Request, ...]:
    """What a machine would send to take the step of this verdict, in order; nothing where a machine cannot."""
    if verdict.actor != "machine":
        return ()
    if verdict.next_step == "read":
        return tuple(_fetching(subject, now))
    offer = offer_for(verdict.next_step, subject, producers if producers is not None else shipped())
    found: list[Request] = []
    if verdict.next_step == "confirm":
        # A confirmation before the message was fetched is refused (reference: producers §3).
        found += [_request("fetch it first", *each) for each in _letters(subject, now)]
    for action in offer.api:
        if usable_by_machine(action, now):
            writing = (each for each in action.endpoints if each.method in WRITING_METHODS)
            point = _best(each for each in writing if _stands(each, now))
            found.append(_request(action.name or action.action, action, point))
    return tuple(found)


def _letters(subject: Subject, now: datetime) -> Iterator[tuple[ApiAction, Endpoint]]:
    for action in subject.api_actions:
        if action.authorized and not is_confirmation(action) and action.name.lower() == "getcorrespondence":
            for point in action.endpoints:
                if point.method == "GET" and _stands(point, now):
                    yield action, point


def _fetching(subject: Subject, now: datetime) -> Iterator[Request]:
    for action in subject.api_actions:
        points = [each for each in action.endpoints if each.method == "GET" and _stands(each, now)]
        if action.authorized and points:
            yield _request(action.name or action.action, action, _best(points))
    attachments = list(subject.attachments)
    for sent in subject.transmissions:
        if not sent.masked and not sent.opened:
            attachments += sent.attachments
    for each in attachments:
        if each.for_machines(now):
            for url in each.urls:
                if url.consumer == "Api" and is_address(url.url):
                    yield Request("fetch the attachment", "GET", url.url, token_for(url.url, "GET"))


def _best(points: Iterable[Endpoint]) -> Endpoint:
    """The one that is not deprecated, else the one whose sunset is farthest."""
    return min(points, key=lambda each: (each.deprecated, _remaining(each), each.url))


def _stands(point: Endpoint, now: datetime) -> bool:
    return not point.gone(now) and point.has_address


def _request(why: str, action: ApiAction, point: Endpoint) -> Request:
    return Request(
        why,
        point.method,
        point.url,
        token_for(point.url, point.method),
        point.version,
        point.documentation_url,
        point.request_schema,
        point.response_schema,
        point.deprecated,
        point.sunset_at,
    )


def token_for(url: str, method: str) -> str:
    """Which token the request needs, in words (reference: authentication §5)."""
    parts = urlsplit(url)
    host, path = (parts.hostname or "").lower(), parts.path.lower()
    does = "read" if method in SAFE_METHODS else "write"
    if "/correspondence/api/" in path:
        # The recipient's scope, whatever the method; the other one is the sender's.
        return f"{_EXCHANGED}; scope altinn:correspondence.read"
    if "/storage/api/" in path or ".apps." in f".{host}.":
        return f"{_EXCHANGED}; scope altinn:instances.{does}"
    return "the token that the service's documentation names, as a rule this connection's with the service's own scope"


def _remaining(point: Endpoint) -> float:
    return float("-inf") if point.sunset_at is None else -point.sunset_at.timestamp()
