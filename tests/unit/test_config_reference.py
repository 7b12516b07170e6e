"""docs/settings.md is what the code says, and names every key and event."""

from __future__ import annotations

from config.connections import CONNECTIONS
from config.events import Event
from config.models import SECTIONS
from config.reference import REFERENCE, reference


def test_the_settings_reference_is_made_from_this_code() -> None:
    written = REFERENCE.read_text(encoding="utf-8")
    assert written == reference(), "docs/settings.md is out of date: run `python -m config.reference`"


def test_every_key_has_a_meaning_and_stands_in_the_reference() -> None:
    page = reference()
    for model in [*SECTIONS.values(), *CONNECTIONS.values()]:
        for name, field in model.model_fields.items():
            assert f"| `{field.alias or name}` |" in page
            assert field.title, name
            assert field.description, name


def test_every_event_stands_in_the_reference_with_its_meaning() -> None:
    page = reference()
    for event in Event:
        assert f"| `{event.value}` | {event.meaning} |" in page
