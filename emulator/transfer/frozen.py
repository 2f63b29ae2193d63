"""The items of tables, all from the same moment if the server is an emulator.

One call makes a held snapshot, and the emulator keeps the snapshot as long as this call is open.
Other calls read its items page by page (`emulator/controls/snapshots.py`). Any other server is
scanned: each write during the scan may or may not be in the result.
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
"""Yields the items of a segment of a table, page by page: (table, segment, segments)."""

_HOLD: Final = "snapshots/hold"
_POLL: Final = 0.002  # seconds between polls; making a snapshot takes 0.3 ms


@contextmanager
def frozen(connect: Connect, tables: Sequence[str]) -> Iterator[Pages]:
    """Yield a function that reads pages of a held snapshot or of scans.

    Raises Refused, Unreachable.

    tables: names, empty for all tables of the access key and region.
    """
    with closing(connect()) as holder:
        if not isinstance(holder, HttpEndpoint) or not _holds(holder):
            yield scanned(connect)
            return
        name = str(uuid.uuid4())
        tenant = {"AccessKey": holder.access_key, "Region": holder.region}
        with closing(connect()) as other:
            assert isinstance(other, HttpEndpoint), "both are of the same server"
            holder.begin_control(_HOLD, {"Name": name, **tenant} | ({"Tables": list(tables)} if tables else {}))
            while name not in other.control("GET", _HOLD, {})["Names"]:
                holder.raise_refusal()
                time.sleep(_POLL)
        yield _held(connect, {"Name": name, **tenant})


def _holds(endpoint: HttpEndpoint) -> bool:
    """Return whether a server can hold snapshots."""
    try:
        return "Names" in endpoint.control("GET", _HOLD, {})
    except (Refused, Unreachable):  # if no server answers at all, the scan raises the same error
        return False


def _held(connect: Connect, request: dict[str, Any]) -> Pages:
    """Return a function that reads pages of a held snapshot. It raises Refused, Unreachable."""

    def pages(table: str, segment: int, segments: int) -> Iterator[list[Item]]:
        body = {**request, "TableName": table, "Segment": segment, "TotalSegments": segments}
        with closing(connect()) as endpoint:
            assert isinstance(endpoint, HttpEndpoint), "the server holds a snapshot"
            while True:
                answer = endpoint.control("POST", "snapshots/items", body)
                yield answer["Items"]
                if "After" not in answer:
                    return
                body["After"] = answer["After"]

    return pages


def scanned(connect: Connect) -> Pages:
    """Return a function that reads pages by scans. It raises Refused, Unreachable."""

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
