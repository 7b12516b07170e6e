"""What to read next of one dialog: a pure comparison of its list item with the one the archive holds.

Children are read only when the list item says that they differ (reference: end-user API §4.2, §17.4 for what moves
when).
"""

from __future__ import annotations

import re

import msgspec

from sync.passes.opening import MARKED_AS_UNOPENED, OpeningPolicy, disturbs_nobody, seen_by_somebody
from sync.passes.signals import ListSignals

TRACE_FREE = ("transmissions", "activities")
LOGS = ("seenlog", "labellog")
BORN_SEEN_BEFORE = "2025-12-01T00:00:00.000000Z"
UNTOUCHED = frozenset({"Default"})  # the labels of a dialog that nobody has moved or marked
_MIGRATED = re.compile(r"urn:altinn:resource:app_[^_]+_a2")


class DialogPlan(msgspec.Struct, frozen=True):
    """The reads for one dialog, in the order they are made: `before`, then the opening, then `after`.

    The logs come after the opening because the opening itself may write into them.
    """

    dialog_id: str
    before: tuple[str, ...] = ()
    opens: bool = False
    after: tuple[str, ...] = ()
    careful: bool = False  # opened only when all that comes before could be read

    @property
    def reads_anything(self) -> bool:
        return bool(self.before or self.opens or self.after)

    def without(self, kinds: frozenset[str]) -> DialogPlan:
        """The same but for the reads of these kinds."""
        before, after = (tuple(kind for kind in each if kind not in kinds) for each in (self.before, self.after))
        return DialogPlan(self.dialog_id, before, self.opens and "detail" not in kinds, after, self.careful)

    def __str__(self) -> str:
        reads = [*self.before, *(["an opening"] if self.opens else []), *self.after]
        return f"read again {self.dialog_id}: {', '.join(reads) or 'nothing'}"


def plan_new(item: ListSignals, policy: OpeningPolicy) -> DialogPlan:
    """A dialog met for the first time. What its list item shows to be empty is not asked for."""
    opens = policy.allows(item)
    before = []
    if item.transmissions_count:
        before.append("transmissions")
    if item.latest_activity_id is not None:
        before.append("activities")
    # A loud change empties the seen lists and resets labels, so records older than it show nowhere in the list item
    # (§17.5).
    has_past = item.updated_at != item.created_at
    after = []
    if opens or item.seen_ids or has_past or _seen_by_an_early_clock(item):
        after.append("seenlog")
    if item.seen_ids or has_past or item.labels != UNTOUCHED:
        after.append("labellog")
    return DialogPlan(item.id, tuple(before), opens, tuple(after))


def _seen_by_an_early_clock(item: ListSignals) -> bool:
    """Whether somebody may have read an untouched dialog although its list item shows no record: a replica whose clock
    is behind dates the reading before the dialog. Old and migrated dialogs are born seen (reference: end-user API
    §4.4).
    """
    born_seen = (item.created_at or "") < BORN_SEEN_BEFORE or _MIGRATED.match(item.service_resource or "") is not None
    return (item.is_content_seen and not born_seen) or MARKED_AS_UNOPENED in item.labels


def plan_changed(
    item: ListSignals,
    held: ListSignals,
    policy: OpeningPolicy,
    *,
    seen_held: frozenset[str],
    substance_differs: bool,
    opened_well: bool,
) -> DialogPlan:
    """A dialog whose list item differs from the held one.

    `seen_held` are the ids of the seen records in the archive. `substance_differs`: something else than seen state
    and labels differs. `opened_well`: the archive holds its detail, so only a difference of substance is worth
    another opening.
    """
    updated = item.updated_at != held.updated_at
    before = []
    if (item.transmissions_count or held.transmissions_count) and (
        item.counts != held.counts or item.content_updated_at != held.content_updated_at
    ):
        before.append("transmissions")
    # An activity may be dated earlier than the latest one; then only `updatedAt` tells of it.
    if item.latest_activity != held.latest_activity or (updated and item.latest_activity_id is not None):
        before.append("activities")
    opens = policy.allows(item) and (substance_differs or not opened_well)
    relabelled = item.labels != held.labels or item.context_revision != held.context_revision
    after = []
    if opens or updated or not item.seen_ids <= seen_held or item.is_content_seen != held.is_content_seen:
        after.append("seenlog")
    if updated or relabelled or (opens and MARKED_AS_UNOPENED in item.labels):
        after.append("labellog")
    return DialogPlan(item.id, tuple(before), opens, tuple(after))


def plan_returned(plan: DialogPlan, item: ListSignals, policy: OpeningPolicy) -> DialogPlan:
    """A dialog that was missing and is listed again: `plan`, and the children besides, which may have changed silently
    meanwhile and tell whether our rights reach them now.
    """
    new = plan_new(item, policy)
    before = tuple(kind for kind in TRACE_FREE if kind in plan.before or kind in new.before)
    after = tuple(kind for kind in LOGS if kind in plan.after or kind in new.after)
    return DialogPlan(item.id, before, plan.opens, after)


def plan_tried(plan: DialogPlan) -> DialogPlan:
    """A dialog that was refused and has not changed: `plan`, with a first read that leaves no trace and tells whether
    our rights reach it now. While they do not, it is not opened either.
    """
    before = plan.before or ("transmissions",)
    return DialogPlan(plan.dialog_id, before, plan.opens, plan.after, careful=True)


def plan_again(
    item: ListSignals, held: frozenset[str], policy: OpeningPolicy, *, correspondence: bool, opened_well: bool
) -> DialogPlan:
    """A dialog of which silent updates may have changed anything (reference: end-user API §4.3).

    `held` are the kinds that the archive has; `correspondence`: its activities come silently as a rule. It is opened
    again only where that leaves no trace: no mark to remove, and no new seen record while `updatedAt` stands.
    """
    opens = opened_well and policy.allows(item) and disturbs_nobody(item)
    # Only an API-only dialog can still get a seen record by this.
    after = ("seenlog",) if opens and not seen_by_somebody(item) else ()
    return DialogPlan(item.id, plan_children(item, held, correspondence=correspondence).before, opens, after)


def plan_children(item: ListSignals, held: frozenset[str], *, correspondence: bool) -> DialogPlan:
    """Its transmissions and activities again, without a trace; not those that it cannot have."""
    before = []
    if item.transmissions_count or "transmissions" in held:
        before.append("transmissions")
    if item.latest_activity_id is not None or "activities" in held or correspondence:
        before.append("activities")
    return DialogPlan(item.id, tuple(before))


def plan_retry(dialog_id: str, kinds: frozenset[str], may_open: bool) -> DialogPlan:
    """The reads that failed earlier and are due again."""
    return DialogPlan(
        dialog_id,
        tuple(kind for kind in TRACE_FREE if kind in kinds),
        "detail" in kinds and may_open,
        tuple(kind for kind in LOGS if kind in kinds),
    )
