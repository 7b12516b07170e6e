"""Asks why dialogs are missing, without a trace: the children, the lookup, and one more search where a dialog may have
moved while the list was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor

from store.publication import Held
from sync.dialogporten.errors import ArkivError, is_passing
from sync.passes.items import peek
from sync.passes.ports import Inbox
from sync.passes.presence import ABSENT, Answer, Explanation, answer_of, asks_lookup, explain
from sync.passes.walking import Guide, Walker
from sync.passes.walks import Walk

AT_ONCE = 100  # probes between two looks at whether the server still answers
# Where so large a share of them, and at least so many, fails for a passing reason, the server or the line is down.
TOO_MANY_FAILURES, AT_LEAST = 0.5, 5
GIVE_UP_LOOKUP = 3  # failed lookups, after which it is down and not asked any more (reference: end-user API §17.21)

Land = Callable[[Sequence[bytes], Walk], None]


class Prober:
    """For one pass of one identity. `land` files what a search shows after all; `since` is where the list's newest
    changes may begin (canonical time): the start of the pass, minus the overlap.
    """

    def __init__(self, inbox: Inbox, walker: Walker, pool: Executor, land: Land, since: str) -> None:
        self._inbox = inbox
        self._walker = walker
        self._pool = pool
        self._land = land
        self._since = since
        self._lookups_failed = 0

    def children(self, ids: Sequence[str]) -> dict[str, Answer]:
        """What `/transmissions` says of each. Raises what ends the pass, also when the server seems to be down."""
        found: dict[str, Answer] = {}
        for some in _chunks(ids):
            told = self._ask(self._inbox.transmissions, some)
            failures = [error for _, error in told if error and is_passing(error)]
            if len(failures) >= max(AT_LEAST, len(some) * TOO_MANY_FAILURES):
                raise failures[0]
            found.update({dialog_id: answer for dialog_id, (answer, _) in zip(some, told, strict=True)})
        return found

    def explain(self, dialogs: Iterable[Held], children: Mapping[str, Answer]) -> dict[str, Explanation]:
        """Why each of these is missing; those that are listed after all have landed and are left out."""
        wanted = list(dialogs)
        lookups = self._lookups([dialog.id for dialog in wanted if asks_lookup(children[dialog.id])])
        found = {dialog.id: explain(children[dialog.id], lookups.get(dialog.id)) for dialog in wanted}
        doubtful: dict[str, list[Held]] = {}
        for dialog in wanted:
            if found[dialog.id].perhaps_listed:
                doubtful.setdefault(dialog.party, []).append(dialog)
        for party, some in doubtful.items():
            met, certain = self._listed_now(party, some)
            for dialog in some:
                if dialog.id in met:
                    del found[dialog.id]
                elif not certain or dialog.created_at is None:
                    found[dialog.id] = Explanation(ABSENT)
        return found

    def _lookups(self, ids: Sequence[str]) -> dict[str, Answer]:
        found: dict[str, Answer] = {}
        for some in _chunks(ids, GIVE_UP_LOOKUP * 4):
            if self._lookups_failed >= GIVE_UP_LOOKUP:
                break
            told = self._ask(lambda dialog_id: self._inbox.lookup(f"urn:altinn:dialog-id:{dialog_id}"), some)
            found.update({dialog_id: answer for dialog_id, (answer, _) in zip(some, told, strict=True)})
            self._lookups_failed += sum(answer is Answer.NONE for answer, _ in told)
        return found

    def _ask(self, call: Callable[[str], bytes], ids: Sequence[str]) -> list[tuple[Answer, ArkivError | None]]:
        """Several dialogs side by side; what ends the pass takes back those that have not begun."""

        def one(dialog_id: str) -> tuple[Answer, ArkivError | None]:
            try:
                call(dialog_id)
            except ArkivError as error:
                return answer_of(error), error
            return Answer.OK, None

        asked = [self._pool.submit(one, dialog_id) for dialog_id in ids]
        try:
            return [each.result() for each in asked]
        finally:
            for each in asked:
                each.cancel()

    def _listed_now(self, party: str, dialogs: Sequence[Held]) -> tuple[frozenset[str], bool]:
        """Which of these the list shows now, and whether that is certain: it was asked to the end at the moments when
        they were made, which nothing changes, then among everything that changed since the pass began, and it showed no
        item that names no dialog.
        """
        wanted, met, failed = {dialog.id for dialog in dialogs}, set[str](), list[str]()

        def land(items: Sequence[bytes], walk: Walk) -> None:
            named = {peek(raw)[0]: raw for raw in items}
            if None in named:
                failed.extend(walk.parties)  # it may be any of them
            shown = {name: raw for name, raw in named.items() if name in wanted}
            met.update(name for name in shown if name is not None)
            self._land(list(shown.values()), walk)

        guide = Guide(land, lambda _walk: None, lambda parties, _error: failed.extend(parties))
        moments = sorted({dialog.created_at for dialog in dialogs if dialog.created_at is not None})
        self._walker.read_short([Walk((party,), after=None, created=moment) for moment in moments], guide)
        if met != wanted:
            self._walker.read([Walk((party,), after=self._since)], guide)
        return frozenset(met), not failed


def _chunks(ids: Sequence[str], size: int = AT_ONCE) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))
