"""The registry of controls: rules for every control, and calls in process."""

from collections import Counter

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from tests.support.tables import table_request

ALL = registry.registered()


def test_names_of_controls_are_unique():
    assert [
        call for call, count in Counter((each.method, each.path) for each in ALL.values()).items() if count > 1
    ] == []


@pytest.mark.parametrize("name", ALL)
def test_every_control_is_complete(name):
    """It has a summary, and a GET changes nothing: any web page may link to one (origins.py)."""
    found = ALL[name]
    assert found.method == "POST" or (found.method == "GET" and not found.changes)
    assert found.summary
    assert found.summary.strip(". ") == found.summary


@pytest.mark.parametrize("name", [name for name, each in ALL.items() if each.method == "POST"])
def test_every_control_names_its_members(db, name):
    """The command `control` shows the members, and the docstring of the control's module explains
    them.
    """
    found = ALL[name]
    names = [each.removesuffix("?") for each in found.members]
    assert names
    for each in names:
        assert each in found.explanation
    with pytest.raises(BadDeclaration) as refusal:
        registry.call(db.emulator, name, {"Colour": "red"})
    _, there_are, listed = str(refusal.value).partition("there is no member Colour; there are: ")
    if there_are:
        assert set(listed.split(", ")) <= set(names)


def test_a_call_in_process(db):
    assert registry.call(db.emulator, "move_clock", {"Freeze": 2_000_000_000})["Now"] == 2_000_000_000
    assert registry.call(db.emulator, "clock", {})["Frozen"] is True
    with pytest.raises(BadDeclaration, match="exactly one of the members"):
        registry.call(db.emulator, "move_clock", {})


def test_a_long_call_runs_to_its_end(db):
    assert registry.call(db.emulator, "ttl", {}) == {"Deleted": 0, "Tables": {}}


def test_a_control_that_does_not_exist(db):
    with pytest.raises(registry.Unknown, match="there is no control tll; there are: accounts, advice, "):
        registry.call(db.emulator, "tll", {})


def test_accounts_have_their_tables_counted(db):
    empty = {"Accounts": [], "More": False, "Shared": False}
    assert registry.call(db.emulator, "accounts", {}) == empty
    for key, region, name in (("b", "r", "abc"), ("111122223333", "r", "abc"), ("b", "r", "abd")):
        db.caller = db.emulator.caller(key, region)
        db("CreateTable", **table_request("pk:S", TableName=name))
    entry = {"Region": "r"}
    assert registry.call(db.emulator, "accounts", {})["Accounts"] == [
        entry | {"AccessKey": "111122223333", "Account": "111122223333", "Tables": 1},
        entry | {"AccessKey": "b", "Account": "123456789012", "Tables": 2},
    ]
