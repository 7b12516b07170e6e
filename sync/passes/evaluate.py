"""The evaluation: what each dialog needs now, and what that does to its attention item. It makes no request.

Which dialogs: those that changed since they were judged, those judged by other rules, and those whose verdict may be
another by the clock alone. A verdict rests on the bodies that the archive holds. What was not judged before a crash is
found by the next run, since nothing but the written verdict says that it was.

Before anybody is told of something that may be over silently, it must have been read within the last hot interval:
until then it waits, and the hot pass reads it again. Only where a hot pass has come and gone without being able to
read it, or where none has begun for a day because its connection is refused, is it told all the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import msgspec

from store.batch import Row
from store.clock import instant_text
from store.judging import Docket, Happening, Judged, Judgement
from sync.attention import Verdict, interpret, subject_of
from sync.attention.evidence import Subject
from sync.attention.life import Finding, Item, Move, changes_silently, evidence_of, moves
from sync.attention.next_look import next_look
from sync.attention.rules import OperatorRules, applied
from sync.passes.levels import LEVEL_TOO_LOW
from sync.passes.ports import Told

AT_ONCE = 250  # dialogs to a transaction
_LONGEST_WAIT = timedelta(days=1)

# What the archive calls the ends of a dialog, as the refusal that a reader would meet.
_GONE = {"deleted": 410, "expired": 404, "not_found": 404, "no_access": 403}
_NAMED: Mapping[Move, Happening] = {
    "open": "opened",
    "reopen": "reopened",
    "change": "changed",
    "overdue": "overdue",
    "wake": "woken",
    "close": "closed",
}


class Bench(Protocol):
    """The archive, as far as judging reads and writes it."""

    def due(self, now: str, rules: str) -> Sequence[str]: ...
    def dockets(self, ids: Sequence[str]) -> Sequence[Docket]: ...
    def write(self, judgements: Sequence[Judgement], at: str) -> Judged: ...


@dataclass(slots=True)
class EvaluationReport:
    """`judged` dialogs were looked at, `written` verdicts came out differently; `events` counts what happened to items,
    by name. `pending` wait for another read; `failed` could not be judged, which is a bug of ours; `moved` changed
    or were judged by somebody else meanwhile, and what is left of them is judged by the next run.
    """

    judged: int = 0
    written: int = 0
    pending: int = 0
    failed: int = 0
    moved: int = 0
    events: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Evaluation:
    """`run` judges what is due. `hot` is the hot interval; `stopped` ends it early, between transactions."""

    bench: Bench
    rules: OperatorRules
    hot: timedelta
    now: Callable[[], datetime]
    told: Told
    stopped: Callable[[], bool] = lambda: False

    def run(self) -> EvaluationReport:
        """Idempotent: what comes out as it stands writes no verdict and no item."""
        report = EvaluationReport()
        due = self.bench.due(instant_text(self.now()), self.rules.digest)
        for start in range(0, len(due), AT_ONCE):
            if self.stopped():
                break
            self._judge(due[start : start + AT_ONCE], report)
        if due:
            counts: dict[str, object] = {"judged": report.judged, "written": report.written, "pending": report.pending}
            self.told("evaluated", counts | dict(report.events))
        return report

    def _judge(self, ids: Sequence[str], report: EvaluationReport) -> None:
        now = self.now()
        judgements = []
        for docket in self.bench.dockets(ids):
            try:
                judgements.append(judged(docket, self.rules, self.hot, now))
            except Exception as error:  # one dialog that we cannot judge must not cost the others theirs
                report.failed += 1
                self.told("evaluation_failed", {"dialog_id": docket.id, "error": type(error).__name__})
        written = self.bench.write(judgements, instant_text(now))
        report.judged += len(judgements)
        report.written += written.verdicts
        report.moved += written.moved
        report.pending += sum(each.verdict["pending_since"] is not None for each in judgements)
        report.events.update(written.events)


def subject_in(docket: Docket) -> Subject:
    """The evidence that the archive holds of a dialog."""
    status, problem = refusal_of(docket.dialog)
    return subject_of(
        list_item=_decoded(docket, "list"),
        dialog=_decoded(docket, "detail"),
        transmissions=_decoded(docket, "transmissions"),
        activities=_decoded(docket, "activities"),
        details_status=status,
        details_problem=problem,
    )


def refusal_of(dialog: Row) -> tuple[int | None, str]:
    """The refusal that a verdict rests on, as HTTP status and words; (None, "") where nothing was refused.

    What was read at a high enough level may still be held when the level was raised; a dialog that is merely missing
    is judged as if it were there.
    """
    status, problem = dialog["details_status"], str(dialog["details_problem"] or "")
    if dialog["access"] == LEVEL_TOO_LOW:
        return 403, "Altinn authentication level too low."
    if dialog["access"] == "denied":
        return 403, problem
    gone = _GONE.get(str(dialog["presence"]))
    if gone is not None:
        return gone, problem
    return (None, "") if status in (None, 200) else (cast(int, status), problem)


def judged(docket: Docket, rules: OperatorRules, hot: timedelta, now: datetime) -> Judgement:
    """What is to be written of one dialog at `now`."""
    subject = subject_in(docket)
    verdict, rule = applied(interpret(subject, now), subject, rules, now)
    evidence = evidence_of(subject, verdict.next_step)
    row = _row(docket.id, verdict)
    held = docket.verdict
    differs = held is None or any(held[key] != value for key, value in row.items())
    item = None if docket.item is None else _item(docket.item)
    found = Finding(
        wanted=verdict.needs_attention and docket.dialog["presence"] == "present",
        next_step=verdict.next_step,
        actor=verdict.actor,
        deadline=cast("str | None", row["deadline"]),
        overdue="overdue" in verdict.reasons,
        evidence=evidence,
        text=_text(row),
        certain=is_certain(docket, subject, verdict, hot, now),
    )
    # One that is missing and not yet explained keeps its item as it stands: the sweep will say what became of it.
    steps = () if docket.dialog["presence"] == "absent" else moves(item, found, now)
    since = None if held is None else held["pending_since"]
    turn = next_look(subject, verdict, now)
    if item is not None and not item.closed_by and item.snoozed_until is not None and item.snoozed_until > now:
        turn = min(turn or item.snoozed_until, item.snoozed_until)
    books: Row = {
        "evidence": evidence,
        "evidence_at": docket.dialog["last_changed_at"],
        "judged_at": instant_text(now),
        "rules": rules.digest,
        "next_look_at": None if turn is None else instant_text(turn),
        # Not later than now, also where the clock was put back.
        "pending_since": min(str(since or instant_text(now)), instant_text(now)) if "hold" in steps else None,
    }
    decided: Row = {"decided_at": instant_text(now)}
    stood = (None, None) if held is None else (_or_none(held["judged_at"]), _or_none(held["next_look_at"]))
    judgement = Judgement(docket.id, {**row, **books, **decided}, differs, stood=stood)
    return _with_item(judgement, docket, steps, silenced=rule is not None and rule.silence, at=instant_text(now))


def is_certain(docket: Docket, subject: Subject, verdict: Verdict, hot: timedelta, now: datetime) -> bool:
    """Whether people may be told of it now: it does not change silently, or it was read within the last hot interval,
    or a hot pass that began after it came up could not read it, or none could begin for so long that silence would hide
    what is owed.
    """
    dialog = docket.dialog
    if not changes_silently(subject, verdict.next_step) or dialog["access"] != "full":
        return True
    if str(dialog["looked_at"] or "") >= instant_text(now - hot):
        return True
    since = None if docket.verdict is None else docket.verdict["pending_since"]
    if since is None:
        return False
    tried = docket.hot_at is not None and docket.hot_at > str(since)
    return tried or str(since) <= instant_text(now - max(_LONGEST_WAIT, 3 * hot))


def _with_item(judgement: Judgement, docket: Docket, steps: Sequence[Move], *, silenced: bool, at: str) -> Judgement:
    row = judgement.verdict
    shown: Row = {name: row[name] for name in ("next_step", "actor", "deadline", "reasons", "because_nb", "because_en")}
    shown["evidence"] = row["evidence"]
    standing = docket.item
    judgement.told = {name: row[name] for name in ("next_step", "actor", "deadline")}
    judgement.happened = tuple(_NAMED[step] for step in steps if step in _NAMED)
    if "open" in steps or "reopen" in steps:
        follows = None if standing is None else standing["id"]
        judgement.opens = {"dialog_id": judgement.dialog_id, **shown, "opened_at": at, "follows": follows}
        return judgement
    if standing is None:
        return judgement
    judgement.item_id = cast(int, standing["id"])
    if "close" in steps:
        # What it asked for stands in its history; why it asks no more is the verdict's to say.
        judgement.alters = {"closed_at": at, "closed_by": "rule" if silenced else "evidence", "snoozed_until": None}
        judgement.told = {name: standing[name] for name in ("next_step", "actor", "deadline")}
    elif {"change", "overdue", "refresh"} & set(steps):
        judgement.alters = dict(shown)
        if "change" in steps or "overdue" in steps:
            judgement.alters["changed_at"] = at
    if "wake" in steps:
        # Whoever asks what is new since yesterday is to hear of it again.
        judgement.alters |= {"snoozed_until": None, "changed_at": at}
    return judgement


def _row(dialog_id: str, verdict: Verdict) -> Row:
    return {
        "dialog_id": dialog_id,
        "needs_attention": verdict.needs_attention,
        "next_step": verdict.next_step,
        "actor": verdict.actor,
        "deadline": None if verdict.deadline is None else instant_text(verdict.deadline),
        "reasons": json.dumps(list(verdict.reasons)),
        "because_nb": verdict.because.nb,
        "because_en": verdict.because.en,
        "rule": verdict.rule,
    }


def _or_none(value: object) -> str | None:
    return None if value is None else str(value)


def _text(row: Row) -> str:
    return "\n".join(str(row[name]) for name in ("reasons", "because_nb", "because_en"))


def _item(row: Row) -> Item:
    snoozed = row["snoozed_until"]
    return Item(
        next_step=str(row["next_step"]),
        actor=str(row["actor"]),
        deadline=cast("str | None", row["deadline"]),
        overdue='"overdue"' in str(row["reasons"] or ""),
        evidence=str(row["evidence"] or ""),
        text=_text(row),
        snoozed_until=None if snoozed is None else datetime.fromisoformat(str(snoozed)),
        closed_by="" if row["closed_at"] is None else str(row["closed_by"]),
    )


def _decoded(docket: Docket, kind: str) -> Any:
    body = docket.bodies.get(kind)
    return None if body is None else msgspec.json.decode(body)
