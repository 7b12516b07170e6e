"""The recorded answers of a genuine server, beside the repository; None of it is needed to use the program."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
RECORDINGS = SHARED / "recordings"
LONG_RUNS = ("long-run-1", "long-run-2")

needs_recordings = pytest.mark.skipif(
    not RECORDINGS.is_dir(), reason="needs the recordings of a genuine server, ../shared/recordings"
)


@dataclass(frozen=True)
class Told:
    """One body about one dialog, in the order the server told it. `kind`: as in table payload."""

    where: str
    kind: str
    dialog_id: str
    body: bytes


def exchange(scenario: str, number: str) -> Any:
    """The answer's body of one recorded exchange, such as ("s03", "07")."""
    (path,) = RECORDINGS.glob(f"{scenario}-*/{number}-*.json")
    return json.loads(path.read_text("utf-8"))["response"]["body"]


def told(scenario: str, number: str) -> bytes:
    """As bytes; of a page its first item."""
    body = exchange(scenario, number)
    if isinstance(body, dict) and "items" in body:
        body = body["items"][0]
    return msgspec.json.encode(body)


def scenarios() -> list[str]:
    return sorted(path.name for path in RECORDINGS.iterdir() if path.is_dir()) if RECORDINGS.is_dir() else []


def exchanges(source: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each recorded exchange of a scenario folder or a long run, with a name for messages."""
    if source.startswith("long-run"):
        with gzip.open(RECORDINGS / f"{source}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield f"{source}:{number}", json.loads(line)
    else:
        for path in sorted((RECORDINGS / source).glob("*.json")):
            yield f"{source}/{path.name}", json.loads(path.read_text("utf-8"))


def bodies_told(source: str) -> Iterator[Told]:
    """Every body of a dialog that an end user was told, pages taken apart. Single reads of children stand as lists
    of one.
    """
    for where, recorded in exchanges(source):
        request, response = recorded["request"], recorded["response"]
        path = request["path"].split("?")[0].split("/")
        if (
            request["method"] != "GET"
            or response["status"] != 200
            or path[:5] != ["", "api", "v1", "enduser", "dialogs"]
        ):
            continue
        body, rest = response["body"], path[5:]
        if not rest:
            for item in body["items"]:
                yield Told(where, "list", item["id"], msgspec.json.encode(item))
        elif len(rest) == 1:
            yield Told(where, "detail", body["id"], msgspec.json.encode(body))
        else:
            kind = "labellog" if rest[1] == "context" else rest[1]
            listed = body if isinstance(body, list) else [body]
            yield Told(where, kind, rest[0].lower(), msgspec.json.encode(listed))
