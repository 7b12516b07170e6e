"""The life of attention items over weeks: by evidence, by hand, by the clock alone, and never before another look."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from store.archive import Archive
from store.clock import instant_text
from sync.attention.rule_file import load_rules
from sync.passes.evaluate import Evaluation
from sync.sandbox.access import Service
from tests.faults.playground import A, Playground, playground, text
from tests.faults.rereading import hot, poll

CORRESPONDENCE = "urn:altinn:resource:brev"
DAY = 86_400.0
# Titles of the service's own; nothing in the archive comes from anywhere else.
SIGNING = {"type": "SentToSigning", "performedBy": {"actorType": "ServiceOwner"}}
SIGNED = {"type": "SignatureProvided", "performedBy": {"actorType": "ServiceOwner"}}


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "never") as ready:
        ready.world.access.services[CORRESPONDENCE] = Service(org="nav", type="CorrespondenceService")
        yield ready


def due(play: Playground, days: float) -> str:
    return (play.clock.now() + timedelta(days=days)).isoformat()


def letter(play: Playground, **more: object) -> str:
    """A letter that must be confirmed, unread."""
    fields = {"serviceResource": CORRESPONDENCE, "status": "RequiresAttention", **more}
    return play.dialog(A, "Brev", **fields)


def confirmed_silently(play: Playground, dialog_id: str) -> None:
    """As Correspondence does it: status and activities, and no time moves."""
    silent = f"/serviceowner/dialogs/{dialog_id}"
    patch = [{"op": "replace", "path": "/status", "value": "NotApplicable"}]
    play.write("PATCH", f"{silent}?isSilentUpdate=true", patch)
    by = {"actorType": "PartyRepresentative", "actorName": "TORGEIR ÅSNES"}
    for kind in ("CorrespondenceOpened", "CorrespondenceConfirmed"):
        play.write("POST", f"{silent}/activities?isSilentUpdate=true", {"type": kind, "performedBy": by})


def activity(play: Playground, dialog_id: str, body: object) -> None:
    play.write("POST", f"/serviceowner/dialogs/{dialog_id}/activities", body)


def judge(play: Playground) -> Any:
    """Time has passed; nobody is asked."""
    before = dict(play.world.requests.by)
    report = play.runner.evaluate(play.archive)
    assert dict(play.world.requests.by) == before, "judging asks nobody"
    assert report.failed == 0
    return report


def item(play: Playground, dialog_id: str) -> Any:
    """The open item; None when there is none."""
    return next((row for row in play.archive.view("attention") if row["dialog_id"] == dialog_id), None)


def life(play: Playground, dialog_id: str) -> list[object]:
    return [each["what"] for each in play.archive.attention.events(dialog_id)]


def verdict(play: Playground, dialog_id: str) -> Any:
    return play.archive.attention.dockets([dialog_id])[0].verdict


def test_a_run_judges_what_it_read_and_judging_again_writes_nothing(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 30))
    play.sync()
    assert item(play, made)["next_step"] == "review"
    assert verdict(play, made)["needs_attention"] is True
    again = judge(play)
    assert (again.judged, again.written, again.events) == (0, 0, {})
    before = play.archive.query_read_only("SELECT * FROM verdict")
    with before as rows:
        held = list(rows.rows)
    play.sync()
    with play.archive.query_read_only("SELECT * FROM verdict") as rows:
        assert list(rows.rows) == held


def test_evidence_changes_an_item_and_closes_it(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention")
    play.sync()
    activity(play, made, SIGNING)
    play.clock.skip(700)
    play.sync()
    assert item(play, made)["next_step"] == "sign"
    activity(play, made, SIGNED)
    play.write("PATCH", f"/serviceowner/dialogs/{made}", [{"op": "replace", "path": "/status", "value": "Completed"}])
    play.clock.skip(700)
    play.sync()
    assert item(play, made) is None
    assert life(play, made) == ["opened", "changed", "closed"]


def test_weeks_alone_make_it_soon_and_overdue_without_a_request(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 30))
    play.sync()
    assert "due_soon" not in item(play, made)["reasons"]
    play.clock.skip(17 * DAY)
    judge(play)
    assert "due_soon" in item(play, made)["reasons"]
    assert life(play, made) == ["opened"]
    play.clock.skip(14 * DAY)
    report = judge(play)
    assert report.events == {"overdue": 1}
    assert "overdue" in item(play, made)["reasons"]
    assert judge(play).judged == 0


def test_a_draft_is_told_when_it_has_lain_for_a_month(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="Draft")
    play.sync()
    assert item(play, made) is None
    play.clock.skip(31 * DAY)
    judge(play)
    assert item(play, made)["next_step"] == "fill_in"
    assert "draft_stale" in item(play, made)["reasons"]


def test_done_by_hand_stays_done_as_time_passes_and_comes_back_with_new_evidence(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 30))
    play.sync()
    assert play.archive.attention.done(made, instant_text(play.clock.now())) is not None
    play.clock.skip(40 * DAY)
    judge(play)
    assert item(play, made) is None
    play.human_opens(made)
    play.sync()
    assert item(play, made) is None, "somebody read it: that is no new evidence"
    play.letter(made, "Purring")
    play.clock.skip(700)
    play.sync()
    assert item(play, made) is not None
    assert life(play, made) == ["opened", "done", "reopened"]


def test_what_is_done_by_hand_comes_back_when_it_is_asked_anew_in_the_same_words(play: Playground) -> None:
    made = play.dialog(A, "Utnevn leder", status="RequiresAttention")
    play.sync()
    assert play.archive.attention.done(made, instant_text(play.clock.now())) is not None
    for status in ("NotApplicable", "RequiresAttention"):
        play.clock.skip(700)
        play.write("PATCH", f"/serviceowner/dialogs/{made}", [{"op": "replace", "path": "/status", "value": status}])
    play.clock.skip(700)
    play.sync()
    assert item(play, made)["next_step"] == "review"
    assert life(play, made) == ["opened", "done", "reopened"]


def test_what_is_put_off_wakes_when_its_time_has_come_or_when_something_new_is_said(play: Playground) -> None:
    first, second = (play.dialog(A, title, status="RequiresAttention") for title in ("En", "To"))
    play.sync()
    until = instant_text(play.clock.now() + timedelta(days=7))
    for made in (first, second):
        assert play.archive.attention.snooze(made, until, instant_text(play.clock.now())) is not None
    play.letter(second, "Purring")
    play.clock.skip(700)
    play.sync()
    assert item(play, first)["snoozed_until"] == until
    assert item(play, second)["snoozed_until"] is None
    play.clock.skip(8 * DAY)
    judge(play)
    assert item(play, first)["snoozed_until"] is None
    assert item(play, first)["changed_at"] >= until, "whoever asks for what is new hears of it again"
    assert (life(play, first), life(play, second)) == (["opened", "snoozed", "woken"],) * 2


def test_what_was_put_off_and_then_ended_is_not_put_off_when_it_is_asked_anew(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention")
    play.sync()
    first = item(play, made)["item_id"]
    until = instant_text(play.clock.now() + timedelta(days=30))
    assert play.archive.attention.snooze(made, until, instant_text(play.clock.now())) is not None
    for status, open_ in (("Completed", False), ("RequiresAttention", True)):
        play.clock.skip(700)
        play.write("PATCH", f"/serviceowner/dialogs/{made}", [{"op": "replace", "path": "/status", "value": status}])
        play.clock.skip(700)
        play.sync()
        assert (item(play, made) is not None) == open_
    again = item(play, made)
    assert again["snoozed_until"] is None and again["item_id"] != first
    assert life(play, made) == ["opened", "snoozed", "closed", "opened"], "what was closed keeps its history"


def test_a_dialog_that_is_gone_asks_for_nothing_and_its_history_stays(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention")
    play.sync()
    play.write("DELETE", f"/serviceowner/dialogs/{made}")
    play.clock.skip(2 * DAY)
    play.sync()
    assert play.row(made)["presence"] == "deleted"
    assert item(play, made) is None and life(play, made) == ["opened", "closed"]
    assert (verdict(play, made)["next_step"], verdict(play, made)["needs_attention"]) == ("none", False)


def test_a_letter_that_was_just_read_is_told_at_once(play: Playground) -> None:
    made = letter(play, dueAt=due(play, 20))
    play.sync()
    assert item(play, made)["next_step"] == "confirm"
    assert verdict(play, made)["pending_since"] is None


def test_a_letter_that_is_confirmed_silently_is_never_told_after_the_next_hot_pass(play: Playground) -> None:
    made = letter(play, dueAt=due(play, 20))
    poll(play)
    confirmed_silently(play, made)
    play.clock.skip(7200)
    assert judge(play).pending == 1
    assert item(play, made) is None, "it was read two hours ago: it may be over"
    hot(play)
    judge(play)
    assert item(play, made) is None and life(play, made) == []
    assert (verdict(play, made)["next_step"], verdict(play, made)["pending_since"]) == ("none", None)


def test_a_letter_without_date_or_status_is_read_again_too_before_it_is_told(play: Playground) -> None:
    made = letter(play, status="NotApplicable")
    poll(play)
    play.clock.skip(7200)
    assert judge(play).pending == 1
    hot(play)
    assert judge(play).pending == 0
    assert item(play, made)["next_step"] == "read"


def test_a_letter_that_was_opened_silently_is_never_told(play: Playground) -> None:
    made = letter(play, status="NotApplicable")
    poll(play)
    play.clock.skip(7200)
    judge(play)
    by = {"actorType": "PartyRepresentative", "actorName": "TORGEIR ÅSNES"}
    opened = {"type": "CorrespondenceOpened", "performedBy": by}
    play.write("POST", f"/serviceowner/dialogs/{made}/activities?isSilentUpdate=true", opened)
    play.clock.skip(60)
    hot(play)
    judge(play)
    assert life(play, made) == []
    assert (verdict(play, made)["next_step"], verdict(play, made)["pending_since"]) == ("none", None)


def test_overdue_is_told_only_after_another_look(play: Playground) -> None:
    late, paid = (letter(play, dueAt=due(play, 20)) for _ in range(2))
    play.sync()
    assert {item(play, made)["next_step"] for made in (late, paid)} == {"confirm"}
    confirmed_silently(play, paid)
    play.clock.skip(21 * DAY)
    assert judge(play).pending == 2
    assert all("overdue" not in item(play, made)["reasons"] for made in (late, paid))
    hot(play)
    assert judge(play).pending == 0
    assert "overdue" in item(play, late)["reasons"]
    assert item(play, paid) is None
    assert (life(play, late), life(play, paid)) == (["opened", "overdue"], ["opened", "closed"])


def test_what_a_hot_pass_could_not_read_is_told_all_the_same(play: Playground) -> None:
    made = letter(play, dueAt=due(play, 20))
    poll(play)
    play.clock.skip(7200)
    assert judge(play).pending == 1
    play.fault("/activities", status=500, kind="status", times=None)
    play.clock.skip(60)
    hot(play)
    judge(play)
    assert item(play, made)["next_step"] == "confirm"


def test_a_crash_before_the_judging_costs_nothing_but_time(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention")
    poll(play)
    assert verdict(play, made) is None
    # The next run finds nothing new on the server, and judges all the same.
    play.sync()
    assert item(play, made)["next_step"] == "review"


def test_a_crash_in_the_midst_of_judging_leaves_whole_what_was_judged_and_the_rest_waiting(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [play.dialog(A, title, status="RequiresAttention") for title in ("En", "To", "Tre")]
    poll(play)
    from store.attending import Attending
    from sync.passes import evaluate

    genuine, calls = Attending._item, iter(range(9))

    def cut_off(*arguments: Any) -> int:
        found = genuine(*arguments)
        if next(calls) == 1:
            raise SystemExit("the machine went down")
        return found

    monkeypatch.setattr(evaluate, "AT_ONCE", 1)
    monkeypatch.setattr(Attending, "_item", cut_off)
    with pytest.raises(SystemExit):
        play.runner.evaluate(play.archive)
    monkeypatch.undo()
    held = [each for each in made if verdict(play, each) is not None]
    assert len(held) == 1 and all(item(play, each) is not None for each in held)
    assert [life(play, each) for each in made if each not in held] == [[], []], "nothing is told by halves"
    judge(play)
    assert [life(play, each) for each in made] == [["opened"]] * 3


def test_it_is_judged_even_where_the_server_cannot_be_reached(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 3))
    play.sync()
    play.fault("/dialogs", status=503, kind="status", times=None)
    play.clock.skip(5 * DAY)
    play.sync()
    assert "overdue" in item(play, made)["reasons"]


def test_one_dialog_that_cannot_be_judged_costs_the_others_nothing(
    play: Playground, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = (play.dialog(A, title, status="RequiresAttention") for title in ("Vond", "God"))
    poll(play)
    from sync.passes import evaluate

    genuine = evaluate.subject_in
    monkeypatch.setattr(evaluate, "subject_in", lambda docket: genuine(docket) if docket.id != bad else 1 / 0)
    report = play.runner.evaluate(play.archive)
    assert (report.failed, item(play, bad)) == (1, None)
    assert item(play, good) is not None
    assert ("evaluation_failed", {"dialog_id": bad, "error": "ZeroDivisionError"}) in play.told
    monkeypatch.undo()
    judge(play)
    assert item(play, bad) is not None


def test_a_clock_that_ran_ahead_for_a_while_does_no_lasting_harm(play: Playground) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 30))
    play.sync()
    play.clock.skip(400 * DAY)
    judge(play)
    assert "overdue" in item(play, made)["reasons"]
    play.clock.skip(-400 * DAY)
    judge(play)
    assert "overdue" not in item(play, made)["reasons"]
    play.clock.skip(31 * DAY)
    judge(play)
    assert "overdue" in item(play, made)["reasons"]


def test_other_rules_judge_everything_anew_and_silence_closes(play: Playground, tmp_path: Path) -> None:
    made = play.dialog(A, "Skjema", status="RequiresAttention")
    play.sync()
    file = tmp_path / "rules.toml"
    file.write_text('[[rule]]\nstatus = "RequiresAttention"\nsilence = true\n', encoding="utf-8")
    play.runner.rules = load_rules(file)
    judge(play)
    assert item(play, made) is None
    play.runner.rules = load_rules(None)
    judge(play)
    assert item(play, made) is not None
    assert life(play, made) == ["opened", "closed", "opened"]


def test_nothing_is_opened_and_no_label_moves_for_a_verdict(play: Playground) -> None:
    play.dialog(A, "Skjema", status="RequiresAttention", content={"title": text("Skjema"), "summary": text("Om")})
    play.sync()
    judge(play)
    assert all(each["seenlog"] == [] and each["labellog"] == [] for each in play.truth()["dialogs"])


def test_postgresql_gives_the_same_life(tmp_path: Path, postgres_url: str) -> None:
    with playground(tmp_path, "never", postgres_url) as play:
        made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 10))
        play.sync()
        assert item(play, made)["next_step"] == "review"
        assert (judge(play).judged, judge(play).written) == (0, 0)
        until = instant_text(play.clock.now() + timedelta(days=2))
        assert play.archive.attention.snooze(made, until, instant_text(play.clock.now())) is not None
        play.clock.skip(11 * DAY)
        judge(play)
        assert play.archive.attention.done(made, instant_text(play.clock.now())) is not None
        play.letter(made, "Purring")
        play.clock.skip(700)
        play.sync()
        assert life(play, made) == ["opened", "snoozed", "overdue", "woken", "done", "reopened"]


class SlowBench:
    """An archive as a daemon sees it that is overtaken between reading and writing."""

    def __init__(self, attending: Any, meanwhile: Callable[[], object]) -> None:
        self.due, self.write = attending.due, attending.write
        self._dockets, self._meanwhile = attending.dockets, meanwhile

    def dockets(self, ids: Any) -> Any:
        found = self._dockets(ids)
        self._meanwhile()
        return found


def test_two_daemons_on_one_archive_tell_of_a_thing_once(tmp_path: Path, postgres_url: str) -> None:
    with playground(tmp_path, "never", postgres_url) as play, Archive.open(postgres_url, create=False) as other:
        made = play.dialog(A, "Skjema", status="RequiresAttention", dueAt=due(play, 10))
        poll(play)

        def overtaken() -> tuple[Any, Any]:
            reports: list[Any] = []
            bench = SlowBench(play.archive.attention, lambda: reports.append(play.runner.evaluate(other)))
            rules, told = play.runner.rules, lambda *_: None
            slow = Evaluation(bench, rules, timedelta(hours=1), play.clock.now, told).run()
            return slow, reports[0]

        slow, quick = overtaken()
        assert (quick.events, slow.events, slow.moved) == ({"opened": 1}, {}, 1)
        play.clock.skip(11 * DAY)
        slow, quick = overtaken()
        assert (quick.events, slow.events, slow.moved) == ({"overdue": 1}, {}, 1)
        assert life(play, made) == ["opened", "overdue"]
        assert judge(play).judged == 0
