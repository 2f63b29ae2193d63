"""Errors of global tables (control-plane 8, 9)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import INVALID_PARAMETERS, invalid_parameters, validation


def legacy_global_tables() -> ApiError:
    """Return the error for a request that would create a global table of the legacy version."""
    return invalid_parameters(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version "
        "2019.11.21, instead of version 2017.11.29 (Legacy)."
    )


def no_replica_updates() -> ApiError:
    return validation(INVALID_PARAMETERS.removesuffix(": "))


def _does_not_exist(name: str) -> str:
    return f"Global table with name: '{name}' does not exist."


def global_table_not_found(name: str) -> ApiError:
    return ApiError("GlobalTableNotFoundException", f"Global table not found: {_does_not_exist(name)}")


def global_table_settings_not_found(name: str) -> ApiError:
    return ApiError("GlobalTableNotFoundException", _does_not_exist(name))


def replicas_not_found(name: str) -> ApiError:
    """Return the error for replica auto scaling of a table that is missing or has no replicas."""
    return ApiError("ResourceNotFoundException", _does_not_exist(name))
