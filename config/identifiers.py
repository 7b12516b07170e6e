"""Who a party is: organisation numbers, national identity numbers and party URNs.

The rules are those the server applies to a party filter (reference: end-user API §3.2): a lower-case prefix, and
check digits modulo 11. Synthetic numbers (Tenor: month + 80) carry ordinary check digits, so they pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

ORGANISATION = "urn:altinn:organization:identifier-no:"
PERSON = "urn:altinn:person:identifier-no:"
EMAIL = "urn:altinn:person:idporten-email:"
SELF_IDENTIFIED = "urn:altinn:person:legacy-selfidentified:"

PartyKind = Literal["organisation", "person", "email", "self-identified"]

_KINDS: tuple[tuple[str, PartyKind], ...] = (
    (ORGANISATION, "organisation"),
    (PERSON, "person"),
    (EMAIL, "email"),
    (SELF_IDENTIFIED, "self-identified"),
)
_ORGANISATION_WEIGHTS = (3, 2, 7, 6, 5, 4, 3, 2)
_FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
_DIGITS = re.compile(r"[0-9]+")
# A typed-in number may have a digit too many or too few; it is masked all the same.
_LIKE_NATIONAL_ID = re.compile(r"(?<![0-9])[0-9]{10,12}(?![0-9])|(?<![0-9])[0-9]{6}[ \u00a0-][0-9]{5}(?![0-9])")
_AFTER_PERSON = re.compile(re.escape(PERSON) + r"[^\s\"',&?#]*", re.IGNORECASE)
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


class PartyProblem(ValueError):
    """Not a usable party. `problem` and `remedy` never repeat a national identity number."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem} {remedy}")


@dataclass(frozen=True)
class Party:
    """A party URN taken apart. `urn` is as the server keeps it: all lower case."""

    kind: PartyKind
    value: str

    @property
    def urn(self) -> str:
        return next(prefix for prefix, kind in _KINDS if kind == self.kind) + self.value

    def __str__(self) -> str:
        return mask_party(self.urn)

    def __repr__(self) -> str:
        return f"Party({mask_party(self.urn)!r})"


def _check_digit(digits: str, weights: tuple[int, ...]) -> int | None:
    """Modulo 11; None where the remainder has no digit, so no such number is ever given out."""
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True)) % 11
    return None if rest == 1 else (11 - rest) % 11


def is_organisation_number(text: str) -> bool:
    """Nine digits, the last one a check digit."""
    return (
        len(text) == 9
        and _DIGITS.fullmatch(text) is not None
        and _check_digit(text[:8], _ORGANISATION_WEIGHTS) == int(text[8])
    )


def national_id_check_digits(nine: str) -> str | None:
    """The two check digits that complete `nine` (date and individual number); None if no number begins so."""
    first = _check_digit(nine, _FIRST_WEIGHTS)
    if first is None:
        return None
    second = _check_digit(f"{nine}{first}", _SECOND_WEIGHTS)
    return None if second is None else f"{first}{second}"


def is_national_id(text: str) -> bool:
    """Eleven digits, the last two check digits: national identity numbers, D numbers and synthetic ones."""
    return len(text) == 11 and _DIGITS.fullmatch(text) is not None and national_id_check_digits(text[:9]) == text[9:]


def mask_national_id(number: str) -> str:
    """All but the two check digits hidden: enough to tell two people apart, too little to know one."""
    return "*" * max(len(number) - 2, 0) + number[-2:]


def mask_party(urn: str) -> str:
    """A party URN for eyes and logs: a person's number is masked, anything else stays."""
    return _AFTER_PERSON.sub(lambda found: PERSON + mask_national_id(found[0][len(PERSON) :]), urn)


def mask_anything_like_national_id(text: str) -> str:
    """For text typed by an operator: also numbers with a wrong check digit or a digit too many are hidden."""
    return _LIKE_NATIONAL_ID.sub(lambda found: mask_national_id(found[0]), mask_party(text))


def parse_party(urn: str) -> Party:
    """Take a party URN apart. Raises `PartyProblem` if the server would refuse it."""
    for prefix, kind in _KINDS:
        if urn.startswith(prefix):
            return _checked(kind, urn[len(prefix) :])
        if urn.lower().startswith(prefix):
            raise PartyProblem("the prefix of a party must be in lower case.", f"Write it as {prefix}…")
    bare = urn.strip().replace(" ", "")
    if is_organisation_number(bare):
        raise PartyProblem("a bare organisation number is not a party.", f'Write "{ORGANISATION}{bare}".')
    if is_national_id(bare):
        raise PartyProblem("a bare national identity number is not a party.", f"Put {PERSON} in front of it.")
    raise PartyProblem(
        "not a party.", f"Write {ORGANISATION}<9 digits> for an organisation, {PERSON}<11 digits> for a person."
    )


def _checked(kind: PartyKind, value: str) -> Party:
    if kind == "organisation" and not is_organisation_number(value):
        raise PartyProblem(
            "not an organisation number: it needs nine digits, the last one a check digit.",
            "Look the number up in Brønnøysundregistrene and correct it.",
        )
    if kind == "person" and not is_national_id(value):
        raise PartyProblem(
            "not a national identity number: it needs eleven digits, the last two check digits.",
            "Compare it with its source and correct it (it is masked here on purpose).",
        )
    if kind == "email" and not _EMAIL.fullmatch(value):
        raise PartyProblem("not an e-mail address.", f"Write {EMAIL}name@example.no.")
    if not value:
        raise PartyProblem("the user name is missing.", f"Write {SELF_IDENTIFIED}<user name>.")
    return Party(kind, value.lower())
