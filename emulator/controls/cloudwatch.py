"""`cloudwatch`: metrics of the last hour, under CloudWatch's names (control-plane 19).

`GET /_emulator/cloudwatch` shows all metrics. `find_cloudwatch {"AccessKey"?, "Region"?,
"TableName"?}` shows the metrics of some tables, and all metrics that belong to no table. There are
metrics if the server was started with --metrics, or after a call of `count_requests`
(controls/counters.py). The result is `{"Namespace": "AWS/DynamoDB", "Metrics": [..]}`.

| member of a metric    | meaning                                                         |
|-----------------------|-----------------------------------------------------------------|
| `MetricName`          | as in CloudWatch                                                |
| `Dimensions`          | `TableName`, `GlobalSecondaryIndexName`, `Operation`; for       |
|                       | global tables also `Source`, `ReceivingRegion`                  |
| `AccessKey`, `Region` | the owner of the table                                          |
| `Datapoints`          | for each minute with values: `Timestamp`, `Sum`, `SampleCount`, |
|                       | `Minimum`, `Maximum`                                            |

Latencies have only the dimension `Operation`: they are counted for all tables and access keys
together. Provisioned units are shown for the current minute only. The emulator has no metrics of
returned items and bytes.

The control adds up the values that all processes have counted. A minute is a minute of the
emulator's clock. A process begins to count at zero when it starts.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.database.throughput.usage import CONSUMED_WRITE, MINUTE, REPLICATED_WRITE, REPLICATION_LATENCY, Statistics
from emulator.slices import Steps

_DIMENSIONS: Final = ("TableName", "GlobalSecondaryIndexName", "Operation", "Source", "ReceivingRegion")
"""The dimensions of a metric, in the order of their values in the key of a `Series`."""

_SELECTS: Final = ("AccessKey", "Region", "TableName")
_SELECTION: Final = ("AccessKey?", "Region?", "TableName?")
_TABLES: Final = 200  # after this many tables, `_metrics` yields, so that other requests can run

Series = dict[tuple[str, ...], dict[int, list[float]]]
"""Name, access key, region and dimensions of a metric -> minute -> sum, count, lowest and highest
value. A dimension that a metric does not have is empty.
"""


def _together(_body: Body, results: Sequence[Result]) -> Result:
    """Combine the metrics of all processes in one list."""
    series: Series = {}
    for each in results:
        for *key, minute, values in each["Metrics"]:
            minutes = series.setdefault(tuple(key), {})
            total, count, lowest, highest = values
            known = minutes.get(minute)
            if known is None:
                minutes[minute] = list(values)
            else:
                minutes[minute] = [known[0] + total, known[1] + count, min(known[2], lowest), max(known[3], highest)]
    return {"Namespace": "AWS/DynamoDB", "Metrics": [_shown(key, series[key]) for key in sorted(series)]}


def _shown(key: tuple[str, ...], minutes: Mapping[int, Sequence[float]]) -> Result:
    name, access_key, region, *dimensions = key
    owner = {"AccessKey": access_key, "Region": region}
    return {
        "MetricName": name,
        "Dimensions": {each: value for each, value in zip(_DIMENSIONS, dimensions, strict=True) if value},
        **{member: value for member, value in owner.items() if value},
        "Datapoints": [_datapoint(minute, *minutes[minute]) for minute in sorted(minutes)],
    }


def _datapoint(minute: int, total: float, count: float, lowest: float, highest: float) -> Result:
    moment = datetime.fromtimestamp(minute * MINUTE, UTC).isoformat().replace("+00:00", "Z")
    return {"Timestamp": moment, "Sum": total, "SampleCount": count, "Minimum": lowest, "Maximum": highest}


@control("cloudwatch", changes=False, gather=_together, summary="show metrics of the last hour")
def cloudwatch(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return the metrics that this process has counted. The owner process adds provisioned units.

    Raises BadDeclaration if requests are not counted.
    """
    return (yield from _metrics(emulator, {}))


@control(
    "find_cloudwatch",
    path="cloudwatch",
    method="POST",
    changes=False,
    gather=_together,
    summary="show metrics of the last hour for some tables",
    members=_SELECTION,
)
def find_cloudwatch(emulator: Emulator, body: Body) -> Steps[Result]:
    """Return the metrics of this process for the tables that a body selects."""
    refuse_unknown(body, *_SELECTS)
    return (yield from _metrics(emulator, {name: member(body, name, str) for name in _SELECTS if name in body}))


def _metrics(emulator: Emulator, selected: Mapping[str, str]) -> Steps[Result]:
    """Return the metrics of the selected tables, in the form that `_together` takes.

    selected: the members AccessKey, Region and TableName of the body, without missing members.
    """
    last_hour = None if emulator.request_log is None else emulator.request_log().last_hour()
    if last_hour is None:
        raise BadDeclaration("this server does not count requests: start it with --metrics, or call count_requests")
    found = [
        _row(key[:3], [key[3], "", key[4]], minute, values)
        for minute, key, values in last_hour
        if not key[3] or _selects(selected, key[1:4])
    ]
    for number, table in enumerate(list(emulator.database.catalog.everything()), start=1):
        definition = table.definition
        if _selects(selected, (definition.access_key, definition.region, table.name)):
            found += _of_table(emulator.database, table)
        if number % _TABLES == 0:
            yield None
    return {"Metrics": found}


def _selects(selected: Mapping[str, str], place: Sequence[str]) -> bool:
    """Return True if a table is selected.

    selected: the members of the body. place: the table's access key, region and name.
    """
    return all(selected.get(name, value) == value for name, value in zip(_SELECTS, place, strict=True))


def _of_table(database: Database, table: Table) -> Iterator[list[Any]]:
    now = int(database.clock.now() // MINUTE)
    definition = table.definition
    owner = definition.access_key, definition.region
    for minute, (name, subject), values in database.enforcer.usage(table.id) or ():
        for shown, dimensions in _shown_as(table, name, subject or ""):
            yield _row((shown, *owner), dimensions, minute, values)
    if not database.owner or definition.billing_mode != "PROVISIONED":
        return
    relations = [("", definition.read_units, definition.write_units)]
    relations += [(index.name, index.read_units, index.write_units) for index in definition.indexes if not index.local]
    for index, read, write in relations:
        for kind, units in (("Read", read), ("Write", write)):
            name = f"Provisioned{kind}CapacityUnits"
            yield [name, *owner, *_dimensions([table.name, index]), now, [units, 1, units, units]]


def _shown_as(table: Table, name: str, subject: str) -> Iterator[tuple[str, list[str]]]:
    """Yield the names under which CloudWatch shows a metric, each with its dimensions.

    name: the emulator's name for the metric.
    subject: the name of an index, "" for the table. For the metric `REPLICATION_LATENCY`, it is the
    receiving region.

    Consumed write units of a global table are shown twice: in the sum of all writes, and separately
    with the dimension Source.
    """
    if name == REPLICATION_LATENCY:
        yield name, [table.name, "", "", "", subject]
        return
    shown = CONSUMED_WRITE if name == REPLICATED_WRITE else name
    yield shown, [table.name, subject]
    if shown == CONSUMED_WRITE and table.definition.membership is not None:
        yield shown, [table.name, subject, "", "Customer" if name == CONSUMED_WRITE else "GlobalTable"]


def _row(key: Sequence[str], dimensions: Sequence[str], minute: int, values: Statistics) -> list[Any]:
    return [*key, *_dimensions(dimensions), minute, [values.total, values.count, values.lowest, values.highest]]


def _dimensions(values: Sequence[str]) -> list[str]:
    return [*values, *[""] * (len(_DIMENSIONS) - len(values))]
