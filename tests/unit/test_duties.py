"""What an opening owes, and what of the things people do meanwhile settles it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.batch import Row
from sync.dialogporten import wire
from sync.passes.duties import (
    TRIES,
    Duty,
    Evidence,
    Verdict,
    cleared_by_us,
    is_person,
    judged,
    just_before,
    marked_by_us,
    owed,
    pause,
    recorded,
)
from sync.passes.restoring import Restoring, aftermath, tell_duty
from sync.passes.signals import signals

MARK = "MarkedAsUnopened"
US = wire.Actor("PartyRepresentative", "PRØVE AS", "urn:altinn:systemuser:uuid:7b0c4c4e-52a1-4a0d-8a5b-0f6f5d3a1cff")
MACHINE = wire.Actor(
    "PartyRepresentative", "ANDRE AS", "urn:altinn:systemuser:uuid:00000000-52a1-4a0d-8a5b-0f6f5d3a1cff"
)
KARI = wire.Actor("PartyRepresentative", "KARI FJELL", "urn:altinn:person:identifier-ephemeral:0123456789")
OWNER = wire.Actor("ServiceOwner", None, None)


def at(minute: int) -> str:
    return f"2026-03-01T09:{minute:02d}:00.000000Z"


def seen(by: wire.Actor, minute: int) -> wire.SeenRecord:
    return wire.SeenRecord(f"seen-{minute}", at(minute), by, None, by == US)


def said(by: wire.Actor, minute: int, action: str, label: str = MARK) -> wire.LabelLogEntry:
    return wire.LabelLogEntry(at(minute), f"systemlabel:{label}", action, by)


def duty(*labels: str, until: int = 10) -> Duty:
    return Duty("d", "p", at(0), "r0", frozenset(labels or {"Default"}), at(until))


OPENED = seen(US, 20)


@pytest.mark.parametrize(
    ("records", "entries", "verdict"),
    [
        pytest.param([OPENED], [], "owed", id="nobody has seen it but us"),
        pytest.param([OPENED, seen(KARI, 10)], [], "owed", id="a person had seen it before"),
        pytest.param([OPENED, seen(KARI, 11)], [], "seen", id="a person has seen it since"),
        pytest.param([OPENED, seen(MACHINE, 11)], [], "owed", id="another machine has seen it since"),
        pytest.param([OPENED, seen(KARI, 11)], [said(KARI, 12, "set")], "owed", id="and wants it unread again"),
        pytest.param(
            [OPENED, seen(KARI, 11)],
            [said(KARI, 12, "set"), said(KARI, 13, "remove")],
            "handled",
            id="and has changed their mind",
        ),
        pytest.param([OPENED], [said(KARI, 12, "set"), said(US, 20, "remove")], "owed", id="our opening took it off"),
        pytest.param([OPENED], [said(KARI, 9, "remove")], "owed", id="what was said before the list does not count"),
    ],
)
def test_the_newest_word_of_a_person_counts(
    records: list[wire.SeenRecord], entries: list[wire.LabelLogEntry], verdict: Verdict
) -> None:
    assert judged(duty(), Evidence(records, entries, at(5))) == verdict


def test_what_a_person_read_before_the_content_changed_says_nothing_of_it() -> None:
    assert judged(duty(), Evidence([OPENED, seen(KARI, 11)], None, at(12))) == "owed"


@pytest.mark.parametrize(
    ("by", "now", "verdict"), [(KARI, "Archive", "handled"), (OWNER, "Archive", "owed"), (KARI, "Default", "owed")]
)
def test_a_person_who_moved_it_to_another_folder_has_handled_it(by: wire.Actor, now: str, verdict: Verdict) -> None:
    entries = [said(by, 12, "set", "Archive")]
    assert judged(duty(), Evidence([OPENED], entries, at(5), frozenset({now}))) == verdict


def test_an_old_folder_is_no_news() -> None:
    evidence = Evidence([OPENED], [said(KARI, 12, "set", "Archive")], at(5), frozenset({"Archive", MARK}))
    assert judged(duty("Archive"), evidence) == "owed"


def test_it_is_ours_to_put_back_only_where_we_took_it_away() -> None:
    assert cleared_by_us(duty(), Evidence([OPENED], [], at(5)))
    assert not cleared_by_us(duty(), Evidence([seen(MACHINE, 20)], [], at(5)))
    assert not cleared_by_us(duty(), Evidence([OPENED], [], at(30))), "what we saw has changed since"
    marked = duty("Default", MARK)
    assert cleared_by_us(marked, Evidence([seen(US, 3)], [said(KARI, 9, "set"), said(US, 20, "remove")], at(5)))
    assert not cleared_by_us(marked, Evidence([OPENED], [said(KARI, 9, "set"), said(MACHINE, 20, "remove")], at(5)))


def test_an_opening_that_a_slow_clock_dates_before_the_content_is_ours_unless_another_reading_explains_it() -> None:
    early = wire.SeenRecord("e", "2026-03-01T09:19:33.000000Z", US, False, True)
    assert cleared_by_us(duty(), Evidence([early], [], at(20)))
    assert not cleared_by_us(duty(), Evidence([early, seen(MACHINE, 21)], [], at(20)))
    assert not cleared_by_us(duty(), Evidence([early], [], at(21))), "no two clocks of the server are so far apart"
    assert not cleared_by_us(duty(), Evidence([], [], None))


def test_a_mark_is_ours_when_the_newest_setting_is() -> None:
    assert marked_by_us(Evidence([OPENED], [said(KARI, 9, "set"), said(US, 21, "set")], at(5)))
    assert not marked_by_us(Evidence([OPENED], [said(US, 21, "set"), said(KARI, 22, "set")], at(5)))
    assert not marked_by_us(Evidence([OPENED], [], at(5)))


def test_a_person_is_neither_us_nor_a_machine_nor_the_owner() -> None:
    assert [is_person(actor, [US]) for actor in (US, MACHINE, OWNER, KARI, None)] == [False, False, False, True, True]
    resalted = wire.Actor("PartyRepresentative", "KARI FJELL", "urn:altinn:person:identifier-ephemeral:9876543210")
    assert not is_person(resalted, [KARI]), "the same person by another replica's salt"


def item(**fields: object) -> wire.ListItem:
    plain: dict[str, object] = {
        "id": "d",
        "party": "p",
        "created_at": at(0),
        "updated_at": at(5),
        "content_updated_at": at(5),
        "is_content_seen": False,
        "end_user_context": wire.EndUserContext("r0", ["Default"]),
    }
    return wire.ListItem(**(plain | fields))  # type: ignore[arg-type]


def owes(**fields: object) -> Duty | None:
    found = item(**fields)
    return owed(found, signals(found))


def test_an_unread_dialog_owes_its_mark_with_all_that_putting_it_back_takes() -> None:
    found = owes(seen_since_last_content_update=[seen(KARI, 7), seen(US, 8)])
    assert found == Duty("d", "p", at(0), "r0", frozenset({"Default"}), at(7))
    assert owes() == Duty("d", "p", at(0), "r0", frozenset({"Default"}), "2026-03-01T09:04:59.999999Z")


def test_what_is_read_owes_nothing_and_what_cannot_be_put_back_is_no_duty() -> None:
    assert owes(is_content_seen=True) is None
    assert owes(is_content_seen=True, end_user_context=wire.EndUserContext("r0", ["Default", MARK])) is not None
    assert owes(end_user_context=wire.EndUserContext(None, ["Default"])) is None
    assert owes(created_at=None) is None


def test_a_duty_survives_the_archive() -> None:
    before = duty("Archive", MARK)
    row: Row = {**before.row("c", "i", at(30)), "tries": 0}
    assert recorded(row) == before


def test_a_duty_that_stands_is_tried_later_each_time_and_given_up_in_the_end() -> None:
    lost = Restoring(None, obstacle="failed", sentence="Nede.")
    row = aftermath(duty(), lost, at(0))
    assert (row["tries"], row["next_try_at"], row["last_error"]) == (1, at(5), "Nede.")
    assert row["outcome"] is None
    last = Duty("d", "p", at(0), "r0", frozenset(), at(0), tries=TRIES - 1)
    assert aftermath(last, lost, at(0))["outcome"] == "failed"
    assert [pause(tries) for tries in (1, 2, 3, 20, 999)] == [
        timedelta(minutes=5),
        timedelta(minutes=10),
        timedelta(minutes=20),
        timedelta(hours=24),
        timedelta(hours=24),
    ]


@pytest.mark.parametrize("why", ["deleted", "refused", "not_listed"])
def test_a_duty_to_a_dialog_that_is_out_of_reach_is_never_given_up_and_begins_anew_when_it_is_back(why: str) -> None:
    away, down = Restoring(None, obstacle=why, sentence="Borte."), Restoring(None, obstacle="failed", sentence="Nede.")
    last = Duty("d", "p", at(0), "r0", frozenset(), at(0), tries=TRIES - 1, waits=True)
    row = aftermath(last, away, at(0))
    assert (row["tries"], row["outcome"], row.get("settled_at")) == (TRIES, why, None)
    assert aftermath(last, down, at(0))["tries"] == 1
    told: list[str] = []
    assert not tell_duty(lambda event, **_: told.append(event), row), "nothing can be done about it"
    assert told == ["duty_stands"]


def test_the_moment_before_the_first_there_is_stays_what_it_is() -> None:
    assert just_before("0001-01-01T00:00:00.000000Z") == "0001-01-01T00:00:00.000000Z"
    assert just_before(None) == ""
