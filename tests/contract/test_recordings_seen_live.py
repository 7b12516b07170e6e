"""What was seen on a genuine server (reference: end-user API §17), row by row, as far as rows and history go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from store.batch import DialogRows
from sync.dialogporten import wire
from sync.passes.bodies import Bodies
from sync.passes.canonical import list_digest, same
from sync.passes.normalise import RowContext, checked_item, dialog_rows
from sync.passes.parties import read_parties
from sync.passes.remember import fold, remember
from sync.passes.signals import ListSignals, signals
from tests.contract.genuine import exchange, exchanges, needs_recordings, told

pytestmark = needs_recordings

CONTEXT = RowContext(now="2026-11-22T07:00:00.000000Z")


def rows(**bodies: bytes) -> DialogRows:
    first = json.loads(next(iter(bodies.values())))
    return dialog_rows(first["id"], Bodies.of(bodies), CONTEXT)


def history(old: bytes, new: bytes, **children: tuple[bytes, bytes]) -> list[str]:
    before = Bodies.of({"list": old} | {kind: pair[0] for kind, pair in children.items()})
    after = Bodies.of({"list": new} | {kind: pair[1] for kind, pair in children.items()})
    return [str(change["what"]) for change in fold(json.loads(new)["id"], before, after, CONTEXT).changes]


def seen_of(scenario: str, number: str) -> ListSignals:
    return signals(checked_item(told(scenario, number)))


def test_17_1_seen_records_of_the_detail_are_not_taken() -> None:
    detail, after = told("s02", "10"), told("s02", "11")
    assert rows(list=told("s02", "03"), detail=detail).rows["seen"] == []
    (row,) = rows(list=after, detail=detail).rows["seen"]
    assert (row["seen_at"], row["is_via_service_owner"]) == ("2026-11-22T06:34:39.674065Z", True)
    assert same("detail", detail, told("s02", "13")), "the second reading differs only in what it tells of itself"


def test_17_2_an_api_only_dialog_without_content_is_filed_from_its_list_item() -> None:
    found = rows(list=told("s04", "05"), transmissions=b"[]")
    assert (found.dialog["is_api_only"], found.dialog["content"], found.dialog["is_content_seen"]) == (True, None, True)
    assert len(found.rows["seen"]) == 1, "the 500 has marked it"


def test_17_3_only_the_transmissions_tell_of_a_silent_edit() -> None:
    before, after = told("s06", "02"), told("s06", "07")
    assert same("list", before, after)
    changed = (told("s06", "05"), told("s06", "08"))
    assert history(before, after, transmissions=changed)
    assert all(what.startswith("transmissions.") for what in history(before, after, transmissions=changed))


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("04", "06", ["status"]),
        ("06", "08", ["progress"]),
        ("08", "10", ["dueAt"]),
        ("10", "12", ["extendedStatus"]),
        ("12", "14", ["content.title"]),
        ("14", "16", ["content.summary"]),
        ("16", "18", []),  # actions show in a detail only
        ("18", "20", []),
        ("20", "22", ["guiAttachmentCount"]),
        ("22", "24", ["content.title"]),
        ("24", "26", ["status"]),
        ("26", "28", []),
    ],
)
def test_17_4_each_write_is_the_history_that_its_list_item_shows(before: str, after: str, what: list[str]) -> None:
    old, new = (json.loads(told("s05", number)) for number in (before, after))
    known = {name: old[name] for name in ("fromServiceOwnerTransmissionsCount", "latestActivity") if name in old}
    assert {name: new[name] for name in known} == known
    assert history(told("s05", before), told("s05", after)) == what


def test_17_4_a_silent_transmission_shows_in_the_counts_and_a_silent_activity_in_the_latest() -> None:
    assert seen_of("s05", "30").counts != seen_of("s05", "32").counts
    assert seen_of("s05", "30").updated_at == seen_of("s05", "32").updated_at
    assert seen_of("s05", "36").latest_activity != seen_of("s05", "38").latest_activity
    assert seen_of("s05", "36").updated_at == seen_of("s05", "38").updated_at


def test_17_5_a_loud_change_resets_the_label_and_history_tells_it() -> None:
    old, new = told("s11", "21"), told("s11", "23")
    assert "systemLabels" in history(old, new)
    assert [row["label"] for row in rows(list=new).rows["label"]] == ["Default"]


def test_17_6_a_corrected_flag_makes_no_history_of_its_own() -> None:
    flips = 0
    for scenario in ("s05-what-moves", "s14-unopened-and-masks"):
        last: dict[str, bytes] = {}
        for _, recorded in exchanges(scenario):
            body: Any = recorded["response"]["body"]
            for item in body.get("items", []) if isinstance(body, dict) else []:
                new = json.dumps(item).encode()
                old = last.get(item["id"], new)
                if json.loads(old)["hasUnopenedContent"] != item["hasUnopenedContent"]:
                    flips += 1
                    assert "hasUnopenedContent" not in history(old, new)
                last[item["id"]] = new
    assert flips


def test_17_7_opening_clears_the_mark_without_a_new_revision() -> None:
    marked, opened = seen_of("s11", "05"), seen_of("s11", "07")
    assert marked.labels - opened.labels == {"MarkedAsUnopened"}
    assert marked.context_revision == opened.context_revision
    assert (marked.is_content_seen, opened.is_content_seen) == (False, True)
    assert marked.seen_ids, "the record stands while the dialog is marked"
    assert history(told("s11", "05"), told("s11", "07")) == ["systemLabels"]


def test_17_12_the_last_page_has_a_token_and_no_next_page() -> None:
    last = [
        page
        for _, recorded in exchanges("s12-paging")
        if isinstance(recorded["response"]["body"], dict) and "hasNextPage" in recorded["response"]["body"]
        for page in [wire.list_page(json.dumps(recorded["response"]["body"]).encode())]
        if not page.has_next_page and page.items
    ]
    assert last
    assert all(page.continuation_token for page in last)


def test_an_expired_url_does_not_hide_the_one_that_was_known() -> None:
    details = [n for n in ("03", "04", "05", "06", "07", "08", "09") if _is_detail(n)]
    first, last = told("s14", details[0]), told("s14", details[-1])
    assert b"urn:dialogporten:expired" in last
    assert b"urn:dialogporten:expired" not in first
    dialog_id = json.loads(first)["id"]
    old = Bodies(None, first)
    found = fold(dialog_id, old, Bodies(None, last), CONTEXT)
    assert {row["url"] for row in found.rows["attachment_url"]} == {
        "https://ttd.example.no/borte.pdf",
        "https://ttd.example.no/v.pdf",
    }
    assert (found.changes, found.payloads) == ([], {})
    assert remember(old, Bodies(None, last)).detail != last


def _is_detail(number: str) -> bool:
    body = exchange("s14", number)
    return isinstance(body, dict) and "revision" in body


def test_17_15_the_party_that_local_mode_hands_out_is_not_searched() -> None:
    found = read_parties(told("s01", "03"), CONTEXT.now)
    assert found.searchable == ["urn:altinn:person:identifier-no:03886595947"]
    assert len(found.rows) == 2


def test_17_16_an_actor_by_national_id_has_a_name_and_no_id_that_lasts() -> None:
    detail = told("s03", "07")
    by_name = {row["performed_by_name"]: row["performed_by_id"] for row in rows(detail=detail).rows["activity"]}
    assert by_name == {None: None, "Kari Oppdiktet": None, "Gunnar Gunnarson": None}
    assert b"identifier-ephemeral" in detail


def test_17_17_children_and_list_item_give_what_the_detail_alone_would() -> None:
    apart = rows(list=told("s03", "02"), transmissions=told("s03", "03"), activities=told("s03", "04"))
    whole = rows(detail=told("s03", "07"))
    assert apart.rows["transmission"] == whole.rows["transmission"]
    named = [row for row in apart.rows["activity"] if row["performed_by"]]
    assert len(named) == 1, "the list names the doer of the latest activity"
    single = json.loads(told("s03", "12"))
    bare = json.loads(told("s03", "04"))
    merged = json.dumps([single if each["id"] == single["id"] else each for each in bare]).encode()
    assert (
        sum(row["performed_by"] is not None for row in rows(list=told("s03", "02"), activities=merged).rows["activity"])
        == 2
    )


def test_17_18_a_migrated_dialog_is_seen_without_a_record() -> None:
    old = [item for item in exchange("s07", "03")["items"] if item["createdAt"].startswith("2019")]
    assert old
    for item in old:
        found = rows(list=json.dumps(item).encode())
        assert (found.dialog["is_content_seen"], found.rows["seen"]) == (True, [])


def test_17_19_after_a_restart_nothing_differs() -> None:
    pairs: dict[tuple[str, str], list[bytes]] = {}
    for _, recorded in exchanges("s17-restart"):
        request, response = recorded["request"], recorded["response"]
        if request["method"] != "GET" or response["status"] != 200:
            continue
        body: Any = response["body"]
        if isinstance(body, dict) and body.get("items"):
            for item in body["items"]:
                pairs.setdefault(("list", item["id"]), []).append(_compact(item))
        elif isinstance(body, dict) and "revision" in body:
            pairs.setdefault(("detail", body["id"]), []).append(_compact(body))
    compared = 0
    for (kind, _), told_bodies in pairs.items():
        first, last = told_bodies[0], told_bodies[-1]
        if first != last and b"ephemeral" in first and len(told_bodies) > 1:
            compared += 1
            assert same(kind, first, last)
            if kind == "list":
                assert list_digest(first) == list_digest(last)
    assert compared


def _compact(body: Any) -> bytes:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
