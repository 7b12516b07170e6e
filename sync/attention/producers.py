"""What is known of producers, loaded from the shipped table: meanings, default texts, plain words, owners' names.

Data, not code: a new producer's habit is a line in `producers.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache
from importlib.resources import files
from typing import Literal, cast

from sync.attention.evidence import Subject, Texts

Meaning = Literal["withdrawal", "accepted", "received", "receipt"]
AppState = Literal[
    "initial",
    "confirmation",
    "signing",
    "payment",
    "feedback",
    "more_information",
    "rejected",
    "unconfirmed",
    "confirmed",
    "archived",
]

Pattern = re.Pattern[str]


@dataclass(frozen=True)
class Producer:
    """One producer's own words: pattern → meaning, for extended types and for extended status, in its own services."""

    name: str
    orgs: frozenset[str]
    service_resources: tuple[str, ...]
    extended_types: tuple[tuple[str, Meaning], ...]
    extended_statuses: tuple[tuple[str, Meaning], ...]


@dataclass(frozen=True)
class Plain:
    """Words that plainly name a state, and the words that take it back."""

    state: AppState
    pattern: Pattern
    unless: Pattern


class Producers:
    """The table, compiled. Every look-up is pure and remembers its answers."""

    def __init__(self, table: Mapping[str, object]) -> None:
        platform = cast("dict[str, datetime]", table["platform"])
        self.unread_since: datetime = platform["unread_since"]
        self.owners = cast("dict[str, str]", table["owners"])
        self.reminder_orgs = frozenset(
            org for each in cast("list[dict[str, list[str]]]", table["reminder"]) for org in each["org"]
        )
        self._producers = [_producer(each) for each in cast("list[dict[str, object]]", table["producer"])]
        self._summaries = _texts(table["app_summary"])
        self._labels = _texts(table["app_label"])
        self._alike = [(state, pattern) for state, pattern in _patterns(table["app_summary_like"], "state")]
        self._tasks = [(state, pattern) for state, pattern in _patterns(table["app_task"], "state")]
        self._optional = _patterns(table["optional"], "kind")
        self._plain = [
            Plain(cast("AppState", each["state"]), _compiled(each["pattern"]), _compiled(each["unless"]))
            for each in cast("list[dict[str, str]]", table["plain"])
        ]
        words = cast("dict[str, str]", table["plainly"])
        self._leads_on = _compiled(words["leads_on"])
        self._demands = _compiled(words["demands"])
        self._receipt_title = _compiled(words["receipt_title"])
        self._confirm_title = _compiled(words["confirm_title"])
        self._delivers = _compiled(words["delivers_content"])
        self._starts = _compiled(words["starts_a_form"])
        self.meaning = lru_cache(maxsize=4096)(self._meaning)
        self.status_meaning = lru_cache(maxsize=1024)(self._status_meaning)
        self.summary_state = lru_cache(maxsize=4096)(self._summary_state)
        self.label_state = lru_cache(maxsize=1024)(self._label_state)
        self.task_state = lru_cache(maxsize=1024)(self._task_state)
        self.plain_state = lru_cache(maxsize=4096)(self._plain_state)
        self.optional_kind = lru_cache(maxsize=4096)(self._optional_kind)
        self.delivers_content = lru_cache(maxsize=1024)(self._delivers_content)

    def _meaning(self, org: str, resource: str, extended_type: str) -> Meaning | None:
        """What this owner means by an extended type in this service, if it is known."""
        return self._look_up(org, resource, extended_type, "extended_types")

    def _status_meaning(self, org: str, resource: str, extended_status: str) -> Meaning | None:
        """What this owner means by an extended status in this service, if it is known."""
        return self._look_up(org, resource, extended_status, "extended_statuses")

    def _look_up(
        self, org: str, resource: str, word: str, table: Literal["extended_types", "extended_statuses"]
    ) -> Meaning | None:
        if not word:
            return None
        bare = word.lower().rsplit("/", 1)[-1].rsplit(":", 1)[-1]
        for producer in self._producers:
            known = not resource or any(fnmatchcase(resource, each) for each in producer.service_resources)
            if org in producer.orgs and known:
                entries = producer.extended_types if table == "extended_types" else producer.extended_statuses
                for pattern, meaning in entries:
                    if fnmatchcase(bare, pattern):
                        return meaning
        return None

    def _summary_state(self, texts: Texts) -> AppState | None:
        """The derived state that a default summary of the app adapter names."""
        for each in texts.all():
            state = self._summaries.get(_plainly(each))
            if state is not None:
                return state
        for each in texts.all():
            for name, pattern in self._alike:
                if pattern.search(each.strip()):
                    return cast("AppState", name)
        return None

    def _label_state(self, texts: Texts) -> AppState | None:
        """The derived state that a default label of the adapter's Primary button names."""
        return next((found for each in texts.all() if (found := self._labels.get(_plainly(each)))), None)

    def _task_state(self, attribute: str) -> AppState | None:
        """The state that the current task's own name plainly tells (`urn:altinn:task:Task_Payment`)."""
        if not attribute.startswith("urn:altinn:task:"):
            return None
        name = attribute.removeprefix("urn:altinn:task:")
        return next((cast("AppState", state) for state, pattern in self._tasks if pattern.search(name)), None)

    def _plain_state(self, texts: Texts) -> AppState | None:
        """The step that a producer's own words plainly name, in any language."""
        for plain in self._plain:
            if any(plain.pattern.search(each) and not plain.unless.search(each) for each in texts.all()):
                return plain.state
        return None

    def _optional_kind(self, words: Texts) -> str | None:
        """Why a button or an action with these words never makes a step; None when it may."""
        for each in words.all():
            for kind, pattern in self._optional:
                if pattern.search(each.strip()) and not (kind in ("view", "download") and self._leads_on.search(each)):
                    return kind
        return None

    def _delivers_content(self, texts: Texts) -> bool:
        """True for a link that hands out the content itself ("Last ned"), not one that starts a form."""
        return any(
            self._delivers.search(each)
            and not self._starts.search(each)
            and self._optional_kind(Texts((("", each),))) not in ("read_more", "change", "receipt")
            for each in texts.all()
        )

    def leads_on(self, title: Texts) -> bool:
        """True for a button whose words lead the case on ("Fortsett", "Send inn")."""
        return any(self._leads_on.search(each) for each in title.all())

    def demands(self, summary: Texts) -> bool:
        """True for a summary that says something is due, not merely under way."""
        return any(self._demands.search(each) for each in summary.all())

    def is_receipt(self, org: str, resource: str, extended_type: str, title: Texts) -> bool:
        """True for a message that only echoes the party's own act."""
        if self.meaning(org, resource, extended_type) == "receipt":
            return True
        return any(self._receipt_title.search(each) for each in title.all())

    def names_confirmation(self, title: Texts) -> bool:
        """True for a button that says "Bekreft"."""
        return any(self._confirm_title.search(each) for each in title.all())

    def owner_name(self, subject: Subject) -> str:
        """The sender's own name for itself, else the owner's, else its code; empty where nothing is told."""
        return subject.sender_name.best("nb", "nn", "en") or self.owners.get(subject.org, subject.org)


def _producer(table: dict[str, object]) -> Producer:
    def meanings(key: str) -> tuple[tuple[str, Meaning], ...]:
        found = cast("dict[str, Meaning]", table.get(key, {}))
        return tuple((pattern.lower(), meaning) for pattern, meaning in found.items())

    return Producer(
        name=cast("str", table["name"]),
        orgs=frozenset(cast("list[str]", table["org"])),
        service_resources=tuple(cast("list[str]", table.get("service_resource", ["*"]))),
        extended_types=meanings("extended_type"),
        extended_statuses=meanings("extended_status"),
    )


def _plainly(value: str) -> str:
    return " ".join(value.split()).casefold()


def _texts(entries: object) -> dict[str, AppState]:
    return {
        _plainly(each): cast("AppState", entry["state"])
        for entry in cast("list[dict[str, object]]", entries)
        for each in cast("list[str]", entry["texts"])
    }


def _patterns(entries: object, key: str) -> list[tuple[str, Pattern]]:
    return [(entry[key], _compiled(entry["pattern"])) for entry in cast("list[dict[str, str]]", entries)]


def _compiled(pattern: str) -> Pattern:
    return re.compile(pattern, re.IGNORECASE)


@lru_cache(maxsize=1)
def shipped() -> Producers:
    """The table that ships with the program."""
    return Producers(tomllib.loads((files("sync.attention") / "producers.toml").read_text(encoding="utf-8")))
