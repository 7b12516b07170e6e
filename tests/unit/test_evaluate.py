"""What is written of one dialog when it is judged: presence, access, waiting, and what stands."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from store.batch import Row, Value
from store.clock import instant_text
from store.judging import Docket, Judged, Judgement
from sync.attention.rule_file import parse_rules
from sync.attention.rules import NO_RULES
from sync.passes.evaluate import Evaluation, judged, refusal_of

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOT = timedelta(hours=1)
ITEM: dict[str, object] = {
    "id": "x",
    "org": "nav",
    "party": "urn:altinn:organization:identifier-no:310000000",
    "serviceResourceType": "correspondenceservice",
    "status": "RequiresAttention",
    "createdAt": "2026-02-20T10:00:00Z",
    "updatedAt": "2026-02-20T10:00:00Z",
    "dueAt": "2026-03-30T12:00:00Z",
    "hasUnopenedContent": True,
}


def ago(**length: float) -> str:
    return instant_text(NOW - timedelta(**length))


def docket(item: dict[str, object] = ITEM, hot_at: str | None = None, **facts: Value) -> Docket:
    dialog: Row = {
        "party": "urn:altinn:organization:identifier-no:310000000",
        "connection": "c",
        "identity": "i",
        "presence": "present",
        "access": "full",
        "details_status": None,
        "details_problem": None,
        "looked_at": ago(minutes=5),
        "last_changed_at": ago(days=1),
    }
    return Docket("x", dialog | facts, hot_at, {"list": json.dumps(item).encode()})


def judge(of: Docket, now: datetime = NOW) -> Judgement:
    return judged(of, NO_RULES, HOT, now)


def after(of: Docket, written: Judgement, **facts: Value) -> Docket:
    """The same dialog when that judgement stands."""
    item = of.item
    if written.opens is not None:
        blank: Row = {"id": 1, "snoozed_until": None, "closed_at": None, "closed_by": None, "changed_at": None}
        item = blank | written.opens
    return replace(of, dialog=of.dialog | facts, verdict=written.verdict, item=item)


@pytest.mark.parametrize(
    ("facts", "step", "wanted"),
    [
        ({}, "confirm", True),
        ({"access": "level_too_low"}, "raise_auth_level", True),
        ({"access": "denied", "details_status": 404}, "get_access", True),
        ({"details_status": 403, "details_problem": "Altinn authentication level too low."}, "raise_auth_level", True),
        ({"details_status": 403, "details_problem": "No"}, "get_access", True),
        ({"details_status": 500}, "confirm", True),
        ({"details_status": 200}, "confirm", True),
        ({"presence": "absent"}, "confirm", False),
        ({"presence": "deleted"}, "none", False),
        ({"presence": "expired"}, "none", False),
        ({"presence": "not_found"}, "none", False),
        ({"presence": "no_access"}, "get_access", False),
        ({"presence": "no_access", "access": "level_too_low"}, "raise_auth_level", False),
    ],
)
def test_presence_and_access_are_part_of_the_evidence(facts: Row, step: str, wanted: bool) -> None:
    found = judge(replace(docket(), dialog=docket().dialog | facts))
    assert found.verdict["next_step"] == step
    assert (found.opens is not None) is wanted


def test_only_what_was_refused_is_a_refusal() -> None:
    assert refusal_of(docket().dialog) == (None, "")
    assert refusal_of(docket(details_status=200, details_problem="alt").dialog) == (None, "")
    assert refusal_of(docket(presence="absent").dialog) == (None, "")


def test_what_was_read_within_the_hot_interval_is_told() -> None:
    assert judge(docket(looked_at=ago(minutes=60))).happened == ("opened",)
    assert judge(docket(looked_at=ago(minutes=61))).happened == ()
    assert judge(docket(looked_at=None)).verdict["pending_since"] == instant_text(NOW)


def test_what_does_not_change_silently_is_told_however_old_the_read() -> None:
    app = ITEM | {"serviceResourceType": "altinnapp"}
    assert judge(docket(app, looked_at=ago(days=30))).happened == ("opened",)
    assert judge(docket(looked_at=ago(days=30), access="level_too_low")).happened == ("opened",)


def test_waiting_keeps_its_beginning_and_ends_with_a_read_or_a_hot_pass_that_could_not() -> None:
    first = docket(looked_at=ago(hours=2))
    waiting = after(first, judge(first))
    since = waiting.verdict["pending_since"] if waiting.verdict else None
    later = NOW + timedelta(minutes=10)
    assert judge(waiting, later).verdict["pending_since"] == since == instant_text(NOW)
    assert judge(replace(waiting, hot_at=ago(minutes=1)), later).happened == (), "that pass began before"
    assert judge(replace(waiting, hot_at=instant_text(later)), later).happened == ("opened",)
    read = after(first, judge(first), looked_at=instant_text(later))
    told = judge(read, later)
    assert (told.happened, told.verdict["pending_since"]) == (("opened",), None)


def test_judged_again_it_stands_and_nothing_is_written_but_the_books() -> None:
    first = judge(docket())
    again = judge(after(docket(), first), NOW + timedelta(minutes=1))
    assert (again.differs, again.opens, again.alters, again.happened) == (False, None, {}, ())


def test_the_snooze_is_a_moment_to_look_again_at() -> None:
    standing = after(docket(), judge(docket()))
    until = instant_text(NOW + timedelta(hours=3))
    snoozed = replace(standing, item=(standing.item or {}) | {"snoozed_until": until})
    assert judge(snoozed).verdict["next_look_at"] == until
    woken = judge(replace(snoozed, dialog=snoozed.dialog | {"looked_at": until}), NOW + timedelta(hours=3))
    assert (woken.happened, woken.alters["snoozed_until"]) == (("woken",), None)


def test_a_rule_that_silences_closes_and_says_so() -> None:

    rules = parse_rules(b'[[rule]]\norg = "nav"\nsilence = true', Path("rules.toml"))
    closed = judged(after(docket(), judge(docket())), rules, HOT, NOW)
    assert (closed.alters["closed_by"], closed.happened) == ("rule", ("closed",))
    assert closed.verdict["rules"] == rules.digest


class Bench:
    """Dialogs by number; remembers the size of each write."""

    def __init__(self, count: int) -> None:
        self.ids = [str(number) for number in range(count)]
        self.writes: list[int] = []

    def due(self, now: str, rules: str) -> list[str]:
        return self.ids

    def dockets(self, ids: list[str]) -> list[Docket]:
        return [replace(docket(), id=each) for each in ids]

    def write(self, judgements: list[Judgement], at: str) -> Judged:
        self.writes.append(len(judgements))
        return Judged(len(judgements), 0, 0, {})


def test_a_stop_ends_it_between_two_transactions() -> None:
    bench = Bench(600)
    told: list[tuple[str, object]] = []
    hear = lambda name, fields: told.append((name, dict(fields)))  # noqa: E731
    report = Evaluation(bench, NO_RULES, HOT, lambda: NOW, hear, stopped=lambda: len(bench.writes) == 2).run()  # type: ignore[arg-type]
    assert bench.writes == [250, 250] and report.judged == 500
    assert told == [("evaluated", {"judged": 500, "written": 500, "pending": 0})]


def test_a_dialog_that_is_missing_and_not_explained_keeps_its_item_as_it_stands() -> None:
    first = judge(docket())
    standing = after(docket(), first)
    gone = judge(replace(standing, dialog=standing.dialog | {"presence": "absent"}))
    assert (gone.opens, gone.alters, gone.happened) == (None, {}, ())
    assert judge(docket(presence="absent")).opens is None, "and nobody is told of a new one"
    deleted = judge(replace(standing, dialog=standing.dialog | {"presence": "deleted"}))
    assert deleted.happened == ("closed",)


def test_what_no_hot_pass_comes_to_read_for_a_day_is_told_all_the_same() -> None:
    stale = docket(looked_at=ago(days=3))
    first = judge(stale)
    assert first.opens is None and first.verdict["pending_since"] == ago()
    waiting = after(stale, first)
    assert judge(waiting, NOW + timedelta(hours=23)).opens is None
    told = judge(waiting, NOW + timedelta(hours=25))
    assert told.happened == ("opened",) and told.verdict["pending_since"] is None
    slow = judged(waiting, NO_RULES, timedelta(hours=12), NOW + timedelta(hours=25))
    assert slow.opens is None, "three hot intervals may take longer than a day"
