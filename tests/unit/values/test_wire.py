import json
import sys
from base64 import b64encode
from copy import deepcopy

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import limits
from emulator.errors import ApiError
from emulator.values import problems as module
from emulator.values import rows, sets, wire
from emulator.values.problems import MOST_PROBLEMS, Problem, first_problem
from emulator.values.size import item_size, value_size
from tests.support.value_strategies import deterministic, items, values

JAVA = "com.amazonaws.dynamodb.v20120810.AttributeValue"
STRUCTURE = "Start of structure or map found where not expected"
MAP = f"Unrecognized collection type java.util.Map<java.lang.String, {JAVA}>"
FIELD = "Unexpected field type"
NO_STRING = "Unrecognized collection type class java.lang.String"
NO_BOOLEAN = "Unrecognized collection type class java.lang.Boolean"
NO_BUFFER = "Unrecognized collection type class java.nio.ByteBuffer"
NO_VALUE = f"Unrecognized collection type class {JAVA}"
PAYLOAD = "Unexpected value type in payload"
BASE64 = "only base-64-encoded strings are convertible to bytes"
LENGTH = "Base64 encoded length is expected a multiple of 4 bytes but found: "
TAIL = "Invalid last non-pad Base64 character dectected"
TOKEN = "Unexpected token received from parser"


def to(token, java):
    return f"{token}_VALUE cannot be converted to {java}"


def parse(raw):
    """Parse a copy of a value; return the parsed value, its size and its problems."""
    raw = deepcopy(raw)
    problems = []
    size = wire.parse_value(raw, problems)
    return raw, size, problems


def texts(raw, layer="new"):
    return [problem.text(layer) for problem in parse(raw)[2]]


# --- canonical form -------------------------------------------------------------------------------

# (value as sent, canonical value, size by behaviour 2.3)
CANONICAL = [
    ({"S": ""}, {"S": ""}, 0),
    ({"S": "abc"}, {"S": "abc"}, 3),
    ({"S": "é€😀"}, {"S": "é€😀"}, 9),
    ({"N": "1.0"}, {"N": "1"}, 2),
    ({"N": "-42"}, {"N": "-42"}, 3),
    ({"N": "1e2"}, {"N": "100"}, 2),
    ({"B": ""}, {"B": ""}, 0),
    ({"B": "AA=="}, {"B": "AA=="}, 1),
    ({"B": "AAA="}, {"B": "AAA="}, 2),
    ({"B": "AAAA"}, {"B": "AAAA"}, 3),
    ({"B": "+/+/"}, {"B": "+/+/"}, 3),
    ({"BOOL": False}, {"BOOL": False}, 1),
    ({"BOOL": "TRUE"}, {"BOOL": True}, 1),
    ({"BOOL": "yes"}, {"BOOL": True}, 1),
    ({"BOOL": "1"}, {"BOOL": True}, 1),
    ({"BOOL": "No"}, {"BOOL": False}, 1),
    ({"BOOL": "0"}, {"BOOL": False}, 1),
    ({"BOOL": "false"}, {"BOOL": False}, 1),
    ({"NULL": True}, {"NULL": True}, 1),
    ({"NULL": "true"}, {"NULL": True}, 1),
    ({"SS": ["b", "", "é", "a"]}, {"SS": ["", "a", "b", "é"]}, 4),
    # U+FFFF sorts below U+10000 in UTF-8, above it in UTF-16
    ({"SS": ["\U00010000", "\uffff"]}, {"SS": ["\uffff", "\U00010000"]}, 7),
    ({"NS": ["10", "9", "-1.0", "1e1"[:1]]}, {"NS": ["-1", "1", "9", "10"]}, 9),
    ({"NS": ["0.5", "0.25", "-3"]}, {"NS": ["-3", "0.25", "0.5"]}, 7),
    # binaries are sorted by their bytes: as base64, "/w==" (FF) would come before "AA==" (00)
    ({"BS": ["/w==", "AA==", ""]}, {"BS": ["", "AA==", "/w=="]}, 2),
    ({"L": []}, {"L": []}, 3),
    ({"L": [{"N": "01"}, {"S": "ab"}]}, {"L": [{"N": "1"}, {"S": "ab"}]}, 3 + 1 + 2 + 1 + 2),
    ({"M": {}}, {"M": {}}, 3),
    ({"M": {"é": {"N": "+1"}}}, {"M": {"é": {"N": "1"}}}, 3 + 1 + 2 + 2),
    # members that are null or unknown
    ({"S": "a", "N": None}, {"S": "a"}, 1),
    ({"S": "a", "Unknown": 5}, {"S": "a"}, 1),
    ({"Unknown": {"S": 5}, "N": "1.0"}, {"N": "1"}, 2),
    ({"SS": ["b", None, "a"]}, {"SS": ["a", "b"]}, 2),
    ({"NS": [None, "2", "1"]}, {"NS": ["1", "2"]}, 4),
    ({"BS": ["AA==", None]}, {"BS": ["AA=="]}, 1),
]


@pytest.mark.parametrize(("sent", "canonical", "size"), CANONICAL)
def test_canonical(sent, canonical, size):
    assert parse(sent) == (canonical, size, [])
    assert type(parse(sent)[0].get("BOOL", True)) is bool
    assert value_size(canonical) == size


@pytest.mark.parametrize(("sent", "canonical", "size"), CANONICAL)
def test_canonical_inside_documents(sent, canonical, size):
    assert parse({"L": [sent]}) == ({"L": [canonical]}, 4 + size, [])
    assert parse({"M": {"k": sent}}) == ({"M": {"k": canonical}}, 5 + size, [])


# --- problems -------------------------------------------------------------------------------------

INVALID = "One or more parameter values were invalid: "
EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
AMBIGUOUS = (
    "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
)
NOT_NUMERIC = "The parameter cannot be converted to a numeric value"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"
PRECISION = "Attempting to store more than 38 significant digits in a Number"
NULL = INVALID + "Null attribute value types must have the value of true"
LIST = INVALID + "Input collection "
NESTING = (
    "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
)
LONG_NAME = INVALID + "Attribute name is too large, must be less than or equal to 65535 bytes"

# (value, error text in the NEW layer, error text in the OLD layer)
PROBLEMS = [
    ({}, EMPTY, EMPTY),
    ({"Unknown": "x"}, EMPTY, EMPTY),
    ({"S": None}, EMPTY, EMPTY),
    ({"S": "a", "N": "1"}, AMBIGUOUS, AMBIGUOUS),
    ({"M": {"a": {}}, "N": "x"}, AMBIGUOUS, AMBIGUOUS),
    ({"NULL": False}, NULL, NULL),
    ({"NULL": "no"}, NULL, NULL),
    ({"SS": []}, INVALID + "An string set  may not be empty", INVALID + "An string set  may not be empty"),
    ({"SS": [None]}, INVALID + "An string set  may not be empty", INVALID + "An string set  may not be empty"),
    ({"NS": []}, INVALID + "An number set  may not be empty", INVALID + "An number set  may not be empty"),
    ({"BS": []}, INVALID + "Binary sets should not be empty", INVALID + "Binary sets should not be empty"),
    ({"N": "abc"}, NOT_NUMERIC + ": abc", NOT_NUMERIC + ": abc"),
    ({"N": ""}, NOT_NUMERIC + ": ", NOT_NUMERIC),
    ({"N": "1e126"}, OVERFLOW, OVERFLOW),
    ({"N": "1e2147483647"}, OVERFLOW, UNDERFLOW),
    ({"N": "1E+2147483647"}, OVERFLOW, UNDERFLOW),
    ({"N": "1e99999999999"}, OVERFLOW, OVERFLOW),
    ({"N": "1e-131"}, UNDERFLOW, UNDERFLOW),
    ({"N": "1" * 39}, PRECISION, PRECISION),
    ({"NS": ["1", "x", "1"]}, NOT_NUMERIC + ": x", NOT_NUMERIC + ": x"),
    ({"NS": [""]}, NOT_NUMERIC + ": ", NOT_NUMERIC),
    ({"SS": ["b", "a", "b"]}, LIST + '["a", "b", "b"] contains duplicates.', LIST + "[b, a, b] contains duplicates."),
    (
        {"SS": ["d", "c", "d", "b", "c"]},
        LIST + '["c", "d", "d", "b", "c"] contains duplicates.',
        LIST + "[d, c, d, b, c] contains duplicates.",
    ),
    ({"SS": ["", ""]}, LIST + '["", ""] contains duplicates.', LIST + "[, ] contains duplicates."),
    (
        {"BS": ["/w==", "AA==", "AA=="]},
        LIST + '["AA==","/w==","AA=="]of type BS contains duplicates.',
        LIST + "[/w==, AA==, AA==]of type BS contains duplicates.",
    ),
    ({"NS": ["1", "1.0"]}, LIST + "contains duplicates.", "Input collection contains duplicates"),
    ({"M": {"": {"S": "x"}}}, "Empty attribute name", "Empty attribute name"),
    ({"M": {"n" * 65_536: {"S": "x"}}}, LONG_NAME, LONG_NAME),
    ({"M": {"é" * 32_768: {"S": "x"}}}, LONG_NAME, LONG_NAME),
    ({"L": [None]}, EMPTY, EMPTY),
    ({"M": {"a": None}}, EMPTY, EMPTY),
]


@pytest.mark.parametrize(("sent", "new", "old"), PROBLEMS)
def test_problem(sent, new, old):
    assert texts(sent) == [new]
    assert texts(sent, "old") == [old]
    assert texts({"L": [{"S": "a"}, {"M": {"k": sent}}]}) == [new]
    with_name = {"S": "fine", "N": None} if sent is None else sent
    problems = []
    wire.parse_map({"a": {"N": "1"}, "b": deepcopy(with_name)}, problems)
    assert [problem.text() for problem in problems] == [new]
    assert {problem.error().code for problem in problems} == {"ValidationException"}


def test_problems_come_in_walk_order():
    sent = {"L": [{"N": "x"}, {"M": {"a": {"SS": []}, "": {"NULL": False}}}, {}, {"S": "", "B": ""}]}
    assert [problem.kind for problem in parse(sent)[2]] == [
        "not_numeric",
        "empty_set",
        "empty_key",
        "null_false",
        "empty",
        "ambiguous",
    ]


def test_the_longest_name_is_accepted():
    assert parse({"M": {"n" * 65_535: {"S": "x"}, "m" * 65_535: {"S": "x"}}})[1:] == (3 + 2 * 65_537, [])


def test_null_instead_of_a_value_becomes_an_empty_value():
    assert parse({"L": [{"S": "a"}, None]})[0] == {"L": [{"S": "a"}, {}]}
    assert parse({"M": {"a": None, "": None}})[0] == {"M": {"a": {}, "": {}}}
    assert wire.parse_item({"a": None, "b": {"S": "x"}}, []) == {"a": {}, "b": {"S": "x"}}
    assert wire.parse_values({":a": None}, []) == {":a": {}}


def test_a_flood_of_problems_is_capped():
    assert len(parse({"L": [{}] * 500})[2]) == 100
    assert len(parse({"L": [{"SS": ["a", "a"]}] * 500})[2]) == 100


@pytest.mark.parametrize(
    ("kinds", "first"),
    [
        (["overflow", "empty"], "overflow"),
        (["overflow", "empty_key", "empty_name"], "empty_name"),
        (["nesting", "empty_name"], "empty_name"),
        (["empty_key", "overflow"], "empty_key"),
        (["empty_key", "overflow", "nesting"], "nesting"),
        (["overflow", "empty_key", "nesting"], "overflow"),
    ],
)
def test_first_problem(kinds, first):
    assert first_problem([Problem(kind) for kind in kinds]).kind == first


@pytest.mark.parametrize(
    ("kind", "number", "number_or_set"),
    [
        ("not_numeric", True, True),
        ("overflow", True, True),
        ("underflow", True, True),
        ("precision", True, True),
        ("duplicates", False, True),
        ("empty_set", False, False),
        ("nesting", False, False),
    ],
)
def test_flags(kind, number, number_or_set):
    assert (Problem(kind).is_number, Problem(kind).is_number_or_set) == (number, number_or_set)


# If a value has several types, most operations report a bad number among them (behaviour 2.1).
# (value, error text about the number; None if no number is bad)
AMBIGUITIES = [
    ({"S": "a", "N": "abc"}, f"{NOT_NUMERIC}: abc"),
    ({"N": "1e126", "S": "a"}, OVERFLOW),
    ({"B": "AA==", "N": "1e-131", "NULL": True}, UNDERFLOW),
    ({"S": "a", "NS": ["1", "1" * 39]}, PRECISION),
    ({"NS": ["x"], "N": "y"}, f"{NOT_NUMERIC}: x"),
    ({"N": "1", "NS": ["x"]}, f"{NOT_NUMERIC}: x"),
    ({"S": "a", "N": "1"}, None),
    ({"S": "a", "NS": ["1", "1"]}, None),
    ({"S": "a", "NS": []}, None),
    ({"S": "a", "L": [{"N": "x"}]}, None),
    ({"N": "x"}, f"{NOT_NUMERIC}: x"),
]


@pytest.mark.parametrize(("value", "text"), AMBIGUITIES)
def test_numbers_first(value, text):
    for nested in (value, {"L": [{"M": {"a": value}}]}):
        problem = first_problem(parse(json.loads(json.dumps(nested)))[2])
        problem.parameter = "Key"
        problem.placeholder = ":v"
        reported = problem.numbers_first()
        assert reported.text() == (AMBIGUOUS if text is None else text)
        assert problem.text() == (text if len(value) == 1 else AMBIGUOUS)
        assert (reported.parameter, reported.placeholder) == ("Key", ":v")


def test_large_values_are_marked():
    def kind(size):
        problems = []
        return type(wire.parse_values({":a": {"S": "x"}, ":b": {"S": "x" * (size - 1)}}, problems)), problems

    assert kind(wire.LARGE_VALUES) == (dict, [])
    assert kind(wire.LARGE_VALUES + 1) == (wire.LargeValues, [])
    found, problems = kind(2 * 1024 * 1024 + 1)
    assert (found, [problem.kind for problem in problems]) == (wire.LargeValues, ["values_size"])


# --- maps -----------------------------------------------------------------------------------------


def test_names_of_attributes():
    problems = []
    wire.parse_item({"": {"S": "x"}, "a": {"M": {"": {"S": "x"}}}}, problems)
    assert [problem.kind for problem in problems] == ["empty_name", "empty_key"]
    assert {problem.error().message for problem in problems} == {"Empty attribute name"}


def test_the_old_layer_names_the_placeholder_of_a_value():
    problems = []
    assert wire.parse_values({":a": {"N": "1.0"}, ":b": {"L": [{"N": "x"}, {"N": ""}]}}, problems)[":a"] == {"N": "1"}
    assert [problem.placeholder for problem in problems] == [":b", ":b"]
    assert problems[0].text("old") == NOT_NUMERIC + ": x"
    assert [problem.error("old").message for problem in problems] == [
        f"ExpressionAttributeValues contains invalid value: {NOT_NUMERIC}: x for key :b",
        f"ExpressionAttributeValues contains invalid value: {NOT_NUMERIC} for key :b",
    ]
    assert problems[0].error().message == NOT_NUMERIC + ": x"


def test_placeholders_are_not_checked_as_attribute_names():
    problems = []
    wire.parse_values({"": {"S": "x"}}, problems)
    assert problems == []


def test_maps_and_items_are_parsed_in_place():
    raw = {"pk": {"S": "é"}, "n": {"N": "1.50"}}
    assert wire.parse_map(raw, []) is raw
    item = wire.parse_item(raw, [])
    assert item == {"pk": {"S": "é"}, "n": {"N": "1.5"}}
    assert item.size == 2 + 2 + 1 + 3
    assert orjson.dumps(item) == orjson.dumps(raw)


# --- type errors ----------------------------------------------------------------------------------

# (value, message) for each row of the table in behaviour 1.6 that applies to values
TYPE_ERRORS = [
    *[({tag: True}, to("TRUE", "String")) for tag in "SN"],
    *[({tag: False}, to("FALSE", "String")) for tag in "SN"],
    *[({tag: 1}, to("NUMBER", "String")) for tag in "SN"],
    *[({tag: 1.5}, to("DECIMAL", "String")) for tag in "SN"],
    *[({tag: []}, NO_STRING) for tag in "SN"],
    *[({tag: {}}, STRUCTURE) for tag in "SN"],
    *[({tag: 1}, to("NUMBER", "Boolean")) for tag in ("BOOL", "NULL")],
    *[({tag: 1.5}, to("DECIMAL", "Boolean")) for tag in ("BOOL", "NULL")],
    *[({tag: "maybe"}, TOKEN) for tag in ("BOOL", "NULL")],
    *[({tag: ""}, TOKEN) for tag in ("BOOL", "NULL")],
    *[({tag: []}, NO_BOOLEAN) for tag in ("BOOL", "NULL")],
    *[({tag: {}}, STRUCTURE) for tag in ("BOOL", "NULL")],
    ({"B": True}, BASE64),
    ({"B": 1}, BASE64),
    ({"B": 1.5}, BASE64),
    ({"B": []}, NO_BUFFER),
    ({"B": {}}, STRUCTURE),
    ({"B": "A"}, LENGTH + "1"),
    ({"B": "AAAAA"}, LENGTH + "5"),
    ({"B": "AB=="}, TAIL),
    ({"B": "AAB="}, TAIL),
    ({"B": "===="}, TAIL),
    ({"B": "A==="}, TAIL),
    ({"B": "AA==AAAA"}, TAIL),
    ({"B": "AA A"}, TAIL),
    ({"B": "AA-_"}, TAIL),
    ({"B": "éééé"}, TAIL),
    *[({tag: wrong}, FIELD) for tag in ("SS", "NS", "BS", "L", "M") for wrong in (True, 1, 1.5, "x")],
    *[({tag: {}}, STRUCTURE) for tag in ("SS", "NS", "BS", "L")],
    ({"M": []}, MAP),
    *[({tag: ["1", True]}, to("TRUE", "String")) for tag in ("SS", "NS")],
    *[({tag: ["1", 2]}, to("NUMBER", "String")) for tag in ("SS", "NS")],
    *[({tag: ["1", 2.5]}, to("DECIMAL", "String")) for tag in ("SS", "NS")],
    *[({tag: ["1", []]}, NO_STRING) for tag in ("SS", "NS")],
    *[({tag: [None, {}]}, STRUCTURE) for tag in ("SS", "NS")],
    ({"BS": ["AA==", 1]}, BASE64),
    ({"BS": [[]]}, NO_BUFFER),
    ({"BS": [{}]}, STRUCTURE),
    ({"BS": ["AA=="[:3]]}, LENGTH + "3"),
    ({"BS": ["AB=="]}, TAIL),
    *[({"L": [wrong]}, PAYLOAD) for wrong in (True, 1, 1.5, "x")],
    *[({"M": {"a": wrong}}, PAYLOAD) for wrong in (True, 1, 1.5, "x")],
    ({"L": [[]]}, NO_VALUE),
    ({"M": {"a": []}}, NO_VALUE),
]


def nested(value, maps):
    """Return the value inside `maps` maps and lists, which alternate."""
    for level in range(maps):
        value = {"L": [value]} if level % 2 else {"M": {"k": value}}
    return value


@pytest.mark.parametrize(("sent", "message"), TYPE_ERRORS)
def test_type_error(sent, message):
    mixtures = [
        sent,
        {"S": "a", "N": "x", **sent},  # beside members of other types
        {"L": [{}, {"N": "x"}, sent]},  # after values with problems
        nested(sent, 31),
        nested(sent, 32),  # in a value that is too deep
        nested({"L": [{"S": "a"}, {"L": [None, sent]}]}, 60),
    ]
    for mixture in mixtures:
        with pytest.raises(ApiError) as caught:
            parse(mixture)
        assert (caught.value.code, caught.value.message) == ("SerializationException", message)


@pytest.mark.parametrize(("raw", "message"), [([], MAP), (True, FIELD), (1, FIELD), (1.5, FIELD), ("x", FIELD)])
@pytest.mark.parametrize("entry", [wire.parse_item, wire.parse_map, wire.parse_values])
def test_type_error_of_a_map(entry, raw, message):
    with pytest.raises(ApiError) as caught:
        entry(raw, [])
    assert (caught.value.code, caught.value.message) == ("SerializationException", message)


@pytest.mark.parametrize("entry", [wire.parse_item, wire.parse_map, wire.parse_values])
def test_type_error_of_an_attribute(entry):
    for raw, message in [({"a": {}, "b": 1}, PAYLOAD), ({"a": []}, NO_VALUE), ({"": "x"}, PAYLOAD)]:
        with pytest.raises(ApiError) as caught:
            entry(raw, [])
        assert caught.value.message == message


# --- depth ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "deep"),
    [
        (nested({"S": "x"}, 31), False),
        (nested({"S": "x"}, 32), True),
        (nested({"M": {}}, 31), False),
        (nested({"L": []}, 31), False),
        (nested({"M": {"a": {"S": "x"}}}, 31), True),
        (nested({"L": [{"S": "x"}]}, 31), True),
        (nested({"S": "x"}, 40), True),
        ({"L": [{"S": "x"}, nested({"SS": ["x"]}, 31)]}, True),
        ({"L": [{"S": "x"}, nested({"SS": ["x"]}, 30)]}, False),
    ],
)
def test_depth(value, deep):
    assert texts(value) == [NESTING] * deep
    assert wire.depth_exceeded([{"S": "a"}, value]) is deep
    for entry in (wire.parse_item, wire.parse_map, wire.parse_values):
        problems = []
        entry({"a": deepcopy(value)}, problems)
        assert [problem.kind for problem in problems] == ["nesting"] * deep


def test_a_problem_below_the_last_level_is_not_reported():
    assert [problem.kind for problem in parse({"L": [nested({"N": "x"}, 32), {"N": "y"}]})[2]] == [
        "nesting",
        "not_numeric",
    ]


def test_absent_and_unknown_members_are_ignored_below_the_last_level_too():
    value = {"L": [None, {"S": "x", "N": None, "SS": None, "M": None, "Unknown": 5}]}
    assert texts(nested(value, 40)) == [NESTING]


@pytest.mark.parametrize("unit", ['{"L":[', '{"M":{"k":'])
def test_the_deepest_json_is_walked_without_recursion(unit):
    closing = "]}" if "[" in unit else "}}"
    levels = 511
    text = unit * levels + '{"S":"x"}' + closing * levels
    problems = []
    wire.parse_value(orjson.loads(text), problems)
    assert [problem.kind for problem in problems] == ["nesting"]
    with pytest.raises(ApiError, match="cannot be converted to String"):
        wire.parse_value(orjson.loads(text.replace('"x"', "5")), [])
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(unit * 513 + '{"S":"x"}' + closing * 513)


# --- rows -----------------------------------------------------------------------------------------


def test_row_layout():
    row = rows.encode_row({"b": {"N": "1"}, "a": {"M": {"z": {"S": "x"}, "y": {"S": "é"}}}}, 0x01_02_03)
    assert row == b'\x01\x01\x02\x03{"a":{"M":{"y":{"S":"\xc3\xa9"},"z":{"S":"x"}}},"b":{"N":"1"}}'
    assert rows.ROW_HEADER == 4
    assert rows.row_size(row) == 0x01_02_03
    assert rows.row_json(row) == row[4:]


@deterministic
@given(items)
def test_rows_decode_to_their_item_and_equal_items_have_equal_rows(item):
    parsed = wire.parse_item(item, [])
    row = rows.encode_row(parsed, parsed.size)
    assert rows.decode_row(row) == parsed
    assert rows.row_size(row) == parsed.size
    assert json.loads(rows.row_json(row)) == parsed
    assert rows.encode_row(dict(reversed(parsed.items())), parsed.size) == row


# --- properties -----------------------------------------------------------------------------------


@deterministic
@given(values)
def test_sizes_agree_and_parsing_is_idempotent(value):
    problems = []
    size = wire.parse_value(value, problems)
    assert problems == []
    assert value_size(value) == size
    assert parse(value) == (value, size, [])


@deterministic
@given(items)
def test_item_sizes_agree(item):
    parsed = wire.parse_item(item, [])
    assert parsed.size == item_size(parsed) == item_size(item)


tags = st.sampled_from(["S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL", "", "X"])
scalar_json = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4),
    st.sampled_from(["true", "1", "1.0", "AA==", "1e999", ""]),
)
# JSON whose keys are often tags of types, so that the parser goes deep into it
any_json = st.recursive(
    scalar_json,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(tags, inner, max_size=3),
    max_leaves=20,
)


def refused(entry, raw, problems):
    """Return the ApiError that parsing raised, or None."""
    try:
        entry(raw, problems)
    except ApiError as error:
        return error
    return None


@deterministic
@given(any_json)
def test_any_json_is_parsed_or_refused(raw):
    for entry in (wire.parse_value, wire.parse_map, wire.parse_item, wire.parse_values):
        if raw is None and entry is not wire.parse_value:
            continue
        problems = []
        copy = deepcopy(raw)
        refusal = refused(entry, copy, problems)
        if refusal is not None:
            assert refusal.code == "SerializationException"
            assert refusal.message
            continue
        for problem in problems:
            assert problem.text("new")
            assert problem.error("old").message
        if not problems and entry is not wire.parse_value:
            again = deepcopy(copy)
            entry(again, problems)
            assert again == copy
            assert not problems
            assert all(len(value) == 1 for value in copy.values())


def test_the_values_of_expressions_share_one_size_limit():
    half = {"S": "x" * (limits.EXPRESSION_VALUES_SIZE // 2)}
    problems = []
    wire.parse_values({":a": half, ":b": half}, problems)
    assert not problems
    wire.parse_values({":a": half, ":b": half, ":c": {"BOOL": True}}, problems)
    assert [problem.kind for problem in problems] == ["values_size"]
    assert problems[0].error().message == "ExpressionAttributeValues size has exceeded the maximum allowed size"
    assert problems[0].error("old").message == problems[0].error().message


# --- values over a limit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tag", "most", "members"),
    [
        ("SS", "_MOST_STRINGS", [f"{number:02d}" for number in range(50)]),
        ("BS", "_MOST_STRINGS", [b64encode(b"%03d" % number).decode() for number in range(50)]),
    ],
)
def test_only_a_part_of_a_too_large_set_is_read(tag, most, members, monkeypatch):
    monkeypatch.setattr(sets, most, 20)
    canonical, size, problems = parse({tag: members})
    assert problems == []
    assert len(canonical[tag]) == 20
    assert size >= 20
    _, _, problems = parse({tag: [*members[:10], members[0], *members[10:]]})
    assert [problem.kind for problem in problems] == ["duplicates"]


@pytest.fixture
def read(monkeypatch):
    """Return the list of parsed numbers. Limits are low: ten numbers are parsed at once, an item
    may have 100 bytes, and values 200.
    """
    monkeypatch.setattr(sets, "_NUMBERS_AT_ONCE", 10)
    monkeypatch.setattr(limits, "ITEM_SIZE", 100)
    monkeypatch.setattr(limits, "EXPRESSION_VALUES_SIZE", 200)
    monkeypatch.setattr(wire, "LARGE_VALUES", 0)
    numbers = []
    canonical = sets.canonical
    monkeypatch.setattr(sets, "canonical", lambda text: numbers.append(text) or canonical(text))
    return numbers


MANY_NUMBERS = [f"{number}e1" for number in range(1000, 1500)]  # each has three bytes


def test_a_set_of_numbers_is_read_until_it_is_too_large(read):
    item = wire.parse_item({"n": {"NS": [*MANY_NUMBERS]}}, [])
    assert len(read) == len(item["n"]["NS"]) == 40
    assert item.size > limits.ITEM_SIZE
    problems = []
    wire.parse_values({":n": {"NS": [*MANY_NUMBERS]}}, problems)
    assert [problem.kind for problem in problems] == ["values_size"]
    assert len(read) == 40 + 70


def test_every_number_that_is_read_is_checked(read):
    for position, member, kind in [
        (5, "1e126", "overflow"),
        (35, MANY_NUMBERS[0], "duplicates"),
        (35, "x", "not_numeric"),
    ]:
        problems = []
        wire.parse_item({"n": {"NS": [*MANY_NUMBERS[:position], member, *MANY_NUMBERS[position:]]}}, problems)
        assert [problem.kind for problem in problems] == [kind]
        problems[0].error()


def test_a_large_set_of_numbers_that_fits_is_read_whole(read):
    numbers = [f"{number}e1" for number in range(30, 0, -1)]
    item = wire.parse_item({"n": {"NS": numbers}}, [])
    assert item["n"]["NS"] == [f"{number}0" for number in range(1, 31)]


def test_only_some_repeats_in_a_large_set_are_listed(monkeypatch):
    monkeypatch.setattr(module, "_MOST_LISTED", 10)
    for tag, member in (("NS", "1"), ("SS", "a"), ("BS", "AAAA")):
        _, _, [problem] = parse({tag: [member] * 50})
        assert problem.sent == problem.members == (member,) * 10


def test_values_after_many_problems_are_skipped():
    looked = []

    class Looked(str):
        __slots__ = ()

        def isascii(self):
            looked.append(self)
            return True

    _, _, problems = parse({"L": [{}] * 200 + [{"S": Looked("after")}]})
    assert len(problems) == MOST_PROBLEMS
    assert looked == []
    problems = []
    wire.parse_item({str(number): {} for number in range(200)} | {"last": {"N": "1.0"}, "null": None}, problems)
    assert len(problems) == MOST_PROBLEMS


def test_values_that_no_expression_can_use_are_not_parsed():
    raw = {f":{number}": {"S": "x"} for number in range(wire._MOST_VALUES + 1)}
    problems = []
    assert len(wire.parse_values(raw, problems)) == wire._MOST_VALUES


def test_an_item_that_another_thread_parses_meanwhile_keeps_its_problems():
    """A profiler's function parses another item in the middle of the first one, as another thread
    would.
    """
    others = []

    def switch(frame, event, _argument):
        if event == "call" and frame.f_code is wire._parse_map.__code__:
            sys.setprofile(None)
            problems = []
            wire.parse_item({"b": {"N": "1"}}, problems)
            others.append(problems)

    problems = []
    sys.setprofile(switch)
    try:
        wire.parse_item({"a": {"N": "wrong"}, "z": {"M": {}}}, problems)
    finally:
        sys.setprofile(None)
    assert (len(problems), others) == (1, [[]])
