"""What a genuine server told becomes rows without losing a field, and telling it again changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from store.batch import DialogRows, Row
from store.tables import metadata
from sync.dialogporten.wire import EPHEMERAL, instant
from sync.passes.bodies import Bodies
from sync.passes.canonical import canonical, same
from sync.passes.normalise import RowContext, dialog_rows
from sync.passes.remember import fold, remember, scrubbed
from tests.contract.genuine import LONG_RUNS, Told, bodies_told, needs_recordings, scenarios
from tests.contract.wire_columns import PLACES, RAW_ONLY

pytestmark = needs_recordings

CONTEXT = RowContext(now="2026-11-22T07:00:00.000000Z", connection="regnskap", identity="310000000")
SOURCES = [*scenarios(), *LONG_RUNS]
STUB = {"party": "urn:altinn:organization:identifier-no:310999997", "updatedAt": "2026-11-22T06:00:00.0000000Z"}


def as_bodies(told: Told) -> Bodies:
    stub = {} if told.kind == "detail" else {"list": json.dumps({"id": told.dialog_id, **STUB}).encode()}
    return Bodies.of(stub | {told.kind: told.body})


def leaves(value: Any, path: str = "", owner: tuple[Row, ...] = ()) -> Iterator[tuple[str, Any, tuple[Row, ...]]]:
    """(path, value, the objects around it from outside in); a set of texts is one leaf, and so is a list of plain
    values.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key, (*owner, value))
    elif isinstance(value, list) and value and isinstance(value[0], dict) and "languageCode" not in value[0]:
        for position, inner in enumerate(value):
            yield from leaves(inner | {"#": position}, f"{path}[]", owner)
    elif not path.endswith("#") and value != []:
        yield path, value, owner


def rows_of(place: str, owner: tuple[Row, ...], rows: DialogRows) -> list[Row]:
    """The rows of the place's table that belong to the objects around the leaf."""
    table = place.split(".")[0]
    if table == "dialog":
        return [rows.dialog]
    found = rows.rows[table]
    if table == "label":
        return found
    if table == "navigational_action":
        here, transmission = owner[-1], owner[-2]
        return [r for r in found if (r["transmission_id"], r["position"]) == (transmission["id"], here["#"])]
    if table == "label_log":
        (entry,) = [each for each in owner if "action" in each]
        key = (instant(str(entry["createdAt"])), entry["name"], entry["action"])
        return [r for r in found if (r["created_at"], r["name"], r["action"]) == key]
    nearest = next(each["id"] for each in reversed(owner) if "id" in each)
    return [r for r in found if r["id"] == nearest]


def expected(path: str, value: Any) -> Any:
    """The transformations the archive is known to make."""
    if isinstance(value, str) and path.endswith("At"):
        return instant(value)
    if isinstance(value, str) and value.startswith(EPHEMERAL):
        return None
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {each["languageCode"]: each["value"] for each in value}
    return value


def stored(place: str, row: Row) -> Any:
    column, _, inside = place.split(".", 1)[1].partition(":")
    value: Any = row[column]
    if inside or column in {"titles", "prompts", "descriptions", "display_names"}:
        value = json.loads(str(value))
    for name in inside.split(".") if inside else ():
        value = value[name]
    return value


def lost(told: Told, rows: DialogRows) -> list[str]:
    body = json.loads(told.body)
    problems = []
    for path, value, owner in leaves(body if isinstance(body, dict) else {"": body}):
        path = path.removeprefix("[].") if told.kind not in ("list", "detail") else path
        if path in RAW_ONLY[told.kind]:
            continue
        if path not in PLACES[told.kind]:
            problems.append(f"{path} has no place")
            continue
        place = PLACES[told.kind][path]
        found = [stored(place, row) for row in rows_of(place, owner, rows)]
        if place == "label.label":
            if sorted(found) != sorted(value):
                problems.append(f"{path} = {value!r}, stored {found!r}")
        elif found != [expected(path, value)]:
            problems.append(f"{path} = {value!r}, stored {found!r}")
    return problems


@pytest.mark.parametrize("source", SOURCES)
def test_no_field_that_a_genuine_server_told_is_lost(source: str) -> None:
    for told in bodies_told(source):
        problems = lost(told, dialog_rows(told.dialog_id, as_bodies(told), CONTEXT))
        assert not problems, f"{told.where}: {problems}"


def test_the_walk_over_the_leaves_notices_a_lost_field() -> None:
    told = next(told for told in bodies_told(LONG_RUNS[0]) if told.kind == "list")
    rows = dialog_rows(told.dialog_id, as_bodies(told), CONTEXT)
    rows.dialog["status"] = "Draft2"
    rows.rows["label"].clear()
    assert {problem.split(" ")[0] for problem in lost(told, rows)} == {"status", "endUserContext.systemLabels"}


# Noted by those who ask again, not told by the bodies.
NOTED_BY_PASSES = {"children_read_at", "probed_at", "looked_at"}


@pytest.mark.parametrize("source", SOURCES)
def test_rows_have_exactly_the_columns_of_their_tables_and_each_key_once(source: str) -> None:
    for told in bodies_told(source):
        rows = dialog_rows(told.dialog_id, as_bodies(told), CONTEXT)
        assert rows.dialog.keys() | NOTED_BY_PASSES == set(metadata.tables["dialog"].columns.keys())
        for table, found in rows.rows.items():
            columns = metadata.tables[table].columns
            keys = [tuple(row[key.name] for key in metadata.tables[table].primary_key) for row in found]
            assert len(keys) == len(set(keys)), f"{told.where}: {table}"
            assert all(row.keys() == set(columns.keys()) for row in found), f"{told.where}: {table}"


@pytest.mark.parametrize("source", SOURCES)
def test_feeding_a_genuine_history_twice_gives_nothing_new_the_second_time(source: str) -> None:
    held: dict[str, Bodies] = {}
    for told in bodies_told(source):
        old = held.get(told.dialog_id)
        fresh = as_bodies(told) if old is None else Bodies.of(old.by_kind() | {told.kind: told.body})
        merged = scrubbed(fresh) if old is None else remember(old, scrubbed(fresh))
        again = fold(told.dialog_id, merged, Bodies.of(merged.by_kind() | {told.kind: told.body}), CONTEXT)
        assert not again.payloads, f"{told.where}: {list(again.payloads)} would be written again"
        assert not again.changes, f"{told.where}: {again.changes}"
        assert same(told.kind, told.body, told.body + b" ")
        assert b"dialogToken" not in canonical(told.kind, told.body)
        held[told.dialog_id] = merged
    if not held:
        pytest.skip("this recording tells of no dialog")


@pytest.mark.parametrize("run", LONG_RUNS)
def test_after_a_long_run_the_children_say_what_the_details_say(run: str) -> None:
    """Read without opening, the children give the very rows that an opening gives (end-user API §5.5, §6.6,
    §17.17).
    """
    last: dict[str, dict[str, bytes]] = {}
    for told in bodies_told(run):
        last.setdefault(told.dialog_id, {})[told.kind] = told.body
    compared = 0
    for dialog_id, bodies in last.items():
        if not {"list", "detail", "transmissions", "activities"} <= bodies.keys():
            continue
        opened = dialog_rows(dialog_id, Bodies(None, bodies["detail"]), CONTEXT).rows
        unopened = dialog_rows(dialog_id, Bodies.of({k: v for k, v in bodies.items() if k != "detail"}), CONTEXT).rows
        by_id = {row["id"]: row for row in unopened["transmission"]}
        assert by_id == {row["id"]: row for row in opened["transmission"]}
        named = {"performed_by", "performed_by_type", "performed_by_name"}
        for row in opened["activity"]:
            (other,) = [each for each in unopened["activity"] if each["id"] == row["id"]]
            assert {k: v for k, v in row.items() if k not in named} == {
                k: v for k, v in other.items() if k not in named
            }
        compared += len(by_id)
    assert compared > 50
