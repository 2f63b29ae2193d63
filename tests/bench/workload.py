"""Requests and a loaded emulator for the in-process benchmarks.

The HTTP comparison sends requests like these.

A benchmark sends the same objects many times. The emulator changes a request to its canonical form
in place, so these requests are canonical from the start. It does not store a write that changes
nothing, so the writes alternate between two values of one attribute.
"""

from collections.abc import Callable, Iterable
from itertools import cycle
from typing import Any

from emulator.app import Emulator
from emulator.settings import Settings
from emulator.http.front.dynamodb import DynamoDbEndpoint
from tests.bench.bodies import batch, create, get, put, query, transact_gets, transact_puts, update
from tests.bench.items import indexed, item_1k, item_200, key

ITEMS = 1_200  # in `records`, which is read by key, updated and scanned: more than a page of 1 MB
PARTITION = 100  # items of 200 B under one partition key
BIG = 1_200  # items of 1 KB under one partition key
READS = 200  # different keys that are read or updated
# Different items to put: so few that they stay in the processor's cache. In a server, a request
# that was just parsed is there too.
WRITES = 10
BATCHES = 2  # different BatchWriteItem requests of 25 items

HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"content-type", b"application/x-amz-json-1.0"),
    (b"x-amz-date", b"20260101T000000Z"),
    (
        b"authorization",
        b"AWS4-HMAC-SHA256 Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, "
        b"SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + b"0123456789abcdef" * 4,
    ),
]

CONDITION = {
    "ConditionExpression": "attribute_not_exists(pk) OR a < :limit",
    "ExpressionAttributeValues": {":limit": {"N": "1000"}},
}


def select(n: int, *, parameters: bool) -> dict[str, Any]:
    pk, sk = (value["S"] for value in key(n).values())
    if parameters:
        return {"Statement": "SELECT * FROM records WHERE pk = ? AND sk = ?", "Parameters": [{"S": pk}, {"S": sk}]}
    return {"Statement": f"SELECT * FROM records WHERE pk = '{pk}' AND sk = '{sk}'"}


def writes(make: Callable[[int, int], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return make(n, a) for the numbers n of all items: first with a = 1, then with a = 2."""
    return [make(n, a) for a in (1, 2) for n in range(WRITES)]


REQUESTS = {
    "GetItem 1 KB": ("GetItem", [get("records", key(n)) for n in range(READS)]),
    "PutItem 1 KB": ("PutItem", writes(lambda n, a: put("puts", item_1k(n, a=a)))),
    "PutItem 1 KB, attribute_exists(pk)": (
        "PutItem",
        writes(lambda n, a: put("puts", item_1k(n, a=a), ConditionExpression="attribute_exists(pk)")),
    ),
    "PutItem 1 KB, condition": ("PutItem", writes(lambda n, a: put("puts", item_1k(n, a=a), **CONDITION))),
    "PutItem 1 KB, two GSIs": ("PutItem", writes(lambda n, a: put("gsis", indexed(n, a)))),
    "UpdateItem 1 KB, condition": ("UpdateItem", [update("records", n) for n in range(READS)]),
    "Query 100 x 200 B": ("Query", [query("small", "part")]),
    "Query 1 MB page": ("Query", [query("big", "part")]),
    "Scan 1 MB page": ("Scan", [{"TableName": "records"}]),
    "BatchWriteItem 25 x 1 KB": (
        "BatchWriteItem",
        [batch("puts", [item_1k(25 * b + n, a=a) for n in range(25)]) for a in (3, 4) for b in range(BATCHES)],
    ),
    "TransactWriteItems 10 puts": (
        "TransactWriteItems",
        [transact_puts("puts", [item_1k(n, a=a) for n in range(10)]) for a in (5, 6)],
    ),
    "TransactGetItems 10": (
        "TransactGetItems",
        [transact_gets("records", [key(10 * t + n) for n in range(10)]) for t in range(READS // 10)],
    ),
    "ExecuteStatement SELECT by key, parameters": (
        "ExecuteStatement",
        [select(n, parameters=True) for n in range(READS)],
    ),
    "ExecuteStatement SELECT by key, literals": (
        "ExecuteStatement",
        [select(n, parameters=False) for n in range(READS)],
    ),
}
"""Name -> operation, and the requests that are sent in turn."""


class Loaded:
    """An emulator with the tables that the requests use."""

    def __init__(self, settings: Settings) -> None:
        self.emulator = Emulator(settings)
        self.caller = self.emulator.caller("AKID", "us-east-1")
        self.endpoint = DynamoDbEndpoint(self.emulator)
        for name in ("records", "puts", "small", "big"):
            self.emulator.call("CreateTable", create(name), self.caller)
        self.emulator.call("CreateTable", create("gsis", indexes=2), self.caller)
        self.load("records", map(item_1k, range(ITEMS)))
        self.load("puts", map(item_1k, range(WRITES)))
        self.load("small", (item_200("part", n) for n in range(PARTITION)))
        self.load("big", (item_1k(n, pk="part") for n in range(BIG)))

    def load(self, table: str, items: Iterable[dict[str, Any]]) -> None:
        rows = list(items)
        for start in range(0, len(rows), 25):
            self.emulator.call("BatchWriteItem", batch(table, rows[start : start + 25]), self.caller)

    def direct(self, operation: str, requests: list[dict[str, Any]]) -> Callable[[], bytes]:
        """Return a function that sends the next request as parsed JSON and returns the answer."""
        call, caller = self.emulator.call, self.caller
        turn = cycle(requests).__next__
        return lambda: call(operation, turn(), caller)

    def over_protocol(self, operation: str, bodies: list[bytes]) -> Callable[[], Any]:
        """Return a function like that of `direct`, which sends requests as headers and body."""
        respond = self.endpoint.respond
        headers = [(b"x-amz-target", b"DynamoDB_20120810." + operation.encode()), *HEADERS]
        turn = cycle(bodies).__next__
        return lambda: respond("POST", b"", headers, turn())

    def close(self) -> None:
        self.emulator.close()
