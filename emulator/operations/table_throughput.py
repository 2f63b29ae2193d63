"""Which capacity figures a request may name for a table or a global index.

Reference: service-behaviour.md 2.5, 10.1, 10.4, recent-features.md 4. `index` is an index's name, None for the table.
Texts beyond the reference were observed: ack-api-quirks, DDB-TABLE-038, 039, 059, 128, 152, 155, 164, 170.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from emulator import errors, limits
from emulator.database.definitions import DAY, IndexDefinition, TableDefinition, decreases_today
from emulator.database.describe import ON_DEMAND_WARM, warm_units

ON_DEMAND: Final = "PAY_PER_REQUEST"
PROVISIONED: Final = "PROVISIONED"
NO_CEILING: Final = -1  # takes a member of OnDemandThroughput away
_CAPACITY: Final = ("ReadCapacityUnits", "WriteCapacityUnits")
_CAPACITY_OF_WARM: Final = {"ReadUnitsPerSecond": "ReadCapacityUnits", "WriteUnitsPerSecond": "WriteCapacityUnits"}

Part = Mapping[str, Any]
"""The members of a request, or of one index in it, that hold the figures."""


# --- provisioned ----------------------------------------------------------------------------------------------------


def check_mode(request: Part, *, on_demand: bool) -> None:
    """Raise unless a table's ProvisionedThroughput and the billing mode go together."""
    units = request.get("ProvisionedThroughput")
    if on_demand and units is not None:
        raise errors.invalid_parameters(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
        )
    if not on_demand and units is None:
        raise errors.invalid_parameters(
            "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        )
    check_bounds(request)


def check_bounds(part: Part) -> None:
    """Raise if a capacity figure is larger than the service takes at all."""
    for member, units in part.get("ProvisionedThroughput", {}).items():
        if units > limits.THROUGHPUT_VALUE:
            raise errors.validation(f"Given value {units} for {member} is out of bounds")


def check_quotas(request: Part, indexes: Iterable[Part], region: str) -> None:
    """Raise LimitExceededException if the table or one of the indexes is to have more capacity than one may have."""
    _check_quota(request, "", "table", region)
    for index in indexes:
        _check_quota(index, f" for index {index['IndexName']}", "index", region)


def _check_quota(part: Part, where: str, what: str, region: str) -> None:
    units = part.get("ProvisionedThroughput", {})
    for member in _CAPACITY:
        if units.get(member, 0) > limits.TABLE_CAPACITY:
            raise errors.limit_exceeded(
                f"The requested {member}{where}, {units[member]}, is above the per {what} maximum for the account in "
                f"{region}. Per table maximum: {limits.TABLE_CAPACITY}. {errors.SEE_LIMITS}"
            )


def refuse_unchanged(current: TableDefinition | IndexDefinition, part: Part, index: str | None = None) -> None:
    """Raise if the capacity asked for is what the table or index has."""
    units = part.get("ProvisionedThroughput")
    if units is None:
        return
    read, write = current.read_units, current.write_units
    if (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) != (read, write):
        return
    what = "the table" if index is None else f"index {index}"
    raise errors.validation(
        f"The provisioned throughput for {'the ' if index is not None else ''}{what} will not change. "
        "The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for {what}: {read}. Requested ReadCapacityUnits: {read}. "
        f"Current WriteCapacityUnits provisioned for {what}: {write}. Requested WriteCapacityUnits: {write}. "
        + errors.SEE_LIMITS
    )


def moved(current: TableDefinition | IndexDefinition, part: Part, now: float) -> dict[str, Any]:
    """Return the definition's fields that tell of raised and lowered capacity; from on demand it does neither.

    Raises LimitExceededException for one decrease too many.
    """
    units = part.get("ProvisionedThroughput")
    if units is None or not current.read_units:
        return {}
    before = (current.read_units, current.write_units)
    after = (units["ReadCapacityUnits"], units["WriteCapacityUnits"])
    fields: dict[str, Any] = {}
    if any(new > old for new, old in zip(after, before, strict=True)):
        fields["throughput_increased"] = now
    if any(new < old for new, old in zip(after, before, strict=True)):
        fields["throughput_decreased"] = now
        fields["decreases"] = _next_decrease(current, now)
    return fields


def _next_decrease(current: TableDefinition | IndexDefinition, now: float) -> int:
    """Return the number of this decrease among the UTC day's (observed: DDB-TABLE-157, 184, 185, 326)."""
    count, last = decreases_today(current, now), current.throughput_decreased
    if last is None or count < limits.DECREASES_AT_ONCE or now >= last + limits.DECREASE_SECONDS:
        return count + 1
    midnight = last - last % DAY + DAY
    raise errors.limit_exceeded(
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first "
        f"{limits.DECREASES_AT_ONCE} decreases, each subsequent decrease in the same UTC day can be performed at most "
        f"once every {limits.DECREASE_SECONDS} seconds. Number of decreases today: {count}. "
        f"Last decrease at {_date(last)}. "
        f"Next decrease can be made at {_date(min(last + limits.DECREASE_SECONDS, midnight))}"
    )


def _date(time: float) -> str:
    """Return a time as e.g. "Thursday, October 8, 2026 at 11:20:48 PM Coordinated Universal Time"."""
    date = datetime.fromtimestamp(time, UTC)
    return (
        f"{date:%A, %B} {date.day}, {date.year} at {date.hour % 12 or 12}:{date:%M:%S} {'AM' if date.hour < 12 else 'PM'} "  # noqa: PLR2004
        "Coordinated Universal Time"
    )


# --- on demand ------------------------------------------------------------------------------------------------------


def check_created_ceilings(part: Part, *, on_demand: bool, index: str | None = None) -> None:
    """Raise what is wrong with the OnDemandThroughput of a new table or index."""
    where = "" if index is None else f" for index: {index}"
    for name, units in part.get("OnDemandThroughput", {}).items():
        if not on_demand:
            raise errors.invalid_parameters(
                f"{name} for OnDemandThroughput{where} cannot be specified when table BillingMode is PROVISIONED."
            )
        if units < 1:
            raise _out_of_range(name, index)


def check_updated_ceilings(part: Part, *, on_demand: bool, index: str | None = None) -> None:
    """Raise what is wrong with the OnDemandThroughput to give to a table or index that is there."""
    where = "" if index is None else f" for index : {index}"  # sic
    for name, units in part.get("OnDemandThroughput", {}).items():
        if not on_demand:
            raise errors.invalid_parameters(
                f"{name} for OnDemandThroughput{where} cannot be specified when the table BillingMode is PROVISIONED"
            )
        if units < 1 and units != NO_CEILING:
            raise _out_of_range(name, index)


def _out_of_range(name: str, index: str | None) -> errors.ApiError:
    where = "table" if index is None else f"index : {index}"  # sic
    return errors.invalid_parameters(f"Requested {name} for OnDemandThroughput for {where} is outside of valid range")


# --- warm -----------------------------------------------------------------------------------------------------------


def check_created_warm(part: Part, *, on_demand: bool, index: str | None = None) -> None:
    """Raise if the warm throughput of a new table or index is less than what it begins with anyway."""
    units = part.get("ProvisionedThroughput", {})
    for name, wanted in part.get("WarmThroughput", {}).items():
        capacity = _CAPACITY_OF_WARM[name]
        if on_demand and wanted < ON_DEMAND_WARM[name]:
            raise _too_cold(name, index, f"initial throughput for OnDemand. See: {_INITIAL_THROUGHPUT}")
        if not on_demand and wanted < units[capacity]:
            raise _too_cold(name, index, f"{capacity} of ProvisionedThroughput")


def check_updated_warm(
    current: TableDefinition | IndexDefinition, part: Part, billing_mode: str, index: str | None = None
) -> None:
    """Raise if a table or index is to become less warm than it is."""
    warm = warm_units(current, billing_mode)
    for name, wanted in part.get("WarmThroughput", {}).items():
        if wanted < warm[name]:
            raise _too_cold(name, index, "current WarmThroughput, decreasing WarmThroughput is not supported")


_INITIAL_THROUGHPUT: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def _too_cold(name: str, index: str | None, bound: str) -> errors.ApiError:
    where = "table" if index is None else f"index {index}"
    return errors.invalid_parameters(f"Requested {name} for WarmThroughput for {where} is lower than {bound}")
