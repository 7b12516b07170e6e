"""Right before an opening leaves: whether what the list showed is still so, and whether the mark that it takes can be
put back.

A page may have waited for its turn, and a request for what `Retry-After` asked: meanwhile a person may have marked the
dialog as unopened, and nothing but the list tells of that (reference: end-user API §8.3). And where the server, or
whatever stands in front of it, takes no label at all, no more than a few dialogs may find that out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from threading import Lock

from store.batch import Row
from sync.dialogporten.errors import OF_ONE_DIALOG, HeldBack
from sync.passes.filing import Job
from sync.passes.opening import OpeningPolicy
from sync.passes.ports import Inbox
from sync.passes.restoring import UNDER_WAY, Restoring, still_shown

OLD = timedelta(seconds=60)  # so long the list is believed
# So many marks that could not be put back, without one that could: then no more are taken of that mailbox. So many
# mailboxes with such a mark: then of none.
MOST_OWED = 3


class Marks:
    """Whether unread marks may be taken. Thread safe. `standing` are the duties that an earlier pass left."""

    def __init__(self, standing: Iterable[Row]) -> None:
        # Of one that waits for its dialog, `outcome` tells what for: that says nothing of the labels.
        self._failed = Counter(
            str(row["party"])
            for row in standing
            if row["tries"] and row["outcome"] is None and row["last_error"] != UNDER_WAY
        )
        self._lock = Lock()

    def take(self, party: str) -> None:
        """Returns when one of this mailbox may be taken, else raises HeldBack."""
        with self._lock:
            # A few broken dialogs of one mailbox say little of the others; broken ones everywhere say that the server
            # takes no labels.
            held = self._failed.total() if len(self._failed) >= MOST_OWED else self._failed[party]
        if held >= MOST_OWED:
            raise HeldBack(
                f"{held} unread marks could not be put back, so no more are taken until those are. "
                "dialogarkiv status tells why."
            )

    def heard(self, party: str, found: Restoring | None) -> None:
        """What became of one that was taken of this mailbox."""
        if found is not None:
            with self._lock:
                if found.outcome == "restored":
                    self._failed.clear()
                if found.obstacle == "failed":
                    self._failed[party] += 1


def may_leave(
    inbox: Inbox,
    policy: OpeningPolicy,
    job: Job,
    fetched: datetime,
    now: Callable[[], datetime],
    tell: Callable[..., None],
) -> bool:
    """Whether the opening of this job leaves now; then it is told. `fetched`: when the page came that it was planned
    by.

    Asked anew whenever a request of it is about to leave: the server may have let us wait in between. Looks again,
    without a trace, where that is long ago and somebody may be protected: an opening with a duty is settled by what is
    found then, and `always` protects nobody. Raises HeldBack where that look fails, so that it is tried again.
    """
    item = job.sighting.signals
    # A clock that was set back meanwhile says nothing of how long ago that was.
    believed = timedelta(0) <= now() - fetched <= OLD or job.duty is not None or policy.value_for(item) == "always"
    try:
        leaves = believed or still_shown(inbox, item)
    except (*OF_ONE_DIALOG, ValueError):
        raise HeldBack("Whether the list still shows it as read could not be seen before it was opened.") from None
    if leaves and not job.left:
        job.left = True
        tell("opening", dialog_id=job.plan.dialog_id)
    return leaves
