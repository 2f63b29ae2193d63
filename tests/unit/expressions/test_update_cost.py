"""The size of each clause of an update, by the formula of behaviour 2.4."""

import pytest

from emulator.errors import ApiError
from emulator.expressions.bind import bind
from emulator.expressions.legacy import attribute_updates
from emulator.expressions.update_cost import Cost
from emulator.limits import ITEM_SIZE
from emulator.values.wire import LARGE_VALUES

NAMES = {"#long": "attribute", "#é": "né"}
VALUES = {
    ":pad": {"S": "x" * 1000},
    ":two": {"S": "é"},
    ":n": {"N": "123"},  # 3 bytes
    ":neg": {"N": "-1"},  # 3 bytes
    ":l": {"L": [{"S": "ab"}]},  # 6 bytes
    ":m": {"M": {"k": {"S": "ab"}}},  # 7 bytes
    ":ss": {"SS": ["ab", "c"]},  # 3 bytes
    ":null": {"NULL": True},  # 1 byte
}
SET = ADD = 19
PLUS, MINUS, IF_NOT_EXISTS, LIST_APPEND = 34, 37, 39, 37

# (expression, its bytes without the three that every update has)
COSTS = [
    ("SET b = :pad", SET + 1 + 1000),
    ("SET b = :two", SET + 1 + 2),
    ("SET b = :m", SET + 1 + 7),
    ("SET b = :null", SET + 1 + 1),
    ("SET attr = (:n)", SET + 4 + 3),
    ("SET #long = :n", SET + 9 + 3),
    ("SET b.cd = :n", SET + (1 + 4 + 2) + 3),
    ("SET b[10] = :n", SET + (1 + 4 + 2) + 3),
    ("SET ab.cde[123].#long = :n", SET + (2 + 4 + 3 + 4 + 3 + 4 + 9) + 3),
    ("SET a = b", SET + 1 + (1 + 14 + 1)),
    ("SET a = bc.d[10]", SET + 1 + (1 + 3 * 14 + 2 + 1 + 2)),
    ("SET a = #long.x", SET + 1 + (1 + 2 * 14 + 9 + 1)),
    ("SET a = a + :n", SET + 1 + PLUS + (1 + 14 + 1) + 3),
    ("SET a = a - :neg", SET + 1 + MINUS + (1 + 14 + 1) + 3),
    ("SET a = :n - :n", SET + 1 + MINUS + 3 + 3),
    ("SET a = (a + :n) - :neg", SET + 1 + MINUS + PLUS + (1 + 14 + 1) + 3 + 3),
    ("SET a = if_not_exists(a, :pad)", SET + 1 + IF_NOT_EXISTS + (1 + 14 + 1) + 1000),
    ("SET a = if_not_exists(b.c, d)", SET + 1 + IF_NOT_EXISTS + (1 + 28 + 2) + (1 + 14 + 1)),
    ("SET a = if_not_exists(a, if_not_exists(b, :n))", SET + 1 + 2 * (IF_NOT_EXISTS + 1 + 14 + 1) + 3),
    ("SET a = if_not_exists(a, :n) + :neg", SET + 1 + PLUS + IF_NOT_EXISTS + (1 + 14 + 1) + 3 + 3),
    ("SET a = list_append(a, :l)", SET + 1 + LIST_APPEND + (1 + 14 + 1) + 6),
    ("SET a = list_append(:l, :l)", SET + 1 + LIST_APPEND + 6 + 6),
    (
        "SET a = list_append(if_not_exists(a, :l), :l)",
        SET + 1 + LIST_APPEND + IF_NOT_EXISTS + (1 + 14 + 1) + 6 + 6,
    ),
    ("SET a = :pad, b = :pad", 2 * (SET + 1 + 1000)),
    ("ADD a :n", ADD + 1 + 3),
    ("ADD a.bc :ss", ADD + (1 + 4 + 2) + 3),
    ("REMOVE a", 1 + 1),
    ("REMOVE abc.de[7], f", 1 + (3 + 4 + 2 + 4 + 1) + 1 + 1),
    ("DELETE abc :ss", 1 + 3),
    ("DELETE a.b :ss", 1 + (1 + 4 + 1)),
    ("SET a = :n REMOVE b ADD c :n DELETE d :ss", SET + 1 + 3 + 1 + 1 + ADD + 1 + 3 + 1 + 1),
]


def cost_of(expression, given=VALUES):
    values = {
        name: value for name, value in given.items() if name in expression.replace(",", " ").replace(")", " ").split()
    }
    values |= {name: value for name, value in given.items() if f"({name}" in expression}
    request = {"UpdateExpression": expression}
    if values:
        request["ExpressionAttributeValues"] = values
    names = {alias: name for alias, name in NAMES.items() if alias in expression}
    if names:
        request["ExpressionAttributeNames"] = names
    return bind(request).update.cost, values


@pytest.mark.parametrize(("expression", "size"), COSTS)
def test_cost(expression, size):
    cost, values = cost_of(expression)
    assert cost.total(values) == 3 + size


def test_the_example_of_the_formula():
    cost, _ = cost_of("SET b = :pad")
    assert cost.total({":pad": {"S": "x" * 409_577}}) == ITEM_SIZE


LEGACY = {
    "put": ({"Action": "PUT", "Value": {"S": "x" * 500}}, SET + 3 + 500),
    "put by default": ({"Value": {"N": "12"}}, SET + 3 + 2),
    "add": ({"Action": "ADD", "Value": {"N": "12"}}, ADD + 3 + 2),
    "delete": ({"Action": "DELETE"}, 1 + 3),
    "delete members": ({"Action": "DELETE", "Value": {"SS": ["a"]}}, 1 + 3),
}


@pytest.mark.parametrize("case", LEGACY)
def test_attribute_updates_cost_as_their_clauses(case):
    action, size = LEGACY[case]
    assert attribute_updates({"AttributeUpdates": {"a.b": action}}).cost.total({}) == 3 + size


@pytest.mark.parametrize(
    "expression",
    ["SET a = :pad", "SET " + ", ".join(f"a{number} = :n" for number in range(200)), "REMOVE a"],
)
def test_a_light_update_with_small_values_needs_no_size_check(expression):
    """A light update is within the limit with any values that are together below LARGE_VALUES."""
    cost, _ = cost_of(expression)
    most = cost.fixed + len(cost.placeholders) * LARGE_VALUES
    assert cost.light is (most <= ITEM_SIZE)
    if cost.light:
        assert cost.total({key: {"S": "x" * LARGE_VALUES} for key in cost.placeholders}) <= ITEM_SIZE


def test_long_names_make_an_update_heavy():
    names = {f"#{letter}": letter * 65_535 for letter in "abcdefg"}
    request = {"UpdateExpression": "REMOVE " + ", ".join(names), "ExpressionAttributeNames": names}
    assert bind(request).update.cost == Cost(3 + 7 * 65_536, (), light=False)


def test_values_must_be_defined():
    with pytest.raises(ApiError):
        cost_of("SET a = :absent")
