"""Parses texts to trees: a recursive descent parser with one method per rule of behaviour 4.1.

The result depends only on the text, not on names and values. With the tree, the parser returns
notes for the analyser (parsed.py).

Each kind of expression has its own keywords. A keyword at the beginning of a path is a syntax
error. At a later position of a path, the analyser refuses it as a reserved word.

The methods of rules that can nest are generators (rules.py). They use little of Python's stack,
because a text of 4,096 bytes can nest two thousand calls.
"""

from collections.abc import Callable
from typing import Final

from emulator import limits
from emulator.expressions import problems
from emulator.expressions.ast import (
    Action,
    AddAction,
    Alias,
    And,
    Arithmetic,
    Between,
    Call,
    Compare,
    ConditionTree,
    DeleteAction,
    DocumentPath,
    In,
    Not,
    Operand,
    Or,
    Placeholder,
    ProjectionTree,
    RemoveAction,
    SetAction,
    UpdateTree,
)
from emulator.expressions.lexer import Token, tokens
from emulator.expressions.parsed import Parsed, Tree, Usage
from emulator.expressions.problems import ExpressionError
from emulator.expressions.rules import Rule, result_of

_COMPARATORS: Final = frozenset(("=", "<>", "<", "<=", ">", ">="))
_CONDITION_WORDS: Final = frozenset(("AND", "OR", "NOT", "IN", "BETWEEN"))
_SECTIONS: Final = frozenset(("SET", "REMOVE", "ADD", "DELETE"))
_NO_WORDS: Final[frozenset[str]] = frozenset()


def parse_condition(text: str) -> Parsed[ConditionTree]:
    """Parse a condition, filter or key condition expression.

    Raises ExpressionError for a syntax error.
    """
    parser = _Parser(text, _CONDITION_WORDS)
    return parser.finished(result_of(parser.condition()))


def parse_update(text: str) -> Parsed[UpdateTree]:
    """Parse an update expression. Raises ExpressionError for a syntax error."""
    parser = _Parser(text, _SECTIONS)
    return parser.finished(parser.update())


def parse_projection(text: str) -> Parsed[ProjectionTree]:
    """Parse a projection expression. Raises ExpressionError for a syntax error."""
    parser = _Parser(text, _NO_WORDS)
    return parser.finished(parser.projection())


def parse_key_condition(text: str) -> Parsed[ConditionTree]:
    """Parse a key condition expression, which has the grammar of a condition.

    Raises ExpressionError for a syntax error.
    """
    return parse_condition(text)


class _Parser:
    def __init__(self, text: str, keywords: frozenset[str]) -> None:
        self.text = text
        self.keywords = keywords
        self.tokens = tokens(text)
        self.position = 0
        self.closing = _closing(self.tokens)
        self.words: list[str] = []
        self.aliases: list[str] = []
        self.placeholders: list[str] = []
        self.indexes: list[int] = []
        self.functions: list[Usage] = []
        self.calls = 0
        self.operators = 0
        self.redundant = False
        self.too_long = 0

    def finished(self, tree: Tree) -> Parsed[Tree]:
        """Return the tree with the notes. Raise an error if the text has tokens after the tree."""
        self.expect("end")
        return Parsed(
            tree,
            tuple(self.words),
            tuple(self.aliases),
            tuple(self.placeholders),
            tuple(self.indexes),
            tuple(self.functions),
            self.operators,
            self.redundant,
            self.too_long,
        )

    # --- the stream of tokens ---

    def peek(self) -> Token:
        return self.tokens[self.position]

    def take(self) -> Token:
        token = self.tokens[self.position]
        self.position += 1
        return token

    def take_if(self, kind: str) -> bool:
        matches = self.tokens[self.position].kind == kind
        self.position += matches
        return matches

    def take_keyword(self, word: str) -> bool:
        token = self.tokens[self.position]
        matches = token.kind == "name" and token.text.upper() == word
        self.position += matches
        return matches

    def expect(self, kind: str) -> None:
        if not self.take_if(kind):
            raise self.unexpected()

    def unexpected(self) -> ExpressionError:
        """Return a syntax error that quotes the next token and the text around it."""
        token = self.peek()
        neighbours = [near for near in self.tokens[max(self.position - 1, 0) : self.position + 2] if near.kind != "end"]
        near = self.text[neighbours[0].start : neighbours[-1].end] if neighbours else ""
        return problems.syntax(token.text, near)

    def listed(self, rule: Callable[[], Tree]) -> tuple[Tree, ...]:
        parts = [rule()]
        while self.take_if(","):
            parts.append(rule())
        return tuple(parts)

    def grouped(self, rule: Callable[[], Rule[Tree]]) -> Rule[Tree]:
        """Parse parentheses, and the text inside them with `rule`. Return the rule's result."""
        opening = self.position
        if self.closing.get(opening + 1, 0) == self.closing.get(opening, 0) - 1:
            self.redundant = True
        self.expect("(")
        content: Tree = yield rule()
        self.expect(")")
        return content

    # --- conditions ---

    def condition(self) -> Rule[ConditionTree]:
        left: ConditionTree = yield self.conjunction()
        while self.take_keyword("OR"):
            self.operators += 1
            left = Or(left, (yield self.conjunction()))
        return left

    def conjunction(self) -> Rule[ConditionTree]:
        left: ConditionTree = yield self.negation()
        while self.take_keyword("AND"):
            self.operators += 1
            left = And(left, (yield self.negation()))
        return left

    def negation(self) -> Rule[ConditionTree]:
        negations = 0
        while self.take_keyword("NOT"):
            negations += 1
        self.operators += negations
        groups = self.peek().kind == "(" and not self.opens_operand()
        node: ConditionTree = yield self.grouped(self.condition) if groups else self.predicate()
        for _ in range(negations):
            node = Not(node)
        return node

    def opens_operand(self) -> bool:
        """Return True if the parentheses at the next token enclose an operand, not a condition.

        They enclose an operand if a comparator, BETWEEN or IN follows after them.
        """
        closing = self.closing.get(self.position)
        if closing is None:
            return False
        follower = self.tokens[closing + 1]
        return follower.kind in _COMPARATORS or (follower.kind == "name" and follower.text.upper() in ("BETWEEN", "IN"))

    def predicate(self) -> Rule[ConditionTree]:
        first_function = len(self.functions)
        operand: Operand = self.simple() or (yield self.nested())
        if self.peek().kind in _COMPARATORS:
            self.operators += 1
            operator = self.take().kind
            right = self.simple() or (yield self.nested())
            return Compare(operator, operand, right)  # type: ignore[arg-type]  # checked above
        if self.take_keyword("BETWEEN"):
            self.operators += 1
            low = self.simple() or (yield self.nested())
            if not self.take_keyword("AND"):
                raise self.unexpected()
            return Between(operand, low, self.simple() or (yield self.nested()))
        if self.take_keyword("IN"):
            self.operators += 1
            self.expect("(")
            options = yield self.operands()
            self.expect(")")
            return In(operand, options)
        if isinstance(operand, Call):
            self.functions[first_function] = Usage(operand.function, as_condition=True)
            return operand
        raise self.unexpected()

    # --- operands ---

    def operands(self) -> Rule[tuple[Operand, ...]]:
        operands: list[Operand] = [self.simple() or (yield self.nested())]
        while self.take_if(","):
            operands.append(self.simple() or (yield self.nested()))
        return tuple(operands)

    def operand(self) -> Rule[Operand]:
        return self.simple() or (yield self.nested())

    def simple(self) -> Operand | None:
        """Parse the next operand if it is a path or a placeholder.

        If it is in parentheses or is a function call, return None without taking a token.
        """
        token = self.peek()
        if token.kind == "value":
            self.position += 1
            self.placeholders.append(token.text)
            return Placeholder(token.text)
        if token.kind == "(" or (token.kind == "name" and self.tokens[self.position + 1].kind == "("):
            return None
        return self.path()

    def nested(self) -> Rule[Operand]:
        groups = self.peek().kind == "("
        rule = self.set_value if self.keywords is _SECTIONS else self.operand
        operand: Operand = yield self.grouped(rule) if groups else self.call()
        return operand

    def call(self) -> Rule[Call]:
        token = self.peek()
        if token.text.upper() in self.keywords:
            raise self.unexpected()
        self.functions.append(Usage(token.text, as_condition=False, inner=self.calls > 0))
        self.position += 2
        self.calls += 1
        arguments = yield self.operands()
        self.calls -= 1
        self.expect(")")
        return Call(token.text, arguments)

    def path(self) -> DocumentPath:
        if self.peek().text.upper() in self.keywords:
            raise self.unexpected()
        steps: list[str | int | Alias] = [self.name()]
        while True:
            if self.take_if("."):
                steps.append(self.name())
            elif self.take_if("["):
                steps.append(self.index())
            else:
                if len(steps) > limits.PATH_ELEMENTS and not self.too_long:
                    self.too_long = len(steps)
                return DocumentPath(tuple(steps))

    def name(self) -> str | Alias:
        token = self.peek()
        if token.kind == "name":
            self.position += 1
            self.words.append(token.text)
            return token.text
        if token.kind == "alias":
            self.position += 1
            self.aliases.append(token.text)
            return Alias(token.text)
        raise self.unexpected()

    def index(self) -> int:
        token = self.peek()
        self.expect("number")
        self.expect("]")
        index = int(token.text)
        self.indexes.append(index)
        return index

    # --- updates and projections ---

    def update(self) -> UpdateTree:
        actions: list[Action] = []
        opened: set[str] = set()
        repeated = None
        rules: dict[str, Callable[[], Action]] = {
            "SET": self.set_action,
            "REMOVE": self.remove_action,
            "ADD": self.add_action,
            "DELETE": self.delete_action,
        }
        while True:
            section = self.peek().text.upper()
            if section not in rules:
                raise self.unexpected()
            self.position += 1
            if section in opened and repeated is None:
                repeated = section
            opened.add(section)
            actions += self.listed(rules[section])
            if self.peek().kind == "end":
                return UpdateTree(tuple(actions), repeated)

    def set_action(self) -> SetAction:
        path = self.path()
        self.expect("=")
        return SetAction(path, result_of(self.set_value()))

    def set_value(self) -> Rule[Operand]:
        left: Operand = self.simple() or (yield self.nested())
        if self.take_if("+"):
            self.operators += 1
            return Arithmetic("+", left, self.simple() or (yield self.nested()))
        if self.take_if("-"):
            self.operators += 1
            return Arithmetic("-", left, self.simple() or (yield self.nested()))
        return left

    def remove_action(self) -> RemoveAction:
        return RemoveAction(self.path())

    def add_action(self) -> AddAction:
        return AddAction(self.path(), self.placeholder())

    def delete_action(self) -> DeleteAction:
        return DeleteAction(self.path(), self.placeholder())

    def placeholder(self) -> Placeholder:
        token = self.peek()
        self.expect("value")
        self.placeholders.append(token.text)
        return Placeholder(token.text)

    def projection(self) -> ProjectionTree:
        return ProjectionTree(self.listed(self.path))


def _closing(stream: list[Token]) -> dict[int, int]:
    """Return a dict: position of an opening parenthesis -> position of the closing parenthesis.

    Positions are indexes in `stream`.
    """
    closing = {}
    opened = []
    for position, token in enumerate(stream):
        if token.kind == "(":
            opened.append(position)
        elif token.kind == ")" and opened:
            closing[opened.pop()] = position
    return closing
