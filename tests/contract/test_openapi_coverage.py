"""Each documented property of the list item and of the dialog is a column, or is deliberately in the kept body
only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from store.tables import metadata
from tests.contract.genuine import SHARED
from tests.contract.wire_columns import PLACES, RAW_ONLY

SCHEMA = SHARED / "schema" / "openapi.v1.enduser.json"

# Columns that no wire field fills one to one: keys to the parent, what is chosen or derived, and our own bookkeeping.
OWN_COLUMNS = {
    "dialog": {
        "additional_info",
        "additional_info_media_type",
        "extended_status_text",
        "latest_activity_at",
        "latest_activity_id",
        "main_content_media_type",
        "main_content_url",
        "sender_name",
        "summary",
        "title",
        "access",
        "children_read_at",
        "children_status",
        "connection",
        "delegated",
        "details_problem",
        "details_status",
        "first_seen_at",
        "identity",
        "last_changed_at",
        "list_digest",
        "opened_at",
        "presence",
        "probed_at",
        "looked_at",
        "texts_full",
    },
    "transmission": {"title", "summary", "content_reference_url", "content_reference_media_type"},
    "navigational_action": {"transmission_id", "position", "title"},
    "activity": {"description", "performed_by"},
    "attachment": {"transmission_id", "display_name"},
    "attachment_url": {"attachment_id"},
    "api_action": set(),
    "api_endpoint": {"action_id"},
    "gui_action": {"title", "prompt"},
    "seen": set(),
    "label": set(),
    "label_log": set(),
}


def documented(schemas: dict[str, Any], name: str, prefix: str = "") -> Iterator[str]:
    """The paths of a schema's properties, in the spelling of `wire_columns`."""
    for field, spec in schemas[name]["properties"].items():
        yield from _paths(schemas, spec, prefix + field)


def _paths(schemas: dict[str, Any], spec: dict[str, Any], path: str) -> Iterator[str]:
    if "oneOf" in spec:
        (spec,) = spec["oneOf"]
    if "$ref" in spec:
        target = spec["$ref"].rsplit("/", 1)[1]
        if "properties" in schemas[target]:
            yield from documented(schemas, target, f"{path}.")
        else:
            yield path
    elif spec.get("type") == "array" and "$ref" in spec["items"]:
        target = spec["items"]["$ref"].rsplit("/", 1)[1]
        if target == "Localization" or "properties" not in schemas[target]:
            yield path
        else:
            yield from documented(schemas, target, f"{path}[].")
    else:
        yield path


@pytest.mark.skipif(not SCHEMA.is_file(), reason="needs the published OpenAPI document, ../shared/schema")
@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ("DialogListItem", "list"),
        ("Dialog", "detail"),
        ("DialogTransmissionSearchItem", "transmissions"),
        ("DialogTransmissionDetails", "transmissions"),
        ("DialogActivitySearchItem", "activities"),
        ("DialogActivityDetails", "activities"),
        ("DialogSeenLogSearchItem", "seenlog"),
        ("DialogSeenLogDetails", "seenlog"),
        ("LabelAssignmentLog", "labellog"),
    ],
)
def test_each_documented_property_is_a_column_or_deliberately_raw_only(schema: str, kind: str) -> None:
    schemas = json.loads(SCHEMA.read_text("utf-8-sig"))["components"]["schemas"]
    paths = set(documented(schemas, schema))
    assert paths, "the schema has no properties: the walk is broken"
    unplaced = paths - PLACES[kind].keys() - RAW_ONLY[kind].keys()
    if kind == "transmissions":
        unplaced = {path for path in unplaced if not path.endswith(".isAuthorized") or not path.startswith("content.")}
    assert not unplaced, f"neither a column nor stated as raw-only: {sorted(unplaced)}"


@pytest.mark.parametrize("kind", PLACES)
def test_each_place_is_a_column_of_the_archive(kind: str) -> None:
    for path, place in PLACES[kind].items():
        table, column = place.split(":")[0].split(".")
        assert table in metadata.tables, path
        assert column in metadata.tables[table].columns, f"{path} → {place}"


@pytest.mark.parametrize("table", OWN_COLUMNS)
def test_each_column_has_a_source(table: str) -> None:
    filled = {place.split(":")[0] for places in PLACES.values() for place in places.values()}
    columns = set(metadata.tables[table].columns.keys()) - {"dialog_id", "removed_at"}
    assert {column for column in columns if f"{table}.{column}" not in filled} == OWN_COLUMNS[table]
