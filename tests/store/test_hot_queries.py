"""Which dialogs the hot and the deep pass read again, and the note that they did, on both engines alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

from store.archive import Archive
from store.batch import Batch, CursorMove, DialogRows, Look, Row, Standing, Value
from tests.store.rows import AT, ORG, PERSON, batch, dialog, row, uuid

NOW = "2026-03-31T12:00:00.000000Z"
US, THEM = ("firma", "1"), ("annen", "2")
Same = Callable[[Callable[[Archive], object]], object]


def mine(
    number: int, rows: dict[str, list[Row]] | None = None, *, labelled: bool = True, **fields: Value
) -> DialogRows:
    """A dialog that we read last, with its label log unless told otherwise."""
    payloads = {"labellog": b"[]"} if labelled else {}
    ours = Row(connection=US[0], identity=US[1]) | fields
    return dialog(number, rows=rows, payloads=payloads, **ours)  # type: ignore[arg-type]


def hold(archive: Archive, *dialogs: DialogRows) -> None:
    archive.write(batch(*dialogs))


def polled(archive: Archive, who: tuple[str, str], at: str, party: str = ORG) -> None:
    archive.write(Batch(at, cursors=[CursorMove(*who, party, at, last_poll_at=at)]))


def unsettled(archive: Archive, parties: tuple[str, ...] = (ORG,), who: tuple[str, str] = US) -> list[str]:
    return [each.id for each in archive.unsettled(who, parties, NOW)]


def due(archive: Archive, before: str | None = NOW, limit: int | None = None, who: tuple[str, str] = US) -> list[str]:
    return [each.id for each in archive.deep_due(who, (ORG,), before, NOW, limit=limit)]


@pytest.mark.parametrize("status", ["InProgress", "Draft", "Awaiting", "RequiresAttention", "Senere", None])
def test_whatever_is_neither_completed_nor_without_status_is_unsettled(archive: Archive, status: str | None) -> None:
    hold(archive, mine(1, status=status), mine(2, status="Completed"), mine(3, status="NotApplicable"))
    assert unsettled(archive) == [uuid(1)]


def test_a_due_date_keeps_a_settled_dialog_unsettled_for_thirty_days(archive: Archive) -> None:
    dates = ["2026-03-01T11:59:59.999999Z", "2026-03-01T12:00:00.000000Z", "2027-01-01T00:00:00.000000Z", None]
    hold(archive, *(mine(n, status="Completed", due_at=at) for n, at in enumerate(dates, 1)))
    assert unsettled(archive) == [uuid(2), uuid(3)]


def test_an_open_attention_item_keeps_a_settled_dialog_unsettled_and_a_closed_one_does_not(archive: Archive) -> None:
    hold(archive, *(mine(n, status="Completed") for n in (1, 2)))
    for number, closed_at in ((1, None), (2, AT)):
        fields: Row = {"dialog_id": uuid(number), "next_step": "sign", "actor": "person", "opened_at": AT}
        _insert(archive, "attention_item", fields | {"closed_at": closed_at})
    assert unsettled(archive) == [uuid(1)]


def test_what_is_not_present_or_not_readable_is_left_alone(archive: Archive) -> None:
    other = [("absent", "full"), ("deleted", "full"), ("present", "level_too_low"), ("present", "denied")]
    hold(
        archive,
        mine(9, from_party_transmissions_count=1),
        *(mine(n, presence=p, access=a, from_party_transmissions_count=1) for n, (p, a) in enumerate(other)),
    )
    assert unsettled(archive) == due(archive) == [uuid(9)]
    assert archive.deep_count(US, (ORG,), None, NOW) == 1


def test_only_the_parties_asked_for_and_what_was_delegated_to_the_reader(archive: Archive) -> None:
    hold(
        archive,
        mine(1),
        mine(2, party=PERSON),
        mine(3, party=PERSON, delegated=True),
        dialog(4, party=PERSON, delegated=True, connection=THEM[0], identity=THEM[1]),
    )
    assert sorted(unsettled(archive)) == [uuid(1), uuid(3)]
    assert sorted(unsettled(archive, (ORG, PERSON))) == [uuid(1), uuid(2), uuid(3)]
    assert unsettled(archive, ()) == []


def test_what_was_delegated_is_counted_once_where_the_parties_are_asked_for_in_groups(archive: Archive) -> None:
    hold(
        archive,
        mine(1, from_party_transmissions_count=1),
        mine(2, party=PERSON, delegated=True, from_party_transmissions_count=1),
    )
    groups = [((ORG,), True), ((PERSON,), False)]
    assert [archive.deep_count(US, parties, None, NOW, delegated=d) for parties, d in groups] == [2, 0]
    due_in = [archive.deep_due(US, parties, None, NOW, delegated=d) for parties, d in groups]
    assert [sorted(each.id for each in group) for group in due_in] == [[uuid(1), uuid(2)], []]


def test_a_dialog_is_read_again_by_whoever_read_it_last_while_that_one_still_polls(archive: Archive) -> None:
    hold(archive, dialog(1, connection=THEM[0], identity=THEM[1], from_party_transmissions_count=1))
    polled(archive, THEM, "2026-03-31T11:00:00.000000Z")
    assert unsettled(archive) == due(archive) == archive.rereadable(US, [uuid(1)], NOW, since=NOW) == []
    assert unsettled(archive, who=THEM) == due(archive, who=THEM) == [uuid(1)]


def test_another_reader_of_the_party_takes_over_where_the_last_one_is_gone(archive: Archive) -> None:
    hold(archive, dialog(1, connection=THEM[0], identity=THEM[1]))
    polled(archive, THEM, "2026-03-30T11:00:00.000000Z")
    assert unsettled(archive) == [uuid(1)]
    polled(archive, THEM, "2026-03-31T11:00:00.000000Z")
    archive.mailbox_state(*THEM, ORG, state="lost")
    assert unsettled(archive) == archive.rereadable(US, [uuid(1)], NOW, since=NOW) == [uuid(1)]


def test_what_is_beyond_another_reader_waits_for_the_last_one_and_takes_no_share(archive: Archive) -> None:
    secret, plain = "urn:altinn:resource:hemmelig", "urn:altinn:resource:prove"
    services = (secret, plain, None)
    theirs = Row(connection=THEM[0], identity=THEM[1], from_party_transmissions_count=1)
    hold(archive, *(dialog(n, service_resource=of, **theirs) for n, of in enumerate(services, 1)))  # type: ignore[arg-type]
    hold(archive, mine(4, service_resource=secret, from_party_transmissions_count=1))

    def asked(*beyond: str) -> list[str]:
        found = sorted(each.id for each in archive.deep_due(US, (ORG,), NOW, NOW, beyond=beyond))
        assert archive.deep_count(US, (ORG,), None, NOW, beyond=beyond) == len(found)
        return found

    assert asked() == [uuid(1), uuid(2), uuid(3), uuid(4)]
    assert asked(secret) == [uuid(2), uuid(3), uuid(4)], "what we read last ourselves is ours to find out about"


def test_what_was_met_in_this_very_pass_was_read_already(archive: Archive) -> None:
    hold(archive, mine(1, first_seen_at=AT), mine(2, first_seen_at=NOW))
    assert archive.rereadable(US, [uuid(2), uuid(1), uuid(7)], NOW, since=NOW) == [uuid(1)]


def test_what_a_clock_that_was_ahead_has_dated_is_not_kept_waiting_until_then(archive: Archive) -> None:
    ahead, soon = "2027-03-31T12:00:00.000000Z", "2026-03-31T12:04:00.000000Z"
    hold(archive, *(mine(n, first_seen_at=at, from_party_transmissions_count=1) for n, at in ((1, ahead), (2, soon))))
    assert archive.rereadable(US, [uuid(1), uuid(2)], NOW, since=NOW) == [uuid(1)]

    archive.write(Batch(AT, looks=[Look(uuid(1), children_read_at=ahead), Look(uuid(2), children_read_at=soon)]))
    assert due(archive) == [uuid(1)]
    assert archive.deep_count(US, (ORG,), NOW, NOW) == 1
    assert archive.deep_count(US, (ORG,), NOW, NOW, read_since=AT) == 2


def test_the_youngest_comes_first_whichever_engine_and_however_many_parties(same: Same) -> None:
    def ask(archive: Archive) -> tuple[list[Standing], list[str], int]:
        times = ["2026-03-01T00:00:00.000000Z", "2026-03-03T00:00:00.000000Z", "2026-03-02T00:00:00.000000Z", None]
        parties = (ORG, PERSON)
        hold(
            archive,
            *(
                mine(n, party=parties[n % 2], updated_at=at, from_party_transmissions_count=1)
                for n, at in enumerate(times)
            ),
        )
        many = (*parties, *(f"{ORG}{n}" for n in range(600)))
        youngest = [each.id for each in archive.deep_due(US, many, None, NOW, limit=2)]
        return archive.unsettled(US, many, NOW), youngest, archive.deep_count(US, many, None, NOW)

    every, youngest, count = cast(tuple[list[Standing], list[str], int], same(ask))
    assert [each.id for each in every] == [uuid(1), uuid(2), uuid(0), uuid(3)]
    assert (youngest, count) == ([uuid(1), uuid(2)], 4)


def test_deep_reads_what_has_letters_and_was_not_read_since(archive: Archive) -> None:
    letter = row("transmission", id=uuid(90), dialog_id=uuid(5))
    hold(
        archive,
        mine(1, from_service_owner_transmissions_count=1),
        mine(2, children_read_at=AT, from_service_owner_transmissions_count=1),
        mine(3, children_read_at=NOW, from_service_owner_transmissions_count=1),
        mine(4),
        mine(5, rows={"transmission": [letter]}),
    )
    assert sorted(due(archive, "2026-03-31T11:00:00.000000Z")) == [uuid(1), uuid(2), uuid(5)]
    assert sorted(due(archive, AT)) == [uuid(1), uuid(2), uuid(5)]
    assert sorted(due(archive, None)) == [uuid(1), uuid(2), uuid(3), uuid(5)]
    assert archive.deep_count(US, (ORG,), None, NOW) == 4
    assert archive.deep_count(US, (ORG,), AT, NOW) == 3


def test_deep_reads_once_what_has_no_label_log(archive: Archive) -> None:
    hold(archive, mine(1, labelled=False), mine(2, labelled=False, children_read_at=AT), mine(3, children_read_at=NOW))
    assert sorted(due(archive, AT)) == [uuid(1), uuid(2)]
    assert archive.deep_count(US, (ORG,), AT, NOW) == 2
    assert archive.deep_count(US, (ORG,), None, NOW) == 2
    assert archive.deep_count(US, (ORG,), None, NOW, read_since=AT) == 3, "one that was read in this cycle counts too"


def test_a_look_is_noted_without_counting_as_a_row(archive: Archive) -> None:
    hold(archive, mine(1, from_party_transmissions_count=1, opened_at=AT))
    assert due(archive, AT) == [uuid(1)]

    written = archive.write(Batch(NOW, looks=[Look(uuid(1), children_read_at=NOW)]))
    assert (written.dialogs, written.rows, written.changes) == (0, 0, 0)
    assert due(archive, AT) == []
    assert archive.known([uuid(1)])[uuid(1)].opened_at == AT

    archive.write(Batch(NOW, looks=[Look(uuid(1), opened_at=NOW)]))
    assert archive.known([uuid(1)])[uuid(1)].opened_at == NOW
    assert due(archive, AT) == []


def _insert(archive: Archive, table: str, fields: dict[str, Value]) -> None:
    from store.tables import metadata

    with archive._pool.begin() as connection:
        connection.execute(metadata.tables[table].insert(), [fields])
