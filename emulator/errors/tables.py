"""Errors about the status and the settings of tables (behaviour 10, 12)."""

from collections.abc import Iterable, Sequence
from typing import Final

from emulator.errors.base import ApiError
from emulator.errors.forms import (
    invalid_parameters,
    limit_exceeded,
    missing_resource,
    resource_in_use,
    still_in_use,
    validation,
)


def resource_not_found() -> ApiError:
    """Return the data plane's error for a table that does not exist."""
    return missing_resource("")


def table_not_found(name: str) -> ApiError:
    """Return the control plane's error for a table that does not exist (behaviour 10.2).

    name: the table's name or ARN. The message has only the name (findings ack-api-quirks and
    DDB-TABLE-072).
    """
    return missing_resource(f": Table: {name.rsplit('/', 1)[-1]} not found")


_BEING: Final = {"CREATING": "created", "UPDATING": "updated", "DELETING": "deleted"}
"""Status of a table or index -> the word for this status in messages."""


def being_changed(table: str, status: str) -> ApiError:
    """Return the error for a table that is being changed.

    status: the table's status, CREATING, UPDATING or DELETING.
    """
    return still_in_use(f"Table is being {_BEING[status]}: {table}")


def table_being_restored(table: str) -> ApiError:
    """Return the error for creating a table while a restore creates a table of the same name.

    The source is control-plane 3.4.
    """
    return still_in_use(f"Table is being used: {table}")


def index_being_changed(table: str, index: str, status: str) -> ApiError:
    """Return the error for an index that is being changed.

    status: the index's status, CREATING, UPDATING or DELETING.
    """
    return still_in_use(f"Index is being {_BEING[status]}. Table: {table} Index: {index}")


def index_in_use(table: str, index: str, status: str, action: str) -> ApiError:
    """Return the error for an action on an index that is being created or deleted.

    status: the index's status, CREATING or DELETING.
    action: Create, Update or Delete.

    Source: the findings ack-api-quirks, DDB-TABLE-149 and DDB-TABLE-163.
    """
    if status == "CREATING" and action == "Delete":
        return still_in_use(
            "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index "
            f"is active. Table: {table} Index: {index}"
        )
    if status == "CREATING" and action == "Update":
        return still_in_use(f"Index is being created but is not backfilling yet. Table: {table} Index: {index}")
    return index_being_changed(table, index, status)


def capacity_in_use(table: str, indexes: Iterable[str], status: str) -> ApiError:
    """Return the error for changing throughput while indexes change (control-plane 20.4).

    status: the status of these indexes, CREATING or DELETING.
    """
    return still_in_use(
        f"Can't change table IOPS when an index is being {_BEING[status]}. Table: {table} Indexes: [{', '.join(indexes)}]"
    )


def too_many_tables(largest: int) -> ApiError:
    return limit_exceeded(f"Subscriber limit exceeded: There is a limit of {largest} tables per subscriber")


def table_exists(name: str) -> ApiError:
    return resource_in_use(f"Table already exists: {name}")


def indexes_being_changed() -> ApiError:
    return still_in_use("Cannot delete table while indexes are being created, updated, or deleted.")


def deletion_protected() -> ApiError:
    return validation(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first."
    )


# --- settings -------------------------------------------------------------------------------------


def nothing_to_update(members: Sequence[str]) -> ApiError:
    """Return the error for an UpdateTable without any change (behaviour 10.4).

    members: the request members of which at least one is required.
    """
    return validation(f"At least one of {', '.join(members[:-1])} or {members[-1]} is required")


def only_change(change: str) -> ApiError:
    """Return the error for a change that must be the only one in its request.

    change: for example "TableClass modification".
    """
    return invalid_parameters(f"{change} must be the only operation in the request")


def stream_change_with_throughput() -> ApiError:
    return invalid_parameters("You cannot modify stream status while updating table IOPS")


def index_change_with_throughput() -> ApiError:
    return invalid_parameters("You cannot create or delete index while updating table IOPS")


def index_change_with_stream() -> ApiError:
    return invalid_parameters("You cannot create or delete index while changing stream status")


def stream_without_view_type(*, created: bool) -> ApiError:
    """Return the error for a stream that is enabled without a view type.

    created: True for the text of CreateTable, False for the text of UpdateTable.
    """
    if created:
        return invalid_parameters("Table is being created with a stream enabled, UpdateViewType is required")
    return invalid_parameters("If stream is being enabled then UpdateViewType is required")


def view_type_without_stream(*, created: bool) -> ApiError:
    """Return the error for a request that disables a stream and has a view type.

    created: True for the text of CreateTable, False for the text of UpdateTable.
    """
    if created:
        return invalid_parameters(
            "Table is being created with a stream disabled, UpdateViewType should not be specified"
        )
    return invalid_parameters("If stream is being disabled, then UpdateViewType must not be specified")


def stream_already_enabled(table: str) -> ApiError:
    return validation(f"Table already has an enabled stream: TableName: {table}")


def no_stream_to_disable(table: str) -> ApiError:
    return validation(f"Table has no stream to disable: TableName: {table}")


def encryption_member_without_encryption(member: str) -> ApiError:
    """Return the error for a request that disables encryption, but has a setting for encryption.

    member: SSEType or KMSMasterKeyId.
    """
    return invalid_parameters(f"{member} can not be specified if Enabled is false")


def table_class_unknown() -> ApiError:
    return validation(
        "Invalid table-class parameter provided. Please try again with a valid table-class value: "
        "[STANDARD, STANDARD_INFREQUENT_ACCESS]."
    )


def encryption_type_not_supported(kind: str) -> ApiError:
    return invalid_parameters(f"SSEType {kind} is not supported")


def encryption_type_required() -> ApiError:
    return invalid_parameters("SSEType KMS is required if KMSMasterKeyId is specified")


def encrypted_by_default() -> ApiError:
    return invalid_parameters("Table is already encrypted by default")


def encrypted_with_that_key() -> ApiError:
    return invalid_parameters(
        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change "
        "Master Key"
    )


# --- time to live ---------------------------------------------------------------------------------


def ttl_already(state: str) -> ApiError:
    """Return the error for enabling or disabling TTL a second time (behaviour 12).

    state: "enabled" or "disabled".
    """
    return validation(f"TimeToLive is already {state}")


def ttl_on_another_attribute(current: str) -> ApiError:
    return validation(f"TimeToLive is active on a different AttributeName: current AttributeName is {current}")


def ttl_changed_too_often() -> ApiError:
    return validation("Time to live has been modified multiple times within a fixed interval")


def ttl_table_changing(table: str, status: str) -> ApiError:
    """Return UpdateTimeToLive's error for a table that is being changed (control-plane 0.3).

    Other operations return the error of `being_changed`.
    """
    return still_in_use(f"Table {table} is being {_BEING[status]}")


def ttl_not_described(status: str) -> ApiError:
    """Return the error for DescribeTimeToLive of a table that is not ACTIVE (behaviour 12).

    status: the table's status.
    """
    return validation(f"Cannot describe time to live while table is in {status} state: Current table state is {status}")
