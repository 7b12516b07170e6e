"""What one search may ask for at once, as the server says in `GET /api/v1/metadata/limits`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import quote

from config.events import Event
from sync.dialogporten.errors import BadBody, HttpRefusal
from sync.dialogporten.retry import Told, ignore

# A common server limit on a request line is 8 KiB; the rest of the line needs its share.
LONGEST_PARTIES: Final = 7000


@dataclass(frozen=True, slots=True)
class Limits:
    """Today's defaults (reference: end-user API §1.2)."""

    parties: int = 100
    service_resources: int = 20


class AsksLimits(Protocol):
    def limits(self) -> bytes: ...


def read_limits(body: bytes) -> Limits:
    """The limits of an end-user search; ValueError when the body does not say how many parties."""
    told = json.loads(body)
    search = told.get("endUserSearch") if isinstance(told, dict) else None
    parties = _count(search.get("maxPartyFilterValues") if isinstance(search, dict) else None)
    if not isinstance(search, dict) or parties is None:
        raise ValueError("endUserSearch.maxPartyFilterValues is missing or no positive number")
    return Limits(
        parties=parties,
        service_resources=_count(search.get("maxServiceResourceFilterValues")) or Limits().service_resources,
    )


def ask_limits(client: AsksLimits, told: Told = ignore) -> Limits:
    """The server's limits, or the defaults and a word about it when they cannot be read. Unreachable passes through."""
    try:
        return read_limits(client.limits())
    except (ValueError, BadBody, HttpRefusal) as error:
        why = error.sentence if isinstance(error, BadBody | HttpRefusal) else str(error)
        told(Event.LIMITS_UNREADABLE, {"why": why, "parties": Limits().parties})
        return Limits()


def party_batches(parties: Sequence[str], limit: int, longest: int = LONGEST_PARTIES) -> Iterator[tuple[str, ...]]:
    """The parties in their order, `limit` at a time, fewer where their names would make the address too long."""
    batch: list[str] = []
    size = 0
    for party in parties:
        length = len(quote(party, safe="")) + len("party=&")
        if batch and (len(batch) >= limit or size + length > longest):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(party)
        size += length
    if batch:
        yield tuple(batch)


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None
