"""Errors of the legacy parameters (behaviour 18)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, validation


def argument_count(operator: str) -> ApiError:
    return invalid_parameters(f"Invalid number of argument(s) for the {operator} ComparisonOperator")


def argument_type(operator: str, tag: str) -> ApiError:
    return invalid_parameters(f"ComparisonOperator {operator} is not valid for {tag} AttributeValue type")


def argument_types_differ() -> ApiError:
    return invalid_parameters("AttributeValues inside AttributeValueList must be of same type")


def between_bounds_reversed() -> ApiError:
    """Return the error for reversed bounds of BETWEEN in a legacy parameter.

    For BETWEEN in an expression, the error is expressions/problems.bounds_reversed.
    """
    return validation(
        "The BETWEEN condition was provided a range where the lower bound is greater than the upper bound"
    )


def conditional_operator_alone() -> ApiError:
    return validation("ConditionalOperator can only be used when Filter or Expected has two or more elements")


def key_condition_count() -> ApiError:
    return validation("Conditions can be of length 1 or 2 only")


def not_indexable() -> ApiError:
    return validation("Attempted conditional constraint is not an indexable operation")


def value_and_list(name: str) -> ApiError:
    return invalid_parameters(f"Value and AttributeValueList cannot be used together for Attribute: {name}")


def exists_and_operator(name: str) -> ApiError:
    return invalid_parameters(f"Exists and ComparisonOperator cannot be used together for Attribute: {name}")


def operator_without_value(operator: str, name: str) -> ApiError:
    return invalid_parameters(
        f"Value or AttributeValueList must be used with ComparisonOperator: {operator} for Attribute: {name}"
    )


def list_without_operator(name: str) -> ApiError:
    return invalid_parameters(f"AttributeValueList can only be used with a ComparisonOperator for Attribute: {name}")


def expected_value_required(exists: str, name: str) -> ApiError:
    """Return the error for a condition in Expected that lacks its Value.

    exists: the request's value of Exists: "true", or "null" if the member is absent.
    """
    return invalid_parameters(f"Value must be provided when Exists is {exists} for Attribute: {name}")


def expected_value_forbidden(name: str) -> ApiError:
    return invalid_parameters(f"Value cannot be used when Exists is false for Attribute: {name}")


def update_value_required() -> ApiError:
    return invalid_parameters("Only DELETE action is allowed when no attribute value is specified")


def delete_value_not_supported(tag: str) -> ApiError:
    return invalid_parameters(f"DELETE action with value is not supported for the type {tag}")


def add_not_supported(tag: str) -> ApiError:
    return invalid_parameters(f"ADD action is not supported for the type {tag}")
