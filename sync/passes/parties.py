"""What `/parties` answers: rows of table `party`, and which parties to search (reference: end-user API §7.1, §3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from store.batch import Row
from sync.dialogporten.errors import BadBody
from sync.dialogporten.wire import AuthorizedParty, Parties, decode
from sync.passes.bodies import MalformedItem
from sync.passes.items import known_party

_ORGANISATION = "urn:altinn:organization:identifier-no:"
_PERSON = "urn:altinn:person:identifier-no:"


@dataclass(slots=True)
class PartyList:
    """`searchable`: the URNs to search, each once, in the order told. `malformed`: sentences that name the entry by its
    place, never by its number, since that may be a national id. `nameless`: an entry that may be any party.
    """

    rows: list[Row] = field(default_factory=list)
    searchable: list[str] = field(default_factory=list)
    malformed: list[str] = field(default_factory=list)
    nameless: bool = False


def listed_parties(body: bytes, now: str) -> PartyList:
    """As `read_parties`, but raises BadBody."""
    try:
        return read_parties(body, now)
    except MalformedItem as problem:
        raise BadBody(f"{problem.reason}. Nothing was read; try again later.") from None


def read_parties(body: bytes, now: str) -> PartyList:
    """Flattens the answer. `now` is canonical. Raises MalformedItem where the answer as a whole has not the
    expected form. Without the list it is no empty one: an empty list is written (§1.3), so the answer is somebody
    else's, and it takes no mailbox away.

    A heading without access of its own (`hasOnlyAccessToSubParties`) has a row and is not searched; a deleted party
    is, since it may still have dialogs. A number with wrong check digits is not: one such filter value makes the
    server refuse the whole search (§17.15).
    """
    try:
        answer = decode(body, Parties)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedItem(f"the party list does not have the expected form: {error}", "parties") from None
    if answer.authorized_parties is None:
        raise MalformedItem("the party list does not have the expected form: it has no list of parties", "parties")
    found = PartyList()
    rows: dict[str, Row] = {}
    wanted: dict[str, None] = {}
    for place, party, parent in _flat(answer.authorized_parties, "", None):
        urn = None if party.party is None else party.party.lower()
        if urn is None or not known_party(urn):
            problem = "has no party URN" if urn is None else "has a party URN of a kind that cannot own dialogs"
            found.malformed.append(f"Entry {place} of the party list {problem}; it was left out.")
            found.nameless = found.nameless or urn is None
            continue
        rows.setdefault(urn, _row(urn, party, parent, now))
        if party.has_only_access_to_sub_parties:
            continue
        if not has_valid_check_digits(urn):
            found.malformed.append(
                f"Entry {place} of the party list has a number with wrong check digits; it is not searched."
            )
            continue
        wanted.setdefault(urn)
    found.rows, found.searchable = list(rows.values()), list(wanted)
    return found


def has_valid_check_digits(urn: str) -> bool:
    """Whether the number in an organisation's or person's URN has the right check digits; True for other kinds of
    party.
    """
    if urn.startswith(_ORGANISATION):
        return _weighs(urn[len(_ORGANISATION) :], (3, 2, 7, 6, 5, 4, 3, 2, 1))
    if urn.startswith(_PERSON):
        number = urn[len(_PERSON) :]
        return _weighs(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) and _weighs(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1))
    return True


def _weighs(number: str, weights: tuple[int, ...]) -> bool:
    return sum(int(digit) * weight for digit, weight in zip(number, weights, strict=False)) % 11 == 0


def _flat(
    parties: list[AuthorizedParty], before: str, parent: str | None
) -> Iterator[tuple[str, AuthorizedParty, str | None]]:
    for number, party in enumerate(parties, start=1):
        place = f"{before}{number}"
        yield place, party, parent
        urn = None if party.party is None else party.party.lower()
        yield from _flat(party.sub_parties or [], f"{place}.", urn if known_party(urn) else None)


def _row(urn: str, party: AuthorizedParty, parent: str | None, now: str) -> Row:
    return {
        "urn": urn,
        "name": party.name,
        "party_type": party.party_type,
        "party_uuid": party.party_uuid,
        "party_id": party.party_id,
        "date_of_birth": party.date_of_birth,
        "parent_urn": parent,
        "is_deleted": party.is_deleted is True,
        "has_key_role": party.has_key_role is True,
        "is_current_end_user": party.is_current_end_user is True,
        "is_main_administrator": party.is_main_administrator is True,
        "is_access_manager": party.is_access_manager is True,
        "has_only_access_to_sub_parties": party.has_only_access_to_sub_parties is True,
        "first_seen_at": now,
        "last_changed_at": now,
    }
