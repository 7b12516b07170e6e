"""What a poll would do now, told instead of done: it asks for lists only, opens nothing and writes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime

from store.clock import instant_text
from sync.dialogporten.errors import ArkivError
from sync.dialogporten.retry import ignore
from sync.passes.landing import Landing
from sync.passes.mailboxes import plan_mailboxes
from sync.passes.parties import listed_parties
from sync.passes.planner import DialogPlan
from sync.passes.poll import PollTask
from sync.passes.ports import Inbox, Shelf
from sync.passes.walking import Guide, Walker
from sync.passes.walks import MailboxCursor, Walk, plan_walks

Step = Walk | DialogPlan


class Rehearsal:
    """For one identity. Once `steps` has asked for them, `mailboxes` are those that the poll would read, and `lost` the
    parties whose mailboxes are lost, or would be by then.
    """

    def __init__(
        self,
        task: PollTask,
        inbox: Inbox,
        shelf: Shelf,
        landing: Landing,
        pool: Executor,
        now: Callable[[], datetime],
    ) -> None:
        self._task = task
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._walker = Walker(inbox, pool, now, ignore)
        self._now = now
        self.mailboxes: Sequence[MailboxCursor] = ()
        self.lost: Sequence[str] = ()
        self.failures: list[ArkivError] = []

    def steps(self) -> Iterator[Step]:
        """The poll's steps in their order: each list, and what it would read of the dialogs that the list shows to be
        new or different. Raises what would end the poll.
        """
        self.mailboxes = self._mailboxes()
        asked = frozenset(mailbox.party for mailbox in self.mailboxes)
        for walk in plan_walks(self.mailboxes, self._task.max_parties):
            yield walk
            found: list[Step] = []
            guide = Guide(
                land=lambda items, _, found=found: found.extend(self._landing.unlanded(items, asked)),  # type: ignore[misc]
                finished=lambda _: None,
                failed=lambda _, error: self.failures.append(error),
            )
            self._walker.read([walk], guide)
            yield from found

    def _mailboxes(self) -> Sequence[MailboxCursor]:
        task, now = self._task, instant_text(self._now())
        parties, whole = task.parties, False
        if parties is None:
            found = listed_parties(self._inbox.parties(), now)
            parties, whole = tuple(found.searchable), not found.nameless
        held = self._shelf.mailboxes(task.connection, task.identity)
        plan = plan_mailboxes(task.connection, task.identity, parties, held, now, discovered=whole)
        self.lost = sorted({str(row["party"]) for row in held if row["state"] == "lost"} - {*parties} | {*plan.lost})
        return plan.walk
