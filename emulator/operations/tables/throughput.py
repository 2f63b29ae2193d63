"""Checks and changes of the throughput of tables and global indexes.

In all functions, `index` is the name of a global index, or None for the table.

The facts are in behaviour 2.5, 10.1, 10.4 and features 4. Error texts that are not in these
sections come from these findings: ack-api-quirks, DDB-TABLE-038, 039, 059, 128, 152, 155, 164, 170.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from emulator import errors, limits
from emulator.database.definitions.tables import (
    DAY,
    IndexDefinition,
    Relation,
    TableDefinition,
    coming,
    decreases_today,
    deferred,
)
from emulator.database.schema.describe import ON_DEMAND_WARM, warm_units

ON_DEMAND: Final = "PAY_PER_REQUEST"
PROVISIONED: Final = "PROVISIONED"
NO_MAXIMUM: Final = -1  # a figure in OnDemandThroughput that removes a maximum
_CAPACITY: Final = ("ReadCapacityUnits", "WriteCapacityUnits")
_MAXIMUMS: Final = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_CAPACITY_OF_WARM: Final = {"ReadUnitsPerSecond": "ReadCapacityUnits", "WriteUnitsPerSecond": "WriteCapacityUnits"}

Members = Mapping[str, Any]
"""A request, or the part of a request for one index."""


def _in_order(figures: Mapping[str, int], members: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Yield a pair (name, figure) for each of `members`, in order. Skip names that `figures` lacks.

    Callers name the member for reads first: if the values for reads and writes are both wrong, the
    service reports the one for reads (behaviour 10.1).
    """
    return ((name, figures[name]) for name in members if name in figures)


def adopt_mode(request: dict[str, Any]) -> None:
    """Rename the member TableThroughputMode of a request to BillingMode, which means the same.

    If the request has both, keep BillingMode (behaviour 10.1, 10.3).
    """
    mode = request.pop("TableThroughputMode", None)
    if mode is not None:
        request.setdefault("BillingMode", mode)


# --- provisioned throughput -----------------------------------------------------------------------


def check_mode(request: Members, *, on_demand: bool) -> None:
    """Raise ApiError if ProvisionedThroughput is too large or does not fit the billing mode."""
    units = request.get("ProvisionedThroughput")
    if on_demand and units is not None:
        raise errors.capacity_on_demand()
    if not on_demand and units is None:
        raise errors.capacity_required()
    check_bounds(request)


def check_bounds(members: Members) -> None:
    """Raise ApiError if a figure of ProvisionedThroughput is larger than any table may have."""
    units = members.get("ProvisionedThroughput", {})
    for member, figure in _in_order(units, _CAPACITY):
        if figure > limits.THROUGHPUT_VALUE:
            raise errors.capacity_out_of_bounds(member, figure)


def check_quotas(request: Members, indexes: Iterable[Members], region: str) -> None:
    """Raise LimitExceededException if the table or an index would exceed its quota of capacity."""
    _check_quota(request, None, region)
    for index in indexes:
        _check_quota(index, index["IndexName"], region)


def _check_quota(members: Members, index: str | None, region: str) -> None:
    units = members.get("ProvisionedThroughput", {})
    for member, figure in _in_order(units, _CAPACITY):
        if figure > limits.TABLE_CAPACITY:
            raise errors.capacity_above_quota(member, figure, index, region)


def refuse_unchanged(current: TableDefinition | IndexDefinition, members: Members, index: str | None = None) -> None:
    """Raise ApiError if the requested provisioned throughput equals the current one."""
    units = members.get("ProvisionedThroughput")
    if units is None:
        return
    read, write = current.read_units, current.write_units
    if (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (read, write):
        raise errors.capacity_unchanged(read, write, index)


def with_throughput(current: Relation, members: Members, billing_mode: str, now: float, until: float) -> Relation:
    """Return the definition of a table or index with the requested provisioned throughput.

    An increase or a decrease is dated `now`, and the new date is in force immediately. The new
    capacity units and the new number of decreases are pending until the time `until` (behaviour
    10.4; finding DDB-TABLE-060).

    After a switch from on-demand mode, there are no old capacity units. So the new units are in
    force now, and count neither as an increase nor as a decrease.

    Raises LimitExceededException if there were too many decreases on this UTC day.
    """
    units = members.get("ProvisionedThroughput")
    if units is None:
        return current
    figures = {"read_units": units["ReadCapacityUnits"], "write_units": units["WriteCapacityUnits"]}
    # Store the current warm throughput, because a decrease of the provisioned throughput must not
    # lower it.
    warm = warm_units(current, billing_mode)
    if not current.read_units:
        return replace(current, warm=warm, **figures)
    at_once: dict[str, Any] = {"warm": warm}
    pending: dict[str, Any] = dict(figures)
    moves = (figures["read_units"] - current.read_units, figures["write_units"] - current.write_units)
    if any(move > 0 for move in moves):
        at_once["throughput_increased"] = now
    if any(move < 0 for move in moves):
        pending["decreases"] = _next_decrease(current, now)
        at_once["decreases"] = decreases_today(current, now)
        at_once["throughput_decreased"] = now
    return deferred(replace(current, **at_once), until, pending)


def _next_decrease(current: TableDefinition | IndexDefinition, now: float) -> int:
    """Return the number of decreases on this UTC day, including the new one.

    Raises ApiError if there were already four decreases on this day, and the last of them was less
    than an hour ago (observed: findings DDB-TABLE-157, 184, 185, 326).
    """
    count, last = decreases_today(current, now), current.throughput_decreased
    if last is None or count < limits.DECREASES_AT_ONCE or now >= last + limits.DECREASE_SECONDS:
        return count + 1
    midnight = last - last % DAY + DAY
    raise errors.too_many_decreases(count, last, min(last + limits.DECREASE_SECONDS, midnight))


# --- maximums of on-demand throughput -------------------------------------------------------------


def check_created_maximums(members: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise ApiError if the OnDemandThroughput of a new table or index is wrong."""
    _check_maximums(members, on_demand=on_demand, index=index, removable=False)


def check_updated_maximums(members: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise ApiError if a change of OnDemandThroughput is wrong.

    Unlike the OnDemandThroughput of a new table, a change may have -1, which removes a maximum.
    """
    _check_maximums(members, on_demand=on_demand, index=index, removable=True)


def _check_maximums(members: Members, *, on_demand: bool, index: str | None, removable: bool) -> None:
    for name, units in _in_order(members.get("OnDemandThroughput", {}), _MAXIMUMS):
        if not on_demand:
            raise errors.maximum_with_provisioned(name, index)
        if units < 1 and not (removable and units == NO_MAXIMUM):
            raise errors.maximum_out_of_range(name, index)


def removed_maximums(members: Members) -> dict[str, int]:
    """Return the members of OnDemandThroughput that a request removes.

    Their values are -1, as in the request and in the response (control-plane 20.1).
    """
    return {name: units for name, units in members.get("OnDemandThroughput", {}).items() if units == NO_MAXIMUM}


# --- warm throughput ------------------------------------------------------------------------------


def check_created_warm(members: Members, *, on_demand: bool, index: str | None = None) -> None:
    """Raise ApiError if the warm throughput of a new table or index is too low.

    The minimum is the provisioned throughput, or in on-demand mode ON_DEMAND_WARM.
    """
    units = members.get("ProvisionedThroughput", {})
    for name, wanted in _in_order(members.get("WarmThroughput", {}), _CAPACITY_OF_WARM):
        capacity = _CAPACITY_OF_WARM[name]
        if on_demand and wanted < ON_DEMAND_WARM[name]:
            raise errors.warm_throughput_below_initial(name, index)
        if not on_demand and wanted < units[capacity]:
            raise errors.warm_throughput_below_capacity(name, index, capacity)


def check_updated_warm(
    current: TableDefinition | IndexDefinition, members: Members, billing_mode: str, index: str | None = None
) -> None:
    """Raise ApiError if a request would decrease the warm throughput of a table or index."""
    warm = warm_units(current, billing_mode)
    for name, wanted in _in_order(members.get("WarmThroughput", {}), _CAPACITY_OF_WARM):
        if wanted < warm[name]:
            raise errors.warm_throughput_decreased(name, index)


def with_warm_throughput(current: Relation, members: Members, billing_mode: str, until: float) -> Relation:
    """Return the definition of a table or index with the requested warm throughput, still pending.

    TableStatus and IndexStatus do not change (control-plane 20.1). The new figures replace those of
    an earlier change that is still pending (finding DDB-TABLE-459).
    """
    wanted = members.get("WarmThroughput")
    if not wanted:
        return current
    warm = {**warm_units(current, billing_mode), **(coming(current, "warm") or {}), **wanted}
    return deferred(current, until, {"warm": warm})
