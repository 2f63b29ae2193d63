"""Faults as SDKs see them, on each kind of server. Its processes count requests together."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError, ReadTimeoutError

from tests.support.http_clients import boto_options, declaring
from tests.support.servers import running
from tests.support.tables import new_name, table_request

CONNECTIONS = 12
"""The kernel spreads connections over two workers. The chance that one gets all is 1 in 2048."""


@pytest.fixture
def fault(declare):
    """fault(kind, match, ...) adds a rule and returns its name. All rules end with the test."""

    def add(kind, match, seed=0, **members):
        status, rule = declare("faults", {"Match": match, "Effect": {"Kind": kind, **members}, "Seed": seed})
        assert status == 200, rule
        return rule["Id"]

    yield add
    declare("faults/remove", {})


def counts(declare, name):
    (found,) = [each for each in declare("faults", b"", "GET")[1]["Faults"] if each["Id"] == name]
    return found["Matched"], found["Hits"]


def new_client(endpoint, attempts=1, **options):
    """Return a client with a new connection, which sends a request at most `attempts` times."""
    given = boto_options(endpoint)
    config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, parameter_validation=False, **options)
    return boto3.client("dynamodb", **{**given, "config": config})


@pytest.fixture
def clients(endpoint):
    made = [new_client(endpoint) for _ in range(CONNECTIONS)]
    for client in made:
        client.list_tables(Limit=1)  # so that the client opens its connection
    yield made
    for client in made:
        client.close()


def test_workers_count_together(fault, declare, clients, make_table):
    table = make_table()
    name = fault("Error", {"TableName": table, "Next": 5})
    failed = []
    for client in clients:
        try:
            client.describe_table(TableName=table)
        except ClientError as error:
            failed.append(error.response["Error"]["Code"])
    assert failed == ["InternalServerError"] * 5
    assert counts(declare, name) == (CONNECTIONS, 5)


def test_no_request_is_lost_or_counted_twice_at_once(fault, declare, clients, make_table):
    table = make_table()
    name = fault("Error", {"TableName": table, "Every": 4})

    def fails(client):
        failed = 0
        for _ in range(20):
            try:
                client.describe_table(TableName=table)
            except ClientError:
                failed += 1
        return failed

    with ThreadPoolExecutor(len(clients)) as pool:
        failed = sum(pool.map(fails, clients))
    assert (failed, counts(declare, name)) == (CONNECTIONS * 5, (CONNECTIONS * 20, CONNECTIONS * 5))


def test_the_throttles_of_all_workers_are_explained(fault, declare, clients, make_table):
    table = make_table()
    name = fault("Throttle", {"TableName": table, "Operation": "GetItem"})
    key = {"pk": {"S": "a"}, "sk": {"S": "b"}}
    for client in clients:
        with pytest.raises(ClientError):
            client.get_item(TableName=table, Key=key)
    found = [each for each in declare("throttles", b"", "GET")[1]["Throttles"] if each["TableName"] == table]
    assert [(each["Fault"], each["Operation"], each["Key"]) for each in found] == [(name, "GetItem", key)] * CONNECTIONS


def test_every_third_request_of_all_workers(fault, clients, make_table):
    table = make_table()
    fault("Throttle", {"TableName": table, "Every": 3})
    hit = []
    for number, client in enumerate(clients, 1):
        try:
            client.get_item(TableName=table, Key={"pk": {"S": "a"}, "sk": {"S": "b"}})
        except ClientError:
            hit.append(number)
    assert hit == [3, 6, 9, 12]


def drawn(fault, declare, clients, table):
    name = fault("Error", {"TableName": table, "Share": 0.5}, seed=11)
    found = []
    for client in [*clients, *clients]:
        try:
            client.describe_table(TableName=table)
            found.append(False)
        except ClientError:
            found.append(True)
    declare("faults/remove", {"Id": name})
    return found


def test_a_share_is_the_same_in_each_run(fault, declare, clients, make_table):
    table = make_table()
    first = drawn(fault, declare, clients, table)
    assert drawn(fault, declare, clients[::-1], table) == first
    assert 0 < sum(first) < 2 * CONNECTIONS


def test_a_removed_rule_ends_in_all_workers(fault, declare, clients, make_table):
    table = make_table()
    name = fault("Error", {"TableName": table})
    assert declare("faults/remove", {"Id": name}) == (200, {"Removed": 1})
    for client in clients:
        client.describe_table(TableName=table)


@pytest.mark.parametrize(
    ("kind", "members"),
    [("Error", {}), ("Error", {"Code": "ServiceUnavailable"}), ("Drop", {}), ("Throttle", {})],
)
def test_boto3_retries(fault, declare, endpoint, make_table, kind, members):
    table = make_table()
    client = new_client(endpoint, attempts=3)
    name = fault(kind, {"TableName": table, "Operation": "PutItem", "Next": 2}, **members)
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": "b"}})
    assert counts(declare, name) == (3, 2)
    assert client.scan(TableName=table)["Count"] == 1


def test_a_retried_update_counts_twice(fault, endpoint, make_table):
    """The server closes the connection after the write, so the SDK sends the update again."""
    table = make_table()
    client = new_client(endpoint, attempts=3)
    fault("Drop", {"TableName": table, "Operation": "UpdateItem", "Next": 1}, After=True)
    answer = client.update_item(
        TableName=table,
        Key={"pk": {"S": "a"}, "sk": {"S": "b"}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
        ReturnValues="ALL_NEW",
    )
    assert answer["Attributes"]["n"] == {"N": "2"}


def test_a_dropped_connection(fault, endpoint, make_table):
    table = make_table()
    client = new_client(endpoint)
    fault("Drop", {"TableName": table, "Operation": "DescribeTable"})
    with pytest.raises((ConnectionClosedError, HTTPClientError, client.exceptions.ClientError)) as caught:
        client.describe_table(TableName=table)
    # An ASGI application cannot close a connection before it has sent a head, so it sends a 500.
    status = (getattr(caught.value, "response", None) or {}).get("ResponseMetadata", {}).get("HTTPStatusCode")
    assert isinstance(caught.value, ConnectionClosedError) or status == 500


def test_a_timeout_of_the_client(fault, endpoint, make_table):
    table = make_table()
    client = new_client(endpoint, read_timeout=0.2)
    fault("Timeout", {"TableName": table, "Operation": "DescribeTable"})
    with pytest.raises(ReadTimeoutError):
        client.describe_table(TableName=table)
    new_client(endpoint).list_tables(Limit=1)  # meanwhile, the server answers other clients


def test_latency(fault, endpoint, make_table):
    table = make_table()
    client = new_client(endpoint)
    fault("Latency", {"TableName": table}, Seconds=0.3)
    began = time.perf_counter()
    client.describe_table(TableName=table)
    assert time.perf_counter() - began >= 0.3


def test_a_batch_writer_writes_everything(fault, endpoint, make_table):
    """boto3's batch writer sends unprocessed items again until there are none."""
    table = make_table()
    resource = boto3.resource("dynamodb", **boto_options(endpoint))
    fault("Unprocessed", {"TableName": table}, Share=0.4)
    with resource.Table(table).batch_writer() as writer:
        for number in range(40):
            writer.put_item({"pk": "a", "sk": f"{number:02}"})
    assert resource.Table(table).scan()["Count"] == 40


def test_a_paginator_reads_everything(fault, client, make_table):
    table = make_table()
    for number in range(7):
        client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"S": str(number)}})
    fault("ShortPage", {"TableName": table}, Items=2)
    pages = list(client.get_paginator("scan").paginate(TableName=table))
    assert [page["Count"] for page in pages] == [2, 2, 2, 1]


def test_a_reset_ends_faults_in_all_workers():
    with running("--in-memory", "--workers", "2") as server:
        declare = declaring(server.url)
        assert declare("faults", {"Effect": {"Kind": "Error"}})[0] == 200
        declare("reset", {})
        for _ in range(CONNECTIONS):
            new_client(server.url).list_tables()


def test_a_restarted_worker_has_the_faults_and_goes_on_counting():
    with running("--in-memory", "--workers", "2") as server:
        declare = declaring(server.url)
        declare("faults", {"Match": {"Operation": "ListTables", "Every": 2}, "Effect": {"Kind": "Error"}})
        before = server.workers()
        os.kill(before[1], signal.SIGKILL)
        failed = []
        for number in range(2 * CONNECTIONS):
            try:
                new_client(server.url).list_tables()
            except ClientError:
                failed.append(number)
        assert failed == list(range(1, 2 * CONNECTIONS, 2))
        assert server.workers() != before


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("flag", "reads", "writes"),
    [
        ("--error-probability", True, True),
        ("--read-error-probability", True, False),
        ("--write-error-probability", False, True),
    ],
)
def test_faults_of_settings(workers, flag, reads, writes):
    with running("--in-memory", "--workers", workers, flag, "1") as server:
        client = new_client(server.url)
        client.create_table(**{**table_request("pk:S"), "TableName": "ttt"})
        declaring(server.url)("reset", {"TableName": "ttt"})
        codes = []
        for send in (client.get_item, client.put_item):
            try:
                send(TableName="ttt", **{"Key" if send == client.get_item else "Item": {"pk": {"S": "a"}}})
                codes.append(False)
            except ClientError as error:
                codes.append(error.response["Error"]["Code"] == "ThrottlingException")
        assert codes == [reads, writes]
        rules = declaring(server.url)("faults", b"", "GET")[1]["Faults"]
        assert [(rule["Matched"], rule["Hits"]) for rule in rules] == [(reads + writes, reads + writes)]
        declaring(server.url)("reset", {})
        assert len(declaring(server.url)("faults", b"", "GET")[1]["Faults"]) == 1


def test_only_one_account_has_a_fault(fault, endpoint):
    other = new_name("k")
    fault("Error", {"AccessKey": other})
    boto3.client("dynamodb", **boto_options(endpoint)).list_tables()
    with pytest.raises(ClientError):
        boto3.client("dynamodb", **boto_options(endpoint, key=other)).list_tables()
