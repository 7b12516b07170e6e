"""The parameters of a search: reading them, refusing them, and which dialogs they let through (end-user API §3.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sync.sandbox.dialogs import DIALOG_STATUSES, SYSTEM_LABELS, Dialog
from sync.sandbox.instants import read_instant
from sync.sandbox.order import DEFAULT_ORDER, Order, Token, read_order, read_token
from sync.sandbox.parties import PARTY_FORM, is_party
from sync.sandbox.problems import Refused

MAX_LIMIT = 1000
_RANGES = ("created", "updated", "contentUpdated", "due")
_RANGE_FIELDS = {
    "created": "created_at",
    "updated": "updated_at",
    "contentUpdated": "content_updated_at",
    "due": "due_at",
}
_MAX_VALUES = {"party": 100, "serviceResource": 20, "org": 20, "extendedStatus": 20}
# ISO 639-1; `no` is refused on purpose.
_LANGUAGES = frozenset(
    re.findall(
        r"\w+",
        "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz "
        "ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik "
        "io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml "
        "mn mr ms mt my na nb nd ne ng nl nn nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se "
        "sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo "
        "wa wo xh yi yo za zh zu ",
    )
)
Query = Sequence[tuple[str, str]]


@dataclass
class Search:
    """A search that the server takes."""

    party: list[str] = field(default_factory=list)
    service_resource: list[str] = field(default_factory=list)
    org: list[str] = field(default_factory=list)
    status: list[str] = field(default_factory=list)
    extended_status: list[str] = field(default_factory=list)
    system_label: list[str] = field(default_factory=list)
    external_reference: str | None = None
    process: str | None = None
    after: dict[str, str] = field(default_factory=dict)
    before: dict[str, str] = field(default_factory=dict)
    is_content_seen: bool | None = None
    exclude_api_only: bool = False
    text: str | None = None
    order: Order = DEFAULT_ORDER
    token: Token | None = None
    token_text: str | None = None
    limit: int = 100

    def lets_through(self, dialog: Dialog) -> bool:
        """Every filter but party, service and token."""
        if self.org and dialog.org not in self.org:
            return False
        if self.status and dialog.status not in self.status:
            return False
        if self.extended_status and dialog.extended_status not in self.extended_status:
            return False
        if self.system_label and not set(self.system_label) <= dialog.labels:
            return False
        if self.external_reference is not None and dialog.external_reference != self.external_reference:
            return False
        if self.process is not None and dialog.process != self.process:
            return False
        if self.is_content_seen is not None and dialog.is_content_seen() != self.is_content_seen:
            return False
        if self.exclude_api_only and dialog.is_api_only:
            return False
        return self._in_range(dialog)

    def _in_range(self, dialog: Dialog) -> bool:
        for bounds, is_outside in ((self.after, str.__lt__), (self.before, str.__gt__)):
            for name, bound in bounds.items():
                value: str | None = getattr(dialog, _RANGE_FIELDS[name])
                if value is None or is_outside(value, bound):
                    return False
        return True


class _Reader:
    """Reads parameters by name, case-insensitively; binding failures are collected under the name as sent."""

    def __init__(self, query: Query) -> None:
        self._values: dict[str, list[str]] = {}
        self._names: dict[str, str] = {}
        for name, value in query:
            self._values.setdefault(name.lower(), []).append(value)
            self._names.setdefault(name.lower(), name)
        self.errors: dict[str, list[str]] = {}

    def fail(self, name: str, value: str, type_name: str) -> None:
        sent = self._names.get(name.lower(), name)
        self.errors[sent] = [f"Value [{value}] is not valid for a [{type_name}] property!"]

    def values(self, name: str) -> list[str]:
        values = self._values.get(name.lower(), [])
        if len(values) != 1:
            return list(values)
        only = values[0]
        if only.startswith("["):
            try:
                read = json.loads(only)
            except ValueError:
                return [only]
            return [str(one) for one in read] if isinstance(read, list) else [only]
        return only.split(",")

    def text(self, name: str) -> str | None:
        values = self._values.get(name.lower())
        return values[0] if values else None

    def enums(self, name: str, allowed: Sequence[str]) -> list[str]:
        chosen = []
        by_lower = {one.lower(): one for one in allowed}
        for value in self.values(name):
            known = by_lower.get(value.lower())
            if known is None:
                self.fail(name, value, "List`1")
            else:
                chosen.append(known)
        return chosen

    def integer(self, name: str, default: int) -> int:
        text = self.text(name)
        if text is None:
            return default
        try:
            return int(text)
        except ValueError:
            self.fail(name, text, "Int32")
            return default

    def boolean(self, name: str) -> bool | None:
        text = self.text(name)
        if text is None:
            return None
        value = {"true": True, "false": False}.get(text.strip().lower())
        if value is None:
            self.fail(name, text, "Boolean")
        return value

    def time(self, name: str) -> str | None:
        text = self.text(name)
        if text is None:
            return None
        try:
            return read_instant(text, zone_needed=False)
        except ValueError:
            self.fail(name, text, "DateTimeOffset")
            return None

    def order(self) -> Order:
        text = self.text("orderBy")
        order = read_order(text)
        if order is None:
            self.fail("orderBy", text or "", "OrderSet`2")
        return order or DEFAULT_ORDER

    def token(self) -> Token | None:
        text = self.text("continuationToken")
        if text is None:
            return None
        token = read_token(text)
        if token is None:
            self.fail("continuationToken", text, "ContinuationTokenSet`2")
        return token


def read_search(query: Query) -> Search:
    """The search in a query string. Refused(400) with every binding failure, else with every broken rule."""
    reader = _Reader(query)
    search = Search(
        party=reader.values("party"),
        service_resource=reader.values("serviceResource"),
        org=reader.values("org"),
        status=reader.enums("status", DIALOG_STATUSES),
        extended_status=reader.values("extendedStatus"),
        system_label=reader.enums("systemLabel", SYSTEM_LABELS),
        external_reference=reader.text("externalReference"),
        process=reader.text("process"),
        is_content_seen=reader.boolean("isContentSeen"),
        exclude_api_only=bool(reader.boolean("excludeApiOnly")),
        text=reader.text("search"),
        order=reader.order(),
        token=reader.token(),
        token_text=reader.text("continuationToken"),
        limit=reader.integer("limit", 100),
    )
    for name in _RANGES:
        for suffix, bounds in (("After", search.after), ("Before", search.before)):
            bound = reader.time(f"{name}{suffix}")
            if bound is not None:
                bounds[name] = bound
    if reader.errors:
        raise Refused(400, reader.errors)
    errors = _broken_rules(search, reader.text("searchLanguageCode"))
    if errors:
        raise Refused(400, errors)
    search.party = [party.lower() for party in search.party]
    return search


def _broken_rules(search: Search, language: str | None) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if search.text is not None and len(search.text) < 3:
        length = len(search.text)
        errors["search"] = [f"The length of 'Search' must be at least 3 characters. You entered {length} characters."]
    if language is not None and language.strip().lower().replace("_", "-").split("-")[0] not in _LANGUAGES:
        errors["searchLanguageCode"] = [
            f"'SearchLanguageCode' '{language}' is not a valid language code. Culture specific codes like 'en_GB' and "
            "'en-US' are normalized to 'en' (ISO 639)."
        ]
    values = {
        "party": search.party,
        "serviceResource": search.service_resource,
        "org": search.org,
        "extendedStatus": search.extended_status,
    }
    for name, most in _MAX_VALUES.items():
        if len(values[name]) > most:
            errors[f"{name}.Count"] = [f"'Count' must be less than or equal to '{most}'."]
    for index, party in enumerate(search.party):
        if not is_party(party):
            errors[f"party[{index}]"] = [PARTY_FORM.format("Party")]
    for index, resource in enumerate(search.service_resource):
        if not resource.startswith("urn:altinn:resource:"):
            errors[f"serviceResource[{index}]"] = ["'ServiceResource' must start with 'urn:altinn:resource:'."]
    if not search.party and not search.service_resource:
        errors[""] = ["Either ServiceResource or Party must be specified."]
    if not 1 <= search.limit <= MAX_LIMIT:
        errors["limit"] = [f"'Limit' must be between 1 and {MAX_LIMIT}. You entered {search.limit}."]
    for name in _RANGES:
        after, before = search.after.get(name), search.before.get(name)
        if after is not None and before is not None and after > before:
            title = name[0].upper() + name[1:]
            errors[f"{name}After"] = [f"'{title}After' must be less than or equal to '{title}Before'."]
    if search.process is not None and (not _is_uri(search.process) or len(search.process) > 1023):
        errors["process"] = ["'Process' is not a well-formatted URI."]
    missing = search.order.missing(search.token) if search.token is not None else []
    if missing:
        errors["continuationToken"] = [
            f"ContinuationToken does not match OrderBy. Missing token keys: [{', '.join(missing)}]."
        ]
    return errors


def _is_uri(text: str) -> bool:
    return " " not in text and bool(urlsplit(text).scheme) and len(text) > len(urlsplit(text).scheme) + 1
