"""Which pages are asked for: as few as the server allows, and narrower when it says so."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from store.clock import instant_text
from sync.passes.walks import PAGE_SIZE, SMALLEST_PAGE, MailboxCursor, Walk, _parse, apart, narrowed, plan_walks

NOW = "2026-11-25T12:00:00.000000Z"


def box(number: int, cursor: str | None = NOW, *, backfilled: bool = True) -> MailboxCursor:
    return MailboxCursor(f"urn:altinn:organization:identifier-no:{number:09d}", cursor, backfilled)


@given(st.integers(0, 450), st.integers(1, 100))
def test_an_idle_poll_is_one_request_for_each_full_batch_of_parties(parties: int, limit: int) -> None:
    walks = plan_walks([box(number) for number in range(parties)], limit)
    assert len(walks) == -(-parties // limit)
    assert [party for walk in walks for party in walk.parties] == [box(number).party for number in range(parties)]


def test_a_new_mailbox_never_drags_one_that_is_up_to_date_back_to_its_beginning() -> None:
    walks = plan_walks([box(1), box(2, None, backfilled=False), box(3)], 100)
    assert [(walk.parties, walk.after) for walk in walks] == [
        ((box(1).party, box(3).party), NOW),
        ((box(2).party,), None),
    ]


def test_a_batch_starts_at_the_oldest_of_its_cursors() -> None:
    earlier = "2026-11-25T11:00:00.000000Z"
    (walk,) = plan_walks([box(1), box(2, earlier)], 100)
    assert walk.after == earlier


def test_a_backfill_that_was_cut_goes_on_from_its_cursor() -> None:
    (walk,) = plan_walks([box(1, "2025-01-01T00:00:00.000000Z", backfilled=False)], 100)
    assert walk.after == "2025-01-01T00:00:00.000000Z"


def test_mailboxes_that_never_began_are_read_from_the_beginning_of_time() -> None:
    (walk,) = plan_walks([box(1, None, backfilled=False), box(2, NOW, backfilled=False)], 100)
    assert walk.after is None, "the oldest cursor of the batch decides, and one has none"


def test_a_too_broad_search_is_halved_by_parties_first_and_keeps_its_place() -> None:
    walk = Walk(("a", "b", "c"), NOW, token="t", position=NOW)
    first, second = narrowed(walk, NOW)
    assert (first.parties, second.parties) == (("a",), ("b", "c"))
    assert {first.token, second.token} == {"t"}
    assert narrowed(walk, NOW) == apart(walk)


def test_then_the_window_is_halved_and_the_two_halves_leave_no_gap() -> None:
    early, late = narrowed(Walk(("a",), None, token="t", position="2026-01-01T00:00:00.000000Z"), NOW)
    assert early.before is not None
    assert early.before == late.after, "bounds are inclusive on both sides"
    assert (early.after, early.token) == (None, "t"), "the first half goes on where the walk stood"
    assert (late.before, late.token) == (None, None), "the last window stays open"


def test_in_the_end_the_page_is_halved_down_to_the_smallest() -> None:
    minute = instant_text(_parse(NOW) - timedelta(seconds=30))
    walk: list[Walk] = [Walk(("a",), minute, before=NOW)]
    sizes = []
    while walk := narrowed(walk[0], NOW):
        assert len(walk) == 1
        sizes.append(walk[0].limit)
    assert sizes[0] == PAGE_SIZE // 2
    assert sizes[-1] == SMALLEST_PAGE


@given(st.datetimes(min_value=_parse("2001-01-01T00:00:00").replace(tzinfo=None)), st.booleans())
def test_narrowing_always_comes_to_an_end(after: object, from_the_start: bool) -> None:
    walks = [Walk(("a", "b"), None if from_the_start else "2020-01-01T00:00:00.000000Z")]
    for _ in range(200):
        walks = narrowed(walks[-1], NOW)
        if not walks:
            return
    raise AssertionError("still narrowing after 200 steps")
