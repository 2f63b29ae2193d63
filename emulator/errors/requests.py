"""Errors of member constraints and of parameter combinations (behaviour 3.2, 3.6)."""

from collections.abc import Iterable, Sequence
from typing import Final

from emulator.errors.base import ApiError
from emulator.errors.forms import validation
from emulator.errors.values import EMPTY_ATTRIBUTE_NAME

# --- member constraints (behaviour 3.2) -----------------------------------------------------------


def constraints(parts: Sequence[str]) -> ApiError:
    """Return one error for all failed constraints (behaviour 3.1).

    The message begins with the number of failed constraints, so it never gets the prefix
    "1 validation error detected: " in addition.
    """
    noun = "error" if len(parts) == 1 else "errors"
    return validation(f"{len(parts)} validation {noun} detected: " + "; ".join(parts), bare=True)


def bare_constraint(part: str) -> ApiError:
    """Return the error for a failed constraint, without the number of errors in the message."""
    return validation(part)


MUST_NOT_BE_NULL: Final = "Member must not be null"


def min_length(bound: int) -> str:
    return f"Member must have length greater than or equal to {bound}"


def max_length(bound: int) -> str:
    return f"Member must have length less than or equal to {bound}"


def min_value(bound: int) -> str:
    return f"Member must have value greater than or equal to {bound}"


def max_value(bound: int) -> str:
    return f"Member must have value less than or equal to {bound}"


def must_match(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def must_be_one_of(values: Iterable[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def members_must(what: str, texts: Iterable[str]) -> str:
    """Return the text of a constraint on the members of a collection.

    what: "Member", "Map keys" or "Map value".
    """
    return f"{what} must satisfy constraint: [{', '.join(texts)}]"


# --- parameter combinations (behaviour 3.6) -------------------------------------------------------


def mixed_parameters(legacy: Iterable[str], expressions: Iterable[str]) -> ApiError:
    return validation(
        "Can not use both expression and non-expression parameters in the same request: "
        f"Non-expression parameters: {{{', '.join(legacy)}}} Expression parameters: {{{', '.join(expressions)}}}"
    )


def only_with_expressions(member: str, absent: str | None = None) -> ApiError:
    """Return the error for names or values in a request without an expression (behaviour 3.6).

    member: ExpressionAttributeNames or ExpressionAttributeValues.
    absent: the expression parameter that the message calls null, or None if the message names no
    parameter. Only the service's OLD wording names a parameter, for ExpressionAttributeValues.
    """
    suffix = "" if absent is None else f": {absent} is null"
    return validation(f"{member} can only be specified when using expressions{suffix}")


def must_not_be_empty(member: str) -> ApiError:
    return validation(f"{member} must not be empty")


def invalid_placeholder(member: str, key: str) -> ApiError:
    return validation(f'{member} contains invalid key: Syntax error; key: "{key}"')


def placeholder_too_long(member: str, size: int) -> ApiError:
    """Return the error for a placeholder that is too long.

    size: the length of the placeholder in bytes. Only the text for ExpressionAttributeNames shows
    this length (behaviour 3.6).
    """
    suffix = f" size of key: {size}" if member == "ExpressionAttributeNames" else ""
    return validation(
        f"{member} contains invalid key: The expression attribute map contains a key that is too long;{suffix}"
    )


def empty_name_of(placeholder: str) -> ApiError:
    """Return the error for a placeholder whose attribute name is empty (behaviour 2.1)."""
    return validation(f"ExpressionAttributeNames contains invalid value: {EMPTY_ATTRIBUTE_NAME} for key {placeholder}")


def invalid_expression_value(message: str, key: str) -> ApiError:
    """Return the error for a wrong value in ExpressionAttributeValues.

    This is the service's OLD wording (behaviour 2.1).

    message: what is wrong with the value. key: the value's placeholder.
    """
    return validation(f"ExpressionAttributeValues contains invalid value: {message} for key {key}")


def return_values_not_allowed(*, bare: bool = False) -> ApiError:
    """Return the error for a value of ReturnValues that the operation does not allow.

    bare: True if the message never gets the prefix "1 validation error detected: ". This is the
    case for a request with deeply nested values (behaviour 3.5).
    """
    return validation("ReturnValues can only be ALL_OLD or NONE", bare=bare)


def parameter_required(member: str) -> ApiError:
    return validation(f"The parameter '{member}' is required but was not present in the request")
