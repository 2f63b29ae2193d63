"""Errors of global tables (control-plane 6, 8, 9)."""

from collections.abc import Iterable, Sequence
from typing import Final

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
    """Return the error for replica auto scaling of a table that is missing or has no replicas."""
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

    The text is the service's own, with its mistake.
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
    """Return the error for changing a member of a group while one of its tables changes."""
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


# --- strong consistency (control-plane 7) ---------------------------------------------------------

_STRONG: Final = "global tables with MultiRegionConsistency set to STRONG"
_FEATURES: Final = {
    "disassociation": "Disassociation is",
    "local_indexes": "Local secondary indexes are",
    "time_to_live": "Time to live is",
    "transactions": "Transactions are",
}


def replicated_write_conflict() -> ApiError:
    """Return the error for a write that meets a write of the same item in another region.

    The text is that of the exception's documentation.
    """
    return ApiError(
        "ReplicatedWriteConflictException",
        "The request was rejected because one or more items in the request are being modified by a request in another "
        "Region.",
        about="conflict",
    )


def strong_replica_count() -> ApiError:
    return validation(f"Unsupported replica count for {_STRONG}.")


def strong_regions(regions: Sequence[str]) -> ApiError:
    return validation(f"Unsupported Region(s) specified for {_STRONG}: [{', '.join(regions)}].")


def witness_without_strong() -> ApiError:
    return validation(
        "MultiRegionConsistency must be set as STRONG when GlobalTableWitnessUpdates parameter is present."
    )


def witness_of_replica() -> ApiError:
    """Return the error for a witness in the region of a new replica."""
    return validation("Cannot target multiple regions with the same action")


def witness_is_local() -> ApiError:
    return validation(
        "Cannot add a witness in the same region as an existing replica when creating a global table with "
        "MultiRegionConsistency set to STRONG."
    )


def membership_changes_alone() -> ApiError:
    return invalid_parameters("Requests that modify replicas or witnesses must not also modify other fields")


def strong_group_is_complete() -> ApiError:
    return validation("Cannot add replicas to a global table with strong MultiRegionConsistency")


def consistency_is_fixed() -> ApiError:
    return validation("MultiRegionConsistency parameter is unsupported on existing global table")


def consistency_with_other_actions() -> ApiError:
    return validation("Only Replica Create actions are supported when MultiRegionConsistency parameter is provided.")


def witnesses_not_in_group(regions: Sequence[str]) -> ApiError:
    return validation(
        "Update global table operation failed because one or more witnesses were not part of the global table. Please "
        f"retry the request without these witnesses: [{', '.join(regions)}]."
    )


def witness_left() -> ApiError:
    return validation("Update table delete operation does not include all witnesses.")


def strong_replica_left() -> ApiError:
    return validation(f"Deletion of only one table replica is not supported for {_STRONG}.")


def strong_group_lacks(feature: str) -> ApiError:
    """Return the error for a feature that groups with strong consistency do not have.

    feature: a key of _FEATURES. The service's texts are not known (control-plane 7).
    """
    return validation(f"{_FEATURES[feature]} not supported for {_STRONG}.")


def strong_group_not_empty() -> ApiError:
    """Return the error for a table with items. The text is not known (control-plane 7)."""
    return validation("A table must be empty to become a global table with MultiRegionConsistency set to STRONG.")


# --- disassociation (control-plane 6.6) -----------------------------------------------------------

# The service refuses these requests, but its texts are not known. They follow similar texts.


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


# --- several accounts (control-plane 6.7) ---------------------------------------------------------


def replication_mode_of_regional_table(mode: str) -> ApiError:
    return validation(
        f"Value '{mode}' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and "
        "DISABLED settings replication are supported for a Regional Table."
    )


# The service refuses the following requests too, but its texts are not known.


def replication_mode_of_member() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode can be changed only for a Regional Table.")


def replication_mode_without_source() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode can be specified only together with GlobalTableSourceArn.")


def replication_mode_of_replica() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode must be ENABLED when GlobalTableSourceArn is specified.")


def setting_of_source(member: str) -> ApiError:
    """Return the error for a setting that a replica gets from its source."""
    return invalid_parameters(f"{member} must not be specified together with GlobalTableSourceArn")


def replica_source_invalid(arn: str) -> ApiError:
    return invalid_parameters(f"GlobalTableSourceArn is not the ARN of a table: {arn}")


def source_name_differs(name: str) -> ApiError:
    return invalid_parameters(f"TableName must be the name of the source table: {name}")


def source_not_elsewhere() -> ApiError:
    return invalid_parameters("GlobalTableSourceArn must name a table of another account in another Region")


def source_mode_missing(arn: str) -> ApiError:
    return validation(
        f"GlobalTableSettingsReplicationMode is not ENABLED for the source table {arn}, or it has replicas already."
    )


def one_replica_per_account() -> ApiError:
    return validation("A global table can have only one replica in each account and in each Region.")


def replication_not_permitted(arn: str) -> ApiError:
    """Return the error for a table whose resource policy does not permit replication."""
    return ApiError(
        "AccessDeniedException",
        f"The resource policy of {arn} does not allow replication.dynamodb.amazonaws.com to replicate the table.",
    )


def replicas_of_other_accounts() -> ApiError:
    return validation("Replicas of other accounts can be changed and deleted only by their accounts.")


# --- replica auto scaling (control-plane 9) -------------------------------------------------------


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
    """Return the error for a request without updates. region: the region of an empty part."""
    where = "" if region is None else f" for region: \u2018{region}\u2019"
    return validation(f"{_settings_failed(table)} because at least one update parameter must be specified{where}.")


def replica_scaling_repeated(table: str, regions: Sequence[str]) -> ApiError:
    names = ", ".join(regions)
    return validation(
        f"{_settings_failed(table)} because the regions: \u2018[{names}]\u2019 were specified more than once."
    )


def replica_scaling_on_demand(table: str, regions: Iterable[str], member: str) -> ApiError:
    """Return the error for scaling a table on demand. The text has the service's own quotes."""
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
    """Return the error for a request that Application Auto Scaling refuses."""
    return validation(
        f"{error.message} (Service: AWSApplicationAutoScaling; Status Code: 400; Error Code: {error.code})"
    )


# --- our own errors -------------------------------------------------------------------------------


def replicas_need_regions() -> ApiError:
    """Return the error for replicas on a server where all regions have the same tables."""
    return validation("ReplicaUpdates: with --shared-db, all regions have the same tables, and no replicas")
