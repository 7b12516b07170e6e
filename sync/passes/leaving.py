"""Right before an opening leaves: whether what the list showed is still so.

A page may have waited for its turn, and a request for what `Retry-After` asked: meanwhile a person may have marked the
dialog as unopened, and nothing but the list tells of that (reference: end-user API §8.3).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sync.passes.filing import Job
from sync.passes.opening import OpeningPolicy
from sync.passes.ports import Inbox
from sync.passes.restoring import unmoved

OLD = timedelta(seconds=60)  # so long the list is believed


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
    found then, and `always` protects nobody.
    """
    item = job.sighting.signals
    # A clock that was set back meanwhile says nothing of how long ago that was.
    believed = timedelta(0) <= now() - fetched <= OLD or job.duty is not None or policy.value_for(item) == "always"
    leaves = believed or unmoved(inbox, item)
    if leaves and not job.left:
        job.left = True
        tell("opening", dialog_id=job.plan.dialog_id)
    return leaves
