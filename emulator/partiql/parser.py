"""Parses statements (behaviour 14.1), with one method for each rule of the grammar.

The result of `parse` depends only on the text, so the latest results are cached. This parser raises
ApiError and not ExpressionError, because the messages do not begin with the name of a parameter.
Many messages include a position in the text.

Behaviour 14.4 has the service's errors for some malformed statements. For other statements, we use
the words of PartiQL's published parser as far as we know them; the service may use other words.
"""

from typing import Final, cast

from emulator import errors
from emulator.caching import BoundedCache
from emulator.expressions import ast
from emulator.expressions.parsed import Usage
from emulator.expressions.rules import Rule, result_of
from emulator.partiql.ast import (
    DeleteStatement,
    Exists,
    Insert,
    OrderKey,
    Parsed,
    Relation,
    Returning,
    Select,
    SetChange,
    Statement,
    UpdateStatement,
)
from emulator.partiql.keywords import KEYWORDS
from emulator.partiql.terms import Terms
from emulator.partiql.value_terms import ITEM
from emulator.values.paths import Path

_SET_FUNCTIONS: Final = frozenset(("set_add", "set_delete"))


_parsed: BoundedCache[Parsed] = BoundedCache()


def parse(text: str) -> Parsed:
    """Return the parsed statement, from the cache if possible. Raises ApiError."""
    parsed = _parsed.get(text)
    if parsed is None:
        parsed = _Statements(text).parsed()
        _parsed.keep(text, parsed, len(text))
    return parsed


class _Statements(Terms):
    def parsed(self) -> Parsed:
        statement = self.statement()
        self.take_if(";")
        if self.token.kind != "end":
            raise self.malformed("Unexpected token after expression")
        if self.refusal is not None and not isinstance(statement, Select | Exists):
            raise self.refusal
        return Parsed(
            statement,
            tuple(f"?{index}" for index in range(self.parameters)),
            self.constants,
            tuple(self.templates),
            tuple(self.functions),
            tuple(self.set_functions),
            self.operators,
        )

    # --- statements -------------------------------------------------------------------------------

    def statement(self) -> Statement:
        if self.take_word("SELECT"):
            return self.select()
        if self.take_word("INSERT"):
            return self.insert()
        if self.take_word("UPDATE"):
            return self.update()
        if self.take_word("DELETE"):
            return self.delete()
        if self.take_word("FROM"):
            return self.update_from()
        if self.take_word("EXISTS"):
            return self.exists()
        raise self.malformed("Expected data manipulation")

    def select(self) -> Select:
        paths = self.projection()
        self.expect_word("FROM")
        relation = self.relation()
        where = self.where()
        return Select(relation, paths, where, self.order(), self.refusal)

    def projection(self) -> tuple[Path, ...] | None:
        if self.take_if("*"):
            return None
        paths = [self.projected()]
        while self.take_if(","):
            paths.append(self.projected())
        return tuple(paths)

    def projected(self) -> Path:
        token = self.token
        if token.kind in ("string", "number", "?", "[", "{", "<<", "(", "-", "+"):
            raise errors.unexpected_path_component(self.position(token))
        if self.calls():
            self.refusal = self.refusal or errors.unexpected_path_component(self.position(token))
            self.skip_call()
            return ()
        path = self.path()
        self.refuse_alias()
        return path

    def skip_call(self) -> None:
        """Skip a function's name and everything in its parentheses."""
        self.next()
        depth = 0
        while True:
            token = self.next()
            if token.kind == "end":
                raise self.malformed("Expected )")
            depth += (token.kind == "(") - (token.kind == ")")
            if depth == 0:
                return

    def order(self) -> tuple[OrderKey, ...]:
        if not self.take_word("ORDER"):
            return ()
        self.expect_word("BY")
        keys = [self.order_key()]
        while self.take_if(","):
            keys.append(self.order_key())
        return tuple(keys)

    def order_key(self) -> OrderKey:
        path = self.path()
        descending = self.take_word("DESC")
        if not descending:
            self.take_word("ASC")
        return OrderKey(path, descending)

    def insert(self) -> Insert:
        self.expect_word("INTO")
        relation = self.relation(aliased=False)
        if self.starts_alias():
            raise self.malformed("Unexpected token after expression")
        self.expect_word("VALUE")
        return Insert(relation, self.value(ITEM))

    def update(self) -> UpdateStatement:
        relation = self.relation()
        actions, changes = self.actions()
        where = self.where()
        return UpdateStatement(relation, actions, changes, where, self.returning())

    def update_from(self) -> UpdateStatement | DeleteStatement:
        """Parse the rest of an UPDATE or DELETE that begins with FROM.

        Such a statement is FROM "table" WHERE ..., and then SET, REMOVE or DELETE.
        """
        relation = self.relation()
        where = self.where()
        if self.take_word("DELETE"):
            return self.deletion(relation, where)
        actions, changes = self.actions()
        return UpdateStatement(relation, actions, changes, where, self.returning())

    def delete(self) -> DeleteStatement:
        self.expect_word("FROM")
        return self.deletion(self.relation(), self.where())

    def deletion(self, relation: Relation, where: ast.ConditionTree | None) -> DeleteStatement:
        returning = self.returning()
        if returning not in (None, "ALL OLD"):
            raise errors.invalid_returning(returning)
        return DeleteStatement(relation, where, returning)

    def exists(self) -> Exists:
        self.expect("(")
        self.expect_word("SELECT")
        select = self.select()
        self.expect(")")
        return Exists(select)

    def relation(self, *, aliased: bool = True) -> Relation:
        names = [self.source_name()]
        while self.take_if("."):
            names.append(self.source_name())
        if "" in names:
            raise errors.empty_path_component()
        if len(names) > 2:  # noqa: PLR2004 - a table and an index
            raise errors.too_many_from_components()
        if aliased:
            self.refuse_alias()
        return Relation(names[0], names[1] if len(names) > 1 else None)

    def source_name(self) -> str:
        token = self.next()
        if token.kind == "name" or (token.kind == "word" and token.text.upper() not in KEYWORDS):
            return token.text
        raise self.malformed("Expected identifier")

    def refuse_alias(self) -> None:
        if self.starts_alias():
            raise errors.aliasing()

    def starts_alias(self) -> bool:
        token = self.token
        return (
            token.kind == "name"
            or self.peek_word("AS", "AT")
            or (token.kind == "word" and token.text.upper() not in KEYWORDS)
        )

    def where(self) -> ast.ConditionTree | None:
        return self.condition() if self.take_word("WHERE") else None

    def returning(self) -> Returning | None:
        if not self.take_word("RETURNING"):
            return None
        which = self.next().text.upper()
        when = self.next().text.upper()
        if which not in ("ALL", "MODIFIED"):
            raise self.malformed("Expected ALL or MODIFIED keyword")
        if when not in ("OLD", "NEW"):
            raise self.malformed("Expected OLD or NEW keyword")
        self.expect("*")
        return cast("Returning", f"{which} {when}")

    # --- SET and REMOVE ---------------------------------------------------------------------------

    def actions(self) -> tuple[ast.UpdateTree, tuple[SetChange, ...]]:
        actions: list[ast.Action] = []
        changes: list[SetChange] = []
        while True:
            if self.take_word("SET"):
                actions.append(self.assignment(changes))
                while self.take_if(","):
                    actions.append(self.assignment(changes))
            elif self.take_word("REMOVE"):
                actions.append(ast.RemoveAction(ast.DocumentPath(self.path())))
            else:
                break
        if not actions:
            raise self.malformed("Expected data manipulation")
        return ast.UpdateTree(tuple(actions)), tuple(changes)

    def assignment(self, changes: list[SetChange]) -> ast.Action:
        path = ast.DocumentPath(self.path())
        self.expect("=")
        token = self.token
        function = token.text.lower()
        if token.kind == "word" and self.peek("(", 1) and function in _SET_FUNCTIONS:
            return self.set_change(path, changes)
        return ast.SetAction(path, result_of(self.set_value()))

    def set_value(self) -> Rule[ast.Operand]:
        left: ast.Operand = yield self.set_operand()
        if self.take_if("+"):
            return ast.Arithmetic("+", left, (yield self.set_operand()))
        if self.take_if("-"):
            return ast.Arithmetic("-", left, (yield self.set_operand()))
        return left

    def set_operand(self) -> Rule[ast.Operand]:
        if self.calls():
            call: ast.Call = yield self.set_call()
            return call
        return ast.DocumentPath(self.path()) if self.starts_path() else self.value("root")

    def set_call(self) -> Rule[ast.Call]:
        function = self.function(in_set=True)
        self.set_functions.append(Usage(function.name, as_condition=False))
        return ast.Call(function.name, (yield self.arguments(self.set_operand)))

    def set_change(self, path: ast.DocumentPath, changes: list[SetChange]) -> ast.Action:
        """Parse a call of set_add or set_delete; return the update action for the whole SET.

        `SET a = set_add(a, <<...>>)` becomes an ADD action, and `SET a = set_delete(a, <<...>>)`
        becomes a DELETE action.
        """
        token = self.next()
        function, position = token.text.upper(), self.position(token)
        first = self.at + 1  # the position of the first argument in `tokens`
        arguments = result_of(self.arguments(self.set_operand))
        if len(arguments) != 2:  # noqa: PLR2004 - the set and the change
            raise errors.set_function_arguments(function, position)
        target, change = arguments
        if target != path:
            raise errors.set_function_target(function, position)
        inside = self.span(first, self.next_comma(first))
        if not isinstance(change, ast.Placeholder):
            raise errors.set_function_value(function, inside)
        changes.append(SetChange(function, change, inside))
        return (ast.AddAction if function == "SET_ADD" else ast.DeleteAction)(path, change)
