"""JSON Patch (RFC 6902) on the update form of a dialog, with the server's words for what cannot be done."""

from __future__ import annotations

import copy
from typing import Any

from sync.sandbox.dialogs import JsonObject


class PatchError(Exception):
    """An operation that does not fit the document."""


def apply_patch(document: JsonObject, operations: list[JsonObject]) -> JsonObject:
    """A changed copy of `document`. A property the document's type has counts as there, even when it is null."""
    changed = copy.deepcopy(document)
    for operation in operations:
        name, path = str(operation.get("op", "")).lower(), str(operation.get("path", ""))
        keys = [key.replace("~1", "/").replace("~0", "~") for key in path.split("/")[1:]]
        if not keys:
            raise PatchError(f"The path '{path}' is not valid.")
        parent = _parent(changed, keys, name, path)
        if name == "add":
            _add(parent, keys[-1], operation.get("value"), path)
        elif name == "replace":
            _replace(parent, keys[-1], operation.get("value"), path, at_root=len(keys) == 1)
        elif name == "remove":
            _remove(parent, keys[-1], path)
        elif name == "test":
            if _read(parent, keys[-1], name, path) != operation.get("value"):
                raise PatchError(f"The current value at path '{path}' is not equal to the test value.")
        else:
            raise PatchError(f"Invalid JsonPatch operation '{name}'.")
    return changed


def _missing(name: str, path: str) -> PatchError:
    return PatchError(f"For operation '{name}', the target location specified by path '{path}' was not found.")


def _parent(document: Any, keys: list[str], name: str, path: str) -> Any:
    for key in keys[:-1]:
        document = _read(document, key, name, path)
    return document


def _index(items: list[Any], key: str, name: str, path: str) -> int:
    if not key.isdigit() or int(key) >= len(items):
        raise _missing(name, path)
    return int(key)


def _read(parent: Any, key: str, name: str, path: str) -> Any:
    if isinstance(parent, list):
        return parent[_index(parent, key, name, path)]
    if isinstance(parent, dict) and parent.get(key) is not None:
        return parent[key]
    raise _missing(name, path)


def _add(parent: Any, key: str, value: Any, path: str) -> None:
    if isinstance(parent, list):
        index = len(parent) if key in ("-", str(len(parent))) else _index(parent, key, "add", path)
        parent.insert(index, value)
    elif isinstance(parent, dict):
        parent[key] = value
    else:
        raise _missing("add", path)


def _replace(parent: Any, key: str, value: Any, path: str, *, at_root: bool) -> None:
    if isinstance(parent, list):
        parent[_index(parent, key, "replace", path)] = value
    elif isinstance(parent, dict) and (at_root or key in parent):
        parent[key] = value
    else:
        raise _missing("replace", path)


def _remove(parent: Any, key: str, path: str) -> None:
    if isinstance(parent, list):
        del parent[_index(parent, key, "remove", path)]
    elif isinstance(parent, dict) and key in parent:
        del parent[key]
    else:
        raise _missing("remove", path)
