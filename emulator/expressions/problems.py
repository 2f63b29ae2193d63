"""All error texts of expressions (behaviour 4.2 and the first list of 4.3).

The parser, the analyser and the compilers do not know which request parameter has the expression.
So they raise an ExpressionError, which has only the end of the message. The caller knows the
parameter and puts "Invalid <parameter>: " in front (errors.invalid_expression).
"""

# ruff: noqa: D103 - a factory's text says what it is for

from collections.abc import Sequence
from typing import Final

from emulator.values.types import Value


class ExpressionError(Exception):
    """A problem of an expression.

    detail: the message without "Invalid <parameter>: ".
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


EMPTY: Final = "The expression can not be empty;"
REDUNDANT_PARENTHESES: Final = "The expression has redundant parentheses;"
ANY_TYPE: Final = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
"""The operand type in the error for a path where only a value is allowed."""

Steps = Sequence[str | int]


def too_large(size: int | None) -> ExpressionError:
    """Return the problem of an expression that is too large.

    size: the size in bytes; None for an update expression, because its message shows no size.
    """
    size_text = "" if size is None else f" expression size: {size}"
    return ExpressionError(f"Expression size has exceeded the maximum allowed size;{size_text}")


def syntax(token: str, near: str) -> ExpressionError:
    return ExpressionError(f'Syntax error; token: "{token}", near: "{near}"')


def too_many_operators(count: int) -> ExpressionError:
    return ExpressionError(f"The expression contains too many operators; operator count: {count}")


def too_many_options(count: int) -> ExpressionError:
    """Return the problem of an IN with too many operands.

    Observed: github.com/reapit/foundations/issues/8255.
    """
    return ExpressionError(f"The IN operator is provided with too many operands; number of operands: {count}")


def index_out_of_range(index: str) -> ExpressionError:
    """Return the problem of a list index that is too large.

    index: the index in digits. Observed: github.com/scylladb/scylladb/issues/25947.
    """
    return ExpressionError(f"List index is not within the allowable range; index: [{index}]")


def path_too_long(elements: int) -> ExpressionError:
    return ExpressionError(f"The document path has too many nesting levels; nesting levels: {elements}")


def unknown_function(function: str) -> ExpressionError:
    return ExpressionError(f"Invalid function name; function: {function}")


def misused_function(function: str) -> ExpressionError:
    return ExpressionError(f"The function is not allowed to be used this way in an expression; function: {function}")


def reserved_word(word: str) -> ExpressionError:
    return ExpressionError(f"Attribute name is a reserved keyword; reserved keyword: {word}")


def undefined_name(alias: str) -> ExpressionError:
    return ExpressionError(
        f"An expression attribute name used in the document path is not defined; attribute name: {alias}"
    )


def undefined_value(placeholder: str) -> ExpressionError:
    return ExpressionError(
        f"An expression attribute value used in expression is not defined; attribute value: {placeholder}"
    )


def operand_count(function: str, count: int) -> ExpressionError:
    return ExpressionError(
        "Incorrect number of operands for operator or function; "
        f"operator or function: {function}, number of operands: {count}"
    )


def operands_not_distinct(operator: str, path: Steps) -> ExpressionError:
    return ExpressionError(
        "The first operand must be distinct from the remaining operands for this operator or function; "
        f"operator: {operator}, first operand: {_path(path)}"
    )


def path_required(function: str) -> ExpressionError:
    return ExpressionError(f"Operator or function requires a document path; operator or function: {function}")


def operand_type(operator: str, tag: str) -> ExpressionError:
    """Return the problem of an operand with a wrong type. tag: a type letter, or ANY_TYPE."""
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator or function: {operator}, operand type: {tag}"
    )


def action_operand_type(section: str, word: str) -> ExpressionError:
    """Return the problem of an ADD or DELETE whose value has a wrong type.

    section: ADD or DELETE. word: a type such as STRING.
    """
    return ExpressionError(
        f"Incorrect operand type for operator or function; operator: {section}, operand type: {word}"
    )


def unknown_type_name(name: str) -> ExpressionError:
    return ExpressionError(
        f"Invalid attribute type name found; type: {name}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
    )


def bounds_of_different_types(low: Value, high: Value) -> ExpressionError:
    return ExpressionError(
        f"The BETWEEN operator requires same data type for lower and upper bounds; {_bounds(low, high)}"
    )


def bounds_reversed(low: Value, high: Value) -> ExpressionError:
    return ExpressionError(
        f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {_bounds(low, high)}"
    )


def repeated_section(section: str) -> ExpressionError:
    return ExpressionError(f'The "{section}" section can only be used once in an update expression;')


def paths_overlap(one: Steps, two: Steps) -> ExpressionError:
    return _two_paths("overlap", one, two)


def paths_conflict(one: Steps, two: Steps) -> ExpressionError:
    return _two_paths("conflict", one, two)


def _two_paths(how: str, one: Steps, two: Steps) -> ExpressionError:
    return ExpressionError(
        f"Two document paths {how} with each other; must remove or rewrite one of these paths; "
        f"path one: {_path(one)}, path two: {_path(two)}"
    )


def _path(path: Steps) -> str:
    return "[" + ", ".join([step if isinstance(step, str) else f"[{step}]" for step in path]) + "]"


def _bounds(low: Value, high: Value) -> str:
    return f"lower bound operand: {_value(low)}, upper bound operand: {_value(high)}"


def _value(value: Value) -> str:
    ((tag, content),) = value.items()
    return f"AttributeValue: {{{tag}:{content}}}"


# --- key conditions (behaviour 4.3) ---------------------------------------------------------------

NESTED_OPERATION: Final = "KeyConditionExpressions cannot contain nested operations"
NESTED_ATTRIBUTE: Final = "KeyConditionExpressions cannot have conditions on nested attributes"
SEVERAL_ATTRIBUTES: Final = (
    "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
)
NO_ATTRIBUTE: Final = "Invalid condition in KeyConditionExpression: No key attribute specified"
SEVERAL_CONDITIONS: Final = "KeyConditionExpressions must only contain one condition per key"


def key_operator(operator: str) -> ExpressionError:
    return ExpressionError(f"Invalid operator used in KeyConditionExpression: {operator}")


def key_operand_order(operator: str) -> ExpressionError:
    return ExpressionError(
        f"Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its first "
        "operand"
    )


# --- search conditions (features 1.5) -------------------------------------------------------------


def search_comparator() -> ExpressionError:
    """Return the problem of a search condition with another comparator than `=`."""
    return ExpressionError("Invalid comparator used in SearchConditionExpression")
