"""Check digits of Norwegian organisation numbers and national ids (reference: end-user API §3.2)."""

from __future__ import annotations

_ORGANISATION = (3, 2, 7, 6, 5, 4, 3, 2)
_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def _check_digit(digits: str, weights: tuple[int, ...]) -> int:
    rest = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False)) % 11
    return 0 if rest == 0 else 11 - rest


def is_organisation_number(text: str) -> bool:
    """Nine digits with a valid modulus-11 check digit."""
    return len(text) == 9 and text.isascii() and text.isdigit() and _check_digit(text, _ORGANISATION) == int(text[8])


def is_national_id(text: str) -> bool:
    """Eleven digits with two valid check digits; synthetic ones (month + 80) are as good as any."""
    if len(text) != 11 or not (text.isascii() and text.isdigit()):
        return False
    return _check_digit(text, _FIRST) == int(text[9]) and _check_digit(text, _SECOND) == int(text[10])
