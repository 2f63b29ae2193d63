"""The legacy parameters: every operator and action, and every error text of behaviour
3.6, 4.7 and 18.
"""

import pytest

from emulator.errors import ApiError
from emulator.expressions.ast import Literal
from emulator.expressions.legacy import (
    attribute_updates,
    attributes_to_get,
    check_mixing,
    expected,
    filter_condition,
    key_conditions,
)
from emulator.expressions.program import UNINDEXABLE, KeyClause, KeyCondition

INVALID = "One or more parameter values were invalid: "
COUNT = INVALID + "Invalid number of argument(s) for the {} ComparisonOperator"
TYPE = INVALID + "ComparisonOperator {} is not valid for {} AttributeValue type"
DIFFER = INVALID + "AttributeValues inside AttributeValueList must be of same type"
BOUNDS = "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
ALONE = "ConditionalOperator can only be used when Filter or Expected has two or more elements"
MISMATCH = "Type mismatch for attribute to update"

TYPES = {
    "S": "x",
    "N": "1",
    "B": "AA==",
    "SS": ["x"],
    "NS": ["1"],
    "BS": ["AA=="],
    "BOOL": True,
    "NULL": True,
    "L": [],
    "M": {},
}
OPERATORS = (
    *("EQ", "NE", "IN", "LE", "LT", "GE", "GT", "BETWEEN"),
    *("NOT_NULL", "NULL", "CONTAINS", "NOT_CONTAINS", "BEGINS_WITH"),
)


def s(text):
    return {"S": text}


def n(text):
    return {"N": str(text)}


def b(text):
    return {"B": text}


def refused(function, *arguments):
    """Return the text of the ValidationException that the call raises."""
    with pytest.raises(ApiError) as caught:
        function(*arguments)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def element(operator, *arguments):
    return {"ComparisonOperator": operator, "AttributeValueList": list(arguments)}


# --- operators ------------------------------------------------------------------------------------

L = {"L": [s("x"), n(1), {"BOOL": True}]}
M = {"M": {"k": s("x")}}
SS, NS, BS = {"SS": ["x", "y"]}, {"NS": ["1", "2"]}, {"BS": ["AA==", "AQ=="]}
MISSING = None

# (operator, arguments, [(an attribute's value, True if it matches), ...])
MEANING = [
    ("EQ", [s("x")], [(MISSING, False), (s("x"), True), (s("y"), False), (n(1), False), (SS, False)]),
    ("EQ", [n(1)], [(n(1), True), (n(2), False), (s("1"), False), (NS, False)]),
    ("EQ", [SS], [(SS, True), ({"SS": ["x"]}, False), (s("x"), False)]),
    ("EQ", [M], [(M, True), ({"M": {}}, False)]),
    ("EQ", [L], [(L, True), ({"L": []}, False)]),
    ("EQ", [{"NULL": True}], [({"NULL": True}, True), (MISSING, False)]),
    ("EQ", [{"BOOL": True}], [({"BOOL": True}, True), ({"BOOL": False}, False)]),
    ("NE", [s("x")], [(MISSING, True), (s("x"), False), (s("y"), True), (n(1), True), (SS, True)]),
    ("NE", [M], [(M, False), ({"M": {}}, True), (MISSING, True)]),
    ("LE", [n(2)], [(MISSING, False), (n(1), True), (n(2), True), (n(3), False), (s("1"), False)]),
    ("LT", [n(2)], [(MISSING, False), (n(1), True), (n(2), False), (n(10), False), (s("1"), False)]),
    ("GE", [n(2)], [(MISSING, False), (n(1), False), (n(2), True), (n(10), True), (s("3"), False)]),
    ("GT", [n(2)], [(MISSING, False), (n(1), False), (n(2), False), (n(3), True), (s("3"), False)]),
    ("GT", [s("a")], [(s("b"), True), (s("a"), False), (s("A"), False), (n(1), False)]),
    ("LT", [b("AQ==")], [(b("AA=="), True), (b("Ag=="), False), (s("A"), False)]),
    (
        "BETWEEN",
        [n(1), n(3)],
        [(MISSING, False), (n(1), True), (n(2), True), (n(3), True), (n(0), False), (n(4), False), (s("2"), False)],
    ),
    ("BETWEEN", [s("b"), s("b")], [(s("b"), True), (s("c"), False)]),
    (
        "IN",
        [s("x"), s("y")],
        [(MISSING, False), (s("x"), True), (s("y"), True), (s("z"), False), (n(1), False), (SS, False)],
    ),
    ("IN", [n(1)], [(n(1), True), (n(2), False)]),
    ("NULL", [], [(MISSING, True), (s("x"), False), ({"NULL": True}, False)]),
    ("NOT_NULL", [], [(MISSING, False), (s("x"), True), ({"NULL": True}, True)]),
    (
        "CONTAINS",
        [s("x")],
        [(MISSING, False), (s("axb"), True), (s("ab"), False), (SS, True), (L, True), (NS, False), (n(1), False)],
    ),
    ("CONTAINS", [n(1)], [(NS, True), (L, True), (n(1), False), (s("1"), False), ({"NS": ["10"]}, False)]),
    ("CONTAINS", [b("AA==")], [(BS, True), (b("AQAC"), True), (b("AQI="), False)]),
    ("CONTAINS", [{"BOOL": True}], [(L, True), ({"L": []}, False), ({"BOOL": True}, False)]),
    (
        "NOT_CONTAINS",
        [s("x")],
        [(MISSING, False), (s("axb"), False), (s("ab"), True), (SS, False), (L, False), (NS, True), (n(1), True)],
    ),
    (
        "BEGINS_WITH",
        [s("ab")],
        [(MISSING, False), (s("abc"), True), (s("ab"), True), (s("a"), False), (n(1), False), (SS, False)],
    ),
    ("BEGINS_WITH", [b("AQ==")], [(b("AQI="), True), (b("AgE="), False), (s("AQ=="), False)]),
]
CASES = [(operator, arguments, value, answer) for operator, arguments, answers in MEANING for value, answer in answers]


@pytest.mark.parametrize(("operator", "arguments", "value", "answer"), CASES)
@pytest.mark.parametrize("member", ["Expected", "QueryFilter", "ScanFilter"])
def test_meaning_of_operators(member, operator, arguments, value, answer):
    request = {member: {"a": element(operator, *arguments)}}
    condition = expected(request) if member == "Expected" else filter_condition(request, member)
    item = {"pk": s("k")} if value is MISSING else {"pk": s("k"), "a": value}
    assert condition.test(item, {}) is answer


def test_every_operator_is_in_the_table_of_meanings():
    assert {operator for operator, _, _ in MEANING} == set(OPERATORS)


@pytest.mark.parametrize(
    ("operator", "counts"),
    [(name, {"NULL": [0], "NOT_NULL": [0], "BETWEEN": [2], "IN": [1, 2, 3]}.get(name, [1])) for name in OPERATORS],
)
def test_number_of_arguments(operator, counts):
    for count in range(4):
        request = {"ScanFilter": {"a": element(operator, *[s("x")] * count)}}
        if count in counts:
            assert filter_condition(request, "ScanFilter") is not None
        else:
            assert refused(filter_condition, request, "ScanFilter") == COUNT.format(operator)


def test_an_operator_without_arguments_needs_no_list_of_them():
    assert filter_condition({"ScanFilter": {"a": {"ComparisonOperator": "NULL"}}}, "ScanFilter").test({}, {})
    request = {"ScanFilter": {"a": {"ComparisonOperator": "EQ"}}}
    assert refused(filter_condition, request, "ScanFilter") == COUNT.format("EQ")


ACCEPTED = {
    **dict.fromkeys(["EQ", "NE"], frozenset(TYPES)),
    **dict.fromkeys(["LE", "LT", "GE", "GT", "BETWEEN", "IN"], frozenset({"S", "N", "B"})),
    **dict.fromkeys(["CONTAINS", "NOT_CONTAINS"], frozenset({"S", "N", "B", "BOOL", "NULL"})),
    "BEGINS_WITH": {"S", "B"},
}


@pytest.mark.parametrize("operator", ACCEPTED)
@pytest.mark.parametrize("tag", TYPES)
def test_types_of_arguments(operator, tag):
    arguments = [{tag: TYPES[tag]}] * (2 if operator == "BETWEEN" else 1)
    request = {"Expected": {"a": element(operator, *arguments)}}
    if tag in ACCEPTED[operator]:
        assert expected(request) is not None
    else:
        assert refused(expected, request) == TYPE.format(operator, tag)


@pytest.mark.parametrize(
    ("operator", "arguments", "message"),
    [
        ("BETWEEN", [n(1), s("2")], DIFFER),
        ("IN", [s("x"), s("y"), n(1)], DIFFER),
        ("IN", [s("x"), SS], TYPE.format("IN", "SS")),
        ("BETWEEN", [n(10), n(9)], BOUNDS),
        ("BETWEEN", [s("b"), s("a")], BOUNDS),
        ("BETWEEN", [b("AQ=="), b("AA==")], BOUNDS),
        ("BETWEEN", [SS], COUNT.format("BETWEEN")),
    ],
)
@pytest.mark.parametrize("member", ["Expected", "QueryFilter", "KeyConditions"])
def test_arguments_that_do_not_fit_each_other(member, operator, arguments, message):
    request = {member: {"a": element(operator, *arguments)}}
    functions = {
        "Expected": expected,
        "QueryFilter": lambda given: filter_condition(given, member),
        "KeyConditions": key_conditions,
    }
    assert refused(functions[member], request) == message


# --- Expected -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "missing", "equal", "other"),
    [
        ({"Value": s("x")}, False, True, False),
        ({"Value": s("x"), "Exists": True}, False, True, False),
        ({"Exists": False}, True, False, False),
        ({"ComparisonOperator": "EQ", "Value": s("x")}, False, True, False),
        ({"ComparisonOperator": "NE", "Value": s("x")}, True, False, True),
        ({"ComparisonOperator": "IN", "Value": s("x")}, False, True, False),
        ({"ComparisonOperator": "NULL"}, True, False, False),
        ({"ComparisonOperator": "NOT_NULL", "AttributeValueList": []}, False, True, True),
        (
            {"ComparisonOperator": "EQ", "AttributeValueList": [s("x")], "Exists": None, "Value": None},
            False,
            True,
            False,
        ),
    ],
)
def test_forms_of_expected(given, missing, equal, other):
    condition = expected({"Expected": {"a.b": given}})
    items = [{}, {"a.b": s("x")}, {"a.b": s("y")}]
    assert [condition.test(item, {}) for item in items] == [missing, equal, other]
    assert condition.attributes == {"a.b"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"Value": s("x"), "AttributeValueList": [s("x")], "ComparisonOperator": "EQ", "Exists": True},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"Value": s("x"), "AttributeValueList": []},
            "Value and AttributeValueList cannot be used together for Attribute: a",
        ),
        (
            {"Exists": True, "ComparisonOperator": "EQ"},
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"Exists": False, "ComparisonOperator": "EQ", "AttributeValueList": [s("x")]},
            "Exists and ComparisonOperator cannot be used together for Attribute: a",
        ),
        (
            {"ComparisonOperator": "BEGINS_WITH"},
            "Value or AttributeValueList must be used with ComparisonOperator: BEGINS_WITH for Attribute: a",
        ),
        (
            {"AttributeValueList": [s("x")]},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        (
            {"AttributeValueList": [], "Exists": False},
            "AttributeValueList can only be used with a ComparisonOperator for Attribute: a",
        ),
        ({}, "Value must be provided when Exists is null for Attribute: a"),
        ({"Exists": True}, "Value must be provided when Exists is true for Attribute: a"),
        ({"Exists": False, "Value": s("x")}, "Value cannot be used when Exists is false for Attribute: a"),
        (
            {"ComparisonOperator": "NULL", "Value": s("x")},
            "Invalid number of argument(s) for the NULL ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "BETWEEN", "Value": n(1)},
            "Invalid number of argument(s) for the BETWEEN ComparisonOperator",
        ),
        (
            {"ComparisonOperator": "EQ", "AttributeValueList": []},
            "Invalid number of argument(s) for the EQ ComparisonOperator",
        ),
    ],
)
def test_expected_members_that_exclude_each_other(given, message):
    assert refused(expected, {"Expected": {"a": given}}) == INVALID + message


# --- ConditionalOperator --------------------------------------------------------------------------

TWO = {"a": element("EQ", s("x")), "b": element("EQ", s("y"))}


@pytest.mark.parametrize(
    ("operator", "answers"),
    [
        (None, [False, False, False, True]),
        ("AND", [False, False, False, True]),
        ("OR", [False, True, True, True]),
    ],
)
@pytest.mark.parametrize("member", ["Expected", "QueryFilter", "ScanFilter"])
def test_conditional_operator(member, operator, answers):
    request = {member: TWO, "ConditionalOperator": operator}
    condition = expected(request) if member == "Expected" else filter_condition(request, member)
    items = [{}, {"a": s("x")}, {"b": s("y")}, {"a": s("x"), "b": s("y")}]
    assert [condition.test(item, {}) for item in items] == answers
    assert condition.attributes == {"a", "b"}


@pytest.mark.parametrize("operator", ["AND", "OR"])
@pytest.mark.parametrize(
    "given", [{}, {"Expected": None}, {"Expected": {}}, {"Expected": {"a": element("EQ", s("x"), s("y"))}}]
)
def test_conditional_operator_needs_two_conditions(operator, given):
    assert refused(expected, {**given, "ConditionalOperator": operator}) == ALONE


def test_conditional_operator_of_a_query_counts_its_filter_only():
    request = {"KeyConditions": TWO, "ConditionalOperator": "OR"}
    assert refused(filter_condition, request, "QueryFilter") == ALONE


@pytest.mark.parametrize("given", [{}, {"Expected": {}}, {"Expected": None}])
def test_no_condition(given):
    assert expected(given) is None


@pytest.mark.parametrize("operator", ["AND", "OR"])
def test_thousands_of_conditions(operator):
    names = [f"a{index}" for index in range(5001)]
    condition = expected({"Expected": {name: {"Value": s("x")} for name in names}, "ConditionalOperator": operator})
    assert condition.test(dict.fromkeys(names, s("x")), {})
    assert condition.test({**dict.fromkeys(names, s("x")), "a5000": s("y")}, {}) is (operator == "OR")
    assert condition.test(dict.fromkeys(names, s("y")), {}) is False
    assert len(condition.attributes) == 5001


# --- KeyConditions --------------------------------------------------------------------------------

INDEXABLE = {
    "EQ": "=",
    "LT": "<",
    "LE": "<=",
    "GT": ">",
    "GE": ">=",
    "BETWEEN": "BETWEEN",
    "BEGINS_WITH": "begins_with",
}


@pytest.mark.parametrize("operator", OPERATORS)
def test_operators_of_key_conditions(operator):
    arguments = [s("x")] * {"BETWEEN": 2, "NULL": 0, "NOT_NULL": 0}.get(operator, 1)
    request = {"KeyConditions": {"pk": element("EQ", n(1)), "sk": element(operator, *arguments)}}
    assert key_conditions(request) == KeyCondition(
        (
            KeyClause("pk", "=", (Literal(n(1)),)),
            KeyClause("sk", INDEXABLE.get(operator, UNINDEXABLE), tuple(map(Literal, arguments))),
        )
    )


@pytest.mark.parametrize(
    ("index", "allowed"), [(None, range(1, 3)), ("i", range(1, 9))], ids=["table", "index, perhaps of many attributes"]
)
def test_number_of_key_conditions(index, allowed):
    for count in range(10):
        request = {"KeyConditions": {f"k{number}": element("EQ", s("x")) for number in range(count)}}
        if index is not None:
            request["IndexName"] = index
        if count in allowed:
            assert len(key_conditions(request).clauses) == count
        else:
            assert refused(key_conditions, request) == "Conditions can be of length 1 or 2 only"


# --- AttributeUpdates -----------------------------------------------------------------------------


def put(value):
    return {"Action": "PUT", "Value": value}


def add(value):
    return {"Action": "ADD", "Value": value}


def delete(value):
    return {"Action": "DELETE", "Value": value}


DELETE = {"Action": "DELETE"}
UPDATED = [
    ({"Value": s("x")}, MISSING, s("x")),
    (put(s("x")), n(1), s("x")),
    (put(M), L, M),
    (DELETE, s("x"), MISSING),
    (DELETE, MISSING, MISSING),
    (add(n(5)), MISSING, n(5)),
    (add(n(5)), n("1.5"), n("6.5")),
    (add(n(-5)), n(5), n(0)),
    (add({"SS": ["b"]}), MISSING, {"SS": ["b"]}),
    (add({"SS": ["b", "é"]}), {"SS": ["a", "b", "z"]}, {"SS": ["a", "b", "z", "é"]}),
    (add({"NS": ["9", "10"]}), {"NS": ["-1", "10", "11"]}, {"NS": ["-1", "9", "10", "11"]}),
    (add({"BS": ["AQ==", "/w=="]}), {"BS": ["AA==", "AQ=="]}, {"BS": ["AA==", "AQ==", "/w=="]}),
    (add({"L": [n(2)]}), MISSING, {"L": [n(2)]}),
    (add({"L": [n(2), n(1)]}), {"L": [n(1)]}, {"L": [n(1), n(2), n(1)]}),
    (delete({"SS": ["a", "x"]}), {"SS": ["a", "b"]}, {"SS": ["b"]}),
    (delete({"NS": ["1"]}), {"NS": ["1", "2"]}, {"NS": ["2"]}),
    (delete({"BS": ["AA=="]}), {"BS": ["AA==", "AQ=="]}, {"BS": ["AQ=="]}),
    (delete({"SS": ["a", "b"]}), {"SS": ["a", "b"]}, MISSING),
    (delete({"SS": ["a"]}), MISSING, MISSING),
]


@pytest.mark.parametrize(("action", "old", "new"), UPDATED)
def test_updates(action, old, new):
    before = {"pk": s("k"), "b": s("kept")}
    if old is not MISSING:
        before["a.b"] = old
    kept = repr(before)
    update = attribute_updates({"AttributeUpdates": {"a.b": action}})
    after = update.apply(before, {})
    assert after.get("a.b") == new
    assert {name: value for name, value in after.items() if name != "a.b"} == {"pk": s("k"), "b": s("kept")}
    assert repr(before) == kept, "the update changed the item that it was given"
    assert update.targets == (("a.b",),)
    assert update.attributes == {"a.b"}


def test_several_updates():
    update = attribute_updates({"AttributeUpdates": {"a": put(n(1)), "b": DELETE, "c": add(n(1))}})
    assert update.apply({"pk": s("k"), "a": n(9), "b": n(9), "c": n(9)}, {}) == {
        "pk": s("k"),
        "a": n(1),
        "c": n(10),
    }
    assert update.targets == (("a",), ("b",), ("c",))


@pytest.mark.parametrize(
    ("action", "old"),
    [
        *[(add(n(1)), {tag: content}) for tag, content in TYPES.items() if tag != "N"],
        *[(add(SS), {tag: content}) for tag, content in TYPES.items() if tag != "SS"],
        *[(add(L), {tag: content}) for tag, content in TYPES.items() if tag != "L"],
        *[(delete(NS), {tag: content}) for tag, content in TYPES.items() if tag != "NS"],
    ],
)
def test_updates_of_another_type(action, old):
    update = attribute_updates({"AttributeUpdates": {"a": action}})
    assert refused(update.apply, {"pk": s("k"), "a": old}, {}) == MISMATCH


@pytest.mark.parametrize(
    ("old", "added", "message"),
    [
        ("9" * 38, "0.1", "Number overflow. Attempting to store a number with magnitude larger than supported range"),
        (
            "9" * 38 + "0" * 88,
            "9" * 38 + "0" * 88,
            "Number overflow. Attempting to store a number with magnitude larger than supported range",
        ),
    ],
)
def test_sums_out_of_range(old, added, message):
    update = attribute_updates({"AttributeUpdates": {"a": add(n(added))}})
    assert refused(update.apply, {"a": n(old)}, {}) == message


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "PUT"}, "Only DELETE action is allowed when no attribute value is specified"),
        ({"Action": "ADD", "Value": None}, "Only DELETE action is allowed when no attribute value is specified"),
        *[
            (delete({tag: content}), f"DELETE action with value is not supported for the type {tag}")
            for tag, content in TYPES.items()
            if tag not in {"SS", "NS", "BS"}
        ],
        *[
            (add({tag: content}), f"ADD action is not supported for the type {tag}")
            for tag, content in TYPES.items()
            if tag not in {"N", "SS", "NS", "BS", "L"}
        ],
    ],
)
def test_updates_refused(action, message):
    assert refused(attribute_updates, {"AttributeUpdates": {"b": put(n(1)), "a": action}}) == INVALID + message


@pytest.mark.parametrize("given", [{}, {"AttributeUpdates": None}, {"AttributeUpdates": {}}])
def test_no_updates(given):
    assert attribute_updates(given) is None


# --- AttributesToGet ------------------------------------------------------------------------------


def test_projection_takes_names_as_they_are():
    projection = attributes_to_get(["a", "b.c", "missing", "#d"])
    assert projection.project({"a": M, "b.c": n(1), "b": M, "#d": n(2)}) == {"a": M, "b.c": n(1), "#d": n(2)}
    assert projection.attributes == {"a", "b.c", "missing", "#d"}


def test_projection_refuses_duplicates():
    message = INVALID + "Duplicate value in attribute name: b"
    assert refused(attributes_to_get, ["a", "b", "c", "b", "a"]) == message


# --- mixing ---------------------------------------------------------------------------------------

MIXED = (
    "Can not use both expression and non-expression parameters in the same request: "
    "Non-expression parameters: {%s} Expression parameters: {%s}"
)


@pytest.mark.parametrize(
    ("members", "legacy", "expressions"),
    [
        ("AttributeUpdates ConditionExpression", "AttributeUpdates", "ConditionExpression"),
        ("ConditionExpression Expected", "Expected", "ConditionExpression"),
        ("AttributesToGet ProjectionExpression", "AttributesToGet", "ProjectionExpression"),
        (
            "ConditionExpression UpdateExpression ConditionalOperator Expected AttributeUpdates",
            "AttributeUpdates, Expected, ConditionalOperator",
            "UpdateExpression, ConditionExpression",
        ),
        (
            "KeyConditionExpression FilterExpression ProjectionExpression QueryFilter KeyConditions AttributesToGet",
            "AttributesToGet, QueryFilter, KeyConditions",
            "ProjectionExpression, FilterExpression, KeyConditionExpression",
        ),
        ("KeyConditions QueryFilter ProjectionExpression", "QueryFilter", "ProjectionExpression"),
        ("KeyConditions ConditionalOperator FilterExpression", "ConditionalOperator", "FilterExpression"),
        ("KeyConditions KeyConditionExpression", "KeyConditions", "KeyConditionExpression"),
        ("QueryFilter KeyConditionExpression", "QueryFilter", "KeyConditionExpression"),
        (
            "FilterExpression ConditionalOperator ScanFilter AttributesToGet",
            "AttributesToGet, ScanFilter, ConditionalOperator",
            "FilterExpression",
        ),
    ],
)
@pytest.mark.parametrize("empty", [{}, ""])
def test_mixing(members, legacy, expressions, empty):
    assert refused(check_mixing, dict.fromkeys(members.split(), empty)) == MIXED % (legacy, expressions)


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"KeyConditions": {}, "FilterExpression": "x", "ProjectionExpression": "x"},
        {"UpdateExpression": "x", "ConditionExpression": "x", "Expected": None},
        {"AttributeUpdates": {}, "Expected": {}, "ConditionExpression": None, "ExpressionAttributeNames": {}},
    ],
)
def test_not_mixing(request_):
    check_mixing(request_)


def test_the_error_names_only_the_members_of_the_request():
    request = {"Expected": {}, "QueryFilter": {}, "FilterExpression": ""}
    check_mixing(request, ["AttributesToGet"], ["FilterExpression"])
    message = refused(check_mixing, request, ["QueryFilter"], ["FilterExpression"])
    assert message == MIXED % ("QueryFilter", "FilterExpression")
