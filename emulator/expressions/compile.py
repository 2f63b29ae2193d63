"""Compiles valid trees to programs.

Each node becomes a closure that calls the closures of its parts.

Conditions are functions of (item, values). The most common operands (a top-level name, a
placeholder) have special closures that save a call. A chain of ANDs or ORs becomes one closure, and
double NOTs cancel out. So closures nest about as deeply as the parentheses of a condition. An
expression has at most 300 operators, so Python's stack is large enough.

An operand is missing if the item lacks the attribute, or if a function call has no result. A
comparison with a missing operand is false (behaviour 4.4). There is one exception: `<>` is true if
the item lacks the attribute.
"""

import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

from emulator.expressions import ast
from emulator.expressions.document_paths import path_getter, steps_of
from emulator.expressions.functions import FUNCTIONS, Get, Test
from emulator.expressions.program import Condition, Projection
from emulator.values import paths
from emulator.values.compare import equal, order, remembering
from emulator.values.paths import Path
from emulator.values.types import Item, Values

_FEW_PARTS: Final = 30
"""The maximum number of operators and operands of a condition that is tested without a cache.

A larger condition caches results about large values during each test (`remembering`).
"""


def condition(node: ast.ConditionTree) -> Condition:
    """Return the program of a valid condition."""
    parts = ast.inner_first(node)
    read = _paths_among(parts)
    inner = tuple([path for path in read if len(path) > 1])
    test = _test(node)
    if len(parts) > _FEW_PARTS:
        test = remembering(test)
    return Condition(test, frozenset([str(path[0]) for path in read]), read, inner, len(parts))


def projection(node: ast.ProjectionTree) -> Projection:
    """Return the program of a valid projection."""
    wanted = tuple([steps_of(path) for path in node.paths])
    inner = tuple([path for path in wanted if len(path) > 1])
    names = frozenset([str(path[0]) for path in wanted])
    if not inner:
        return projection_of(names)
    tree = paths.tree([(path, True) for path in wanted])
    return Projection(lambda item: paths.pick(item, tree), names, inner)


def projection_of(names: frozenset[str]) -> Projection:
    """Return the projection that keeps only the top-level attributes with these names."""
    # Loop over the item, because the order of the set `names` differs between processes.
    return Projection(lambda item: {name: item[name] for name in item if name in names}, names)


def paths_in(node: ast.ConditionTree | ast.Operand) -> tuple[Path, ...]:
    """Return every document path in a tree, in written order."""
    return _paths_among(ast.inner_first(node))


def _paths_among(parts: list[Any]) -> tuple[Path, ...]:
    return tuple([steps_of(part) for part in parts if isinstance(part, ast.DocumentPath)])


# --- operands -------------------------------------------------------------------------------------


def getter(node: ast.Operand) -> Get:
    """Return a function that returns an operand's value.

    The function returns None if the item does not have the operand.
    """
    match node:
        case ast.DocumentPath():
            return path_getter(steps_of(node))
        case ast.Placeholder(name):
            return lambda _item, values: values[name]
        case ast.Literal(value):
            return lambda _item, _values: value
        case ast.Call():
            return _call(node)
    raise AssertionError("an operand of a valid condition must be a path, a placeholder, a literal or a function call")


def _top_level(node: ast.Operand) -> str | None:
    """Return the attribute's name if the operand is a path with one step, else None."""
    if isinstance(node, ast.DocumentPath) and len(node.steps) == 1:
        return str(node.steps[0])
    return None


# --- conditions -----------------------------------------------------------------------------------


def _test(node: ast.ConditionTree) -> Test:
    """Return a function that tests whether an item meets a condition.

    A loop visits the nodes. A chain of legacy conditions may have thousands of parts, and its tree
    has as many levels, which are too many for recursion.
    """
    parts: list[tuple[ast.ConditionTree, int]] = []
    waiting = [_without_double_not(node)]
    while waiting:
        part = waiting.pop()
        joined = _joined(part) if type(part) in _JOINERS else ()
        parts.append((part, len(joined)))
        waiting += joined
    tests: list[Test] = []
    for part, count in reversed(parts):  # inner conditions before outer ones
        inner = tests[len(tests) - count :]
        del tests[len(tests) - count :]
        tests.append(_JOINERS[type(part)](inner) if inner else _BUILDERS[type(part)](part))
    return tests[0]


def _joined(node: ast.ConditionTree) -> Sequence[ast.ConditionTree]:
    """Return all conditions that an AND, OR or NOT joins, from left to right.

    A chain of several ANDs, or of several ORs, counts as one AND or OR.
    """
    if isinstance(node, ast.Not):
        return (_without_double_not(node.operand),)
    return tuple(ast.chain(node, cast("type[ast.And | ast.Or]", type(node)), _without_double_not))


def _without_double_not(node: ast.ConditionTree) -> ast.ConditionTree:
    while isinstance(node, ast.Not) and isinstance(node.operand, ast.Not):
        node = node.operand.operand
    return node


def _and(tests: list[Test]) -> Test:
    if len(tests) == 2:  # noqa: PLR2004 - the usual chain
        first, second = tests
        return lambda item, values: first(item, values) and second(item, values)

    def every(item: Item, values: Values) -> bool:
        for test in tests:  # noqa: SIM110 - a generator costs more than a short chain
            if not test(item, values):
                return False
        return True

    return every


def _or(tests: list[Test]) -> Test:
    if len(tests) == 2:  # noqa: PLR2004 - the usual chain
        first, second = tests
        return lambda item, values: first(item, values) or second(item, values)

    def some(item: Item, values: Values) -> bool:
        for test in tests:  # noqa: SIM110 - see `every`
            if test(item, values):
                return True
        return False

    return some


def _not(tests: list[Test]) -> Test:
    [test] = tests
    return lambda item, values: not test(item, values)


_JOINERS: Final[dict[type, Callable[[list[Test]], Test]]] = {ast.And: _and, ast.Or: _or, ast.Not: _not}


def _compare(node: ast.Compare) -> Test:
    if node.operator == "=":
        return _equality(node)
    if node.operator == "<>":
        return _inequality(node)
    return _ordering(node)


def _equality(node: ast.Compare) -> Test:
    name = _top_level(node.left)
    if name is not None and isinstance(node.right, ast.Placeholder):
        placeholder = node.right.name
        return lambda item, values: name in item and equal(item[name], values[placeholder])
    get_left, get_right = getter(node.left), getter(node.right)

    def same(item: Item, values: Values) -> bool:
        left, right = get_left(item, values), get_right(item, values)
        return left is not None and right is not None and equal(left, right)

    return same


def _inequality(node: ast.Compare) -> Test:
    get_left, get_right = getter(node.left), getter(node.right)
    left_is_call, right_is_call = isinstance(node.left, ast.Call), isinstance(node.right, ast.Call)

    def different(item: Item, values: Values) -> bool:
        left, right = get_left(item, values), get_right(item, values)
        if left is None or right is None:
            return not (left is None and left_is_call) and not (right is None and right_is_call)
        return not equal(left, right)

    return different


_ACCEPTED: Final = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (0, 1)}
"""Comparator -> the results of compare.order for which the comparator is true.

For values that cannot be compared, compare.order returns None, so no comparator is true.
"""


_OPERATIONS: Final = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def _ordering(node: ast.Compare) -> Test:
    accepted = _ACCEPTED[node.operator]
    name = _top_level(node.left)
    if name is not None and isinstance(node.right, ast.Placeholder):
        return _simple_ordering(name, node.right.name, accepted, _OPERATIONS[node.operator])
    get_left, get_right = getter(node.left), getter(node.right)

    def ordered(item: Item, values: Values) -> bool:
        left, right = get_left(item, values), get_right(item, values)
        return left is not None and right is not None and order(left, right) in accepted

    return ordered


def _simple_ordering(
    name: str, placeholder: str, accepted: tuple[int, ...], compare: Callable[[Any, Any], bool]
) -> Test:
    """Return a test that compares a top-level attribute with a value.

    This is the most common part of filters. Whole numbers without a sign are compared by length and
    digits, in half the time of compare.order.

    accepted: the results of compare.order (-1, 0 or 1) for which the test is true.
    compare: the same comparison as a function of two Python values, such as operator.lt.
    """

    def ordered(item: Item, values: Values) -> bool:
        value = item.get(name)
        if value is None:
            return False
        other = values[placeholder]
        if "N" in value and "N" in other:
            left, right = value["N"], other["N"]
            if left.isdigit() and right.isdigit():
                return compare((len(left), left), (len(right), right))
        return order(value, other) in accepted

    return ordered


def _between(node: ast.Between) -> Test:
    get, get_low, get_high = getter(node.operand), getter(node.low), getter(node.high)
    at_least, at_most = _ACCEPTED[">="], _ACCEPTED["<="]

    def between(item: Item, values: Values) -> bool:
        value, low, high = get(item, values), get_low(item, values), get_high(item, values)
        if value is None or low is None or high is None:
            return False
        return order(value, low) in at_least and order(value, high) in at_most

    return between


def _in(node: ast.In) -> Test:
    get = getter(node.operand)
    options = [getter(option) for option in node.options]

    def among(item: Item, values: Values) -> bool:
        value = get(item, values)
        if value is not None:
            for option in options:
                other = option(item, values)
                if other is not None and equal(value, other):
                    return True
        return False

    return among


def _call(node: ast.Call) -> Callable[..., Any]:
    """Return a Python function that computes the result of a call.

    The call is a condition or an operand.
    """
    function = FUNCTIONS[node.function]
    arguments = [
        steps_of(cast("ast.DocumentPath", argument)) if operand.path else getter(argument)
        for operand, argument in zip(function.operands, node.arguments, strict=True)
    ]
    built: Callable[..., Any] = function.build(*arguments)
    return built


_BUILDERS: Final[dict[type, Callable[[Any], Test]]] = {
    ast.Compare: _compare,
    ast.Between: _between,
    ast.In: _in,
    ast.Call: _call,
}
