"""From a request to its endpoint: routes, the order of checks before an endpoint runs, the request log.

This part knows no web framework: `app` hands requests in over HTTP, `steps` from Python.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sync.sandbox.callers import Caller, Refusal, authenticate
from sync.sandbox.problems import JSON_TYPE, Answer, Refused, empty_answer, problem
from sync.sandbox.requests import LoggedRequest
from sync.sandbox.viewers import Viewer, viewer_of
from sync.sandbox.world import LOCAL_CALLER, World

_USER_TYPES = "Person, SystemUser, IdportenEmailIdentifiedUser"
MAX_BODY = 20_000_000


@dataclass
class Request:
    """One request to the API. `path` is without the gateway's prefix; header names are in lower case."""

    world: World
    method: str
    path: str
    query: Sequence[tuple[str, str]] = ()
    query_text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    caller: Caller | None = None
    given_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)

    def header(self, name: str) -> str | None:
        """A header's value, None when it was not sent."""
        return self.headers.get(name)


Endpoint = Callable[[Request], Answer]


@dataclass(frozen=True)
class Route:
    """One endpoint. `kind`: `enduser` needs a user's token, `open` nothing, `owner` is the play service owner."""

    method: str
    template: str
    kind: str
    endpoint: Endpoint
    pattern: re.Pattern[str]


def route(method: str, template: str, kind: str, endpoint: Endpoint) -> Route:
    """A route whose template has parameters in braces."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template)
    return Route(method, template, kind, endpoint, re.compile(pattern + "/?"))


def viewer_for(request: Request, accepted: tuple[str, ...] = ()) -> Viewer:
    """The view of the request's caller (there is one on every end-user route)."""
    if request.caller is None:
        raise Refused(500)
    return viewer_of(request.world, request.caller, accepted)


class Router:
    """Finds and runs endpoints."""

    def __init__(self, world: World, routes: Sequence[Route]) -> None:
        self._world = world
        self._routes = tuple(routes)

    def handle(self, request: Request) -> Answer:
        """The whole answer; what a request can bring about is an answer too, never an exception."""
        with self._world.lock:
            self._world.commit_due()
            if self._world.switches.resalt_each_call:
                self._world.resalt()
            found, params = self._find(request)
            request.params = params
            answer = self._answer(request, found)
            self._log(request, found, answer)
            return answer

    def note_faulted(self, request: Request, status: int) -> None:
        """Logs a request that a fault kept from its endpoint."""
        with self._world.lock:
            found, _ = self._find(request)
            self._log(request, found, Answer(status))

    def _find(self, request: Request) -> tuple[Route | None, dict[str, str]]:
        for one in self._routes:
            if one.method == request.method:
                match = one.pattern.fullmatch(request.path)
                if match is not None:
                    return one, match.groupdict()
        return None, {}

    def _answer(self, request: Request, found: Route | None) -> Answer:
        if self._world.switches.maintenance and (found is None or found.kind != "owner"):
            return Answer(503, b"Dialogporten is under maintenance.", {"Content-Type": "text/plain"})
        if found is None:
            return empty_answer(404, {"Content-Length": "0"})
        if found.kind == "enduser" and request.caller is None:
            refused = self._identify(request)
            if refused is not None:
                return refused
        if len(request.body) > MAX_BODY:
            return problem(Refused(413), request.path)
        try:
            if self._world.switches.late_commit_seconds > 0 and found.kind == "owner":
                return self._late(request, found)
            return found.endpoint(request)
        except Refused as refusal:
            return problem(refusal, request.path)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            if found.kind != "owner":
                raise
            # A service owner's body of a shape that no rule foresaw: whoever wrote the step is told what it lacks.
            text = f"{type(error).__name__}: {error}"
            return problem(Refused(400, {"serializerErrors": [text]}), request.path)

    def _late(self, request: Request, found: Route) -> Answer:
        # The answer must be made now: the write is done, its id noted, and taken up again when it is due.
        now = self._world.clock.now()
        request.given_id = request.given_id or self._world.new_id()
        due = now + timedelta(seconds=self._world.switches.late_commit_seconds)

        def commit() -> None:
            with contextlib.suppress(Refused):  # it was answered long ago
                found.endpoint(request)

        self._world.commit_later(due, now, commit)
        creates = request.method == "POST" and "/actions/" not in request.path
        body = f'"{request.given_id}"'.encode() if creates else b""
        headers = {"ETag": self._world.ids.revision()} | ({"Content-Type": JSON_TYPE} if creates else {})
        return Answer(201 if creates else 204, body, headers)

    def _identify(self, request: Request) -> Answer | None:
        if self._world.local_mode:
            request.caller = LOCAL_CALLER
            return None
        skewed = self._world.real_now() + timedelta(seconds=self._world.registry.date_skew_seconds)
        who = authenticate(request.header("authorization"), self._world.issuers, skewed)
        if isinstance(who, Caller):
            request.caller = who
            return None
        if who is Refusal.MISSING:
            return empty_answer(401, {"WWW-Authenticate": "Bearer"})
        if who is Refusal.INVALID:
            return empty_answer(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        if who is Refusal.SCOPE:
            return empty_answer(403)
        text = f"The request was authenticated, but we were unable to determine valid user type ({_USER_TYPES})."
        answer = problem(Refused(403, {"Type": [text]}), request.path)
        answer.headers["Content-Type"] = JSON_TYPE
        return answer

    def _log(self, request: Request, found: Route | None, answer: Answer) -> None:
        template = found.template if found is not None else "unknown"
        caller = request.caller.id if request.caller is not None else None
        entry = LoggedRequest(
            request.method, request.path, request.query_text, caller, answer.status, self._world.now()
        )
        self._world.requests.add(template, entry)
