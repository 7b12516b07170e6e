"""What the witness of a chaos run takes for true."""

from __future__ import annotations

from sync.passes.schedule import Pass
from tests.chaos.doings import edits_letter, hides_party, makes_one_with_everything
from tests.chaos.machine import POLICIES, Chaos
from tests.faults.playground import A, B


def test_what_a_delegated_dialog_tells_while_a_cache_hides_its_party_from_the_list_is_no_lie() -> None:
    chaos = Chaos()
    chaos.begin(policy=POLICIES.index("never"), seed=0)
    try:
        chaos.owner(makes_one_with_everything, 0, 0)
        [dialog] = [each for each in chaos.play.world.dialogs.values() if each.transmissions][-1:]
        assert dialog.party == A
        chaos.stage.parties, chaos.stage.instances = [B], {dialog.id}
        chaos.stage.entitle()
        chaos.we_run(frozenset())
        chaos.manager(hides_party, 0, 0)
        for letter in range(len(dialog.transmissions)):
            chaos.owner(edits_letter, chaos.stage.alive.index(dialog), letter)
        chaos.we_run(frozenset({Pass.DEEP}))
        assert chaos.play.history(dialog.id)
    finally:
        chaos.teardown()
