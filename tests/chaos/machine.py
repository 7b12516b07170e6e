"""The machine: service owners, humans, access managers, trouble and our program take turns, and in the end the archive
must equal the world.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from sync.passes.schedule import Pass
from sync.sandbox.dialogs import Dialog
from sync.sandbox.writes import MIGRATION_CUT
from tests.chaos.doings import HUMANS, MANAGERS, MEANWHILE, OWNERS, TROUBLE, Doing, Stage, calms, opens
from tests.chaos.glance import Glance
from tests.chaos.program import Fate, Program, StillClock
from tests.chaos.verdict import Verdict
from tests.chaos.within import Within
from tests.chaos.witness import Witness
from tests.faults.playground import HUMAN, US, playground

DAY = 25 * 3600
HOURS = (0.02, 0.3, 2, 13, 30, 24 * 35)
POLICIES = ("restore-unread", "after-human", "never", "always")
EVERYTHING = frozenset({Pass.SWEEP, Pass.HOT, Pass.DEEP})
PASSES = (frozenset[Pass](), frozenset({Pass.HOT}), frozenset({Pass.SWEEP}), frozenset({Pass.DEEP}), EVERYTHING)
_OURS = f"urn:altinn:systemuser:uuid:{US}"
_GIVEN_UP = ("not_listed", "refused", "failed")

# Every commit is synced to the disk, and thousands are made.
IN_MEMORY = next((where for where in ("/dev/shm",) if os.access(where, os.W_OK)), None)

which = st.integers(0, 30)
variant = st.integers(0, 400)


def some(doings: tuple[Doing, ...]) -> st.SearchStrategy[Doing]:
    """One of these; a failing example prints its name."""
    return st.sampled_from(doings)


class Chaos(RuleBasedStateMachine):
    """One example is one world, from its beginning until it has come to rest."""

    steps: ClassVar[int] = 0
    policies: ClassVar[tuple[str, ...]] = POLICIES

    def __init__(self) -> None:
        super().__init__()
        self._held = ExitStack()

    @initialize(policy=st.integers(0, len(POLICIES) - 1), seed=variant)
    def begin(self, policy: int, seed: int) -> None:
        folder = Path(self._held.enter_context(tempfile.TemporaryDirectory(prefix="chaos-", dir=IN_MEMORY)))
        self.policy = self.policies[policy % len(self.policies)]
        self.clock = StillClock()
        self.play = self._held.enter_context(playground(folder, self.policy, clock=self.clock, serving=Within))
        self.stage = Stage(self.play)
        self.glance = Glance(folder / "arkiv.db")
        self._held.callback(self.glance.close)
        self.witness = Witness(self.play, self.glance)
        self.program = Program(self.play, self.witness.note)
        self.unread: dict[str, bool] = {}  # what it would be, were there only humans and service owners
        self.unknowable: set[str] = set()
        self.touched: set[str] = set()  # by others, while our program ran
        self.running = False
        for each in range(3):
            self._do(OWNERS[0], each, seed + 5 * each)

    # Others

    @rule(doing=some(OWNERS), which=which, variant=variant)
    def owner(self, doing: Doing, which: int, variant: int) -> None:
        self._step(doing, which, variant)

    @rule(doing=some(OWNERS), which=which, variant=variant)
    def owner_again(self, doing: Doing, which: int, variant: int) -> None:
        self._step(doing, which, variant)

    @rule(doing=some(HUMANS), which=which, variant=variant)
    def human(self, doing: Doing, which: int, variant: int) -> None:
        self._step(doing, which, variant)

    @rule(doing=some(MANAGERS), which=which, variant=variant)
    def manager(self, doing: Doing, which: int, variant: int) -> None:
        self._step(doing, which, variant)

    @rule(doing=some(TROUBLE), which=which, variant=variant)
    def trouble(self, doing: Doing, which: int, variant: int) -> None:
        self._step(doing, which, variant)

    @rule(hours=st.sampled_from(HOURS))
    def time_passes(self, hours: float) -> None:
        self._step(lambda *_: self.clock.skip(hours * 3600), 0, 0)

    # Our program

    @rule(passes=st.sampled_from(PASSES))
    def we_run(self, passes: frozenset[Pass]) -> None:
        Chaos.steps += 1
        self._run(passes, Fate())

    @rule(
        passes=st.sampled_from(PASSES),
        edits=st.lists(st.tuples(st.integers(0, 60), some(MEANWHILE), which, variant), min_size=1, max_size=5),
    )
    def we_run_while_others_work(self, passes: frozenset[Pass], edits: list[tuple[int, Doing, int, int]]) -> None:
        Chaos.steps += 1 + len(edits)
        self._run(passes, Fate(meanwhile=self._meanwhile(edits)))

    @rule(
        passes=st.sampled_from(PASSES),
        death=st.integers(0, 120),
        edits=st.lists(st.tuples(st.integers(0, 60), some(MEANWHILE), which, variant), max_size=2),
    )
    def we_are_killed(self, passes: frozenset[Pass], death: int, edits: list[tuple[int, Doing, int, int]]) -> None:
        Chaos.steps += 1 + len(edits)
        self._run(passes, Fate(death=death, meanwhile=self._meanwhile(edits)))

    @precondition(lambda self: self.clock.skipped > 3600)
    @rule()
    def we_restart(self) -> None:
        Chaos.steps += 1
        self.program.restart()

    # What holds at any time

    def _step(self, doing: Doing, which: int, variant: int) -> None:
        Chaos.steps += 1
        self.clock.skip(1)
        self._do(doing, which, variant)

    def _do(self, doing: Doing, which: int, variant: int) -> None:
        if self.running:
            self.witness.note()  # what we ourselves have just done to it
        before = {each.id: _state(each) for each in self.play.world.dialogs.values()}
        readings = {each.id: len(each.seen) for each in self.play.world.dialogs.values()}
        doing(self.stage, which, variant)
        self.witness.note()
        self.witness.note_reading(readings)
        owing = {str(row["dialog_id"]) for row in self.play.archive.standing_duties()}
        for dialog in self.play.world.dialogs.values():
            if before.get(dialog.id) != _state(dialog):
                self.touched.add(dialog.id)
            self._follow(dialog, before.get(dialog.id), in_flight=self.running or dialog.id in owing)
        if doing is opens:
            self._follow_reading(which, before, owing)

    def _follow(self, dialog: Dialog, before: tuple[object, ...] | None, *, in_flight: bool) -> None:
        """What a human's or an owner's doing makes of the unread mark, whatever we did to it."""
        name = dialog.id
        if before is None or name not in self.unread:
            self.unread[name] = not (dialog.created_at < MIGRATION_CUT)
            if not in_flight:
                self.unread[name] = not dialog.is_content_seen()
            return
        if not in_flight:
            self.unread[name] = not dialog.is_content_seen()
            self.unknowable.discard(name)
        elif before != (now := _state(dialog)):
            if before[0] != now[0] or (before[1] and not now[1]) or (now[2] and not before[2]):
                self.unread[name] = True  # new content, or a mark
            elif before[3] != now[3] or (before[2] and not now[2]):
                self.unread[name] = False  # read by a human, or the mark taken off

    def _follow_reading(self, which: int, before: dict[str, tuple[object, ...]], owing: set[str]) -> None:
        """Somebody read what we have opened: of a second reading the server tells nobody."""
        for dialog in self.play.world.dialogs.values():
            same = before.get(dialog.id) == _state(dialog)
            if same and (self.running or dialog.id in owing):
                self.unknowable.add(dialog.id)

    def _meanwhile(self, edits: list[tuple[int, Doing, int, int]]) -> dict[int, Callable[[], None]]:
        def at_work(doing: Doing, which: int, variant: int) -> Callable[[], None]:
            return lambda: self._do(doing, which, variant)

        return {moment: at_work(doing, which, variant) for moment, doing, which, variant in edits}

    def _run(
        self, passes: frozenset[Pass], fate: Fate, accept: frozenset[str] = frozenset()
    ) -> list[tuple[str, str, int, int]]:
        """One run of ours, and what must hold after any run."""
        self.clock.skip(1)
        before = {each.id: (_state(each), each.is_api_only) for each in self.play.world.dialogs.values()}
        presences = self._presences()
        self.touched.clear()
        self.running = True
        try:
            result = self.program.run(passes, fate, accept)
        finally:
            self.running = False
        self.witness.note()
        problems = list(self.witness.lies())
        problems += self._disturbed(before)
        if result is not None:
            for report in result.reports:
                problems += self._let_go(presences, report.held if report.kind == "sweep" else [])
        assert not problems, "\n".join(problems)
        reports = [] if result is None else result.reports
        return [(each.kind, each.outcome, each.rows_written, each.changes_written) for each in reports]

    def _presences(self) -> dict[str, tuple[str, str]]:
        rows = self.glance.rows("SELECT id, party, presence FROM dialog")
        return {name: (party, presence) for name, party, presence in rows}

    def _let_go(self, before: dict[str, tuple[str, str]], held: list[str]) -> list[str]:
        """A mailbox that is held keeps its presence."""
        now = self._presences()
        return [
            f"{name} of a held mailbox went from {presence} to {now[name][1]}"
            for name, (party, presence) in before.items()
            if party in held and presence == "present" and now[name][1] not in ("present", "deleted")
        ]

    def _disturbed(self, before: dict[str, tuple[tuple[object, ...], bool]]) -> list[str]:
        """What the policy does not allow."""
        found = []
        for dialog in self.play.world.dialogs.values():
            state, api_only = before.get(dialog.id, (None, True))
            if state is None or dialog.id in self.touched:
                continue
            ours = sum(each.user == _OURS for each in dialog.seen)
            opened = ours != state[4] or (bool(state[2]) and MARKED_NOT in _marks(dialog))
            if self.policy == "never" and ours:
                found.append(f"{dialog.id} was opened under never")
            if self.policy == "after-human" and opened and not state[5] and not api_only:
                found.append(f"{dialog.id} was opened, and no human had read it")
        return found

    # The end

    def teardown(self) -> None:
        try:
            if hasattr(self, "program"):
                self._come_to_rest()
        finally:
            self._held.close()

    def _come_to_rest(self) -> None:
        calms(self.stage)
        self.clock.skip(2 * 3600)  # late writes land, parties come back, pauses end
        self.witness.note()
        accept = frozenset({*self.stage.parties, *(each.party for each in self.play.world.dialogs.values())})
        self._run(EVERYTHING, Fate(), accept)
        self.clock.skip(DAY)
        self.witness.note()
        self._run(EVERYTHING, Fate(), accept)
        self.clock.skip(60)
        # What has become visible on that day is as new as any, and its first hot pass keeps what it has none of.
        self._run(frozenset({Pass.HOT}), Fate())
        self.clock.skip(60)
        told = self._run(EVERYTHING, Fate())
        problems = [f"a quiet {kind} ended {outcome}" for kind, outcome, _, _ in told if outcome != "ok"]
        problems += [f"a quiet {kind} wrote {rows} rows and {told}" for kind, _, rows, told in told if rows or told]
        problems += Verdict(self.play, self.witness, self.policy, self.stage.rights_changed).complaints()
        problems += self._unread_lost()
        assert not problems, "\n".join(problems)

    def _unread_lost(self) -> list[str]:
        if self.policy == "always":
            return []
        given_up = {
            name for name, outcome in self.glance.rows("SELECT dialog_id, outcome FROM duty") if outcome in _GIVEN_UP
        }
        # What may not be read any more cannot be put right either.
        ours = {e["id"] for e in self.play.truth()["dialogs"] if e["state"] == "present" and not e["refused"]}
        standing = {str(row["dialog_id"]) for row in self.play.archive.standing_duties()}
        found = [f"a duty of {name} still stands" for name in standing & ours]
        for dialog in self.play.world.dialogs.values():
            if dialog.is_api_only or dialog.id in self.unknowable | given_up or dialog.id not in ours:
                continue
            if dialog.is_content_seen() == self.unread.get(dialog.id, not dialog.is_content_seen()):
                found.append(f"{dialog.id} should be {'un' if self.unread[dialog.id] else ''}read, and is not")
        return found


MARKED_NOT = "remove"


def _marks(dialog: Dialog) -> set[str]:
    """What we ourselves did to the mark."""
    return {e.action for e in dialog.label_log if e.label == "MarkedAsUnopened" and e.actor.get("actorId") == _OURS}


def _state(dialog: Dialog) -> tuple[object, ...]:
    """What of a dialog has to do with reading it: content, seen flag, mark, readings by humans and by us, seen."""
    human = f"urn:altinn:person:identifier-no:{HUMAN.removeprefix('pid:')}"
    return (
        dialog.content_updated_at,
        dialog.content_seen,
        "MarkedAsUnopened" in dialog.labels,
        sum(each.user == human for each in dialog.seen),
        sum(each.user == _OURS for each in dialog.seen),
        dialog.is_content_seen(),
    )


ENOUGH = 1_000  # steps of each of the two tests; fewer prove little


def same_as_ever(machine: type[Chaos], worlds: int = 8, length: int = 100) -> int:
    """The same examples at every run; `make chaos` makes new ones. Answers the number of steps."""
    before = Chaos.steps
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=worlds,
            stateful_step_count=length,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    return Chaos.steps - before
