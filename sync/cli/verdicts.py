"""How a verdict is shown: by `show` and by `attention`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from store.batch import Row
from sync.cli.output import day_and_minute, shown

if TYPE_CHECKING:
    from sync.attention.request import Request

STEPS = {
    "none": "nothing",
    "wait": "wait",
    "read": "read",
    "confirm": "confirm receipt",
    "fill_in": "fill in",
    "submit": "send in",
    "sign": "sign",
    "pay": "pay",
    "answer_request": "answer",
    "correct": "correct and send again",
    "review": "look at it",
    "get_access": "get access",
    "raise_auth_level": "log in at a higher level",
    "migrate_endpoint": "move to a newer endpoint",
}
ACTORS = {"machine": "a machine", "person": "a person", "service_owner": "the service owner", "none": "nobody"}


def verdict_document(row: Row) -> dict[str, Any]:
    """A row of table `verdict` or `attention_item` in the shape of `interpret`'s answer."""
    return {
        "needs_attention": bool(row["needs_attention"]),
        "next_step": row["next_step"],
        "actor": row["actor"],
        "deadline": row["deadline"],
        "reasons": reasons_of(row),
        "because": {"nb": row["because_nb"], "en": row["because_en"]},
    }


def reasons_of(row: Row) -> list[str]:
    """The codes of a row."""
    found = json.loads(str(row["reasons"] or "[]"))
    return [str(each) for each in found]


def in_language(nb: object, en: object, languages: Sequence[str]) -> str:
    """The explanation in the first display language that it exists in: `nb` also stands for `nn`."""
    first = next((each for each in languages if each in ("nb", "nn", "en")), "nb")
    return shown((en or nb) if first == "en" else (nb or en))


def deadline_words(deadline: object, reasons: Sequence[str], now: str) -> str:
    """The day, and whether it has passed. That it has is said only where the judging said so: what may be over
    silently is read again first.
    """
    if not isinstance(deadline, str):
        return ""
    if "overdue" in reasons:
        return f"{day_and_minute(deadline)}, overdue"
    if deadline < now:
        return f"{day_and_minute(deadline)}, passed; to be looked at again"
    return day_and_minute(deadline)


def echo_requests(requests: Sequence[Request]) -> None:
    """The requests of a machine step, for somebody to send."""
    if not requests:
        return
    click.echo("Request" + ("s" if len(requests) > 1 else "") + " (not sent by this program)")
    for each in requests:
        click.echo(f"  {shown(each.method)} {shown(each.url)}")
        for name, value in (
            ("does", each.why),
            ("token", each.token),
            ("version", each.version),
            ("documents", each.documentation_url),
            ("request", each.request_schema),
            ("response", each.response_schema),
            ("deprecated", _deprecation(each)),
        ):
            if value:
                click.echo(f"    {name:<10} {shown(value)}")


def _deprecation(each: Request) -> str:
    if not each.deprecated:
        return ""
    return "yes" if each.sunset_at is None else f"yes, ends {each.sunset_at:%Y-%m-%d %H:%M}"
