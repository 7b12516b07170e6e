"""An invented inbox of any size, as rendered pages; and the server that hands them out.

python -m bench.inbox --dialogs 20000 --with-letters 0      prints its address, serves until its input ends
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import sys
import threading
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import UUID

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PARTY = "urn:altinn:organization:identifier-no:310000000"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
STATUSES = ("NotApplicable", "InProgress", "RequiresAttention", "Awaiting", "Completed")


def text(value: str, chance: random.Random) -> dict[str, object]:
    """A text in two languages, of the length that texts have."""
    words = " ".join(chance.choice(("vedtak", "melding", "krav", "frist", "oppgave", "svar", "brev")) for _ in range(8))
    return {
        "value": [
            {"value": f"{value} {words} (en)", "languageCode": "en"},
            {"value": f"{value} {words}", "languageCode": "nb"},
        ],
        "mediaType": "text/plain",
    }


def dialog_id(number: int) -> str:
    return str(UUID(int=(0x019B7A00 << 96) | (0x7000 << 64) | (0x8 << 60) | number))


def item(number: int, letters: bool, chance: random.Random) -> dict[str, object]:
    """One list item, about 1.3 kB."""
    at = (FIRST + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    found: dict[str, object] = {
        "id": dialog_id(number),
        "org": "ttd",
        "serviceResource": f"urn:altinn:resource:ttd-tjeneste-{number % 40}",
        "serviceResourceType": "genericaccessresource",
        "party": PARTY,
        "guiAttachmentCount": 1,
        "externalReference": f"sak-{number}",
        "createdAt": at,
        "updatedAt": at,
        "contentUpdatedAt": at,
        "status": chance.choice(STATUSES),
        "hasUnopenedContent": letters,
        "systemLabel": "Default",
        "isApiOnly": False,
        "fromServiceOwnerTransmissionsCount": int(letters),
        "fromPartyTransmissionsCount": 0,
        "seenSinceLastUpdate": [],
        "seenSinceLastContentUpdate": [],
        "isContentSeen": False,
        "endUserContext": {"revision": dialog_id(number + 10**9), "systemLabels": ["Default"]},
        "content": {"title": text("Brev", chance), "summary": text("Du har fått et brev om", chance)},
    }
    if letters:
        found["latestActivity"] = {
            "id": dialog_id(number + 2 * 10**9),
            "createdAt": at,
            "type": "DialogCreated",
            "performedBy": {"actorType": "ServiceOwner"},
            "description": [],
        }
    return found


def transmissions(number: int, chance: random.Random) -> bytes:
    at = (FIRST + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    letter = {
        "id": dialog_id(number + 3 * 10**9),
        "createdAt": at,
        "isAuthorized": True,
        "type": "Information",
        "sender": {"actorType": "ServiceOwner"},
        "content": {"title": text("Brev", chance), "summary": text("Om saken", chance)},
        "attachments": [],
        "navigationalActions": [],
    }
    return json.dumps([letter], ensure_ascii=False).encode()


def activities(number: int) -> bytes:
    at = (FIRST + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0Z"
    activity = {"id": dialog_id(number + 2 * 10**9), "createdAt": at, "type": "DialogCreated", "description": []}
    return json.dumps([activity]).encode()


def application(dialogs: int, with_letters: int) -> Starlette:
    """Everything is rendered before the first request, so that the clients are measured and not the server."""
    chance = random.Random(20261122)
    letters = {dialog_id(number): number for number in range(with_letters)}
    items = [
        json.dumps(item(number, number < with_letters, chance), ensure_ascii=False, separators=(",", ":"))
        for number in range(dialogs)
    ]
    children = {
        name: {"transmissions": transmissions(number, chance), "activities": activities(number)}
        for name, number in letters.items()
    }
    pages: dict[tuple[int, int], bytes] = {}
    for limit in (1000,):
        for start in range(0, max(dialogs, 1), limit):
            more = start + limit < dialogs
            token = f',"continuationToken":"after-{start + limit}"'
            body = f'{{"items":[{",".join(items[start : start + limit])}],"hasNextPage":{str(more).lower()}{token}'
            pages[limit, start] = (body + ',"orderBy":"updatedat_asc,id_asc"}').encode()

    async def search(request: Request) -> Response:
        query = parse_qs(request.url.query)
        start = int(query.get("continuationToken", ["after-0"])[0].removeprefix("after-"))
        return Response(pages[int(query["limit"][0]), start], media_type="application/json")

    async def child(request: Request) -> Response:
        found = children.get(request.path_params["id"], {}).get(request.path_params["kind"], b"[]")
        return Response(found, media_type="application/json")

    async def limits(_: Request) -> Response:
        return Response(b'{"endUserSearch":{"maxPartyFilterValues":100}}', media_type="application/json")

    base = "/dialogporten/api/v1"
    return Starlette(
        routes=[
            Route(f"{base}/metadata/limits", limits),
            Route(f"{base}/enduser/dialogs", search),
            Route(f"{base}/enduser/dialogs/{{id}}/{{kind}}", child),
        ]
    )


def main() -> None:
    """Serves on a free port of this machine until standard input ends."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--dialogs", type=int, default=20_000)
    arguments.add_argument("--with-letters", type=int, default=0)
    given = arguments.parse_args()
    config = uvicorn.Config(application(given.dialogs, given.with_letters), log_level="critical", access_log=False)
    # Named as TCP, so that answers leave at once and the clients are measured, not Nagle's algorithm.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        sys.stdin.read()
        server.should_exit = True
        thread.join(5)


if __name__ == "__main__":
    main()
