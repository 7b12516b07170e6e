"""Misbehaviours on demand, beyond faults of single requests: what a data set or a whole server can do wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Switches:
    """What is switched on; everything is off at first.

    late_commit_seconds   writes answer at once, but are in the data only so much later (with their old timestamps)
    equal_timestamp       loud writes get this instant as updatedAt instead of their own
    duplicate_item        every page repeats its first item at the end
    foreign_items         dialog ids added to every first page, whatever was asked for
    broken_items          dialog id → properties to put into its list item (null takes one away)
    partyless_items       dialog ids whose list item lacks `party`
    broken_details        dialog ids whose detail is a 500 for good (marks are left all the same)
    too_broad_parties     a search for more parties than this is a 422; too_broad_limit: with a larger limit
    hidden_parties        party → instant until which its dialogs and its line in /parties are not there yet
    resalt_each_call      ephemeral ids differ from request to request, as between replicas
    shuffled_activities   the detail's activities come in another order than they were made
    maintenance           every API request is a 503 in plain text
    """

    late_commit_seconds: float = 0.0
    equal_timestamp: str | None = None
    duplicate_item: bool = False
    foreign_items: list[str] = field(default_factory=list)
    broken_items: dict[str, dict[str, Any]] = field(default_factory=dict)
    partyless_items: list[str] = field(default_factory=list)
    broken_details: list[str] = field(default_factory=list)
    too_broad_parties: int | None = None
    too_broad_limit: int | None = None
    hidden_parties: dict[str, str] = field(default_factory=dict)
    resalt_each_call: bool = False
    shuffled_activities: bool = False
    maintenance: bool = False

    def change(self, values: Mapping[str, Any]) -> None:
        """Sets the given switches and leaves the others. KeyError for an unknown name."""
        known = {one.name for one in dataclasses.fields(self)}
        unknown = set(values) - known
        if unknown:
            raise KeyError(", ".join(sorted(unknown)))
        for name, value in values.items():
            setattr(self, name, value)
