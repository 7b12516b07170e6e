"""The sweep: every dialog of an identity's mailboxes again, and what of the archive is missing.

What the list shows lands by the ordinary way, whatever its age: back-dated, restored, silently changed, newly
accessible. What it no longer shows is explained by probes that leave no trace, mailbox by mailbox, and published in one
transaction when that mailbox was listed in full. Of a mailbox that could not be listed to its end nothing is published.

A dialog of a party that is no mailbox of ours came by a delegation of that dialog alone. The server adds those to every
search (reference: end-user API §3.3), so their absence shows when all mailboxes of the identity were listed in full;
it is explained by the same probes. Where no mailbox is left, a search for the lost parties shows what is delegated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from datetime import datetime

from store.batch import Row, Value
from store.clock import instant_text
from store.publication import Held, Listed, PresenceChange, Publication
from sync.dialogporten.errors import ArkivError
from sync.passes import absence
from sync.passes.absence import Missing, OtherEyes
from sync.passes.carrying import carried_out
from sync.passes.cursor import Horizon
from sync.passes.failing import mailboxes_failed
from sync.passes.items import peek
from sync.passes.landing import Landing
from sync.passes.poll import PollTask
from sync.passes.ports import Inbox, Shelf, Told
from sync.passes.presence import DELETED, NO_ACCESS, Answer, Explanation
from sync.passes.probing import Prober
from sync.passes.report import PassReport
from sync.passes.walking import Guide, Walker
from sync.passes.walks import MailboxCursor, Walk, plan_sweep


class Sweep:
    """One sweep for one identity. `mailboxes` are those to list, `lost` the parties that the server no longer lists for
    it; `accept` the parties whose missing dialogs a person has accepted, however many. `pool` carries the reads that go
    on side by side.
    """

    def __init__(
        self,
        task: PollTask,
        mailboxes: Sequence[MailboxCursor],
        lost: Sequence[str],
        inbox: Inbox,
        shelf: Shelf,
        landing: Landing,
        pool: Executor,
        now: Callable[[], datetime],
        told: Told,
        *,
        accept: frozenset[str] = frozenset(),
    ) -> None:
        self._task = task
        self._who = (task.connection, task.identity)
        self._parties = frozenset(mailbox.party for mailbox in mailboxes)
        self._order = [mailbox.party for mailbox in mailboxes]
        self._just_lost = frozenset(lost)
        self._accept = accept
        self._inbox = inbox
        self._shelf = shelf
        self._landing = landing
        self._pool = pool
        self._walker = Walker(inbox, pool, now, told)
        self._now = now
        self._told = told
        self._met: dict[str, set[str]] = {}  # party → the ids that the list showed under it
        self._met_ids: set[str] = set()
        self._swept: set[str] = set()
        self._mailboxes: dict[str, Row] = {}
        self._everyones: Sequence[Row] = ()
        self._room = absence.AGAIN_AT_ONCE
        self._written = [0, 0, 0]
        self.report = PassReport("sweep", task.connection, task.identity)

    def run(self) -> PassReport:
        """Never raises what belongs to the outside world: the report tells."""
        carried_out(self.report, self._inbox, self._landing, self._run)
        self.report.dialogs_written += self._written[0]
        self.report.rows_written += self._written[1]
        self.report.changes_written += self._written[2]
        return self.report

    def _run(self) -> None:
        self.report.parties = len(self._parties)
        self._everyones = self._shelf.mailboxes()
        own = [row for row in self._everyones if (row["connection"], row["identity"]) == self._who]
        self._mailboxes = {str(row["party"]): row for row in own}
        horizon = Horizon.of_run(self._now(), self._inbox.server_ahead, self._task.overlap)
        self._began = horizon.started_at
        self._prober = Prober(self._inbox, self._walker, self._pool, self._land, horizon.limit)
        refused = frozenset(self._shelf.reach.refused_longest(self._who, absence.AGAIN_AT_ONCE))
        self._landing.begin(all_due=True, again=refused)
        self._landing.levels.learn()  # a changed level shows in no list item
        guide = Guide(land=self._land, finished=self._finished, failed=self._failed)
        self._walker.read(plan_sweep(self._order or self._lost(), self._task.max_parties), guide)
        everything = bool(self._swept) and self._swept >= self._parties | self._all_of_ours()
        if everything:
            self._sweep_delegated()
        self._give_up_lost()
        self._landing.release_gone(frozenset(self._swept), everything=everything)
        self._landing.retry_quarantined()
        # Those that no list showed go behind the others, so that they do not keep them waiting.
        self._landing.refused(sorted(refused - self._met_ids), "not_listed")
        self._tell("sweep_finished", parties=len(self._swept), items=self.report.items_read, held=len(self.report.held))

    def _lost(self) -> list[str]:
        lost = {party for party, row in self._mailboxes.items() if row["state"] == "lost"} | self._just_lost
        return sorted(lost & self._mailboxes.keys() - self._parties)

    def _all_of_ours(self) -> set[str]:
        """The parties that must be listed to have met whatever the identity may list."""
        active = {party for party, row in self._mailboxes.items() if row["state"] == "active"}
        return active if self._task.parties is None else active & set(self._task.parties)

    # The list

    def _land(self, items: Sequence[bytes], _walk: Walk) -> None:
        self.report.pages += 1
        self.report.items_read += len(items)
        for raw in items:
            dialog_id, party = peek(raw)
            if dialog_id is not None:
                self._met_ids.add(dialog_id)
                if party is not None:
                    self._met.setdefault(party, set()).add(dialog_id)
        self._landing.land(items, self._parties, lambda _reached: [], self._walker.fetched_at)
        self._tell("page_read", items=self.report.items_read, pages=self.report.pages)

    def _finished(self, walk: Walk) -> None:
        if walk.before is None:  # of several windows only the last one completes the list
            for party in walk.parties:
                if party in self._parties:
                    self._sweep(party)
                self._swept.add(party)

    def _failed(self, parties: tuple[str, ...], error: ArkivError) -> None:
        if not self._parties:
            raise error  # nothing was listed, so nothing may be given up
        mailboxes_failed(self.report, self._shelf, self._told, instant_text(self._now()), parties, error)

    # What is missing

    def _sweep(self, party: str) -> None:
        """One mailbox that was listed in full."""
        held, lists = self._shelf.held(party), self._shelf.listed(party)
        mailbox = self._mailboxes.get(party, {})
        met = self._met.get(party, set())
        mine = next((each for each in lists if (each.connection, each.identity) == self._who), None)
        others = absence.other_eyes(party, self._who, self._everyones, lists, self._now())
        returned = mailbox.get("gone_at") is not None
        again = absence.due_again(
            (d for d in held if d.id not in self._met_ids), self._now(), returned=returned, room=self._room
        )
        self._room -= len(again)
        missing = absence.missing_of(held, self._met_ids, mine, self._who, others, again=again)
        children = self._prober.children([each.dialog.id for each in missing])
        unexplained = sum(each.is_news and children[each.dialog.id] is not Answer.GONE for each in missing)
        had = absence.had_before(mine, held, mailbox)
        publication = Publication(at=instant_text(self._now()))
        if party not in self._accept and absence.is_held(had=had, listed_now=len(met), unexplained=unexplained):
            self._publish_certain(publication, missing, children)
            text = absence.alarm_text(had=had, listed_now=len(met), unexplained=unexplained)
            since = mailbox.get("alarm_at") or publication.at
            row = self._row(party, alarm=text, alarm_at=since, last_sweep_at=publication.at)
            self.report.held.append(party)
            self._tell("absence_held", had=had, listed=len(met), missing=unexplained)
        else:
            self._publish_explained(publication, missing, children, others)
            met = self._met.get(party, set())  # one more search may have shown more
            publication.listed.append(Listed(*self._who, party, frozenset(met), self._began))
            row = self._row(party, alarm=None, alarm_at=None, last_sweep_at=publication.at, swept_count=len(met))
            row |= {"missing_since": None, "gone_at": None}
        publication.mailboxes.append(row)
        self._publish(publication)

    def _sweep_delegated(self) -> None:
        """The single dialogs that are delegated to us, party by party. Nothing is wrong when the last of them goes."""
        lists = {each.party: each for each in self._shelf.listed() if (each.connection, each.identity) == self._who}
        parties = {*self._met, *lists, *self._shelf.delegating(*self._who)}
        for party in sorted(parties - self._parties - self._mailboxes.keys()):
            mine, met = lists.get(party), self._met.get(party, set())
            others = absence.other_eyes(party, self._who, self._everyones, self._shelf.listed(party), self._now())
            ours = [d for d in self._shelf.held(party) if self._was_delegated(d, mine)]
            missing = absence.missing_of(ours, self._met_ids, mine, self._who, others)
            if not missing and mine is not None and mine.dialog_ids == met:
                continue
            children = self._prober.children([each.dialog.id for each in missing])
            unexplained = sum(each.is_news and children[each.dialog.id] is not Answer.GONE for each in missing)
            had = absence.had_before(mine, ours, None)
            publication = Publication(at=instant_text(self._now()))
            if party not in self._accept and absence.is_held(had=had, listed_now=None, unexplained=unexplained):
                self._publish_certain(publication, missing, children)
                self.report.held.append(party)
                self._tell("absence_held", had=had, listed=len(met), missing=unexplained)
            else:
                self._publish_explained(publication, missing, children, others)
                publication.listed.append(Listed(*self._who, party, frozenset(self._met.get(party, met)), self._began))
            self._publish(publication)

    def _was_delegated(self, dialog: Held, mine: Listed | None) -> bool:
        if mine is not None and dialog.id in mine.dialog_ids:
            return True
        return dialog.delegated and (dialog.connection, dialog.identity) == self._who

    def _give_up_lost(self) -> None:
        """A party that two sweeps a day apart found lost: what only we could read of it is out of reach. What was
        delegated to us one by one is asked about.
        """
        now = self._now()
        for party in self._lost() if self._swept else ():
            mailbox = self._mailboxes[party]
            publication = Publication(at=instant_text(now))
            row: Row = {} if self._parties else {"last_sweep_at": publication.at}
            if absence.is_gone(mailbox, now, accepted=party in self._accept):
                others = absence.other_eyes(party, self._who, self._everyones, self._shelf.listed(party), now)
                gone = absence.gone_dialogs(self._shelf.held(party), self._met_ids, others)
                publication.changes = [_change(d, NO_ACCESS) for d in gone if not d.delegated]
                single = [Missing(dialog, elsewhere=False) for dialog in gone if dialog.delegated]
                children = self._prober.children([each.dialog.id for each in single])
                self._publish_explained(publication, single, children, others)
                row |= {"gone_at": mailbox["gone_at"] or publication.at, "alarm": None, "alarm_at": None}
            elif mailbox["missing_since"] is None:
                row["missing_since"] = publication.at
            publication.mailboxes = [self._row(party, **row)] if row else []
            self._publish(publication)

    def _publish_certain(
        self, publication: Publication, missing: Iterable[Missing], children: dict[str, Answer]
    ) -> None:
        for each in missing:
            if children[each.dialog.id] is Answer.GONE:
                publication.changes.append(_change(each.dialog, DELETED))
                publication.probed.append(each.dialog.id)

    def _publish_explained(
        self,
        publication: Publication,
        missing: Sequence[Missing],
        children: dict[str, Answer],
        others: Sequence[OtherEyes],
    ) -> None:
        found: dict[str, Explanation] = self._prober.explain([each.dialog for each in missing], children)
        elsewhere = []
        for each in missing:
            why = found.get(each.dialog.id)
            if why is None:
                continue  # listed after all, and landed
            if absence.may_publish(why.presence, each):
                publication.probed.append(each.dialog.id)
                if why.presence != each.dialog.presence:
                    publication.changes.append(_change(each.dialog, why.presence, why.access))
            elif why.presence == NO_ACCESS:
                elsewhere.append(each)
        publication.handed_over = absence.handed_over(elsewhere, others)

    def _publish(self, publication: Publication) -> None:
        done = self._shelf.publish(publication)
        for place, count in enumerate((done.dialogs, done.rows, done.changes)):
            self._written[place] += count

    def _row(self, party: str, **fields: Value) -> Row:
        return {"connection": self._task.connection, "identity": self._task.identity, "party": party, **fields}

    def _tell(self, event: str, **fields: object) -> None:
        self._told(event, {"connection": self._task.connection, "identity": self._task.identity, **fields})


def _change(dialog: Held, presence: str, access: str | None = None) -> PresenceChange:
    return PresenceChange(dialog.id, dialog.presence, presence, access, held_at=dialog.last_changed_at)
