"""orderBy and continuationToken of the search (reference: end-user API §3.4, §3.5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sync.sandbox.dialogs import Dialog
from sync.sandbox.ids import is_guid
from sync.sandbox.instants import order_key, read_instant

_FIELDS: Final = {
    "contentupdatedat": ("contentUpdatedAt", "content_updated_at"),
    "updatedat": ("updatedAt", "updated_at"),
    "createdat": ("createdAt", "created_at"),
    "dueat": ("dueAt", "due_at"),
    "id": ("id", "id"),
}
SortKey = tuple[tuple[int, int], ...]
Token = dict[str, str | None]


@dataclass(frozen=True)
class Key:
    """One key of an order: its name in lower case, and the direction."""

    name: str
    descending: bool

    def place(self, value: str | None) -> tuple[int, int]:
        """Where a value stands: ascending nulls come last, descending ones first, as in PostgreSQL."""
        if value is None:
            return (0, 0) if self.descending else (1, 0)
        place = order_key(value)
        return (1, -place) if self.descending else (0, place)


@dataclass(frozen=True)
class Order:
    """A complete order; `id` is always its last key."""

    keys: tuple[Key, ...]

    def echo(self) -> str:
        """As the answer repeats it."""
        return ",".join(f"{key.name}_{'desc' if key.descending else 'asc'}" for key in self.keys)

    def sort_key(self, dialog: Dialog) -> SortKey:
        """Sorts dialogs in this order, ascending."""
        return tuple(key.place(getattr(dialog, _FIELDS[key.name][1])) for key in self.keys)

    def token(self, dialog: Dialog) -> str:
        """The position of `dialog`."""
        return ",".join(f"{key.name}_{getattr(dialog, _FIELDS[key.name][1]) or ''}" for key in self.keys)

    def position(self, token: Token) -> SortKey:
        """The place a token stands for."""
        return tuple(key.place(token[key.name]) for key in self.keys)

    def missing(self, token: Token) -> list[str]:
        """The keys a token lacks, in their own spelling."""
        return [_FIELDS[key.name][0] for key in self.keys if key.name not in token]

    def stands_on_null(self, token: Token) -> bool:
        """A token on a null due date: the genuine server stumbles over it."""
        return any(token[key.name] is None for key in self.keys)


DEFAULT_ORDER: Final = Order((Key("contentupdatedat", True), Key("id", True)))


def read_order(text: str | None) -> Order | None:
    """The order a request asks for; None for what the server refuses."""
    if text is None:
        return DEFAULT_ORDER
    keys: list[Key] = []
    names: set[str] = set()
    last: Key | None = None
    for part in text.split(","):
        name, _, suffix = part.strip().partition("_")
        direction = {"": True, "desc": True, "asc": False}.get(suffix.lower())
        if direction is None or name.lower() not in _FIELDS or name in names:
            return None
        names.add(name)
        key = Key(name.lower(), direction)
        # Only the exact spelling counts as the id key; `ID` makes a second one.
        if name == "id":
            last = key
        else:
            keys.append(key)
    if not keys:
        keys.append(Key("contentupdatedat", True))
    return Order((*keys, last or Key("id", True)))


def read_token(text: str) -> Token | None:
    """A token's values by key; None for what cannot be read: an unknown key, a bad value, a key twice."""
    values: Token = {}
    for part in text.split(","):
        name, separator, value = part.strip().partition("_")
        key = name.lower()
        if not separator or key not in _FIELDS or key in values:
            return None
        if key == "id":
            if not is_guid(value):
                return None
            values[key] = value.lower()
        elif value == "":
            values[key] = None
        else:
            try:
                values[key] = read_instant(value)
            except ValueError:
                return None
    return values
