"""Parses conditions and paths (behaviour 14.1), with one method for each rule of the grammar.

Conditions and function calls can nest very deeply, so their methods are generators, which do not
use Python's stack (expressions/rules.py).
"""

# ruff: noqa: D102 - a method has the name of the rule that it parses

from collections.abc import Callable
from typing import Final

from emulator import errors, limits
from emulator.expressions import ast, problems
from emulator.expressions.functions import FUNCTIONS, Function
from emulator.expressions.parsed import Usage
from emulator.expressions.rules import Rule, result_of
from emulator.partiql.keywords import KEYWORDS
from emulator.partiql.value_terms import ValueTerms
from emulator.values.paths import Path

_COMPARATORS: Final[dict[str, ast.Comparator]] = {
    "=": "=",
    "<>": "<>",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}

_TYPES: Final = {
    "STRING": "S",
    "NUMBER": "N",
    "BINARY": "B",
    "BOOL": "BOOL",
    "BOOLEAN": "BOOL",
    "NULL": "NULL",
    "LIST": "L",
    "MAP": "M",
    "STRING_SET": "SS",
    "NUMBER_SET": "NS",
    "BINARY_SET": "BS",
}
"""A type name that may follow IS -> its type tag."""

_Node = ast.ConditionTree | ast.Operand


def _is_boolean(node: _Node) -> bool:
    """Return True if a node is a call of a function that returns true or false."""
    return isinstance(node, ast.Call) and FUNCTIONS[node.function].role == "condition"


class Terms(ValueTerms):
    """Parses conditions and paths, and remembers the functions, operators and errors in them.

    functions, set_functions, operators: what was parsed so far; see `Parsed` in ast.py.
    refusal: an error that is raised only if the rest of the text has no syntax error; or None.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.functions: list[Usage] = []
        self.set_functions: list[Usage] = []
        self.operators = 0
        self.refusal: errors.ApiError | None = None

    # --- conditions -------------------------------------------------------------------------------

    def condition(self) -> ast.ConditionTree:
        return self.as_condition(result_of(self.or_()))

    def as_condition(self, node: _Node) -> ast.ConditionTree:
        """Return the node if it is a condition. Raise a syntax error if it is an operand.

        The methods for conditions return an operand if no operator follows it.
        """
        if isinstance(node, ast.Call):
            self.functions.append(Usage(node.function, as_condition=True))
            return node
        if isinstance(node, ast.DocumentPath | ast.Placeholder | ast.Literal | ast.Arithmetic):
            raise self.malformed("Unexpected expression in where clause")
        return node

    def or_(self) -> Rule[_Node]:
        left: _Node = yield self.and_()
        while self.take_word("OR"):
            self.operators += 1
            left = ast.Or(self.as_condition(left), self.as_condition((yield self.and_())))
        return left

    def and_(self) -> Rule[_Node]:
        left: _Node = yield self.not_()
        while self.take_word("AND"):
            self.operators += 1
            left = ast.And(self.as_condition(left), self.as_condition((yield self.not_())))
        return left

    def not_(self) -> Rule[_Node]:
        negations = 0
        while self.take_word("NOT"):
            negations += 1
            self.operators += 1
        node: _Node = yield self.comparison()
        for _ in range(negations):
            node = ast.Not(self.as_condition(node))
        return node

    def comparison(self) -> Rule[_Node]:
        left: _Node = self.simple() or (yield self.nested())
        comparator = _COMPARATORS.get(self.token.kind)
        if comparator is not None:
            self.next()
            self.operators += 1
            right: _Node = self.simple() or (yield self.nested())
            if comparator in ("=", "<>") and (_is_boolean(left) or _is_boolean(right)):
                return self.equal_truths(left, right, negated=comparator == "<>")
            return ast.Compare(comparator, self.as_operand(left), self.as_operand(right))
        if self.take_word("IS"):
            return self.is_(self.as_operand(left))
        negated = self.take_word("NOT")
        if self.take_word("BETWEEN"):
            low = yield self.operand()
            self.expect_word("AND")
            node: ast.ConditionTree = ast.Between(self.as_operand(left), low, (yield self.operand()))
        elif self.take_word("IN"):
            node = ast.In(self.as_operand(left), (yield self.options()))
        elif negated:
            raise self.malformed("Unexpected token after expression")
        else:
            return left
        self.operators += 1 + negated
        return ast.Not(node) if negated else node

    def equal_truths(self, left: _Node, right: _Node, *, negated: bool) -> ast.ConditionTree:
        """Return the condition `f = x` or `f <> x`, where f is a boolean function.

        The trees of expressions have no such comparison, so AND, OR and NOT express it. `f = true`
        becomes `f`, and `f = false` becomes `NOT f`. For any other x, `f = x` becomes `(f AND x =
        true) OR (NOT f AND x = false)`. negated: True for `<>`.
        """
        if not _is_boolean(left):
            left, right = right, left
        function = self.as_condition(left)
        if _is_boolean(right):
            other = self.as_condition(right)
            node: ast.ConditionTree = ast.Or(ast.And(function, other), ast.And(ast.Not(function), ast.Not(other)))
        else:
            value = self.as_operand(right)
            literal = self.constants.get(value.name, {}) if isinstance(value, ast.Placeholder) else {}
            if "BOOL" in literal:
                node = function if literal["BOOL"] else ast.Not(function)
            else:
                true = ast.Compare("=", value, self.constant({"BOOL": True}))
                false = ast.Compare("=", value, self.constant({"BOOL": False}))
                node = ast.Or(ast.And(function, true), ast.And(ast.Not(function), false))
        return ast.Not(node) if negated else node

    def operand(self) -> Rule[ast.Operand]:
        return self.as_operand(self.simple() or (yield self.nested()))

    def as_operand(self, node: _Node) -> ast.Operand:
        if isinstance(node, ast.Call):
            self.functions.append(Usage(node.function, as_condition=False))
            return node
        if isinstance(node, ast.DocumentPath | ast.Placeholder):
            return node
        raise self.malformed("Unexpected expression in where clause")

    def options(self) -> Rule[tuple[ast.Operand, ...]]:
        closing = {"[": "]", "(": ")", "<<": ">>"}.get(self.token.kind)
        if closing is None:
            raise self.malformed("Expected a list after IN")
        self.next()
        options: list[ast.Operand] = [(yield self.operand())]
        while self.take_if(","):
            options.append((yield self.operand()))
        self.expect(closing)
        return tuple(options)

    def is_(self, operand: ast.Operand) -> ast.ConditionTree:
        negated = self.take_word("NOT")
        token = self.next()
        name = token.text.upper() if token.kind == "word" else ""
        self.operators += negated
        if name == "MISSING":
            self.functions.append(Usage("attribute_exists", as_condition=True))
            return ast.Call("attribute_exists" if negated else "attribute_not_exists", (operand,))
        if name not in _TYPES:
            raise self.malformed("Expected type name")
        self.functions.append(Usage("attribute_type", as_condition=True))
        node = ast.Call("attribute_type", (operand, self.constant({"S": _TYPES[name]})))
        return ast.Not(node) if negated else node

    def simple(self) -> ast.Operand | None:
        """Parse a path or a value. Return None if parentheses or a call come next."""
        if self.token.kind == "(" or self.calls():
            return None
        return ast.DocumentPath(self.path()) if self.starts_path() else self.value("root")

    def calls(self) -> bool:
        return self.token.kind == "word" and self.peek("(", 1)

    def nested(self) -> Rule[_Node]:
        if self.take_if("("):
            node: _Node = yield self.or_()
            self.expect(")")
            return node
        call: ast.Call = yield self.call()
        return call

    def call(self) -> Rule[ast.Call]:
        function = self.function()
        return ast.Call(function.name, (yield self.arguments(self.operand)))

    def function(self, *, in_set: bool = False) -> Function:
        """Return the function that the next token names. Raises ApiError if it is unknown.

        in_set: True on the right side of SET, where functions of updates are allowed.
        """
        token = self.next()
        name = token.text.lower()
        function = FUNCTIONS.get(name)
        if function is None or not function.partiql or (function.role == "update operand" and not in_set):
            raise errors.unrecognized_function(name, self.position(token))
        return function

    def arguments(self, argument: Callable[[], Rule[ast.Operand]]) -> Rule[tuple[ast.Operand, ...]]:
        self.expect("(")
        arguments: list[ast.Operand] = []
        if not self.take_if(")"):
            arguments.append((yield argument()))
            while self.take_if(","):
                arguments.append((yield argument()))
            self.expect(")")
        return tuple(arguments)

    # --- paths ------------------------------------------------------------------------------------

    def starts_path(self) -> bool:
        token = self.token
        return token.kind == "name" or (token.kind == "word" and token.text.upper() not in ("TRUE", "FALSE", "NULL"))

    def path(self) -> Path:
        token = self.next()
        if token.kind == "word" and token.text.upper() in KEYWORDS:
            raise self.malformed("Unexpected keyword")
        if token.kind not in ("word", "name"):
            raise self.malformed("Unexpected term")
        steps: list[str | int] = [self.step(token.text)]
        while True:
            if self.take_if("."):
                token = self.next()
                keyword = token.kind == "word" and token.text.upper() in KEYWORDS
                if keyword or token.kind not in ("word", "name"):
                    raise self.malformed("Invalid path dot component")
                steps.append(self.step(token.text))
            elif self.take_if("["):
                token = self.next()
                if token.kind == "number" and token.text.isdigit():
                    steps.append(self.index(token.text))
                elif token.kind == "string":
                    steps.append(self.step(token.text))
                else:
                    raise self.malformed("Invalid path component")
                self.expect("]")
            else:
                break
        # Keep this error for later: a syntax error in the rest of the text comes first (behaviour
        # 2.5).
        if len(steps) > limits.PATH_ELEMENTS:
            self.refusal = self.refusal or errors.statement_expression(problems.path_too_long(len(steps)).detail)
        return tuple(steps)

    def index(self, digits: str) -> int:
        written = digits.lstrip("0") or "0"
        if len(written) > len(str(limits.LIST_INDEX)) or int(written) > limits.LIST_INDEX:
            raise errors.statement_expression(problems.index_out_of_range(written).detail)
        return int(written)

    def step(self, name: str) -> str:
        if not name:
            raise errors.empty_path_component()
        return name
