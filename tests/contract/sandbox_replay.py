"""Replaying recorded exchanges of a genuine Dialogporten against the sandbox, and comparing what comes back.

Two servers give other ids and other times to what they make. So ids, revisions and ephemeral ids are matched one to
one, each for the whole run; so are times, which must lie within `TOLERANCE` of the recorded ones besides. All
the rest must be equal to the letter: statuses, headers, keys, nulls, empty lists, order, masks, words.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from sync.sandbox.instants import moment, read_instant
from sync.sandbox.server import SandboxServer
from sync.sandbox.world import World

RECORDINGS = Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
SCHEMA = Path(__file__).resolve().parents[2].parent / "shared" / "schema" / "openapi.v1.enduser.json"

# The recorder noted when it sent a request; the genuine server took its own time a little later.
TOLERANCE = timedelta(seconds=1)

Exchange = dict[str, Any]

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z"
_EPHEMERAL = r"urn:altinn:person:identifier-ephemeral:[0-9a-f]{10}"
_MATCHED = re.compile(f"({_UUID}|{_TIME}|{_EPHEMERAL})")
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-00")
# Where in the request's bytes a JSON value stands is the parser's business, and the recorder's spelling of the body.
_BYTE_POSITION = re.compile(r"BytePositionInLine: \d+")


class Different(AssertionError):
    """An answer that is not the recorded one; the message says where."""


@dataclass
class Matches:
    """What stands for what in one run: recorded → the sandbox's."""

    ids: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    times: dict[str, str] = field(default_factory=dict)
    held: dict[str, str] = field(default_factory=dict)

    def match(self, recorded: str, ours: str, where: str) -> None:
        """One recorded id or time and its counterpart."""
        if re.fullmatch(_TIME, recorded):
            self._match_time(recorded, ours, where)
            return
        known, holder = self.ids.setdefault(recorded, ours), self.taken.setdefault(ours, recorded)
        if known != ours or holder != recorded:
            raise Different(f"{where}: {recorded} was {known} before and is {ours} now (which stood for {holder})")

    def _match_time(self, recorded: str, ours: str, where: str) -> None:
        # A record that this very answer made is told with seven digits and stored with six.
        recorded, ours = recorded[:26], ours[:26]
        known, holder = self.times.setdefault(recorded, ours), self.held.setdefault(ours, recorded)
        if known != ours or holder != recorded:
            raise Different(f"{where}: the time {recorded} was {known} before and is {ours} now, for {holder}")
        if abs(moment(recorded) - moment(ours)) > TOLERANCE:
            raise Different(f"{where}: the time {ours} is too far from {recorded}")

    def translate(self, text: str) -> str:
        """A recorded request's text with the sandbox's ids and times."""

        def counterpart(found: re.Match[str]) -> str:
            recorded = found.group()
            if re.fullmatch(_TIME, recorded):
                ours = self.times.get(recorded[:26])
                return recorded if ours is None else f"{ours}{recorded[26:]}"
            return self.ids.get(recorded, recorded)

        return _MATCHED.sub(counterpart, text)

    def forget_ephemeral(self) -> None:
        """After a restart every ephemeral id is another."""
        for recorded in [one for one in self.ids if one.startswith("urn:")]:
            del self.taken[self.ids.pop(recorded)]

    def compare(self, recorded: Any, ours: Any, where: str) -> None:
        """Different when the two do not correspond."""
        if isinstance(recorded, dict) and isinstance(ours, dict):
            if recorded.keys() != ours.keys():
                raise Different(
                    f"{where}: lacks {sorted(recorded.keys() - ours.keys())}, "
                    f"has besides {sorted(ours.keys() - recorded.keys())}"
                )
            for key, value in recorded.items():
                self.compare(value, ours[key], f"{where}.{key}")
        elif isinstance(recorded, list) and isinstance(ours, list):
            if len(recorded) != len(ours):
                raise Different(f"{where}: {len(recorded)} recorded, {len(ours)} here")
            for at, (one, other) in enumerate(zip(recorded, ours, strict=True)):
                self.compare(one, other, f"{where}[{at}]")
        elif isinstance(recorded, str) and isinstance(ours, str):
            self._compare_texts(recorded, ours, where)
        elif type(recorded) is not type(ours) or recorded != ours:
            raise Different(f"{where}: recorded {recorded!r}, here {ours!r}")

    def _compare_texts(self, recorded: str, ours: str, where: str) -> None:
        if where.endswith(".traceId"):
            if not (_TRACE.fullmatch(recorded) and _TRACE.fullmatch(ours)):
                raise Different(f"{where}: no trace id in {ours!r}")
            return
        recorded, ours = _BYTE_POSITION.sub("", recorded), _BYTE_POSITION.sub("", ours)
        theirs, mine = _MATCHED.split(recorded), _MATCHED.split(ours)
        if theirs[::2] != mine[::2]:
            raise Different(f"{where}: recorded {recorded!r}, here {ours!r}")
        for one, other in zip(theirs[1::2], mine[1::2], strict=True):
            self.match(one, other, where)


@dataclass
class Replay:
    """One run against one sandbox in local mode."""

    server: SandboxServer
    client: httpx.Client
    explained: dict[str, frozenset[str]] = field(default_factory=dict)
    matches: Matches = field(default_factory=Matches)

    @property
    def world(self) -> World:
        return self.server.world

    def send(self, exchange: Exchange) -> httpx.Response:
        """The recorded request at its recorded time, with our ids in it."""
        request = exchange["request"]
        headers = {name: self.matches.translate(value) for name, value in (request["headers"] or {}).items()}
        recorded = exchange["response"]
        if request["method"] == "POST" and recorded["status"] == 201:
            headers["X-Sandbox-Id"] = recorded["body"]
        content = None
        if request["body"] is not None:
            content = self.matches.translate(json.dumps(request["body"], ensure_ascii=False)).encode()
        self.world.clock.freeze(moment(read_instant(exchange["at"])))
        path = self.matches.translate(request["path"])
        return self.client.request(request["method"], path, headers=headers, content=content)

    def check(self, name: str, exchange: Exchange) -> Any:
        """Sends and compares. The decoded body, for whoever wants to look further."""
        answer = self.send(exchange)
        recorded = exchange["response"]
        if answer.status_code != recorded["status"]:
            raise Different(f"{name}: status {answer.status_code} for {recorded['status']}: {answer.text[:300]}")
        self._compare_headers(name, recorded["headers"], answer)
        body = _body(answer)
        mine, theirs = body, recorded["body"]
        for key in self.explained.get(name, ()):
            mine, theirs = _without(mine, key), _without(theirs, key)
        self.matches.compare(_settled(theirs), _settled(mine), name)
        return body

    def _compare_headers(self, name: str, recorded: dict[str, str], answer: httpx.Response) -> None:
        for header, value in recorded.items():
            self.matches.compare(value, answer.headers.get(header), f"{name} header {header}")
        for header in ("ETag", "Expires", "WWW-Authenticate"):
            if header in answer.headers and header not in recorded:
                raise Different(f"{name}: has the header {header}")


def scenario(folder: str) -> Iterator[tuple[str, Exchange]]:
    """A scenario's exchanges in order, each with its name."""
    for file in sorted((RECORDINGS / folder).glob("*.json")):
        yield f"{folder}/{file.stem}", json.loads(file.read_text("utf-8"))


def long_run(number: int) -> Iterator[tuple[str, Exchange]]:
    """A long run's exchanges in order."""
    with gzip.open(RECORDINGS / f"long-run-{number}.jsonl.gz", "rt", encoding="utf-8") as lines:
        for at, line in enumerate(lines, start=1):
            exchange = json.loads(line)
            yield f"long-run-{number}/{at} {exchange['label']}", exchange


def scenarios() -> list[str]:
    """The folders at hand; none where the recordings are absent."""
    return sorted(folder.name for folder in RECORDINGS.glob("s*-*")) if RECORDINGS.is_dir() else []


def _body(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text


def _without(body: Any, key: str) -> Any:
    if isinstance(body, dict):
        return {name: _without(value, key) for name, value in body.items() if name != key}
    return [_without(one, key) for one in body] if isinstance(body, list) else body


def _settled(body: Any) -> Any:
    # The genuine server gives a dialog's activities in no order of its own in the detail (no ORDER BY).
    if isinstance(body, dict) and "dialogToken" in body:
        return {**body, "activities": sorted(body["activities"], key=lambda one: (one["createdAt"], one["type"]))}
    return body
