"""After `kill -9`, acknowledged writes are stored, no write is partial, and long work goes on.

No test sleeps. A server is killed after a number of acknowledged requests. Each request runs one
slice of unfinished background work.
"""

import http.client
import json
import random
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.database.database import Database
from emulator.database.jobs import backfill
from emulator.database.store import deletions
from emulator.settings import Settings
from storage.keycode import prefix_end
from tests.support.crashes import killed, opened
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.profile import TIMES
from tests.support.tables import index_request, table_request

pytestmark = pytest.mark.crash

Item = dict[str, dict[str, Any]]

ROUNDS = 12 * TIMES
WRITERS = 5
ACKNOWLEDGED = 250  # requests of all writers together before the server is killed

TABLE = {
    **table_request(
        "pk:S sk:S",
        define="l:S g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index_request("global", "g l")],
    ),
    "TableName": "load",
}


def stored(database: Database, table: str) -> dict[str, Item]:
    """Return sort key -> item of a table. In these tests, no two items have the same sort key."""
    caller = database.catalog.caller("test", "us-east-1")
    source = database.table(caller, table)
    with database.read() as txn:
        rows = [json.loads(row[4:]) for _, row in txn.scan(source.prefix, prefix_end(source.prefix))]
    return {item["sk"]["S"]: item for item in rows}


class Writer:
    """Writes items that no other writer uses.

    known: sort key -> item after the acknowledged writes (None: deleted). pending: the items that
    the unanswered write makes.
    """

    def __init__(self, number: int) -> None:
        self.number = number
        self.random = random.Random(number)
        self.known: dict[str, Item | None] = {}
        self.pending: dict[str, Item | None] = {}
        self.failure: BaseException | None = None

    def run(self, url: str, acknowledged: Any) -> None:
        """Write until the server is gone."""
        try:
            with closing(Client(url)) as client:
                while True:
                    operation, request, self.pending = self.next_write()
                    client(operation, **request)
                    self.known |= self.pending
                    self.pending = {}
                    acknowledged()
        except (OSError, http.client.HTTPException):
            pass
        except BaseException as failure:
            self.failure = failure

    def next_write(self) -> tuple[str, dict[str, Any], dict[str, Item | None]]:
        """Return an operation, its request, and the items that it makes, by sort key."""
        items = [self.item() for _ in range(self.random.choice([2, 5, 12]))]
        key = {name: items[0][name] for name in ("pk", "sk")}
        sort = key["sk"]["S"]
        match self.random.choice(["put", "put", "update", "delete", "batch"]):
            case "put":
                return "PutItem", {"TableName": "load", "Item": items[0]}, {sort: items[0]}
            case "update":
                old = self.known.get(sort) or key
                old_count = int(old.get("n", {"N": "0"})["N"])
                new = {**old, "l": items[0]["l"], "n": {"N": str(old_count + 1)}}
                new.pop("g", None)
                request = {
                    "TableName": "load",
                    "Key": key,
                    "UpdateExpression": "SET l = :l REMOVE g ADD n :one",
                    "ExpressionAttributeValues": {":l": items[0]["l"], ":one": {"N": "1"}},
                }
                return "UpdateItem", request, {sort: new}
            case "delete":
                return "DeleteItem", {"TableName": "load", "Key": key}, {sort: None}
        writes = {item["sk"]["S"]: item for item in items}
        requests = [{"PutRequest": {"Item": item}} for item in writes.values()]
        return "BatchWriteItem", {"RequestItems": {"load": requests}}, dict(writes)

    def item(self) -> Item:
        """Return a random item; some are large, have long keys, or are in no global index."""
        number = self.random.randrange(40)
        sort = f"{self.number}-{number}" + "x" * (number % 3 * 450)
        item: Item = {"pk": {"S": f"p{number % 4}"}, "sk": {"S": sort}, "l": {"S": str(self.random.randrange(5))}}
        if self.random.random() < 0.7:
            item["g"] = {"S": f"g{self.random.randrange(3)}"}
        if self.random.random() < 0.3:
            item["data"] = {"S": "d" * self.random.randrange(30_000)}
        return item

    def check(self, found: dict[str, Item]) -> None:
        """Compare stored items with writes. The pending one has happened as a whole or not."""
        own = {sort: found.get(sort) for sort in self.known.keys() | self.pending.keys()}
        before = {sort: self.known.get(sort) for sort in own}
        assert own in (before, before | self.pending)
        self.known, self.pending = own, {}


def load(url: str, writers: list[Writer], kill: Any) -> None:
    """Run all writers at the same time; kill the server after ACKNOWLEDGED requests."""
    lock = threading.Lock()
    enough = threading.Event()
    acknowledgements = 0

    def acknowledged() -> None:
        nonlocal acknowledgements
        with lock:
            acknowledgements += 1
            if acknowledgements == ACKNOWLEDGED:
                enough.set()

    threads = [threading.Thread(target=writer.run, args=(url, acknowledged), daemon=True) for writer in writers]
    for thread in threads:
        thread.start()
    assert enough.wait(60), [writer.failure for writer in writers]
    kill()
    for thread in threads:
        thread.join(60)
    assert [writer.failure for writer in writers] == [None] * len(writers)


@pytest.mark.parametrize(
    ("options", "rounds"), [((), ROUNDS), (("--durable",), 4 * TIMES), (("--workers", "2"), 4 * TIMES)]
)
def test_no_acknowledged_write_is_lost(tmp_path: Path, options: tuple[str, ...], rounds: int) -> None:
    folder = tmp_path / "data"
    writers = [Writer(number) for number in range(WRITERS)]
    for attempt in range(rounds + 1):
        with killed(folder, *options) as server:
            with closing(Client(server.url)) as client:
                if attempt == 0:
                    client("CreateTable", **TABLE)
                    recovery = {"PointInTimeRecoveryEnabled": True}  # so check_store also checks the history
                    client("UpdateContinuousBackups", TableName="load", PointInTimeRecoverySpecification=recovery)
                assert client("DescribeTable", TableName="load")["Table"]["TableStatus"] == "ACTIVE"
            with opened(folder) as database:
                check_store(database)
                found = stored(database, "load")
                for writer in writers:
                    writer.check(found)
                assert len(found) == sum(item is not None for writer in writers for item in writer.known.values())
            if attempt < rounds:
                load(server.url, writers, server.kill)
    assert len(found) > 20


MANY = 12_000


def fill(folder: Path) -> None:
    """Make a data folder with a table of MANY small items, without a server."""
    emulator = Emulator(Settings(data_dir=folder))
    caller = emulator.caller("test", "us-east-1")
    emulator.call("CreateTable", {**table_request("pk:S sk:S"), "TableName": "many"}, caller)
    for first in range(0, MANY, 25):
        items = [
            {"pk": {"S": str(n % 100)}, "sk": {"S": str(n)}, "g": {"S": str(n % 7)}} for n in range(first, first + 25)
        ]
        requests = {"many": [{"PutRequest": {"Item": item}} for item in items]}
        emulator.call("BatchWriteItem", {"RequestItems": requests}, caller)
    emulator.close()


def index_is_active(client: Client) -> bool:
    (index,) = client("DescribeTable", TableName="many")["Table"]["GlobalSecondaryIndexes"]
    return bool(index["IndexStatus"] == "ACTIVE")


def test_an_index_is_filled_completely(tmp_path: Path) -> None:
    """After each kill, the next server goes on filling the index, although items change."""
    folder = tmp_path / "data"
    fill(folder)
    with killed(folder) as server, closing(Client(server.url)) as client:
        client(
            "UpdateTable",
            TableName="many",
            AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
            GlobalSecondaryIndexUpdates=[{"Create": index_request("late", "g")}],
        )
    active, rounds = False, 0
    while not active:
        assert rounds <= MANY // backfill.SLICE, "no slice was filled in this round"
        with opened(folder) as database:
            check_store(database)
        with killed(folder) as server, closing(Client(server.url)) as client:
            key = {"pk": {"S": str(rounds)}, "sk": {"S": str(rounds)}}
            client("DeleteItem", TableName="many", Key=key)
            client("PutItem", TableName="many", Item={**key, "sk": {"S": "new"}, "g": {"S": "new"}})
            active = index_is_active(client)
        rounds += 1
    with opened(folder) as database:
        check_store(database)
    with killed(folder) as server, closing(Client(server.url)) as client:
        answer = client(
            "Query",
            TableName="many",
            IndexName="late",
            KeyConditionExpression="g = :new",
            ExpressionAttributeValues={":new": {"S": "new"}},
        )
        assert answer["Count"] == rounds
        (index,) = client("DescribeTable", TableName="many")["Table"]["GlobalSecondaryIndexes"]
        assert index["ItemCount"] == MANY


def rows_left(folder: Path) -> int:
    """Return how many rows are stored: items and index entries."""
    with opened(folder) as database:
        check_store(database)
        with database.read() as txn:
            return sum(1 for _ in txn.scan(b"\x03", b"\x05"))


def test_a_table_is_dropped_completely(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    fill(folder)
    with killed(folder) as server, closing(Client(server.url)) as client:
        client("DeleteTable", TableName="many")
    rounds = 0
    while rows_left(folder):
        assert rounds <= MANY // deletions.SLICE, "no slice was dropped in this round"
        with killed(folder) as server, closing(Client(server.url)) as client:
            assert client("ListTables") == {"TableNames": []}
        rounds += 1
    with killed(folder) as server, closing(Client(server.url)) as client:
        client("CreateTable", **{**table_request("pk:S sk:S"), "TableName": "many"})
        assert client("Scan", TableName="many")["Count"] == 0
