"""Errors of global tables with strong consistency (control-plane 7)."""

from collections.abc import Sequence
from typing import Final

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, validation

_STRONG: Final = "global tables with MultiRegionConsistency set to STRONG"
_FEATURES: Final = {
    "disassociation": "Disassociation is",
    "local_indexes": "Local secondary indexes are",
    "time_to_live": "Time to live is",
    "transactions": "Transactions are",
}


def replicated_write_conflict() -> ApiError:
    """Return the error for a write of an item that another region is writing at the same time.

    The text is from the documentation of the exception.
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
    """Return the error for a new witness and a new replica in the same region."""
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
    """Return the error for adding replicas with strong consistency to a table that has items.

    The service's text is not known (control-plane 7).
    """
    return validation("A table must be empty to become a global table with MultiRegionConsistency set to STRONG.")
