"""The latency of other clients while one client sends the most expensive requests.

    .venv/bin/python -m tests.bench.calm                        # in memory; about ten minutes
    .venv/bin/python -m tests.bench.calm --lmdb --only filter   # on LMDB, names with "filter"
    .venv/bin/python -m tests.bench.calm --items 1000000        # the sweep deletes a million items

The script starts and loads a server, and measures one case after another. One client repeats the
expensive request for some seconds, at most once in two seconds. Meanwhile another process, the
"other client", measures GetItem on its own connection. The printed table has, for each case,

- the server's CPU seconds for one request,
- the time to parse the request's JSON, a single call that nothing can interrupt,
- the size of the answer,
- the p99 and the maximum of the other client's latency,
- the server's anonymous memory before, right after, and some seconds after the requests.

The exit status is 1 if the p99 of a case is 50 ms or more.
"""

import argparse
import gc
import http.client
import json
import multiprocessing
import multiprocessing.connection
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

from tests.bench.hostile import REQUESTS, Hostile, insert_statements
from tests.support.http_clients import AUTHORIZATION
from tests.support.servers import running

MOST = 0.050  # seconds; a case fails if the other client's p99 is this or more
_TICKS = os.sysconf("SC_CLK_TCK")
_TINY_ITEMS = 140_000  # more than a page of 1 MB, which has 133,000 of them
# Seconds between two expensive requests. In this time, the other client sends more than 100
# requests, so a single one that waits does not change its p99.
_EVERY = 2.0

TINY: dict[str, Any] = {
    "TableName": "tiny",
    "KeySchema": [{"AttributeName": "p", "KeyType": "HASH"}, {"AttributeName": "s", "KeyType": "RANGE"}],
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "N"} for name in "ps"],
    "BillingMode": "PAY_PER_REQUEST",
}
TAB: dict[str, Any] = {
    "TableName": "tab",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
ONE = {":v": {"N": "1"}}
EQUAL = " OR ".join(["a = :v"] * 150)
FUNCTIONS = " OR ".join(["contains(q, :v) OR size(a) > :v"] * 75)
FILTERS = {
    "filter of 1": ("Scan", {"TableName": "tiny", "FilterExpression": "a = :v", "ExpressionAttributeValues": ONE}),
    "filter of 150": ("Scan", {"TableName": "tiny", "FilterExpression": EQUAL, "ExpressionAttributeValues": ONE}),
    "filter of 150 functions": (
        "Scan",
        {"TableName": "tiny", "FilterExpression": FUNCTIONS, "ExpressionAttributeValues": ONE},
    ),
    "filter of 150, Query": (
        "Query",
        {
            "TableName": "tiny",
            "KeyConditionExpression": "p = :v",
            "FilterExpression": EQUAL,
            "ExpressionAttributeValues": ONE,
        },
    ),
    "filter of 140, PartiQL": (
        "ExecuteStatement",
        {"Statement": f"SELECT * FROM tiny WHERE p = 1 AND ({' OR '.join(['a = 1'] * 140)})"},
    ),
    "page of tiny items": ("Scan", {"TableName": "tiny"}),
    "projection of tiny items": ("Scan", {"TableName": "tiny", "ProjectionExpression": "s"}),
}


WIDE: dict[str, Any] = {**TAB, "TableName": "wide"}
_WIDE_ITEMS = 40
_WIDE_KEYS = [{"pk": {"S": f"{number}"}} for number in range(_WIDE_ITEMS)]
_PATHS = {f"#{number:x}": f"a{number * 7}" for number in range(500)}
_STREAMS = 2_500
_DAY = 86_400  # seconds
_ALL_PATHS = ", ".join(_PATHS)
_CONTAINS = " OR ".join([f"contains(l, :v{number})" for number in range(140)])
_ABSENT = {f":v{number}": {"S": str(number)} for number in range(140)}
WIDE_REQUESTS: dict[str, tuple[str, dict[str, Any]]] = {
    "contains of 140 in a list": (
        "DeleteItem",
        {
            "TableName": "wide",
            "Key": {"pk": {"S": "list"}},
            "ConditionExpression": _CONTAINS,
            "ExpressionAttributeValues": _ABSENT,
        },
    ),
    "BatchGetItem of wide items": (
        "BatchGetItem",
        {
            "RequestItems": {
                "wide": {
                    "Keys": _WIDE_KEYS,
                    "ProjectionExpression": _ALL_PATHS,
                    "ExpressionAttributeNames": _PATHS,
                }
            }
        },
    ),
    "100 conditions of 4 KB": (
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "ConditionCheck": {
                        "TableName": "wide",
                        "Key": {"pk": {"S": f"absent {number}"}},
                        "ConditionExpression": " OR ".join([f"attribute_not_exists(a{number}{n})" for n in range(120)]),
                    }
                }
                for number in range(100)
            ]
        },
    ),
    "100 updates of 4 KB": (
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "Update": {
                        "TableName": "wide",
                        "Key": {"pk": {"S": f"new {number}"}},
                        "UpdateExpression": "SET " + ", ".join([f"a{each} = :v{number}" for each in range(280)]),
                        "ExpressionAttributeValues": {f":v{number}": {"N": "1"}},
                    }
                }
                for number in range(100)
            ]
        },
    ),
    "updates of wide items": (
        "TransactWriteItems",
        {
            "TransactItems": [
                {
                    "Update": {
                        "TableName": "wide",
                        "Key": key,
                        "UpdateExpression": "ADD n :one",
                        "ExpressionAttributeValues": {":one": {"N": "1"}},
                    }
                }
                for key in _WIDE_KEYS
            ]
        },
    ),
    "100 statements of 8 KB, refused": (
        "ExecuteTransaction",
        {
            "TransactStatements": [
                {
                    "Statement": f"UPDATE wide SET n = {number} "
                    + " ".join([f"SET a{each} = {number}" for each in range(450)])
                    + f" WHERE pk = 'absent {number}'"
                }
                for number in range(100)
            ]
        },
    ),
}


class Client:
    """One connection to the server."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=600)

    def send(self, operation: str, body: bytes, coding: str = "") -> tuple[int, bytes]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
        }
        if coding:
            headers["Content-Encoding"] = coding
        return self.post("/", body, headers)

    def post(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def call(self, operation: str, **request: Any) -> Any:
        status, answer = self.send(operation, orjson.dumps(request))
        assert status == 200, answer[:500]
        return orjson.loads(answer)


class Case(NamedTuple):
    """Requests that one client sends one after another, while the other client is measured.

    Each request is a function that sends it, and returns the status and body of the answer.
    """

    name: str
    requests: Iterator[Callable[[Client], tuple[int, bytes]]]
    parsing: float  # seconds to parse the JSON of one request
    load: Callable[[Client], None] | None = None  # creates the tables that only this case needs


def cases() -> Iterator[Case]:
    for name, make in REQUESTS.items():
        yield of_request(name, make())
    for name, (operation, request) in FILTERS.items():
        yield of_request(name, Hostile(operation, orjson.dumps(request)))
    for name, (operation, request) in WIDE_REQUESTS.items():
        yield of_request(name, Hostile(operation, orjson.dumps(request)))._replace(load=load_wide_items)
    yield Case("1,000 INSERT statements of 8 KB", iter([insert_all]), 0.0)
    yield Case("sweep of expired items", iter([sweep]), 0.0)
    yield Case(f"clock over {_STREAMS:,} streams", repeat(move_clock), 0.0, load_streams)


def of_request(name: str, hostile: Hostile) -> Case:
    def again() -> Iterator[Callable[[Client], tuple[int, bytes]]]:
        while True:
            yield lambda client: client.send(*hostile)

    return Case(name, again(), 0.0 if hostile.coding else parsing_time(hostile.body))


def parsing_time(body: bytes) -> float:
    gc.disable()
    begun = time.process_time()
    try:
        orjson.loads(body)
        return time.process_time() - begun
    except orjson.JSONDecodeError:
        return 0.0
    finally:
        gc.enable()


def insert_all(client: Client) -> tuple[int, bytes]:
    answers = [client.send(*hostile) for hostile in insert_statements(1000)]
    return answers[-1]


def sweep(client: Client) -> tuple[int, bytes]:
    return client.post("/_emulator/ttl", b"{}", {})


def move_clock(client: Client) -> tuple[int, bytes]:
    return client.post("/_emulator/clock", orjson.dumps({"Advance": _DAY + 3600}), {})


def load_wide_items(client: Client) -> None:
    """Create the table `wide` with items of about 400 KB, unless it exists.

    40 items have 40,000 attributes each. One more item has a list of 190,000 elements.
    """
    if "wide" in client.call("ListTables")["TableNames"]:
        return
    create(client, WIDE)
    for key in _WIDE_KEYS:
        attributes = {f"a{number}": {"N": "1"} for number in range(40_000)}
        client.call("PutItem", TableName="wide", Item={**key, **attributes})
    client.call("PutItem", TableName="wide", Item={"pk": {"S": "list"}, "l": {"L": [{"NULL": True}] * 190_000}})


def load_streams(client: Client) -> None:
    """Create tables with streams until there are 2,500 tables, the limit of an account."""
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    for number in range(_STREAMS - len(client.call("ListTables")["TableNames"])):
        client.call("CreateTable", **TAB | {"TableName": f"streamed{number}", "StreamSpecification": stream})


# --- the other client -----------------------------------------------------------------------------


def measure(url: str, pipe: multiprocessing.connection.Connection) -> None:
    """Repeat GetItem until the pipe has a message; then send the latencies through the pipe."""
    client = Client(url)
    body = orjson.dumps({"TableName": "tab", "Key": {"pk": {"S": "one"}}})
    latencies = []
    pipe.send(None)
    while not pipe.poll():
        begun = time.perf_counter()
        status, _ = client.send("GetItem", body)
        latencies.append(time.perf_counter() - begun)
        assert status == 200
        time.sleep(0.0005)  # lets the client with the expensive requests use this processor too
    pipe.send(latencies)


def percentile(latencies: Sequence[float], part: float) -> float:
    return sorted(latencies)[min(int(len(latencies) * part), len(latencies) - 1)]


# --- the server -----------------------------------------------------------------------------------


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def memory_of(pid: int) -> float:
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1]) / 1024


def load(client: Client, expired: int) -> None:
    for table in (TAB, TINY, {**TAB, "TableName": "expired"}):
        create(client, table)
    client.call("PutItem", TableName="tab", Item={"pk": {"S": "one"}, "a": {"S": "x" * 1000}})
    setting = {"Enabled": True, "AttributeName": "ttl"}
    client.call("UpdateTimeToLive", TableName="expired", TimeToLiveSpecification=setting)
    fill(client, "tiny", _TINY_ITEMS, lambda number: {"p": {"N": "1"}, "s": {"N": str(number)}})
    fill(client, "expired", expired, lambda number: {"pk": {"S": f"k{number}"}, "ttl": {"N": "1700000000"}})


def create(client: Client, table: dict[str, Any]) -> None:
    client.call("CreateTable", **table)
    while client.call("DescribeTable", TableName=table["TableName"])["Table"]["TableStatus"] != "ACTIVE":
        time.sleep(0.05)


def fill(client: Client, table: str, number: int, item: Callable[[int], dict[str, Any]]) -> None:
    for first in range(0, number, 25):
        puts = [{"PutRequest": {"Item": item(each)}} for each in range(first, min(first + 25, number))]
        client.call("BatchWriteItem", RequestItems={table: puts})


class Measured(NamedTuple):
    """The figures of one case: one row of the printed table."""

    name: str
    status: int
    answer: int  # bytes
    cpu: float  # seconds for one request
    parsing: float
    p99: float
    longest: float
    before: float  # MB of anonymous memory, as are the next two
    after: float
    rested: float


def run(case: Case, url: str, pid: int, seconds: float, rest: float) -> Measured:
    client = Client(url)
    if case.load is not None:
        case.load(client)
    here, there = multiprocessing.Pipe()
    other = multiprocessing.Process(target=measure, args=(url, there))
    other.start()
    here.recv()
    time.sleep(0.2)
    before, sent = memory_of(pid), 0
    cpu = 0.0
    end = time.monotonic() + seconds
    for request in case.requests:
        begun, used = time.monotonic(), cpu_of(pid)
        status, answer = request(client)
        cpu += cpu_of(pid) - used
        sent += 1
        if time.monotonic() >= end:
            break
        time.sleep(max(begun + _EVERY - time.monotonic(), 0))
    after = memory_of(pid)
    here.send(None)
    latencies = here.recv()
    other.join()
    time.sleep(rest)
    return Measured(
        case.name,
        status,
        len(answer),
        cpu / sent,
        case.parsing,
        percentile(latencies, 0.99),
        max(latencies),
        before,
        after,
        memory_of(pid),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the chosen cases and print the table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lmdb", action="store_true", help="on LMDB instead of in memory")
    parser.add_argument("--items", type=int, default=100_000, help="expired items for the sweep (default 100000)")
    parser.add_argument("--only", action="append", help="cases whose names contain this text; may be repeated")
    parser.add_argument(
        "--seconds", type=float, default=4.0, help="seconds for which a request is repeated (default 4)"
    )
    parser.add_argument("--rest", type=float, default=5.0, help="seconds before memory is measured again (default 5)")
    parser.add_argument("--server", action="append", default=[], help="an option for the server; may be repeated")
    chosen = parser.parse_args(arguments)
    missed = 0
    print(
        "| request | status | answer, bytes | CPU, s | of it JSON, s | others' p99, ms | max, ms | memory, MB | after | rested |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        store = ("--data-dir", folder) if chosen.lmdb else ("--in-memory",)
        with running(*store, "--ttl-sweep-interval", "1000000", *chosen.server) as server:
            load(Client(server.url), chosen.items)
            for case in cases():
                if chosen.only and not any(text in case.name for text in chosen.only):
                    continue
                line = run(case, server.url, server.process.pid, chosen.seconds, chosen.rest)
                missed += line.p99 >= MOST
                print(
                    f"| {line.name} | {line.status} | {line.answer:,} | {line.cpu:.2f} | {line.parsing:.2f} "
                    f"| {line.p99 * 1000:.1f} | {line.longest * 1000:.0f} "
                    f"| {line.before:.0f} | {line.after:.0f} | {line.rested:.0f} |",
                    flush=True,
                )
    print(json.dumps({"p99 of 50 ms or more": missed}))
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
