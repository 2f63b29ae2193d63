"""Rows and their decoders: a decoder must return the attributes that it was made for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.values.rows import decode_row, decoder_of, encode_row, row_json, row_size
from tests.support.value_strategies import deterministic, scalars, values

TRICKY = [
    'a"b',
    'x"a',
    '\\"b',
    "a\\",
    "a",
    "b",
    "S",
    "N",
    "M",
    "L",
    ":",
    ":{",
    ",",
    "}",
    "]",
    '"',
    "\\",
    '"a":',
    "ä",
    "\n",
    '},"a',
    '"M":{',
]
names = st.sampled_from(TRICKY)
contents = st.lists(st.sampled_from([*TRICKY, "{", '{"N":"1"}']), max_size=4).map("".join)
tricky_values = st.recursive(
    st.one_of(scalars, contents.map(lambda text: {"S": text}), contents.map(lambda text: {"SS": [text]})),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda elements: {"L": elements}),
        st.dictionaries(names, inner, max_size=3).map(lambda entries: {"M": entries}),
    ),
    max_leaves=6,
)
items = st.dictionaries(names, st.one_of(values, tricky_values), max_size=6)


@deterministic
@given(items, st.integers(0, 2**24 - 1))
def test_a_row_holds_the_item_and_its_size(item, size):
    row = encode_row(item, size)
    assert row[0] == 1
    assert row_size(row) == size
    assert decode_row(row) == item
    assert row == b"\1" + size.to_bytes(3, "big") + row_json(row)


@deterministic
@given(items, st.frozensets(names, max_size=4))
def test_a_decoder_returns_the_attributes_it_is_made_for(item, wanted):
    found = decoder_of(wanted)(encode_row(item, 0))
    assert found.items() <= item.items()
    assert {name: found.get(name) for name in wanted} == {name: item.get(name) for name in wanted}


@pytest.mark.parametrize(
    ("item", "wanted"),
    [
        ({"x": {"M": {"a": {"N": "1"}}}}, "a"),
        ({"a": {"M": {"a": {"N": "1"}, "b": {"N": "2"}}}, "b": {"N": "3"}}, "b"),
        ({"a": {"S": '"b":{"N":"1"}'}, "b": {"N": "2"}}, "b"),
        ({"a": {"S": '},"'}, "b": {"N": "2"}}, "a"),
        ({"a": {"S": "},"}, "b": {"N": "2"}}, "a"),
        ({"a": {"L": [{"M": {}}, {"SS": ["}", ","]}]}, "b": {"N": "2"}}, "a"),
        ({"a": {"M": {":{": {"S": "x"}}}}, ":{"),
        ({"a": {"S": "x"}, "b": {"S": "y"}}, "S"),
        ({'a"v': {"N": "1"}, "v": {"N": "2"}}, "v"),
        ({'a"v': {"N": "1"}}, "v"),
        ({'a\\"v': {"N": "1"}, "v": {"N": "2"}}, "v"),
    ],
)
def test_a_name_inside_a_value_is_not_an_attribute(item, wanted):
    assert decoder_of(frozenset((wanted,)))(encode_row(item, 0)).get(wanted) == item.get(wanted)


def test_of_a_simple_row_only_the_requested_attributes_are_decoded():
    row = encode_row({"a": {"N": "1"}, "b": {"L": [{"S": "}"}]}, "c": {"S": "x"}, "d": {"M": {}}}, 0)
    assert decoder_of(frozenset())(row) == {}
    assert decoder_of(frozenset("ab"))(row) == {"a": {"N": "1"}, "b": {"L": [{"S": "}"}]}}
    assert decoder_of(frozenset("xc"))(row) == {"c": {"S": "x"}}
