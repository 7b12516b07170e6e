"""How every pass is carried out: what belongs to the outside world ends it and stands in its report, never raised."""

from __future__ import annotations

from collections.abc import Callable

from sync.dialogporten.errors import ArkivError, Stopped
from sync.passes.landing import Landing
from sync.passes.ports import Inbox
from sync.passes.report import PassReport


def carried_out(report: PassReport, inbox: Inbox, landing: Landing, steps: Callable[[], None]) -> PassReport:
    """The report, once `steps` have come to their end or something of the outside world has ended them."""
    before = inbox.requests
    try:
        steps()
    except Stopped:
        report.stopped = True
    except ArkivError as error:
        report.error = error
    report.requests = inbox.requests - before
    landing.count_into(report)
    return report
