"""No broken request gets the status 500, and a refused request changes nothing.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import json
import re
import zlib
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import AUTO_SCALING, Emulator
from emulator.clock import ManualClock
from emulator.database.views.recording import plain
from emulator.http.front.dynamodb import Answer, DynamoDbEndpoint
from emulator.operations.registry import registered
from emulator.settings import Settings
from tests.support import malformed
from tests.support.engines import settings_of_engine
from tests.support.http_clients import Client, headers
from tests.support.invariants import EVERYTHING, check_store, dump
from tests.support.profile import profile
from tests.support.seeds import (
    BULK,
    DESTINATION,
    EXPORT,
    GROUPS,
    IMPORT,
    INSIGHTS,
    ITEMS,
    JOB_ID,
    OTHER_ACCOUNT,
    READS,
    RECOVERY,
    REFUSED,
    SEEDS,
    SOURCE,
    STREAM_SEED,
    TABLES,
)


def http_headers(operation: str) -> list[tuple[bytes, bytes]]:
    fields = {"host": "localhost:8000", **headers(operation)}
    return [(name.lower().encode(), value.encode()) for name, value in fields.items()]


class World:
    """An emulator with the tables and items that the seeds need; reset() undoes all changes.

    The seeds are the valid requests of tests/support/seeds.py.
    """

    def __init__(self, options: Settings) -> None:
        self.emulator = Emulator(options, ManualClock())
        self.database = self.emulator.database
        self.protocol = DynamoDbEndpoint(self.emulator)
        for table in TABLES:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("emulator.database.changes.streams._new_seed", lambda: STREAM_SEED)
                self.valid("CreateTable", table)
            self.valid("DescribeTable", {"TableName": table["TableName"]})
        self.make_groups()
        self.valid("EnableKinesisStreamingDestination", DESTINATION)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("emulator.operations.s3_jobs._random", lambda: JOB_ID[-7:])
            self.valid("ImportTable", IMPORT)
            self.valid("StartBulkPutItems", BULK)
            self.valid("UpdateContinuousBackups", RECOVERY)
            self.valid("ExportTableToPointInTime", EXPORT)
        self.valid("UpdateContributorInsights", INSIGHTS)
        for table, item in ITEMS:
            self.valid("PutItem", {"TableName": table, "Item": item})
        on = {"PointInTimeRecoveryEnabled": True}
        self.valid("UpdateContinuousBackups", {"TableName": "plain", "PointInTimeRecoverySpecification": on})
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("os.urandom", lambda size: (1).to_bytes(size, "big"))
            self.valid("CreateBackup", {"TableName": "plain", "BackupName": "backup"})
        self.database.background.run_all()
        self.first = self.state()

    def make_groups(self) -> None:
        """Make the global tables. The provisioned one first needs auto scaling of its writes."""
        tracking = {
            "TargetValue": 70,
            "PredefinedMetricSpecification": {"PredefinedMetricType": "DynamoDBWriteCapacityUtilization"},
        }
        caller = self.emulator.caller("test", "us-east-1")
        for resource, kind in (("table/grouped", "table"), ("table/grouped/index/multi", "index")):
            place = {
                "ServiceNamespace": "dynamodb",
                "ResourceId": resource,
                "ScalableDimension": f"dynamodb:{kind}:WriteCapacityUnits",
            }
            policy = {"PolicyName": "p", "TargetTrackingScalingPolicyConfiguration": tracking}
            for operation, members in (
                ("RegisterScalableTarget", {"MinCapacity": 1, "MaxCapacity": 9}),
                ("PutScalingPolicy", policy),
            ):
                self.emulator.call(AUTO_SCALING + operation, place | members, caller)
        for operation, request in SOURCE:
            self.emulator.call(operation, request, self.emulator.caller(OTHER_ACCOUNT, "eu-west-1"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("emulator.database.changes.streams._new_seed", lambda: STREAM_SEED)
            for request in GROUPS:
                self.valid("UpdateTable", request)
                self.database.background.run_all()
                self.valid("DescribeTable", {"TableName": request["TableName"]})  # ends CREATING and UPDATING

    def state(self) -> tuple[Any, Any]:
        """Return all that a request could change: the store, and the definitions in memory."""
        tables = {table.arn: table.definition for table in self.database.catalog.everything()}
        return dump(self.database), tables

    def reset(self) -> None:
        """Bring the store and the definitions back to the first state."""
        self.database.background.run_all()
        with self.database.write() as recording:
            txn = plain(recording)  # writes that the backup's frozen view does not notice
            txn.drop_range(*EVERYTHING, 1 << 30)
            for key, value in self.first[0]:
                txn.put(key, value)
        self.database.refresh()

    def post(self, operation: str, body: bytes) -> Answer:
        return self.protocol.respond("POST", b"", http_headers(operation), body)

    def valid(self, operation: str, request: dict[str, Any]) -> Answer:
        answer = self.post(operation, json.dumps(request).encode())
        assert answer.status == 200, (operation, request, answer.body)
        return answer

    def throw(self, operation: str, body: bytes) -> None:
        """Send a request that may be broken; check its answer and its effect."""
        answer = self.post(operation, body)
        check_answer(answer.status, dict(answer.headers), answer.body)
        if self.state() == self.first:
            return
        assert answer.status == 200, answer.body
        assert operation not in READS
        self.database.background.run_all()
        check_store(self.database)
        self.reset()
        assert self.state() == self.first


TYPE = re.compile(r"com\.amazon(aws\.dynamodb\.v20120810|\.coral\.(service|validate))#[A-Za-z]+")


def check_answer(status: int, headers: dict[bytes, bytes], body: bytes) -> None:
    """Assert that an answer to a POST is well-formed and not a server error."""
    assert status in (200, 400), body
    assert headers[b"content-type"] == b"application/x-amz-json-1.0"
    assert int(headers[b"content-length"]) == len(body)
    assert int(headers[b"x-amz-crc32"]) == zlib.crc32(body)
    assert re.fullmatch(rb"[0-9A-Z]{52}", headers[b"x-amzn-requestid"])
    if status == 200:
        assert body == b"" or isinstance(json.loads(body), dict)
        return
    error = json.loads(body)
    assert TYPE.fullmatch(error["__type"]), body
    assert all(text and isinstance(text, str) for name, text in error.items() if name.lower() == "message")


@pytest.fixture(scope="module")
def world(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("world") / "data"
    # Nothing listens at this address. The tests never run the code that would connect to it.
    made = World(settings_of_engine(engine_name, folder, kinesis_endpoint="http://127.0.0.1:9"))
    yield made
    made.emulator.close()


def test_every_operation_has_seeds() -> None:
    hint = "add valid requests of each operation to SEEDS in tests/support/seeds.py"
    assert SEEDS.keys() == registered().keys(), hint


@pytest.mark.parametrize("operation", SEEDS)
def test_seeds_are_valid(world: World, operation: str) -> None:
    """The broken requests are changed seeds. They reach later checks only if seeds are valid."""
    changes = []
    for request in SEEDS[operation]:
        if operation in REFUSED:
            assert world.post(operation, json.dumps(request).encode()).status == 400
            assert world.state() == world.first
            continue
        world.valid(operation, request)
        world.database.background.run_all()
        check_store(world.database)
        changes.append(world.state() != world.first)
        world.reset()
    assert any(changes) == (operation not in READS and operation not in REFUSED)


LARGE_OPERATIONS = (
    *("PutItem", "UpdateItem", "DeleteItem", "Query", "Scan", "TransactWriteItems", "ExecuteStatement"),
    *("CreateTable", "UpdateTable"),
)


@pytest.mark.parametrize("operation", sorted(SEEDS))
def test_broken_requests(world: World, operation: str) -> None:
    seeds = [malformed.bodies(seed) for seed in SEEDS[operation]]

    @profile(90 if operation in LARGE_OPERATIONS else 30)
    @given(body=st.one_of(seeds))
    def throw(body: bytes) -> None:
        world.throw(operation, body)

    throw()


def test_requests_of_the_wrong_operation(world: World) -> None:
    """Each valid request is sent to every operation."""
    for operation in SEEDS:
        for seed in [seed for seeds in SEEDS.values() for seed in seeds]:
            world.throw(operation, json.dumps(seed).encode())


def test_broken_headers(world: World) -> None:
    @profile(150)
    @given(
        method=malformed.methods,
        query=malformed.queries,
        sent=st.lists(st.tuples(malformed.header_names, malformed.header_values), max_size=4),
        body=malformed.bodies(SEEDS["GetItem"][0]),
    )
    def throw(method: str, query: bytes, sent: list[tuple[bytes, bytes]], body: bytes) -> None:
        answer = world.protocol.respond(method, query, [*sent, *http_headers("GetItem")], body)
        found = dict(answer.headers)
        assert int(found[b"content-length"]) == len(answer.body)
        assert int(found[b"x-amz-crc32"]) == zlib.crc32(answer.body)
        if answer.status == 500:  # the answer for a broken content coding (behaviour 1.1)
            assert b"content-encoding" in dict(sent)
            assert json.loads(answer.body)["__type"] == "com.amazonaws.dynamodb.v20120810#InternalServerError"
        else:
            assert answer.status in (200, 400, 404), answer.body
        assert world.state() == world.first

    throw()


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return a request with other names of tables. `names` maps old names to new ones."""
    if isinstance(value, dict):
        return {names.get(name, name): renamed(inner, names) for name, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    return names.get(value, value) if isinstance(value, str) else value


def test_broken_requests_over_http(endpoint: str, make_table: Any) -> None:
    """Send broken requests through sockets. A scan shows whether they have changed the table."""
    name = make_table(
        "pk:S sk:N", **{key: value for key, value in TABLES[0].items() if key not in ("TableName", "KeySchema")}
    )

    with closing(Client(endpoint)) as connection:
        throw_over_http(connection, name)


def throw_over_http(connection: Client, name: str) -> None:
    def valid(operation: str, **request: Any) -> Any:
        return connection(operation, TableName=name, **request)

    def items() -> Any:
        return sorted(valid("Scan", ConsistentRead=True)["Items"], key=json.dumps)

    def start() -> Any:
        for item in items():
            valid("DeleteItem", Key={key: item[key] for key in ("pk", "sk")})
        for table, item in ITEMS:
            if table == "music":
                valid("PutItem", Item=item)
        return items()

    first = start()
    operations = ["PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchWriteItem", "BatchGetItem"]
    seeds = [
        (operation, renamed(seed, {"music": name, "plain": "no-such-table"}))
        for operation in operations
        for seed in SEEDS[operation]
    ]
    broken = st.one_of([st.tuples(st.just(operation), malformed.bodies(seed)) for operation, seed in seeds])

    @profile(80)
    @given(request=broken)
    def throw(request: tuple[str, bytes]) -> None:
        operation, body = request
        status, fields, answer = connection.post(operation, body)
        check_answer(status, fields, answer)
        if items() != first:
            assert status == 200, answer
            assert operation not in READS
            assert start() == first

    throw()
