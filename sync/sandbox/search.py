"""Searching: candidates by party, one order, a keyset position, a page (reference: end-user API §3)."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from sync.sandbox.dialogs import Dialog
from sync.sandbox.filters import Search
from sync.sandbox.order import SortKey
from sync.sandbox.problems import Answer, Refused, json_answer
from sync.sandbox.render_list import list_item, list_item_bytes
from sync.sandbox.viewers import Viewer
from sync.sandbox.world import World

_KEPT_ORDERS = 32
_TOO_BROAD = "The search matched too many dialogs to finish in time. Narrow it and try again."


@dataclass
class SortedCandidates:
    """Dialogs of one party filter in one order, with their keys beside them."""

    keys: list[SortKey]
    dialogs: list[Dialog]


@dataclass
class Searcher:
    """Answers searches in one world. Sorted candidates are kept until anything in the world changes."""

    world: World
    _version: int = -1
    _kept: dict[tuple[Any, ...], SortedCandidates] = field(default_factory=dict)

    def page(self, viewer: Viewer, search: Search) -> Answer:
        """The answer to a search that was read without errors."""
        self._refuse_too_broad(search)
        if search.token is not None and search.order.stands_on_null(search.token):
            raise Refused(500)
        found = list(islice(self._matches(viewer, search), search.limit + 1))
        has_next, shown = len(found) > search.limit, found[: search.limit]
        items: list[Any] = [self._item(viewer, dialog) for dialog in shown]
        items += self._misplaced(viewer, search, items)
        body: dict[str, Any] = {"items": items, "hasNextPage": has_next}
        if shown:
            body["continuationToken"] = search.order.token(shown[-1])
        elif search.token_text is not None:
            body["continuationToken"] = search.token_text
        body["orderBy"] = search.order.echo()
        return json_answer(body)

    def _matches(self, viewer: Viewer, search: Search) -> Iterable[Dialog]:
        candidates = self._candidates(viewer, search)
        start = 0
        if search.token is not None:
            start = bisect_right(candidates.keys, search.order.position(search.token))
        now = self.world.now()
        words = None if search.text is None else re.findall(r"\w+", search.text.lower())
        for dialog in islice(candidates.dialogs, start, None):
            if not dialog.is_listed(now) or not viewer.may_list(dialog) or not search.lets_through(dialog):
                continue
            if words is None or _contains_any(self.world, dialog, words):
                yield dialog

    def _candidates(self, viewer: Viewer, search: Search) -> SortedCandidates:
        if self._version != self.world.version:
            self._version = self.world.version
            self._kept.clear()
        instances = frozenset() if viewer.grants.unlimited else viewer.grants.instances
        key = (search.order, tuple(search.party), tuple(search.service_resource), instances)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._sort(search, instances)
            if len(self._kept) >= _KEPT_ORDERS:
                self._kept.clear()
            self._kept[key] = kept
        return kept

    def _sort(self, search: Search, instances: frozenset[str]) -> SortedCandidates:
        world = self.world
        chosen: dict[str, Dialog] = {}
        if search.party:
            for party in search.party:
                chosen.update(world.by_party.get(party, {}))
        else:
            chosen.update(world.dialogs)
        # Delegated dialogs come in addition, whatever parties were asked for.
        chosen.update({one: world.dialogs[one] for one in instances if one in world.dialogs})
        resources = set(search.service_resource)
        order = search.order
        pairs = sorted(
            (order.sort_key(dialog), dialog.id)
            for dialog in chosen.values()
            if not resources or dialog.service_resource in resources
        )
        return SortedCandidates([key for key, _ in pairs], [chosen[dialog_id] for _, dialog_id in pairs])

    def _item(self, viewer: Viewer, dialog: Dialog) -> Any:
        switches = self.world.switches
        changes = switches.broken_items.get(dialog.id)
        if changes is None and dialog.id not in switches.partyless_items:
            return list_item_bytes(viewer, dialog)
        item = {**list_item(viewer, dialog), **(changes or {})}
        if dialog.id in switches.partyless_items:
            item["party"] = None
        return {key: value for key, value in item.items() if value is not None}

    def _misplaced(self, viewer: Viewer, search: Search, items: list[Any]) -> list[Any]:
        switches = self.world.switches
        extra = items[:1] if switches.duplicate_item else []
        if search.token is None:
            for dialog_id in switches.foreign_items:
                if dialog_id in self.world.dialogs:
                    extra.append(list_item_bytes(viewer, self.world.dialogs[dialog_id]))
        return extra

    def _refuse_too_broad(self, search: Search) -> None:
        switches = self.world.switches
        parties, limit = switches.too_broad_parties, switches.too_broad_limit
        if (parties is not None and len(search.party) > parties) or (limit is not None and search.limit > limit):
            raise Refused(422, {"Search": [_TOO_BROAD]})


def _contains_any(world: World, dialog: Dialog, words: list[str]) -> bool:
    if world.local_mode:
        return False  # the genuine server indexes asynchronously, and in local mode nothing does it
    parts = [dialog.content, [one.get("content") for one in dialog.transmissions], dialog.search_tags]
    text = msgspec.json.encode(parts).decode().lower()
    return any(word in text for word in words)
