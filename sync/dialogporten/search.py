"""The arguments of one search request, spelled as the server wants them."""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class SearchParams:
    """One page of `GET /dialogs` for some parties.

    Times are text, `2026-03-01T09:08:07.123456Z`; both bounds are inclusive on the server (reference: end-user API
    §3.1). Every page of a walk must repeat the same arguments but for the token, which says only "after this
    position in this order" (§3.5). Arguments without a value are left out: the server answers 400 to an empty
    token, and ignores a misspelt name, so a wrong filter would silently read everything (§17 row 13).
    """

    order_by: ClassVar[str] = "updatedAt_asc,id_asc"

    parties: tuple[str, ...]
    updated_after: str | None = None
    updated_before: str | None = None
    statuses: tuple[str, ...] = ()
    created: str | None = None
    due_after: str | None = None
    continuation_token: str | None = None
    limit: int = 1000

    def __post_init__(self) -> None:
        if not self.parties:
            raise ValueError("a search needs at least one party")
        if not 1 <= self.limit <= 1000:
            raise ValueError(f"limit must be between 1 and 1000, not {self.limit}")

    def pairs(self) -> list[tuple[str, str]]:
        """Names and values in sending order; lists repeat their key, since the server may split one value at commas."""
        found = [("party", party) for party in self.parties]
        if self.updated_after:
            found.append(("updatedAfter", self.updated_after))
        if self.updated_before:
            found.append(("updatedBefore", self.updated_before))
        if self.created:
            found += [("createdAfter", self.created), ("createdBefore", self.created)]
        found += [("status", status) for status in self.statuses]
        if self.due_after:
            found.append(("dueAfter", self.due_after))
        found += [("orderBy", self.order_by), ("limit", str(self.limit))]
        if self.continuation_token:
            found.append(("continuationToken", self.continuation_token))
        return found

    def query(self) -> str:
        """Percent-encoded query without the question mark: `:`, `,` and `+` are escaped."""
        return urlencode(self.pairs(), quote_via=quote, safe="")
