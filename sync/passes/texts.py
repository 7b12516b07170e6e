"""Texts in several languages: the one to show, and all of them as JSON."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sync.dialogporten.wire import ContentValue, Localization

_encode = msgspec.json.Encoder().encode


def chosen(localizations: Sequence[Localization] | None, languages: Sequence[str]) -> str | None:
    """The text of the first of `languages` that is there, else the first text there is; None without any."""
    if not localizations:
        return None
    if len(localizations) > 1:
        for language in languages:
            for localization in localizations:
                if localization.language_code == language and localization.value is not None:
                    return localization.value
    for localization in localizations:
        if localization.value is not None:
            return localization.value
    return None


def by_language(localizations: Sequence[Localization] | None) -> dict[str, str | None]:
    """Language code → text; a text whose language is missing has the code `""`."""
    return {each.language_code or "": each.value for each in localizations or ()}


def as_json(localizations: Sequence[Localization] | None) -> str | None:
    """The texts as a JSON object, language code → text; None without any."""
    return _encode(by_language(localizations)).decode() if localizations else None


def part(value: ContentValue) -> dict[str, object]:
    """One part of a content column: `{"mediaType", "value": {language: text}}`."""
    return {
        "mediaType": value.media_type,
        "value": {each.language_code or "": each.value for each in value.value or ()},
    }


def content_json(parts: dict[str, ContentValue | None]) -> str | None:
    """The content column, wire name → part, without the parts that are absent; None without any."""
    found = {name: part(value) for name, value in parts.items() if value is not None}
    return _encode(found).decode() if found else None
