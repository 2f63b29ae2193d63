"""Which capacity figures a request may name for a table or a global index.

Facts: behaviour 2.5, 10.1, 10.4, features 4. `index` is an index's name, None for the table.
Other texts were observed: ack-api-quirks, DDB-TABLE-038, 039, 059, 128, 152, 155, 164, 170.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from emulator import errors, limits
from emulator.database.definitions import (
    DAY,
    IndexDefinition,
    Part,
    TableDefinition,
    coming,
    decreases_today,
    deferred,
)
from emulator.database.describe import ON_DEMAND_WARM, warm_units

ON_DEMAND: Final = "PAY_PER_REQUEST"
PROVISIONED: Final = "PROVISIONED"
NO_CEILING: Final = -1  # takes a member of OnDemandThroughput away
_CAPACITY: Final = ("ReadCapacityUnits", "WriteCapacityUnits")
_CEILINGS: Final = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_CAPACITY_OF_WARM: Final = {"ReadUnitsPerSecond": "ReadCapacityUnits", "WriteUnitsPerSecond": "WriteCapacityUnits"}

Members = Mapping[str, Any]
"""The members of a request, or of one index in it, that hold the figures."""


def _in_order(figures: Mapping[str, int], members: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield figures with their names, those of reads first, whatever the request's order (behaviour 10.1)."""
    return ((name, figures[name]) for name in members if name in figures)


def adopt_mode(request: dict[str, Any]) -> None:
    """Let BillingMode hold what its other name TableThroughputMode says, unless both are given (behaviour 10.1, 10.3)."""
    mode = request.pop("TableThroughputMode", None)
    if mode is not None:
        request.setdefault("BillingMode", mode)


# --- provisioned ----------------------------------------------------------------------------------------------------


def check_mode(request: Members, *, on_demand: bool) -> None:
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


def check_bounds(part: Members) -> None:
    """Raise if a capacity figure is larger than the service takes at all."""
    units = part.get("ProvisionedThroughput", {})
    for member, figure in _in_order(units, _CAPACITY):
        if figure > limits.THROUGHPUT_VALUE:
            raise errors.validation(f"Given value {figure} for {member} is out of bounds")


def check_quotas(request: Members, indexes: Iterable[Members], region: str) -> None:
    """Raise LimitExceededException if the table or one of the indexes is to have more capacity than one may have."""
    _check_quota(request, "", "table", region)
    for index in indexes:
        _check_quota(index, f" for index {index['IndexName']}", "index", region)


def _check_quota(part: Members, where: str, what: str, region: str) -> None:
    units = part.get("ProvisionedThroughput", {})
    for member, figure in _in_order(units, _CAPACITY):
        if figure > limits.TABLE_CAPACITY:
            raise errors.limit_exceeded(
                f"The requested {member}{where}, {figure}, is above the per {what} maximum for the account in "
                f"{region}. Per table maximum: {limits.TABLE_CAPACITY}. {errors.SEE_LIMITS}"
            )


def refuse_unchanged(current: TableDefinition | IndexDefinition, part: Members, index: str | None = None) -> None:
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


def rescaled(current: Part, members: Members, billing_mode: str, now: float, until: float) -> Part:
    """Return a table's or index's definition with the provisioned figures that a request asks for.

    The times of the change are told at once; the figures and the number of decreases come into force
    at `until` (behaviour 10.4; DDB-TABLE-060). A switch from on demand has no old figures to
    go on with: the new ones are in force at once, and they are neither a raise nor a decrease.
    Raises LimitExceededException for one decrease too many.
    """
    units = members.get("ProvisionedThroughput")
    if units is None:
        return current
    after = {"read_units": units["ReadCapacityUnits"], "write_units": units["WriteCapacityUnits"]}
    warm = warm_units(current, billing_mode)  # what is held now stays warm
    if not current.read_units:
        return replace(current, warm=warm, **after)
    at_once: dict[str, Any] = {"warm": warm}
    later: dict[str, Any] = dict(after)
    moves = (after["read_units"] - current.read_units, after["write_units"] - current.write_units)
    if any(move > 0 for move in moves):
        at_once["throughput_increased"] = now
    if any(move < 0 for move in moves):
        later["decreases"] = _next_decrease(current, now)
        at_once["decreases"] = decreases_today(current, now)
        at_once["throughput_decreased"] = now
    return deferred(replace(current, **at_once), until, later)


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


def check_created_ceilings(part: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise what is wrong with the OnDemandThroughput of a new table or index."""
    _check_ceilings(part, on_demand=on_demand, index=index, removable=False)


def check_updated_ceilings(part: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise what is wrong with the OnDemandThroughput to give to a table or index that is there."""
    _check_ceilings(part, on_demand=on_demand, index=index, removable=True)


def _check_ceilings(part: Members, *, on_demand: bool, index: str | None, removable: bool) -> None:
    where = "" if index is None else f" for index : {index}"  # sic
    for name, units in _in_order(part.get("OnDemandThroughput", {}), _CEILINGS):
        if not on_demand:
            raise errors.invalid_parameters(
                f"{name} for OnDemandThroughput{where} cannot be specified when the table BillingMode is PROVISIONED"
            )
        if units < 1 and not (removable and units == NO_CEILING):
            raise _out_of_range(name, index)


def _out_of_range(name: str, index: str | None) -> errors.ApiError:
    where = "table" if index is None else f"index : {index}"  # sic
    return errors.invalid_parameters(f"Requested {name} for OnDemandThroughput for {where} is outside of valid range")


def removed_ceilings(part: Members) -> dict[str, int]:
    """Return the members of OnDemandThroughput that a request takes away; the answer has -1 (control-plane 20.1)."""
    return {name: units for name, units in part.get("OnDemandThroughput", {}).items() if units == NO_CEILING}


# --- warm -----------------------------------------------------------------------------------------------------------


def check_created_warm(part: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise if the warm throughput of a new table or index is less than what it begins with anyway."""
    units = part.get("ProvisionedThroughput", {})
    for name, wanted in _in_order(part.get("WarmThroughput", {}), _CAPACITY_OF_WARM):
        capacity = _CAPACITY_OF_WARM[name]
        if on_demand and wanted < ON_DEMAND_WARM[name]:
            raise _too_cold(name, index, f"initial throughput for OnDemand. See: {_INITIAL_THROUGHPUT}")
        if not on_demand and wanted < units[capacity]:
            raise _too_cold(name, index, f"{capacity} of ProvisionedThroughput")


def check_updated_warm(
    current: TableDefinition | IndexDefinition, part: Members, billing_mode: str, index: str | None = None
) -> None:
    """Raise if a table or index is to become less warm than it is."""
    warm = warm_units(current, billing_mode)
    for name, wanted in _in_order(part.get("WarmThroughput", {}), _CAPACITY_OF_WARM):
        if wanted < warm[name]:
            raise _too_cold(name, index, "current WarmThroughput, decreasing WarmThroughput is not supported")


def warmed(current: Part, members: Members, billing_mode: str, until: float) -> Part:
    """Return a definition that is to be warmer: TableStatus and IndexStatus stay as they are (control-plane 20.1).

    Of several rises under way the last one counts (DDB-TABLE-459).
    """
    wanted = members.get("WarmThroughput")
    if not wanted:
        return current
    warm = {**warm_units(current, billing_mode), **(coming(current, "warm") or {}), **wanted}
    return deferred(current, until, {"warm": warm})


_INITIAL_THROUGHPUT: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)


def _too_cold(name: str, index: str | None, bound: str) -> errors.ApiError:
    where = "table" if index is None else f"index {index}"
    return errors.invalid_parameters(f"Requested {name} for WarmThroughput for {where} is lower than {bound}")
