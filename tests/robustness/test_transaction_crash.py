"""After `kill -9`, each transaction is stored as a whole or not at all, with its index entries.

Several connections transfer money between accounts. A transfer is a transaction: it changes two
accounts, and puts two items into another table, the ledger, which has a global and a local index.
So an account must have its opening balance plus the sum of its items in the ledger. A transfer that
was not acknowledged is sent again after the restart, with the same token. It must happen exactly
once, even if it had happened before the crash.
"""

import http.client
import json
import random
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.database.database import Database
from storage.keycode import prefix_end
from tests.support.crashes import killed, opened
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.profile import TIMES
from tests.support.servers import Server
from tests.support.tables import index_request, table_request

pytestmark = pytest.mark.crash

ROUNDS = 10 * TIMES
WORKERS = 5
ACKNOWLEDGED = 80  # transfers of all workers together before the server is killed
ACCOUNTS = [f"account-{number}" for number in range(8)]
OPENING = 300

TABLES = [
    table_request("id:S") | {"TableName": "accounts"},
    {
        **table_request(
            "account:S transfer:S",
            define="worker:S amount:N",
            GlobalSecondaryIndexes=[index_request("by_worker", "worker transfer")],
            LocalSecondaryIndexes=[index_request("by_amount", "account amount", "KEYS_ONLY")],
        ),
        "TableName": "ledger",
    },
]


def transfer_request(name: str, worker: str, source: str, target: str, amount: int) -> dict[str, Any]:
    """Return the transaction of a transfer. It cancels if the source account has too little."""

    def change(account: str, by: int) -> dict[str, Any]:
        update: dict[str, Any] = {
            "TableName": "accounts",
            "Key": {"id": {"S": account}},
            "UpdateExpression": "ADD balance :by, changes :one",
            "ExpressionAttributeValues": {":by": {"N": str(by)}, ":one": {"N": "1"}},
        }
        if by < 0:
            update["ConditionExpression"] = "balance >= :need"
            update["ExpressionAttributeValues"][":need"] = {"N": str(-by)}
        return {"Update": update}

    def entry(account: str, by: int) -> dict[str, Any]:
        item = {"account": account, "transfer": name, "worker": worker, "note": "x" * (abs(by) * 20)}
        return {
            "Put": {
                "TableName": "ledger",
                "Item": {**{key: {"S": value} for key, value in item.items()}, "amount": {"N": str(by)}},
                "ConditionExpression": "attribute_not_exists(account)",
            }
        }

    actions = [entry(target, amount), change(source, -amount), change(target, amount), entry(source, -amount)]
    return {"TransactItems": actions, "ClientRequestToken": name}


class Worker:
    """Sends transfers. `done` were acknowledged, `refused` were cancelled.

    pending: the name and request of the transfer that has no answer yet.
    """

    def __init__(self, number: int) -> None:
        self.name = f"worker-{number}"
        self.random = random.Random(number)
        self.sent = 0
        self.done: set[str] = set()
        self.refused: set[str] = set()
        self.pending: tuple[str, dict[str, Any]] | None = None
        self.failure: BaseException | None = None

    def run(self, url: str, acknowledged: Any) -> None:
        """Send the pending transfer, then new ones, until the server is gone."""
        try:
            with closing(Client(url)) as client:
                while True:
                    name, request = self.pending = self.pending or self.next_transfer()
                    self.send(client, name, request)
                    self.pending = None
                    acknowledged()
        except (OSError, http.client.HTTPException):
            pass
        except BaseException as failure:
            self.failure = failure

    def next_transfer(self) -> tuple[str, dict[str, Any]]:
        self.sent += 1
        name = f"{self.name}-{self.sent:05}"
        source, target = self.random.sample(ACCOUNTS, 2)
        return name, transfer_request(name, self.name, source, target, self.random.randint(1, 120))

    def send(self, client: Client, name: str, request: dict[str, Any]) -> None:
        status, _, body = client.post("TransactWriteItems", json.dumps(request).encode())
        if status == 200:
            self.done.add(name)
            return
        codes = [reason["Code"] for reason in json.loads(body)["CancellationReasons"]]
        assert codes == ["None", "ConditionalCheckFailed", "None", "None"], body
        self.refused.add(name)

    def check(self, found: set[str]) -> None:
        """Compare the ledger's transfers with the answers. The pending one may be among them."""
        assert self.done <= found
        assert not self.refused & found
        assert found - self.done <= ({self.pending[0]} if self.pending else set())


def items_of(database: Database, table: str) -> list[dict[str, Any]]:
    source = database.table(database.catalog.caller("test", "us-east-1"), table)
    with database.read() as txn:
        return [json.loads(row[4:]) for _, row in txn.scan(source.prefix, prefix_end(source.prefix))]


def check_books(database: Database) -> set[str]:
    """Assert that accounts and ledger agree; return the names of the ledger's transfers."""
    balances, changes = Counter(dict.fromkeys(ACCOUNTS, OPENING)), Counter[str]()
    sums, entries = Counter[str](), Counter[str]()
    for item in items_of(database, "ledger"):
        account, transfer, amount = item["account"]["S"], item["transfer"]["S"], int(item["amount"]["N"])
        balances[account] += amount
        changes[account] += 1
        sums[transfer] += amount
        entries[transfer] += 1
    assert set(entries.values()) <= {2}
    assert set(sums.values()) <= {0}
    accounts = {item["id"]["S"]: item for item in items_of(database, "accounts")}
    assert {name: int(item["balance"]["N"]) for name, item in accounts.items()} == dict(balances)
    assert {name: int(item.get("changes", {"N": "0"})["N"]) for name, item in accounts.items()} == {
        name: changes[name] for name in ACCOUNTS
    }
    assert min(balances.values()) >= 0
    return set(entries)


def load(server: Server, workers: list[Worker]) -> None:
    """Run all workers at the same time; kill the server after ACKNOWLEDGED transfers."""
    lock = threading.Lock()
    enough = threading.Event()
    answers = 0

    def acknowledged() -> None:
        nonlocal answers
        with lock:
            answers += 1
            if answers == ACKNOWLEDGED:
                enough.set()

    threads = [threading.Thread(target=worker.run, args=(server.url, acknowledged), daemon=True) for worker in workers]
    for thread in threads:
        thread.start()
    assert enough.wait(60), [worker.failure for worker in workers]
    server.process.kill()
    for thread in threads:
        thread.join(60)
    assert [worker.failure for worker in workers] == [None] * len(workers)


def test_every_transaction_is_whole_or_absent(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    workers = [Worker(number) for number in range(WORKERS)]
    for attempt in range(ROUNDS):
        with killed(folder) as server:
            if attempt == 0:
                with closing(Client(server.url)) as client:
                    for table in TABLES:
                        client("CreateTable", **table)
                    for name in ACCOUNTS:
                        client(
                            "PutItem", TableName="accounts", Item={"id": {"S": name}, "balance": {"N": str(OPENING)}}
                        )
            load(server, workers)
        with opened(folder) as database:
            check_store(database)
            found = check_books(database)
        for worker in workers:
            worker.check({name for name in found if name.startswith(worker.name)})
    assert all(worker.pending for worker in workers), "a worker had no pending transfer"
    assert all(worker.done and worker.refused for worker in workers)
    with killed(folder) as server, closing(Client(server.url)) as client:
        for worker in workers:
            if worker.pending:
                worker.send(client, *worker.pending)
                worker.pending = None
    with opened(folder) as database:
        found = check_books(database)
    assert found == set[str]().union(*(worker.done for worker in workers))
