"""Organisation numbers, national ids and party URNs are judged as the server judges them, and masked."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from config.identifiers import (
    PERSON,
    Party,
    PartyProblem,
    is_national_id,
    is_organisation_number,
    mask_party,
    national_id_check_digits,
    parse_party,
)

SYNTHETIC_PERSON = "03886595947"


@pytest.mark.parametrize("number", ["310000000", "310000108", "311114441", "311116290"])
def test_a_number_with_the_right_check_digit_is_an_organisation(number: str) -> None:
    assert is_organisation_number(number)


@pytest.mark.parametrize("number", ["310000001", "31000000", "3100000000", "31000000x", "", "٣١٠٠٠٠٠٠٠"])
def test_anything_else_is_not(number: str) -> None:
    assert not is_organisation_number(number)


@settings(deadline=None)
@given(st.integers(0, 10**8 - 1))
def test_changing_one_digit_of_an_organisation_number_breaks_it(base: int) -> None:
    complete = [f"{base:08d}{digit}" for digit in range(10) if is_organisation_number(f"{base:08d}{digit}")]
    assert len(complete) <= 1
    for number in complete:
        for at in range(9):
            other = str((int(number[at]) + 1) % 10)
            assert not is_organisation_number(number[:at] + other + number[at + 1 :])


def test_a_synthetic_national_id_is_valid() -> None:
    assert is_national_id(SYNTHETIC_PERSON)


@settings(deadline=None)
@given(st.integers(0, 10**9 - 1))
def test_changing_one_digit_of_a_national_id_breaks_it(base: int) -> None:
    nine = f"{base:09d}"
    digits = national_id_check_digits(nine)
    assume(digits is not None)
    number = f"{nine}{digits}"
    assert is_national_id(number)
    for at in range(11):
        other = str((int(number[at]) + 1) % 10)
        assert not is_national_id(number[:at] + other + number[at + 1 :])


@pytest.mark.parametrize(
    ("urn", "kind", "value"),
    [
        ("urn:altinn:organization:identifier-no:310000000", "organisation", "310000000"),
        (f"urn:altinn:person:identifier-no:{SYNTHETIC_PERSON}", "person", SYNTHETIC_PERSON),
        ("urn:altinn:person:idporten-email:Kari@Example.no", "email", "kari@example.no"),
        ("urn:altinn:person:legacy-selfidentified:KariN", "self-identified", "karin"),
    ],
)
def test_the_four_kinds_of_party_are_known_and_lower_cased(urn: str, kind: str, value: str) -> None:
    party = parse_party(urn)
    assert (party.kind, party.value) == (kind, value)
    assert party.urn == urn.lower()


@pytest.mark.parametrize(
    "urn",
    [
        "",
        "310000000",
        "urn:altinn:organization:identifier-no:",
        "urn:altinn:organization:identifier-no:310000001",
        "URN:ALTINN:organization:identifier-no:310000000",
        "urn:altinn:person:idporten-email:kari",
        "urn:altinn:person:legacy-selfidentified:",
        "urn:altinn:systemuser:uuid:7f1b1c0e-0000-4000-8000-000000000001",
    ],
)
def test_what_the_server_would_refuse_is_refused_with_a_remedy(urn: str) -> None:
    with pytest.raises(PartyProblem) as caught:
        parse_party(urn)
    assert caught.value.problem
    assert caught.value.remedy


@pytest.mark.parametrize("number", ["03886595948", "0388659594", "038865959470"])
def test_a_refused_person_is_not_named(number: str) -> None:
    with pytest.raises(PartyProblem) as caught:
        parse_party(PERSON + number)
    assert number[:6] not in str(caught.value)


def test_a_person_is_masked_but_for_the_check_digits_and_an_organisation_stays() -> None:
    person = Party("person", SYNTHETIC_PERSON)
    assert mask_party(person.urn) == f"{PERSON}*********47"
    assert SYNTHETIC_PERSON not in f"{person} {person!r}"
    assert person.urn == PERSON + SYNTHETIC_PERSON
    organisation = "urn:altinn:organization:identifier-no:310000000"
    assert mask_party(organisation) == organisation
