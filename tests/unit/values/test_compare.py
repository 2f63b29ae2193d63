from base64 import b64encode
from binascii import a2b_base64
from copy import deepcopy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.values import compare, wire
from tests.support.value_strategies import deterministic, values

ORDERS = [
    ({"S": "a"}, {"S": "b"}, -1),
    ({"S": "a"}, {"S": "a"}, 0),
    ({"S": ""}, {"S": "a"}, -1),
    ({"S": "Z"}, {"S": "a"}, -1),
    ({"S": "\uffff"}, {"S": "\U00010000"}, -1),
    ({"N": "9"}, {"N": "10"}, -1),
    ({"N": "-9"}, {"N": "-10"}, 1),
    ({"N": "-1"}, {"N": "0"}, -1),
    ({"N": "1.5"}, {"N": "1.25"}, 1),
    ({"N": "0.5"}, {"N": "0.5"}, 0),
    ({"N": "1"}, {"N": "0.999"}, 1),
    ({"N": "12"}, {"N": "12.5"}, -1),
    ({"B": "AA=="}, {"B": "/w=="}, -1),
    ({"B": ""}, {"B": "AA=="}, -1),
    ({"B": "AA=="}, {"B": "AAA="}, -1),
    ({"B": "AA=="}, {"B": "AA=="}, 0),
    ({"S": "1"}, {"N": "1"}, None),
    ({"N": "1"}, {"B": "AA=="}, None),
    ({"S": "a"}, {"B": "AA=="}, None),
    ({"BOOL": True}, {"BOOL": True}, None),
    ({"NULL": True}, {"NULL": True}, None),
    ({"SS": ["a"]}, {"SS": ["a"]}, None),
    ({"L": []}, {"L": []}, None),
    ({"M": {}}, {"M": {}}, None),
]


@pytest.mark.parametrize(("left", "right", "expected"), ORDERS)
def test_order(left, right, expected):
    assert compare.order(left, right) == expected
    assert compare.order(right, left) == (None if expected is None else -expected)


EQUALS = [
    ({"S": "a"}, {"S": "a"}, True),
    ({"S": "1"}, {"N": "1"}, False),
    ({"N": "1.0"}, {"N": "1"}, True),
    ({"NULL": True}, {"NULL": True}, True),
    ({"BOOL": True}, {"BOOL": False}, False),
    ({"SS": ["a", "b"]}, {"SS": ["b", "a"]}, True),
    ({"SS": ["a", "b"]}, {"SS": ["a"]}, False),
    ({"SS": ["1"]}, {"NS": ["1"]}, False),
    ({"NS": ["1", "2.0"]}, {"NS": ["2", "1.0"]}, True),
    ({"BS": ["AA==", "/w=="]}, {"BS": ["/w==", "AA=="]}, True),
    ({"L": [{"S": "a"}, {"S": "b"}]}, {"L": [{"S": "b"}, {"S": "a"}]}, False),
    ({"L": [{"SS": ["a", "b"]}]}, {"L": [{"SS": ["b", "a"]}]}, True),
    ({"M": {"a": {"N": "1"}, "b": {"S": ""}}}, {"M": {"b": {"S": ""}, "a": {"N": "1.00"}}}, True),
    ({"M": {"a": {"N": "1"}}}, {"M": {"a": {"N": "2"}}}, False),
    # only the 38th digit differs
    ({"NS": ["1" * 38]}, {"NS": ["1" * 37 + "2"]}, False),
]


@pytest.mark.parametrize(("left", "right", "expected"), EQUALS)
def test_equal(left, right, expected):
    left, right = deepcopy(left), deepcopy(right)
    wire.parse_value(left, [])
    wire.parse_value(right, [])
    assert compare.equal(left, right) is expected
    assert compare.equal(right, left) is expected


CONTAINS = [
    ({"S": "hello"}, {"S": "ell"}, True),
    ({"S": "hello"}, {"S": ""}, True),
    ({"S": "hello"}, {"S": "x"}, False),
    ({"S": "123"}, {"N": "2"}, False),
    ({"B": "AQID"}, {"B": "Ag=="}, True),  # compared as bytes: the base64 text does not contain "Ag=="
    ({"B": "AQID"}, {"B": "Aw=="}, True),
    ({"B": "AQID"}, {"B": "BA=="}, False),
    ({"B": "AQID"}, {"S": "AQ"}, False),
    ({"SS": ["a", "b"]}, {"S": "b"}, True),
    ({"SS": ["ab"]}, {"S": "a"}, False),
    ({"SS": ["1"]}, {"N": "1"}, False),
    ({"SS": ["a", "b"]}, {"SS": ["a"]}, False),
    ({"NS": ["1", "2"]}, {"N": "2"}, True),
    ({"NS": ["1", "2"]}, {"S": "2"}, False),
    ({"BS": ["AA=="]}, {"B": "AA=="}, True),
    ({"BS": ["AA=="]}, {"B": "/w=="}, False),
    ({"L": [{"S": "a"}, {"N": "1"}]}, {"N": "1"}, True),
    ({"L": [{"S": "ab"}]}, {"S": "a"}, False),
    ({"L": [{"L": [{"N": "1"}]}]}, {"L": [{"N": "1"}]}, True),
    ({"L": [{"SS": ["a", "b"]}]}, {"SS": ["a", "b"]}, True),
    ({"L": [{"SS": ["a", "b"]}]}, {"S": "a"}, False),
    ({"L": [{"NULL": True}]}, {"NULL": True}, True),
    ({"M": {"a": {"S": "b"}}}, {"S": "a"}, False),
    ({"M": {"a": {"S": "b"}}}, {"S": "b"}, False),
    ({"N": "123"}, {"N": "2"}, False),
    ({"N": "123"}, {"S": "2"}, False),
    ({"BOOL": True}, {"BOOL": True}, False),
    ({"NULL": True}, {"NULL": True}, False),
]


@pytest.mark.parametrize(("container", "operand", "expected"), CONTAINS)
def test_contains(container, operand, expected):
    assert compare.contains(container, operand) is expected


BEGINS_WITH = [
    ({"S": "hello"}, {"S": "he"}, True),
    ({"S": "hello"}, {"S": ""}, True),
    ({"S": "hello"}, {"S": "hello!"}, False),
    ({"S": "hello"}, {"S": "l"}, False),
    ({"B": "AQID"}, {"B": "AQ=="}, True),  # compared as bytes
    ({"B": "AQID"}, {"B": "AQM="}, False),
    ({"B": "AQID"}, {"S": "AQ"}, False),
    ({"S": "AQID"}, {"B": "AQ=="}, False),
    ({"N": "123"}, {"S": "1"}, False),
    ({"N": "123"}, {"N": "1"}, False),
    ({"SS": ["a"]}, {"S": "a"}, False),
]


@pytest.mark.parametrize(("value", "prefix", "expected"), BEGINS_WITH)
def test_begins_with(value, prefix, expected):
    assert compare.begins_with(value, prefix) is expected


SIZES = [
    ({"S": "é€"}, 2),
    ({"S": "é𝄞"}, 3),  # the size counts UTF-16 units
    ({"S": "a\ud834"}, 2),
    ({"S": ""}, 0),
    ({"B": "AQI="}, 2),
    ({"B": ""}, 0),
    ({"SS": ["a", "b"]}, 2),
    ({"NS": ["1"]}, 1),
    ({"BS": ["AA==", "/w=="]}, 2),
    ({"L": []}, 0),
    ({"L": [{"S": "abc"}, {"L": []}]}, 2),
    ({"M": {"a": {"S": "x"}}}, 1),
    ({"N": "123"}, None),
    ({"BOOL": True}, None),
    ({"NULL": True}, None),
]


@pytest.mark.parametrize(("value", "expected"), SIZES)
def test_size_of(value, expected):
    assert compare.size_of(value) == expected


@deterministic
@given(st.text(), st.text())
def test_strings_are_ordered_by_their_utf8(left, right):
    x, y = left.encode(), right.encode()
    assert compare.order({"S": left}, {"S": right}) == (x > y) - (x < y)


@deterministic
@given(st.binary(), st.binary())
def test_binaries_compare_as_bytes(left, right):
    a, b = {"B": b64encode(left).decode()}, {"B": b64encode(right).decode()}
    assert compare.order(a, b) == (left > right) - (left < right)
    assert compare.contains(a, b) == (right in left)
    assert compare.begins_with(a, b) == left.startswith(right)
    assert compare.size_of(a) == len(left)


@deterministic
@given(values, values)
def test_functions_take_any_pair_of_values(left, right):
    for value in (left, right):
        wire.parse_value(value, [])
    assert compare.equal(left, deepcopy(left))
    assert compare.contains({"L": [right, left]}, left)
    assert type(compare.contains(left, right)) is bool
    assert type(compare.begins_with(left, right)) is bool
    if (order := compare.order(left, right)) is not None:
        assert (order == 0) == compare.equal(left, right)


# --- with a memory of large values ----------------------------------------------------------------


class Searched(list):
    """A list that counts how often it is searched from its start."""

    searches = 0

    def __contains__(self, element):
        self.searches += 1
        return super().__contains__(element)


ELEMENTS = [
    {"S": "1"},
    {"N": "1"},
    {"B": "MQ=="},
    {"BOOL": True},
    {"NULL": True},
    {"SS": ["1", "2"]},
    {"L": [{"N": "1"}]},
    {"M": {"a": {"S": "1"}, "b": {"S": "2"}}},
]
OTHERS = [
    {"S": "2"},
    {"B": "MTE="},
    {"BOOL": False},
    {"NS": ["1", "2"]},
    {"L": []},
    {"L": [{"L": [{"N": "1"}]}]},
    {"M": {"a": {"S": "1"}}},
]


def test_a_large_list_is_searched_a_few_times_and_then_indexed():
    elements = Searched([*ELEMENTS, *[{"NULL": True}] * 1000])
    same = {"M": {"b": {"S": "2"}, "a": {"S": "1"}}}

    def found(_item, _values):
        return [compare.contains({"L": elements}, each) for each in [*OTHERS, *ELEMENTS, same] * 10]

    wanted = [*[False] * len(OTHERS), *[True] * len(ELEMENTS), True] * 10
    assert found(None, None) == wanted
    assert elements.searches == len(wanted)
    elements.searches = 0
    assert compare.remembering(found)(None, None) == wanted
    assert elements.searches == 3


def test_what_is_remembered_is_forgotten_after_the_test():
    elements = [{"N": str(number)} for number in range(1000)]

    def found(_item, _values):
        return [compare.contains({"L": elements}, {"S": "x"}) for _ in range(10)]

    def fails(item, values):
        assert found(item, values) == [False] * 10
        raise ValueError("fails")

    test = compare.remembering(found)
    assert test(None, None) == [False] * 10
    with pytest.raises(ValueError, match="fails"):
        compare.remembering(fails)(None, None)
    assert compare._memory is None
    elements[0] = {"S": "x"}
    assert test(None, None) == [True] * 10


class Compared(list):
    """A list that counts how often it is compared."""

    compared = 0

    def __eq__(self, other):
        self.compared += 1
        return super().__eq__(other)

    __hash__ = None


def test_large_values_are_compared_once():
    left = {"L": Compared([{"N": "1"}] * 10)}
    right = {"L": [{"N": "1"}] * 10}
    test = compare.remembering(lambda _item, _values: [compare.equal(left, right) for _ in range(10)])
    assert test(None, None) == [True] * 10
    assert left["L"].compared == 1


def test_numbers_that_size_makes_are_compared_each_time():
    """Such a number does not outlive its operator, so a later number may have its id. No outcome
    must be remembered by this id.
    """
    test = compare.remembering(
        lambda _item, _values: [compare.equal({"N": str(number)}, {"N": "3"}) for number in range(10)]
    )
    assert test(None, None) == [number == 3 for number in range(10)]


def test_large_binaries_are_decoded_once(monkeypatch):
    decoded = []
    monkeypatch.setattr(compare, "a2b_base64", lambda text: decoded.append(text) or a2b_base64(text))
    large, other = {"B": "AAAA" * 5000}, {"B": "AAAB" * 5000}

    def tested(_item, _values):
        for _ in range(10):
            assert compare.order(large, other) == -1
            assert compare.begins_with(large, {"B": "AAAA"})
            assert not compare.contains(large, other)
        return True

    assert compare.remembering(tested)(None, None)
    assert sorted(map(len, decoded)) == [4] * 10 + [20_000] * 2
