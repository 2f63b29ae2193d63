"""Checks parsed expressions against names and types of values, without an item.

In the returned trees, names replace the aliases (`#a`). Placeholders (`:a`) stay. If there are
several problems, the service reports the first one in this order (behaviour 4.2):

    conditions   redundant parentheses, too many operators, unknown function, misused function,
                 reserved word, path length, list index; then clause by clause: undefined names
                 and values, operand count, document path required, distinct operands,
                 operand types
    updates      redundant parentheses, too many operators, reserved word, unknown function,
                 misused function, section twice, path length, list index, undefined name,
                 undefined value, overlap, conflict, operand type of ADD and DELETE; then action
                 by action: the operands of SET
    projections  reserved word, path length, list index, undefined name, overlap, conflict

Key conditions are checked as conditions first, then clause by clause (key_condition.py).

Analysis uses the types of values and not their contents, so its result is valid for all requests of
one form. Two rules depend on contents: the order of BETWEEN's bounds, and the type name of
attribute_type. Analysis returns these rules as `checks`, which run with the values of each request.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, NamedTuple, TypeVar

from emulator import limits
from emulator.expressions import ast, problems
from emulator.expressions.document_paths import Names, check_disjoint, resolved, steps_of
from emulator.expressions.functions import FUNCTIONS, Role
from emulator.expressions.key_condition import key_condition
from emulator.expressions.parsed import Parsed
from emulator.expressions.problems import ExpressionError
from emulator.expressions.program import KeyCondition
from emulator.expressions.reserved import RESERVED
from emulator.expressions.rules import Rule, result_of
from emulator.values import compare
from emulator.values.types import ORDERED, SETS, TYPES, Values

Tree = TypeVar("Tree")
Check = Callable[[Values], None]
Types = Mapping[str, str]

_OPERAND_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "<": ORDERED,
    "<=": ORDERED,
    ">": ORDERED,
    ">=": ORDERED,
    "BETWEEN": ORDERED,
    "=": TYPES,
    "<>": TYPES,
    "IN": TYPES,
    "+": frozenset({"N"}),
    "-": frozenset({"N"}),
}
"""Operator -> the types that its operands may have. For functions, see functions.py."""
_WORDS: Final = {
    "S": "STRING",
    "N": "NUMBER",
    "B": "BINARY",
    "NULL": "NULL",
    "BOOL": "BOOLEAN",
    "L": "LIST",
    "M": "MAP",
}


class Checked(NamedTuple, Generic[Tree]):
    """A tree in which analysis found no problem.

    checks: functions to call with the values of each request. A check raises ExpressionError if the
    contents of a value are wrong.
    """

    tree: Tree
    checks: tuple[Check, ...] = ()


def analyze_condition(parsed: Parsed[ast.ConditionTree], names: Names, types: Types) -> Checked[ast.ConditionTree]:
    """Check a condition, and replace its aliases by names.

    Raises ExpressionError for the first problem.

    names: alias -> attribute name. types: placeholder -> type letter of its value.
    """
    _check_size(parsed)
    _check_functions(parsed, "condition operand")
    _check_paths(parsed)
    analysis = _ConditionAnalysis(names, types)
    tree = analysis.condition(parsed.tree)
    return Checked(tree, tuple(analysis.checks))


def analyze_key_condition(parsed: Parsed[ast.ConditionTree], names: Names, types: Types) -> Checked[KeyCondition]:
    """Check a key condition by all rules that need no key schema.

    Raises ExpressionError for the first problem.
    """
    checked = analyze_condition(parsed, names, types)
    return Checked(key_condition(checked.tree), checked.checks)


def analyze_update(parsed: Parsed[ast.UpdateTree], names: Names, types: Types) -> Checked[ast.UpdateTree]:
    """Check an update, and replace its aliases by names.

    Raises ExpressionError for the first problem.
    """
    _check_size(parsed)
    _check_reserved(parsed)
    _check_functions(parsed, "update operand")
    if parsed.tree.repeated is not None:
        raise problems.repeated_section(parsed.tree.repeated)
    _check_elements(parsed)
    _check_defined(parsed, names, types)
    analysis = _UpdateAnalysis(names, types)
    actions = [analysis.action(action) for action in parsed.tree.actions]
    check_disjoint(action.path for action in actions)
    for action in actions:
        analysis.check_section(action)
    for action in actions:
        if isinstance(action, ast.SetAction):
            analysis.check_value(action.value)
    return Checked(ast.UpdateTree(tuple(actions)))


def analyze_projection(parsed: Parsed[ast.ProjectionTree], names: Names) -> Checked[ast.ProjectionTree]:
    """Check a projection, and replace its aliases by names.

    Raises ExpressionError for the first problem.
    """
    _check_paths(parsed)
    _check_defined(parsed, names, {})
    paths = tuple([resolved(path, names) for path in parsed.tree.paths])
    check_disjoint(paths)
    return Checked(ast.ProjectionTree(paths))


# --- the whole text -------------------------------------------------------------------------------


def _check_size(parsed: Parsed[Tree]) -> None:
    if parsed.redundant:
        raise ExpressionError(problems.REDUNDANT_PARENTHESES)
    if parsed.operators > limits.EXPRESSION_OPERATORS:
        raise problems.too_many_operators(limits.EXPRESSION_OPERATORS + 1)


def _check_functions(parsed: Parsed[Tree], operands: Role) -> None:
    """Raise ExpressionError for the first unknown function, else for the first misused function.

    operands: the role that a function must have if it is an operand: "condition operand" or "update
    operand".
    """
    for usage in parsed.functions:
        if usage.function not in FUNCTIONS:
            raise problems.unknown_function(usage.function)
    for usage in parsed.functions:
        function = FUNCTIONS[usage.function]
        if function.role != ("condition" if usage.as_condition else operands) or (usage.inner and function.outermost):
            raise problems.misused_function(usage.function)


def _check_paths(parsed: Parsed[Tree]) -> None:
    _check_reserved(parsed)
    _check_elements(parsed)


def _check_reserved(parsed: Parsed[Tree]) -> None:
    for word in parsed.words:
        if word.upper() in RESERVED:
            raise problems.reserved_word(word)


def _check_elements(parsed: Parsed[Tree]) -> None:
    """Raise ExpressionError for the first path with too many elements.

    If there is no such path, raise it for the first list index that is out of range.
    """
    if parsed.too_long:
        raise problems.path_too_long(parsed.too_long)
    for index in parsed.indexes:
        if index > limits.LIST_INDEX:
            raise problems.index_out_of_range(str(index))


def _check_defined(parsed: Parsed[Tree], names: Names, types: Types) -> None:
    for alias in parsed.aliases:
        if alias not in names:
            raise problems.undefined_name(alias)
    for placeholder in parsed.placeholders:
        if placeholder not in types:
            raise problems.undefined_value(placeholder)


# --- operands -------------------------------------------------------------------------------------


class _Analysis:
    """Base class for analysing conditions and updates: checks operand types and function calls."""

    def __init__(self, names: Names, types: Types) -> None:
        self.names = names
        self.types = types
        self.checks: list[Check] = []

    def check_call(self, name: str, arguments: Sequence[ast.Operand]) -> None:
        """Check the operands of a function call. Raise an error for the first broken rule.

        The paths among the operands must already have names instead of aliases.
        """
        function = FUNCTIONS[name]
        if len(arguments) != len(function.operands):
            raise problems.operand_count(name, len(arguments))
        for operand, node in zip(function.operands, arguments, strict=True):
            if operand.path and not isinstance(node, ast.DocumentPath):
                raise problems.path_required(name)
        if function.distinct:
            _check_distinct(name, arguments)
        for operand, node in zip(function.operands, arguments, strict=True):
            if operand.type_name:
                self.check_type_name(name, node)
            else:
                self.check_type(name, node, operand.types)

    def check_type(self, operator: str, node: ast.Operand, accepted: frozenset[str]) -> None:
        tag = self.type_of(node)
        if tag is not None and tag not in accepted:
            raise problems.operand_type(operator, tag)

    def type_of(self, node: ast.Operand) -> str | None:
        """Return the type letter of an operand, None if the type depends on the item."""
        match node:
            case ast.Placeholder(name):
                return self.types[name]
            case ast.Arithmetic():
                return "N"
            case ast.Call(function):
                return FUNCTIONS[function].result
            case _:
                return None

    def check_type_name(self, function: str, node: ast.Operand) -> None:
        tag = self.type_of(node) or problems.ANY_TYPE
        if tag != "S":
            raise problems.operand_type(function, tag)
        assert isinstance(node, ast.Placeholder), "only a placeholder can be an operand that is known to be a string"
        placeholder = node.name

        def check(values: Values) -> None:
            name = values[placeholder]["S"]
            if name not in TYPES:
                raise problems.unknown_type_name(name)

        self.checks.append(check)


def _check_distinct(operator: str, operands: Sequence[ast.Operand]) -> None:
    first = operands[0]
    if isinstance(first, ast.DocumentPath) and first in operands[1:]:
        raise problems.operands_not_distinct(operator, steps_of(first))


# --- conditions -----------------------------------------------------------------------------------


class _ConditionAnalysis(_Analysis):
    def condition(self, node: ast.ConditionTree) -> ast.ConditionTree:
        """Check a condition, and return it with names instead of aliases.

        This function recurses for each level of the tree. A condition may have only 300 operators,
        so Python's stack is large enough.
        """
        match node:
            case ast.And(left, right):
                return ast.And(self.condition(left), self.condition(right))
            case ast.Or(left, right):
                return ast.Or(self.condition(left), self.condition(right))
            case ast.Not(operand):
                return ast.Not(self.condition(operand))
            case ast.Compare(operator, left, right):
                left, right = self.operands(operator, (left, right))
                return ast.Compare(operator, left, right)
            case ast.Between(operand, low, high):
                operand, low, high = self.operands("BETWEEN", (operand, low, high))
                self.check_bounds(low, high)
                return ast.Between(operand, low, high)
            case ast.In(operand, options):
                if len(options) > limits.EXPRESSION_IN_OPERANDS:
                    raise problems.too_many_options(len(options))
                operand, *resolved_options = self.operands("IN", (operand, *options))
                return ast.In(operand, tuple(resolved_options))
            case ast.Call(function, given):
                arguments = [self.operand(node) for node in given]
                self.check_call(function, arguments)
                return ast.Call(function, tuple(arguments))

    def operands(self, operator: str, given: tuple[ast.Operand, ...]) -> list[ast.Operand]:
        """Check the operands of an operator, and return them with names instead of aliases.

        The operator must allow the type of each operand. If the first operand is a path, no other
        operand may be the same path.
        """
        operands = [self.operand(node) for node in given]
        _check_distinct(operator, operands)
        for node in operands:
            self.check_type(operator, node, _OPERAND_TYPES[operator])
        return operands

    def operand(self, node: ast.Operand) -> ast.Operand:
        if isinstance(node, ast.DocumentPath):
            return resolved(node, self.names)
        if isinstance(node, ast.Placeholder):
            if node.name not in self.types:
                raise problems.undefined_value(node.name)
            return node
        assert isinstance(node, ast.Call), "an operand of a condition must be a path, a placeholder or a function call"
        return self.call(node)

    def call(self, node: ast.Call) -> ast.Call:
        """Check a function call that is an operand, and return it with names instead of aliases.

        The call's operands must not be function calls. An inner call is refused before its own
        operands are checked: a text may nest thousands of calls, too many for recursion.
        """
        arguments = [part if isinstance(part, ast.Call) else self.operand(part) for part in node.arguments]
        self.check_call(node.function, arguments)
        for argument in arguments:
            if isinstance(argument, ast.Call):
                tag = self.type_of(argument)
                assert tag is not None, "a function that is an operand in conditions must have a result type"
                raise problems.operand_type(node.function, tag)
        return ast.Call(node.function, tuple(arguments))

    def check_bounds(self, low: ast.Operand, high: ast.Operand) -> None:
        if not isinstance(low, ast.Placeholder) or not isinstance(high, ast.Placeholder):
            return
        lower, upper = low.name, high.name

        def check(values: Values) -> None:
            order = compare.order(values[lower], values[upper])
            if order is None:
                raise problems.bounds_of_different_types(values[lower], values[upper])
            if order > 0:
                raise problems.bounds_reversed(values[lower], values[upper])

        self.checks.append(check)


# --- updates --------------------------------------------------------------------------------------


class _UpdateAnalysis(_Analysis):
    def action(self, node: ast.Action) -> ast.Action:
        """Return an action of an update with names instead of aliases."""
        path = resolved(node.path, self.names)
        match node:
            case ast.SetAction():
                return ast.SetAction(path, result_of(self.value(node.value)))
            case ast.AddAction():
                return ast.AddAction(path, node.value)
            case ast.DeleteAction():
                return ast.DeleteAction(path, node.value)
            case ast.RemoveAction():
                return ast.RemoveAction(path)

    def value(self, node: ast.Operand) -> Rule[ast.Operand]:
        match node:
            case ast.DocumentPath():
                return resolved(node, self.names)
            case ast.Call(function, arguments):
                resolved_arguments = []
                for argument in arguments:
                    resolved_arguments.append((yield self.value(argument)))  # noqa: PERF401 - a comprehension cannot yield
                return ast.Call(function, tuple(resolved_arguments))
            case ast.Arithmetic(operator, left, right):
                return ast.Arithmetic(operator, (yield self.value(left)), (yield self.value(right)))
            case _:
                return node

    def check_section(self, action: ast.Action) -> None:
        """Raise ExpressionError if an action is an ADD or DELETE with a value of a wrong type."""
        if not isinstance(action, ast.AddAction | ast.DeleteAction):
            return
        tag = self.type_of(action.value)
        adds = isinstance(action, ast.AddAction)
        if tag is not None and tag not in SETS and not (adds and tag == "N"):
            raise problems.action_operand_type("ADD" if adds else "DELETE", _WORDS[tag])

    def check_value(self, node: ast.Operand) -> None:
        """Check the function calls and the arithmetic in a value of SET, from inside to outside."""
        for part in ast.inner_first(node):
            if isinstance(part, ast.Call):
                self.check_call(part.function, part.arguments)
            elif isinstance(part, ast.Arithmetic):
                for operand in (part.left, part.right):
                    self.check_type(part.operator, operand, _OPERAND_TYPES[part.operator])
