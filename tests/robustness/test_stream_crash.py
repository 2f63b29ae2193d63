"""After `kill -9` during writes to a table with a stream, items and records agree.

After each restart the stream's records, applied to an empty table, must produce the items. Each
acknowledged write must have its record, and records must be in the order of the writes. A write
that was not acknowledged has all of its records or none. During the writes the clock moves by the
life of a shard, so servers are also killed around a shard rollover. Each restart sets the clock
back.
"""

import http.client
import json
import random
import threading
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.crashes import killed, opened
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.profile import TIMES
from tests.support.servers import Server
from tests.support.stream_reading import by_sequence, read_all, replay, shards_of, stream_of
from tests.support.tables import index_request, table_request

pytestmark = pytest.mark.crash

Item = dict[str, dict[str, Any]]
Change = tuple[str, Item | None]
"""A sort key, and its item after the change."""

ROUNDS = 8
WRITERS = 4
ACKNOWLEDGED = 200  # writes of all writers together before the server is killed
TURNED = 100  # writes of all writers together before the clock moves forward
SHARD_LIFE = 14_400

TABLE = {
    **table_request(
        "pk:S sk:S",
        define="g:S",
        GlobalSecondaryIndexes=[index_request("global", "g")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    ),
    "TableName": "load",
}


class Writer:
    """Writes to two partitions that no other writer uses, and knows which records there must be.

    items: sort key -> item after the acknowledged writes. changes: the acknowledged changes, in
    order. pending: the changes of the request that is not answered yet.
    """

    def __init__(self, number: int) -> None:
        self.name = f"writer-{number}"
        self.random = random.Random(number)
        self.count = 0
        self.items: dict[str, Item] = {}
        self.changes: list[Change] = []
        self.pending: list[Change] = []
        self.failure: BaseException | None = None

    def run(self, url: str, acknowledged: Any) -> None:
        """Write until the server is gone."""
        try:
            with closing(Client(url)) as client:
                while True:
                    operation, request, self.pending = self.next_write()
                    client(operation, **request)
                    self.done(self.pending)
                    acknowledged()
        except (OSError, http.client.HTTPException):
            pass
        except BaseException as failure:
            self.failure = failure

    def done(self, changes: list[Change]) -> None:
        """Note changes that have happened in `changes` and `items`."""
        self.changes += changes
        for sort, item in changes:
            self.items.pop(sort, None)
            if item is not None:
                self.items[sort] = item
        self.pending = []

    def key(self) -> Item:
        number = self.random.randrange(12)
        return {"pk": {"S": f"{self.name}/{number % 2}"}, "sk": {"S": f"{self.name}/{number}"}}

    def new_item(self, key: Item) -> Item:
        """Return an item that differs from all others. Some are large, some are in the index."""
        self.count += 1
        item = {**key, "w": {"N": str(self.count)}}
        if self.random.random() < 0.3:
            item["g"] = {"S": "g"}
        if self.random.random() < 0.2:
            item["data"] = {"S": "d" * self.random.randrange(30_000)}
        return item

    def next_write(self) -> tuple[str, dict[str, Any], list[Change]]:
        """Return a random write: operation, request, and the changes that it makes."""
        kind = self.random.choice(["put", "put", "update", "delete", "same", "batch", "transaction", "transaction"])
        if kind in ("batch", "transaction"):
            keys = {key["sk"]["S"]: key for key in (self.key() for _ in range(self.random.choice([2, 5, 10])))}
            actions = [self.action(key) for key in keys.values()]
            changes = [change for _, change in actions if change is not None]
            if kind == "transaction":
                return "TransactWriteItems", {"TransactItems": [action for action, _ in actions]}, changes
            items = [self.new_item(key) for key in keys.values()]
            requests = [{"PutRequest": {"Item": item}} for item in items]
            return "BatchWriteItem", {"RequestItems": {"load": requests}}, [(item["sk"]["S"], item) for item in items]
        if kind == "same" and self.items:  # a write that changes nothing has no record
            item = self.random.choice(list(self.items.values()))
            return "PutItem", {"TableName": "load", "Item": item}, []
        action, change = self.action(self.key(), kind)
        ((name, request),) = action.items()
        return f"{name}Item", request, [] if change is None else [change]

    def action(self, key: Item, kind: str | None = None) -> tuple[dict[str, Any], Change | None]:
        """Return an action of a transaction, and its change, or None if it changes nothing."""
        sort = key["sk"]["S"]
        match kind or self.random.choice(["put", "update", "delete"]):
            case "update":
                self.count += 1
                new = {**(self.items.get(sort) or key), "w": {"N": str(self.count)}}
                new.pop("g", None)
                request = {
                    "UpdateExpression": "SET w = :w REMOVE g",
                    "ExpressionAttributeValues": {":w": new["w"]},
                }
                return {"Update": {"TableName": "load", "Key": key, **request}}, (sort, new)
            case "delete":
                return {"Delete": {"TableName": "load", "Key": key}}, (sort, None) if sort in self.items else None
        item = self.new_item(key)
        return {"Put": {"TableName": "load", "Item": item}}, (sort, item)

    def check(self, changes: list[Change]) -> None:
        """Compare the changes in records with the acknowledged ones. Pending ones may follow."""
        done = len(self.changes)
        assert changes[:done] == self.changes
        assert changes[done:] in ([], self.pending)
        self.done(changes[done:])


def load(server: Server, writers: list[Writer], ahead: int) -> None:
    """Run the writers; move the clock after TURNED writes, kill the server after ACKNOWLEDGED."""
    lock = threading.Lock()
    events = {TURNED: threading.Event(), ACKNOWLEDGED: threading.Event()}
    answers = 0

    def acknowledged() -> None:
        nonlocal answers
        with lock:
            answers += 1
            if answers in events:
                events[answers].set()

    threads = [threading.Thread(target=writer.run, args=(server.url, acknowledged), daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    assert events[TURNED].wait(60), [writer.failure for writer in writers]
    advance(server.url, ahead)
    assert events[ACKNOWLEDGED].wait(60), [writer.failure for writer in writers]
    server.process.kill()
    for thread in threads:
        thread.join(60)
    assert [writer.failure for writer in writers] == [None] * len(writers)


def advance(url: str, seconds: int) -> None:
    request = urllib.request.Request(f"{url}/_emulator/clock", json.dumps({"Advance": seconds}).encode())
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def changes_of(records: list[Any]) -> dict[str, list[Change]]:
    """Return name of a writer -> the changes in the records of its items."""
    changes: dict[str, list[Change]] = {}
    for record in records:
        change = record["dynamodb"]
        sort = change["Keys"]["sk"]["S"]
        changes.setdefault(sort.split("/")[0], []).append((sort, change.get("NewImage")))
    return changes


def scanned(client: Client) -> dict[tuple[str, ...], Item]:
    items: list[Item] = []
    start: dict[str, Any] = {}
    while True:
        page = client("Scan", TableName="load", ConsistentRead=True, **start)
        items += page["Items"]
        if "LastEvaluatedKey" not in page:
            return {(str(item["pk"]), str(item["sk"])): item for item in items}
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def check_lineage(shards: list[dict[str, Any]]) -> None:
    """Assert that each shard's sequence numbers are greater than those of its parent."""
    ranges = {shard["ShardId"]: shard["SequenceNumberRange"] for shard in shards}
    for shard in shards:
        if "ParentShardId" in shard:
            parent, child = ranges[shard["ParentShardId"]], shard["SequenceNumberRange"]
            assert int(parent["EndingSequenceNumber"]) < int(child["StartingSequenceNumber"])


# Each run has few rounds: with more of them, the clock would move by a day, and records be trimmed.
@pytest.mark.parametrize("_again", range(TIMES))
def test_items_and_records_always_agree(tmp_path: Path, _again: int) -> None:
    folder = tmp_path / "data"
    writers = [Writer(number) for number in range(WRITERS)]
    for attempt in range(ROUNDS + 1):
        with killed(folder) as server:
            with closing(Client(server.url)) as client:
                if attempt == 0:
                    client("CreateTable", **TABLE)
                    client("DescribeTable", TableName="load")
                arn = stream_of(client, "load")
                with opened(folder) as database:
                    check_store(database)
                shards = shards_of(client, arn)
                check_lineage(shards)
                records = by_sequence(read_all(client, arn))
                assert len({record["eventID"] for record in records}) == len(records)
                assert replay(records, ("pk", "sk")) == scanned(client)
                changes = changes_of(records)
                for writer in writers:
                    writer.check(changes.get(writer.name, []))
            if attempt < ROUNDS:
                load(server, writers, ahead=SHARD_LIFE * (attempt // 2 + 1))  # less than a day, so nothing is trimmed
    assert len({shard["SequenceNumberRange"]["StartingSequenceNumber"] for shard in shards}) == ROUNDS // 2 + 1
    assert len(records) > ROUNDS * ACKNOWLEDGED
    assert all(len(writer.changes) > ROUNDS for writer in writers)
