"""`restore-unread` opens anything and yet nobody loses an unread mark, whoever does what when, whatever breaks when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from sync.cli import frame as cli
from sync.passes.leaving import MOST_OWED
from sync.passes.opening import MARKED_AS_UNOPENED
from sync.passes.schedule import Pass, Wanted
from tests.faults.playground import US, A, B, Playground, playground, problem
from tests.faults.restoring import (
    Killed,
    Moments,
    is_unread,
    labels,
    marks,
    outcomes,
    puts,
    run,
    settle,
    standing,
    watched,
)


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "restore-unread") as ready:
        yield ready


def untouched(play: Playground) -> str:
    """Nobody has seen it."""
    return play.dialog(A)


def marked(play: Playground) -> str:
    """A person has read it and wants it unread again."""
    dialog_id = play.dialog(A)
    play.human_opens(dialog_id)
    marks(play, dialog_id)
    return dialog_id


STARTS = [untouched, marked]
start = pytest.mark.parametrize("begin", STARTS, ids=[one.__name__ for one in STARTS])


@start
def test_an_unread_dialog_is_opened_and_unread_again(play: Playground, begin: Callable[[Playground], str]) -> None:
    dialog_id = begin(play)
    assert run(play).settled == 0
    assert play.row(dialog_id)["details_status"] == 200
    assert is_unread(play, dialog_id)
    assert outcomes(play) == {dialog_id: "restored"}
    assert play.differences() == []
    assert play.row(dialog_id)["is_content_seen"] is False
    # Nothing of ours flickers, and nothing is left to do.
    assert play.history(dialog_id) == {}
    play.world.requests.reset()
    run(play)
    assert play.world.requests.by.total() <= 3
    assert play.differences() == []


def test_the_duty_is_on_disk_before_the_opening_leaves(play: Playground) -> None:
    dialog_id = untouched(play)
    moments = Moments()
    with watched(play, moments):
        play.sync()
    order = [name for name in moments.seen if name.split()[1] in ("record_duties", "dialog", "set_labels")]
    assert order[:4] == ["before record_duties", "after record_duties", "before dialog", "after dialog"]
    assert outcomes(play) == {dialog_id: "restored"}


def test_what_a_person_has_read_owes_nothing(play: Playground) -> None:
    dialog_id = untouched(play)
    play.human_opens(dialog_id)
    run(play)
    assert play.row(dialog_id)["details_status"] == 200
    assert (puts(play), outcomes(play)) == (0, {})


def test_an_api_only_dialog_owes_nothing_unless_somebody_marked_it(play: Playground) -> None:
    plain, marked_one = (play.dialog(A, isApiOnly=True) for _ in range(2))
    marks(play, marked_one)
    run(play)
    assert outcomes(play) == {marked_one: "restored"}
    assert is_unread(play, marked_one)
    assert not is_unread(play, plain)


@pytest.mark.parametrize("policy", ["never", "after-human", "always"])
def test_no_other_policy_ever_sets_a_label(tmp_path: Path, policy: str) -> None:
    with playground(tmp_path, policy) as play:
        begun = [begin(play) for begin in STARTS] + [play.dialog(B, isApiOnly=True)]
        play.human_opens(begun[0])
        run(play)
        play.letter(begun[1])
        run(play)
        assert puts(play) == 0
        assert outcomes(play) == {}


@start
def test_a_500_that_marked_all_the_same_is_put_right(play: Playground, begin: Callable[[Playground], str]) -> None:
    dialog_id = begin(play)
    play.world.switches.broken_details.append(dialog_id)
    run(play)
    assert play.row(dialog_id)["details_status"] == 500
    assert is_unread(play, dialog_id)
    assert outcomes(play) == {dialog_id: "restored"}
    assert play.differences(unreadable=frozenset({dialog_id})) == []


def test_a_500_that_never_reached_the_dialog_restores_nothing(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/enduser/dialogs/[^/?]+$", status=500, body=problem(500))
    run(play)
    assert (puts(play), outcomes(play)) == (0, {dialog_id: "unread"})
    assert is_unread(play, dialog_id)


def test_a_lost_answer_to_the_opening_is_put_right(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/enduser/dialogs/[^/?]+$", kind="cut")
    run(play)
    assert is_unread(play, dialog_id)
    assert outcomes(play) == {dialog_id: "restored"}


@pytest.mark.parametrize("kind", ["cut", "drop"])
def test_a_lost_answer_to_the_label_is_not_repeated_blindly(play: Playground, kind: str) -> None:
    """`drop`: it never arrived. `cut`: it was done, and only its answer is lost."""
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", kind=kind, method="PUT", times=1)
    run(play)
    play.clock.skip(3600)
    play.calm()
    run(play)
    assert is_unread(play, dialog_id)
    assert standing(play) == []
    assert outcomes(play) == {dialog_id: "restored"}
    assert play.differences() == []


def test_a_duty_that_cannot_be_settled_now_stands_and_is_told(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    result = play.sync()
    assert result.exit_code == 4
    assert standing(play) == [dialog_id]
    assert [name for name, _ in play.told].count("duty_stands") == 1
    assert not is_unread(play, dialog_id)

    play.calm()
    assert settle(play).settled == 0, "its next try has not come"
    play.clock.skip(600)
    assert settle(play).restored == 1
    assert is_unread(play, dialog_id)
    assert play.differences() == []


def test_status_tells_of_marks_that_are_owed_and_of_those_that_are_lost(
    play: Playground, capsys: pytest.CaptureFixture[str]
) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    assert cli.run(["--config", str(play.file), "status"]) == 4
    told = capsys.readouterr().out
    assert "Unread marks still to be put back" in told
    assert dialog_id in told

    for _ in range(10):
        play.clock.skip(86400)
        settle(play)
    assert cli.run(["--config", str(play.file), "status"]) == 0
    assert "could not be put back" in capsys.readouterr().out
    assert cli.run(["--config", str(play.file), "status", "--json"]) == 0
    told_as_json = json.loads(capsys.readouterr().out)
    assert (told_as_json["unread_owed"], [row["outcome"] for row in told_as_json["unread_lost"]]) == ([], ["failed"])


def test_a_server_that_is_down_ends_the_settling_and_every_duty_stands(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sync.passes.leaving.MOST_OWED", 100)
    begun = {play.dialog(A) for _ in range(30)}
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    play.calm()
    play.clock.skip(600)
    play.fault("/enduser/", kind="drop")
    report = settle(play)
    assert report.error is not None
    assert set(standing(play)) == begun

    play.calm()
    play.clock.skip(7200)
    assert play.sync().exit_code == 0
    assert standing(play) == []
    assert all(is_unread(play, dialog_id) for dialog_id in begun)
    assert play.differences() == []


def test_a_stop_in_the_middle_leaves_the_duty_standing(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    play.calm()
    play.clock.skip(600)
    play.runner.stop.set()
    report = settle(play)
    assert (report.stopped, report.error, standing(play)) == (True, None, [dialog_id])
    play.runner.stop.clear()
    assert settle(play).restored == 1


def is_deleted(play: Playground, dialog_id: str, away: bool) -> None:
    if away:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    else:
        play.write("POST", f"/serviceowner/dialogs/{dialog_id}/actions/restore")


def needs_a_higher_level(play: Playground, dialog_id: str, away: bool) -> None:
    play.allow(A, B, levels={play.world.dialogs[dialog_id].service_resource: 4} if away else {})


def is_no_longer_ours(play: Playground, _dialog_id: str, away: bool) -> None:
    play.allow(*(() if away else (A,)), B)


ABSENCES = {"deleted": is_deleted, "refused": needs_a_higher_level, "no right": is_no_longer_ours}


@pytest.mark.parametrize("why", ABSENCES)
def test_a_duty_of_a_dialog_that_is_out_of_reach_waits_until_it_is_back(play: Playground, why: str) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    play.calm()
    ABSENCES[why](play, dialog_id, True)
    for _ in range(15):
        play.clock.skip(86400)
        play.world.requests.reset()
        report = settle(play)
        assert (report.settled, report.standing, play.archive.failed_duties()) == (0, 0, [])
        assert play.world.requests.by.total() <= 4
        play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
    assert outcomes(play) == {dialog_id: why if why == "deleted" else "refused"}

    ABSENCES[why](play, dialog_id, False)
    play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
    assert settle(play).restored == 1, "as soon as the archive has met it again"
    assert is_unread(play, dialog_id)
    assert play.row(dialog_id)["is_content_seen"] is False


@pytest.mark.parametrize("status", [405, 503])
def test_few_find_out_that_no_mark_can_be_put_back(play: Playground, status: int) -> None:
    made = [play.dialog(A) for _ in range(40)]
    play.fault("/context/systemlabels$", method="PUT", status=status, body="")
    for _ in range(2):
        assert play.sync().exit_code == 4
        taken = [one for one in made if not is_unread(play, one)]
        assert len(taken) <= MOST_OWED + play.settings.sync.concurrency
        assert sorted(map(str, standing(play))) == sorted(taken)
        assert len(play.tables()["dialog"]) == len(made)
        play.clock.skip(600)
    assert {row["kind"] for row in play.archive.quarantined()} == {"detail"}

    play.calm()
    play.clock.skip(3600)
    assert play.sync().exit_code == 0
    assert all(is_unread(play, one) for one in made)
    assert (standing(play), play.archive.quarantined(), play.differences()) == ([], [], [])
    assert all(play.row(one)["details_status"] == 200 for one in made)


def test_broken_dialogs_of_one_mailbox_hold_no_opening_of_another_back(play: Playground) -> None:
    for one in [play.dialog(A) for _ in range(MOST_OWED)]:
        play.fault(f"{one}/context/systemlabels$", method="PUT", status=500, body=problem(500))
    assert play.sync().exit_code == 4
    play.clock.skip(600)
    held = play.dialog(A)
    play.sync()
    assert play.row(held)["details_status"] is None

    play.clock.skip(600)
    well = play.dialog(B)
    play.sync()
    assert play.row(well)["details_status"] == 200
    assert is_unread(play, held) and is_unread(play, well)


def test_a_duty_of_a_purged_dialog_ends(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    play.calm()
    is_deleted(play, dialog_id, True)
    play.clock.skip(600)
    assert settle(play).settled == 0
    play.write("POST", f"/serviceowner/dialogs/{dialog_id}/actions/purge")
    play.clock.skip(86400)
    assert settle(play).settled == 1
    assert outcomes(play) == {dialog_id: "purged"}


def test_status_is_content_with_a_mark_that_waits_for_its_dialog(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/context/systemlabels", status=500, body=problem(500), method="PUT")
    play.sync()
    play.calm()
    is_deleted(play, dialog_id, True)
    play.clock.skip(600)
    settle(play)
    assert standing(play) == [dialog_id]
    assert cli.run(["--config", str(play.file), "status"]) == 0


def test_a_mark_set_since_the_archive_last_looked_is_not_cleared_by_a_retried_opening(play: Playground) -> None:
    dialog_id = untouched(play)
    play.human_opens(dialog_id)
    play.fault("/enduser/dialogs/[^/?]+$", status=500, body=problem(500))
    for _ in range(2):  # then the dialog lies behind the cursor, and no list tells of a label
        play.sync()
        play.clock.skip(3600)
    play.calm()
    marks(play, dialog_id)
    run(play)
    assert is_unread(play, dialog_id)


def test_a_dialog_is_opened_once_in_a_run_though_a_list_and_the_quarantine_both_ask_for_it(play: Playground) -> None:
    dialog_id = untouched(play)
    play.fault("/enduser/dialogs/[^/?]+$", status=500, body=problem(500))
    play.sync()
    play.calm()
    play.letter(dialog_id)
    play.clock.skip(600)
    play.world.requests.reset()
    play.sync()
    assert [entry.path.endswith(dialog_id) for entry in play.world.requests.entries].count(True) == 1


def test_no_label_is_touched_where_a_person_has_read_it_before_we_asked_who_had(play: Playground) -> None:
    for name in ("before dialog", "after dialog", "before seenlog"):
        dialog_id = untouched(play)
        moments = Moments()
        moments.on(name, partial(play.human_opens, dialog_id))
        with watched(play, moments):
            run(play)
        assert (outcomes(play)[dialog_id], puts(play)) == ("seen", 0), name


def test_what_another_machine_opened_is_not_ours_to_put_back(play: Playground) -> None:
    another = "11111111-52a1-4a0d-8a5b-0f6f5d3a1cff"
    play.world.access.callers[another] = play.world.access.callers[US]
    dialog_id = untouched(play)
    play.fault("/enduser/dialogs/[^/?]+$", status=500, body=problem(500))

    def hear(name: str, _fields: object) -> None:
        if name == "request_refused":
            play.write("GET", f"/enduser/dialogs/{dialog_id}", caller=another)

    play.on_told = hear
    run(play)
    assert (outcomes(play), puts(play)) == ({dialog_id: "seen"}, 0)


# What a person or the owner may do meanwhile → whether it must be unread in the end (None: either will do).


def opens(play: Playground, dialog_id: str) -> bool | None:
    return False if leaves_a_trace(play, dialog_id) else None


def opens_and_marks(play: Playground, dialog_id: str) -> bool | None:
    play.human_opens(dialog_id)
    marks(play, dialog_id)
    return True


def marks_again(play: Playground, dialog_id: str) -> bool | None:
    marks(play, dialog_id)
    return True


def opens_and_archives(play: Playground, dialog_id: str) -> bool | None:
    play.human_opens(dialog_id)
    labels(play, dialog_id, add=("Archive",))
    return False


def archives_unopened(play: Playground, dialog_id: str) -> bool | None:
    """A person has handled it: whether it looks read in the archive folder matters to nobody."""
    labels(play, dialog_id, add=("Archive",))
    return None


def takes_the_mark_off(play: Playground, dialog_id: str) -> bool | None:
    labels(play, dialog_id, remove=(MARKED_AS_UNOPENED,))
    return None


def owner_changes_it(play: Playground, dialog_id: str) -> bool | None:
    play.letter(dialog_id)
    return True


def opens_then_owner_changes_it(play: Playground, dialog_id: str) -> bool | None:
    play.human_opens(dialog_id)
    play.letter(dialog_id)
    return True


def owner_reports_progress(play: Playground, dialog_id: str) -> bool | None:
    play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}", [{"op": "add", "path": "/progress", "value": 5}])
    return True


def leaves_a_trace(play: Playground, dialog_id: str) -> bool:
    """A person opens it. A second time between two changes of the dialog may be invisible (§5.2: no-op)."""
    dialog = play.world.dialogs[dialog_id]
    before = (len(dialog.seen), len(dialog.label_log))
    play.human_opens(dialog_id)
    return before != (len(dialog.seen), len(dialog.label_log))


DOINGS = [
    opens,
    opens_and_marks,
    marks_again,
    opens_and_archives,
    archives_unopened,
    takes_the_mark_off,
    owner_changes_it,
    opens_then_owner_changes_it,
    owner_reports_progress,
]


def moments_of_a_run(play: Playground, begin: Callable[[Playground], str]) -> list[int]:
    """Numbers of the moments at which something may happen. After one call is before the next: nothing lies between."""
    begin(play)
    moments = Moments()
    with watched(play, moments):
        run(play)
    found = [number for number, name in enumerate(moments.seen) if name.startswith("before")]
    assert [
        name for name in ("dialog", "record_duties", "set_labels", "write") if f"before {name}" not in moments.seen
    ] == []
    return [*found, len(moments.seen) - 1]


def die() -> None:
    raise Killed


def killed(play: Playground, at: int) -> str:
    """A run that dies at that moment; the moment's name."""
    moments = Moments(at, die)
    with watched(play, moments), pytest.raises(Killed):
        run(play)
    return f"killed {moments.seen[-1]} ({at})"


@start
@pytest.mark.parametrize("doing", DOINGS, ids=[one.__name__ for one in DOINGS])
def test_whatever_is_done_at_any_moment_of_a_run_is_respected(
    play: Playground, begin: Callable[[Playground], str], doing: Callable[[Playground, str], bool | None]
) -> None:
    for at in moments_of_a_run(play, begin):
        dialog_id = begin(play)
        wanted: list[bool | None] = []

        def act(dialog_id: str = dialog_id, wanted: list[bool | None] = wanted) -> None:
            wanted.append(doing(play, dialog_id))

        moments = Moments(at, act)
        with watched(play, moments):
            run(play)
        where = f"{doing.__name__} {moments.seen[at]} ({at}): {outcomes(play).get(dialog_id)}"
        for again in (False, True):
            if again:
                run(play)
            if wanted[0] is not None:
                assert is_unread(play, dialog_id) == wanted[0], where
            assert standing(play) == [], where


@start
def test_a_run_killed_at_any_moment_loses_no_mark(play: Playground, begin: Callable[[Playground], str]) -> None:
    for at in moments_of_a_run(play, begin):
        dialog_id = begin(play)
        where = killed(play, at)
        # Whatever died before it left is looked at once more a little later.
        for _ in range(2):
            run(play)
            play.clock.skip(600)
        assert is_unread(play, dialog_id), where
        assert standing(play) == [], where
        assert play.differences() == [], where
        assert "isContentSeen" not in play.history(dialog_id), where


@start
def test_a_person_who_reads_while_we_lie_dead_is_believed(play: Playground, begin: Callable[[Playground], str]) -> None:
    for at in moments_of_a_run(play, begin):
        dialog_id = begin(play)
        where = killed(play, at)
        visible = leaves_a_trace(play, dialog_id)
        for _ in range(2):
            run(play)
            play.clock.skip(600)
        assert not (visible and is_unread(play, dialog_id)), where
        assert standing(play) == [], where
