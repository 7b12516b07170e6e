"""The party list: rows for all, and the URNs that may be searched."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sync.passes.bodies import MalformedItem
from sync.passes.parties import PartyList, has_valid_check_digits, read_parties

NOW = "2026-11-22T07:00:00.000000Z"
ORG = "urn:altinn:organization:identifier-no:"
PERSON = "urn:altinn:person:identifier-no:"
MAIN, SUB, DELETED = f"{ORG}310999997", f"{ORG}315999995", f"{ORG}311111116"


def read(*parties: dict[str, Any]) -> PartyList:
    return read_parties(json.dumps({"authorizedParties": parties}).encode(), NOW)


def test_sub_parties_are_flattened_under_their_parent() -> None:
    found = read({"party": MAIN, "name": "EKSEMPEL AS", "partyId": 5, "subParties": [{"party": SUB, "name": "AVD"}]})
    assert found.searchable == [MAIN, SUB]
    assert [(row["urn"], row["parent_urn"], row["name"]) for row in found.rows] == [
        (MAIN, None, "EKSEMPEL AS"),
        (SUB, MAIN, "AVD"),
    ]
    assert (found.rows[0]["party_id"], found.rows[0]["first_seen_at"]) == (5, NOW)


def test_a_heading_without_access_of_its_own_is_kept_and_not_searched() -> None:
    found = read({"party": MAIN, "hasOnlyAccessToSubParties": True, "subParties": [{"party": SUB}]})
    assert found.searchable == [SUB]
    assert [row["urn"] for row in found.rows] == [MAIN, SUB]


def test_a_deleted_party_is_searched_since_it_may_still_have_dialogs() -> None:
    found = read({"party": DELETED, "isDeleted": True})
    assert (found.searchable, found.rows[0]["is_deleted"]) == ([DELETED], True)


def test_a_party_told_twice_is_searched_once_where_it_stood_first() -> None:
    found = read({"party": SUB}, {"party": MAIN, "subParties": [{"party": SUB}]}, {"party": MAIN})
    assert (found.searchable, len(found.rows)) == ([SUB, MAIN], 2)


def test_17_15_a_number_with_wrong_check_digits_never_reaches_a_search() -> None:
    """One such value makes the server refuse the whole search; local mode hands one out itself."""
    found = read({"party": MAIN, "subParties": [{"party": f"{ORG}123456789", "name": "Local Sub Party"}]})
    assert found.searchable == [MAIN]
    assert [row["name"] for row in found.rows] == [None, "Local Sub Party"]
    assert found.malformed == ["Entry 1.1 of the party list has a number with wrong check digits; it is not searched."]


@pytest.mark.parametrize("party", [None, "", "urn:altinn:systemuser:uuid:1", f"{ORG}31099999", f"{PERSON}x"])
def test_an_entry_that_is_no_party_is_told_by_its_place_and_left_out(party: str | None) -> None:
    found = read({"party": MAIN}, {"party": party, "subParties": [{"party": SUB}]})
    assert found.searchable == [MAIN, SUB]
    assert found.rows[1]["parent_urn"] is None
    assert len(found.malformed) == 1
    assert found.malformed[0].startswith("Entry 2 ")


def test_17_15_capitals_are_turned_into_the_spelling_that_a_search_takes() -> None:
    found = read({"party": "urn:altinn:person:idporten-email:Kari@Example.no"}, {"party": MAIN.upper()})
    assert found.searchable == ["urn:altinn:person:idporten-email:kari@example.no", MAIN]


def test_what_is_wrong_is_never_told_with_a_national_id() -> None:
    found = read({"party": f"{PERSON}03886595940"}, {"party": f"{PERSON}0388659594"})
    assert len(found.malformed) == 2
    assert "0388659594" not in " ".join(found.malformed)


@pytest.mark.parametrize(
    ("urn", "valid"),
    [
        (f"{ORG}310999997", True),
        (f"{ORG}310999998", False),
        (f"{PERSON}03886595947", True),
        (f"{PERSON}03886595948", False),
        (f"{PERSON}03886595957", False),
        ("urn:altinn:person:legacy-selfidentified:kari", True),
    ],
)
def test_check_digits(urn: str, valid: bool) -> None:
    assert has_valid_check_digits(urn) is valid


def test_an_empty_list_of_parties_is_valid() -> None:
    assert read() == PartyList()


def test_an_entry_that_names_no_party_may_be_any() -> None:
    assert read({"name": "EKSEMPEL AS"}).nameless
    assert read({"party": MAIN, "subParties": [{"name": "AVD"}]}).nameless
    assert not read({"party": "urn:altinn:person:feide:kari"}, {"party": f"{ORG}310999998"}).nameless


@pytest.mark.parametrize(
    "body", [b"[]", b"{", b'{"authorizedParties":[1]}', b"\xff", b"{}", b'{"authorizedParties":null}', b'{"items":[]}']
)
def test_an_answer_of_another_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedItem, match="expected form"):
        read_parties(body, NOW)
