"""What bind() does besides parsing: it checks members, orders problems, finds unused names, and
caches.
"""

import pytest

from emulator import errors
from emulator.caching import PER_CHARACTER, PER_RESULT, BoundedCache
from emulator.errors import ApiError
from emulator.expressions import bind as module
from emulator.expressions.ast import Placeholder
from emulator.expressions.bind import bind
from emulator.expressions.program import KeyClause

NAMES, VALUES = "ExpressionAttributeNames", "ExpressionAttributeValues"
ONE = {"N": "1"}
LONG = "a" * 4088 + " = :v"


@pytest.fixture(autouse=True)
def empty_cache():
    module._cache.clear()


def failure(request):
    with pytest.raises(ApiError) as caught:
        bind(request)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def invalid(parameter, detail):
    return f"Invalid {parameter}: {detail}"


def syntax(parameter):
    return invalid(parameter, 'Syntax error; token: "!", near: "!"')


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({NAMES: {"#a": "a"}}, "ExpressionAttributeNames can only be specified when using expressions"),
        ({VALUES: {":v": ONE}}, "ExpressionAttributeValues can only be specified when using expressions"),
        (
            {VALUES: {":v": ONE}, "ProjectionExpression": "!"},
            "ExpressionAttributeValues can only be specified when using expressions",
        ),
        (
            {NAMES: {"#a": "a"}, VALUES: {":v": ONE}, "ProjectionExpression": "#a"},
            "ExpressionAttributeValues can only be specified when using expressions",
        ),
        ({VALUES: {}}, "ExpressionAttributeValues can only be specified when using expressions"),
        (
            {NAMES: {"#a": "a"}, "FilterExpression": None},
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        ({NAMES: {}, "ConditionExpression": "!"}, "ExpressionAttributeNames must not be empty"),
        ({VALUES: {}, "ConditionExpression": "!"}, "ExpressionAttributeValues must not be empty"),
        (
            {NAMES: {"a": "a"}, "ConditionExpression": "!"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        (
            {NAMES: {"#": "a"}, "ConditionExpression": "!"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "#"',
        ),
        (
            {NAMES: {"#a-b": "a"}, "ConditionExpression": "!"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "#a-b"',
        ),
        (
            {VALUES: {"#v": ONE}, "ConditionExpression": "!"},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "#v"',
        ),
        (
            {VALUES: {":é": ONE}, "ConditionExpression": "!"},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: ":é"',
        ),
        (
            {VALUES: {":v\n": ONE}, "ConditionExpression": "!"},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: ":v\n"',
        ),
        (
            {NAMES: {"#-" + "a" * 254: "a"}, "ConditionExpression": "!"},
            (
                "ExpressionAttributeNames contains invalid key: "
                "The expression attribute map contains a key that is too long; size of key: 256"
            ),
        ),
        (
            {NAMES: {"#" + "a" * 255: "a"}, VALUES: {}, "ConditionExpression": "!"},
            (
                "ExpressionAttributeNames contains invalid key: "
                "The expression attribute map contains a key that is too long; size of key: 256"
            ),
        ),
        (
            {VALUES: {":" + "é" * 128: ONE}, "ConditionExpression": "!"},
            "ExpressionAttributeValues contains invalid key: The expression attribute map contains a key that is too long;",
        ),
        # The error of an empty name shows its placeholder (behaviour 2.1). Values are checked after
        # the placeholders of names and before the names themselves (behaviour 3.6).
        (
            {NAMES: {"#b": "b", "#a": ""}, "ConditionExpression": "#a = #a"},
            "ExpressionAttributeNames contains invalid value: Empty attribute name for key #a",
        ),
        (
            {NAMES: {"#a": ""}, VALUES: {}, "ConditionExpression": "#a = #a"},
            "ExpressionAttributeValues must not be empty",
        ),
        (
            {NAMES: {"#a": ""}, VALUES: {"b": ONE}, "ConditionExpression": "#a = #a"},
            'ExpressionAttributeValues contains invalid key: Syntax error; key: "b"',
        ),
        (
            {NAMES: {"a": "a"}, VALUES: {}, "FilterExpression": "a = b"},
            'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
        ),
        ({NAMES: {"#a": "a"}, VALUES: {}, "FilterExpression": "!"}, "ExpressionAttributeValues must not be empty"),
        ({NAMES: {}, VALUES: {}, "FilterExpression": "!"}, "ExpressionAttributeNames must not be empty"),
        (
            {NAMES: {"#a": "é" * 32768}, "ConditionExpression": "#a = #a"},
            errors.attribute_name_too_long().message,
        ),
    ],
)
def test_members_are_checked_first(request_, text):
    assert failure(request_) == text


def test_longest_placeholders():
    name, value = "#" + "a" * 254, ":" + "a" * 254
    bind({NAMES: {name: "a"}, VALUES: {value: ONE}, "ConditionExpression": f"{name} = {value}"})


def test_expressions_are_checked_in_the_order_of_the_service():
    broken = dict.fromkeys(
        [
            "ProjectionExpression",
            "KeyConditionExpression",
            "FilterExpression",
            "ConditionExpression",
            "UpdateExpression",
        ],
        "!",
    )
    for parameter in reversed(list(broken)):
        assert failure(broken) == syntax(parameter)
        del broken[parameter]


def test_contents_of_values_come_before_the_next_expression():
    between = {VALUES: {":a": {"N": "2"}, ":b": ONE}, "ConditionExpression": "a BETWEEN :a AND :b"}
    assert failure(between | {"FilterExpression": "!"}).startswith("Invalid ConditionExpression: The BETWEEN operator")
    assert failure(between | {"UpdateExpression": "!"}) == syntax("UpdateExpression")


@pytest.mark.parametrize("parameter", ["ConditionExpression", "FilterExpression", "KeyConditionExpression"])
def test_size_limit(parameter):
    too_large = "Expression size has exceeded the maximum allowed size; expression size: 4097"
    values = {VALUES: {":v": ONE}}
    assert len(LONG) == 4093
    bind({parameter: LONG + " " * 3} | values)
    assert failure({parameter: LONG + " " * 4} | values) == invalid(parameter, too_large)


def test_size_limit_counts_bytes():
    text = "a = é" + " " * 4091
    assert failure({"FilterExpression": text}) == invalid(
        "FilterExpression", "Expression size has exceeded the maximum allowed size; expression size: 4097"
    )


def test_the_size_limit_of_updates_does_not_report_the_size():
    text = f"SET a = :v{' ' * 4096}"
    assert failure({"UpdateExpression": text}) == invalid(
        "UpdateExpression", "Expression size has exceeded the maximum allowed size;"
    )


def test_size_limit_of_projections():
    assert bind({"ProjectionExpression": "a" * 4096}).projection.attributes == {"a" * 4096}
    assert failure({"ProjectionExpression": "a" * 4097}).endswith("expression size: 4097")


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("NOT " * 299 + "a = :v", True),
        ("NOT " * 300 + "a = :v", False),
        (" OR ".join(["a=:v"] * 150), True),
        (" OR ".join(["a=:v"] * 151), False),
        (" OR ".join(["a=:v"] * 150) + " OR NOT attribute_exists(a)", False),
        (" OR ".join(["a IN(:v)"] * 151), False),
        (" OR ".join(["a BETWEEN :v AND :v"] * 151), False),
        (" AND ".join(["contains(a,:v)"] * 200), True),
    ],
)
def test_operator_limit(text, fits):
    request = {"FilterExpression": text, VALUES: {":v": ONE}}
    if fits:
        assert bind(request).filter.test({"a": ONE}, request[VALUES]) in (True, False)
    else:
        assert failure(request) == invalid(
            "FilterExpression", "The expression contains too many operators; operator count: 301"
        )


def test_in_takes_a_hundred_operands():
    values = {f":v{number}": {"N": str(number)} for number in range(101)}
    request = {"FilterExpression": f"a IN ({', '.join(values)})", VALUES: values}
    assert failure(request) == invalid(
        "FilterExpression", "The IN operator is provided with too many operands; number of operands: 101"
    )
    del values[":v100"]
    request["FilterExpression"] = f"a IN ({', '.join(values)})"
    assert bind(request).filter.test({"a": {"N": "99"}}, values)


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        (
            {"UpdateExpression": "SET a = :v", NAMES: {"#a": "a", "#b": "b"}, VALUES: {":v": ONE, ":w": ONE}},
            "Value provided in ExpressionAttributeNames unused in expressions: keys: {#a, #b}",
        ),
        (
            {"UpdateExpression": "SET #a = :v", NAMES: {"#a": "a"}, VALUES: {":v": ONE, ":w": ONE, ":V": ONE}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:w, :V}",
        ),
        (
            {"ProjectionExpression": "a", "FilterExpression": "attribute_exists(a)", VALUES: {":v": ONE}},
            "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v}",
        ),
    ],
)
def test_everything_must_be_used(request_, text):
    assert failure(request_) == text


def test_names_and_values_may_be_used_by_any_expression():
    request = {
        "UpdateExpression": "SET #a = :a",
        "ConditionExpression": "b = :b",
        "ProjectionExpression": "#c",
        NAMES: {"#a": "a", "#c": "c"},
        VALUES: {":a": ONE, ":b": ONE},
    }
    bound = bind(request)
    assert bound.update.attributes == {"a"}
    assert bound.condition.attributes == {"b"}
    assert bound.projection.attributes == {"c"}
    assert bound.key_condition is None
    assert bound.filter is None


def test_what_programs_report_about_themselves():
    request = {
        "UpdateExpression": "SET x = if_not_exists(y.z, :v) + q[1], l[0] = :v REMOVE r.s ADD n :v",
        "ConditionExpression": "a.b[2] = :v AND (size(c) > :v OR NOT #d IN (:v, a)) AND attribute_exists(e.f)",
        "ProjectionExpression": "m.a, m.b, #d",
        NAMES: {"#d": "d"},
        VALUES: {":v": ONE},
    }
    bound = bind(request)
    assert bound.update.targets == (("x",), ("l", 0), ("r", "s"), ("n",))
    assert bound.update.attributes == {"x", "l", "r", "n"}
    assert bound.update.inner == (("l", 0), ("r", "s"), ("y", "z"), ("q", 1))
    assert bound.update.types == {"x": ("N", True, None), "n": ("N", True, Placeholder(":v"))}
    assert bound.update.creates
    assert bound.condition.paths == (("a", "b", 2), ("c",), ("d",), ("a",), ("e", "f"))
    assert bound.condition.attributes == {"a", "c", "d", "e"}
    assert bound.projection.inner == (("m", "a"), ("m", "b"))
    assert bound.projection.attributes == {"m", "d"}


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("a = :v", [("a", "=", ":v")]),
        ("(#a = :v) AND (b > :w)", [("n.m", "=", ":v"), ("b", ">", ":w")]),
        (":v = a AND :w < b", [("a", "=", ":v"), ("b", ">", ":w")]),
        (":v <= a", [("a", ">=", ":v")]),
        (":v > a", [("a", "<", ":v")]),
        (":v >= a", [("a", "<=", ":v")]),
        ("b BETWEEN :v AND :w AND a = :v", [("b", "BETWEEN", ":v", ":w"), ("a", "=", ":v")]),
        ("begins_with(b, :s)", [("b", "begins_with", ":s")]),
        ("a = :v AND b = :v AND c = :v AND d <= :w", [(x, "=", ":v") for x in "abc"] + [("d", "<=", ":w")]),
        ("a = :bool", [("a", "=", ":bool")]),
    ],
)
def test_key_conditions(text, clauses):
    values = {":v": ONE, ":w": {"N": "2"}, ":s": {"S": "x"}, ":bool": {"BOOL": True}}
    request = {
        "KeyConditionExpression": text,
        VALUES: {key: value for key, value in values.items() if key in text},
    }
    if "#a" in text:
        request[NAMES] = {"#a": "n.m"}
    assert bind(request).key_condition.clauses == tuple(
        [KeyClause(name, operator, tuple(map(Placeholder, operands))) for name, operator, *operands in clauses]
    )


# --- the cache ------------------------------------------------------------------------------------

UPDATE = {"UpdateExpression": "SET #a = :v", NAMES: {"#a": "a"}, VALUES: {":v": ONE}}


def test_the_same_form_is_bound_once():
    bound = bind(UPDATE)
    assert bind({**UPDATE, "Key": 1, VALUES: {":v": {"N": "2"}}}) is bound
    assert bound.update.apply({}, {":v": {"N": "2"}}) == {"a": {"N": "2"}}


@pytest.mark.parametrize(
    "other",
    [
        {NAMES: {"#a": "b"}},
        {VALUES: {":v": {"S": "1"}}},
        {"UpdateExpression": "SET #a = :v "},
        {"ReturnValues": "ALL_NEW", "ConditionExpression": "attribute_exists(a)"},
        {"ConditionExpression": "attribute_exists(a)", "FilterExpression": "attribute_exists(a)"},
    ],
)
def test_another_form_is_another_program(other):
    assert bind({**UPDATE, **other}) is not bind(UPDATE)
    assert len(module._cache) == 2


def test_types_of_values_are_checked_again():
    bind({"FilterExpression": "a < :v", VALUES: {":v": ONE}})
    assert failure({"FilterExpression": "a < :v", VALUES: {":v": {"BOOL": True}}}).endswith("operand type: BOOL")


def test_contents_of_values_are_checked_at_every_call():
    request = {"FilterExpression": "a BETWEEN :v AND :w AND attribute_type(b, :t)"}
    good = {":v": ONE, ":w": ONE, ":t": {"S": "S"}}
    bound = bind(request | {VALUES: good})
    assert "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {N:0}" in failure(
        request | {VALUES: good | {":w": {"N": "0"}}}
    )
    assert failure(request | {VALUES: good | {":t": {"S": "string"}}}).startswith(
        "Invalid FilterExpression: Invalid attribute type name found; type: string"
    )
    assert bind(request | {VALUES: good}) is bound


def test_failures_are_not_kept():
    failure({"FilterExpression": "!"})
    failure({"FilterExpression": "a = :v", VALUES: {":v": ONE, ":w": ONE}})
    assert not module._cache


def test_the_cache_is_bounded(monkeypatch):
    monkeypatch.setattr(module, "_cache", BoundedCache(3 * (PER_RESULT + 2 * PER_CHARACTER)))
    for number in range(5):
        bind({"ProjectionExpression": f"a{number}"})
    assert [form[4] for form in module._cache] == ["a2", "a3", "a4"]


def test_the_length_of_a_form_counts_all_of_its_texts(monkeypatch):
    lengths = []
    monkeypatch.setattr(BoundedCache, "keep", lambda _cache, _form, _bound, length: lengths.append(length))
    bind(UPDATE)
    bind(
        {"ProjectionExpression": "#abc", "FilterExpression": "abc = :v", NAMES: {"#abc": "12345"}, VALUES: {":v": ONE}}
    )
    assert lengths == [len("SET #a = :v#aa:v"), len("#abcabc = :v#abc12345:v")]


def test_long_names_are_not_kept():
    bound = bind({"ProjectionExpression": "#a", NAMES: {"#a": "a" * 60000}})
    assert bound.projection.project({"a" * 60000: ONE}) == {"a" * 60000: ONE}
    assert not module._cache


def test_absent_and_empty_names_are_different():
    bind({"ProjectionExpression": "a"})
    assert failure({"ProjectionExpression": "a", NAMES: {}}) == "ExpressionAttributeNames must not be empty"
    assert bind({"ProjectionExpression": "a", NAMES: None}) is bind({"ProjectionExpression": "a"})
