"""Errors of global tables with replicas in several accounts (control-plane 6.7)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, validation


def replication_mode_of_regional_table(mode: str) -> ApiError:
    return validation(
        f"Value '{mode}' at 'GlobalTableSettingsReplicationMode' failed to satisfy constraint: Only ENABLED and "
        "DISABLED settings replication are supported for a Regional Table."
    )


# The service also refuses the requests for which the functions below make errors. We do not know
# its texts, so these texts are our own.


def replication_mode_of_member() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode can be changed only for a Regional Table.")


def replication_mode_without_source() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode can be specified only together with GlobalTableSourceArn.")


def replication_mode_of_replica() -> ApiError:
    return validation("GlobalTableSettingsReplicationMode must be ENABLED when GlobalTableSourceArn is specified.")


def setting_of_source(member: str) -> ApiError:
    """Return the error for a new replica with a setting that it must take from the source table."""
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
