"""Errors of used-up throughput, and of wrong throughput settings (behaviour 9, 10, 16).

The parameter `index` of a function is the name of an index, or None for the table. There are two
exceptions: in throughput_exceeded and account_limit_exceeded, `index` is True for an index.
"""

from datetime import UTC, datetime
from typing import Final

from emulator import limits
from emulator.errors.base import ApiError
from emulator.errors.forms import invalid_parameters, limit_exceeded, validation

# --- throttling -----------------------------------------------------------------------------------

_PROVISIONED_TABLE: Final = (
    "The level of configured provisioned throughput for the table was exceeded. "
    "Consider increasing your provisioning level with the UpdateTable API."
)
_PROVISIONED_INDEX: Final = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was exceeded. "
    "Consider increasing your provisioning level for the under-provisioned global secondary indexes with the UpdateTable "
    "API"
)
_ON_DEMAND: Final = (
    "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your table or index "
    "so please try again shortly. If exceptions persist, check if you have a hot key: "
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"
)
_ON_DEMAND_INDEX: Final = (
    "Throughput exceeds the current capacity for one or more global secondary indexes. "
    "DynamoDB is automatically scaling your index so please try again shortly."
)
_MAXIMUM: Final = "Throughput exceeds the maximum OnDemandThroughput configured on table or index."


def throughput_exceeded(
    arn: str, kind: str, *, index: bool, on_demand: bool, maximum: bool, key_range: bool = False
) -> ApiError:
    """Return the error for a throttled request.

    arn: the ARN of the table or index whose throughput is used up.
    kind: Read or Write.
    index: True if `arn` belongs to an index.
    on_demand: True if the table is in on-demand mode.
    maximum: True if the configured OnDemandThroughput is the exceeded limit.
    key_range: True if the throughput of one partition is the exceeded limit.
    """
    limit = "KeyRangeThroughputExceeded" if key_range else "ProvisionedThroughputExceeded"
    if maximum:
        limit = "MaxOnDemandThroughputExceeded"
    reasons = [{"reason": f"{'Index' if index else 'Table'}{kind}{limit}", "resource": arn}]
    if on_demand:
        text = _MAXIMUM if maximum else _ON_DEMAND_INDEX if index else _ON_DEMAND
        return ApiError("ThrottlingException", text, extra={"throttlingReasons": reasons}, about="capacity")
    text = _PROVISIONED_INDEX if index else _PROVISIONED_TABLE
    return ApiError(
        "ProvisionedThroughputExceededException", text, extra={"ThrottlingReasons": reasons}, about="capacity"
    )


_ACCOUNT: Final = (
    "Throughput exceeds the current throughput quota for your account. "
    "Please contact AWS Support to request a quota increase."
)


def account_limit_exceeded(arn: str, kind: str, *, index: bool) -> ApiError:
    """Return the error for an exceeded limit of the whole account.

    This server returns it only if a test asks for it (faults/). The parameters have the same
    meaning as in throughput_exceeded. The text is from the API reference.
    """
    reasons = [{"reason": f"{'Index' if index else 'Table'}{kind}AccountLimitExceeded", "resource": arn}]
    return ApiError("RequestLimitExceeded", _ACCOUNT, extra={"ThrottlingReasons": reasons}, about="capacity")


def rate_exceeded() -> ApiError:
    """Return the error for too many requests that consume no capacity units.

    This server returns it only if a test asks for it (faults/).
    """
    return ApiError("ThrottlingException", "Rate exceeded", about="capacity")


# --- provisioned ----------------------------------------------------------------------------------

_SEE_LIMITS: Final = "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."


def throughput_required() -> ApiError:
    """Return UpdateTable's error for BillingMode PROVISIONED without ProvisionedThroughput."""
    return invalid_parameters("ProvisionedThroughput must be specified when BillingMode is PROVISIONED")


def capacity_required() -> ApiError:
    return invalid_parameters(
        "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
    )


def capacity_on_demand() -> ApiError:
    return invalid_parameters(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    )


def index_throughput_required(index: str) -> ApiError:
    """Return UpdateTable's error for BillingMode PROVISIONED without throughput for an index."""
    return invalid_parameters(f"ProvisionedThroughput must be specified for index: {index}")


def index_throughput_missing(index: str) -> ApiError:
    """Return CreateTable's error for an index without ProvisionedThroughput (behaviour 10.1)."""
    return invalid_parameters(f"ProvisionedThroughput is not specified for index: {index}")


def index_throughput_on_demand(index: str) -> ApiError:
    """Return CreateTable's error for an on-demand index with ProvisionedThroughput."""
    return invalid_parameters(
        f"ProvisionedThroughput should not be specified for index: {index} when BillingMode is PAY_PER_REQUEST"
    )


def index_capacity_on_demand(index: str) -> ApiError:
    """Return UpdateTable's error for a new on-demand index with ProvisionedThroughput."""
    return invalid_parameters(
        f"Neither ReadCapacityUnits nor WriteCapacityUnits can be specified for index: {index} when BillingMode is "
        "PAY_PER_REQUEST"
    )


def index_capacity_required(index: str) -> ApiError:
    """Return UpdateTable's error for a new index without ProvisionedThroughput."""
    return invalid_parameters(f"Both ReadCapacityUnits and WriteCapacityUnits must be specified for index: {index}")


def index_update_on_demand(index: str) -> ApiError:
    return invalid_parameters(
        f"The only Updates for index: {index} when TableThroughputMode is PAY_PER_REQUEST can be to "
        "OnDemandThroughput, WarmThroughput"
    )


def capacity_out_of_bounds(member: str, figure: int) -> ApiError:
    return validation(f"Given value {figure} for {member} is out of bounds")


def capacity_above_quota(member: str, figure: int, index: str | None, region: str) -> ApiError:
    where, kind = ("", "table") if index is None else (f" for index {index}", "index")
    return limit_exceeded(
        f"The requested {member}{where}, {figure}, is above the per {kind} maximum for the account in "
        f"{region}. Per table maximum: {limits.TABLE_CAPACITY}. {_SEE_LIMITS}"
    )


def capacity_unchanged(read: int, write: int, index: str | None) -> ApiError:
    resource = "the table" if index is None else f"index {index}"
    return validation(
        f"The provisioned throughput for {'the ' if index is not None else ''}{resource} will not change. "
        "The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for {resource}: {read}. Requested ReadCapacityUnits: {read}. "
        f"Current WriteCapacityUnits provisioned for {resource}: {write}. Requested WriteCapacityUnits: {write}. "
        + _SEE_LIMITS
    )


def too_many_decreases(count: int, last: float, following: float) -> ApiError:
    """Return the error for too many decreases of throughput on one UTC day.

    count: the number of decreases on that day.
    last: the time of the last decrease.
    following: the earliest time at which another decrease is allowed.

    Times are in seconds since the epoch.
    """
    return limit_exceeded(
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first "
        f"{limits.DECREASES_AT_ONCE} decreases, each subsequent decrease in the same UTC day can be performed at most "
        f"once every {limits.DECREASE_SECONDS} seconds. Number of decreases today: {count}. "
        f"Last decrease at {_date(last)}. Next decrease can be made at {_date(following)}"
    )


def _date(time: float) -> str:
    """Return a time as the service's message shows it.

    For example "Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time".
    """
    date = datetime.fromtimestamp(time, UTC)
    return (
        f"{date:%A, %B} {date.day}, {date.year} at {date.hour % 12 or 12}:{date:%M:%S} {'AM' if date.hour < 12 else 'PM'} "  # noqa: PLR2004
        "Coordinated Universal Time"
    )


# --- on demand ------------------------------------------------------------------------------------


def maximum_with_provisioned(member: str, index: str | None) -> ApiError:
    """Return the error for a maximum of on-demand throughput on a provisioned table.

    member: a member of OnDemandThroughput, as in maximum_out_of_range.
    """
    where = "" if index is None else f" for index : {index}"  # sic: a space before the colon
    return invalid_parameters(
        f"{member} for OnDemandThroughput{where} cannot be specified when the table BillingMode is PROVISIONED"
    )


def maximum_out_of_range(member: str, index: str | None) -> ApiError:
    where = "table" if index is None else f"index : {index}"  # sic: a space before the colon
    return invalid_parameters(f"Requested {member} for OnDemandThroughput for {where} is outside of valid range")


def maximums_not_combinable() -> ApiError:
    return invalid_parameters("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request")


# --- warm -----------------------------------------------------------------------------------------


def index_warm_throughput_empty(index: str) -> ApiError:
    return invalid_parameters(
        f"WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: {index}"
    )


def index_creation_with_warm_throughput() -> ApiError:
    return invalid_parameters("Create global secondary index cannot be specified when updating WarmThroughput")


def warm_throughput_below_initial(member: str, index: str | None) -> ApiError:
    """Return the error for warm throughput below the initial throughput of an on-demand table.

    member: a member of WarmThroughput, as in all errors whose name begins with warm_throughput.
    """
    return _warm_throughput_too_low(member, index, f"initial throughput for OnDemand. See: {_INITIAL_THROUGHPUT}")


def warm_throughput_below_capacity(member: str, index: str | None, capacity: str) -> ApiError:
    """Return the error for warm throughput below the provisioned throughput.

    capacity: ReadCapacityUnits or WriteCapacityUnits.
    """
    return _warm_throughput_too_low(member, index, f"{capacity} of ProvisionedThroughput")


def warm_throughput_decreased(member: str, index: str | None) -> ApiError:
    return _warm_throughput_too_low(member, index, "current WarmThroughput, decreasing WarmThroughput is not supported")


_INITIAL_THROUGHPUT: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def _warm_throughput_too_low(member: str, index: str | None, bound: str) -> ApiError:
    where = "table" if index is None else f"index {index}"
    return invalid_parameters(f"Requested {member} for WarmThroughput for {where} is lower than {bound}")
