"""Errors of exports, imports and bulk operations (control-plane 0.2, 4.1, 5.1, 14).

A text that is called inferred is our own. We know only the code of such an error.
"""

from emulator.errors.backups import utc
from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, limit_exceeded, missing_resource, validation

_INVALID: str = "Invalid Request: "


def job_arn_invalid(kind: str) -> ApiError:
    """Return the error for a text that is not the ARN of an export or import.

    kind: Export or Import. The source is control-plane 0.2.
    """
    return validation(f"Invalid {kind} ARN")


def list_token_invalid(token: str) -> ApiError:
    return validation(f"{_INVALID}Provided nextToken is invalid: {token}")


def too_many_jobs(kind: str, largest: int) -> ApiError:
    """Return the error for too many jobs at the same time. The text is inferred.

    kind: exports or imports. largest: the maximum number of jobs that may run at the same time.
    """
    return limit_exceeded(f"Subscriber limit exceeded: There is a limit of {largest} concurrent {kind} per subscriber")


def record_unreadable(text: str) -> ApiError:
    """Return the error for a record, read from a file, that is not an item. The text is inferred.

    Clients do not get this error as a response. The import or bulk operation that reads the file
    writes the error to its error log.

    text: the reason.
    """
    return validation(text)


def kms_key_unsupported() -> ApiError:
    return validation(f"{_INVALID}KMS Key Id is not supported for this encryption type")


# --- exports --------------------------------------------------------------------------------------


def export_arn_invalid() -> ApiError:
    return invalid_parameters("tableArn is not a valid ARN")


def export_arn_empty() -> ApiError:
    return validation("Invalid TableArn: Invalid Table ARN")


def export_arn_of_another_resource() -> ApiError:
    return validation(f"{_INVALID}Table ARN is invalid.")


def export_conflict() -> ApiError:
    return ApiError(
        "ExportConflictException", "Export conflict: Duplicate request detected with conflicting parameters"
    )


def export_not_found(arn: str) -> ApiError:
    """Return the error for an unknown export. AWS's text repeats "Export not found" (sic)."""
    return ApiError("ExportNotFoundException", f"Export not found: Export not found: {arn}")


def export_of_another_region() -> ApiError:
    return ApiError("ExportNotFoundException", "Export not found: Invalid export arn")


def _export_time(text: str) -> ApiError:
    return ApiError("InvalidExportTimeException", text)


def export_time_invalid() -> ApiError:
    return _export_time("Export Time is invalid")


def export_time_unavailable() -> ApiError:
    return _export_time("Point in Time Recovery is not available for specified export time")


def export_type_missing() -> ApiError:
    return validation(
        f"{_INVALID}Export Type expected to be Incremental Export when incremental export specification is provided"
    )


def incremental_specification_with_full_export() -> ApiError:
    return validation(
        f"{_INVALID}When Export Type is Full Export , Incremental Export Specification should not be provided"  # sic: " , "
    )


def incremental_specification_missing() -> ApiError:
    return validation(
        f"{_INVALID}Incremental Export Specification expected when export type is set as Incremental Export"
    )


def export_from_time_missing() -> ApiError:
    return validation(f"{_INVALID}ExportFromTime must be provided in IncrementalExportSpecification")


def export_from_time_before_table(begin: float) -> ApiError:
    return _export_time(
        f"Incremental export period from time cannot be less than the table creation time : {utc(begin)}"
    )


def export_to_time_in_future(end: float) -> ApiError:
    return _export_time(f"Incremental export period to time cannot be greater than the current time : {utc(end)}")


def export_period_too_short() -> ApiError:
    return _export_time("Difference between export period from time and export period to time is less than 15 minutes")


def export_period_too_long() -> ApiError:
    """Return the error for an incremental export over a period of more than 24 hours.

    The text is inferred from export_period_too_short.
    """
    return _export_time("Difference between export period from time and export period to time is greater than 24 hours")


def filter_specification_empty() -> ApiError:
    return validation(f"{_INVALID}Invalid FilterSpecification: The specification can not be empty")


def filter_specification_invalid(error: ApiError) -> ApiError:
    """Return the error for a wrong FilterSpecification of an export. The text is inferred.

    error: the error that a Query with the same filter raises (control-plane 4.5).
    """
    return validation(f"{_INVALID}Invalid FilterSpecification: {error.message}")


# --- bulk operations ------------------------------------------------------------------------------


def bulk_operation_not_found(arn: str) -> ApiError:
    """Return the error for an unknown bulk operation. The text is inferred."""
    return missing_resource(f": BulkOperation: {arn} not found")


def bulk_operation_arn_invalid() -> ApiError:
    """Return the error for a wrong ARN of a bulk operation. The text is inferred."""
    return validation("Invalid Bulk Operation ARN")


def bulk_operation_ended(arn: str, status: str) -> ApiError:
    """Return the error for cancelling a bulk operation that has ended. The text is inferred.

    status: the status with which the bulk operation has ended.
    """
    return validation(f"{_INVALID}Bulk operation {arn} cannot be cancelled because it is {status}")


# --- imports --------------------------------------------------------------------------------------


def import_not_found(arn: str) -> ApiError:
    """Return the error for an unknown import. The text is inferred from export_not_found."""
    return ApiError("ImportNotFoundException", f"Import not found: Import not found: {arn}")


def import_conflict() -> ApiError:
    return ApiError(
        "ImportConflictException", "Import conflict: Duplicate request detected with conflicting parameters"
    )


def input_options_unsupported(input_format: str) -> ApiError:
    return validation(f"{_INVALID}Unsupported InputFormatOptions for the given input format: {input_format}.")
