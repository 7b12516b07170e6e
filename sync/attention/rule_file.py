"""Reading the operator's rules: what is wrong is told with file, line, key and what to do (ConfigError, exit 2)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path

from config.durations import parse_duration
from config.errors import ConfigError, Problem
from config.identifiers import ORGANISATION, PartyProblem, mask_anything_like_national_id, parse_party
from sync.attention.evidence import LABELS, STATUSES, TRANSMISSION_TYPES
from sync.attention.rules import NO_RULES, PERSONS, OperatorRule, OperatorRules, digest_of
from sync.attention.verdict import NEXT_STEPS

MATCHES = ("org", "service_resource", "party", "status", "transmission_type", "label")
SETS = ("next_step", "actor", "deadline", "silence", "note")
ACTORS = ("machine", "person")
_PREFIX = "urn:altinn:resource:"


class _Wrong(ValueError):
    """Why a value cannot be used, and what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


def load_rules(file: Path | None) -> OperatorRules:
    """The rules of `[attention] rules`; none without a file. Raises ConfigError with every problem found."""
    if file is None:
        return NO_RULES
    try:
        body = file.read_bytes()
    except OSError as error:
        raise ConfigError(
            file, "", None, f"cannot be read ({error.strerror}).", "Correct [attention] rules, or make it readable."
        ) from None
    return parse_rules(body, file)


def parse_rules(body: bytes, file: Path) -> OperatorRules:
    """The rules in `body`, which stands in `file`. Raises ConfigError."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(file, "", None, "not UTF-8.", "Save the file as UTF-8 in your editor.") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"line (\d+)", str(error))
        where = f"line {found[1]}" if found else f"line {len(text.splitlines())}"
        raise ConfigError(
            file, where, None, f"not TOML: {error}.", 'Text stands in "quotes", each rule under [[rule]].'
        ) from None
    # What stands inside a text of several lines is no key.
    reading = _Reading(file, _SEVERAL_LINES.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text))
    rules = reading.rules(raw)
    if reading.problems:
        raise ConfigError.of(reading.problems)
    return OperatorRules(file.name, tuple(rules), digest_of(body))


@dataclass
class _Reading:
    file: Path
    text: str
    problems: list[Problem] = field(default_factory=list)

    def rules(self, raw: Mapping[str, object]) -> list[OperatorRule]:
        for name in raw:
            if name != "rule":
                self._add(self._line_of(name, 1), name, None, "not known here.", "Each rule stands under [[rule]].")
        tables = raw.get("rule", [])
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            self._add(1, "rule", None, "not a list of tables.", "Write [[rule]], in double brackets, above each rule.")
            return []
        starts = [number for number, line in enumerate(self.text.splitlines(), 1) if _HEAD.match(line)]
        starts += [1] * (len(tables) - len(starts))  # written in one line, as `rule = [{…}]`
        return [self._rule(table, start) for table, start in zip(tables, starts, strict=False)]

    def _rule(self, table: Mapping[str, object], start: int) -> OperatorRule:
        found: dict[str, object] = {}
        for key, value in table.items():
            line = self._line_of(key, start)
            if key not in _VALUES:
                near = get_close_matches(key, list(_VALUES), 1)
                remedy = f'Did you mean "{near[0]}"?' if near else f"Known keys: {', '.join(_VALUES)}."
                self._add(line, key, value, "not a key of a rule.", remedy)
                continue
            try:
                found[key] = _VALUES[key](value)
            except _Wrong as wrong:
                self._add(line, key, value, wrong.problem, wrong.remedy)
        if not any(key in table for key in MATCHES):
            self._add(start, "rule", None, "names no dialog.", f"Add one of {', '.join(MATCHES)}.")
        if not any(key in table for key in SETS):
            self._add(start, "rule", None, "sets nothing.", f"Add one of {', '.join(SETS)}.")
        if found.get("next_step") in ("none", "wait") and ("actor" in table or "deadline" in table):
            key = "actor" if "actor" in table else "deadline"
            problem = f"means nothing beside next_step = {found['next_step']}."
            self._add(self._line_of(key, start), key, table[key], problem, f"Leave {key} out.")
        if found.get("actor") == "machine" and found.get("next_step") in PERSONS:
            self._add(
                self._line_of("actor", start),
                "actor",
                table["actor"],
                f"cannot do {found['next_step']}: only a person can.",
                "Leave actor out.",
            )
        if any(problem.key.startswith(f"line {start}:") for problem in self.problems):
            return OperatorRule(start)
        return OperatorRule(start, **found)  # type: ignore[arg-type]

    def _line_of(self, key: str, start: int) -> int:
        """The line of a key in the table that begins at `start`; that line where the key is not found."""
        for number, line in enumerate(self.text.splitlines()[start - 1 :], start):
            if number > start and _HEAD.match(line):
                break
            if re.match(rf"""\s*(?:\[+\s*(?:rule\s*\.\s*)?)?["']?{re.escape(key)}["']?\s*[=\].]""", line):
                return number
        return start

    def _add(self, line: int, key: str, value: object, problem: str, remedy: str) -> None:
        shown = (
            None
            if value is None
            else mask_anything_like_national_id(repr(value) if not isinstance(value, str) else f'"{value}"')
        )
        self.problems.append(Problem(self.file, f"line {line}: {key}", shown, problem, remedy))


_SEVERAL_LINES = re.compile(r'("""|\'\'\').*?\1', re.DOTALL)
_HEAD = re.compile(r"\s*\[\[\s*rule\s*\]\]")


def _texts(value: object) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    if not values or not all(isinstance(each, str) and each.strip() for each in values):
        raise _Wrong("not a text.", 'Write one text in "quotes", or several: ["…", "…"].')
    return tuple(str(each).strip() for each in values)


def _one_of(known: Mapping[str, str]) -> Callable[[object], tuple[str, ...]]:
    def read(value: object) -> tuple[str, ...]:
        for each in (texts := _texts(value)):
            if each.lower() not in known:
                near = get_close_matches(each, list(known.values()), 1)
                remedy = f'Did you mean "{near[0]}"?' if near else f"Use one of {', '.join(known.values())}."
                raise _Wrong("not a known value.", remedy)
        return tuple(known[each.lower()] for each in texts)

    return read


def _names(values: object) -> Mapping[str, str]:
    return {each.lower(): each for each in sorted(values)}  # type: ignore[call-overload]


def _org(value: object) -> tuple[str, ...]:
    return tuple(each.lower() for each in _texts(value))


def _resource(value: object) -> tuple[str, ...]:
    found = tuple(each.lower().removeprefix(_PREFIX) for each in _texts(value))
    if any("[" in each or "?" in each for each in found):
        raise _Wrong("not a service: only * stands for anything.", "Write it as app_skd_*, or in full.")
    return found


def _party(value: object) -> tuple[str, ...]:
    found = []
    for each in _texts(value):
        try:
            parse_party(urn := ORGANISATION + each if each.isdigit() and len(each) == 9 else each)
        except PartyProblem as problem:
            raise _Wrong(problem.problem, problem.remedy) from None
        found.append(urn)
    return tuple(found)


def _single(known: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if not isinstance(value, str) or value not in known:
            near = get_close_matches(value, known, 1) if isinstance(value, str) else []
            raise _Wrong(
                "not a known value.", f'Did you mean "{near[0]}"?' if near else f"Use one of {', '.join(known)}."
            )
        return value

    return read


def _shift(value: object) -> timedelta:
    if isinstance(value, str) and value[:1] in ("-", "+"):
        try:
            length = parse_duration(value[1:])
        except ValueError:
            pass
        else:
            return -length if value[0] == "-" else length
    raise _Wrong("not a shift of the deadline.", 'Write a sign, a whole number and s, m, h or d: "-3d".')


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("not true or false.", "Write true or false, without quotes.")
    return value


def _note(value: object) -> str:
    if not isinstance(value, str):
        raise _Wrong("not a text.", 'Write one text in "quotes".')
    return " ".join(_texts(value)[0].split())


_VALUES: Mapping[str, Callable[[object], object]] = {
    "org": _org,
    "service_resource": _resource,
    "party": _party,
    "status": _one_of(_names(STATUSES)),
    "transmission_type": _one_of(_names(TRANSMISSION_TYPES)),
    "label": _one_of(_names(LABELS)),
    "next_step": _single(NEXT_STEPS),
    "actor": _single(ACTORS),
    "deadline": _shift,
    "silence": _truth,
    "note": _note,
}
