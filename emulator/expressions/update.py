"""Compiles updates: the effects of SET, REMOVE, ADD and DELETE on an item (behaviour 4.5).

An action, such as `SET a = :v`, is compiled into its target path and a function of (item, values).
The function returns the target's new value, or None to remove the target. All functions read the
item as it was before the update: the results of all actions are computed, in the order of the
expression, before the first result is stored (values/paths.py). Targets do not overlap or conflict,
so the order of storing does not matter.

| action | the function returns                                                               |
|--------|------------------------------------------------------------------------------------|
| SET    | the operand; raises update_operand_missing if a path in the operand is missing     |
| REMOVE | None                                                                               |
| ADD    | the given value if the target is missing, else the sum or union of both values     |
| DELETE | the target's remaining members; None if none remain, or if the target is missing   |

A value of a wrong type raises update_operand_type. A number out of bounds raises an error of
behaviour 2.1. A result with more than 38 digits is reported as an overflow (behaviour 2.2).
"""

from binascii import a2b_base64
from collections.abc import Callable, Mapping
from typing import Final, cast

from emulator import errors
from emulator.expressions import ast
from emulator.expressions.compile import paths_in
from emulator.expressions.document_paths import path_getter, steps_of
from emulator.expressions.functions import FUNCTIONS, Compute
from emulator.expressions.program import Apply, GivenType, UpdateProgram
from emulator.expressions.rules import Rule, result_of
from emulator.expressions.update_cost import cost_of
from emulator.values import number, paths
from emulator.values.paths import Path
from emulator.values.types import Item, Value, Values

Result = Callable[[Item, Values], Value | None]

_NO_TYPES: Final[Mapping[str, str]] = {}
_SORTS: Final[Mapping[str, Callable[[list[str]], None]]] = {
    "SS": list.sort,  # Python sorts by code points, and UTF-8 bytes have the same order
    "NS": number.sort_numbers,
    "BS": lambda members: members.sort(key=a2b_base64),
}
"""Set type -> a function that sorts a set's members in place into canonical order.

values/sets.py sorts the members of parsed sets in the same order.
"""


def update(node: ast.UpdateTree, types: Mapping[str, str] = _NO_TYPES) -> UpdateProgram:
    """Compile an update that `analyze.py` has checked.

    types: placeholder -> type tag of its value, such as "N".
    """
    targets = tuple([steps_of(action.path) for action in node.actions])
    results = tuple([_result(action) for action in node.actions])
    read = [path for action in node.actions if isinstance(action, ast.SetAction) for path in paths_in(action.value)]
    return UpdateProgram(
        _apply(node, targets, results),
        targets,
        frozenset([str(target[0]) for target in targets]),
        tuple([path for path in (*targets, *read) if len(path) > 1]),
        _given_types(node, types),
        cost_of(node),
        creates=any(isinstance(action, ast.SetAction | ast.AddAction) for action in node.actions),
    )


def _given_types(node: ast.UpdateTree, types: Mapping[str, str]) -> dict[str, GivenType]:
    given_types = {}
    for action in node.actions:
        if isinstance(action, ast.SetAction | ast.AddAction) and len(action.path.steps) == 1:
            given_type = _given_type(action.value, types)
            if given_type is not None:
                given_types[str(action.path.steps[0])] = given_type
    return given_types


def _given_type(operand: ast.Operand, types: Mapping[str, str]) -> GivenType | None:
    """Return the type that a target gets from an operand.

    None means that only the item decides the type, because the operand is a path.
    """
    certain = True
    while isinstance(operand, ast.Call):
        function = FUNCTIONS[operand.function]
        if function.result is not None:
            return GivenType(function.result, certain)
        assert function.default is not None, (
            "in FUNCTIONS, a function that updates may use must have `result` or `default`"
        )
        certain = False
        operand = operand.arguments[function.default]
    match operand:
        case ast.Placeholder(name):
            return GivenType(types[name], certain, operand)
        case ast.Literal(value):
            return GivenType(next(iter(value)), certain, operand)
        case ast.Arithmetic():
            return GivenType("N", certain)
        case _:
            return None


# --- application ----------------------------------------------------------------------------------


def _apply(node: ast.UpdateTree, targets: tuple[Path, ...], results: tuple[Result, ...]) -> Apply:
    if any(len(target) > 1 for target in targets):
        return _apply_nested(node, targets, results)
    names = [str(target[0]) for target in targets]
    if len(names) == 1 and isinstance(node.actions[0], ast.SetAction):
        return _apply_set(names[0], results[0])
    return _apply_flat(names, results)


def _apply_set(name: str, result: Result) -> Apply:
    """Return the function that applies the most common update: SET of one top-level attribute."""
    compute = cast("Compute", result)

    def apply(item: Item, values: Values, *, exists: bool = True) -> Item:  # noqa: ARG001 - part of Apply
        new = item.copy()
        new[name] = compute(item, values)
        return new

    return apply


def _apply_flat(names: list[str], results: tuple[Result, ...]) -> Apply:
    """Return the function that applies an update whose targets are all top-level attributes."""
    actions = tuple(zip(names, results, strict=True))

    def apply(item: Item, values: Values, *, exists: bool = True) -> Item:  # noqa: ARG001 - part of Apply
        new = item.copy()
        for name, result in actions:
            value = result(item, values)
            if value is not None:
                new[name] = value
            elif name in new:
                del new[name]
        return new

    return apply


def _apply_nested(node: ast.UpdateTree, targets: tuple[Path, ...], results: tuple[Result, ...]) -> Apply:
    tree = paths.tree([(target, position) for position, target in enumerate(targets)])
    needed = {target[0] for target, action in zip(targets, node.actions, strict=True) if not _removes(action)}
    removed = frozenset([name for name in tree if name not in needed])
    nothing: frozenset[str] = frozenset()

    def apply(item: Item, values: Values, *, exists: bool = True) -> Item:
        change: paths.Change[int] = paths.Change([result(item, values) for result in results])
        return change.item(item, tree, nothing if exists else removed)

    return apply


def _removes(action: ast.Action) -> bool:
    return isinstance(action, ast.RemoveAction)


# --- actions --------------------------------------------------------------------------------------


def _result(action: ast.Action) -> Result:
    match action:
        case ast.SetAction():
            return _value(action.value)
        case ast.RemoveAction():
            return lambda _item, _values: None
        case ast.AddAction():
            return _add(steps_of(action.path), _value(action.value))
        case ast.DeleteAction():
            return _delete(steps_of(action.path), _value(action.value))


def _add(path: Path, operand: Compute) -> Result:
    get = path_getter(path)

    def add(item: Item, values: Values) -> Value:
        added = operand(item, values)
        old = get(item, values)
        return added if old is None else _added(old, added)

    return add


def _added(old: Value, added: Value) -> Value:
    """Return the sum of two numbers, or the union of two sets of the same type."""
    ((tag, content),) = added.items()
    if tag not in old:
        raise errors.update_operand_type()
    if tag == "N":
        return _arithmetic_result(number.add, old["N"], content)
    members = list({*old[tag], *content})
    _SORTS[tag](members)
    return {tag: members}


def _delete(path: Path, operand: Compute) -> Result:
    get = path_getter(path)

    def delete(item: Item, values: Values) -> Value | None:
        ((tag, content),) = operand(item, values).items()
        old = get(item, values)
        if old is None:
            return None
        if tag not in old:
            raise errors.update_operand_type()
        removed = set(content)
        remaining = [member for member in old[tag] if member not in removed]
        return {tag: remaining} if remaining else None

    return delete


# --- values ---------------------------------------------------------------------------------------


def _value(node: ast.Operand) -> Compute:
    return result_of(_value_rule(node))


def _value_rule(node: ast.Operand) -> Rule[Compute]:
    match node:
        case ast.Placeholder(name):
            return lambda _item, values: values[name]
        case ast.Literal(value):
            return lambda _item, _values: value
        case ast.DocumentPath():
            return _path_value(steps_of(node))
        case ast.Arithmetic(operator, left, right):
            return _arithmetic(operator, (yield _value_rule(left)), (yield _value_rule(right)))
        case ast.Call(name, given):
            function = FUNCTIONS[name]
            arguments = []
            for operand, argument in zip(function.operands, given, strict=True):
                if operand.path:
                    arguments.append(steps_of(cast("ast.DocumentPath", argument)))
                else:
                    arguments.append((yield _value_rule(argument)))
            return cast("Compute", function.build(*arguments))


def _path_value(path: Path) -> Compute:
    get = path_getter(path)

    def compute(item: Item, values: Values) -> Value:
        value = get(item, values)
        if value is None:
            raise errors.update_operand_missing()
        return value

    return compute


def _arithmetic(operator: str, first: Compute, second: Compute) -> Compute:
    operation = number.add if operator == "+" else number.subtract

    def compute(item: Item, values: Values) -> Value:
        left, right = first(item, values), second(item, values)
        if "N" not in left or "N" not in right:
            raise errors.update_operand_type()
        return _arithmetic_result(operation, left["N"], right["N"])

    return compute


def _arithmetic_result(operation: Callable[[str, str], str], left: str, right: str) -> Value:
    try:
        return {"N": operation(left, right)}
    except number.NumberError as error:
        raise errors.update_number(error.kind) from error
