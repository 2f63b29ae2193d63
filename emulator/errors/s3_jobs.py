"""Errors of exports, imports and bulk operations (control-plane 0.2, 4.1, 5.1, 14).

"inferred" means that we know the code, but the text is our own.
"""

from emulator.errors.base import ApiError
from emulator.errors.forms import limit_exceeded, missing_resource, validation

_INVALID: str = "Invalid Request: "


def job_arn_invalid(kind: str) -> ApiError:
    """kind: Export or Import (control-plane 0.2)."""
    return validation(f"Invalid {kind} ARN")


def list_token_invalid(token: str) -> ApiError:
    return validation(f"{_INVALID}Provided nextToken is invalid: {token}")


def too_many_jobs(kind: str, largest: int) -> ApiError:
    """kind: exports or imports. Inferred."""
    return limit_exceeded(f"Subscriber limit exceeded: There is a limit of {largest} concurrent {kind} per subscriber")


def record_unreadable(text: str) -> ApiError:
    """Return an error that only error logs have. text: why a record is not an item. Inferred."""
    return validation(text)


def kms_key_unsupported() -> ApiError:
    return validation(f"{_INVALID}KMS Key Id is not supported for this encryption type")


# --- bulk operations ------------------------------------------------------------------------------


def bulk_operation_not_found(arn: str) -> ApiError:
    """Inferred: only the code is known."""
    return missing_resource(f": BulkOperation: {arn} not found")


def bulk_operation_arn_invalid() -> ApiError:
    """Inferred: only the code is known."""
    return validation("Invalid Bulk Operation ARN")


def bulk_operation_ended(arn: str, status: str) -> ApiError:
    """Inferred: only the code is known. status: the status of the operation."""
    return validation(f"{_INVALID}Bulk operation {arn} cannot be cancelled because it is {status}")


# --- imports --------------------------------------------------------------------------------------


def import_not_found(arn: str) -> ApiError:
    """Inferred from the error of exports."""
    return ApiError("ImportNotFoundException", f"Import not found: Import not found: {arn}")


def import_conflict() -> ApiError:
    return ApiError(
        "ImportConflictException", "Import conflict: Duplicate request detected with conflicting parameters"
    )


def input_options_unsupported(input_format: str) -> ApiError:
    return validation(f"{_INVALID}Unsupported InputFormatOptions for the given input format: {input_format}.")
