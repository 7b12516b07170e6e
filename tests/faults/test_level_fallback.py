"""What a system user's level hides is read with a person's, and what neither may read is not asked for at each poll."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.identifiers import mask_party
from sync.doctoring.shelf import look
from tests.faults.household import (
    HIGH,
    KARI,
    OPEN,
    PLAIN,
    POLL,
    SERVICE,
    SUBSTANTIAL,
    SWEEP,
    Household,
    household,
)
from tests.faults.playground import HUMAN, US, WHO, A, B, text


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    with household(tmp_path) as ready:
        yield ready


WHOLE = (OPEN, "full", "kari")
TITLE: list[dict[str, object]] = [{"op": "replace", "path": "/content/title", "value": text("Nytt vedtak")}]
PROGRESS: list[dict[str, object]] = [{"op": "replace", "path": "/progress", "value": 40}]


def change(home: Household, dialog_id: str, patch: list[dict[str, object]], *, silent: bool = False) -> None:
    home.play.write("PATCH", f"/serviceowner/dialogs/{dialog_id}{'?isSilentUpdate=true' * silent}", patch)


def texts(value: str) -> str:
    """As history tells it."""
    return f'[{{"languageCode":"nb","value":"{value}"}}]'


@pytest.mark.parametrize("first", ["prove", "kari"])
def test_a_dialog_that_the_system_user_may_not_read_is_read_by_the_person_in_the_same_run(
    tmp_path: Path, first: str
) -> None:
    with household(tmp_path, first=first) as home:
        dialog_id = home.secret()
        assert home.sync().exit_code == 0
        assert home.standing(dialog_id) == WHOLE
        assert home.differences() == []
        assert home.asked(WHO)["details"] == 0
        assert home.asked(KARI)["details"] == 1
        assert home.is_idle()
        assert home.play.history(dialog_id) == {}


@pytest.mark.parametrize("first", ["prove", "kari"])
def test_a_person_opens_nothing_that_a_system_user_may_read(tmp_path: Path, first: str) -> None:
    with household(tmp_path, first=first) as home:
        home.allow(3)
        dialog_id = home.secret()
        home.sync()
        assert home.standing(dialog_id) == (OPEN, "full", "prove")
        seen = home.play.world.dialogs[dialog_id].seen
        assert [record.user for record in seen] == [f"urn:altinn:systemuser:uuid:{US}"]
        assert home.is_idle(SWEEP)


def test_neither_polls_nor_sweeps_turn_it_back_and_forth(home: Household) -> None:
    plain = home.play.dialog(A, "Uten andre tekster")
    ids = [home.secret(), home.secret("Til", letter=False), plain]
    home.sync()
    home.sync(SWEEP)
    before = [home.standing(each) for each in ids]
    assert [(access, who) for _, access, who in before] == [("full", "kari")] * 3
    for passes in (POLL, SWEEP, POLL, SWEEP):
        assert home.is_idle(passes)
    assert [home.standing(each) for each in ids] == before
    assert all(home.play.history(each) == {} for each in ids)


def test_a_level_that_is_raised_silently_is_met_by_the_person_in_the_run_that_finds_it(home: Household) -> None:
    home.allow(3)
    dialog_id, bare = home.secret(), home.secret("Til", letter=False)
    home.sync()
    assert home.standing(dialog_id) == (OPEN, "full", "prove")

    home.sync(after=1800)  # no poll shows it any more
    home.allow(4)
    result = home.sync(SWEEP)
    assert [home.standing(each)[1:] for each in (dialog_id, bare)] == [("full", "kari")] * 2
    assert result.exit_code == 0
    assert home.differences() == []
    assert home.play.history(dialog_id) == {} and home.play.history(bare) == {}
    assert home.is_idle(SWEEP)


def test_a_level_that_is_lowered_again_brings_nothing_about(home: Household) -> None:
    dialog_id = home.secret()
    home.sync()
    home.allow(3)
    assert home.is_idle(SWEEP) and home.is_idle()
    home.play.letter(dialog_id, "Enda et")
    home.sync()
    assert home.standing(dialog_id)[1] == "full"
    assert home.differences() == []


def test_a_login_at_a_higher_level_opens_what_stood_locked_since_long(home: Household) -> None:
    home.log_in(SUBSTANTIAL)
    dialog_id = home.secret()
    home.sync()
    assert home.standing(dialog_id) == (PLAIN, "level_too_low", "prove")
    assert home.verdict(dialog_id) == "raise_auth_level"
    assert home.is_idle()

    home.sync(after=1800)  # no poll shows it any more
    home.log_in(HIGH)
    told = [f"{who}: {step}" for who, step in home.play.runner.rehearse(home.play.archive)]
    assert [each for each in told if "fallback" in each] == [f"kari: fallback: look for {dialog_id}"]
    result = home.sync()
    assert [report.kind for report in result.reports][-1] == "fallback"
    assert home.standing(dialog_id) == WHOLE
    assert home.verdict(dialog_id) != "raise_auth_level"
    assert home.differences() == []
    assert home.play.history(dialog_id) == {}, "it was there all along"
    assert home.is_idle()


def test_without_a_person_it_stands_locked_and_is_not_asked_for_at_each_poll(home: Household) -> None:
    home.consent_ends()
    dialog_id = home.secret()
    assert home.sync().exit_code == 4
    assert home.standing(dialog_id) == (PLAIN, "level_too_low", "prove")
    assert home.verdict(dialog_id) == "raise_auth_level"
    for passes in (POLL, SWEEP, POLL):
        home.sync(passes)
        asked = home.asked()
        assert not {"transmissions", "activities", "details", "seenlog", "labellog"} & set(asked), asked
        assert ("serviceresources" in asked) == (passes == SWEEP)
    check = look(home.play.settings.archive.url).level_check(*WHO)
    assert check.outcome == "warning"
    assert check.facts["by_party_and_service"] == [f"{mask_party(A)} {SERVICE} (level 4): 1"]
    assert "id-porten" in check.remedy


def test_a_change_is_completed_by_the_person_in_the_same_run(home: Household) -> None:
    dialog_id = home.secret()
    home.sync()
    change(home, dialog_id, [*PROGRESS, *TITLE])
    home.play.letter(dialog_id, "Enda et")
    home.sync()
    assert home.standing(dialog_id) == ("Nytt vedtak", "full", "kari")
    assert home.differences() == []
    history = home.play.history(dialog_id)
    assert (history["progress"][1], history["content.title"][1]) == ("40", texts("Nytt vedtak"))
    assert home.asked(WHO)["transmissions"] == 0, "what is known to be in vain is not tried"
    assert home.is_idle()


def test_marks_and_labels_are_left_to_whoever_reads_the_rest(home: Household) -> None:
    dialog_id = home.secret()
    home.sync()
    openings = home.play.world.dialogs[dialog_id].seen[:]
    home.opened_in_the_portal(dialog_id)
    result = home.sync()
    assert home.standing(dialog_id) == WHOLE
    assert sum(report.openings for report in result.reports) == 0
    assert home.differences() == []
    assert len(home.play.world.dialogs[dialog_id].seen) == len(openings) + 1
    assert home.is_idle()


@pytest.mark.parametrize("with_other_texts", [True, False])
def test_a_dialog_that_is_delegated_to_the_person_alone_is_read_all_the_same(
    home: Household, with_other_texts: bool
) -> None:
    home.allow(3)
    dialog_id = home.secret() if with_other_texts else home.play.dialog(A, OPEN)
    home.sync()
    home.sync(after=1800)
    home.allow(4, kari={"parties": [B], "instances": [dialog_id]})
    home.sync(SWEEP)
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []
    for passes in (POLL, SWEEP, POLL):
        assert home.is_idle(passes)
    home.opened_in_the_portal(dialog_id)
    home.sync(SWEEP)  # marks move no timestamp
    assert home.asked(WHO).keys() == {"parties", "dialogs"}, "marks are left to her"
    assert home.differences() == []
    home.play.letter(dialog_id, "Enda et")
    home.sync()
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []
    assert home.is_idle(SWEEP)
    assert set(home.play.history(dialog_id)) & {"content.title", "content.summary", "presence"} == set()


# When the consent ends


def test_when_the_consent_ends_the_archive_keeps_what_it_has(home: Household) -> None:
    dialog_id, still = home.secret(), home.secret("Står stille")
    home.sync()
    verdict = home.verdict(still)
    home.consent_ends()
    home.sync()
    change(home, dialog_id, PROGRESS)
    assert home.sync().exit_code == 4
    row = home.play.row(dialog_id)
    assert (row["title"], row["access"], row["connection"]) == (OPEN, "level_too_low", "prove")
    assert (row["progress"], row["details_status"], row["texts_full"]) == (40, 200, 1)
    assert [each["title"] for each in home.play.tables()["transmission"]] == ["Brev", "Brev"]
    assert home.verdict(dialog_id) == "raise_auth_level"
    assert set(home.play.history(dialog_id)) <= {"progress", "updatedAt", "contentUpdatedAt"}

    for after in (60, 100_000, 60, 100_000):
        home.sync(SWEEP, after=after)
        assert home.asked()["transmissions"] == 0, "nor does a hot pass ask in vain"
        assert home.standing(still) == ("Står stille", "full", "kari")
        assert home.verdict(still) == verdict
        assert home.play.history(still) == {}

    home.log_in()
    home.sync()
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []
    assert home.is_idle(SWEEP)
    assert set(home.play.history(dialog_id)) <= {"progress", "updatedAt", "contentUpdatedAt"}


def test_what_changed_while_the_consent_was_dead_is_read_when_it_lives_again(home: Household) -> None:
    dialog_id = home.secret()
    home.sync()
    home.consent_ends()
    home.sync()
    change(home, dialog_id, TITLE)
    new = home.secret("Kom i mellomtiden")
    home.sync(after=3600)
    assert [home.standing(each) for each in (dialog_id, new)] == [
        (OPEN, "level_too_low", "prove"),
        (PLAIN, "level_too_low", "prove"),
    ]
    home.log_in()
    home.sync(after=90_000)
    assert [home.standing(each)[0] for each in (dialog_id, new)] == ["Nytt vedtak", "Kom i mellomtiden"]
    assert home.differences() == []
    history = home.play.history(dialog_id)
    assert history["content.title"] == (texts(OPEN), texts("Nytt vedtak"))
    assert "content.title" not in home.play.history(new)


# Opening


@pytest.mark.parametrize(("policy", "opened"), [("never", False), ("after-human", False), ("always", True)])
def test_the_opening_policy_rules_the_fallback_too(tmp_path: Path, policy: str, opened: bool) -> None:
    with household(tmp_path, policy) as home:
        home.log_in(SUBSTANTIAL)
        dialog_id = home.secret()
        home.sync()
        home.sync(after=1800)
        home.log_in(HIGH)
        home.sync()
        assert home.standing(dialog_id) == WHOLE
        assert bool(home.play.world.dialogs[dialog_id].seen) is opened
        assert home.asked()["details"] == opened
        assert home.differences() == []


def test_what_somebody_marked_as_unread_meanwhile_is_not_opened(tmp_path: Path) -> None:
    with household(tmp_path, "after-human") as home:
        home.log_in(SUBSTANTIAL)
        dialog_id = home.secret()
        home.opened_in_the_portal(dialog_id)
        home.sync()
        labels = {"addLabels": ["MarkedAsUnopened"]}
        home.play.write("PUT", f"/enduser/dialogs/{dialog_id}/context/systemlabels", labels, caller=HUMAN)
        home.sync(after=1800)
        home.log_in(HIGH)
        home.sync()
        assert home.standing(dialog_id) == WHOLE
        assert home.asked()["details"] == 0
        assert home.differences() == []


def test_an_unread_mark_that_the_person_takes_away_is_put_back(tmp_path: Path) -> None:
    with household(tmp_path, "restore-unread") as home:
        dialog_id = home.secret()
        for _ in range(2):
            assert home.sync().exit_code == 0
            assert home.standing(dialog_id) == WHOLE
            item = home.play.world.dialogs[dialog_id]
            assert "MarkedAsUnopened" in item.labels
            assert home.differences() == []
            assert home.is_idle() and home.is_idle(SWEEP)
            change(home, dialog_id, PROGRESS)


def test_what_a_human_has_opened_is_opened(tmp_path: Path) -> None:
    with household(tmp_path, "after-human") as home:
        home.log_in(SUBSTANTIAL)
        dialog_id = home.secret()
        home.sync()
        home.opened_in_the_portal(dialog_id)
        home.sync(after=1800)
        home.log_in(HIGH)
        home.sync()
        assert home.asked(KARI)["details"] == 1
        assert home.differences() == []


# A person who may not read it either


def test_a_person_without_the_right_is_asked_once_and_the_sweep_finds_the_right_when_it_comes(home: Household) -> None:
    home.allow(4, kari={"denied_actions": ["*"]})
    dialog_id = home.secret()
    home.sync()
    assert home.standing(dialog_id) == (OPEN, "denied", "kari"), "its list shows the real texts"
    assert home.verdict(dialog_id) == "get_access"
    home.sync()  # the list shows our own opening by now, which we could not look up
    for _ in range(2):
        assert home.is_idle()
        home.sync(SWEEP)
        assert home.standing(dialog_id) == (OPEN, "denied", "kari")
        assert home.asked()["transmissions"] == 1, "once a sweep, by the one who might be able to"
    assert home.play.history(dialog_id) == {}

    home.allow(4)
    assert home.is_idle()
    home.sync(SWEEP)
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []
    assert home.is_idle(SWEEP)


def test_a_person_whose_list_does_not_show_it_is_asked_once(home: Household) -> None:
    home.log_in(SUBSTANTIAL)
    home.allow(4, kari={"denied_resources": ["urn:altinn:resource:prove"]})
    dialog_id = home.secret()
    home.sync()
    home.sync(after=1800)  # no poll shows it any more
    home.log_in(HIGH)
    result = home.sync()
    assert [report.kind for report in result.reports][-1] == "fallback"
    assert home.standing(dialog_id) == (PLAIN, "level_too_low", "prove")
    assert home.is_idle()
    home.sync(SWEEP)
    assert home.standing(dialog_id) == (PLAIN, "level_too_low", "prove")

    home.allow(4)
    home.sync(SWEEP)
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []


def test_a_failure_in_passing_is_tried_again(home: Household) -> None:
    home.log_in(SUBSTANTIAL)
    dialog_id = home.secret()
    home.sync()
    home.sync(after=1800)
    home.log_in(HIGH)
    home.play.fault("/transmissions", status=500, body="{}")
    assert home.sync().exit_code == 4
    home.play.calm()
    home.sync(after=1800)
    assert home.standing(dialog_id) == WHOLE
    assert home.differences() == []


def test_postgresql_falls_back_in_the_same_way(tmp_path: Path, postgres_url: str) -> None:
    with household(tmp_path, archive=postgres_url) as home:
        home.log_in(SUBSTANTIAL)
        dialog_id = home.secret()
        home.sync()
        home.sync(after=1800)
        assert home.standing(dialog_id) == (PLAIN, "level_too_low", "prove")
        home.log_in(HIGH)
        with home.play.archive.single_flight("kari/"):
            assert home.sync().exit_code == 4, "another daemon reads as her just now"
        assert home.standing(dialog_id)[1] == "level_too_low"
        result = home.sync()
        assert [report.kind for report in result.reports][-1] == "fallback"
        assert home.standing(dialog_id) == WHOLE
        assert home.differences() == []
        change(home, dialog_id, PROGRESS)
        home.sync()
        assert home.standing(dialog_id) == WHOLE
        assert home.is_idle() and home.is_idle(SWEEP)


# Comparing


def test_a_comparison_finds_no_difference_through_whichever_eyes(home: Household) -> None:
    ids = [home.secret(), home.secret("Til", letter=False), home.play.dialog(A, "Uten andre tekster")]
    home.sync()
    home.sync()
    assert home.verified() == []
    home.consent_ends()
    assert home.verified() == [], "the system user sees less, and that is no difference"
    change(home, ids[0], PROGRESS)
    assert home.verified() == [("list", "progress"), ("list", "updatedAt")]
    home.sync()
    assert home.standing(ids[0]) == (OPEN, "level_too_low", "prove")
    assert home.verified() == []
    home.log_in()
    home.sync()
    assert home.verified() == []


def test_a_comparison_finds_a_text_that_changed_silently_through_the_eyes_that_see_it(home: Household) -> None:
    dialog_id = home.secret()
    home.sync()
    change(home, dialog_id, TITLE, silent=True)
    assert home.verified() == [("list", "content.title")]


def test_a_comparison_of_what_the_person_was_refused_finds_no_difference(home: Household) -> None:
    home.allow(4, kari={"denied_actions": ["*"]})
    home.secret()
    home.sync()
    home.sync()
    assert home.verified() == []
    home.consent_ends()
    assert home.verified() == []
