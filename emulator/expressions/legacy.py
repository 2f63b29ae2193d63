"""Turns the legacy parameters, which existed before expressions, into programs.

The parameters are Expected, QueryFilter, ScanFilter, KeyConditions, AttributeUpdates and
AttributesToGet. They become the same programs as expressions (behaviour 18; Developer Guide,
"Legacy DynamoDB conditional parameters"), so the rest of the emulator has only one kind of
condition. A name in a legacy parameter always means a top-level attribute, even if it has dots. The
program of a legacy parameter contains the parameter's values, and does not use the argument
`values`.

| legacy                  | as an expression                                               |
|-------------------------|----------------------------------------------------------------|
| EQ NE LE LT GE GT       | a = :v, a <> :v (true for a missing attribute), a <= :v ...    |
| BETWEEN, IN             | a BETWEEN :v AND :w, a IN (:v, ...)                            |
| NULL, NOT_NULL          | attribute_not_exists(a), attribute_exists(a)                   |
| CONTAINS, BEGINS_WITH   | contains(a, :v), begins_with(a, :v)                            |
| NOT_CONTAINS            | attribute_exists(a) AND NOT contains(a, :v)                    |
| Value, Exists: false    | a = :v, attribute_not_exists(a)                                |
| PUT, DELETE             | SET a = :v, REMOVE a                                           |
| ADD, DELETE with a value| ADD a :v, DELETE a :v; if the item has another type, the error |
|                         | is `update_type_mismatch`; ADD of a list appends               |

When this module gets the parameters, they have passed the checks of the service model: members have
the right types, operators and actions are in their enums, members that were null are absent, and
attribute values are canonical. values/problems.py has the problems of values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any, Final, NamedTuple
from typing import Literal as OneOf

from emulator import errors, limits
from emulator.expressions import ast, program
from emulator.expressions import compile as compiler
from emulator.expressions.bind import check_names
from emulator.expressions.update import update
from emulator.values import compare
from emulator.values.size import utf8_size
from emulator.values.types import ORDERED, SETS, TYPES, Item, Value, Values

Request = Mapping[str, Any]
_Arguments = Sequence[Value]

LEGACY_MEMBERS: Final = (
    "AttributesToGet",
    "AttributeUpdates",
    "QueryFilter",
    "ScanFilter",
    "Expected",
    "ConditionalOperator",
    "KeyConditions",
)
EXPRESSION_MEMBERS: Final = (
    "UpdateExpression",
    "ConditionExpression",
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
)
_LEGACY: Final = frozenset(LEGACY_MEMBERS)

# The maximum number of conditions on the key of a table. An index can have more key attributes:
# limits.INDEX_KEY_ATTRIBUTES of each kind, HASH and RANGE.
_KEY_CONDITIONS: Final = 2


def check_mixing(
    request: Request,
    legacy_members: Iterable[str] = LEGACY_MEMBERS,
    expression_members: Iterable[str] = EXPRESSION_MEMBERS,
) -> None:
    """Raise mixed_parameters if a request has legacy and expression members (behaviour 3.6).

    The error names the members in the order of `legacy_members` and `expression_members`. All
    request models have these members in the order of the defaults. An empty map counts as present
    (observed: github.com/brendanhay/amazonka/issues/142). KeyConditions is allowed together with
    all expressions but KeyConditionExpression.
    """
    if _LEGACY.isdisjoint(request):
        return
    legacy = [member for member in legacy_members if request.get(member) is not None]
    if "KeyConditions" in legacy and request.get("KeyConditionExpression") is None:
        legacy.remove("KeyConditions")
    if legacy:
        expressions = [member for member in expression_members if request.get(member) is not None]
        if expressions:
            raise errors.mixed_parameters(legacy, expressions)


# --- conditions -----------------------------------------------------------------------------------


def expected(request: Request) -> program.Condition | None:
    """Return the program of Expected and ConditionalOperator, None if there are no conditions.

    Raises ApiError for a wrong parameter.
    """
    return _combined(request, "Expected", _expectation)


def filter_condition(request: Request, member: OneOf["QueryFilter", "ScanFilter"]) -> program.Condition | None:
    """Return the program of a filter and ConditionalOperator, None if there are no conditions.

    Raises ApiError for a wrong parameter. The caller must check with the program's `attributes`
    that a QueryFilter names no key attribute.
    """
    return _combined(request, member, _condition)


_FEW_NAMES: Final = limits.LEGACY_NAMES // limits.ATTRIBUTE_NAME  # this many names cannot exceed LEGACY_NAMES bytes


def _too_many_names(elements: Iterable[str]) -> bool:
    return sum(map(utf8_size, elements)) > limits.LEGACY_NAMES


def _combined(
    request: Request, member: str, build: Callable[[str, Request], ast.ConditionTree]
) -> program.Condition | None:
    elements: Mapping[str, Request] = request.get(member) or {}
    operator = request.get("ConditionalOperator")
    if operator is not None and len(elements) < 2:  # noqa: PLR2004 - one element needs no operator
        raise errors.conditional_operator_alone()
    if not elements:
        return None
    if _too_many_names(elements):
        raise errors.item_too_large()
    check_names(elements)
    conditions = [build(name, element) for name, element in elements.items()]
    # This tree has a level for each condition, perhaps thousands of levels. The compiler visits
    # it with a loop, because recursion would need too much of Python's stack.
    return compiler.condition(reduce(ast.Or if operator == "OR" else ast.And, conditions))


def _expectation(name: str, element: Request) -> ast.ConditionTree:
    operator = element.get("ComparisonOperator")
    value = element.get("Value")
    arguments = element.get("AttributeValueList")
    exists = element.get("Exists")
    if value is not None and arguments is not None:
        raise errors.value_and_list(name)
    if operator is None:
        if arguments is not None:
            raise errors.list_without_operator(name)
        return _presence(name, value, exists)
    if exists is not None:
        raise errors.exists_and_operator(name)
    if value is not None:
        arguments = [value]
    elif arguments is None and _OPERATORS[operator].fewest:
        raise errors.operator_without_value(operator, name)
    return _comparison(name, operator, arguments or ())


def _presence(name: str, value: Value | None, exists: bool | None) -> ast.ConditionTree:  # noqa: FBT001 - a wire member
    if exists is False:
        if value is not None:
            raise errors.expected_value_forbidden(name)
        return _comparison(name, "NULL", ())
    if value is None:
        raise errors.expected_value_required("null" if exists is None else "true", name)
    return _comparison(name, "EQ", (value,))


def _condition(name: str, element: Request) -> ast.ConditionTree:
    return _comparison(name, element["ComparisonOperator"], element.get("AttributeValueList") or ())


def _comparison(name: str, operator: str, arguments: _Arguments) -> ast.ConditionTree:
    _check_arguments(operator, arguments)
    return _OPERATORS[operator].build(ast.DocumentPath((name,)), tuple([ast.Literal(value) for value in arguments]))


def _check_arguments(operator: str, arguments: _Arguments) -> None:
    rule = _OPERATORS[operator]
    if len(arguments) < rule.fewest or (rule.most is not None and len(arguments) > rule.most):
        raise errors.argument_count(operator)
    tags = [tag for value in arguments for tag in value]
    for tag in tags:
        if tag not in rule.types:
            raise errors.argument_type(operator, tag)
    if len(set(tags)) > 1:
        raise errors.argument_types_differ()
    if operator == "BETWEEN" and (compare.order(arguments[0], arguments[1]) or 0) > 0:
        raise errors.between_bounds_reversed()


# --- operators ------------------------------------------------------------------------------------

_Literals = tuple[ast.Literal, ...]
_Build = Callable[[ast.DocumentPath, _Literals], ast.ConditionTree]


class _Operator(NamedTuple):
    """A ComparisonOperator.

    fewest, most: the minimum and maximum number of arguments. `most` is None if there is no
        maximum.
    types: the allowed types of arguments.
    build: a function that makes the tree of the equivalent condition.
    key: the equivalent operator of a key condition, None if key conditions do not allow it.
    """

    fewest: int
    most: int | None
    types: frozenset[str]
    build: _Build
    key: program.KeyOperator | None = None


def _compare(operator: ast.Comparator) -> _Build:
    def build(path: ast.DocumentPath, literals: _Literals) -> ast.ConditionTree:
        return ast.Compare(operator, path, literals[0])

    return build


def _call(function: str) -> _Build:
    def build(path: ast.DocumentPath, literals: _Literals) -> ast.ConditionTree:
        return ast.Call(function, (path, *literals))

    return build


def _between(path: ast.DocumentPath, literals: _Literals) -> ast.ConditionTree:
    return ast.Between(path, *literals)


def _in(path: ast.DocumentPath, literals: _Literals) -> ast.ConditionTree:
    return ast.In(path, literals)


def _not_contains(path: ast.DocumentPath, literals: _Literals) -> ast.ConditionTree:
    return ast.And(ast.Call("attribute_exists", (path,)), ast.Not(ast.Call("contains", (path, *literals))))


_OPERATORS: Final[Mapping[str, _Operator]] = {
    "EQ": _Operator(1, 1, TYPES, _compare("="), "="),
    "NE": _Operator(1, 1, TYPES, _compare("<>")),
    "LE": _Operator(1, 1, ORDERED, _compare("<="), "<="),
    "LT": _Operator(1, 1, ORDERED, _compare("<"), "<"),
    "GE": _Operator(1, 1, ORDERED, _compare(">="), ">="),
    "GT": _Operator(1, 1, ORDERED, _compare(">"), ">"),
    "BETWEEN": _Operator(2, 2, ORDERED, _between, "BETWEEN"),
    "IN": _Operator(1, None, ORDERED, _in),
    "NULL": _Operator(0, 0, TYPES, _call("attribute_not_exists")),
    "NOT_NULL": _Operator(0, 0, TYPES, _call("attribute_exists")),
    # The guide says "S, N or B" and later "cannot be a set, a map, or a list". We infer that BOOL
    # and NULL are allowed too, because lists may contain them.
    "CONTAINS": _Operator(1, 1, ORDERED | {"BOOL", "NULL"}, _call("contains")),
    "NOT_CONTAINS": _Operator(1, 1, ORDERED | {"BOOL", "NULL"}, _not_contains),
    "BEGINS_WITH": _Operator(1, 1, frozenset({"S", "B"}), _call("begins_with"), "begins_with"),
}


# --- updates --------------------------------------------------------------------------------------


def attribute_updates(request: Request) -> program.UpdateProgram | None:
    """Return the program of AttributeUpdates, None if there are no updates.

    The program does not create a missing item if it only deletes attributes (AWS: UpdateItem API,
    AttributeUpdates).

    Raises ApiError for an action that lacks its value or has a value of a wrong type. The program
    raises update_type_mismatch if the attribute in the item has a different type than the value.
    """
    elements: Mapping[str, Request] | None = request.get("AttributeUpdates")
    if not elements:
        return None
    # The cost of an action is larger than the name of its attribute (update_cost.py). So if the
    # names alone exceed the limit, the update is too large.
    if _too_many_names(elements):
        raise errors.update_too_large()
    check_names(elements)
    actions = tuple([_action(ast.DocumentPath((name,)), element) for name, element in elements.items()])
    compiled = update(ast.UpdateTree(actions))
    changes = tuple(
        [
            (name, tag)
            for name, element in elements.items()
            if element.get("Action") in {"ADD", "DELETE"}
            for tag in element.get("Value") or ()
        ]
    )
    return replace(compiled, apply=_typed(compiled.apply, changes)) if changes else compiled


def _typed(apply: program.Apply, changes: tuple[tuple[str, str], ...]) -> program.Apply:
    """Return a function that checks the types of attributes in the item and then calls `apply`.

    changes: pairs (attribute name, type) for the attributes that ADD or DELETE changes. The type is
    that of the value in the request.
    """

    def typed(item: Item, values: Values, *, exists: bool = True) -> Item:
        for name, tag in changes:
            if name in item and tag not in item[name]:
                raise errors.update_type_mismatch()
        return apply(item, values, exists=exists)

    return typed


def _action(path: ast.DocumentPath, element: Request) -> ast.Action:
    action = element.get("Action") or "PUT"
    value: Value | None = element.get("Value")
    if value is None:
        if action != "DELETE":
            raise errors.update_value_required()
        return ast.RemoveAction(path)
    (tag,) = value
    literal = ast.Literal(value)
    if action == "PUT":
        return ast.SetAction(path, literal)
    if action == "DELETE":
        if tag not in SETS:
            raise errors.delete_value_not_supported(tag)
        return ast.DeleteAction(path, literal)
    if tag == "L":
        old = ast.Call("if_not_exists", (path, ast.Literal({"L": []})))
        return ast.SetAction(path, ast.Call("list_append", (old, literal)))
    if tag not in SETS and tag != "N":
        raise errors.add_not_supported(tag)
    return ast.AddAction(path, literal)


# --- keys and projections -------------------------------------------------------------------------


def key_conditions(request: Request) -> program.KeyCondition:
    """Turn the request's KeyConditions into a key condition.

    Raises ApiError if they are wrong.

    Without IndexName, at most two conditions are allowed. With IndexName, up to eight conditions
    are allowed here, because the index may have several key attributes (features 3).
    `key_range.resolve` later checks whether key conditions may use the operators, and whether the
    conditions fit the schema. These checks come later, because the service first reports errors
    about the table (behaviour 18).
    """
    elements: Mapping[str, Request] = request["KeyConditions"]
    check_names(elements)
    for element in elements.values():
        _check_arguments(element["ComparisonOperator"], element.get("AttributeValueList") or ())
    limit = _KEY_CONDITIONS if request.get("IndexName") is None else 2 * limits.INDEX_KEY_ATTRIBUTES
    if not 1 <= len(elements) <= limit:
        raise errors.key_condition_count()
    return program.KeyCondition(tuple([_clause(name, element) for name, element in elements.items()]))


def _clause(name: str, element: Request) -> program.KeyClause:
    operator = _OPERATORS[element["ComparisonOperator"]].key or program.UNINDEXABLE
    arguments: _Arguments = element.get("AttributeValueList") or ()
    return program.KeyClause(name, operator, tuple(map(ast.Literal, arguments)))


def attributes_to_get(names: Sequence[str]) -> program.Projection:
    """Return the projection that keeps only the top-level attributes with these names.

    Raises ApiError for a repeated name (behaviour 4.7), and for names that together have more bytes
    than an item may have.
    """
    check_names(names)
    wanted = frozenset(names)
    if len(wanted) < len(names):
        seen: set[str] = set()
        for name in names:
            if name in seen:
                raise errors.duplicate_attribute(name)
            seen.add(name)
    if len(wanted) > _FEW_NAMES and _too_many_names(wanted):
        raise errors.item_too_large()
    return compiler.projection_of(wanted)
