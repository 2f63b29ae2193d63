"""Errors of global tables (control-plane 6, 8, 9)."""

from collections.abc import Sequence

from emulator.errors.base import ApiError
from emulator.errors.forms import INVALID_PARAMETERS, invalid_parameters, resource_in_use, validation


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
    """Return the error for replica auto scaling if the table is missing or has no replicas."""
    return ApiError("ResourceNotFoundException", _does_not_exist(name))


# --- replicas of the current version (control-plane 6.1) ------------------------------------------


def several_replica_actions() -> ApiError:
    return validation("Update table operation with more than one create or delete replica actions not allowed")


def several_kinds_of_replica_actions() -> ApiError:
    return validation("Update table operation with more than one type of replica actions not allowed.")


def no_replica_action() -> ApiError:
    return validation("There are no actions specified in the Replica Update Action of the request.")


def replica_exists(table: str) -> ApiError:
    """Return the error for a new replica whose region has a table of the same name.

    The mistake "a the new" is the service's own (sic).
    """
    return validation(
        f"Failed to create a the new replica of table with name: \u2018{table}\u2019 because one or more replicas "
        "already existed as tables."
    )


def replica_being_created(table: str, regions: Sequence[str]) -> ApiError:
    return resource_in_use(
        f"Global table with name: '{table}' already exists with replicas in regions: '{', '.join(regions)}'."
    )


def replicas_not_in_group(regions: Sequence[str]) -> ApiError:
    return validation(
        "Update global table operation failed because one or more replicas were not part of the global table. Please "
        f"retry the request without these replicas: [{', '.join(regions)}]."
    )


def replica_not_found() -> ApiError:
    return validation("Replica specified in the Replica Update or Replica Delete action of the request was not found.")


def replica_is_local() -> ApiError:
    return validation(
        "Cannot add or delete the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as "
        "required."
    )


def replica_region_unknown(region: str, known: Sequence[str]) -> ApiError:
    return validation(
        f"Region {region} is not supported. The latest version of global tables are only supported in the following "
        f"regions: [{', '.join(known)}]"
    )


def replica_writes_not_scaled(*, index: bool) -> ApiError:
    part = "GSI" if index else "Table"
    return validation(f"{part} write capacity should either be Pay-Per-Request or AutoScaled.")


def replica_key_required() -> ApiError:
    return invalid_parameters("KMSMasterKeyId must be specified for each replica.")


def replica_keys_mixed() -> ApiError:
    return invalid_parameters("All replica keys must either be Customer Managed CMK or AWS Managed CMK.")


def replica_units_on_demand() -> ApiError:
    return validation(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    )


def replica_maximum_provisioned() -> ApiError:
    return validation(
        "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED"
    )


def replica_busy() -> ApiError:
    """Return the error for changing a replica while a table of its group is not ACTIVE."""
    return resource_in_use("The resource which you are attempting to change is in use.")


def replica_being_added(table: str, region: str) -> ApiError:
    return validation(
        "Create/Update/Delete of replica is not allowed while the replica is being added to table with name: "
        f"\u2018{table}\u2019 in region: \u2018{region}\u2019."
    )


def replica_stream_required() -> ApiError:
    return invalid_parameters("Disabling Stream is not allowed for a Global Table replica.")


def replica_is_source() -> ApiError:
    return validation(
        "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table "
        "in the last 24 hours."
    )


def replica_protected(table: str, region: str) -> ApiError:
    return validation(
        f"Cannot delete table {table} in region {region} because it has deletion protection enabled. Disable deletion "
        "protection first."
    )


# --- disassociation (control-plane 6.6) -----------------------------------------------------------

# The service refuses the requests for which the functions below make errors. We do not know its
# texts, so these texts are our own. They follow similar texts of the service.


def disassociation_elsewhere(region: str) -> ApiError:
    return validation(f"A replica can be disassociated only by a request in its own region: {region}.")


def disassociation_protected(table: str, region: str) -> ApiError:
    return validation(
        f"Cannot disassociate table {table} in region {region} because it has disassociation protection enabled. "
        "Disable disassociation protection first."
    )


def disassociation_protection_without_replicas(table: str) -> ApiError:
    return validation(
        f"DisassociationProtectionEnabled can be specified only for a replica, and table {table} is none."
    )


# --- our own errors -------------------------------------------------------------------------------


def replicas_need_regions() -> ApiError:
    """Return our own error for replicas on a server where all regions share their tables."""
    return validation("ReplicaUpdates: with --shared-db, all regions have the same tables, and no replicas")
