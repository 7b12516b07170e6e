"""What the dialog offers to do: candidates for a step, who may use them, and whether a machine can.

Delete, purge, copy, "read more", change, receipt and reply links never make a step; plain GET API actions and
attachment links are never candidates (producers reference §10, decision order 6 and 9).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sync.attention.evidence import ApiAction, GuiAction, Subject, Texts
from sync.attention.producers import Producers
from sync.attention.verdict import NextStep

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
WRITING_METHODS = frozenset({"POST", "PUT", "PATCH"})  # one that is not known is none that a machine may try
API_NEVER = frozenset({"delete", "copy", "cancel", "archive", "complain", "change"})
READ_ACTIONS = frozenset({"read", "access", "open"})
_CAMEL = re.compile(r"(?<=[a-zæøå])(?=[A-ZÆØÅ])")
_PAY = re.compile(r"\b(pay|payment|betal\w*)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Offer:
    """The actions that could carry out one step."""

    api: tuple[ApiAction, ...] = ()
    gui: tuple[GuiAction, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.api or self.gui)

    @property
    def any_authorized(self) -> bool:
        """True when we or a person with our rights may use one of them."""
        return any(each.authorized for each in self.api) or any(each.authorized for each in self.gui)


def words_of(action: ApiAction) -> Texts:
    """The producer's name of an API action as words."""
    return Texts((("", _CAMEL.sub(" ", action.name)),)) if action.name else Texts()


def writes(action: ApiAction) -> bool:
    """True for an API action that could take something from the party."""
    return any(each.method in WRITING_METHODS for each in action.endpoints)


def deletes(action: ApiAction) -> bool:
    """True for an API action that only removes."""
    return action.action == "delete" or all(each.method == "DELETE" for each in action.endpoints)


def usable_by_machine(action: ApiAction, now: datetime) -> bool:
    """Authorised, with a writing endpoint that has an address and is not past its sunset."""
    return action.authorized and any(
        each.method in WRITING_METHODS and not each.gone(now) and each.has_address for each in action.endpoints
    )


def is_confirmation(action: ApiAction) -> bool:
    """Rank 3: named confirmCorrespondence, or a POST whose path ends in /confirm."""
    if action.name.lower() == "confirmcorrespondence":
        return True
    return any(each.method == "POST" and path_of(each.url).endswith("/confirm") for each in action.endpoints)


def is_confirmation_button(subject: Subject, action: GuiAction, producers: Producers) -> bool:
    """The button beside it; where its address is masked, the words and the method tell it."""
    if action.deletes or action.method != "POST":
        return False
    if path_of(action.url).endswith("/confirm"):
        return True
    return subject.correspondence and producers.names_confirmation(action.title)


def path_of(url: str) -> str:
    """The path of an address, without query, fragment and trailing slash."""
    return url.split("#", 1)[0].split("?", 1)[0].rstrip("/").lower()


def confirmations(subject: Subject, producers: Producers) -> Offer:
    """The actions that confirm receipt."""
    return Offer(
        tuple(each for each in subject.api_actions if is_confirmation(each)),
        tuple(each for each in subject.gui_actions if is_confirmation_button(subject, each, producers)),
    )


def write_actions(subject: Subject, producers: Producers) -> tuple[ApiAction, ...]:
    """API actions that may carry a step: they write, and their name does not tell of something optional."""
    return tuple(
        each
        for each in subject.api_actions
        if writes(each)
        and each.action not in ("delete", "purge")
        and producers.optional_kind(words_of(each)) not in API_NEVER
    )


def forward_buttons(subject: Subject, producers: Producers, *, change_counts: bool = False) -> tuple[GuiAction, ...]:
    """Buttons that lead the case on: the Primary one, or another that asks for more than reading."""
    if subject.correspondence:
        return ()
    found = []
    for each in subject.gui_actions:
        if each.deletes or each.method == "DELETE" or each.action in ("delete", "instantiate"):
            continue
        kind = producers.optional_kind(each.title)
        if kind is not None and not (kind == "change" and change_counts):
            continue
        if (
            each.priority == "Primary"
            or each.action.lower() not in READ_ACTIONS
            or kind == "change"
            or producers.leads_on(each.title)
        ):
            found.append(each)
    return tuple(found)


def offer_for(step: NextStep, subject: Subject, producers: Producers, *, change_counts: bool = False) -> Offer:
    """The candidates for a step. Signing and paying by machine need an action that says so."""
    if step == "confirm":
        return confirmations(subject, producers)
    if step not in ("fill_in", "submit", "sign", "pay", "answer_request", "correct", "review"):
        return Offer()
    api = write_actions(subject, producers)
    if step == "sign":
        api = tuple(each for each in api if each.action.lower() == "sign")
    elif step == "pay":
        api = tuple(each for each in api if _PAY.search(each.action) or _PAY.search(words_of(each).best()))
    return Offer(api, forward_buttons(subject, producers, change_counts=change_counts))


def machine_can(step: NextStep, subject: Subject, offer: Offer, now: datetime) -> bool:
    """True when a declared API action carries the step and we may use it. Forms of apps are filled in by people."""
    if step not in ("confirm", "fill_in", "submit", "sign", "pay", "answer_request", "correct"):
        return False
    if step == "fill_in" and subject.app:
        return False
    return any(usable_by_machine(each, now) for each in offer.api)


def delivering_action(subject: Subject) -> bool:
    """True when an authorised GET API action of a direct producer hands out the content."""
    if subject.app or subject.correspondence:
        return False
    return any(
        each.authorized and any(point.method == "GET" and point.has_address for point in each.endpoints)
        for each in subject.api_actions
    )


def leftover_writes(subject: Subject) -> bool:
    """True when an authorised write action is still declared although nothing is due."""
    return any(each.authorized and writes(each) and not deletes(each) for each in subject.api_actions)


def endpoints_to_leave(subject: Subject, now: datetime, before: datetime, after: datetime) -> datetime | None:
    """The earliest sunset in [after, before] of an authorised action that has no endpoint but deprecated ones."""
    found: list[datetime] = []
    for action in subject.api_actions:
        if action.authorized and action.endpoints and all(each.deprecated for each in action.endpoints):
            found += [
                each.sunset_at
                for each in action.endpoints
                if each.sunset_at is not None and after <= each.sunset_at <= before
            ]
    return min(found) if found else None
