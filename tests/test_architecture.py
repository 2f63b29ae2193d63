"""Imports go one way, and every operation is whole: handler, request model, test."""

import ast
from pathlib import Path

import pytest

from emulator import operations
from emulator.model.service import operations as service_operations
from emulator.operations.registry import registered

ROOT = Path(__file__).parents[1]
LEAVES = {
    "caching",
    "clock",
    "errors",
    "escaping",
    "limits",
    "log_limits",
    "settings",
    "sharing",
    "slices",
    "version",
}
MAY_IMPORT = {
    "cli": {"app", "commands", "database", "flags", "functions", "http", "storage"},
    "commands": {"database", "flags", "storage"},
    "flags": set(),
    "__main__": {"cli"},
    "http": {"app", "functions", "database", "values", "storage"},
    "app": {"operations", "functions", "database", "model", "storage"},
    "functions": {"database", "model", "values", "storage"},
    "operations": {"partiql", "database", "expressions", "model", "values", "storage"},
    "partiql": {"database", "expressions", "values", "storage"},
    "model": {"values"},
    "database": {"expressions", "values", "storage"},
    "expressions": {"values"},
    "values": set(),
    "caching": set(),
    "errors": set(),
    "escaping": set(),
    "limits": set(),
    "log_limits": set(),
    "settings": set(),
    "clock": set(),
    "sharing": set(),
    "slices": set(),
    "version": set(),
    "storage": set(),
}
"""Each part of the program, and the parts it may import besides itself and the leaves."""

ONLY_STANDARD_LIBRARY = LEAVES
ASYNC_PARTS = {"http"}


def sources():
    for folder in ("emulator", "storage"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def part_of(module: str) -> str:
    """Return the part a dotted module belongs to."""
    names = module.split(".")
    if names[0] == "storage":
        return "storage"
    return names[1] if len(names) > 1 else "emulator"


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "emulator":
            found.update(f"emulator.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module)
    return found


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_one_way(path):
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if part == "__init__":
        assert imported(path) == set()
        return
    ours = {part_of(module) for module in imported(path) if module.split(".")[0] in ("emulator", "storage")}
    leaves = set() if part == "storage" else LEAVES
    assert ours <= MAY_IMPORT[part] | leaves | {part}


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_http_is_asynchronous(path):
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    nodes = {type(node) for node in ast.walk(ast.parse(path.read_text()))}
    assert part in ASYNC_PARTS or not nodes & {ast.AsyncFunctionDef, ast.Await}
    assert part in ASYNC_PARTS or not imported(path) & {"asyncio", "threading", "socket"}


REAL_TIME = {"now", "utcnow", "today"}
"""What datetime's classes ask the machine."""

KNOW_REAL_TIME = ("emulator/clock.py", "emulator/http/", "emulator/functions/child.py", "emulator/log_limits.py")
"""The clock itself, sockets, the log, and the processes in which functions run: how long one may run is real time."""


@pytest.mark.parametrize("path", list(sources()), ids=lambda path: str(path.relative_to(ROOT)))
def test_few_know_the_real_time(path):
    """Everything else asks the emulator's clock, so that a test that turns it turns everything."""
    if path.relative_to(ROOT).as_posix().startswith(KNOW_REAL_TIME):
        return
    attributes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Attribute)]
    asked = {ast.unparse(node) for node in attributes if node.attr in REAL_TIME}
    assert "time" not in imported(path)
    assert not {text for text in asked if text.split(".")[-2] in ("datetime", "date")}


def test_every_handler_is_of_an_operation_that_the_service_has():
    assert operations
    assert set(registered()) <= set(service_operations())


@pytest.mark.parametrize("name", sorted(registered()))
def test_every_operation_has_a_black_box_test(name):
    words = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name).lstrip("_")
    texts = [path.read_text() for path in (ROOT / "tests" / "compat").glob("test_*.py")]
    assert any(f".{words}(" in text or f'"{name}"' in text for text in texts)
