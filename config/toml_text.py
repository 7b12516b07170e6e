"""Settings values written as TOML, for remedies, the starter file and the reference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, timedelta

from config.durations import format_duration


def toml_value(value: object) -> str:
    """`value` as it stands behind a key; tables are written on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, timedelta):
        return toml_value(format_duration(value))
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(item) for item in value) + "]"
    return json.dumps(str(value), ensure_ascii=False)
