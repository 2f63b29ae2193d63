"""Compiles SearchConditionExpression of SearchVectors (features 1.5).

Such an expression demands values for attributes of a SearchSchema. It is parsed and analysed like
other conditions. After that, any operator but `=` and AND is refused.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from emulator.expressions import analyze, ast, parser, problems
from emulator.expressions.analyze import Check
from emulator.expressions.bind import Binding
from emulator.expressions.document_paths import steps_of
from emulator.expressions.parsed import Parsed
from emulator.expressions.program import Projection
from emulator.values.paths import Path
from emulator.values.types import Value

_CONDITION: Final = "SearchConditionExpression"
_PROJECTION: Final = "ProjectionExpression"

Equality = tuple[Path, Value]
"""The path of an attribute, and the value that it must have."""


class SearchExpressions(NamedTuple):
    """The compiled expressions of a search; None for an expression that the request lacks."""

    condition: list[Equality] | None
    projection: Projection | None


def search_expressions(request: Mapping[str, Any]) -> SearchExpressions:
    """Return the compiled expressions of a SearchVectors request.

    Raises an ApiError whose text does not have the prefix "1 validation error detected: ".
    """
    return _SearchBinding(request).expressions()


class _SearchBinding(Binding):
    users = {  # noqa: RUF012 - a constant of the class
        "ExpressionAttributeNames": (_CONDITION, _PROJECTION),
        "ExpressionAttributeValues": (_CONDITION,),
    }

    def expressions(self) -> SearchExpressions:
        self.check_members()
        expressions = SearchExpressions(
            self.program(_CONDITION, parser.parse_condition, self.equalities),
            self.program(_PROJECTION, parser.parse_projection, self.projection),
        )
        self.check_used()
        return expressions

    def equalities(self, parsed: Parsed[Any]) -> tuple[list[Equality], tuple[Check, ...]]:
        checked = analyze.analyze_condition(parsed, self.names, self.types)
        return [self.equality(part) for part in ast.chain(checked.tree, ast.And)], ()

    def equality(self, node: ast.ConditionTree) -> Equality:
        if isinstance(node, ast.Compare) and node.operator == "=":
            for one, other in ((node.left, node.right), (node.right, node.left)):
                if isinstance(one, ast.DocumentPath) and isinstance(other, ast.Placeholder):
                    return steps_of(one), self.values[other.name]
        raise problems.search_comparator()
