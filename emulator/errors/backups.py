"""Errors of recovery, backups and restores (control-plane 0, 1, 2 and 3)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import validation


def backup_table_not_found(name: str) -> ApiError:
    return ApiError("TableNotFoundException", f"Table not found: {name}")


def backups_being_enabled(table: str) -> ApiError:
    return ApiError(
        "ContinuousBackupsUnavailableException",
        f"Backups are being enabled for the table: {table}. Please retry later",
    )


def period_while_disabling() -> ApiError:
    return validation("Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.")
