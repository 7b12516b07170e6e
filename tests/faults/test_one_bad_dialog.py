"""One dialog, or one answer, that is impossible: it is set aside, and everything else is read all the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.dialogporten.errors import BadBody, NotAuthenticated, WrongScope, WrongUser
from sync.passes.schedule import Pass, Wanted
from tests.faults.playground import A, B, Playground, playground, problem

DEEP = "[" * 50_000 + "]" * 50_000
SEARCH = r"/enduser/dialogs\?"


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "always") as ready:
        yield ready


def letters(play: Playground, count: int = 3) -> list[str]:
    made = [play.dialog(A, f"Nummer {number}") for number in range(count)]
    for dialog_id in made:
        play.letter(dialog_id)
    return made


def aside(play: Playground) -> list[tuple[object, object]]:
    return [(row["dialog_id"], row["kind"]) for row in play.archive.quarantined()]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, problem(400, dialogId=["no"])),
        (413, ""),
        (409, problem(409)),
        (412, problem(412)),
        (422, problem(422, Search=["too much"])),
    ],
)
def test_a_refusal_that_one_dialog_meets_for_good_keeps_no_other_from_being_read(
    play: Playground, status: int, body: str
) -> None:
    bad, *_ = letters(play)
    other = play.dialog(B, "Hos en annen")
    play.fault(f"/dialogs/{bad}/transmissions", status=status, body=body)

    assert play.sync().exit_code == 4
    assert aside(play) == [(bad, "transmissions")]
    assert len(play.tables()["dialog"]) == 4
    assert play.row(other)["title"] == "Hos en annen"

    play.calm()
    play.clock.skip(3600)
    play.sync()
    assert (aside(play), play.differences()) == ([], [])


OF_THE_TOKEN = [(401, ""), (403, ""), (403, problem(403, Type=["Person, SystemUser"]))]


@pytest.mark.parametrize(("status", "body"), OF_THE_TOKEN)
@pytest.mark.parametrize("path", ["/transmissions", "/seenlog", "$"])
def test_one_dialog_that_is_refused_as_if_the_token_were_to_blame_is_set_aside(
    play: Playground, path: str, status: int, body: str
) -> None:
    bad, worse, *_ = letters(play, 4)
    for dialog_id in (bad, worse):
        play.fault(f"/dialogs/{dialog_id}{path}", status=status, body=body)
    result = play.sync()
    assert (result.exit_code, result.reports[0].error) == (4, None)
    kind = path[1:] or "detail"
    assert sorted(aside(play), key=str) == sorted([(bad, kind), (worse, kind)], key=str)
    assert len(play.tables()["dialog"]) == 4
    proofs = [entry for entry in play.world.requests.entries if entry.path.endswith("/parties")]
    assert len(proofs) <= 1 + 4, "the token is proven once, or once by each of those that are read side by side"

    play.calm()
    play.clock.skip(3600)
    play.sync()
    assert (aside(play), play.differences()) == ([], [])


@pytest.mark.parametrize(("status", "body"), OF_THE_TOKEN)
def test_a_token_that_is_refused_everywhere_ends_the_pass(play: Playground, status: int, body: str) -> None:
    letters(play, 40)
    play.fault("/enduser/(parties|dialogs/)", status=status, body=body, after=1)
    play.world.requests.reset()
    result = play.sync()
    assert isinstance(result.reports[0].error, NotAuthenticated | WrongScope | WrongUser)
    assert play.archive.quarantined() == []
    assert play.world.requests.by.total() < 20


def test_answers_that_are_too_large_for_good_are_no_outage(play: Playground) -> None:
    first, second, third = letters(play)
    play.runner.http._limit = 50_000
    for dialog_id in (first, second):
        play.fault(f"/dialogs/{dialog_id}/transmissions", status=200, body=f'[{{"id": "{"x" * 60_000}"}}]')

    assert play.sync().exit_code == 4
    assert sorted(aside(play), key=str) == sorted([(first, "transmissions"), (second, "transmissions")], key=str)
    assert play.row(third)["presence"] == "present"
    assert play.mailbox(A)["backfilled_at"] is not None


def test_a_missing_dialog_that_cannot_be_asked_about_does_not_end_the_sweep(play: Playground) -> None:
    made = letters(play)
    play.sync()
    for dialog_id in made[:2]:
        play.write("DELETE", f"/serviceowner/dialogs/{dialog_id}")
    play.fault(f"/dialogs/{made[0]}/transmissions", status=400, body=problem(400, dialogId=["no"]))

    play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
    assert play.row(made[0])["presence"] == "absent"
    assert play.row(made[1])["presence"] == "deleted"


def test_a_mark_that_the_server_refuses_to_take_back_stops_nothing_else(tmp_path: Path) -> None:
    with playground(tmp_path, "restore-unread") as play:
        bad, good = letters(play, 2)
        play.fault(
            f"/dialogs/{bad}/context/systemlabels", method="PUT", status=400, body=problem(400, addLabels=["no"])
        )
        play.sync()
        assert {str(row["dialog_id"]) for row in play.archive.standing_duties()} == {bad}
        assert play.row(good)["details_status"] == 200

        play.clock.skip(3600)
        result = play.sync()
        assert result.reports[0].error is None
        assert play.archive.standing_duties()[0]["tries"] == 2


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/transmissions", "transmissions"), ("/seenlog", "seenlog"), ("/enduser/dialogs/[^/?]+$", "detail")],
)
def test_a_body_that_is_nested_without_end_is_set_aside(play: Playground, path: str, kind: str) -> None:
    bad, _ = letters(play, 2)
    play.fault(path, status=200, body=f'[{{"id": "{bad}", "more": {DEEP}}}]', times=1)
    assert play.sync().exit_code == 4
    assert [found for _, found in aside(play)] == [kind]
    assert len(play.tables()["dialog"]) == 2


def test_an_item_that_is_nested_without_end_is_set_aside_and_its_page_lands(play: Playground) -> None:
    bad, *good = letters(play)
    play.sync()
    held = play.archive.payloads([bad, *good], ["list"])
    items = [held[one]["list"].body.decode() for one in (*good, bad)]
    play.clock.skip(25 * 3600)
    play.write("DELETE", f"/serviceowner/dialogs/{good[0]}")
    deep = f'{{"more": {DEEP}, {items[-1][1:]}'
    page = f'{{"items": [{items[1]}, {deep}], "hasNextPage": false, "orderBy": "updatedat_asc,id_asc"}}'
    play.fault(SEARCH, status=200, body=page)

    result = play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
    assert [report.failures for report in result.reports] == [[]] * len(result.reports)
    (row,) = play.archive.quarantined()
    assert (row["id"], row["party"]) == (f"list:{bad}", A)
    assert "nested deeper" in str(row["reason"])
    assert [play.row(one)["presence"] for one in (*good, bad)] == ["deleted", "present", "present"]

    play.calm()
    play.retitle(bad, "Nytt")
    play.runner.run(play.archive, Wanted(frozenset({Pass.SWEEP})))
    assert (aside(play), play.row(bad)["title"]) == ([], "Nytt")


def test_a_page_that_is_nested_without_end_elsewhere_fails_its_mailbox_alone(play: Playground) -> None:
    letters(play)
    other = play.dialog(B, "Hos en annen")
    play.fault(f"{SEARCH}.*{A[-9:]}", status=200, body=f'{{"items": [], "more": {DEEP}, "hasNextPage": false}}')
    result = play.sync()
    assert result.exit_code == 4
    assert [(f.parties, type(f.error)) for f in result.reports[0].failures] == [((A,), BadBody)]
    assert play.row(other)["presence"] == "present"


@pytest.mark.parametrize(
    ("status", "body"), [(200, "<html><title>Sign in</title></html>"), (404, "<html>nginx</html>"), (403, "<html/>")]
)
def test_a_page_that_is_not_the_apis_ends_the_pass_once(play: Playground, status: int, body: str) -> None:
    letters(play)
    play.sync()
    play.fault(SEARCH, status=status, body=body)
    play.world.requests.reset()
    (report,) = play.sync().reports
    assert report.error is not None
    lists = [entry for entry in play.world.requests.entries if entry.path.endswith("/dialogs")]
    assert (report.failures, len(lists)) == ([], 1)
    assert [name for name, _ in play.told].count("walk_split") == 0
    assert {play.mailbox(party)["error"] for party in (A, B)} == {report.error.sentence}

    play.calm()
    assert play.sync().exit_code == 0
    assert {play.mailbox(party)["error"] for party in (A, B)} == {None}


def test_an_address_that_is_too_long_for_what_stands_in_between_is_shortened(play: Playground) -> None:
    letters(play)
    play.fault(f"{SEARCH}.*party=.*party=", status=414, body="<html>too long</html>")
    assert play.sync().exit_code == 0
    assert play.differences() == []


def test_login_pages_in_the_place_of_many_dialogs_are_an_outage(play: Playground) -> None:
    letters(play)
    play.fault("/(transmissions|activities|seenlog)", status=200, body="<html/>")
    (report,) = play.sync().reports
    assert report.error is not None
    assert play.archive.quarantined() == []


def test_an_activity_whose_id_cannot_stand_in_an_address_is_kept_without_its_performer(play: Playground) -> None:
    (dialog_id,) = letters(play, 1)
    play.activity(dialog_id)
    body = '[{"id": "../x", "type": "Information", "createdAt": "2026-01-03T03:04:05Z"}]'
    play.fault("/activities$", status=200, body=body)
    assert play.sync().exit_code == 0
    assert "../x" in {row["id"] for row in play.tables()["activity"]}


@pytest.mark.parametrize("items", ["here", "none"])
def test_pages_that_lead_round_in_a_circle_end(play: Playground, items: str) -> None:
    (dialog_id,) = letters(play, 1)
    other = play.dialog(B, "Hos en annen")
    play.sync()
    raw = play.archive.payloads([dialog_id], ["list"])[dialog_id]["list"].body.decode() if items == "here" else ""
    here = f"{SEARCH}.*{A[-9:]}"
    for asked, leads_to in (("id_1", "id_2"), ("id_2", "id_1"), ("", "id_1")):
        page = f'{{"items": [{raw}], "hasNextPage": true, "continuationToken": "{leads_to}"}}'
        play.fault(f"{here}.*continuationToken={asked}" if asked else here, status=200, body=page)

    play.retitle(other, "Nytt")
    result = play.sync()
    assert result.exit_code == 4
    assert result.reports[0].requests < 20
    assert play.row(other)["title"] == "Nytt"
