"""Compares the archive with the server, opens nothing and writes nothing.

The lists are walked as a sweep walks them; of each dialog, or of some, the children are read by the calls that leave no
trace. A dialog that several identities may list is compared with what the one sees who read it last; where that one
cannot look now, what another sees less of is no difference.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from store.batch import CurrentPayload, Known, Row
from store.publication import Held
from sync.dialogporten.errors import OF_ONE_DIALOG, ArkivError, DialogForbidden, Gone, LevelTooLow, NotFound
from sync.passes.bodies import MalformedItem
from sync.passes.canonical import list_digest
from sync.passes.comparing import (
    CHILDREN,
    Difference,
    Found,
    child_differences,
    encode,
    list_differences,
    table_differences,
)
from sync.passes.items import checked_item
from sync.passes.levels import LEVEL_TOO_LOW, Levels
from sync.passes.ports import Inbox, Told
from sync.passes.sighting import Sighting
from sync.passes.signals import signals
from sync.passes.walking import Guide, Walker
from sync.passes.walks import Walk, plan_sweep

_TEXTS = ("content.title", "content.summary")
AT_ONCE = 100  # dialogs whose rows and bodies are in memory together

Who = tuple[str, str]  # connection and identity


class Shelf(Protocol):
    """The archive, as far as it is compared: for reading only."""

    def known(self, ids: Sequence[str]) -> Mapping[str, Known]: ...
    def payloads(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, CurrentPayload]]: ...
    def rows(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Sequence[Row]]]: ...
    def held(self, party: str) -> Sequence[Held]: ...
    def delegating(self, connection: str, identity: str) -> Sequence[str]: ...
    def quarantined(self) -> Sequence[Row]: ...


@dataclass(frozen=True, slots=True)
class Eyes:
    """One identity, and the parties that it is asked about. `everything`: those are all that it sees."""

    who: Who
    parties: tuple[str, ...]
    inbox: Inbox
    max_parties: int
    everything: bool = True


@dataclass(slots=True)
class VerifyReport:
    """`failures`: what could not be compared, and why. `children`: of so many dialogs the children were compared."""

    parties: int = 0
    dialogs: int = 0
    children: int = 0
    differences: list[Difference] = field(default_factory=list)
    failures: list[ArkivError] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """4 when anything differs or could not be compared; that of the failure when nothing could be."""
        if self.failures and not self.dialogs:
            codes = {error.exit_code for error in self.failures}
            return next((code for code in (1, 2, 3, 5) if code in codes), 4)
        return 4 if self.differences or self.failures else 0


@dataclass(slots=True)
class _Met:
    """A dialog that a list has shown, through whose eyes."""

    sighting: Sighting
    eyes: Eyes
    levels: Levels  # what those eyes have learned


class Verify:
    """One comparison. `children`: of how many dialogs at most the children are compared, None = all; `pick` chooses."""

    def __init__(
        self,
        shelf: Shelf,
        pool: Executor,
        now: Callable[[], datetime],
        told: Told,
        languages: Sequence[str],
        *,
        children: int | None = None,
        pick: Callable[[Sequence[str], int], Collection[str]] = random.sample,
    ) -> None:
        self._shelf = shelf
        self._pool = pool
        self._now = now
        self._told = told
        self._languages = languages
        self._children = children
        self._pick = pick
        self._met: dict[str, _Met] = {}
        self._listed: set[str] = set()  # parties that were listed to their end
        self._aside: dict[str, str] = {}
        self.report = VerifyReport()

    def run(self, everyones: Sequence[Eyes]) -> VerifyReport:
        """Compares what these eyes see. Never raises what belongs to the outside world, but for a stop."""
        asked = {party for eyes in everyones for party in eyes.parties}
        held = {each.id: each for party in sorted(asked) for each in self._shelf.held(party)}
        self._aside = {str(row["dialog_id"]): str(row["reason"]) for row in self._shelf.quarantined()}
        failed: set[str] = set()
        for eyes in everyones:
            self._list(eyes, held, failed)
        self.report.parties = len(self._listed)
        whole = self._listed - failed
        for each in held.values():
            if each.presence == "present" and each.party in whole and each.id not in self._met:
                self._tell(each.id, each.party, "absent", [("presence", "present", None)])
        for eyes in everyones:
            if eyes.everything and eyes.parties and whole.issuperset(eyes.parties):
                self._miss_delegated(eyes, asked)
        ids = list(self._met)
        looked_into = set(ids)
        if self._children is not None and self._children < len(ids):
            looked_into = set(self._pick(ids, self._children))
        for start in range(0, len(ids), AT_ONCE):
            self._compare(ids[start : start + AT_ONCE], looked_into)
        self.report.dialogs = len(ids)
        self.report.differences.sort(key=lambda d: (d.party, d.dialog_id))
        return self.report

    # The lists

    def _list(self, eyes: Eyes, held: Mapping[str, Held], failed: set[str]) -> None:
        walker = Walker(eyes.inbox, self._pool, self._now, self._told)
        levels = Levels(eyes.inbox, self._told)

        def land(items: Sequence[bytes], _walk: Walk) -> None:
            for raw in items:
                self._meet(raw, eyes, levels, held)

        def finished(walk: Walk) -> None:
            if walk.before is None:
                self._listed.update(walk.parties)

        def fail(parties: tuple[str, ...], error: ArkivError) -> None:
            failed.update(parties)
            self.report.failures.append(error)

        try:
            walker.read(plan_sweep(eyes.parties, eyes.max_parties), Guide(land, finished, fail))
        except ArkivError as error:
            failed.update(eyes.parties)
            self.report.failures.append(error)

    def _meet(self, raw: bytes, eyes: Eyes, levels: Levels, held: Mapping[str, Held]) -> None:
        try:
            item = checked_item(raw)
        except MalformedItem as problem:
            name, party = problem.dialog_id or "unknown", problem.party or "unknown"
            self._tell(name, party, "list", [("item", self._aside.get(name), f"cannot be read: {problem.reason}")])
            return
        sighting = Sighting(raw, list_digest(raw), item, signals(item))
        dialog_id = sighting.signals.id
        reader = held.get(dialog_id)
        read_by_us = reader is not None and (reader.connection, reader.identity) == eyes.who
        if dialog_id not in self._met or read_by_us:
            self._met[dialog_id] = _Met(sighting, eyes, levels)

    def _miss_delegated(self, eyes: Eyes, asked: Collection[str]) -> None:
        """Single dialogs that were delegated to these eyes come with the list of any party (§3.3)."""
        for party in self._shelf.delegating(*eyes.who):
            for each in self._shelf.held(party) if party not in asked else ():
                ours = each.delegated and (each.connection, each.identity) == eyes.who
                if ours and each.presence == "present" and each.id not in self._met:
                    self._tell(each.id, each.party, "absent", [("presence", "present", None)])

    # The dialogs

    def _compare(self, ids: Sequence[str], looked_into: Collection[str]) -> None:
        known, rows = self._shelf.known(ids), self._shelf.rows(ids)
        stored = self._shelf.payloads(ids)
        held = {one: {kind: payload.body for kind, payload in stored.get(one, {}).items()} for one in ids}
        reading = [one for one in ids if one in known and one in looked_into]
        answers = dict(zip(reading, self._pool.map(self._read, reading), strict=True))
        for dialog_id in ids:
            signs = self._met[dialog_id].sighting.signals
            before = known.get(dialog_id)
            if before is None:
                why = self._aside.get(dialog_id)
                self._tell(dialog_id, signs.party, "missing", [("presence", why and f"set aside: {why}", "present")])
                continue
            if before.presence != "present":
                self._tell(dialog_id, signs.party, "presence", [("presence", before.presence, "present")])
            bodies = held[dialog_id]
            try:
                met = self._met[dialog_id]
                item = list_differences(met.sighting, before, bodies)
                if any(what in _TEXTS for what, _, _ in item) and self._sees_less(met, before):
                    item = [each for each in item if each[0] not in _TEXTS]
                self._tell(dialog_id, signs.party, "list", item)
                tables = table_differences(dialog_id, bodies, rows.get(dialog_id, {}), self._languages)
                self._tell(dialog_id, signs.party, "table", tables)
            except ValueError as problem:  # msgspec's errors are ValueErrors, and so is MalformedItem
                reason = problem.reason if isinstance(problem, MalformedItem) else "a body cannot be read"
                self._tell(dialog_id, signs.party, "table", [("payload", reason, None)])
                continue
            if dialog_id in answers:
                self.report.children += 1
                self._compare_children(dialog_id, signs.party, before, bodies, answers[dialog_id])

    def _read(self, dialog_id: str) -> dict[str, bytes | ArkivError]:
        """The children, by the calls that leave no trace; a refusal ends it."""
        inbox = self._met[dialog_id].eyes.inbox
        calls: dict[str, Callable[[str], bytes]] = {
            "transmissions": inbox.transmissions,
            "activities": inbox.activities,
            "seenlog": inbox.seenlog,
            "labellog": inbox.labellog,
        }
        found: dict[str, bytes | ArkivError] = {}
        for kind in CHILDREN:
            try:
                found[kind] = calls[kind](dialog_id)
            except (LevelTooLow, DialogForbidden, NotFound, Gone) as refusal:
                found[kind] = refusal
                break
            except OF_ONE_DIALOG as failure:
                found[kind] = failure
        return found

    def _compare_children(
        self,
        dialog_id: str,
        party: str,
        known: Known,
        held: Mapping[str, bytes],
        read: Mapping[str, bytes | ArkivError],
    ) -> None:
        access = "full"
        for kind, answer in read.items():
            if isinstance(answer, bytes):
                try:
                    self._tell(dialog_id, party, kind, child_differences(kind, held, answer))
                except ValueError:
                    self._tell(dialog_id, party, kind, [(kind, None, "a body that cannot be read")])
            elif isinstance(answer, Gone):
                self._tell(dialog_id, party, "presence", [("presence", known.presence, "deleted")])
                return
            elif isinstance(answer, LevelTooLow):
                access = LEVEL_TOO_LOW
            elif isinstance(answer, DialogForbidden | NotFound):
                access = "denied"
            else:
                self.report.failures.append(answer)
                return
        # Of a dialog without children nothing was ever asked that could have told.
        never_asked = known.access == "full" and known.details_status is None and not set(held) & set(CHILDREN)
        eyes = self._met[dialog_id].eyes
        elsewhere = access != "full" and known.access != LEVEL_TOO_LOW and known.reader != eyes.who
        if access != known.access and not never_asked and not elsewhere:
            self._tell(dialog_id, party, "access", [("access", known.access, access)])

    @staticmethod
    def _sees_less(met: _Met, known: Known) -> bool:
        """Whether the texts were read by somebody whose level is higher than that of the eyes that met it."""
        if known.reader == met.eyes.who or not known.texts_full:
            return False
        return met.levels.hides(met.sighting.signals.service_resource, known.id) is True

    def _tell(self, dialog_id: str, party: str, kind: str, found: Sequence[Found]) -> None:
        self.report.differences += [
            Difference(dialog_id, party, kind, what, _json(archive), _json(server)) for what, archive, server in found
        ]


def _json(value: Any) -> str | None:
    return None if value is None else encode(value).decode()
