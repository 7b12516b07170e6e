"""Environment variables over the file: `DIALOGARKIV__SECTION__KEY=value`.

DIALOGARKIV__SYNC__POLL=1m
DIALOGARKIV__DISPLAY__LANGUAGES='["nn", "nb"]'              lists and tables as JSON
DIALOGARKIV__CONNECTION__0__CLIENT_ID=…                     by position, from 0; the next free one adds
DIALOGARKIV__CONNECTION__REGNSKAP__CLIENT_ID=…              by name, any case, - written as _
DIALOGARKIV__CONNECTION='[{"name": "regnskap", …}]'         all of them at once
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping

from config.errors import Problem
from config.findings import Place
from config.redaction import show

PREFIX = "DIALOGARKIV__"

Table = dict[str, object]


class _Unplaceable(Exception):
    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


def overlay(raw: Mapping[str, object], env: Mapping[str, str]) -> tuple[Table, dict[Place, str], list[Problem]]:
    """`raw` with the overrides of `env` laid over it, which variable each came from, and those that fit nowhere.

    Variables that set a whole table or list go first, so that a more exact one refines it.
    """
    merged = copy.deepcopy(dict(raw))
    origins: dict[Place, str] = {}
    problems: list[Problem] = []
    for variable in sorted((name for name in env if name.startswith(PREFIX)), key=_coarse_first):
        steps = variable.removeprefix(PREFIX).lower().split("__")
        try:
            made = _put(merged, steps, _read(env[variable]))
        except _Unplaceable as error:
            value = None if _looks_secret(variable) else show(env[variable])
            problems.append(
                Problem(f"environment variable {variable}", ".".join(steps), value, error.problem, error.remedy)
            )
        else:
            origins.update(dict.fromkeys(made, variable))
    return merged, origins, problems


def _coarse_first(variable: str) -> tuple[int, list[tuple[int, str]]]:
    steps = variable.split("__")
    return len(steps), [(int(step), "") if step.isdecimal() else (-1, step) for step in steps]


def _looks_secret(variable: str) -> bool:
    return any(word in variable for word in ("TOKEN", "SECRET", "PASSW", "KEY"))


def _read(text: str) -> object:
    """JSON for lists and tables, plain text for anything else; numbers in text are understood where they belong."""
    if not text.lstrip().startswith(("[", "{")):
        return text
    try:
        value: object = json.loads(text)
    except ValueError as error:
        if '"kty"' in text:
            return text
        raise _Unplaceable(
            f"not JSON ({error}).", 'Write lists and tables as JSON, for example ["nb", "en"].'
        ) from None
    # A private JWK pasted in place of a path must reach the check that says so.
    return text if isinstance(value, dict) and "kty" in value else value


def _put(table: Table, steps: list[str], value: object) -> list[Place]:
    """Set `value` at `steps`, making tables on the way; answers the places of all that was made or set."""
    if any(not step for step in steps):
        raise _Unplaceable("not the name of a setting.", f"Write {PREFIX}SECTION__KEY, for example {PREFIX}SYNC__POLL.")
    here: object = table
    place: Place = ()
    made: list[Place] = []
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        if isinstance(here, list):
            index = _index(here, step)
            place = (*place, index)
            if index == len(here):
                here.append({})
                made.append(place)
            if last:
                here[index] = value
            here = here[index]
        elif isinstance(here, dict):
            place = (*place, step)
            if last:
                here[step] = value
            elif step not in here:
                here[step] = [] if _is_list(place) else {}
                made.append(place)
            here = here[step]
        else:
            raise _Unplaceable(f"{'.'.join(map(str, place))} has no keys of its own.", "Remove this variable.")
    return [*made, place]


def _is_list(place: Place) -> bool:
    return place == ("connection",) or place[-1] in ("system_users", "open_rule")


def _index(items: list[object], step: str) -> int:
    if step.isdecimal():
        if int(step) > len(items):
            raise _Unplaceable(
                f"there are only {len(items)} entries, counted from 0.", f"Use a number from 0 to {len(items)}."
            )
        return int(step)
    named = [
        index
        for index, item in enumerate(items)
        if isinstance(item, dict) and str(item.get("name", "")).lower().replace("-", "_") == step.replace("-", "_")
    ]
    if len(named) != 1:
        how_many = "no entry" if not named else "more than one entry"
        raise _Unplaceable(
            f"{how_many} is called {step}.", "Use the name of a [[connection]], or its number counted from 0."
        )
    return named[0]
