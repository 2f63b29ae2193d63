"""`cloudwatch`: metrics of the last hour, under CloudWatch's names (control-plane 19).

`GET /_emulator/cloudwatch` shows them. Only a server with --metrics counts them. The result is
`{"Namespace": "AWS/DynamoDB", "Metrics": [..]}`.

| member of a metric    | meaning                                                         |
|-----------------------|-----------------------------------------------------------------|
| `MetricName`          | as in CloudWatch                                                |
| `Dimensions`          | `TableName`, `GlobalSecondaryIndexName`, `Operation`            |
| `AccessKey`, `Region` | the owner of the table                                          |
| `Datapoints`          | for each minute with values: `Timestamp`, `Sum`, `SampleCount`, |
|                       | `Minimum`, `Maximum`                                            |

Latencies have only the dimension `Operation`: they are those of all tables and access keys.
Provisioned units are shown for the current minute only. The emulator has no metrics of items and
bytes returned.

The figures of all processes are added up. Minutes are those of the emulator's clock. The figures of
a process begin at zero when it starts.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.throughput.usage import MINUTE, Statistics

_TABLE: Final = "TableName"
_INDEX: Final = "GlobalSecondaryIndexName"
_OPERATION: Final = "Operation"

Series = dict[tuple[str, str, str, str, str, str], dict[int, list[float]]]
"""Name, access key, region, table, index and operation of a metric -> minute -> sum, count, lowest
and highest value.
"""


def _together(_body: Body, results: Sequence[Result]) -> Result:
    """Combine the metrics of all processes in one list."""
    series: Series = {}
    for each in results:
        for *key, minute, values in each["Metrics"]:
            name, access_key, region, table, index, operation = key
            minutes = series.setdefault((name, access_key, region, table, index, operation), {})
            total, count, lowest, highest = values
            known = minutes.get(minute)
            if known is None:
                minutes[minute] = list(values)
            else:
                minutes[minute] = [known[0] + total, known[1] + count, min(known[2], lowest), max(known[3], highest)]
    return {"Namespace": "AWS/DynamoDB", "Metrics": [_shown(key, series[key]) for key in sorted(series)]}


def _shown(key: tuple[str, str, str, str, str, str], minutes: Mapping[int, Sequence[float]]) -> Result:
    name, access_key, region, table, index, operation = key
    dimensions = {_TABLE: table, _INDEX: index, _OPERATION: operation}
    owner = {"AccessKey": access_key, "Region": region}
    return {
        "MetricName": name,
        "Dimensions": {dimension: value for dimension, value in dimensions.items() if value},
        **{member: value for member, value in owner.items() if value},
        "Datapoints": [_datapoint(minute, *minutes[minute]) for minute in sorted(minutes)],
    }


def _datapoint(minute: int, total: float, count: float, lowest: float, highest: float) -> Result:
    moment = datetime.fromtimestamp(minute * MINUTE, UTC).isoformat().replace("+00:00", "Z")
    return {"Timestamp": moment, "Sum": total, "SampleCount": count, "Minimum": lowest, "Maximum": highest}


@control("cloudwatch", changes=False, gather=_together, summary="show metrics of the last hour (--metrics)")
def cloudwatch(emulator: Emulator, _body: Body) -> Result:
    """Return the metrics of this process; the owner adds provisioned units.

    Raises BadDeclaration without --metrics.
    """
    last_hour = None if emulator.request_log is None else emulator.request_log().last_hour()
    if last_hour is None:
        raise BadDeclaration("this server does not count requests: start it with --metrics")
    found = [[*key[:4], "", key[4], minute, _values(values)] for minute, key, values in last_hour]
    return {"Metrics": [*found, *_of_tables(emulator.database)]}


def _of_tables(database: Database) -> Iterator[list[Any]]:
    now = int(database.clock.now() // MINUTE)
    for table in database.catalog.everything():
        definition = table.definition
        owner = definition.access_key, definition.region, table.name
        for minute, (name, index), values in database.enforcer.usage(table.id) or ():
            yield [name, *owner, index or "", "", minute, _values(values)]
        if not database.owner or definition.billing_mode != "PROVISIONED":
            continue
        relations = [("", definition.read_units, definition.write_units)]
        relations += [
            (index.name, index.read_units, index.write_units) for index in definition.indexes if not index.local
        ]
        for relation, read, write in relations:
            for kind, units in (("Read", read), ("Write", write)):
                yield [f"Provisioned{kind}CapacityUnits", *owner, relation, "", now, [units, 1, units, units]]


def _values(statistics: Statistics) -> list[float]:
    return [statistics.total, statistics.count, statistics.lowest, statistics.highest]
