"""Errors of streams (behaviour 11).

An "inferred" text is our own. We know only the code of such an error.
"""

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, missing_resource, validation


def stream_not_found(arn: str) -> ApiError:
    return missing_resource(f": Stream: {arn} not found")


def shard_not_found(shard: str, arn: str) -> ApiError:
    return missing_resource(f": Shard: {shard} in Stream: {arn} not found")  # inferred text


def invalid_stream_arn(arn: str) -> ApiError:
    return validation(f"Invalid StreamArn: {arn}")  # inferred text


def invalid_sequence_number(text: str) -> ApiError:
    return invalid_parameters(f"Invalid SequenceNumber: {text}")  # inferred text


def iterator_parameter_required(member: str, kind: str) -> ApiError:
    return invalid_parameters(f"{member} must be specified when ShardIteratorType is {kind}")  # inferred text


def iterator_parameter_forbidden(member: str, kind: str) -> ApiError:
    return invalid_parameters(f"{member} must not be specified when ShardIteratorType is {kind}")  # inferred text


def invalid_shard_iterator() -> ApiError:
    return validation("Invalid ShardIterator")  # inferred text


def expired_iterator() -> ApiError:
    return ApiError(
        "ExpiredIteratorException", "Iterator expired: it was issued more than 15 minutes ago"
    )  # inferred text


def trimmed_data_access() -> ApiError:
    return ApiError(
        "TrimmedDataAccessException",
        "The operation attempted to read past the oldest stream record in a shard",  # inferred text
    )


def shard_filter_member_required(member: str) -> ApiError:
    return invalid_parameters(f"ShardFilter must have {member}")  # inferred text
