"""Nesting of expressions and statements: Python's stack does not limit it.

The limits are the length of a text and 300 operators.

Every test runs with little stack left. Otherwise, a rule that needs a frame for each level might
pass by chance.
"""

import sys
from contextlib import contextmanager

import pytest

from emulator.errors import ApiError
from emulator.expressions.bind import bind
from emulator.limits import EXPRESSION_SIZE
from emulator.partiql.prepare import prepare_statement
from emulator.partiql.where import key_of

FRAMES = 330  # enough stack to evaluate a condition of 300 operators
PREFIX = "Invalid {}: "
TOO_MANY = "The expression contains too many operators; operator count: 301"
REDUNDANT = "The expression has redundant parentheses;"
NESTED_APPEND = "The function is not allowed to be used this way in an expression; function: list_append"
NESTED_SIZE = "Incorrect operand type for operator or function; operator or function: size, operand type: N"
ITEM = {"n": {"S": "axb"}, "l": {"L": []}, "a": {"N": "1"}}
VALUES = {":v": {"S": "x"}, ":l": {"L": [{"N": "1"}]}}
NEGATED = "contains(n,{0})OR contains(n,{0})AND NOT("


def nested(opening, levels, leaf, closing=")"):
    return opening * levels + leaf + closing * levels


def count(function, operands):
    return (
        "Incorrect number of operands for operator or function; "
        f"operator or function: {function}, number of operands: {operands}"
    )


@contextmanager
def little_stack(frames):
    depth = 0
    frame = sys._getframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(depth + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def bound(parameter, text):
    assert len(text) <= EXPRESSION_SIZE
    values = {name: value for name, value in VALUES.items() if name in text}
    return bind({parameter: text, "ExpressionAttributeValues": values} if values else {parameter: text})


def failure(make, *arguments):
    with pytest.raises(ApiError) as caught:
        make(*arguments)
    return caught.value.message


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (nested(NEGATED.format(":v"), 100, "contains(n,:v)"), True),
        (nested("contains(n,:v)OR NOT(", 150, "contains(n,:v)"), True),
        (nested("contains(n,:v)OR(contains(n,:v)AND(", 75, "contains(n,:v)", "))"), True),
        (nested("NOT(", 298, "n=:v"), False),
        (nested("NOT(", 299, "n=:v"), True),
        ("NOT " * 299 + "n=:v", True),
        (nested("NOT NOT(", 149, "n=:v"), False),
    ],
)
def test_conditions(text, holds):
    with little_stack(FRAMES):
        assert bound("FilterExpression", text).filter.test(ITEM, VALUES) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (nested("NOT(", 300, "n=:v"), TOO_MANY),
        ("NOT " * 1000 + "n=:v", TOO_MANY),
        (nested("(", 2000, "n=:v"), REDUNDANT),
        (nested("(", 2000, "n") + "=:v", REDUNDANT),
        ("(" * 4096, 'Syntax error; token: "<EOF>", near: "("'),
        (nested("f(", 1300, "n"), "Invalid function name; function: f"),
        ("f(" * 2048, 'Syntax error; token: "<EOF>", near: "("'),
        (nested("size(", 600, "n") + "=:v", NESTED_SIZE),
        (nested("size(", 500, "n", ",n)") + "=:v", count("size", 2)),
        (f"n IN({nested('size(', 600, 'n')})", NESTED_SIZE),
        (
            nested("contains(", 400, "n"),
            "The function is not allowed to be used this way in an expression; function: contains",
        ),
    ],
    ids=lambda text: text[:30],
)
def test_refused_conditions(text, message):
    with little_stack(FRAMES):
        assert failure(bound, "ConditionExpression", text) == PREFIX.format("ConditionExpression") + message


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("SET l=" + nested("if_not_exists(m,", 240, ":l"), "l", VALUES[":l"]),
        ("SET l=list_append(l," + nested("if_not_exists(m,", 230, ":l") + ")", "l", VALUES[":l"]),
        ("SET b=" + nested("if_not_exists(b,", 230, "a"), "b", {"N": "1"}),
        ("SET a=" + nested("(a+", 300, "a"), "a", {"N": "301"}),
        ("SET a=" + nested("(", 299, "a", "+a)"), "a", {"N": "300"}),
    ],
    ids=lambda text: str(text)[:30],
)
def test_updates(text, name, value):
    with little_stack(FRAMES):
        new = bound("UpdateExpression", text).update.apply(ITEM, VALUES, exists=True)
        assert new[name] == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SET a=" + nested("(a+", 301, "a"), TOO_MANY),
        ("SET l=" + nested("if_not_exists(", 270, "l"), count("if_not_exists", 1)),
        ("SET l=" + nested("list_append(", 310, "l"), NESTED_APPEND),
        ("SET l=" + nested("f(", 1300, "l"), "Invalid function name; function: f"),
        ("SET l=" + nested("(", 2000, "l"), REDUNDANT),
    ],
    ids=lambda text: text[:30],
)
def test_refused_updates(text, message):
    with little_stack(FRAMES):
        assert failure(bound, "UpdateExpression", text) == PREFIX.format("UpdateExpression") + message


def where(text):
    prepared = prepare_statement(f"SELECT * FROM t WHERE {text}")
    _, rest = key_of(prepared.program.where, ["pk"])
    return rest.test(ITEM, prepared.values)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (nested(NEGATED.format("'x'"), 100, "contains(n,'x')"), True),
        (nested("NOT(", 299, "n='x'"), True),
        (nested("(", 4000, "n='axb'"), True),
        (nested("(", 4000, "n") + "='axb'", True),
        ("n=" + nested("[", 100, "1", "]"), False),
    ],
    ids=lambda text: str(text)[:30],
)
def test_statements(text, holds):
    with little_stack(430):  # literals have at most 100 levels, each of which takes four frames
        assert where(text) is holds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("NOT " * 2000 + "n='x'", TOO_MANY),
        (nested("size(", 1300, "n") + "=1", NESTED_SIZE),
        ("(" * 8000, "Statement wasn't well formed, can't be processed: Unexpected term"),
        ("n=" + "[" * 8000, "Statement wasn't well formed, can't be processed: "),
        ("size() > 1", count("size", 0)),
        ("a BETWEEN size() AND 1", count("size", 0)),
        ("a IN (size())", count("size", 0)),
        ("contains(a, size())", count("size", 0)),
    ],
    ids=lambda text: text[:30],
)
def test_refused_statements(text, message):
    with little_stack(430):
        assert failure(where, text) == message


def test_calls_in_statements():
    text = "UPDATE t SET l=" + nested("list_append(l,", 500, "[1]") + " WHERE pk='x'"
    with little_stack(550):
        prepared = prepare_statement(text)
        new = prepared.program.update.apply(ITEM, prepared.values, exists=True)
        assert new["l"] == {"L": [{"N": "1"}]}
        text = "UPDATE t SET l=" + nested("list_append(", 620, "l") + " WHERE pk='x'"
        assert failure(prepare_statement, text) == count("list_append", 1)


@pytest.mark.parametrize("text", ["SELECT a[{}] FROM t", "UPDATE t SET a[{}] = 1 WHERE pk = 'x'"])
@pytest.mark.parametrize("index", ["4294967295", "9" * 4400])
def test_list_indexes_of_statements(text, index):
    message = f"List index is not within the allowable range; index: [{index}]"
    assert failure(prepare_statement, text.format(index)) == message
    prepare_statement(text.format("0" * 20 + "4294967294"))
