"""Errors of wrong ARNs, in members that may or must have an ARN (behaviour 3.4, 13)."""

from emulator.errors.base import ENVELOPE, ApiError
from emulator.errors.forms import invalid_parameters, missing_resource, validation


def arn_part_invalid(part: str, arn: str) -> ApiError:
    """Return the error for a TableName that is an ARN with a wrong part.

    part: the name of the wrong part, for example "AWS region" (behaviour 3.4).
    """
    return validation(f"{ENVELOPE}Invalid {part} in '{arn}'", bare=True)


def arn_format(arn: str) -> ApiError:
    """Return the error for a TableName that begins like an ARN but is not one.

    We know only the beginning of the service's text.
    """
    return validation(
        f"{ENVELOPE}Valid ARN format is arn:<partition>:dynamodb:<region>:<account>:table/<table>, not '{arn}'",
        bare=True,
    )


def arn_expected(text: str) -> ApiError:
    return invalid_parameters(f"ARNs must start with 'arn:': {text}")


def resource_arn_invalid(arn: str) -> ApiError:
    return validation(f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")


def resource_arn_of_no_resource(arn: str) -> ApiError:
    return invalid_parameters(f"Provided Arn is not a DynamoDB resource arn: {arn}")


def resource_arn_of_index(arn: str) -> ApiError:
    return invalid_parameters(
        f"Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}"
    )


def resource_arn_not_found(arn: str) -> ApiError:
    return missing_resource(f": ResourceArn: {arn} not found")
