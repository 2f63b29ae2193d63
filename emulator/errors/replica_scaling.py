"""Errors of the auto scaling of replicas (control-plane 9)."""

from collections.abc import Iterable, Sequence

from emulator.errors.base import ApiError
from emulator.errors.forms import validation


def _settings_failed(table: str) -> str:
    return f"Failed to update settings for global table with name: \u2018{table}\u2019"


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def replica_scaling_incomplete(table: str, missing: Iterable[str]) -> ApiError:
    return validation(
        f"{_settings_failed(table)}: Parameters {_quoted(missing)} are required unless auto scaling is being disabled."
    )


def replica_scaling_disabled(table: str, present: Iterable[str]) -> ApiError:
    return validation(
        f"{_settings_failed(table)}: Parameters {_quoted(present)} must be left blank when disabling auto scaling."
    )


def replica_scaling_empty(table: str, region: str | None = None) -> ApiError:
    """Return the error for a request without updates.

    region: the region whose part of the request is empty; None if the whole request is empty.
    """
    where = "" if region is None else f" for region: \u2018{region}\u2019"
    return validation(f"{_settings_failed(table)} because at least one update parameter must be specified{where}.")


def replica_scaling_repeated(table: str, regions: Sequence[str]) -> ApiError:
    names = ", ".join(regions)
    return validation(
        f"{_settings_failed(table)} because the regions: \u2018[{names}]\u2019 were specified more than once."
    )


def replica_scaling_on_demand(table: str, regions: Iterable[str], member: str) -> ApiError:
    """Return the error for auto scaling of replicas that are in on-demand mode.

    The two equal quotes around the table's name are the service's mistake (sic).
    """
    replicas = _quoted(map(str.upper, regions))
    return validation(
        f"Failed to update global table with name \u2018{table}\u2018. Replicas {replicas} BillingMode is "  # noqa: S608
        "PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: "
        f"'{member}'."
    )


def replica_scaling_without_index(table: str, index: str) -> ApiError:
    return ApiError(
        "ResourceNotFoundException",
        f"{_settings_failed(table)} because the global secondary indexes with names: \u2018[{index}]\u2019 do not "
        "exist.",
    )


def replica_scaling_refused(error: ApiError) -> ApiError:
    """Return the error for a request that Application Auto Scaling refuses with `error`."""
    return validation(
        f"{error.message} (Service: AWSApplicationAutoScaling; Status Code: 400; Error Code: {error.code})"
    )
