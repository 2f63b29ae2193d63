"""Analyses and compiles statements with their parameters, like expressions of native operations.

The result, a `Program`, depends only on the text and on the types of the parameters. It is cached
by text and types (caching.py), so a repeated statement is not compiled again. Checks that depend on
the values of parameters run for each request.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from emulator import errors
from emulator.caching import BoundedCache
from emulator.expressions import analyze, ast, program
from emulator.expressions import parsed as parsed_expressions
from emulator.expressions import update as updates
from emulator.expressions.problems import ExpressionError
from emulator.partiql import literals
from emulator.partiql.ast import DeleteStatement, Exists, Insert, Parsed, Relation, Returning, Select, UpdateStatement
from emulator.partiql.parser import parse
from emulator.values.types import SETS, Value, Values


class Program:
    """A compiled statement, for parameters of certain types.

    types: placeholder name -> type of its value.
    checks: functions that check the values in the conditions, for each request.
    outline: the part of the plan that needs no values (see plan.py), for the table used last.
    outline_of: the definition of this table.
    """

    __slots__ = ("checks", "outline", "outline_of", "parsed", "refusal", "types", "update", "where")

    def __init__(self, parsed: Parsed, values: Values) -> None:
        statement = parsed.statement
        self.parsed = parsed
        self.types = {name: tag for name, value in values.items() for tag in value}
        self.checks: tuple[analyze.Check, ...] = ()
        self.update: program.UpdateProgram | None = None
        self.where: ast.ConditionTree | None = None
        self.refusal: errors.ApiError | None = None  # the error in the conditions, if any
        self.outline: Any = None
        self.outline_of: object = None
        if statement.relation.index is not None and isinstance(statement, UpdateStatement | DeleteStatement):
            raise errors.statement_on_index()
        if statement.relation.index is not None and isinstance(statement, Insert):
            raise errors.insert_into_index()
        if isinstance(statement, UpdateStatement):
            self.update = self._update(statement)
        if not isinstance(statement, Insert):
            where = statement.select.where if isinstance(statement, Exists) else statement.where
            try:
                self.where = None if where is None else self._condition(where)
            except ExpressionError as error:
                self.refusal = errors.statement_expression(error.detail)

    def _update(self, statement: UpdateStatement) -> program.UpdateProgram:
        for change in statement.changes:
            if self.types[change.argument.name] not in SETS:
                raise errors.set_function_value(change.function, change.position)
        parsed = parsed_expressions.Parsed(
            statement.update, (), (), tuple(self.types), (), self.parsed.set_functions, 0, redundant=False
        )
        return updates.update(analyze.analyze_update(parsed, {}, self.types).tree, self.types)

    def _condition(self, where: ast.ConditionTree) -> ast.ConditionTree:
        functions, operators = self.parsed.functions, self.parsed.operators
        parsed = parsed_expressions.Parsed(where, (), (), (), (), functions, operators, redundant=False)
        checked = analyze.analyze_condition(parsed, {}, self.types)
        self.checks = checked.checks
        return checked.tree


_RETURN_VALUES: Final[Mapping[Returning, str]] = {
    "ALL OLD": "ALL_OLD",
    "ALL NEW": "ALL_NEW",
    "MODIFIED OLD": "UPDATED_OLD",
    "MODIFIED NEW": "UPDATED_NEW",
}


@dataclass(slots=True)
class PreparedStatement:
    """A statement with its parameters, after all checks that need no table.

    refusal: an error in the columns or conditions of a SELECT from an index, otherwise None. It is
    raised only after the table is found. Some indexes refuse every SELECT with another error, which
    comes first (behaviour 14.2).
    """

    program: Program
    values: Values
    refusal: errors.ApiError | None = None

    @property
    def statement(self) -> Select | Insert | UpdateStatement | DeleteStatement | Exists:
        """Return the syntax tree of the statement."""
        return self.program.parsed.statement

    @property
    def relation(self) -> Relation:
        """Return the table or index that the statement names."""
        return self.program.parsed.statement.relation

    @property
    def return_values(self) -> str | None:
        """Return the value of ReturnValues that RETURNING stands for; None without RETURNING."""
        statement = self.statement
        if isinstance(statement, UpdateStatement | DeleteStatement) and statement.returning is not None:
            return _RETURN_VALUES[statement.returning]
        return None

    @property
    def reads(self) -> bool:
        """Return True if the statement is a SELECT. EXISTS counts as a write."""
        return isinstance(self.program.parsed.statement, Select)


_programs: BoundedCache[Program] = BoundedCache()


def prepare_statement(text: str, parameters: Sequence[Value] = ()) -> PreparedStatement:
    """Parse, analyse and compile a statement; return it with its parameters. Raises ApiError.

    parameters: canonical attribute values.
    """
    form = (text, *chain.from_iterable(parameters))
    found = _programs.get(form)
    parsed = parse(text) if found is None else found.parsed
    if len(parameters) != parsed.parameters:
        raise errors.parameter_count()
    values = parsed.constants
    if parameters:
        values = dict(zip(parsed.names, parameters, strict=False))
        values.update(parsed.constants)
        for name, template in parsed.templates:
            values[name] = literals.build(template, parameters)
    try:
        if found is None:
            found = Program(parsed, values)
            if found.refusal is None:
                _programs.keep(form, found, len(text))
    except ExpressionError as error:
        raise errors.statement_expression(error.detail) from error
    refusal = _refusal(found, values)
    if refusal is not None and not (isinstance(parsed.statement, Select) and parsed.statement.relation.index):
        raise refusal
    return PreparedStatement(found, values, refusal)


def _refusal(found: Program, values: Values) -> errors.ApiError | None:
    """Return the first error in the columns of a SELECT or in the conditions, or None."""
    statement = found.parsed.statement
    select = statement.select if isinstance(statement, Exists) else statement
    refusal = select.refusal if isinstance(select, Select) else None
    if refusal is None and found.refusal is None:
        try:
            for check in found.checks:
                check(values)
        except ExpressionError as error:
            return errors.statement_expression(error.detail)
    return refusal or found.refusal
