"""Rules that this emulator once had wrong: the rows of tests/cases/corrections, and their index.

The rules come from a list of November 2026. An entry is named after the number of its rule in that
list. It is an object:

| member | meaning |
|---|---|
| `rule` | the rule in a few words |
| `source` | where emulator/reference states it |
| `note` | what is not certain, or how the entry is followed |
| `tests` | other tests that fail if the rule breaks |
| `rows` | calls with their answers (support/corrections.py) |
"""

import ast
import re
from functools import cache

import pytest

from tests.support.corrections import ROOT, Rows, agrees, entries, expected_of

ENTRIES = dict(entries())
ROWS = [pytest.param(row, id=f"{name}: {row['case']}") for name, entry in ENTRIES.items() for row in entry["rows"]]


@pytest.mark.parametrize("row", ROWS)
def test_row(row):
    server = Rows(row)
    found = server.outcome(row)
    server.emulator.close()
    assert agrees(expected_of(row), found), found


def test_every_entry_is_in_the_index():
    assert sorted(ENTRIES, key=lambda name: int(name[1:])) == [f"C{number}" for number in range(1, 118)]


@cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_names_its_source_and_tests_that_exist(name):
    entry = ENTRIES[name]
    assert entry["tests"] or entry["rows"]
    missing = [test for test in entry["tests"] if test.partition("::")[2] not in functions_of(test.partition("::")[0])]
    assert missing == []
    document, section = entry["source"].split()
    text = (ROOT / "emulator" / "reference" / f"{document}.md").read_text()
    assert re.search(rf"^##+ {re.escape(section)}\.? ", text, re.MULTILINE)


def test_names_of_rows_are_unique():
    for entry in ENTRIES.values():
        cases = [row["case"] for row in entry["rows"]]
        assert len(cases) == len(set(cases))


@pytest.mark.parametrize(
    ("expected", "found", "same"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"a": 2}, False),
        ({"a": None}, {"b": 1}, True),
        ({"a": None}, {"a": 1}, False),
        ({"a": {}}, {}, False),
        ([{"a": 1}], [{"a": 1}, {"a": 1}], False),
        ([1, 2], [2, 1], False),
        ({"$has": ["b", "c"]}, "abc", True),
        ({"$has": ["b", "x"]}, "abc", False),
        ({"$has": ["b"]}, None, False),
        ({"answer": {}}, {"error": {}}, False),
    ],
)
def test_answers_are_compared(expected, found, same):
    assert agrees(expected, found) is same
