"""The bytes in a data folder do not change within a layout; servers start and stop cleanly.

A golden file has every record of a small store, as LMDB stores it. If the code writes other bytes,
it cannot read the data folders of the version before. Such a change needs a new number in
storage.disk.folder.LAYOUT, and a new golden file, which the tests write if GOLDEN=1 is set. The
golden files of older layouts stay; a test opens a store of each layout.
"""

import ast
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import lmdb
import pytest

from emulator.app import AUTO_SCALING
from emulator.controls import registry
from emulator.database.definitions.s3_jobs import Progress
from emulator.database.definitions.tables import GONE
from emulator.database.snapshots import saving
from emulator.database.snapshots.scope import Scope
from emulator.database.store import keyspace
from emulator.settings import Settings
from storage import open_engine
from storage.disk import file_system, folder
from storage.disk.environment import LONG_TABLE
from tests.support.http_clients import Client, headers
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.seeds import IMPORT, JOB_ID
from tests.support.servers import Server, running
from tests.support.stream_reading import read_shard, shards_of
from tests.support.tables import index_request, table_request, vector, vector_index_request

LAYOUTS = sorted(folder.READABLE)
ROOT = Path(__file__).parents[2]

Records = dict[tuple[str, bytes], bytes]
"""(LMDB table, key) -> value."""


# --- golden bytes ---------------------------------------------------------------------------------

KEPT = {
    **table_request(
        "pk:S sk:S",
        define="l:N g:B h:S",
        LocalSecondaryIndexes=[index_request("local", "pk l", "INCLUDE", ["x"])],
        GlobalSecondaryIndexes=[index_request("global", "g l+h", "KEYS_ONLY")],
        Tags=[{"Key": "team", "Value": "a"}],
    ),
    "TableName": "kept",
}
DROPPED = {**table_request("k:N"), "TableName": "dropped"}
STREAMED = {
    **table_request(
        "k:S",
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1},
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    ),
    "TableName": "streamed",
}
"""The table with a stream of one shard at a time and a TTL attribute."""
VECTORED = table_request(
    "k:S",
    define="h:S f:N",
    VectorIndexes=[vector_index_request("vectors", "v", 2, "EUCLIDEAN", "INCLUDE", ["x"], "h:HASH f:INLINE_FILTER")],
)
"""The table with a vector index; another one like it is dropped."""
STREAM_SEED = "0123456789abcdef"
"""Replaces the random seed of each stream, so that each run stores the same bytes."""
EXPIRING = {"k": {"S": "é"}, "ttl": {"N": "1700100000.5"}}
ITEMS: list[dict[str, Any]] = [
    {"pk": {"S": "é"}, "sk": {"S": "a\0b"}, "l": {"N": "-12.50"}, "g": {"B": "AP8="}, "h": {"S": "\0"}},
    {"pk": {"S": "p"}, "sk": {"S": "long" * 150}, "l": {"N": "1e125"}, "x": {"S": "x"}},
    {
        "pk": {"S": "p"},
        "sk": {"S": "s"},
        "all": {"L": [{"BOOL": True}, {"NULL": True}, {"M": {"k": {"S": ""}}}]},
        "sets": {"M": {"s": {"SS": ["b", "a"]}, "n": {"NS": ["10", "9"]}, "b": {"BS": ["/w==", "AA=="]}}},
        "n": {"N": "+00.1E-3"},
    },
]


RECOVERED = {**STREAMED, "TableName": "recovered"}

SEARCH = {
    "IndexName": "vectors",
    "SearchVector": vector(0.1, 0)["L"],
    "TopK": 1,
    "SearchConditionExpression": "h = :h AND f = :f",
    "ExpressionAttributeValues": {":h": {"S": "é"}, ":f": {"N": "1"}},
}


def write_store(path: Path) -> None:
    """Make a store with at least one record of every kind."""
    inside = InProcess(
        Settings(data_dir=path, account="000000000000")
    )  # the account of the golden file, once the default
    inside("CreateTable", KEPT)
    inside("CreateTable", DROPPED)
    for item in ITEMS:
        inside("PutItem", TableName="kept", Item=item)
    inside("PutItem", TableName="dropped", Item={"k": {"N": "-0.5"}})
    put = {"Put": {"TableName": "kept", "Item": {"pk": {"S": "t"}, "sk": {"S": "t"}}}}
    inside("TransactWriteItems", TransactItems=[put], ClientRequestToken="token")
    write_stream(inside)
    write_target(inside)
    write_import(inside)
    saving.save(inside.emulator.database, "snapshot", Scope(tables=(("test", "us-east-1", "kept"),)))
    later = {"pk": {"S": "later"}, "sk": {"S": "later"}}
    inside("PutItem", TableName="kept", Item=later)  # now the snapshot's frozen view has originals
    inside("DeleteItem", TableName="kept", Key=later)
    for name in ("vectored", "unvectored"):
        inside("CreateTable", {**VECTORED, "TableName": name})
        for key, more in (("a", {"f": {"N": "1"}, "x": {"S": "x"}}), ("b", {})):
            inside("PutItem", TableName=name, Item={"k": {"S": key}, "h": {"S": "é"}, "v": vector(0.1, -2), **more})
        inside("DeleteItem", TableName=name, Key={"k": {"S": "b"}})
    write_history(inside)
    write_replica(inside)
    write_lag(inside)
    inside("DeleteTable", TableName="dropped")
    inside("DeleteTable", TableName="unvectored")
    inside("ListTables")  # ends DELETING; the rows of the deleted tables are still stored
    inside.emulator.close()


def write_history(inside: InProcess) -> None:
    """Make two histories, one of a table with a stream, and a USER backup.

    Deleting a table with a history later makes a SYSTEM backup.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.database.changes.streams._new_seed", lambda: STREAM_SEED)
        inside("CreateTable", RECOVERED)
    for name in ("recovered", "dropped"):
        specification = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 3}
        inside("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=specification)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.urandom", lambda size: (1).to_bytes(size, "big"))
        inside("CreateBackup", TableName="recovered", BackupName="backup")
    for number in ("1", "2"):
        inside("PutItem", TableName="recovered", Item={"k": {"S": "\0a"}, "n": {"N": number}})
    inside("DeleteItem", TableName="recovered", Key={"k": {"S": "\0a"}})
    for number in ("1", "2"):
        inside("PutItem", TableName="dropped", Item={"k": {"N": "1"}, "n": {"N": number}})


def write_replica(inside: InProcess) -> None:
    """Make a replicated table, pause replication, and write: the log has all kinds of records."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.database.changes.streams._new_seed", lambda: STREAM_SEED)
        inside("CreateTable", {**table_request("k:S"), "TableName": "replicated"})
        inside("PutItem", TableName="replicated", Item={"k": {"S": "old"}})
        create = [{"Create": {"RegionName": "eu-west-1"}}]
        inside("UpdateTable", TableName="replicated", ReplicaUpdates=create)
        inside.emulator.database.background.run_all()
        pause = {"TableName": "replicated", "From": "us-east-1", "Paused": True}
        registry.call(inside.emulator, "replication", pause)
        for number in ("1", "2"):
            inside("PutItem", TableName="replicated", Item={"k": {"S": "new"}, "n": {"N": number}})
        inside("DeleteItem", TableName="replicated", Key={"k": {"S": "old"}})


def write_lag(inside: InProcess) -> None:
    """Make a table whose reads lag, and put an item twice: its log has both kinds of records."""
    inside("CreateTable", {**table_request("k:S"), "TableName": "lagging"})
    registry.call(inside.emulator, "consistency", {"Lag": 5, "TableName": "lagging"})
    for number in ("1", "2"):
        inside("PutItem", TableName="lagging", Item={"k": {"S": "a"}, "n": {"N": number}})


def write_import(inside: InProcess) -> None:
    """Begin an import that has made some progress."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.operations.s3_jobs._random", lambda: JOB_ID[-7:])
        inside("ImportTable", IMPORT)
    database = inside.emulator.database
    [job] = database.s3_jobs.everything()
    with database.write() as txn:
        database.s3_jobs.save_progress(txn, job, Progress(object="data/1", record=5, processed=5, written=5))


def write_stream(inside: InProcess) -> None:
    """Make a stream with all kinds of records and shards, a disabled stream, and a TTL queue."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("emulator.database.changes.streams._new_seed", lambda: STREAM_SEED)
        inside("CreateTable", STREAMED)
        inside("UpdateTable", TableName="streamed", StreamSpecification={"StreamEnabled": False})
        inside("UpdateTable", TableName="streamed", StreamSpecification=STREAMED["StreamSpecification"])
    wanted = {"Enabled": True, "AttributeName": "ttl"}
    inside("UpdateTimeToLive", TableName="streamed", TimeToLiveSpecification=wanted)
    inside("PutItem", TableName="streamed", Item={**EXPIRING, "n": {"N": "1"}})
    now = inside.clock.now()
    inside.clock.advance(4 * 3600)
    inside.emulator.database.streams.begin_roll_over()
    inside.emulator.database.background.run_all()
    inside("PutItem", TableName="streamed", Item=EXPIRING)
    inside("PutItem", TableName="streamed", Item={"k": {"S": "gone"}})
    inside("DeleteItem", TableName="streamed", Key={"k": {"S": "gone"}})
    inside.clock.freeze(now)


def write_target(inside: InProcess) -> None:
    """Make a scalable target with a policy and a scheduled action."""
    place = {
        "ServiceNamespace": "dynamodb",
        "ResourceId": "table/streamed",
        "ScalableDimension": "dynamodb:table:ReadCapacityUnits",
    }
    metric = {"PredefinedMetricType": "DynamoDBReadCapacityUtilization"}
    tracking = {"TargetValue": 70, "PredefinedMetricSpecification": metric}
    for operation, members in (
        ("RegisterScalableTarget", {"MinCapacity": 1, "MaxCapacity": 9, "Tags": {"a": "b"}}),
        ("PutScalingPolicy", {"PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": tracking}),
        (
            "PutScheduledAction",
            {"ScheduledActionName": "s", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}},
        ),
    ):
        inside.emulator.call(AUTO_SCALING + operation, place | members, inside.caller)


def records(path: Path) -> Records:
    """Return (LMDB table, key) -> value of every record. Random table ids become zeros."""
    found: Records = {}
    with closing(lmdb.open(str(path), readonly=True, max_dbs=1, lock=False)) as environment:
        tables = {"main": None, "long": environment.open_db(LONG_TABLE, create=False)}
        for name, table in tables.items():
            with environment.begin(db=table) as txn:
                found |= {(name, key): value for key, value in txn.cursor() if key != LONG_TABLE}
    return {place: re.sub(rb'uuid":"[^"]*"', b'uuid":"0"', value) for place, value in found.items()}


def golden_file(layout: int) -> Path:
    return Path(__file__).with_name(f"layout_{layout}.golden")


def golden(layout: int) -> Records:
    lines = golden_file(layout).read_text().splitlines()
    return dict(map(ast.literal_eval, lines))


def layout_text(layout: int) -> str:
    return f"dynamodb-emulator storage layout {layout}\n"


OTHER_RECORDS = (
    "If this is meant, `GOLDEN=1 .venv/bin/pytest tests/robustness/test_layout.py` adds records to the golden file; "
    'see "When the golden layout fails" in tests/README.md.'
)
OTHER_BYTES = (
    "A server with this code cannot read folders of the version before. "
    'If this is meant, the layout needs a new number; see "When the golden layout fails" in tests/README.md.'
)


def test_stored_bytes_are_those_of_the_layout(tmp_path: Path) -> None:
    write_store(tmp_path / "data")
    found = records(tmp_path / "data")
    file = golden_file(folder.LAYOUT)
    expected = golden(folder.LAYOUT) if file.exists() else {}
    if os.environ.get("GOLDEN"):  # keep old records that this code can read
        expected = found | {place: value for place, value in expected.items() if agree(found.get(place), value)}
        file.write_text("".join(f"{record!r}\n" for record in sorted(expected.items())))
    added, missing = sorted(found.keys() - expected.keys()), sorted(expected.keys() - found.keys())
    assert found.keys() == expected.keys(), f"new: {added}, missing: {missing}. {OTHER_RECORDS}"
    for place, value in expected.items():
        assert agree(found[place], value), f"{place} has other bytes. {OTHER_BYTES}"


ELSEWHERE = ("_CHECKPOINT", "_MAPPING")
"""Kinds of keys that are not in the golden file, because `layout_1.tar.xz` has them."""


def test_every_kind_of_key_is_in_the_golden_file() -> None:
    kinds = {value: name for name, value in vars(keyspace).items() if isinstance(value, bytes) and len(value) == 1}
    rows = {bytes.fromhex(first) for first in re.findall(r"(?m)^\| ([0-9A-F]{2}) ", keyspace.__doc__ or "")}
    assert rows == kinds.keys(), "the table in keyspace.py must have a row for each first byte, and no other"
    written = {key[:1] for _, key in golden(folder.LAYOUT)}
    missing = {name for first, name in kinds.items() if first not in written} - {*ELSEWHERE}
    assert not missing, f"let write_store write keys of these kinds, and run this file with GOLDEN=1: {missing}"


def agree(found: bytes | None, expected: bytes) -> bool:
    """Return whether a record is as expected, or a definition that this code reads as expected.

    A definition may have new members, which have defaults, and may lack the members in GONE, which
    the code ignores.
    """
    definition = parsed(expected)
    if found is None or definition is None:
        return found == expected
    return holds(parsed(found), {name: value for name, value in definition.items() if name not in GONE})


def parsed(value: bytes) -> dict[str, Any] | None:
    """Return the definition in a record, which is a JSON object; None if the record has none.

    An original of a definition, in a frozen view, begins with the byte 1.
    """
    value = value[1:] if value.startswith(b"\1{") else value
    if not value.startswith(b"{"):
        return None
    try:
        definition: dict[str, Any] = json.loads(value)
    except ValueError:  # not JSON: a binary number that begins with the byte of "{"
        return None
    return definition


def holds(found: object, expected: object) -> bool:
    """Return whether a JSON value equals the expected one. Objects may have further members."""
    if isinstance(found, dict) and isinstance(expected, dict):
        return found.keys() >= expected.keys() and all(holds(found[name], value) for name, value in expected.items())
    if isinstance(found, list) and isinstance(expected, list):
        return len(found) == len(expected) and all(map(holds, found, expected))
    return found == expected


@pytest.mark.parametrize(
    ("found", "same"),
    [
        (b'{"a":1,"b":[{"c":null}]}', True),
        (b'{"new":0,"a":1,"b":[{"c":null,"new":0}]}', True),
        (b'\1{"new":0,"a":1,"b":[{"c":null}]}', True),
        (b'{"a":1}', False),
        (b'{"a":2,"b":[{"c":null}]}', False),
        (b'{"a":1,"b":[]}', False),
        (b"{", False),
        (b"\1", False),
        (None, False),
    ],
)
def test_a_definition_may_gain_members(found: bytes | None, same: bool) -> None:
    gone = ",".join(f'"{name}":0' for name in GONE)
    assert agree(found, b'{"a":1,"b":[{"c":null}],%b}' % gone.encode()) is same


@pytest.mark.parametrize("value", [b"", b"\1", b"{\0\0\0\0\0\0\0", b"1", b"[]"])
def test_other_records_are_compared_as_bytes(value: bytes) -> None:
    assert agree(value, value)
    assert not agree(value + b" ", value)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_store_of_each_layout_can_be_read(tmp_path: Path, layout: int) -> None:
    path = tmp_path / "data"
    write_golden(path, layout)
    inside = InProcess(Settings(data_dir=path))
    check_store(inside.emulator.database)
    assert inside("ListTables") == {"TableNames": tables_of(layout)}
    if layout == folder.LAYOUT:
        (found,) = inside("SearchVectors", {**SEARCH, "TableName": "vectored"})["SearchResults"]
        assert (found["Item"]["k"], found["Score"]) == ({"S": "a"}, 2.0)
    check_streams(inside)
    for item in ITEMS:
        key = {name: item[name] for name in ("pk", "sk")}
        found = inside("GetItem", TableName="kept", Key=key)["Item"]
        assert found.keys() == item.keys()
        inside("PutItem", TableName="kept", Item=found)
    assert inside("GetItem", TableName="kept", Key={"pk": {"S": "p"}, "sk": {"S": "s"}})["Item"] == {
        **ITEMS[2],
        "sets": {"M": {"s": {"SS": ["a", "b"]}, "n": {"NS": ["9", "10"]}, "b": {"BS": ["AA==", "/w=="]}}},
        "n": {"N": "0.0001"},
    }
    table = inside("DescribeTable", TableName="kept")["Table"]
    assert table["ItemCount"] == 4
    assert [index["ItemCount"] for index in table["LocalSecondaryIndexes"] + table["GlobalSecondaryIndexes"]] == [2, 1]
    assert inside("ListTagsOfResource", ResourceArn=table["TableArn"])["Tags"] == KEPT["Tags"]
    if "recovered" in tables_of(layout):
        check_history(inside)
    inside.emulator.database.background.run_all()
    check_store(inside.emulator.database)
    inside.emulator.close()
    dropped = [key[1:] for _, key in golden(layout) if key.startswith(b"\x06")]
    lags = b"\x1b"  # keys of lag logs, which a start of the server deletes
    gone = {place for place in golden(layout) if place[1].startswith((b"\x06", lags, *dropped))}
    assert without_originals(records(path).keys()) == without_originals(golden(layout).keys() - gone)
    assert (path / "layout").read_text() == layout_text(folder.LAYOUT)


def write_golden(path: Path, layout: int) -> None:
    """Make a data folder with the records of a layout's golden file."""
    open_engine(path).close()
    (path / "layout").write_text(layout_text(layout))
    with closing(lmdb.open(str(path), max_dbs=1, writemap=True, map_size=16 << 20)) as environment:
        tables = {"main": None, "long": environment.open_db(LONG_TABLE)}
        with environment.begin(write=True) as txn:
            for (table, key), value in golden(layout).items():
                txn.put(key, value, db=tables[table])


def test_writes_that_wait_in_the_golden_store_reach_the_replica(tmp_path: Path) -> None:
    write_golden(tmp_path / "data", folder.LAYOUT)
    inside = InProcess(Settings(data_dir=tmp_path / "data"))
    here, there = inside.caller, inside.emulator.caller("test", "eu-west-1")

    def items() -> list[Any]:
        found = []
        for inside.caller in (here, there):
            found.append(inside("Scan", TableName="replicated")["Items"])
        return found

    new = {"k": {"S": "new"}, "n": {"N": "2"}}
    assert items() == [[new], [{"k": {"S": "old"}}]]
    shown = registry.call(inside.emulator, "show_replication", {})["Directions"]
    assert [(each["From"], each["Waiting"]) for each in shown if each["Waiting"]] == [("us-east-1", 3)]
    registry.call(inside.emulator, "replication", {"TableName": "replicated", "Paused": False})
    inside.emulator.database.background.run_all()
    assert items() == [[new], [new]]
    check_store(inside.emulator.database)
    inside.emulator.close()


def without_originals(places: Iterable[tuple[str, bytes]]) -> set[tuple[str, bytes]]:
    """Leave out originals: deleting a table's rows adds them to the frozen view of its backup."""
    return {place for place in places if not place[1].startswith(b"\x0f")}


def tables_of(layout: int) -> list[str]:
    older = ["kept", "streamed"]
    return older if layout == 1 else ["kept", "lagging", "recovered", "replicated", "streamed", "vectored"]


def check_history(inside: InProcess) -> None:
    """Check that both backups and the latest state in the history can be restored."""
    arns = [each["BackupArn"] for each in inside("ListBackups", BackupType="ALL")["BackupSummaries"]]
    assert len(arns) == 2
    for number, arn in enumerate(arns):
        inside("RestoreTableFromBackup", BackupArn=arn, TargetTableName=f"restored{number}")
    latest = {"SourceTableName": "recovered", "UseLatestRestorableTime": True}
    inside("RestoreTableToPointInTime", TargetTableName="restored2", **latest)
    counts = [inside("DescribeTable", TableName=f"restored{number}")["Table"]["ItemCount"] for number in range(3)]
    assert counts == [2, 0, 0]
    for number in range(3):
        inside("DeleteTable", TableName=f"restored{number}")
    inside("ListTables")


def check_streams(inside: InProcess) -> None:
    """Check that the golden store's streams have all records, and that TTL is still on."""
    inside.clock.advance(4 * 3600)
    disabled, enabled = [stream["StreamArn"] for stream in inside("ListStreams", TableName="streamed")["Streams"]]
    (shard,) = shards_of(inside, disabled)
    assert read_shard(inside, disabled, shard["ShardId"]) == []
    closed, open_ = shards_of(inside, enabled)
    assert open_["ParentShardId"] == closed["ShardId"]
    first = {**EXPIRING, "n": {"N": "1"}}
    gone = {"k": {"S": "gone"}}
    found = [
        [
            (record["eventName"], record["dynamodb"].get("OldImage"), record["dynamodb"].get("NewImage"))
            for record in read_shard(inside, enabled, shard["ShardId"])
        ]
        for shard in (closed, open_)
    ]
    assert found == [
        [("INSERT", None, first)],
        [("MODIFY", first, EXPIRING), ("INSERT", None, gone), ("REMOVE", gone, None)],
    ]
    described = inside("DescribeTimeToLive", TableName="streamed")["TimeToLiveDescription"]
    assert described["AttributeName"] == "ttl"
    assert inside("Scan", TableName="streamed")["Items"] == [EXPIRING]


# --- a server that cannot start -------------------------------------------------------------------


def refused(*arguments: str) -> str:
    """Start a server that must exit with status 2 before it serves; return its only output line."""
    command = [sys.executable, "-m", "emulator", *arguments]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_newer_layout_is_refused(tmp_path: Path) -> None:
    newer = folder.LAYOUT + 1
    (tmp_path / "layout").write_text(layout_text(newer))
    assert refused("--port", "0", "--data-dir", str(tmp_path)) == (
        f"dynamodb-emulator: The data folder {tmp_path} has storage layout {newer}, but this version of the program uses"
        f" layout {folder.LAYOUT}: use the version of the program that wrote the folder, or another folder.\n"
    )
    assert [file.name for file in tmp_path.iterdir()] == ["layout"]


def test_a_folder_of_another_program_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert refused("--port", "0", "--data-dir", str(tmp_path)) == (
        f"dynamodb-emulator: The folder {tmp_path} is neither empty nor a data folder of this program: choose another.\n"
    )


def mount(path: Path, options: str) -> None:
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(path)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a file system can only be mounted by root")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """disk(options) mounts a tmpfs, or remounts it; it skips the test without permission."""
    path = tmp_path / "disk"
    path.mkdir()
    mounted = []

    def mounter(options: str) -> Path:
        mount(path, f"remount,{options}" if mounted else options)
        mounted.append(options)
        return path

    yield mounter
    if mounted:
        subprocess.run(["umount", path], check=True)


@pytest.mark.skipif(os.name == "nt", reason="folders have no write permission")
def test_unwritable_folder_is_refused(tmp_path: Path, disk: Callable[[str], Path]) -> None:
    if os.geteuid() == 0:  # root can write to any folder that is not mounted read-only
        path = disk("ro")
    else:
        path = tmp_path / "read-only"
        path.mkdir(mode=0o500)
    assert refused("--port", "0", "--data-dir", str(path)) == (
        f"dynamodb-emulator: The data folder {path} is not writable.\n"
    )


def test_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused("--port", str(port), "--data-dir", str(tmp_path / "data")) == (
            f"dynamodb-emulator: port {port} is in use on localhost: "
            "stop the other program, or choose another port with --port\n"
        )
    assert not (tmp_path / "data").exists()


# --- a server that stops --------------------------------------------------------------------------


def until_refused(address: tuple[str, int]) -> None:
    """Wait until the server no longer listens, so it has noticed the signal."""
    while True:
        try:
            socket.create_connection(address, 10).close()
        except ConnectionRefusedError:
            return
        except ConnectionResetError:
            continue


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_answers_open_requests_after_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    with running("--data-dir", str(tmp_path / "data")) as server:
        with closing(Client(server.url)) as client:
            client("CreateTable", **table_request("pk:S") | {"TableName": "end"})
            client("DescribeTable", TableName="end")
            body = json.dumps({"TableName": "end", "Item": {"pk": {"S": "last"}}}).encode()
            client.http.putrequest("POST", "/")
            for name, value in {
                **headers("PutItem"),
                "Content-Length": str(len(body)),
                "Expect": "100-continue",
            }.items():
                client.http.putheader(name, value)
            client.http.endheaders()
            assert client.http.sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.http.send(body[:20])
            server.process.send_signal(number)
            until_refused(client.http.sock.getpeername())
            client.http.send(body[20:])
            response = client.http.getresponse()
            assert (response.status, response.read()) == (200, b"{}")
        server.process.stdout.close()
        assert server.process.wait(20) == 0
    with running("--data-dir", str(tmp_path / "data")) as server, closing(Client(server.url)) as client:
        assert client("Scan", TableName="end")["Items"] == [{"pk": {"S": "last"}}]


# --- room -----------------------------------------------------------------------------------------


def test_map_grows_while_a_server_works(tmp_path: Path) -> None:
    path = tmp_path / "data"
    open_engine(path, map_size=64 << 10).close()
    start = (path / "data.mdb").stat().st_size
    failures: list[BaseException] = []

    def write(server: Server, number: int) -> None:
        try:
            with closing(Client(server.url)) as client:
                for count in range(40):
                    key = {"pk": {"S": f"p{number}"}, "sk": {"S": str(count)}}
                    client("PutItem", TableName="grow", Item={**key, "data": {"S": "x" * 20_000}})
                    assert client("GetItem", TableName="grow", Key=key)["Item"]["sk"] == key["sk"]
                    assert len(client("Scan", TableName="grow", Limit=30)["Items"]) > 0
        except BaseException as failure:
            failures.append(failure)

    with running("--data-dir", str(path)) as server:
        with closing(Client(server.url)) as client:
            client("CreateTable", **table_request() | {"TableName": "grow"})
            client("DescribeTable", TableName="grow")
            threads = [threading.Thread(target=write, args=(server, number)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert failures == []
            assert client("DescribeTable", TableName="grow")["Table"]["ItemCount"] == 160
        assert server.stop() == 0
    if file_system.reservable(path):
        assert start == 64 << 10
    inside = InProcess(Settings(data_dir=path))
    check_store(inside.emulator.database)
    inside.emulator.close()


FULL = {
    "__type": "com.amazonaws.dynamodb.v20120810#InternalServerError",
    "message": "The emulator's disk is full; nothing of this request was stored.",
}


def put_until_full(client: Client) -> int:
    """Put large items until the server reports a full disk; return their number."""
    for count in range(1000):
        item = {"pk": {"S": "p"}, "sk": {"S": str(count)}, "g": {"S": "g"}, "data": {"S": "x" * 300_000}}
        status, _, body = client.post("PutItem", json.dumps({"TableName": "full", "Item": item}).encode())
        if status != 200:
            assert (status, json.loads(body)) == (500, FULL)
            return count
    raise AssertionError("the disk has no end")


def scanned(client: Client) -> list[str]:
    """Return the sort keys of all items, read page by page."""
    found: list[str] = []
    start: dict[str, Any] = {}
    while True:
        page = client("Scan", TableName="full", **start)
        assert all(item["data"] == {"S": "x" * 300_000} for item in page["Items"])
        found += [item["sk"]["S"] for item in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return sorted(found, key=int)
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def test_full_disk(disk: Callable[[str], Path]) -> None:
    """On a full disk, a write fails and changes nothing, and reads work; with room, writes work."""
    path = disk("size=20m") / "data"
    with running("--data-dir", str(path)) as server:
        with closing(Client(server.url)) as client:
            client("CreateTable", **table_request() | {"TableName": "full"})
            client("DescribeTable", TableName="full")
            count = put_until_full(client)
            assert count > 20
            names = [str(number) for number in range(count)]
            assert scanned(client) == names
            assert client("DescribeTable", TableName="full")["Table"]["ItemCount"] == count
        server.kill()
    with running("--data-dir", str(path)) as server:
        with closing(Client(server.url)) as client:
            assert scanned(client) == names
            assert put_until_full(client) == count
            disk("size=70m")
            for number in range(count, count + 10):
                item = {"pk": {"S": "p"}, "sk": {"S": str(number)}, "data": {"S": "x" * 300_000}}
                client("PutItem", TableName="full", Item=item)
            assert scanned(client) == [str(number) for number in range(count + 10)]
        assert server.stop() == 0
    inside = InProcess(Settings(data_dir=path))
    check_store(inside.emulator.database)
    inside.emulator.close()


def test_background_work_waits_on_a_full_disk(disk: Callable[[str], Path]) -> None:
    """While an index has no room to be filled, requests are answered; with room, it is filled."""
    path = disk("size=20m") / "data"
    with running("--data-dir", str(path)) as server:
        with closing(Client(server.url)) as client:
            client("CreateTable", **table_request() | {"TableName": "full"})
            client("DescribeTable", TableName="full")
            count = put_until_full(client)
            for number in range(count // 3):  # room for the index's definition, but not for its entries
                client("DeleteItem", TableName="full", Key={"pk": {"S": "p"}, "sk": {"S": str(number)}})
            client(
                "UpdateTable",
                TableName="full",
                AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
                GlobalSecondaryIndexUpdates=[{"Create": index_request("late", "g")}],
            )
            names = [str(number) for number in range(count // 3, count)]
            for _ in range(10):
                assert scanned(client) == names
            (index,) = client("DescribeTable", TableName="full")["Table"]["GlobalSecondaryIndexes"]
            assert index["IndexStatus"] == "CREATING"
            disk("size=140m")
            for _ in range(50):  # each request runs one slice, and a slice ends after 4 MB
                (index,) = client("DescribeTable", TableName="full")["Table"]["GlobalSecondaryIndexes"]
            assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", len(names))
        assert server.stop() == 0
    inside = InProcess(Settings(data_dir=path))
    check_store(inside.emulator.database)
    inside.emulator.close()
