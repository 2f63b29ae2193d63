"""Recovery with several processes: two workers write and restore, and servers are killed.

If a server is killed during a restore, the next one finishes it, or the new table does not exist.
"""

import json
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.database.jobs import filling
from emulator.settings import Settings
from tests.support.crashes import killed, opened
from tests.support.engines import arguments_of_engine
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.servers import Server, running
from tests.support.tables import index_request, table_request

CONNECTIONS = 8
MANY = 4_000
ON = {"PointInTimeRecoveryEnabled": True}
SOURCE = {
    **table_request("pk:S sk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")]),
    "TableName": "source",
}


def advance(server: Server, seconds: float) -> None:
    body = json.dumps({"Advance": seconds}).encode()
    request = urllib.request.Request(f"{server.url}/_emulator/clock", body, method="POST")
    with urllib.request.urlopen(request) as response:
        assert response.status == 200


def item(number: int) -> dict[str, Any]:
    return {"pk": {"S": str(number % 9)}, "sk": {"S": str(number)}, "g": {"S": str(number % 3)}}


def count(client: Client, name: str, index: str | None = None) -> int:
    """Return the number of items in a table or index, read page by page."""
    request: dict[str, Any] = {"TableName": name} | ({} if index is None else {"IndexName": index})
    total = 0
    while True:
        answer = client("Scan", **request)
        total += answer["Count"]
        if "LastEvaluatedKey" not in answer:
            return total
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def until_active(client: Client, name: str) -> dict[str, Any]:
    """Describe a table until it is ACTIVE; each request runs one slice of the restore."""
    for _ in range(10_000):
        table: dict[str, Any] = client("DescribeTable", TableName=name)["Table"]
        if table["TableStatus"] == "ACTIVE":
            return table
    raise AssertionError("the table is never ACTIVE")


@pytest.mark.parametrize("engine", ["lmdb", "memory"])
def test_workers_back_up_and_restore(engine: str, tmp_path: Path) -> None:
    """Both workers write a table, and restore its backup and the one made when it was deleted."""
    with running(*arguments_of_engine(engine, tmp_path / "data"), "--workers", "2") as server, ExitStack() as stack:
        clients = [stack.enter_context(closing(Client(server.url))) for _ in range(CONNECTIONS)]
        clients[0]("CreateTable", **SOURCE)
        clients[1]("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=ON)
        for number in range(4 * CONNECTIONS):
            client = clients[number % CONNECTIONS]
            client("PutItem", TableName="source", Item=item(number))
            if number % 3 == 0:
                client("DeleteItem", TableName="source", Key={k: v for k, v in item(number).items() if k != "g"})
        arn = clients[2]("CreateBackup", TableName="source", BackupName="backup")["BackupDetails"]["BackupArn"]
        clients[3]("DeleteTable", TableName="source")
        assert clients[4]("ListTables")["TableNames"] == []
        [system] = clients[5]("ListBackups", BackupType="SYSTEM")["BackupSummaries"]
        for number, source in enumerate((arn, system["BackupArn"])):
            clients[6]("RestoreTableFromBackup", TargetTableName=f"table{number}", BackupArn=source)
            for client in clients:
                until_active(client, f"table{number}")
                assert count(client, f"table{number}", "global") == 21
        clients[7]("DeleteBackup", BackupArn=arn)
        for client in clients:
            assert client("ListBackups")["BackupSummaries"] == []


@pytest.mark.parametrize("engine", ["lmdb", "memory"])
def test_workers_write_one_history(engine: str, tmp_path: Path) -> None:
    """Both workers write a table in turns; a restored table has the items of the given time."""
    with running(*arguments_of_engine(engine, tmp_path / "data"), "--workers", "2") as server, ExitStack() as stack:
        clients = [stack.enter_context(closing(Client(server.url))) for _ in range(CONNECTIONS)]
        clients[0]("CreateTable", **SOURCE)
        clients[1]("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=ON)
        expected = {}
        for number in range(3 * CONNECTIONS):
            clients[number % CONNECTIONS]("PutItem", TableName="source", Item=item(number))
            if number % CONNECTIONS == CONNECTIONS - 1:
                advance(server, 301)
                window = clients[0]("DescribeContinuousBackups", TableName="source")["ContinuousBackupsDescription"]
                latest = window["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"]
                expected[latest + 1] = number + 1  # `latest` is cut to whole seconds: add one, or writes are missing
        advance(server, 301)
        for number, (moment, items) in enumerate(expected.items()):
            clients[number](
                "RestoreTableToPointInTime",
                SourceTableName="source",
                TargetTableName=f"table{number}",
                RestoreDateTime=moment,
            )
            until_active(clients[-1], f"table{number}")
            assert count(clients[-1], f"table{number}") == items


def fill(folder: Path) -> str:
    """Make a data folder with a table of MANY small items and a backup; return the backup's ARN."""
    emulator = Emulator(Settings(data_dir=folder))
    caller = emulator.caller("test", "us-east-1")

    def call(operation: str, **request: Any) -> Any:
        return json.loads(emulator.call(operation, request, caller))

    call("CreateTable", **SOURCE)
    for first in range(0, MANY, 25):
        requests = [{"PutRequest": {"Item": item(number)}} for number in range(first, first + 25)]
        call("BatchWriteItem", RequestItems={"source": requests})
    call("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=ON)
    arn: str = call("CreateBackup", TableName="source", BackupName="backup")["BackupDetails"]["BackupArn"]
    for number in range(0, MANY, 2):
        call("DeleteItem", TableName="source", Key={name: item(number)[name] for name in ("pk", "sk")})
    emulator.close()
    return arn


@pytest.mark.crash
def test_killed_servers_continue_their_restores(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    arn = fill(folder)
    names = ("from-backup", "to-point")
    rounds = 0
    while True:
        with killed(folder) as server, closing(Client(server.url)) as client:
            if rounds == 0:
                client("RestoreTableFromBackup", TargetTableName=names[0], BackupArn=arn)
                window = client("DescribeContinuousBackups", TableName="source")["ContinuousBackupsDescription"]
                earliest = window["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"]
                to_point = {"TargetTableName": names[1], "RestoreDateTime": earliest}
                client("RestoreTableToPointInTime", SourceTableName="source", **to_point)
            statuses = {name: client("DescribeTable", TableName=name)["Table"]["TableStatus"] for name in names}
            if rounds < 5:
                client("PutItem", TableName="source", Item={**item(rounds), "late": {"S": "x"}})
        with opened(folder) as database:
            check_store(database)
        rounds += 1
        if set(statuses.values()) == {"ACTIVE"}:
            break
        assert rounds <= 4 * MANY // filling.SLICE, "no slice was filled in this round"
    assert rounds > 2
    with killed(folder) as server, closing(Client(server.url)) as client:
        for name in names:
            assert client("DescribeTable", TableName=name)["Table"]["ItemCount"] == MANY
            assert count(client, name) == count(client, name, "global") == MANY
            client("DeleteTable", TableName=name)
        client("DeleteBackup", BackupArn=arn)
    with opened(folder) as database:
        database.background.run_all()
        check_store(database)
