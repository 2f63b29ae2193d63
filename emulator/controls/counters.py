"""`counters`: counts of requests as JSON. `GET /_emulator/metrics` shows them as text.

A server with --metrics counts requests from its start until its end. For another server,
`count_requests {"Enabled": true or false}` turns the counting on and off in all workers. It returns
`{"Counting": true or false}`: whether the server counts requests now.

The result of `counters` is `{"Workers": [..], "Tables": [..], "Backlogs": [..]}`.

| list       | members of an element                                                                   |
|------------|---------------------------------------------------------------------------------------|
| `Workers`  | `Worker`, `Memory` (bytes), `Operations`. Each element of `Operations` is about one   |
|            | operation and one code: `Operation`, `Code` ("" for success), `Count`, `Seconds`,     |
|            | `Units`, `Buckets`                                                                    |
| `Tables`   | `Table`, `AccessKey`, `Region`, `Items`, `Bytes`; the list has at most 1,000 tables   |
| `Backlogs` | `Consumer`, `Records`: how many change records a function or Kinesis has not received |
|            | yet; counted up to 10,000                                                             |

`Buckets` counts requests by how long they took: a number for each of BOUNDS
(http/observing/counters.py), and a number for longer times. The counters of a restarted worker
begin at zero.
"""  # noqa: W505 - a table

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.database.changes.backlog import backlog
from emulator.database.database import Database
from emulator.database.definitions import kinesis
from emulator.database.items.counts import counts

_TABLES: Final = 1000


def _together(_body: Body, results: Sequence[Result]) -> Result:
    owner = next(each for each in results if "Tables" in each)
    workers = sorted((each["Worker"] for each in results), key=lambda each: each["Worker"])
    return {"Workers": workers, "Tables": owner["Tables"], "Backlogs": owner["Backlogs"]}


@control("counters", changes=False, gather=_together, summary="show counters of requests and tables")
def counters(emulator: Emulator, _body: Body) -> Result:
    """Return the counters of this process. The owner process also returns Tables and Backlogs.

    Raises BadDeclaration if the server does not count requests.
    """
    counted = None if emulator.request_log is None else emulator.request_log().counters()
    if counted is None:
        raise BadDeclaration("this server does not count requests: start it with --metrics, or call count_requests")
    if not emulator.database.owner:
        return {"Worker": counted}
    tables = list(islice(_tables(emulator.database), _TABLES))
    return {"Worker": counted, "Tables": tables, "Backlogs": list(_backlogs(emulator))}


def _everywhere(_body: Body, results: Sequence[Result]) -> Result:
    return results[0]


@control(
    "count_requests", gather=_everywhere, summary="count requests and units, or stop counting", members=("Enabled",)
)
def count_requests(emulator: Emulator, body: Body) -> Result:
    """Turn the counting of requests on or off in this process. Raises BadDeclaration."""
    refuse_unknown(body, "Enabled")
    enabled = member(body, "Enabled", bool)
    if emulator.request_log is None:
        raise BadDeclaration("this emulator is not served over HTTP, so it counts no requests")
    counting = enabled or emulator.settings.metrics
    if emulator.sharing is not None:  # worker processes that start later read this
        emulator.sharing.counts_requests = counting
    emulator.request_log().meter(on=counting)
    return {"Counting": counting}


def _tables(database: Database) -> Iterator[Result]:
    with database.read() as txn:
        for table in database.catalog.everything():
            items, size = counts(txn, table)[0]
            access_key, region = table.definition.access_key, table.definition.region
            yield {
                "Table": table.name,
                "AccessKey": access_key,
                "Region": region,
                "Items": items,
                "Bytes": size,
            }


def _backlogs(emulator: Emulator) -> Iterator[Result]:
    database = emulator.database
    with database.read() as txn:
        for stream, name, consumer in emulator.stream_consumers():
            yield {"Consumer": name, "Records": backlog(txn, stream, consumer)}
        for table in database.catalog.everything():
            for destination in table.definition.kinesis:
                log = None if destination.stream_id is None else database.streams.get(destination.stream_id)
                if log is not None:
                    yield {"Consumer": destination.arn, "Records": backlog(txn, log, kinesis.consumer(log.id))}
