"""What we were refused for our rights: not asked for at each poll, and found by the sweep when the right comes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.passes import absence
from sync.passes.schedule import Pass
from tests.faults.household import KARI, SWEEP, Household, household
from tests.faults.playground import HUMAN, US, A, B, Playground, playground
from tests.faults.sweeping import sweep

DENIED: dict[str, Any] = {"denied_actions": ["*"]}
PROBES = "GET /api/v1/enduser/dialogs/{dialogId}/transmissions"
OPENINGS = "GET /api/v1/enduser/dialogs/{dialogId}"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


def access(play: Playground, ids: list[str]) -> list[str]:
    return [play.row(dialog_id)["access"] for dialog_id in ids]


def swept(play: Playground) -> int:
    """A poll and a sweep, and how many dialogs were asked about by themselves."""
    play.clock.skip(60)
    play.world.requests.reset()
    assert sweep(play).error is None
    return play.world.requests.by[PROBES]


def letters(play: Playground, count: int) -> list[str]:
    made = [play.dialog(A, f"Nummer {number}") for number in range(count)]
    for dialog_id in made:
        play.letter(dialog_id)
    return made


def test_the_sweep_reads_what_was_denied_once_our_rights_return(play: Playground) -> None:
    ids = letters(play, 3)
    play.allow(A, **DENIED)
    play.sync()
    assert access(play, ids) == ["denied"] * 3

    play.allow(A)
    play.clock.skip(60)
    play.world.requests.reset()
    play.sync()
    assert access(play, ids) == ["denied"] * 3
    assert PROBES not in play.world.requests.by, "nothing of it changed: not asked at each poll"

    assert swept(play) == 3
    assert access(play, ids) == ["full"] * 3
    assert play.differences() == []
    assert all(play.history(dialog_id) == {} for dialog_id in ids)
    assert swept(play) == 0


def test_a_sweep_asks_again_about_some_at_once_those_that_waited_longest_first(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(absence, "AGAIN_AT_ONCE", 2)
    ids = letters(play, 5)
    play.allow(A, **DENIED)
    play.sync()
    asked: list[set[str]] = []
    for _ in range(3):
        assert swept(play) == 2
        entries = play.world.requests.entries
        asked.append({each.path.split("/")[-2] for each in entries if each.path.endswith("/transmissions")})
    assert set().union(*asked) == set(ids)
    assert access(play, ids) == ["denied"] * 5

    play.allow(A)
    assert [swept(play) for _ in range(4)] == [2, 2, 1, 0]
    assert play.differences() == []


def test_the_sweep_finds_that_our_level_is_what_is_refused_by_now(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = letters(play, 3)
    play.allow(A, **DENIED)
    play.sync()
    monkeypatch.setattr(absence, "AGAIN_AT_ONCE", 2)
    level: dict[str, Any] = {"levels": {play.row(ids[0])["service_resource"]: 4}}
    play.allow(A, **level)
    assert [swept(play) for _ in range(3)] == [2, 1, 0], "what is known to be a matter of level waits for another level"
    assert access(play, ids) == ["level_too_low"] * 3

    play.allow(A)
    swept(play)
    assert access(play, ids) == ["full"] * 3
    assert play.differences() == []


def test_what_is_denied_and_above_our_level_besides_stays_denied_and_keeps_no_other_waiting(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = letters(play, 2)
    play.allow(A, **DENIED)
    play.sync()
    other = play.dialog(A, "Annet", serviceResource="urn:altinn:resource:annet")
    play.letter(other)
    play.sync()
    monkeypatch.setattr(absence, "AGAIN_AT_ONCE", 2)
    play.allow(A, levels={play.row(ids[0])["service_resource"]: 4}, **DENIED)
    assert swept(play) == 2
    assert access(play, [*ids, other]) == ["denied"] * 3
    play.allow(A)
    swept(play)
    assert access(play, [other]) == ["full"], "it waited longest by then"


def test_what_stays_denied_is_still_told_to_have_come_by_its_party_or_alone(play: Playground) -> None:
    [dialog_id] = letters(play, 1)
    play.allow(A, **DENIED)
    for _ in range(2):
        play.sync()
        play.clock.skip(3600)  # so that no poll shows it any more
    for parties in ((B,), (A, B)):
        play.allow(*parties, instances=[dialog_id], **DENIED)
        swept(play)
        assert (play.row(dialog_id)["access"], play.row(dialog_id)["delegated"]) == ("denied", A not in parties)
        assert swept(play) == 1
        assert play.row(dialog_id)["presence"] == "present"


def test_what_the_list_does_not_show_any_more_keeps_no_other_waiting(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = letters(play, 4)
    play.allow(A, **DENIED)
    play.sync()
    play.write("PATCH", f"/serviceowner/dialogs/{ids[0]}", [{"op": "replace", "path": "/progress", "value": 1}])
    play.sync()
    play.write("DELETE", f"/serviceowner/dialogs/{ids[1]}")
    monkeypatch.setattr(absence, "AGAIN_AT_ONCE", 2)
    play.allow(A)
    for _ in range(3):
        swept(play)
    assert access(play, [ids[0], *ids[2:]]) == ["full"] * 3
    assert play.row(ids[1])["presence"] == "deleted"


def test_what_is_still_denied_is_not_opened_again_to_find_that_out(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        [dialog_id] = letters(play, 1)
        play.allow(A, **DENIED)
        play.sync()
        play.clock.skip(60)
        play.sync()
        assert play.row(dialog_id)["details_status"] == 200, "the list's rights show it, masked"
        for _ in range(2):
            assert swept(play) == 1
            assert OPENINGS not in play.world.requests.by
        play.allow(A)
        swept(play)
        assert play.world.requests.by[OPENINGS] == 1, "its placeholders make way for what they stood for"
        assert play.differences() == []


def test_a_refused_dialog_that_changes_is_asked_for_at_once(play: Playground) -> None:
    [dialog_id] = letters(play, 1)
    play.allow(A, **DENIED)
    play.sync()
    play.allow(A)
    play.letter(dialog_id, "Enda et")
    play.sync()
    assert access(play, [dialog_id]) == ["full"]
    assert play.differences() == []


def test_what_a_list_never_shows_to_the_one_who_was_refused_keeps_no_other_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system user lists them, so they stay present; the person may not, and was refused before another."""
    monkeypatch.setattr(absence, "AGAIN_AT_ONCE", 2)
    other = "urn:altinn:resource:annet"
    with household(tmp_path, "never") as home:
        kari: dict[str, Any] = {"denied_resources": [other]}
        home.allow(4, kari=kari)
        home.play.world.access.levels[other] = 4
        for number in range(2):
            home.play.letter(home.play.dialog(A, f"Nummer {number}", serviceResource=other))
        home.sync()
        home.allow(4, kari=kari | DENIED)
        home.play.world.access.levels[other] = 4
        dialog_id = home.secret()
        home.sync()
        assert home.standing(dialog_id)[1:] == ("denied", "kari")

        home.allow(4, kari=kari)
        home.play.world.access.levels[other] = 4
        home.sync(SWEEP)
        assert home.standing(dialog_id)[1] == "denied", "two waited longer"
        home.sync(SWEEP)
        assert home.standing(dialog_id)[1] == "full"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    """Two who read the same, so that neither level nor order tells them apart."""
    with household(tmp_path, "never") as ready:
        ready.allow(3)
        yield ready


def test_two_that_are_both_denied_ask_once_each_and_then_leave_it(home: Household) -> None:
    home.allow(3, system=DENIED, kari=DENIED)
    dialog_id = home.secret()
    home.sync()
    assert [home.asked(who)["transmissions"] for who in home.callers] == [1, 1]
    assert home.standing(dialog_id)[1] == "denied"
    before = home.standing(dialog_id)
    for _ in range(2):
        assert home.is_idle()
        assert home.is_idle(SWEEP)
        assert [home.asked(who)["transmissions"] for who in home.callers] == [1, 1]
        assert home.standing(dialog_id) == before
    assert home.play.history(dialog_id) == {}


@pytest.mark.parametrize("alone", ["system", "kari"])
def test_two_that_are_both_denied_do_not_quarrel_about_how_it_came(home: Household, alone: str) -> None:
    dialog_id = home.secret()
    may: dict[str, dict[str, Any]] = {"system": DENIED, "kari": DENIED}
    may[alone] = {"parties": [B], "instances": [dialog_id], **DENIED}
    home.allow(3, **may)
    home.sync()
    home.sync(SWEEP)
    row = home.play.row(dialog_id)
    assert (row["access"], row["delegated"]) == ("denied", False), "one of the two may represent its party"
    for _ in range(2):
        assert home.is_idle(SWEEP)
        assert home.play.row(dialog_id) == row


def test_whoever_lists_it_by_its_party_and_is_denied_takes_nothing_from_the_one_it_is_delegated_to(
    tmp_path: Path,
) -> None:
    with household(tmp_path, "always") as home:
        dialog_id = home.secret()
        home.allow(3, system={"parties": [B], "instances": [dialog_id]}, kari=DENIED)
        home.sync()
        for _ in range(3):
            home.sync(frozenset({Pass.SWEEP, Pass.HOT}))
            assert home.standing(dialog_id)[1:] == ("full", "prove")
            home.sync(SWEEP)  # what the opening left in the lists
            assert home.is_idle(SWEEP)
        assert home.asked(KARI)["transmissions"] == 0, "she asked once"
        home.allow(3, system={"parties": [B]})
        home.sync(SWEEP)
        home.sync(frozenset({Pass.SWEEP, Pass.HOT}))
        assert home.standing(dialog_id)[1:] == ("full", "kari"), "by then the right is hers, and hers alone"
        assert home.differences() == []


@pytest.mark.parametrize("who", [US, HUMAN])
def test_the_right_of_either_is_found_by_its_sweep(home: Household, who: str) -> None:
    home.allow(3, system=DENIED, kari=DENIED)
    dialog_id = home.secret()
    home.sync()
    home.allow(3, system={} if who == US else DENIED, kari={} if who == HUMAN else DENIED)
    assert home.is_idle()
    home.sync(SWEEP)
    assert home.standing(dialog_id)[1:] == ("full", "prove" if who == US else "kari")
    assert home.differences() == []
    for _ in range(2):
        assert home.is_idle(SWEEP)
        assert home.asked()["transmissions"] == 0, "somebody reads it whole"


def test_what_one_is_denied_and_the_other_reads_lands_whole_in_one_run(home: Household) -> None:
    home.allow(3, system=DENIED)
    dialog_id = home.secret()
    home.sync()
    assert home.standing(dialog_id)[1:] == ("full", "kari")
    home.play.letter(dialog_id, "Enda et")
    home.sync()
    assert home.standing(dialog_id)[1:] == ("full", "kari")
    assert home.differences() == []
    home.opened_in_the_portal(dialog_id)
    home.sync()
    assert home.standing(dialog_id)[1:] == ("full", "kari")
    assert home.differences() == []
    assert home.asked(KARI)["transmissions"] == 0, "a refusal to the other says nothing of what was read"
    assert home.is_idle() and home.is_idle(SWEEP)
