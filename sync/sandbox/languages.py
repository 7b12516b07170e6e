"""Texts in several languages, and what `Accept-Language` leaves of them (reference: end-user API §1.5)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sync.sandbox.dialogs import JsonObject
from sync.sandbox.problems import Refused

Texts = list[JsonObject]


def read_accepted(header: str | None) -> tuple[str, ...]:
    """Base codes by falling weight; none = every language is wanted. Stricter than HTTP: `nb; q=0.8` is a 400."""
    if header is None or not header.strip():
        return ()
    weights: dict[str, float] = {}
    for part in header.split(","):
        code, *rest = part.split(";")
        weight = 1.0
        if rest:
            try:
                if len(rest) > 1 or not rest[0].startswith("q="):
                    raise ValueError
                weight = float(rest[0][2:])
            except ValueError:
                text = f"Unable to bind header value [{header}] to a [AcceptedLanguages] property!"
                raise Refused(400, {"Accept-Language": [text]}) from None
        base = code.strip().lower().replace("_", "-").split("-")[0]
        weights[base] = max(weight, weights.get(base, 0.0))
    return tuple(sorted(weights, key=lambda code: -weights[code]))


def prune(texts: Texts, accepted: tuple[str, ...]) -> Texts:
    """The one text that fits best, by request, then by the server's fallbacks; all of them when none fits."""
    if not accepted:
        return texts
    fallback = ("nb", "en") if {"sv", "da"} & set(accepted) else ("en", "nb")
    for code in (*accepted, *fallback):
        for text in texts:
            if text["languageCode"] == code:
                return [text]
    return texts


def pruned(value: Any, accepted: tuple[str, ...]) -> Any:
    """`value` with every set of texts in it pruned."""
    if isinstance(value, dict):
        return {key: pruned(part, accepted) for key, part in value.items()}
    if isinstance(value, list):
        if value and all(isinstance(one, dict) and one.keys() == {"value", "languageCode"} for one in value):
            return prune(value, accepted)
        return [pruned(part, accepted) for part in value]
    return value


def sorted_texts(texts: Iterable[JsonObject] | None) -> Texts:
    """Texts as they are stored: by language code, codes in lower case without culture."""
    stored = [
        {
            "value": text["value"],
            "languageCode": str(text["languageCode"]).strip().lower().replace("_", "-").split("-")[0],
        }
        for text in texts or ()
    ]
    return sorted(stored, key=lambda text: text["languageCode"])


def from_pairs(pairs: Iterable[tuple[str, str]]) -> Texts:
    """Texts from (language, text) pairs."""
    return sorted_texts({"value": text, "languageCode": language} for language, text in pairs)
