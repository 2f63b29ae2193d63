"""Turns a checked condition into a key condition (behaviour 4.3, first list).

This module has the rules that need no key schema. key_range.py has the rules that need a key
schema. This module checks the clauses in written order and raises an error for the first problem.
Within a clause, the problems have this order:

    an operator that no key allows, a function as operand, not exactly one path,
    the path is not the first operand, the path is nested

A comparison whose first operand is the value is turned around: `:v < a` becomes `a > :v`.
"""

from typing import cast

from emulator.expressions import ast, problems
from emulator.expressions.document_paths import steps_of
from emulator.expressions.problems import ExpressionError
from emulator.expressions.program import MIRRORED, KeyClause, KeyCondition, KeyOperator


def key_condition(node: ast.ConditionTree) -> KeyCondition:
    """Turn a condition that `analyze.py` has checked into a key condition.

    Raises ExpressionError if the condition has a form that a key condition may not have.
    """
    clauses: dict[str, KeyClause] = {}
    for part in ast.chain(node, ast.And):
        clause = _clause(part)
        if clause.attribute in clauses:
            raise ExpressionError(problems.SEVERAL_CONDITIONS)
        clauses[clause.attribute] = clause
    return KeyCondition(tuple(clauses.values()))


def _clause(node: ast.ConditionTree) -> KeyClause:
    match node:
        case ast.Compare(operator, left, right) if operator != "<>":
            mirrored = isinstance(right, ast.DocumentPath) and not isinstance(left, ast.DocumentPath)
            if mirrored:
                left, right = right, left
            return _with_path_first(MIRRORED[operator] if mirrored else cast("KeyOperator", operator), (left, right))
        case ast.Between(operand, low, high):
            return _with_path_first("BETWEEN", (operand, low, high))
        case ast.Call("begins_with", arguments):
            return _with_path_first("begins_with", arguments)
        case ast.Compare(operator):
            raise problems.key_operator(operator)
        case ast.Call(function):
            raise problems.key_operator(function)
        case _:
            raise problems.key_operator(type(node).__name__.upper())


def _with_path_first(operator: KeyOperator, operands: tuple[ast.Operand, ...]) -> KeyClause:
    if any(isinstance(node, ast.Call) for node in operands):
        raise ExpressionError(problems.NESTED_OPERATION)
    paths = [node for node in operands if isinstance(node, ast.DocumentPath)]
    if len(paths) > 1:
        raise ExpressionError(problems.SEVERAL_ATTRIBUTES)
    if not paths:
        raise ExpressionError(problems.NO_ATTRIBUTE)
    if paths[0] is not operands[0]:
        raise problems.key_operand_order(operator)
    name, *deeper = steps_of(paths[0])
    if deeper:
        raise ExpressionError(problems.NESTED_ATTRIBUTE)
    return KeyClause(str(name), operator, cast("tuple[ast.Placeholder, ...]", operands[1:]))
