"""The kinds of conditions for which `wait` waits, and the member of a body that selects each."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator
from emulator.controls.waits import counts, deliveries, items, records, statuses
from emulator.controls.waits.condition import Condition


class Kind(NamedTuple):
    """A kind of condition: a function that makes the condition, and the members of its body."""

    make: Callable[[Emulator, Body], Condition]
    members: tuple[str, ...]


_TABLE: Final = ("TableName", "AccessKey", "Region")
KINDS: Final[Mapping[str, Kind]] = {
    "Record": Kind(records.RecordCondition, (*_TABLE, "StreamArn", "Count", "After")),
    "Key": Kind(items.ItemCondition, (*_TABLE, *items.EXPRESSIONS)),
    "Expired": Kind(items.ExpiryCondition, _TABLE),
    "Count": Kind(counts.CountCondition, (*_TABLE, *counts.MEMBERS)),
    "Status": Kind(statuses.status_condition, (*_TABLE, "IndexName", "StreamArn")),
    "TimeToLiveStatus": Kind(statuses.ttl_condition, _TABLE),
    "State": Kind(statuses.state_condition, ("UUID",)),
    "Delivered": Kind(deliveries.DeliveryCondition, ("UUID",)),
}
"""The kinds, by the member that selects them.

If a body has several of these members, the first in this order selects the kind. `Record` comes
before `Count`, because a body with `Record` may also have a `Count`.
"""


def condition_of(emulator: Emulator, body: Body) -> Condition:
    """Return the condition that a body of `wait` describes.

    Raises BadDeclaration if the body is wrong.
    """
    name = next((name for name in KINDS if name in body), None)
    if name is None:
        raise BadDeclaration(f"the body must have one of the members {', '.join(sorted(KINDS))}")
    allowed = {name, "Timeout", *KINDS[name].members}
    unknown = [each for each in body if each not in allowed]
    if unknown:
        raise BadDeclaration(
            f"a body with the member {name} cannot have the member {unknown[0]}; "
            f"it can have {', '.join(sorted(allowed - {name}))}"
        )
    return KINDS[name].make(emulator, body)
