"""Which items of a page are worth a job: what is new, what may differ, and what we may read although nobody could."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from store.batch import CurrentPayload, Known
from sync.dialogporten import wire
from sync.passes.filing import Job, Reader
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.planner import DialogPlan, plan_changed, plan_new, plan_returned, plan_tried
from sync.passes.ports import Shelf
from sync.passes.sharing import Sharing
from sync.passes.sighting import (
    Sighting,
    differs_for_everybody,
    seen_ids,
    substance_differs,
    tells_nothing_new,
    texts_differ,
)
from sync.passes.signals import ListSignals, signals


@dataclass(frozen=True, slots=True)
class Chooser:
    """For one reader. Asks the server only about levels, where texts differ and nothing else tells why."""

    reader: Reader
    levels: Levels
    sharing: Sharing
    shelf: Shelf

    def jobs(self, sightings: Mapping[str, Sighting], asked: frozenset[str]) -> list[Job]:
        """What is new or may differ; what the archive holds already is left out. `asked` as in `Landing.land`."""
        known = self.shelf.known(list(sightings))
        otherwise = {
            dialog_id
            for dialog_id, k in known.items()
            if self.sharing.came_otherwise(k, sightings[dialog_id], sightings[dialog_id].signals.party not in asked)
        }
        others = [
            each.id
            for each in known.values()
            if (each.access != "full" or each.id in otherwise) and not self.sharing.is_ours(each)
        ]
        refused = self.shelf.reach.refused((self.reader.connection, self.reader.identity), others)
        otherwise -= refused  # whoever reads it stays the one who does
        trying = {
            dialog_id
            for dialog_id, k in known.items()
            if k.access != "full"
            and self.sharing.is_worth_a_try(k, sightings[dialog_id].signals.service_resource, refused)
        }
        suspects = [
            dialog_id
            for dialog_id, k in known.items()
            if k.list_digest != sightings[dialog_id].digest
            or k.presence != "present"
            or dialog_id in trying
            or self.sharing.moved(k, sightings[dialog_id])
            or dialog_id in otherwise
        ]
        held = self.shelf.payloads(suspects) if suspects else {}
        jobs = []
        for dialog_id, sighting in sightings.items():
            delegated = sighting.signals.party not in asked
            before = known.get(dialog_id)
            if before is None:
                jobs.append(Job(sighting, None, {}, plan_new(sighting.signals, self.reader.policy), delegated))
            elif dialog_id in held:
                tries, came = dialog_id in trying, dialog_id in otherwise
                job = self._changed(sighting, before, held[dialog_id], delegated, trying=tries, came_otherwise=came)
                if job is not None:
                    jobs.append(job)
        return jobs

    def _changed(
        self,
        sighting: Sighting,
        known: Known,
        held: Mapping[str, CurrentPayload],
        delegated: bool,
        *,
        trying: bool,
        came_otherwise: bool,
    ) -> Job | None:
        old, item = held["list"].body, sighting.signals
        before = signals(wire.list_item(old))
        seen_held = seen_ids(held["seenlog"].body if "seenlog" in held else None) | before.seen_ids
        nothing_new = known.presence == "present" and tells_nothing_new(sighting.raw, old, seen_held, item)
        if nothing_new and known.access != LEVEL_TOO_LOW and not trying:
            if self.sharing.moved(known, sighting):
                return Job(sighting, known, held, DialogPlan(known.id), delegated, access=LEVEL_TOO_LOW)
            if came_otherwise:
                # It becomes ours to read, so that must be seen to go where another reads it by now.
                asks = known.access == "full" and not self.sharing.is_ours(known)
                plan = DialogPlan(known.id, ("transmissions",) if asks else ())
                return Job(sighting, known, held, plan, delegated)
            return None
        if self.sharing.hidden_from_us_alone(known, sighting, old, seen_held):
            return None
        job = Job(sighting, known, held, DialogPlan(known.id), delegated)
        job.texts_differ = texts_differ(sighting.raw, old)
        job.changed = differs_for_everybody(sighting.raw, old)
        job.tried = trying and not job.changed
        anothers = self.sharing.is_anothers(known, item.service_resource)
        if anothers and self.sharing.is_alive(known):
            if not job.changed:
                return None  # marks and labels: whoever reads it whole meets them too
            # So that whoever reads it whole reads it again; how it came to them is theirs to say.
            job.access, job.delegated = LEVEL_TOO_LOW, None
            return job
        if self._stays_denied(job):
            return job
        job.plan = self._plan(job, before, seen_held, old, anothers=anothers)
        if not job.plan.reads_anything and (job.texts_differ or known.access == LEVEL_TOO_LOW):
            # Nothing else differs: a swap, or a silent edit.
            hidden = self.levels.hides(item.service_resource, known.id)
            if hidden is None and known.presence == "present":
                return None  # not known today: the archive stays as it is, and the next pass asks again
            job.access = None if hidden is None else LEVEL_TOO_LOW if hidden else "full"
        return job

    def _stays_denied(self, job: Job) -> bool:
        """Whether only marks and labels differ of what we were refused: that is no reason to ask again."""
        known = job.known
        if known is None or (known.presence, known.access) != ("present", "denied") or not self.sharing.is_ours(known):
            return False
        return not (job.changed or job.tried or job.texts_differ)

    def _plan(
        self, job: Job, before: ListSignals, seen_held: frozenset[str], old: bytes, *, anothers: bool
    ) -> DialogPlan:
        item, known = job.sighting.signals, job.known
        assert known is not None
        plan = plan_changed(
            item,
            before,
            self.reader.policy,
            seen_held=seen_held,
            substance_differs=substance_differs(job.sighting.raw, old),
            # Where it could not be read since, its details are older than its list item.
            opened_well=known.details_status == 200 and known.access == "full" and not _is_outdated(job.held, before),
        )
        if known.presence != "present" or known.access != "full":
            plan = plan_returned(plan, item, self.reader.policy)
        return plan_tried(plan) if anothers or (job.tried and known.access != LEVEL_TOO_LOW) else plan


class _Dated(msgspec.Struct, rename="camel"):
    updated_at: str | None = None


def _is_outdated(held: Mapping[str, CurrentPayload], item: ListSignals) -> bool:
    """Whether the details are older than the list item beside them: a change came that we were not to open then."""
    if "detail" not in held:
        return False
    told = msgspec.json.decode(held["detail"].body, type=_Dated).updated_at
    return told is not None and wire.instant(told) < (item.updated_at or "")
