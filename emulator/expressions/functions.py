"""The functions of conditions and updates. `FUNCTIONS` has a `Function` for each of them.

To add a function, write its builder here and add its `Function`. The analyser, the compilers, the
cost of updates and PartiQL all use `FUNCTIONS`. Add the function's cases to
tests/cases/expressions: a test fails for a function without cases.

A builder returns a Python function of (item, values). What this function returns depends on the
role:

| role              | result                                                                      |
|-------------------|-----------------------------------------------------------------------------|
| condition         | True if the condition is true                                               |
| condition operand | a value, or None if the function has no value for this item                 |
| update operand    | a value; raises ApiError if an operand has a wrong type in the item         |

A builder takes one argument for each operand. If the operand must be a path, the argument is the
path's steps. Otherwise the argument is a function of (item, values) that returns the operand's
value. In a condition, this value may be None. In an update, it is never None.

Some functions can also be written in another way. begins_with is an operator of key conditions
(key_condition.py, partiql/where.py). Some legacy operators and PartiQL's IS become functions
(legacy.py, partiql/terms.py).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple
from typing import Literal as OneOf

from emulator import errors
from emulator.expressions.document_paths import path_getter
from emulator.values.compare import begins_with, contains, size_of
from emulator.values.paths import Path
from emulator.values.types import SETS, TYPES, Item, Value, Values

Test = Callable[[Item, Values], bool]
Get = Callable[[Item, Values], Value | None]
Compute = Callable[[Item, Values], Value]

Role = OneOf["condition", "condition operand", "update operand"]
"""Where a function may be used: as a condition, as an operand in conditions, or as an operand in
updates.
"""


class Operand(NamedTuple):
    """The requirements on one operand of a function.

    types: the types that the operand may have. If the type depends on the item, analysis accepts
        the operand.
    path: True if the operand must be a document path.
    type_name: True if the operand must be a value that names a type, such as "S".
    """

    types: frozenset[str]
    path: bool = False
    type_name: bool = False


class Function(NamedTuple):
    """A function of expressions. When FUNCTIONS is made, `checked` refuses an incomplete Function.

    This is a named tuple because a frozen dataclass with these fields would add 0.7 % to the
    start-up time.

    build: the function's builder (see the module's docstring).
    distinct: True if no other operand may be the same path as the first operand.
    partiql: True if PartiQL has the function too. PartiQL allows a function of updates only after
        SET.
    result: the type of the function's value. It is None for a condition, and for a function with a
        `default`.
    default: the position of the operand that the function may return unchanged, None if there is
        no such operand.
    cost: the number of bytes that a call adds to the cost of an update, without the call's operands
        (update_cost.py).
    outermost: True if the function may not be an operand of another function (behaviour 4.1).
    """

    name: str
    role: Role
    operands: tuple[Operand, ...]
    build: Callable[..., Any]
    distinct: bool
    partiql: bool
    result: str | None = None
    default: int | None = None
    cost: int | None = None
    outermost: bool = False


def checked(row: Function) -> Function:
    """Return the given Function. Raise AssertionError if it is incomplete or contradictory."""
    in_update = row.role == "update operand"
    assert row.name.isidentifier(), "the lexers read only an identifier as a function's name"
    assert row.name.islower(), "the name must be in small letters, because PartiQL searches for it in small letters"
    assert row.operands, "a function needs an operand: the grammar has no call without operands"
    for operand in row.operands:
        assert operand.types, "an operand must allow at least one type"
        assert operand.types <= TYPES, "an operand may only have types of DynamoDB"
        assert not (operand.type_name and in_update), (
            "a function of updates cannot have `type_name`: updates do not check it"
        )
    assert not row.distinct or len(row.operands) > 1, "`distinct` needs at least two operands"
    assert row.result is None or row.result in TYPES, "`result` must be a type of DynamoDB"
    if row.role == "condition":
        assert row.result is None, "a condition has no `result`: it is true or false, not a value"
        assert row.default is None, "a condition has no `default`: it is true or false, not a value"
    elif in_update:
        assert (row.result is None) is not (row.default is None), (
            "a function of updates needs either `result` or `default`"
        )
        assert row.default is None or row.default < len(row.operands), "`default` must be the position of an operand"
    else:
        assert row.result is not None, "a function that is an operand in conditions needs `result`"
        assert row.default is None, "only a function of updates may have `default`"
    assert (row.cost is not None) is in_update, (
        "each function of updates needs `cost`, and no other function may have it"
    )
    return row


# --- conditions -----------------------------------------------------------------------------------


def _exists(path: Path) -> Test:
    if len(path) == 1:
        [name] = path
        return lambda item, _values: name in item
    get = path_getter(path)
    return lambda item, values: get(item, values) is not None


def _not_exists(path: Path) -> Test:
    if len(path) == 1:
        [name] = path
        return lambda item, _values: name not in item
    get = path_getter(path)
    return lambda item, values: get(item, values) is None


def _has_type(get: Get, get_type: Get) -> Test:
    def has_type(item: Item, values: Values) -> bool:
        value, wanted = get(item, values), get_type(item, values)
        return value is not None and wanted is not None and wanted["S"] in value

    return has_type


def both(compare: Callable[[Value, Value], bool]) -> Callable[[Get, Get], Test]:
    """Return the builder of a condition that compares two values.

    compare: the comparison. The condition is false if one of the values is missing.
    """

    def build(get_first: Get, get_second: Get) -> Test:
        def test(item: Item, values: Values) -> bool:
            first, second = get_first(item, values), get_second(item, values)
            return first is not None and second is not None and compare(first, second)

        return test

    return build


# --- operands of conditions -----------------------------------------------------------------------


def _size(get: Get) -> Get:
    def size(item: Item, values: Values) -> Value | None:
        value = get(item, values)
        length = None if value is None else size_of(value)
        return None if length is None else {"N": str(length)}

    return size


# --- operands of updates --------------------------------------------------------------------------


def _if_not_exists(path: Path, default: Compute) -> Compute:
    get = path_getter(path)

    def compute(item: Item, values: Values) -> Value:
        value = get(item, values)
        return default(item, values) if value is None else value

    return compute


def _list_append(first: Compute, second: Compute) -> Compute:
    def compute(item: Item, values: Values) -> Value:
        left, right = first(item, values), second(item, values)
        if "L" not in left or "L" not in right:
            raise errors.update_operand_type()
        return {"L": left["L"] + right["L"]}

    return compute


# --- the table ------------------------------------------------------------------------------------

ANY: Final = Operand(TYPES)
PATH: Final = Operand(TYPES, path=True)
_TYPE_NAME: Final = Operand(frozenset({"S"}), type_name=True)
_TEXT: Final = Operand(frozenset({"S", "B"}))
_CONTAINER: Final = Operand(SETS | {"S", "B", "L"})
_SIZED: Final = Operand(TYPES - {"N", "BOOL", "NULL"})
_LIST: Final = Operand(frozenset({"L"}))

_ROWS: Final = (
    Function("attribute_exists", "condition", (PATH,), _exists, distinct=False, partiql=True),
    Function("attribute_not_exists", "condition", (PATH,), _not_exists, distinct=False, partiql=True),
    Function("attribute_type", "condition", (ANY, _TYPE_NAME), _has_type, distinct=True, partiql=True),
    Function("begins_with", "condition", (_TEXT, _TEXT), both(begins_with), distinct=True, partiql=True),
    Function("contains", "condition", (_CONTAINER, ANY), both(contains), distinct=True, partiql=True),
    Function("size", "condition operand", (_SIZED,), _size, distinct=False, partiql=True, result="N"),
    Function(
        "if_not_exists",
        "update operand",
        (PATH, ANY),
        _if_not_exists,
        distinct=False,
        partiql=False,
        default=1,
        cost=39,
    ),
    Function(
        "list_append",
        "update operand",
        (_LIST, _LIST),
        _list_append,
        distinct=False,
        partiql=True,
        result="L",
        cost=37,
        outermost=True,
    ),
)

FUNCTIONS: Final[Mapping[str, Function]] = {row.name: checked(row) for row in _ROWS}
"""Name -> function (behaviour 4.1, 4.2, 4.4, 4.5)."""
