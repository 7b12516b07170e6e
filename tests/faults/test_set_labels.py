"""The one write of this program: what it sends, what it answers, and when it is sent again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from sync.dialogporten.errors import (
    ArkivError,
    BadGateway,
    Conflict,
    ConnectFailed,
    CutBody,
    DialogForbidden,
    NotFound,
    Outdated,
    ServerFault,
)
from sync.identities import IdentityInbox
from sync.passes.opening import MARKED_AS_UNOPENED
from tests.faults.playground import A, C, Playground, playground, problem
from tests.faults.restoring import marks, puts

MARK = [MARKED_AS_UNOPENED]


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Playground]:
    with playground(tmp_path, "restore-unread") as ready:
        yield ready


@pytest.fixture
def inbox(play: Playground) -> IdentityInbox:
    return play.runner.identities[0].inbox


def revision(play: Playground, dialog_id: str) -> str:
    return play.world.dialogs[dialog_id].context_revision


def test_it_answers_the_new_revision_of_the_labels(play: Playground, inbox: IdentityInbox) -> None:
    dialog_id = play.dialog(A)
    before = revision(play, dialog_id)
    new = inbox.set_labels(dialog_id, MARK, [], before)
    assert new == revision(play, dialog_id) != before
    assert MARKED_AS_UNOPENED in play.world.dialogs[dialog_id].labels
    assert inbox.set_labels(dialog_id, MARK, [], new) == new, "nothing changed"
    assert inbox.set_labels(dialog_id, [], MARK, new) != new
    assert MARKED_AS_UNOPENED not in play.world.dialogs[dialog_id].labels


def test_an_older_revision_changes_nothing(play: Playground, inbox: IdentityInbox) -> None:
    dialog_id = play.dialog(A)
    before = revision(play, dialog_id)
    marks(play, dialog_id)
    with pytest.raises(Outdated):
        inbox.set_labels(dialog_id, [], MARK, before)
    assert MARKED_AS_UNOPENED in play.world.dialogs[dialog_id].labels


def test_refusals_are_told_apart(play: Playground, inbox: IdentityInbox) -> None:
    with pytest.raises(NotFound):
        inbox.set_labels(str(uuid4()), MARK, [], str(uuid4()))
    foreign = play.dialog(C)
    with pytest.raises(DialogForbidden):
        inbox.set_labels(foreign, MARK, [], revision(play, foreign))
    dialog_id = play.dialog(A)
    play.fault("/context/systemlabels", method="PUT", status=409, body=problem(409, Dialog=["Nei"]))
    with pytest.raises(Conflict):
        inbox.set_labels(dialog_id, MARK, [], revision(play, dialog_id))


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "drop"}, ConnectFailed),
        ({"kind": "status", "status": 500, "body": problem(500)}, ServerFault),
        ({"kind": "status", "status": 502, "body": problem(502)}, BadGateway),
    ],
)
def test_after_a_lost_answer_it_is_not_sent_again(
    play: Playground, inbox: IdentityInbox, fault: dict[str, object], expected: type[ArkivError]
) -> None:
    dialog_id = play.dialog(A)
    play.fault("/context/systemlabels", method="PUT", times=1, **fault)
    with pytest.raises((expected, CutBody)):
        inbox.set_labels(dialog_id, MARK, [], revision(play, dialog_id))
    assert puts(play) == 1


def test_what_was_turned_away_is_sent_again(play: Playground, inbox: IdentityInbox) -> None:
    dialog_id = play.dialog(A)
    play.fault("/context/systemlabels", method="PUT", times=1, status=429, headers={"Retry-After": "2"})
    inbox.set_labels(dialog_id, MARK, [], revision(play, dialog_id))
    assert puts(play) == 2


def test_a_hostile_id_or_revision_never_becomes_another_request(play: Playground, inbox: IdentityInbox) -> None:
    for arguments in (("../parties", str(uuid4())), (str(uuid4()), '"quoted"\r\nX: y')):
        with pytest.raises(ValueError, match="badly formed"):
            inbox.set_labels(arguments[0], MARK, [], arguments[1])
    assert puts(play) == 0
