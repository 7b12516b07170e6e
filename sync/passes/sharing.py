"""What it means that one dialog is read by several identities, whose rights and levels may differ.

The archive holds one row of it, with the one who read it last. What one of them sees less of says nothing of the
dialog while another sees it whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from store.batch import Known
from sync.passes.filing import Reader
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.sighting import Sighting, tells_only_other_texts


@dataclass(frozen=True, slots=True)
class Sharing:
    """The reader that looks now, and what it has learned of its level."""

    reader: Reader
    levels: Levels

    def is_ours(self, known: Known) -> bool:
        """Whether we were the last to read it."""
        return known.reader == (self.reader.connection, self.reader.identity)

    def denied_to_another(self, known: Known) -> bool:
        """What one system user may not read, another may."""
        return known.access == "denied" and not self.is_ours(known)

    def came_otherwise(self, known: Known, delegated: bool) -> bool:
        """Delegated to us alone while the archive has it by its party, or the other way round; others may differ."""
        return not known.delegated and self.is_ours(known) if delegated else known.delegated

    def moved(self, known: Known, sighting: Sighting) -> bool:
        """Whether the archive says otherwise of our level than we have learned of the service. That ours is too low
        does not matter where another reads it.
        """
        hides = self.levels.known(sighting.signals.service_resource)
        held = {"full": False, LEVEL_TOO_LOW: True}.get(known.access)
        differs = hides is not None and held is not None and hides != held and known.presence == "present"
        return differs and (not hides or self.is_ours(known))

    def hidden_from_us_alone(self, known: Known, sighting: Sighting, held: bytes, seen_held: frozenset[str]) -> bool:
        """Whether another reads it whole, and all that we see differently are the texts that our level gets instead."""
        if self.is_ours(known) or (known.presence, known.access) != ("present", "full"):
            return False
        if not tells_only_other_texts(sighting.raw, held, seen_held, sighting.signals):
            return False
        return self.levels.hides(sighting.signals.service_resource, known.id) is True
