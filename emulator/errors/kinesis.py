"""Errors of Kinesis destinations (behaviour 15)."""

from emulator.errors.base import ApiError
from emulator.errors.forms import validation


def _destination_state(detail: str) -> ApiError:
    """Return the error for an action that the destination's status does not allow.

    The text says "enable" for every action (sic).
    """
    return validation(f"Table is not in a valid state to enable Kinesis Streaming Destination: {detail}")


def kinesis_already_enabled() -> ApiError:
    """Return the error for enabling a destination of a table that has one already.

    It does not matter whether the request names the same Kinesis stream or another one.
    """
    return _destination_state(
        "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
    )


def kinesis_not_active_to_disable() -> ApiError:
    return _destination_state("KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.")


def kinesis_not_active_to_update(table: str, arn: str) -> ApiError:
    return _destination_state(
        "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
        f"TableName: {table}, kdsArn: {arn}"
    )


def kinesis_destination_missing(table: str, arn: str) -> ApiError:
    """Return UpdateKinesisStreamingDestination's error for an unknown destination.

    DisableKinesisStreamingDestination returns kinesis_not_active_to_disable instead.
    """
    return _destination_state(f"No streaming destination with streamArn: {arn} found for table with tableName: {table}")


def kinesis_disable_configured() -> ApiError:
    return validation("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters")


def _destination_update(detail: str) -> ApiError:
    return validation(f"Streaming destination cannot be updated with given parameters: {detail}")


def kinesis_update_empty() -> ApiError:
    return _destination_update("UpdateKinesisStreamingConfiguration cannot be null or contain only null values")


def kinesis_update_unchanged(precision: str, table_id: str, arn: str) -> ApiError:
    return validation(
        f"Invalid Request: Precision is already set to the desired value of {precision} "
        f"for tableId: {table_id}, kdsArn: {arn}"
    )
