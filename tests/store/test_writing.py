"""A batch is written as a whole, once, and the same on both engines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store.archive import Archive
from store.batch import OWNED, Batch, CurrentPayload, CursorMove, DialogRows, Row, Written
from store.errors import ArchiveError
from store.reading import DialogView
from tests.store.rows import AT, LATER, ORG, batch, dialog, dialog_row, row, uuid


def letter(number: int, of: int = 1, **fields: Any) -> Row:
    return row("transmission", id=uuid(number), dialog_id=uuid(of), **fields)


def held(archive: Archive, number: int = 1) -> DialogView:
    found = archive.dialog(uuid(number))
    assert found is not None
    return found


def everything(archive: Archive, numbers: range = range(60)) -> list[DialogView | None]:
    """All that an archive holds of some dialogs, but for the numbers that the engines give to history rows."""
    found = [archive.dialog(uuid(number)) for number in numbers]
    for one in found:
        for change in one.children["change"] if one else []:
            change.pop("id")
    return found


def test_a_new_dialog_lands_with_all_its_children(archive: Archive) -> None:
    children: dict[str, list[Row]] = {
        "transmission": [letter(10, title="Vedtak")],
        "navigational_action": [row("navigational_action", transmission_id=uuid(10), position=0, dialog_id=uuid(1))],
        "activity": [row("activity", id=uuid(11), dialog_id=uuid(1), type="DialogCreated")],
        "attachment": [row("attachment", id=uuid(12), dialog_id=uuid(1), transmission_id=uuid(10))],
        "attachment_url": [row("attachment_url", id=uuid(13), attachment_id=uuid(12), dialog_id=uuid(1))],
        "api_action": [row("api_action", id=uuid(14), dialog_id=uuid(1), action="submit")],
        "api_endpoint": [row("api_endpoint", id=uuid(15), action_id=uuid(14), dialog_id=uuid(1))],
        "gui_action": [row("gui_action", id=uuid(16), dialog_id=uuid(1))],
        "seen": [row("seen", id=uuid(17), dialog_id=uuid(1), seen_at=AT)],
        "label_log": [row("label_log", dialog_id=uuid(1), created_at=AT, name="Bin", action="set")],
    }
    written = archive.write(batch(dialog(1, rows=children, payloads={"list": b"{}"})))
    assert written == Written(dialogs=1, rows=13, changes=0)
    view = held(archive)
    assert {name: len(rows) for name, rows in view.children.items() if rows} == dict.fromkeys([*children, "label"], 1)
    assert view.children["transmission"][0]["title"] == "Vedtak"
    assert view.payloads == {"list": CurrentPayload(1, b"{}")}


def test_writing_the_same_batch_again_writes_nothing(archive: Archive) -> None:
    change: Row = {"dialog_id": uuid(1), "seen_at": AT, "what": "status", "before": None, "after": '"Completed"'}
    one = dialog(1, rows={"transmission": [letter(10)]}, payloads={"list": b"x"}, changes=[change])
    assert archive.write(batch(one)).rows == 4
    before = everything(archive)
    assert archive.write(batch(one)) == Written(0, 0, 0)
    assert archive.write(batch(replace(one, is_new=False, payload_versions={"list": 1}))) == Written(0, 0, 0)
    assert everything(archive) == before


def test_only_what_differs_is_counted(archive: Archive) -> None:
    archive.write(batch(dialog(1, rows={"transmission": [letter(10), letter(11)]})))
    again = dialog(1, rows={"transmission": [letter(10), letter(11, title="Ny")]}, is_new=False, last_changed_at=LATER)
    assert archive.write(batch(again)) == Written(dialogs=1, rows=2, changes=0)


@pytest.mark.parametrize("table", OWNED)
def test_a_child_that_is_no_longer_named_is_kept_as_removed(archive: Archive, table: str) -> None:
    parents: dict[str, list[Row]] = {
        "transmission": [letter(10)],
        "attachment": [row("attachment", id=uuid(12), dialog_id=uuid(1))],
        "api_action": [row("api_action", id=uuid(14), dialog_id=uuid(1))],
    }
    child: Row = row(table, dialog_id=uuid(1))
    links: Row = {
        "transmission_id": uuid(10),
        "attachment_id": uuid(12),
        "action_id": uuid(14),
        "position": 0,
        "id": uuid(50),
    }
    child |= {name: value for name, value in links.items() if name in child}
    archive.write(batch(dialog(1, rows=parents | {table: [*parents.get(table, []), child]})))
    standing = [one["removed_at"] for one in held(archive).children[table]]
    assert set(standing) == {None}

    archive.write(batch(dialog(1, rows={table: parents.get(table, [])}, is_new=False), at=LATER))
    removed = [one for one in held(archive).children[table] if one["removed_at"] is not None]
    assert [one["removed_at"] for one in removed] == [LATER]
    assert removed[0].get("id", uuid(50)) == uuid(50)

    archive.write(batch(dialog(1, is_new=False)))
    assert sum(one["removed_at"] == LATER for one in held(archive).children[table]) == 1, (
        "what is not told is left alone"
    )

    archive.write(batch(dialog(1, rows={table: [*parents.get(table, []), child]}, is_new=False), at=LATER))
    assert {one["removed_at"] for one in held(archive).children[table]} == {None}, "what is named again is there again"


def test_a_table_that_is_known_in_part_takes_nothing_back(archive: Archive) -> None:
    earlier, later = (row("activity", id=name, dialog_id=uuid(1), created_at=AT) for name in ("a", "b"))
    archive.write(Batch(AT, [dialog(1, rows={"activity": [earlier]})]))
    part = dialog(1, rows={"activity": [later]}, is_new=False)
    part.partial = frozenset({"activity"})
    archive.write(Batch(LATER, [part]))
    assert {one["id"]: one["removed_at"] for one in held(archive).children["activity"]} == {"a": None, "b": None}


def test_children_of_other_dialogs_are_not_removed(archive: Archive) -> None:
    archive.write(
        batch(dialog(1, rows={"transmission": [letter(10)]}), dialog(2, rows={"transmission": [letter(20, 2)]}))
    )
    archive.write(batch(dialog(1, rows={"transmission": []}, is_new=False), at=LATER))
    assert held(archive, 1).children["transmission"][0]["removed_at"] == LATER
    assert held(archive, 2).children["transmission"][0]["removed_at"] is None


def test_labels_are_replaced_as_a_set(archive: Archive) -> None:
    archive.write(batch(dialog(1, labels=("Default", "Sent"))))
    archive.write(batch(dialog(1, labels=("Bin", "Sent"), is_new=False)))
    assert [one["label"] for one in held(archive).children["label"]] == ["Bin", "Sent"]
    silent = replace(dialog(1, is_new=False), rows={})
    archive.write(batch(silent))
    assert [one["label"] for one in held(archive).children["label"]] == ["Bin", "Sent"]


def test_seen_records_only_grow(archive: Archive) -> None:
    def seen(number: int) -> Row:
        return row("seen", id=uuid(number), dialog_id=uuid(1), seen_at=AT)

    archive.write(batch(dialog(1, rows={"seen": [seen(1)]})))
    archive.write(batch(dialog(1, rows={"seen": [seen(2)]}, is_new=False)))
    archive.write(batch(dialog(1, rows={"seen": []}, is_new=False)))
    assert [one["id"] for one in held(archive).children["seen"]] == [uuid(1), uuid(2)]


def test_a_body_that_differs_becomes_the_next_version_and_the_old_one_stays(archive: Archive) -> None:
    archive.write(batch(dialog(1, payloads={"list": b"one", "detail": b"d"})))
    archive.write(
        batch(replace(dialog(1, payloads={"list": b"two"}, is_new=False), payload_versions={"list": 1}), at=LATER)
    )
    assert archive.payloads([uuid(1)]) == {
        uuid(1): {"list": CurrentPayload(2, b"two"), "detail": CurrentPayload(1, b"d")}
    }
    assert archive.payloads([uuid(1), uuid(2)], ["detail"]) == {uuid(1): {"detail": CurrentPayload(1, b"d")}}
    sql = "SELECT version, superseded_at IS NULL FROM payload WHERE kind = 'list' ORDER BY version"
    with archive._pool.connect() as connection:
        assert [tuple(one) for one in connection.exec_driver_sql(sql)] == [(1, 0), (2, 1)]


def test_a_body_of_a_stale_plan_does_not_overwrite_a_version_that_landed_meanwhile(archive: Archive) -> None:
    archive.write(batch(dialog(1, payloads={"list": b"one"})))
    archive.write(batch(dialog(1, payloads={"list": b"two"}, is_new=True)))
    archive.write(batch(replace(dialog(1, payloads={"list": b"three"}, is_new=False), payload_versions={"list": 1})))
    assert archive.payloads([uuid(1)])[uuid(1)]["list"] == CurrentPayload(3, b"three")


def test_who_sees_less_does_not_overwrite_what_another_has_just_landed_whole(archive: Archive) -> None:
    archive.write(batch(dialog(1, payloads={"list": b"fuller"}, title="Vedtak", access="full")))
    substitute = dialog(1, payloads={"list": b"less"}, title="Brev", access="level_too_low", texts_full=False)
    assert archive.write(batch(substitute, dialog(2))) == Written(1, 2)
    assert (held(archive).dialog["title"], held(archive).dialog["access"]) == ("Vedtak", "full")
    assert archive.payloads([uuid(1)])[uuid(1)]["list"] == CurrentPayload(1, b"fuller")

    archive.write(batch(replace(substitute, is_new=False, payload_versions={"list": 1}), at=LATER))
    assert held(archive).dialog["title"] == "Brev", "nobody was faster: such is the dialog now"


def test_what_was_read_before_a_newer_state_landed_stays_out(archive: Archive) -> None:
    archive.write(batch(dialog(1, payloads={"list": b"one"}, title="Før")))
    newer = dialog(1, payloads={"list": b"two"}, title="Etter", is_new=False, updated_at=LATER)
    archive.write(batch(replace(newer, payload_versions={"list": 1}), at=LATER))
    older = dialog(1, payloads={"list": b"old"}, title="Midt", is_new=False)
    archive.write(batch(replace(older, payload_versions={"list": 1}), at=LATER))
    assert held(archive).dialog["title"] == "Etter"
    assert archive.payloads([uuid(1)])[uuid(1)]["list"] == CurrentPayload(2, b"two")


def test_a_change_that_two_saw_at_once_is_told_once(archive: Archive) -> None:
    def change(at: str, before: str, after: str) -> Row:
        return {"dialog_id": uuid(1), "seen_at": at, "what": "status", "before": before, "after": after}

    def seen(at: str, body: bytes, version: int, before: str, after: str) -> Batch:
        one = dialog(1, payloads={"list": body}, is_new=False, changes=[change(at, before, after)])
        return batch(replace(one, payload_versions={"list": version}), at=at)

    later = "2026-03-02T10:00:01.000000Z"
    archive.write(batch(dialog(1, payloads={"list": b"one"})))
    archive.write(seen(LATER, b"two", 1, '"Draft"', '"Completed"'))
    archive.write(seen(later, b"two again", 1, '"Draft"', '"Completed"'))
    assert [each["seen_at"] for each in held(archive).children["change"]] == [LATER]
    # It may well happen again.
    archive.write(seen(later, b"one", 3, '"Completed"', '"Draft"'))
    archive.write(seen(later, b"two", 4, '"Draft"', '"Completed"'))
    assert len(held(archive).children["change"]) == 3


@pytest.mark.parametrize("size", [0, 1, 1500, 8192, 8193, 3_000_000])
def test_a_body_of_any_size_comes_back_as_it_went(archive: Archive, size: int) -> None:
    body = (b"\x00\xff{}abc" * (size // 7 + 1))[:size]
    archive.write(batch(dialog(1, payloads={"list": body})))
    assert archive.payloads([uuid(1)])[uuid(1)]["list"].body == body


def test_a_write_that_fails_leaves_nothing(archive: Archive) -> None:
    archive.write(batch(dialog(1)))
    before = everything(archive)
    orphan = dialog(
        3, rows={"attachment_url": [row("attachment_url", id=uuid(9), attachment_id=uuid(8), dialog_id=uuid(3))]}
    )
    bad = batch(dialog(2), orphan)
    bad.cursors.append(CursorMove("c", "", ORG, AT))
    with pytest.raises(ArchiveError) as told:
        archive.write(bad)
    assert everything(archive) == before
    assert archive.mailboxes() == []
    assert ORG not in str(told.value)


def test_rows_of_no_table_or_column_are_our_own_mistake(archive: Archive) -> None:
    with pytest.raises(ValueError, match="'mailbox'"):
        archive.write(batch(dialog(1, rows={"mailbox": [{}]})))
    with pytest.raises(ValueError, match="no column colour"):
        archive.write(batch(dialog(1, colour="red")))
    assert archive.known([uuid(1)]) == {}


def test_a_dialog_that_stands_twice_in_a_batch_ends_as_its_last_row(archive: Archive) -> None:
    first = dialog(1, title="før", labels=("Default",), payloads={"list": b"1"})
    second = dialog(1, title="etter", labels=("Bin",), payloads={"list": b"2"})
    archive.write(batch(first, dialog(2), second))
    assert held(archive).dialog["title"] == "etter"
    assert [one["label"] for one in held(archive).children["label"]] == ["Bin"]
    assert held(archive).payloads["list"] == CurrentPayload(2, b"2")


def test_a_child_that_is_named_twice_is_one_child(archive: Archive) -> None:
    archive.write(batch(dialog(1, rows={"transmission": [letter(10, title="a"), letter(10, title="b")]})))
    assert [one["title"] for one in held(archive).children["transmission"]] == ["b"]


def test_when_a_dialog_was_first_seen_never_moves(archive: Archive) -> None:
    archive.write(batch(dialog(1)))
    archive.write(batch(dialog(1, first_seen_at=LATER, last_changed_at=LATER, is_new=False)))
    assert (held(archive).dialog["first_seen_at"], held(archive).dialog["last_changed_at"]) == (AT, LATER)


def test_what_is_known_of_dialogs_is_what_was_written(archive: Archive) -> None:
    archive.write(batch(*(dialog(n, list_digest=b"%d" % n, opened_at=AT) for n in range(1200))))
    found = archive.known([uuid(n) for n in range(0, 3000, 2)])
    assert len(found) == 600
    one = found[uuid(8)]
    assert (one.id, one.party, one.list_digest, one.presence, one.access) == (uuid(8), ORG, b"8", "present", "full")
    assert (one.opened_at, one.updated_at, one.details_status, one.first_seen_at) == (AT, AT, None, AT)
    assert archive.known([]) == {}


def test_odd_values_are_the_same_on_both_engines(
    both: tuple[Archive, Archive], same: Callable[[Callable[[Archive], object]], object]
) -> None:
    odd = dialog(
        1,
        title="nul\x00 halv\ud800 hel 😀 æøå",
        summary="x" * 10_000_000,
        sender_name="",
        progress=2**63,
        gui_attachment_count=-(2**70),
        from_party_transmissions_count=2**80,
        from_service_owner_transmissions_count=2**40,
        created_at="0001-01-01T00:00:00.000000Z",
        due_at="9999-12-31T23:59:59.999999Z",
    )
    for archive in both:
        assert archive.write(batch(odd)).dialogs == 1
        assert archive.write(batch(odd)).dialogs == 0
    same(lambda archive: archive.dialog(uuid(1)))
    stored = held(both[0]).dialog
    assert stored["title"] == "nul\ufffd halv\ufffd hel 😀 æøå"
    assert len(str(stored["summary"])) == 10_000_000
    assert (stored["sender_name"], stored["progress"], stored["gui_attachment_count"]) == ("", None, None)
    assert stored["from_party_transmissions_count"] == 2**63 - 1
    assert stored["from_service_owner_transmissions_count"] == 2**40
    assert (stored["created_at"], stored["due_at"]) == ("0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z")


def test_many_rows_at_once_are_written_as_few_are(
    both: tuple[Archive, Archive], same: Callable[[Callable[[Archive], object]], object]
) -> None:
    texts = ["\\N", "\\", "\t", "a\nb\r\n", '"', "'", "%s", "{}", "\x00", "\ud800", "", " ", "æ😀", None]

    def one(number: int, **fields: Any) -> DialogRows:
        said = texts[number % len(texts)]
        change: Row = {"dialog_id": uuid(number), "seen_at": AT, "what": "status", "before": said, "after": None}
        return dialog(
            number,
            title=said,
            due_at=LATER if number % 2 else None,
            is_content_seen=number % 3 == 0,
            list_digest=bytes(range(256)),
            rows={"transmission": [letter(1000 + number, number, title=said)]},
            payloads={"list": bytes([number, 0, 92, 255])},
            changes=[change],
            **fields,
        )

    many = [one(number) for number in range(120)]
    assert same(lambda archive: archive.write(batch(*many))) == Written(120, 480, 120)
    before = same(lambda archive: everything(archive, range(120)))
    assert same(lambda archive: archive.write(batch(*many))) == Written()
    assert same(lambda archive: everything(archive, range(120))) == before
    later = [one(number, summary="ny" if number < 90 else None, is_new=False) for number in range(120)]
    assert same(lambda archive: archive.write(batch(*later))) == Written(90, 90, 0)
    same(lambda archive: everything(archive, range(120)))
    assert held(both[1], 3).dialog["title"] == "a\nb\r\n"
    assert held(both[1], 0).dialog["title"] == "\\N"
    assert held(both[1], 13).dialog["title"] is None


_TIMES = st.sampled_from([None, AT, LATER, "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
_TEXTS = st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["\x00", "\ud800x", "a%sb", "'; --", "{}"]))
_NUMBERS = st.one_of(st.none(), st.integers(-(2**66), 2**66))


@st.composite
def _dialogs(draw: st.DrawFn) -> DialogRows:
    number = draw(st.integers(0, 4))
    rows: dict[str, list[Row]] = {}
    if draw(st.booleans()):
        ids = draw(st.lists(st.integers(number * 10 + 10, number * 10 + 13), unique=True))
        rows["transmission"] = [letter(n, number, title=draw(_TEXTS), created_at=draw(_TIMES)) for n in ids]
    if draw(st.booleans()):
        ids = draw(st.lists(st.integers(number * 10 + 10, number * 10 + 13), unique=True))
        rows["activity"] = [row("activity", id=uuid(n), dialog_id=uuid(number), type=draw(_TEXTS)) for n in ids]
    changes: list[Row] = [
        {"dialog_id": uuid(number), "seen_at": AT, "what": what, "before": draw(_TEXTS), "after": draw(_TEXTS)}
        for what in draw(st.lists(st.sampled_from(["status", "content.title"]), unique=True))
    ]
    return dialog(
        number,
        labels=tuple(draw(st.sets(st.sampled_from(["Default", "Bin", "Sent"])))),
        rows=rows,
        payloads=draw(st.dictionaries(st.sampled_from(["list", "detail"]), st.binary(max_size=40))),
        changes=changes,
        is_new=draw(st.booleans()),
        title=draw(_TEXTS),
        progress=draw(_NUMBERS),
        due_at=draw(_TIMES),
        is_content_seen=draw(st.booleans()),
    )


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches=st.lists(st.lists(_dialogs(), max_size=4), min_size=1, max_size=4))
def test_any_batches_are_written_once_and_the_same_on_both_engines(
    both: tuple[Archive, Archive], batches: list[list[DialogRows]]
) -> None:
    for archive in both:
        with archive._transaction() as connection:  # each example begins with empty archives
            for table in ("label", "seen", "label_log", "change", "payload", "activity", "transmission", "dialog"):
                connection.exec_driver_sql(f"DELETE FROM {table}")
    for place, dialogs in enumerate(batches):
        at = f"2026-03-0{place + 1}T00:00:00.000000Z"
        written = [archive.write(Batch(at, dialogs)) for archive in both]
        assert written[0] == written[1]
        first, second = (everything(archive, range(5)) for archive in both)
        assert first == second
        if len({one.dialog["id"] for one in dialogs}) == len(dialogs):
            assert [archive.write(Batch(at, dialogs)) for archive in both] == [Written()] * 2
            assert everything(both[0], range(5)) == first
    last = {str(one.dialog["id"]): one for dialogs in batches for one in dialogs}
    for name, one in last.items():
        stored = both[0].dialog(name)
        assert stored is not None
        assert {label["label"] for label in stored.children["label"]} == {r["label"] for r in one.rows["label"]}
        for table in ("transmission", "activity"):
            if table in one.rows:
                standing = {r["id"] for r in stored.children[table] if r["removed_at"] is None}
                assert standing == {r["id"] for r in one.rows[table]}
        for kind, body in one.payloads.items():
            assert stored.payloads[kind].body == body


def test_rows_with_different_columns_go_together(archive: Archive) -> None:
    short: Row = {
        key: value for key, value in dialog_row(2).items() if key in ("id", "party", "first_seen_at", "last_changed_at")
    }
    archive.write(Batch(AT, [dialog(1), DialogRows(short, is_new=True)]))
    assert held(archive, 2).dialog["presence"] == "present"
    assert held(archive, 2).dialog["is_api_only"] is False
