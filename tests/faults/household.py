"""A system user and a person who read the same parties: Kari at level 4, the system user at level 3 as always."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from config.settings import load
from sync.cli.verify import verified
from sync.passes.schedule import Pass, Wanted
from sync.runner import Runner, RunResult
from sync.sandbox.access import read_access
from sync.sandbox.steps import claims_for, named_caller
from sync.sandbox.truth import truth_for
from tests.equality import differences
from tests.faults.playground import HUMAN, US, WHO, A, B, Playground, playground, text

KARI = ("kari", "")
SOMEBODY = "pid:12857910174"  # who opens dialogs in the portal
SERVICE = "urn:altinn:resource:prove"
HIGH, SUBSTANTIAL = "idporten-loa-high", "idporten-loa-substantial"
OPEN, PLAIN = "Vedtak om sykepenger", "Du har fått et brev"
POLL: frozenset[Pass] = frozenset()
SWEEP = frozenset({Pass.SWEEP})

_CONNECTION = '[[connection]]\nname = "{name}"\nkind = "token"\ntoken = "env:{env}"\n'


class Household:
    """The playground with two connections. `first` is the one that the settings name first."""

    def __init__(self, play: Playground, first: str) -> None:
        self.play = play
        self.callers = {WHO: US, KARI: HUMAN}
        ours = _CONNECTION.format(name="prove", env="TOKEN")
        hers = _CONNECTION.format(name="kari", env="KARI")
        assert ours in play.file.read_text()
        both = hers + ours if first == "kari" else ours + hers
        play.file.write_text(play.file.read_text().replace(ours, both))
        self.log_in()
        self.start()

    def start(self) -> None:
        """A runner that knows the settings as they are now."""
        play = self.play
        play.settings = load(play.file, play.env)
        play.runner = Runner(play.settings, play.env, play.hear, now=play.clock.now, http=play.runner.http)

    def token(self, caller: str, claims: dict[str, Any]) -> str:
        now = int(self.play.clock.now().timestamp())
        lasting = {**claims_for(self.play.world, caller), "iat": now - 60, "exp": now + 10**8, **claims}
        return self.play.world.issuers.sign(self.play.world.issuer, lasting)

    def log_in(self, acr: str = HIGH) -> None:
        """Kari's consent is good, from a login at this level."""
        self.play.env["KARI"] = self.token(HUMAN, {"acr": acr})

    def consent_ends(self) -> None:
        self.play.env["KARI"] = self.token(HUMAN, {"acr": HIGH, "exp": 1})

    def allow(self, level: int, *, system: dict[str, Any] | None = None, kari: dict[str, Any] | None = None) -> None:
        """What the service asks for, and what the two may do with A and B."""
        play = self.play
        play.allow(A, B)
        both: dict[str, Any] = {"parties": [A, B]}
        play.world.access = read_access(
            {
                "parties": play.world.access.parties,
                "callers": {US: both | (system or {}), HUMAN: both | (kari or {}), SOMEBODY: both},
                "levels": {SERVICE: level},
                "names": {US: "PRØVE AS", HUMAN: "KARI ÅSNES", SOMEBODY: "TORGEIR ÅSNES"},
            }
        )
        play.world.forget_rendered()

    def secret(self, title: str = OPEN, *, letter: bool = True) -> str:
        """A dialog with other texts for those whose level is too low."""
        content = {
            "title": text(title),
            "summary": text(f"Om {title}"),
            "nonSensitiveTitle": text(PLAIN),
            "nonSensitiveSummary": text(f"Om {PLAIN}"),
        }
        dialog_id = self.play.dialog(A, content=content)
        if letter:
            self.play.letter(dialog_id)
        return dialog_id

    def opened_in_the_portal(self, dialog_id: str) -> None:
        self.play.write("GET", f"/enduser/dialogs/{dialog_id}", caller=SOMEBODY)

    def sync(self, passes: frozenset[Pass] = POLL, *, after: float = 60) -> RunResult:
        """One run, a minute after the one before; what it asked is in `asked`."""
        self.play.clock.skip(after)
        self.play.world.requests.reset()
        return self.play.runner.run(self.play.archive, Wanted(passes))

    def asked(self, who: tuple[str, str] | None = None) -> Counter[str]:
        """The requests of the last run, all or one identity's, by the last part of their path."""
        caller = None if who is None else self.callers[who]
        found: Counter[str] = Counter()
        for entry in self.play.world.requests.entries:
            if caller is None or entry.caller == caller:
                last = entry.path.rstrip("/").rsplit("/", 1)[1]
                found["details" if "-" in last else last] += 1
        return found

    def standing(self, dialog_id: str) -> tuple[object, object, object]:
        row = self.play.row(dialog_id)
        return row["title"], row["access"], row["connection"]

    def verdict(self, dialog_id: str) -> str:
        sql = f"SELECT next_step FROM verdict WHERE dialog_id = '{dialog_id}'"
        with self.play.archive.query_read_only(sql) as answer:
            return str(next(iter(answer.rows))[0])

    def differences(self) -> list[str]:
        """Where the archive does not equal what the two may read."""
        world = self.play.world
        truths = {
            who: msgspec.json.decode(msgspec.json.encode(truth_for(world, named_caller(world, caller))))
            for who, caller in self.callers.items()
        }
        return differences(self.play.tables(), truths)

    def verified(self) -> list[tuple[str, str]]:
        """What `dialogarkiv verify` finds to differ: its kind and what it is about."""
        play = self.play
        report = verified(play.settings, play.archive, play.runner.http, play.env, play.hear, None, None, None)
        return [(each.kind, each.what) for each in report.differences]

    def is_idle(self, passes: frozenset[Pass] = POLL) -> bool:
        """Whether one more run writes no row and asks for no dialog by itself."""
        result = self.sync(passes)
        asked = self.asked()
        rows = [(report.rows_written, report.changes_written, report.openings) for report in result.reports]
        assert not any(any(each) for each in rows), (rows, asked)
        if passes == POLL:
            # Of each identity its parties and one list, and the limits once.
            assert asked == {"parties": 2, "dialogs": 2, "limits": 1}, asked
        return True


@contextmanager
def household(
    folder: Path, policy: str = "always", *, first: str = "prove", archive: str = "sqlite:///arkiv.db"
) -> Iterator[Household]:
    """Everything may be opened, unless told otherwise."""
    with playground(folder, policy, archive) as play:
        home = Household(play, first)
        home.allow(4)
        yield home
