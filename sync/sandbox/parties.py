"""Party URNs: which ones the server takes (reference: end-user API §3.2)."""

from __future__ import annotations

import re

from sync.sandbox.numbers import is_national_id, is_organisation_number

ORGANISATION = "urn:altinn:organization:identifier-no:"
PERSON = "urn:altinn:person:identifier-no:"
EMAIL = "urn:altinn:person:idporten-email:"
SELF_IDENTIFIED = "urn:altinn:person:legacy-selfidentified:"
PARTY_FORM = (
    "'{}' must be on format 'urn:altinn:organization:identifier-no:{{norwegian org-nr}}', "
    "'urn:altinn:person:identifier-no:{{norwegian f-nr/d-nr}}', "
    "'urn:altinn:person:legacy-selfidentified:{{username}}' or "
    "'urn:altinn:person:idporten-email:{{e-mail}}' with valid values, respectively."
)


def is_party(urn: str) -> bool:
    """A party URN with a lower-case prefix and a valid value."""
    if urn.startswith(ORGANISATION):
        return is_organisation_number(urn.removeprefix(ORGANISATION))
    if urn.startswith(PERSON):
        return is_national_id(urn.removeprefix(PERSON))
    if urn.startswith(EMAIL):
        return re.fullmatch(r"[^@\s]+@[^@\s]+", urn.removeprefix(EMAIL)) is not None
    return urn.startswith(SELF_IDENTIFIED) and len(urn) > len(SELF_IDENTIFIED)
