"""Replication with several processes: servers are killed, and two workers write together.

Writers in two regions write until the server is killed. After each kill, every acknowledged write
must be in its region, and in both regions once replication has caught up. In turns, each writer
puts a new item, and an item that all writers share. The regions must agree on the shared item.

In some rounds replication is paused before the kill, so that writes are waiting in the logs.
"""

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest

from emulator.client.endpoint import HttpEndpoint, Unreachable
from emulator.database.database import Database
from emulator.database.definitions.replicas import NO_DELAY
from emulator.database.jobs import replication
from emulator.values.rows import decode_row
from storage.keycode import prefix_end
from tests.support.crashes import killed, opened
from tests.support.engines import arguments_of_engine
from tests.support.invariants import check_store
from tests.support.profile import TIMES
from tests.support.servers import Server, running
from tests.support.tables import index_request, table_request

ROUNDS = 3
WRITES = 150  # acknowledged writes of all writers together before a server is killed
WRITERS = 4
EAST, WEST = "us-east-1", "us-west-2"
WITNESS = "us-east-2"
TABLE = {
    **table_request("k:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g", "ALL")]),
    "TableName": "music",
}
SHARED = "shared"


class Writer(threading.Thread):
    """Writes in one region until the server is gone. written: keys of acknowledged new items."""

    def __init__(self, url: str, region: str, name: str, acknowledged: threading.Semaphore) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._region = region
        self._name = name
        self._acknowledged = acknowledged
        self.written: list[str] = []

    def run(self) -> None:
        """Put a new item and the shared item, in turns, until the server is gone."""
        with suppress(Unreachable, OSError), HttpEndpoint(self._url, "test", self._region) as client:
            for number in range(1_000_000):
                key = f"{self._name}/{number}"
                client.call("PutItem", {"TableName": "music", "Item": {"k": {"S": key}, "g": {"S": self._region}}})
                self.written.append(key)
                client.call("PutItem", {"TableName": "music", "Item": {"k": {"S": SHARED}, "g": {"S": key}}})
                self._acknowledged.release()


def declare(url: str, **body: object) -> None:
    request = urllib.request.Request(
        f"{url}/_emulator/replication", json.dumps({"TableName": "music", **body}).encode(), method="POST"
    )
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


def make_group(url: str, *, strong: bool) -> None:
    """Create the table and its replica (and a witness, if `strong`); wait until they are ACTIVE."""
    members: dict[str, Any] = {"ReplicaUpdates": [{"Create": {"RegionName": WEST}}]}
    if strong:
        members["MultiRegionConsistency"] = "STRONG"
        members["GlobalTableWitnessUpdates"] = [{"Create": {"RegionName": WITNESS}}]
    with HttpEndpoint(url, "test", EAST) as client:
        client.call("CreateTable", TABLE)
        client.call("UpdateTable", {"TableName": "music", **members})
        for _ in range(1000):  # each request copies one slice to the replica
            table = client.call("DescribeTable", {"TableName": "music"})["Table"]
            if [each["ReplicaStatus"] for each in table["Replicas"]] == ["ACTIVE"] == [table["TableStatus"]]:
                return
    raise AssertionError("the replica is never ACTIVE")


def write_until(server: Server, number: int, writes: int) -> dict[str, set[str]]:
    """Run writers in both regions, and kill the server after `writes` acknowledged writes.

    Return region -> keys that were written there.
    """
    acknowledged = threading.Semaphore(0)
    regions = [EAST, WEST] * (WRITERS // 2)
    writers = [Writer(server.url, region, f"{number}-{place}", acknowledged) for place, region in enumerate(regions)]
    for writer in writers:
        writer.start()
    for _ in range(writes):
        assert acknowledged.acquire(timeout=60)
    server.kill()
    written: dict[str, set[str]] = {EAST: set(), WEST: set()}
    for writer, region in zip(writers, regions, strict=True):
        writer.join(timeout=60)
        written[region].update(writer.written)
    return written


def items(database: Database, region: str) -> dict[str, Any]:
    """Return key -> item for the table in a region."""
    [table] = [each for each in database.catalog.named("music") if each.definition.region == region]
    with database.read() as txn:
        found = [decode_row(row) for _, row in txn.scan(table.prefix, prefix_end(table.prefix))]
    return {item["k"]["S"]: item for item in found}


@pytest.mark.crash
@pytest.mark.parametrize("workers", [(), ("--workers", "2")], ids=["one", "workers"])
@pytest.mark.parametrize("strong", [False, True], ids=["eventual", "strong"])
def test_killed_servers_lose_no_replicated_write(strong, workers, tmp_path):
    folder = tmp_path / "data"
    written: dict[str, set[str]] = {EAST: set(), WEST: set()}
    for number in range(ROUNDS * TIMES):
        with killed(folder, *workers) as server:
            if number == 0:
                make_group(server.url, strong=strong)
            elif not strong:
                declare(server.url, Paused=number % 2 == 1, From=EAST)
            for region, keys in write_until(server, number, WRITES).items():
                written[region] |= keys
        with opened(folder) as database:
            check_store(database)
            for region in (EAST, WEST):
                assert written[region] <= items(database, region).keys()
            if strong:
                assert items(database, EAST) == items(database, WEST)
    with opened(folder) as database:
        for table in database.catalog.named("music"):
            _let_all_go(database, table.definition)
        database.background.run_all()
        found = items(database, EAST)
        assert found == items(database, WEST)
        assert written[EAST] | written[WEST] <= found.keys()
        check_store(database)


def _let_all_go(database: Database, definition: Any) -> None:
    """End all pauses of replication from a table."""
    replication.set_directions(database, definition, dict.fromkeys(definition.membership.others, NO_DELAY))


@contextmanager
def clients(url: str) -> Iterator[list[HttpEndpoint]]:
    """Open eight connections, four for each region, so that they reach both workers."""
    with ExitStack() as stack:
        yield [stack.enter_context(HttpEndpoint(url, "test", region)) for region in [EAST, WEST] * 4]


def scanned(client: HttpEndpoint) -> list[Any]:
    found = client.call("Scan", {"TableName": "music", "ConsistentRead": True})["Items"]
    return sorted(found, key=json.dumps)


@pytest.mark.parametrize("engine", ["lmdb", "memory"])
@pytest.mark.parametrize("strong", [False, True], ids=["eventual", "strong"])
def test_two_workers_replicate(engine, strong, tmp_path):
    """Both workers write in both regions, and each write reaches the other region."""
    with running(*arguments_of_engine(engine, tmp_path / "data"), "--workers", "2") as server:
        make_group(server.url, strong=strong)
        with clients(server.url) as connections:
            for number in range(80):
                client = connections[number % len(connections)]
                client.call("PutItem", {"TableName": "music", "Item": {"k": {"S": str(number)}, "g": {"S": "g"}}})
                client.call("PutItem", {"TableName": "music", "Item": {"k": {"S": SHARED}, "g": {"S": str(number)}}})
                if strong:
                    assert [len(scanned(each)) for each in connections[:2]] == [number + 2] * 2
            for _ in range(2000):  # each request runs a slice of replication
                found = [scanned(each) for each in connections]
                if all(each == found[0] and len(each) == 81 for each in found):
                    break
            else:
                raise AssertionError("the regions are never equal")
            expected = {str(number): "g" for number in range(80)} | {SHARED: "79"}
            assert {item["k"]["S"]: item["g"]["S"] for item in found[0]} == expected
