"""Reads the items of tables, all as of one moment if the server is an emulator.

A call of the control `snapshots/hold` makes a held snapshot, which the emulator keeps until this
call's connection is closed. Other calls read the snapshot's items page by page
(`emulator/controls/snapshots.py`).

Any other server is read with Scan. The result may or may not contain a write that happens during
the Scan.
"""

import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any, Final

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.formats.records import Item
from emulator.transfer.endpoints import Connect

Pages = Callable[[str, int, int], Iterator[list[Item]]]
"""A function that yields the items of one segment of a table, page by page.

Its arguments are the table's name, the number of the segment, and the number of segments.
"""

_HOLD: Final = "snapshots/hold"
_POLL: Final = 0.002  # seconds between two polls for the new snapshot; making it takes 0.3 ms


@contextmanager
def frozen(connect: Connect, tables: Sequence[str]) -> Iterator[Pages]:
    """Yield a function that reads a table's items page by page: from a held snapshot, or with Scan.

    tables: names of the tables; empty for all tables of the access key and region.
    Raises Refused or Unreachable if the server fails.
    """
    with closing(connect()) as holder:
        if not isinstance(holder, HttpEndpoint) or not _holds(holder):
            yield scanned(connect)
            return
        name = str(uuid.uuid4())
        tenant = {"AccessKey": holder.access_key, "Region": holder.region}
        with closing(connect()) as other:
            assert isinstance(other, HttpEndpoint), "`connect` must return an HttpEndpoint again, as in the first call"
            holder.begin_control(_HOLD, {"Name": name, **tenant} | ({"Tables": list(tables)} if tables else {}))
            while name not in other.control("GET", _HOLD, {})["Names"]:
                holder.raise_refusal()
                time.sleep(_POLL)
        yield _held(connect, {"Name": name, **tenant})


def _holds(endpoint: HttpEndpoint) -> bool:
    """Return True if the server is an emulator that can hold snapshots."""
    try:
        return "Names" in endpoint.control("GET", _HOLD, {})
    except (Refused, Unreachable):  # If the server does not answer, the Scan raises Unreachable.
        return False


def _held(connect: Connect, request: dict[str, Any]) -> Pages:
    """Return a function that reads a table's items from a held snapshot, page by page.

    The function raises Refused or Unreachable if the server fails.
    """

    def pages(table: str, segment: int, segments: int) -> Iterator[list[Item]]:
        body = {**request, "TableName": table, "Segment": segment, "TotalSegments": segments}
        with closing(connect()) as endpoint:
            assert isinstance(endpoint, HttpEndpoint), "only an HttpEndpoint can hold a snapshot"
            while True:
                answer = endpoint.control("POST", "snapshots/items", body)
                yield answer["Items"]
                if "After" not in answer:
                    return
                body["After"] = answer["After"]

    return pages


def scanned(connect: Connect) -> Pages:
    """Return a function that reads a table's items with Scan, page by page.

    The function raises Refused or Unreachable if the server fails.
    """

    def pages(table: str, segment: int, segments: int) -> Iterator[list[Item]]:
        request: dict[str, Any] = {"TableName": table, "ConsistentRead": True}
        if segments > 1:
            request |= {"Segment": segment, "TotalSegments": segments}
        with closing(connect()) as endpoint:
            while True:
                answer = endpoint.call("Scan", request)
                yield answer["Items"]
                if "LastEvaluatedKey" not in answer:
                    return
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    return pages
