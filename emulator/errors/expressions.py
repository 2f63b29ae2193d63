"""Errors of wrong expressions, and of expressions that do not fit an item (behaviour 4).

The details of wrong expressions are in expressions/problems.py.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from emulator.errors.base import ApiError
from emulator.errors.forms import validation
from emulator.errors.values import NUMBER_OVERFLOW, NUMBER_UNDERFLOW


def invalid_expression(parameter: str, detail: str) -> ApiError:
    """Return the error for a wrong expression.

    parameter: the request member, such as UpdateExpression. detail: the reason, such as "The
    expression can not be empty;".
    """
    return validation(f"Invalid {parameter}: {detail}")


def names_unused(keys: Iterable[str]) -> ApiError:
    return validation(f"Value provided in ExpressionAttributeNames unused in expressions: keys: {{{', '.join(keys)}}}")


def values_unused(keys: Iterable[str]) -> ApiError:
    return validation(f"Value provided in ExpressionAttributeValues unused in expressions: keys: {{{', '.join(keys)}}}")


def conditional_check_failed(item: Mapping[str, Any] | None = None) -> ApiError:
    """Return the error for a condition that is not met (behaviour 4.6).

    item: the stored item if ReturnValuesOnConditionCheckFailure requests it, else None.
    """
    extra = None if item is None else {"Item": item}
    return ApiError("ConditionalCheckFailedException", "The conditional request failed", extra=extra, about="condition")


def update_path_invalid() -> ApiError:
    return validation("The document path provided in the update expression is invalid for update", about="item")


def update_operand_missing() -> ApiError:
    return validation("The provided expression refers to an attribute that does not exist in the item", about="item")


def update_operand_type() -> ApiError:
    return validation("An operand in the update expression has an incorrect data type", about="item")


def update_type_mismatch() -> ApiError:
    """Return the error for an action of AttributeUpdates that does not fit the stored value's type.

    For an UpdateExpression, the error is update_operand_type.
    """
    return validation("Type mismatch for attribute to update", about="item")


def update_number(kind: str) -> ApiError:
    """Return the error for arithmetic whose result DynamoDB cannot store.

    kind: overflow, underflow or precision.
    """
    texts = {"overflow": NUMBER_OVERFLOW, "underflow": NUMBER_UNDERFLOW, "precision": NUMBER_OVERFLOW}
    return validation(texts[kind], about="item")
