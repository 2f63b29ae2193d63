"""Several worker processes on one folder: each sees the writes of the others immediately.

A worker that is killed is replaced. The kernel distributes connections over the workers, so each
test opens several connections and uses them in turn.
"""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from tests.support.engines import arguments_of_engine
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.servers import Server, running
from tests.support.tables import index_request, table_request

ROOT = Path(__file__).parents[2]
CONNECTIONS = 12
KINDS = {"lmdb": ("lmdb",), "memory": ("memory",), "durable": ("lmdb", "--durable")}
"""Kind of server -> its engine and further arguments."""


@contextmanager
def clients(server: Server) -> Iterator[list[Client]]:
    """Open so many connections that each worker gets some of them; close them at the end."""
    with ExitStack() as stack:
        opened = [Client(server.url) for _ in range(CONNECTIONS)]
        for client in opened:
            stack.callback(client.close)
            client("ListTables")
        yield opened


def admin(server: Server, call: str, body: dict[str, Any]) -> Any:
    """Call a control on a new connection; return its result."""
    request = urllib.request.Request(f"{server.url}/_emulator/{call}", json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request) as response:
        return json.loads(response.read())


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    engine, *further = KINDS[request.param]
    with running(*arguments_of_engine(engine, tmp_path / "data"), *further, "--workers", "2") as started:
        yield started


def code(client: Client, operation: str, **request: Any) -> str:
    """Send a request that must fail; return the code of the error."""
    status, _, body = client.post(operation, json.dumps(request).encode())
    assert status == 400, body
    return str(json.loads(body)["__type"].split("#")[1])


def test_workers_exist_and_end_with_the_server(server):
    processes = server.workers()
    assert len(processes) == 2
    assert server.stop() == 0
    assert not any(Path(f"/proc/{process}").exists() for process in processes)


def test_tables_are_known_to_all_workers_at_once(server):
    with clients(server) as connections:
        for number in range(20):
            name = f"table-{number % 2}"
            maker, destroyer = random.sample(connections, 2)
            maker("CreateTable", **{**table_request("pk:S"), "TableName": name})
            for position, client in enumerate(connections):
                client("PutItem", TableName=name, Item={"pk": {"S": f"{position}"}})
            for client in connections:
                assert client("DescribeTable", TableName=name)["Table"]["ItemCount"] == CONNECTIONS
            destroyer("DeleteTable", TableName=name)
            for client in connections:
                assert code(client, "GetItem", TableName=name, Key={"pk": {"S": "0"}}) == "ResourceNotFoundException"


def test_no_update_is_lost_between_workers(server):
    with clients(server) as connections:
        connections[0]("CreateTable", **{**table_request("pk:S"), "TableName": "counters"})
        connections[0]("PutItem", TableName="counters", Item={"pk": {"S": "c"}, "n": {"N": "0"}})

        def add(client: Client) -> None:
            for _ in range(25):
                client(
                    "UpdateItem",
                    TableName="counters",
                    Key={"pk": {"S": "c"}},
                    UpdateExpression="SET n = n + :one",
                    ConditionExpression="n >= :zero",
                    ExpressionAttributeValues={":one": {"N": "1"}, ":zero": {"N": "0"}},
                )

        run_each(add, connections)
        for client in connections:
            item = client("GetItem", TableName="counters", Key={"pk": {"S": "c"}})["Item"]
            assert item["n"] == {"N": str(25 * CONNECTIONS)}


def run_each(work: Callable[[Any], None], arguments: list[Any]) -> None:
    """Call `work` with each argument, in one thread each; raise an exception if one raised it."""
    failures: list[BaseException] = []

    def run(argument: Any) -> None:
        try:
            work(argument)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(argument,)) for argument in arguments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failures == []


def test_index_built_while_other_workers_write_has_every_item(tmp_path):
    with running("--data-dir", str(tmp_path / "data"), "--workers", "2") as server, clients(server) as connections:
        stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        request = table_request("pk:S", StreamSpecification=stream)
        connections[0]("CreateTable", **{**request, "TableName": "load"})
        put_many(connections[0], "before", 1500)
        update = {
            "TableName": "load",
            "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
            "GlobalSecondaryIndexUpdates": [{"Create": index_request("by_g", "g")}],
        }
        connections[1]("UpdateTable", **update)
        run_each(lambda pair: put_many(pair[1], f"during-{pair[0]}", 100), list(enumerate(connections)))
        total = 1500 + 100 * CONNECTIONS
        for client in connections:
            assert client("Scan", TableName="load", Select="COUNT")["Count"] == total
        while (described := connections[2]("DescribeTable", TableName="load")["Table"])["TableStatus"] != "ACTIVE" or (
            described["GlobalSecondaryIndexes"][0]["IndexStatus"] != "ACTIVE"
        ):
            pass
        for client in connections:
            assert client("Scan", TableName="load", IndexName="by_g", Select="COUNT")["Count"] == total
    emulator = Emulator(Settings(data_dir=tmp_path / "data"))
    check_store(emulator.database)
    emulator.close()


def put_many(client: Client, name: str, count: int) -> None:
    for start in range(0, count, 25):
        items = [{"pk": {"S": f"{name}-{number}"}, "g": {"S": "g"}} for number in range(start, min(count, start + 25))]
        client("BatchWriteItem", RequestItems={"load": [{"PutRequest": {"Item": item}} for item in items]})


def test_moving_the_clock_moves_it_for_all_workers(server):
    with clients(server) as connections:
        admin(server, "clock", {"Freeze": 2_000_000_000})
        for number, client in enumerate(connections):
            client("CreateTable", **{**table_request("pk:S"), "TableName": f"frozen-{number}"})
            table = client("DescribeTable", TableName=f"frozen-{number}")["Table"]
            assert table["CreationDateTime"] == 2_000_000_000
        admin(server, "clock", {"Release": True})


def test_declarations_apply_to_all_workers(server):
    with clients(server) as connections:
        connections[0]("CreateTable", **{**table_request("pk:S"), "TableName": "held"})
        key = {"pk": {"S": "k"}}
        admin(server, "transactions", {"TableName": "held", "Key": key, "Seconds": 1000})
        for client in connections:
            assert code(client, "PutItem", TableName="held", Item=key) == "TransactionConflictException"
        admin(server, "transactions", {"TableName": "held", "Key": key, "Seconds": 0})
        for client in connections:
            client("PutItem", TableName="held", Item=key)


def test_a_reset_empties_and_removes_tables_for_all_workers(server):
    with clients(server) as connections:
        connections[0]("CreateTable", **{**table_request("pk:S"), "TableName": "reset"})
        for number, client in enumerate(connections):
            client("PutItem", TableName="reset", Item={"pk": {"S": str(number)}})
        assert admin(server, "reset", {"TableName": "reset"}) == {"Tables": 1}
        for client in connections:
            assert client("Scan", TableName="reset")["Count"] == 0
        assert admin(server, "reset", {}) == {"Tables": 1}
        for client in connections:
            assert client("ListTables") == {"TableNames": []}


def test_a_snapshot_is_restored_for_all_workers(server):
    with clients(server) as connections:
        connections[0]("CreateTable", **{**table_request("pk:S"), "TableName": "rewound"})
        connections[0]("PutItem", TableName="rewound", Item={"pk": {"S": "saved"}})
        saved = admin(server, "snapshots/save", {"Name": "start", "Tables": ["rewound"]})
        assert (saved["Tables"], saved["Items"]) == (1, 1)
        for number, client in enumerate(connections):
            client("PutItem", TableName="rewound", Item={"pk": {"S": str(number)}})
        admin(server, "snapshots/restore", {"Name": "start"})
        for client in connections:
            assert client("Scan", TableName="rewound")["Items"] == [{"pk": {"S": "saved"}}]
        admin(server, "snapshots/delete", {"Name": "start"})


def test_worker_that_dies_is_replaced_and_nothing_acknowledged_is_lost(tmp_path):
    with running("--data-dir", str(tmp_path / "data"), "--workers", "2") as server:
        with clients(server) as connections:
            connections[0]("CreateTable", **{**table_request("pk:S", define="g:S"), **INDEXED, "TableName": "load"})
        done: set[str] = set()
        for attempt in range(3):
            enough = threading.Event()
            run_each_until_killed(server, attempt, done, enough)
        with clients(server) as connections:
            for client in connections:
                assert done <= {item["pk"]["S"] for item in client("Scan", TableName="load")["Items"]}
    emulator = Emulator(Settings(data_dir=tmp_path / "data"))
    check_store(emulator.database)
    emulator.close()


INDEXED = {"GlobalSecondaryIndexes": [index_request("by_g", "g")]}


def run_each_until_killed(server: Server, attempt: int, done: set[str], enough: threading.Event) -> None:
    """Put items over several connections, and kill a worker meanwhile.

    A connection that breaks is replaced. done: gets the names of acknowledged items. enough: set
    when the worker may be killed.
    """
    lock = threading.Lock()

    def put(number: int) -> None:
        client = Client(server.url)
        for count in range(120):
            name = f"{attempt}-{number}-{count}"
            try:
                client("PutItem", TableName="load", Item={"pk": {"S": name}, "g": {"S": "g"}})
            except (OSError, http.client.HTTPException):
                client.close()
                client = Client(server.url)
                continue
            with lock:
                done.add(name)
                if len(done) % 360 == 200:
                    enough.set()
        client.close()

    threads = [threading.Thread(target=put, args=(number,)) for number in range(CONNECTIONS)]
    victims = server.workers()
    for thread in threads:
        thread.start()
    assert enough.wait(60)
    os.kill(victims[attempt % 2], signal.SIGKILL)
    for thread in threads:
        thread.join(120)


def test_a_taken_port_is_reported_in_one_line():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "emulator", "--in-memory", "--workers", "2", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"dynamodb-emulator: port {port} is in use on localhost: "
        "stop the other program, or choose another port with --port\n"
    )


def test_second_server_with_workers_does_not_share_the_port(tmp_path):
    with running("--in-memory", "--workers", "2") as server:
        port = server.url.rsplit(":", 1)[1]
        command = [sys.executable, "-m", "emulator", "--in-memory", "--workers", "2", "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert done.returncode == 2
    assert f"port {port} is in use" in done.stderr
