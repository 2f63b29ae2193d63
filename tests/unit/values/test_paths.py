"""Paths in items: reading and projecting, sharing unchanged values, depth."""

import copy

import pytest

from emulator.errors import ApiError
from emulator.values import paths

ITEM = {
    "s": {"S": "text"},
    "m": {"M": {"a": {"N": "1"}, "l": {"L": [{"S": "x"}, {"M": {"b": {"S": "deep"}}}]}}},
    "l": {"L": [{"N": "0"}, {"N": "1"}, {"N": "2"}]},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("s",), {"S": "text"}),
        (("absent",), None),
        (("m", "a"), {"N": "1"}),
        (("m", "l", 1, "b"), {"S": "deep"}),
        (("m", "l", 2), None),
        (("m", "l", "a"), None),
        (("m", 0), None),
        (("l", 2), {"N": "2"}),
        (("l", 3), None),
        (("s", "a"), None),
        (("s", 0), None),
        (("absent", "a", 0), None),
        (("m", "a", "b", "c"), None),
    ],
)
def test_get(path, value):
    assert paths.get(ITEM, path) == value


def test_projection_merges_paths_and_closes_gaps_in_lists():
    wanted = [("l", 2), ("m", "l", 1, "b"), ("l", 0), ("m", "a"), ("absent", 0), ("s", 0)]
    assert paths.project(ITEM, wanted) == {
        "l": {"L": [{"N": "0"}, {"N": "2"}]},
        "m": {"M": {"a": {"N": "1"}, "l": {"L": [{"M": {"b": {"S": "deep"}}}]}}},
    }
    assert paths.project(ITEM, []) == {}


def test_project_keeps_the_order_of_the_item():
    item = {name: {"M": {inner: {"S": "x"} for inner in "zyxwvutsr"}} for name in "hgfedcba"}
    wanted = [(name, inner) for inner in "vwxzy" for name in "abcdefg"]
    projected = paths.project(item, wanted)
    assert list(projected) == list("gfedcba")
    assert [list(value["M"]) for value in projected.values()] == [list("zyxwv")] * 7


def test_places_are_in_the_order_of_the_item():
    item = {"b": {"M": {"y": {"L": [{"S": "0"}, {"S": "1"}]}, "x": {"S": "2"}}}, "a": {"S": "3"}}
    wanted = [("a",), ("b", "x"), ("b", "y", 1), ("b", "y", 0)]
    assert sorted(wanted, key=lambda path: paths.position_of(item, path)) == wanted[::-1]


def changed(item, leaves, skipped=()):
    targets = paths.tree([(path, number) for number, (path, _) in enumerate(leaves)])
    change = paths.Change([result for _, result in leaves])
    return change.item(item, targets, skipped)


def test_change_copies_only_what_it_touches():
    before = copy.deepcopy(ITEM)
    new = changed(ITEM, [(("m", "l", 1, "b"), {"S": "new"})])
    assert new["m"]["M"]["l"]["L"][1] == {"M": {"b": {"S": "new"}}}
    assert before == ITEM
    assert new["l"] is ITEM["l"]
    assert new["m"]["M"]["l"]["L"][0] is ITEM["m"]["M"]["l"]["L"][0]


def test_positions_in_lists_are_those_before_the_change():
    leaves = [
        (("l", 0), None),
        (("l", 1), {"S": "one"}),
        (("l", 2), None),
        (("l", 9), {"S": "nine"}),
        (("l", 5), {"S": "five"}),
        (("l", 7), None),
    ]
    new = changed(ITEM, leaves)
    assert new["l"] == {"L": [{"S": "one"}, {"S": "five"}, {"S": "nine"}]}


def test_other_elements_can_change_when_one_is_removed():
    item = {"l": {"L": [{"S": "x"}, {"M": {}}]}}
    new = changed(item, [(("l", 0), None), (("l", 1, "a"), {"N": "1"})])
    assert new == {"l": {"L": [{"M": {"a": {"N": "1"}}}]}}


@pytest.mark.parametrize(
    "path", [("absent", "a"), ("s", "a"), ("s", 0), ("m", 0), ("l", "a"), ("l", 3, "a"), ("m", "x", "y")]
)
@pytest.mark.parametrize("result", [None, {"S": "x"}])
def test_a_change_needs_the_parents_of_its_path(path, result):
    with pytest.raises(ApiError) as caught:
        changed(ITEM, [(path, result)])
    assert caught.value.message == "The document path provided in the update expression is invalid for update"


def test_change_skips_only_missing_attributes():
    assert changed(ITEM, [(("absent", "a"), None)], {"absent"}) == ITEM
    with pytest.raises(ApiError):
        changed(ITEM, [(("s", "a"), None)], {"s"})


def test_long_paths_are_handled_without_recursion():
    path = ("m", *["a"] * 5000)
    assert paths.get(ITEM, path) is None
    assert paths.project(ITEM, [path]) == {}
    with pytest.raises(ApiError):
        changed(ITEM, [(path, None)])
