"""The sizes of values by the rules of behaviour 2.3. test_wire.py tests that parsing a request
computes the same sizes.
"""

import pytest

from emulator.limits import ITEM_SIZE
from emulator.values.size import binary_size, changed_size, item_size, utf8_size, value_size

SIZES = [
    ({"S": ""}, 0),
    ({"S": "abc"}, 3),
    ({"S": "é€😀"}, 9),
    ({"N": "0"}, 1),
    ({"N": "-42"}, 3),
    ({"N": "3.14159"}, 5),
    ({"B": ""}, 0),
    ({"B": "AA=="}, 1),
    ({"B": "AAA="}, 2),
    ({"B": "AAAAAAAA"}, 6),
    ({"BOOL": True}, 1),
    ({"BOOL": False}, 1),
    ({"NULL": True}, 1),
    ({"SS": ["a", "é"]}, 3),
    ({"NS": ["1", "-1", "100"]}, 7),
    ({"BS": ["", "AA==", "AAAA"]}, 4),
    ({"L": []}, 3),
    ({"L": [{"S": "ab"}, {"L": []}]}, 3 + 1 + 2 + 1 + 3),
    ({"M": {}}, 3),
    ({"M": {"é": {"S": "ab"}, "b": {"M": {}}}}, 3 + 2 + 1 + 2 + 1 + 1 + 3),
]


@pytest.mark.parametrize(("value", "size"), SIZES)
def test_value_size(value, size):
    assert value_size(value) == size
    assert item_size({"é1": value, "k": {"S": "x"}}) == 3 + size + 2


def test_empty_item():
    assert item_size({}) == 0


@pytest.mark.parametrize(("text", "size"), [("", 0), ("a", 1), ("é", 2), ("€", 3), ("😀", 4), ("aé", 3)])
def test_utf8_size(text, size):
    assert utf8_size(text) == size


@pytest.mark.parametrize(("text", "size"), [("", 0), ("QQ==", 1), ("QUI=", 2), ("QUJD", 3), ("QUJDRA==", 4)])
def test_binary_size(text, size):
    assert binary_size(text) == size


HALF = {"S": "x" * (ITEM_SIZE // 2)}


@pytest.mark.parametrize("names", ["ab", "ba"])
def test_changed_size_when_attributes_are_removed_too(names):
    """Bytes of removed attributes are subtracted even if the bytes added before exceed
    the limit.
    """
    before = {"k": {"S": "x"}, "a": HALF}
    after = {"k": {"S": "x"}, "b": HALF}
    assert changed_size(item_size(before), before, after, names) == item_size(after)


def test_changed_size_stops_adding_far_above_the_limit():
    before = {"k": {"S": "x"}, "z": HALF}
    after = {f"a{number}": HALF for number in range(150)}
    names = iter(after)
    assert changed_size(item_size(before), before, after, names) > ITEM_SIZE
    assert len(list(names)) > 140
