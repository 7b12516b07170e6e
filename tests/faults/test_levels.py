"""Texts that the server swaps for others because our authentication level is too low never displace the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.playground import A, B, Playground, playground, problem, text
from tests.faults.sweeping import sweep

SERVICE = "urn:altinn:resource:prove"
CATALOGUE = "GET /api/v1/metadata/serviceresources"
OPEN, PLAIN = "Vedtak om sykepenger", "Du har fått et brev"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path) as ready:
        yield ready


def secret(play: Playground, title: str = OPEN) -> str:
    """A dialog with texts for those whose level is too low; nothing was done to it since it was made."""
    content = {
        "title": text(title),
        "summary": text(f"Om {title}"),
        "nonSensitiveTitle": text(PLAIN),
        "nonSensitiveSummary": text(f"Om {PLAIN}"),
    }
    return play.dialog(A, content=content)


def level(play: Playground, minimum: int) -> None:
    """The service asks for this level from now on; ours is 3."""
    play.allow(A, B, levels={SERVICE: minimum})


def sync(play: Playground) -> None:
    play.clock.skip(60)
    assert play.sync().exit_code == 0


def texts(play: Playground, dialog_id: str) -> tuple[str, str, str]:
    row = play.row(dialog_id)
    return row["title"], row["summary"], row["access"]


def asked(play: Playground) -> dict[str, int]:
    """What left since the last time, by route."""
    found = dict(play.server.world.requests.by)
    play.server.world.requests.reset()
    return found


FULL = (OPEN, f"Om {OPEN}", "full")
KEPT = (OPEN, f"Om {OPEN}", "level_too_low")
SUBSTITUTE = (PLAIN, f"Om {PLAIN}", "level_too_low")


@pytest.fixture(params=["the services' levels", "a probe, for a 502", "a probe, for rubbish"])
def how(request: pytest.FixtureRequest, play: Playground) -> str:
    """How we come to know the level."""
    if request.param.endswith("502"):
        play.fault("/metadata/serviceresources", status=502, body=problem(502))
    elif request.param.endswith("rubbish"):
        play.fault("/metadata/serviceresources", status=200, body='{"items": 7}')
    return str(request.param)


def test_a_swapped_text_leaves_the_fuller_one_and_no_history(play: Playground, how: str) -> None:
    dialog_id = secret(play)
    sync(play)
    assert texts(play, dialog_id) == FULL
    level(play, 4)
    sync(play)
    assert texts(play, dialog_id) == KEPT
    assert play.history(dialog_id) == {}

    level(play, 3)
    sync(play)
    assert texts(play, dialog_id) == FULL
    assert play.history(dialog_id) == {}
    assert play.differences() == []


def test_a_swap_is_looked_into_once_and_an_idle_run_asks_for_nothing_more(play: Playground) -> None:
    secret(play)
    sync(play)
    asked(play)
    sync(play)
    idle = asked(play)
    assert CATALOGUE not in idle

    level(play, 4)
    sync(play)
    assert asked(play) == idle | {CATALOGUE: 1}
    sync(play)
    assert asked(play) == idle


def test_a_service_list_that_cannot_be_had_costs_one_read_without_a_trace_for_all_dialogs_of_a_service(
    play: Playground,
) -> None:
    for number in range(5):
        secret(play, f"Nummer {number}")
    play.fault("/metadata/serviceresources", status=502, body=problem(502))
    sync(play)
    level(play, 4)
    asked(play)
    sync(play)
    found = asked(play)
    assert found["GET /api/v1/enduser/dialogs/{dialogId}/transmissions"] == 1
    assert "GET /api/v1/enduser/dialogs/{dialogId}" not in found


def test_a_silent_edit_at_a_sufficient_level_is_an_edit(play: Playground, how: str) -> None:
    dialog_id = secret(play)
    sync(play)
    patch = [{"op": "replace", "path": "/content/title", "value": text("Rettet")}]
    play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}?isSilentUpdate=true", patch)
    sync(play)
    assert texts(play, dialog_id)[0] == "Rettet"
    assert list(play.history(dialog_id)) == ["content.title"]
    assert play.differences() == []


def test_a_loud_change_at_a_too_low_level_brings_everything_but_the_texts(play: Playground) -> None:
    dialog_id = secret(play)
    sync(play)
    level(play, 4)
    play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}", [{"op": "replace", "path": "/progress", "value": 40}])
    sync(play)
    assert texts(play, dialog_id) == KEPT
    assert play.row(dialog_id)["progress"] == 40
    assert "content.title" not in play.history(dialog_id)


def test_an_opened_dialog_keeps_its_fuller_texts_too(tmp_path: Path) -> None:
    with playground(tmp_path, "always") as play:
        dialog_id = secret(play)
        play.letter(dialog_id)
        sync(play)
        assert play.row(dialog_id)["details_status"] == 200
        level(play, 4)
        sync(play)
        assert texts(play, dialog_id) == KEPT
        assert play.history(dialog_id) == {}


def test_a_text_that_was_only_ever_seen_at_a_too_low_level_says_so_and_makes_way_for_the_fuller_one(
    play: Playground,
) -> None:
    level(play, 4)
    dialog_id = secret(play)
    play.letter(dialog_id)
    sync(play)
    assert texts(play, dialog_id) == SUBSTITUTE

    level(play, 3)
    sync(play)
    assert texts(play, dialog_id) == FULL
    assert play.history(dialog_id) == {}, "it was there all along"
    assert play.differences() == []


def test_what_a_service_shows_at_a_too_low_level_may_change(play: Playground) -> None:
    level(play, 4)
    dialog_id = secret(play)
    play.letter(dialog_id)
    sync(play)
    patch = [{"op": "replace", "path": "/content/nonSensitiveTitle", "value": text("Nytt brev")}]
    play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}?isSilentUpdate=true", patch)
    sync(play)
    assert texts(play, dialog_id)[::2] == ("Nytt brev", "level_too_low")


def test_dialogs_that_nothing_was_read_of_are_known_by_their_service(play: Playground) -> None:
    level(play, 4)
    bare = secret(play)
    play.letter(secret(play))
    sync(play)
    assert texts(play, bare) == SUBSTITUTE


def test_a_swap_that_nobody_can_judge_is_left_for_the_next_pass(play: Playground) -> None:
    dialog_id = secret(play)
    sync(play)
    level(play, 4)
    play.fault("/metadata/serviceresources", status=502, body=problem(502))
    play.fault("/transmissions", status=502, body=problem(502))
    sync(play)
    assert texts(play, dialog_id) == FULL

    play.calm()
    sync(play)
    assert texts(play, dialog_id) == KEPT
    assert play.history(dialog_id) == {}


def test_an_edit_that_nobody_can_judge_is_found_by_the_next_pass(play: Playground) -> None:
    dialog_id = secret(play)
    sync(play)
    patch = [{"op": "replace", "path": "/content/title", "value": text("Rettet")}]
    play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}", patch)
    play.fault("/seenlog", status=502, body=problem(502))
    play.fault("/labellog", status=502, body=problem(502))
    play.clock.skip(60)
    assert play.sync().exit_code == 4
    assert texts(play, dialog_id) == FULL

    play.calm()
    play.clock.skip(60)
    play.sync()
    assert texts(play, dialog_id)[0] == "Rettet"


def test_without_other_texts_a_raised_level_changes_no_text(play: Playground) -> None:
    dialog_id = play.dialog(A, OPEN)
    sync(play)
    level(play, 4)
    play.letter(dialog_id)
    sync(play)
    assert texts(play, dialog_id) == KEPT
    level(play, 3)
    play.letter(dialog_id)
    sync(play)
    assert texts(play, dialog_id) == FULL
    assert play.differences() == []


def test_a_token_that_does_not_tell_its_level_is_judged_by_a_read(play: Playground) -> None:
    dialog_id = secret(play)
    sync(play)
    inbox = play.runner.identities[0].inbox
    token = inbox.token

    class Opaque:
        def bearer(self) -> str:
            return "opaque"

        def invalidate(self, token: str) -> None: ...

    inbox.token = Opaque()
    assert inbox.level is None
    level(play, 4)
    asked(play)
    sync(play)
    inbox.token = token
    assert texts(play, dialog_id) == KEPT
    assert CATALOGUE not in asked(play)


def test_a_sweep_finds_a_level_that_shows_in_no_text(play: Playground) -> None:
    bare, told = play.dialog(A, OPEN), play.dialog(B, OPEN)
    play.letter(told)
    sync(play)
    level(play, 4)
    assert sweep(play).error is None
    assert [texts(play, one)[2] for one in (bare, told)] == ["level_too_low"] * 2

    play.letter(told)
    level(play, 3)
    assert sweep(play).error is None
    assert [texts(play, one)[2] for one in (bare, told)] == ["full"] * 2
    assert play.differences() == []
    assert all("access" not in play.history(one) for one in (bare, told))


def test_a_rehearsal_asks_nothing_of_levels(play: Playground) -> None:
    dialog_id = secret(play)
    sync(play)
    level(play, 4)
    play.clock.skip(60)
    asked(play)
    assert list(play.runner.rehearse(play.archive))
    assert {"GET /api/v1/enduser/dialogs", CATALOGUE} & set(asked(play)) == {"GET /api/v1/enduser/dialogs"}
    assert texts(play, dialog_id) == FULL
    sync(play)
    assert texts(play, dialog_id) == KEPT
