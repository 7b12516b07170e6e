"""What it means that one dialog is read by several identities, whose rights and levels may differ.

The archive holds one row of it, with the one who read it last. Who reads it whole sees more than who is refused for
rights, and that one more than who is refused for the level: its list shows other texts. Three rules follow. Whoever
sees less leaves alone what it merely sees worse. What really changed lands by whoever meets it first, and whoever sees
more completes it. A refusal is remembered until the dialog changes, so that nobody asks in vain at each poll.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from store.batch import Known, Row
from store.clock import instant_text
from sync.passes.filing import Job, Reader
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.sighting import Sighting, tells_only_other_texts

SILENT_AFTER = timedelta(
    days=3
)  # whoever has not read a mailbox for so long is not waited for; a daily run may be late

_ANY = ""  # in place of a party


@dataclass(slots=True)
class Sharing:
    """The reader that looks now, what it has learned of its level, and everybody's `mailboxes` (rows of that table)."""

    reader: Reader
    levels: Levels
    mailboxes: Callable[[], Sequence[Row]]
    now: Callable[[], datetime]
    again: frozenset[str] = frozenset()  # dialogs that it was refused and may ask about once more in this pass
    _alive: frozenset[tuple[str, str, str]] | None = field(default=None, init=False)

    def begin(self, again: frozenset[str]) -> None:
        """Another pass begins."""
        self.again = again
        self._alive = None

    def is_ours(self, known: Known) -> bool:
        """Whether we were the last to read it."""
        return known.reader == (self.reader.connection, self.reader.identity)

    def is_alive(self, known: Known) -> bool:
        """Whether whoever read it last still reads its mailbox, and did so without trouble the last time."""
        if self._alive is None:
            since = instant_text(self.now() - SILENT_AFTER)
            self._alive = frozenset(
                (str(row["connection"]), str(row["identity"]), party)
                for row in self.mailboxes()
                if row["state"] == "active" and row["error"] is None and str(row["last_poll_at"] or "") >= since
                for party in (str(row["party"]), _ANY)
            )
        connection, identity = known.reader
        # What is delegated by itself comes with the list of any party.
        return (connection or "", identity or "", _ANY if known.delegated else known.party) in self._alive

    def is_worth_a_try(self, known: Known, service: str | None, refused: frozenset[str]) -> bool:
        """Whether we may read what nobody could read so far. `refused` are the dialogs that we were refused as they
        stand.
        """
        if known.access == "full" or known.presence != "present":
            return False
        if known.access == "denied" and known.id in self.again and self.is_ours(known):
            return True  # by now it may be our level that is refused, and nothing but an answer tells the two apart
        suffices = self.levels.suffices(service)
        if suffices is False or (known.id in refused and known.id not in self.again):
            return False
        if known.id in self.again:
            return True
        if known.access != LEVEL_TOO_LOW:
            return not self.is_ours(known)
        # Where nobody knows what the service asks for, another's refusal says little of ours.
        unknown = service is not None and not self.is_ours(known) and self.levels.ours is not None
        return suffices is True or unknown

    def came_otherwise(self, known: Known, sighting: Sighting, delegated: bool) -> bool:
        """Delegated to us alone while the archive has it by its party, or the other way round; others may differ."""
        if delegated or not known.delegated:
            return delegated and not known.delegated and self.is_ours(known)
        return not self.is_anothers(known, sighting.signals.service_resource)

    def moved(self, known: Known, sighting: Sighting) -> bool:
        """Whether the archive says otherwise of our level than we have learned of the service. That ours is too low
        does not matter where another reads it.
        """
        hides = self.levels.known(sighting.signals.service_resource)
        held = {"full": False, LEVEL_TOO_LOW: True}.get(known.access)
        differs = hides is not None and held is not None and hides != held and known.presence == "present"
        return differs and (not hides or self.is_ours(known))

    def is_anothers(self, known: Known, service: str | None) -> bool:
        """Whether another sees more of it than our level shows us, as far as is known without asking."""
        return self._sees_more(known) and self.levels.suffices(service) is False

    def hidden_from_us_alone(self, known: Known, sighting: Sighting, held: bytes, seen_held: frozenset[str]) -> bool:
        """Whether another sees more of it, and we see nothing else than the texts that our level gets instead."""
        if not self._sees_more(known):
            return False
        if not tells_only_other_texts(sighting.raw, held, seen_held, sighting.signals):
            return False
        service = sighting.signals.service_resource
        return self.levels.suffices(service) is False or self.levels.hides(service, known.id) is True

    def leaves(self, job: Job, *, shown: bool) -> bool:
        """Whether a refusal that we met says nothing of a dialog that another reads whole: nothing but marks and labels
        differs, and that one will see to them. Where not even a list showed a difference (`shown` False) it need not
        be at work any more.
        """
        known, read = job.known, job.read
        if known is None or self.is_ours(known) or (known.presence, known.access) != ("present", "full"):
            return False
        if read.access == "full" or read.presence != "present" or job.changed:
            return False
        return self.is_alive(known) if shown else read.access == LEVEL_TOO_LOW

    def _sees_more(self, known: Known) -> bool:
        return not self.is_ours(known) and known.presence == "present" and known.access in ("full", "denied")
