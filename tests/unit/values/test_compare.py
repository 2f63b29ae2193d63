from base64 import b64encode
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
    ({"S": "é𝄞"}, 3),  # UTF-16 units
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
