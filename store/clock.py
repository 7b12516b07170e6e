"""The one spelling of a time in the archive. Pure: no database."""

from __future__ import annotations

from datetime import UTC, datetime


def instant_text(moment: datetime) -> str:
    """The canonical spelling of an aware time: UTC, six digits, `Z`, 27 characters. Plain text order is time order."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
