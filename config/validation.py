"""One table of the file against its model: pydantic's complaints turned into sentences with a remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from config.fields import REFUSED
from config.findings import Findings, Place
from config.models import SECTIONS, Section
from config.toml_text import toml_value

SectionT = TypeVar("SectionT", bound=Section)

_SECRET_KEYS = ("token", "client_secret")
_SECRET_LIKE = re.compile(r"secret|token|passw|passord|key|pem|jwk", re.IGNORECASE)
# 32 bytes in base64: a key of the vault, put where its place belongs.
_VAULT_KEY_LIKE = re.compile(r"\s*[A-Za-z0-9+/_-]{43}=?\s*")
_PLAIN_REFERENCE = re.compile(r"env:[A-Za-z0-9_]{1,64}")
_WRONG_TYPE = {
    "string_type": ("not text.", "Put it in quotes"),
    "int_type": ("not a whole number.", "Write digits without quotes"),
    "int_parsing": ("not a whole number.", "Write digits without quotes"),
    "int_from_float": ("not a whole number.", "Write digits without a fraction"),
    "tuple_type": ("not a list.", "Put it in square brackets"),
    "path_type": ("not a path.", "Write it in quotes"),
    "model_type": ("not a table.", "Write it in braces"),
}


def read_section(model: type[SectionT], raw: object, place: Place, findings: Findings) -> SectionT | None:
    """The section, or None with its problems told to `findings`."""
    if not isinstance(raw, dict):
        findings.add(place, raw, "not a table.", f"Write [{findings.key(place)}] on a line of its own, its keys below.")
        return None
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _tell(model, detail, place, findings)
        return None


def nearest(word: object, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    close = get_close_matches(str(word).lower().replace("-", "_"), list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def keys_of(model: type[BaseModel]) -> list[str]:
    """The keys of a table as they are spelled in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _tell(model: type[Section], detail: ErrorDetails, at: Place, findings: Findings) -> None:
    inside = tuple(detail["loc"])
    place = (*at, *inside)
    owner, field = _look_up(model, inside)
    value = detail["input"]
    kind = detail["type"]
    if kind == "extra_forbidden":
        _tell_unknown(owner, place, value, findings)
        return
    if kind == "missing":
        example = _example(field)
        section = f" under [{place[0]}]" if len(place) == 2 else ""
        findings.add(place, None, "is missing.", f"Add {inside[-1]} = {example}{section}." if example else "Add it.")
        return
    if kind == "too_short" and value:
        return  # what is wrong with its members is told already
    problem, remedy = _sentence(detail, field)
    findings.add(place, value, problem, remedy, secret=_is_secret(str(inside[-1] if inside else ""), value))


def _tell_unknown(owner: type[BaseModel], place: Place, value: object, findings: Findings) -> None:
    key = str(place[-1])
    known = keys_of(owner)
    elsewhere = [(name, found) for name, table in SECTIONS.items() if (found := nearest(key, keys_of(table)))]
    if meant := nearest(key, known):
        remedy = f'Did you mean "{meant}"?'
    elif elsewhere:
        section, name = min(elsewhere, key=lambda found: found[1] != key)
        remedy = f"It belongs in [{section}]." if name == key else f'Did you mean "{name}" of [{section}]?'
    else:
        remedy = f"Known here: {', '.join(known)}."
    findings.add(place, value, "unknown key.", remedy, secret=_SECRET_LIKE.search(key) is not None)


def _sentence(detail: ErrorDetails, field: FieldInfo | None) -> tuple[str, str]:
    kind = detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})
    if kind == REFUSED:
        return str(context["problem"]), str(context["remedy"])
    example = _example(field)
    if kind == "literal_error":
        allowed = allowed_values(field)
        meant = get_close_matches(str(detail["input"]), allowed, n=1)
        also = f' Did you mean "{meant[0]}"?' if meant else ""
        return "not a known value.", f"Use one of {', '.join(toml_value(word) for word in allowed)}.{also}"
    if kind in ("greater_than_equal", "less_than_equal"):
        least = kind == "greater_than_equal"
        bound = bounds(field)[0 if least else 1]
        return ("too small." if least else "too great."), f"{'At least' if least else 'At most'} {toml_value(bound)}."
    if kind == "too_short":
        return "an empty list.", f"Write at least one, for example {example}." if example else "Write at least one."
    problem, remedy = _WRONG_TYPE.get(kind, (f"{detail['msg']}.", "Correct it"))
    return problem, f"{remedy}, for example {example}." if example else f"{remedy}."


def _is_secret(key: str, value: object) -> bool:
    if not isinstance(value, str):
        return key in _SECRET_KEYS
    if _VAULT_KEY_LIKE.fullmatch(value):
        return True
    if key in _SECRET_KEYS:
        return _PLAIN_REFERENCE.fullmatch(value) is None
    return key == "key" and ("\n" in value or "{" in value or len(value) > 300)


def _look_up(model: type[BaseModel], inside: Place) -> tuple[type[BaseModel], FieldInfo | None]:
    """The table and the field that a path within `model` leads to."""
    owner: type[BaseModel] = model
    field: FieldInfo | None = None
    for step in inside:
        if isinstance(step, int):
            continue
        if field is not None:
            owner = _table_in(field.annotation) or owner
        field = next((f for name, f in owner.model_fields.items() if step == (f.alias or name)), None)
    return owner, field


def _table_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _table_in(part))), None)


def allowed_values(field: FieldInfo | None) -> list[str]:
    """The words a field with a fixed choice, or none, takes; empty for any other field."""
    arguments = get_args(field.annotation) if field is not None else ()
    if type(None) in arguments:
        arguments = tuple(word for part in arguments for word in get_args(part))
    return [word for word in arguments if isinstance(word, str)]


def bounds(field: FieldInfo | None) -> tuple[object, object]:
    """The least and the greatest value a field takes; None where there is none."""
    rules = field.metadata if field is not None else []
    least, most = ([getattr(rule, name) for rule in rules if hasattr(rule, name)] for name in ("ge", "le"))
    return next(iter(least), None), next(iter(most), None)


def _example(field: FieldInfo | None) -> str | None:
    if field is None:
        return None
    if field.examples:
        return toml_value(field.examples[0])
    if field.is_required() or field.default is None:
        return None
    return toml_value(field.default)
