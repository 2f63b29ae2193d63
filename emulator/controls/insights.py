"""`insights`: the keys that Contributor Insights has counted, also for `GET /_emulator/insights`.

The result is `{"Insights": [..]}`, with an element for each table and global index whose keys are
counted.

| member                           | meaning                                                       |
|----------------------------------|---------------------------------------------------------------|
| `AccessKey`, `Region`,           | the table; `IndexName` if the element is about an index       |
| `TableName`, `IndexName`         |                                                               |
| `ContributorInsightsMode`        | the mode, as in UpdateContributorInsights                     |
| `PartitionKeys`                  | `MostAccessed` and `MostThrottled`: lists of at most 100      |
|                                  | partition keys                                                |
| `Keys`                           | the same lists of primary keys, if the table or index has a   |
|                                  | sort key                                                      |

An element of these lists is a contributor: `{"Key", "Count", "Error"}`. `Key` is null if the key is
unknown and no item has it any more. `Error` says by how much `Count` may be too high. `Count` is in
capacity units in `MostAccessed`, and in requests in `MostThrottled`. It is the sum of the counts of
all processes. Each process counts since its start, or since the last change of the setting.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from emulator.controls.body import Body
from emulator.controls.registry import Emulator, Result, control
from emulator.database.database import Database
from emulator.database.schema.table import Table
from emulator.database.throughput.insights import Contributors, Sketch
from emulator.slices import Steps
from emulator.values.rows import decode_row
from storage import ReadTxn
from storage.keycode import prefix_end

_SHOWN: Final = 100  # the maximum number of contributors in a list of the result, as in CloudWatch
_TABLES: Final = 500  # how many tables one step handles
_SENT: Final = 200  # the maximum number of contributors in a list of one process; `_ranked` merges such lists
_REPORTS: Final = ("PartitionKeys", "Keys")
_RESOURCE: Final = ("AccessKey", "Region", "TableName", "IndexName")


def _together(_body: Body, results: Sequence[Result]) -> Result:
    """Return the result of the control, combined from the results of all processes."""
    elements: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for each in results:
        for element in each["Insights"]:
            elements.setdefault(tuple(element.get(name, "") for name in _RESOURCE), []).append(element)
    return {"Insights": [_merged(elements[resource]) for resource in sorted(elements)]}


def _merged(elements: Sequence[Mapping[str, Any]]) -> Result:
    merged = {name: value for name, value in elements[0].items() if name not in _REPORTS}
    for report in _REPORTS:
        if report in elements[0]:
            merged[report] = {
                event: _ranked([element[report][event] for element in elements if event in element.get(report, {})])
                for event in elements[0][report]
            }
    return merged


def _ranked(lists: Sequence[Mapping[str, Any]]) -> list[Result]:
    """Merge the contributors (counted keys) of several processes. Return those counted most often.

    lists: the list of each process, as `_contributors` returns it. If a list lacks a contributor,
    its process may have counted the contributor and then dropped the count. A dropped count is at
    most the `Floor` of the list. So, for each list that lacks a contributor, the function adds the
    list's `Floor` to the contributor's `Count` and `Error`.
    """
    everyone = {name for each in lists for name in each["Contributors"]}
    floor = sum(each["Floor"] for each in lists)
    ranked = []
    for name in everyone:
        found = [(each["Contributors"][name], each["Floor"]) for each in lists if name in each["Contributors"]]
        key = next((contributor["Key"] for contributor, _ in found if contributor["Key"] is not None), None)
        count = sum(contributor["Count"] for contributor, _ in found)
        known = sum(contributor["Error"] for contributor, _ in found)
        missing = floor - sum(own for _, own in found)
        ranked.append((-(count + missing), name, {"Key": key, "Count": count + missing, "Error": known + missing}))
    return [contributor for _, _, contributor in sorted(ranked, key=lambda each: each[:2])[:_SHOWN]]


@control("insights", changes=False, gather=_together, summary="show the most accessed and the most throttled keys")
def insights(emulator: Emulator, _body: Body) -> Steps[Result]:
    """Return the contributors (keys) that this process has counted, by table and global index."""
    database = emulator.database
    found: list[Result] = []
    tables = list(database.catalog.everything())
    for first in range(0, len(tables), _TABLES):
        with database.read() as txn:
            found += _elements(database, txn, tables[first : first + _TABLES])
        yield None
    return {"Insights": found}


def _elements(database: Database, txn: ReadTxn, tables: Sequence[Table]) -> Iterator[Result]:
    for table in tables:
        counted = database.enforcer.insights(table.id)
        for index, contributors in () if counted is None else counted.relations.items():
            definition = table.definition
            resource = (definition.access_key, definition.region, table.name, index)
            element: dict[str, Any] = {
                name: value for name, value in zip(_RESOURCE, resource, strict=True) if value is not None
            }
            element["ContributorInsightsMode"] = contributors.setting.mode
            element["PartitionKeys"] = {
                event: _contributors(sketch, txn, table, index, contributors)
                for event, sketch in contributors.partitions.items()
            }
            if contributors.items:
                element["Keys"] = {event: _contributors(sketch) for event, sketch in contributors.items.items()}
            yield element


def _contributors(
    sketch: Sketch,
    txn: ReadTxn | None = None,
    table: Table | None = None,
    index: str | None = None,
    contributors: Contributors | None = None,
) -> Result:
    """Return the contributors (keys) that a sketch has counted most often, and `Floor`.

    No other contributor has a count of more than `Floor`.

    If the sketch counts partition keys, the caller must pass the other arguments too: if the sketch
    does not know the attributes of a partition key, they are read from an item with this key.
    """
    found: dict[str, Result] = {}
    floor = sketch.floor
    for name, count, error, key in sketch.top():
        if len(found) == _SENT:
            floor = max(floor, count)
            break
        known = key
        if known is None and txn is not None and table is not None and contributors is not None:
            prefix = (table.prefix if index is None else table.indexes_by_name[index].prefix) + name
            rows, _ = txn.page(prefix, prefix_end(prefix), 1)
            item = decode_row(rows[0]) if rows else None
            known = None if item is None else {each: item[each] for each in contributors.partition_names}
        found[name.hex()] = {"Key": known, "Count": count, "Error": error}
    return {"Contributors": found, "Floor": floor}
