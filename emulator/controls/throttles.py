"""`throttles`: shows the last throttled requests, and explains why each was throttled.

`GET /_emulator/throttles` returns `{"Throttles": [..]}`, the newest last. Each process keeps its
last thousand throttles. It notes them only while throughput is enforced, or while there are faults
that throttle.

| member                   | meaning                                                               |
|--------------------------|-----------------------------------------------------------------------|
| `Time`                   | seconds since the epoch, by the emulator's clock                      |
| `Operation`              | the operation of the request                                          |
| `TableName`, `TableArn`  | the table; empty for an operation without units, such as ListTables   |
| `AccessKey`, `Region`    | the tenant that owns the table                                        |
| `IndexName`              | the global index whose limit refused the request, if there is one     |
| `Key`                    | the key attributes, if the request names one item                     |
| `Kind`                   | `Read` or `Write`                                                     |
| `Asked`, `Available`     | the units that the request needs, and the units that were left;       |
|                          | `Available` is 0 if a fault throttled the request                     |
| `Reason`                 | the reason, as in the error's ThrottlingReasons                       |
| `Cause`                  | a word from the table below                                           |
| `Fault`                  | the id of the fault's rule, if a fault throttled the request          |
| `Explanation`            | the cause in one or more sentences                                    |

| `Cause`             | the request was refused because                                            |
|---------------------|----------------------------------------------------------------------------|
| `TableThroughput`   | the table's provisioned units are used up                                  |
| `Burst`             | the table's provisioned units and its burst capacity are used up           |
| `IndexThroughput`   | an index's provisioned read units are used up                              |
| `IndexBackPressure` | an index's write units are used up, so the table refuses writes            |
| `PartitionLimit`    | one partition key gets more than a partition serves                        |
| `OnDemandMaximum`   | the configured maximum of an on-demand table or index is reached           |
| `OnDemandRamp`      | an on-demand table gets more than twice its previous peak                  |
| `Fault`             | a test asked for the throttle with the control `faults`                    |

For a batch, `Throttles` has an element for each item that stayed unprocessed.
"""

from collections.abc import Sequence
from typing import Any, Final

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control
from emulator.database.throughput.throttles import Throttled
from emulator.wording import amount_text


def _together(_body: Body, results: Sequence[Result]) -> Result:
    found = [each for result in results for each in result["Throttles"]]
    return {"Throttles": sorted(found, key=lambda each: each["Time"])}


@control("throttles", changes=False, gather=_together, summary="explain the last throttles")
def throttles(emulator: Emulator, _body: Body) -> Result:
    """Return the last throttles of this process; `_together` merges those of all processes."""
    return {"Throttles": [_shown(each) for each in emulator.database.enforcer.throttles.kept]}


def _shown(throttled: Throttled) -> dict[str, Any]:
    table, refusal = throttled.table, throttled.refusal
    shown: dict[str, Any] = {
        "Time": throttled.time,
        "Operation": throttled.operation,
        "TableName": "" if table is None else table.name,
        "TableArn": "" if table is None else table.arn,
        "AccessKey": None if table is None else table.access_key,
        "Region": None if table is None else table.region,
        "IndexName": throttled.index_name,
        "Key": throttled.key or None,
        "Kind": throttled.kind,
        "Asked": throttled.asked if refusal is None else refusal.asked,
        "Available": 0.0 if refusal is None else refusal.available,
        "Reason": throttled.reason,
        "Cause": "Fault" if refusal is None else refusal.cause,
        "Fault": throttled.fault,
        "Explanation": _explained(throttled),
    }
    return {name: value for name, value in shown.items() if value is not None}


_EXPLANATIONS: Final = {
    "TableThroughput": "Table {table} has {limit} provisioned {kind} units a second, and they are used up.",
    "Burst": (
        "Table {table} has {limit} provisioned {kind} units a second. It has also used up its burst capacity, "
        "the unused units of the last 300 seconds."
    ),
    "IndexThroughput": "Index {index} has {limit} provisioned {kind} units a second, and they are used up.",
    "IndexBackPressure": (
        "Index {index} has {limit} provisioned write units a second, and they are used up. "
        "So table {table} refuses writes that change the index."
    ),
    "PartitionLimit": (
        "One partition key of {what} gets too many requests: a partition serves {limit} {kind} units a second, "
        "whatever the throughput of the table."
    ),
    "OnDemandMaximum": "The on-demand maximum of {what} is {limit} {kind} units a second, and it is reached.",
    "OnDemandRamp": (
        "On-demand table {table} serves {limit} {kind} units a second now: its warm throughput, or twice its peak "
        "of more than 30 minutes ago. Set a higher warm throughput, or let traffic grow more slowly."
    ),
}


def _explained(throttled: Throttled) -> str:
    """Return one or more sentences that explain why a request was throttled."""
    refusal, table = throttled.refusal, throttled.table
    if refusal is None:
        return f"The fault {throttled.fault} throttled the request: a test asked for it with the control `faults`."
    assert table is not None, "a throttled request without a table must be throttled by a fault"
    index = refusal.index_name
    sentence = _EXPLANATIONS[refusal.cause].format(
        table=table.name,
        index=index,
        what=f"table {table.name}" if index is None else f"index {index}",
        kind=throttled.kind.lower(),
        limit=f"{refusal.limit:g}",
    )
    asked, left = (amount_text(amount) for amount in (refusal.asked, refusal.available))
    unit = "unit" if asked == "1" else "units"
    return f"{sentence} The request asked for {asked} {unit}, and {left} {'was' if left == '1' else 'were'} left."
