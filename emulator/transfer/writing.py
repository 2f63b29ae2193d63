"""Puts items into tables, in the order in which the caller passes them.

A BatchWriteItem puts 25 items. The server refuses a batch if one item is wrong, or if two items
have the same key. Then the items of the batch are put one by one, and only wrong items are not
stored. For each wrong item, the server's message is reported as the problem.

A separate thread sends the batches, while the caller reads the next items. (If the emulator is in
this process, the caller's thread sends them.) The thread uses one connection, which keeps the
order: of two items with the same key, the later one remains (control-plane 5.4). More connections
would not be faster, because by default one process of the server handles all connections.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import orjson

from emulator.client.endpoint import Refused, Unreachable
from emulator.formats.records import ItemRecord, Problem
from emulator.transfer.endpoints import RETRIED, Connect, Endpoint

_BATCH: Final = 25  # the maximum number of items in a BatchWriteItem
_AHEAD: Final = 4  # with more unfinished batches than this, `put` waits for the sending thread
_PAUSES: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0)  # seconds before each retry; the last pause repeats
_ATTEMPTS: Final = 60  # the maximum for one batch or item; the pauses add up to four and a half minutes

Sleep = Callable[[float], None]


class Written(NamedTuple):
    """The result of putting a batch: the number of stored items, and problems of other items."""

    items: int
    problems: Sequence[Problem]


class ItemWriter:
    """Puts items in batches.

    done: a function to which the caller's thread passes the result of each batch.
    threaded: if True, a separate thread sends the batches.
    """

    def __init__(
        self, connect: Connect, done: Callable[[Written], None], sleep: Sleep = time.sleep, *, threaded: bool = True
    ) -> None:
        self._endpoint = connect()
        self._done = done
        self._sleep = sleep
        self._waiting: dict[str, list[ItemRecord]] = {}
        self._thread = ThreadPoolExecutor(1) if threaded else None
        self._sent: deque[Future[Written]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        finally:
            if self._thread is not None:
                self._thread.shutdown(cancel_futures=True)
            self._endpoint.close()

    def put(self, table: str, record: ItemRecord) -> None:
        """Add an item to the batch of its table, and send the batch if it is full.

        Raises Unreachable or Refused if the server fails.
        """
        batch = self._waiting.setdefault(table, [])
        batch.append(record)
        if len(batch) == _BATCH:
            del self._waiting[table]
            self._send(table, batch)

    def flush(self) -> None:
        """Send all remaining items, and wait until all batches are done.

        Raises Unreachable or Refused if the server fails.
        """
        for table, batch in self._waiting.items():
            self._send(table, batch)
        self._waiting.clear()
        self._collect(0)

    def _send(self, table: str, batch: list[ItemRecord]) -> None:
        if self._thread is None:
            self._done(put_batch(self._endpoint, table, batch, self._sleep))
            return
        self._sent.append(self._thread.submit(put_batch, self._endpoint, table, batch, self._sleep))
        self._collect(_AHEAD)

    def _collect(self, left: int) -> None:
        while len(self._sent) > left:
            self._done(self._sent.popleft().result())


def put_batch(endpoint: Endpoint, table: str, batch: Sequence[ItemRecord], sleep: Sleep = time.sleep) -> Written:
    """Put up to 25 items and return the result.

    Raises Unreachable or Refused if the server fails.
    """
    requests = [{"PutRequest": {"Item": record.item}} for record in batch]
    try:
        _write(endpoint, table, requests, sleep)
    except (Refused, orjson.JSONEncodeError) as error:
        if isinstance(error, Refused) and error.code in RETRIED:
            raise
        return _one_by_one(endpoint, table, batch, sleep)
    return Written(len(batch), ())


def _write(endpoint: Endpoint, table: str, requests: list[dict[str, Any]], sleep: Sleep) -> None:
    """Send a batch. Send its UnprocessedItems again until there are none."""

    def write() -> bool:
        nonlocal requests
        unprocessed = endpoint.call("BatchWriteItem", {"RequestItems": {table: requests}}).get("UnprocessedItems", {})
        requests = unprocessed.get(table, [])
        return not requests

    persist(write, sleep)


def _one_by_one(endpoint: Endpoint, table: str, batch: Iterable[ItemRecord], sleep: Sleep) -> Written:
    items = 0
    problems = []
    for record in batch:
        item = record.item

        def put(item: dict[str, Any] = item) -> bool:
            endpoint.call("PutItem", {"TableName": table, "Item": item})
            return True

        try:
            persist(put, sleep)
            items += 1
        except Refused as refusal:
            if refusal.code in RETRIED:
                raise
            problems.append(Problem(record.place, f"{refusal.code}: {refusal.text}"))
        except orjson.JSONEncodeError as error:
            problems.append(Problem(record.place, f"the item cannot be sent: {error}"))
    return Written(items, problems)


def persist(attempt: Callable[[], bool], sleep: Sleep) -> None:
    """Call `attempt` until it returns True, with growing pauses between the calls.

    A Refused error with a code in RETRIED counts as False. Raises Refused for any other code, or if
    the last call raises it. Raises Unreachable if the server does not answer, or if the last call
    returns False.
    """
    for number in range(_ATTEMPTS):
        try:
            if attempt():
                return
        except Refused as refusal:
            if refusal.code not in RETRIED or number + 1 == _ATTEMPTS:
                raise
        sleep(_PAUSES[min(number, len(_PAUSES) - 1)])
    raise Unreachable(f"after {_ATTEMPTS} attempts, the server has not processed all items of a batch")
