"""Errors of recovery, backups and restores (control-plane 0, 1, 2 and 3)."""

from datetime import UTC, datetime
from typing import Final

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, limit_exceeded, validation

_LAST: Final = 253_402_300_799.0  # the last second of the year 9999; `utc` shows later times as this one


def utc(seconds: float) -> str:
    """Return a time as the service's texts show it, such as 2026-10-08T23:16:33Z.

    seconds: the time, in seconds since the epoch.
    """
    return f"{datetime.fromtimestamp(max(0.0, min(seconds, _LAST)), UTC):%Y-%m-%dT%H:%M:%SZ}"


def backup_table_not_found(name: str) -> ApiError:
    return ApiError("TableNotFoundException", f"Table not found: {name}")


def backups_being_enabled(table: str) -> ApiError:
    return ApiError(
        "ContinuousBackupsUnavailableException",
        f"Backups are being enabled for the table: {table}. Please retry later",
    )


def period_while_disabling() -> ApiError:
    return validation("Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")


# --- backups --------------------------------------------------------------------------------------


def backup_arn_invalid() -> ApiError:
    return validation("Invalid Backup ARN")


def backup_arn_of_nowhere() -> ApiError:
    """Return the error for a backup's ARN whose partition, service or region is unknown."""
    return validation("Invalid Request: BackupArn is not valid")


def backup_not_found(arn: str) -> ApiError:
    return ApiError("BackupNotFoundException", f"Backup not found: {arn}")


def backup_being_restored(arn: str) -> ApiError:
    """Return the error for deleting a backup from which a table is being restored."""
    return ApiError("BackupInUseException", f"Backup is being used to restore table: {arn}")


def system_backup_kept(arn: str, expires: float) -> ApiError:
    """Return the error for deleting a system backup.

    expires: when the backup expires, in seconds since the epoch. We do not know in which form the
    service writes this time.
    """
    return validation(
        f"Invalid Request: User is not allowed to delete the system backup with arn {arn}. "
        f"It will automatically expire on {utc(expires)}"
    )


def backup_range_reversed() -> ApiError:
    return invalid_parameters("Time range lower bound must be less than or equal to upper bound")


def backup_page_of_another_region() -> ApiError:
    return validation("Invalid Request: The supplied ExclusiveStartBackupArn does not match the region")


# --- restores -------------------------------------------------------------------------------------


def two_restore_sources() -> ApiError:
    return validation("Must provide exactly one of: sourceTableArn, sourceTableName")


def restore_source_missing() -> ApiError:
    return validation("The parameter 'TableName' is required but was not present in the request")


def source_arn_invalid() -> ApiError:
    return invalid_parameters("sourceTableArn is not a valid ARN")


def source_of_another_account() -> ApiError:
    return validation(
        "This action is only supported by accounts that match the resource owner’s account."  # noqa: RUF001 - sic
    )


def two_restore_times() -> ApiError:
    """Return the error for a request with both RestoreDateTime and UseLatestRestorableTime.

    We do not know the end of the service's text.
    """
    return validation(
        "Invalid Request: Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore "
        "request. Please specify only one of them"
    )


def restore_time_missing() -> ApiError:
    return validation(
        "Invalid Request: Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"
    )


def source_table_not_found() -> ApiError:
    """Return the error for a restore whose source table does not exist.

    The request names the table by its ARN (control-plane 0.1).
    """
    return ApiError("TableNotFoundException", "Table not found")


def recovery_disabled(table: str) -> ApiError:
    return ApiError(
        "PointInTimeRecoveryUnavailableException", f"Point in time recovery is not enabled for table '{table}'"
    )


def restore_time_outside(moment: float, earliest: float, latest: float) -> ApiError:
    return ApiError(
        "InvalidRestoreTimeException",
        f"RestoreDateTime '{utc(moment)}' must be within EarliestRestorableDateTime '{utc(earliest)}' and "
        f"LatestRestorableDateTime '{utc(latest)}'",
    )


def restore_target_exists(table: str) -> ApiError:
    return ApiError("TableAlreadyExistsException", f"Table already exists: {table}")


def restore_target_in_use(table: str, source: str) -> ApiError:
    """Return the error for a new table that another restore is already creating.

    source: the ARN of the backup that is restored. For a point-in-time restore, we infer that the
    text has the ARN of the source table instead.
    """
    return ApiError("TableInUseException", f"Table: {table} is already being restored from backup: {source}")


def backup_restored_twice(arn: str) -> ApiError:
    return ApiError("BackupInUseException", f"Backup is being used to restore another table: {arn}")


def too_many_restores(largest: int) -> ApiError:
    return limit_exceeded(f"Subscriber limit exceeded: Only {largest} restore operations can be done simultaneously")


def invalid_override(detail: str) -> ApiError:
    """Return the error for an override (a setting of the new table) that is not allowed.

    detail: the reason. The functions below supply it.
    """
    return validation(f"Invalid Request: {detail}")


def _of(index: str | None) -> str:
    return "" if index is None else f" for index {index}"


def capacity_override_unprovisioned(index: str | None = None) -> ApiError:
    return invalid_override(f"Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED{_of(index)}")


def capacity_override_on_demand(index: str | None = None) -> ApiError:
    return invalid_override(
        f"Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST{_of(index)}"
    )


def capacity_override_missing() -> ApiError:
    return invalid_override("Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED")


def index_capacity_override_missing(index: str) -> ApiError:
    return invalid_override(f"Must specify provisioned throughput for index {index}")


def maximum_override_provisioned(member: str, index: str | None = None) -> ApiError:
    return invalid_override(
        f"Cannot override {member} for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST{_of(index)}"
    )


def maximum_override_out_of_range(member: str, index: str | None = None) -> ApiError:
    return invalid_override(f"Requested {member} for OnDemandThroughput is outside of valid range{_of(index)}")


def index_override_unknown(index: str) -> ApiError:
    return invalid_override(
        f"Index {index} does not match a secondary index that existed in the source table and cannot be created "
        "during the restore operation"
    )


def index_override_warm(index: str) -> ApiError:
    """Return the error for a restore that overrides the WarmThroughput of an index.

    We do not know the service's text (control-plane 3.2).
    """
    return invalid_override(f"Cannot override WarmThroughput for index {index}")


def encryption_override_missing() -> ApiError:
    return invalid_override("sseSpecificationOverride must be provided for cross-region restores")
