"""Somebody does something, or everything ends, right before or after any call of a run, to server or archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sync.passes.filing import Reader
from sync.passes.opening import MARKED_AS_UNOPENED, OpeningPolicy
from sync.passes.settling import DutyReport, settle_duties
from tests.faults.playground import HUMAN, WHO, Playground

INBOX = ("search", "dialog", "seenlog", "labellog", "transmissions", "activities", "set_labels")
SHELF = ("record_duties", "write")


class Killed(BaseException):
    """The process is no more."""


class Moments:
    """Counts the moments of a run: one before and one after each call, `seen` names them. `act` is done at `at`."""

    def __init__(self, at: int | None = None, act: Callable[[], None] = lambda: None) -> None:
        self.at = at
        self.act = act
        self.name: str | None = None
        self.seen: list[str] = []

    def on(self, name: str, act: Callable[[], None]) -> None:
        """`act` is done at the first moment of that name."""
        self.name, self.act = name, act

    def pass_by(self, name: str) -> None:
        self.seen.append(name)
        if self.at == len(self.seen) - 1 or (name == self.name and self.seen.count(name) == 1):
            self.act()


@contextmanager
def watched(play: Playground, moments: Moments) -> Iterator[None]:
    """Every call of our only identity to the server, and every writing one to the archive, has its two moments."""
    inbox: Any = play.runner.identities[0].inbox
    archive: Any = play.archive
    genuine = {
        (thing, name): getattr(thing, name) for thing, names in ((inbox, INBOX), (archive, SHELF)) for name in names
    }

    def between(name: str, call: Callable[..., object]) -> Callable[..., object]:
        def made(*arguments: object, **more: object) -> object:
            moments.pass_by(f"before {name}")
            answer = call(*arguments, **more)
            moments.pass_by(f"after {name}")
            return answer

        return made

    for (thing, name), call in genuine.items():
        setattr(thing, name, between(name, call))
    try:
        yield
    finally:
        for (thing, name), call in genuine.items():
            setattr(thing, name, call)


def settle(play: Playground) -> DutyReport:
    """What a run does first."""
    reader = Reader(*WHO, OpeningPolicy(play.settings.sync.open), play.settings.display.languages)
    inbox = play.runner.identities[0].inbox
    with ThreadPoolExecutor(2) as pool:
        return settle_duties(reader, inbox, play.archive, pool, play.clock.now, play.hear)


def run(play: Playground) -> DutyReport:
    """One whole run, duties first."""
    report = settle(play)
    play.sync()
    return report


def labels(play: Playground, dialog_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
    """A person sets labels in the portal."""
    body = {"addLabels": list(add), "removeLabels": list(remove)}
    play.write("PUT", f"/enduser/dialogs/{dialog_id}/context/systemlabels", body, caller=HUMAN)


def marks(play: Playground, dialog_id: str) -> None:
    labels(play, dialog_id, add=(MARKED_AS_UNOPENED,))


def is_unread(play: Playground, dialog_id: str) -> bool:
    """As every person of the party sees it."""
    item = next(one["listItem"] for one in play.truth()["dialogs"] if one["id"] == dialog_id)
    return not item["isContentSeen"]


def puts(play: Playground) -> int:
    """How many label requests of ours arrived."""
    return sum(entry.method == "PUT" and entry.caller != HUMAN for entry in play.world.requests.entries)


def standing(play: Playground) -> list[object]:
    return [row["dialog_id"] for row in play.archive.standing_duties()]


def outcomes(play: Playground) -> dict[str, object]:
    """Dialog → what became of the duty of its newest opening."""
    with play.archive.query_read_only("SELECT dialog_id, outcome FROM duty") as answer:
        return {str(dialog_id): outcome for dialog_id, outcome in answer.rows}
