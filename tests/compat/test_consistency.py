"""Lagging reads and slow backfills on each kind of server, in all of its processes."""

import pytest

from tests.support.http_clients import Client
from tests.support.tables import index_request

CONNECTIONS = 12
"""The kernel spreads connections over two workers. The chance that one gets all is 1 in 2048."""

KEY = {"pk": {"S": "a"}, "sk": {"S": "b"}}


@pytest.fixture
def clients(endpoint):
    made = [Client(endpoint) for _ in range(CONNECTIONS)]
    yield made
    for client in made:
        client.close()


@pytest.fixture
def frozen(declare):
    """Stop the clock. After the test, it follows the machine's clock again."""
    declare("clock", {"Freeze": True})
    yield
    declare("clock", {"Release": True})


@pytest.fixture
def table(declare, make_table):
    """A table with an index. A lag that the test declares for it ends with the test."""
    made = make_table(define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    yield made
    declare("consistency", {"TableName": made, "Lag": 0})


def seen(client, table, **more):
    return client("GetItem", TableName=table, Key=KEY, **more).get("Item", {}).get("n", {}).get("N")


def entries(client, table):
    return client("Scan", TableName=table, IndexName="global")["Count"]


def test_every_process_shows_the_past(declare, frozen, clients, table):
    assert declare("consistency", {"TableName": table, "Lag": 5}) == (200, {"Tables": 1})
    for number, client in enumerate(clients):  # so many clients that every process writes
        client("PutItem", TableName=table, Item={**KEY, "n": {"N": str(number)}, "g": {"S": "x"}})
    for client in clients:
        assert seen(client, table) is None
        assert seen(client, table, ConsistentRead=True) == str(CONNECTIONS - 1)
        assert entries(client, table) == 0
    declare("clock", {"Advance": 5})
    for client in clients:
        assert (seen(client, table), entries(client, table)) == (str(CONNECTIONS - 1), 1)


def test_a_lag_ends_in_every_process(declare, frozen, clients, table):
    declare("consistency", {"TableName": table, "Lag": 5})
    clients[0]("PutItem", TableName=table, Item={**KEY, "n": {"N": "1"}})
    declare("consistency", {"TableName": table, "Lag": 0})
    for client in clients:
        assert seen(client, table) == "1"


def test_every_process_shows_the_same_lags(declare, table):
    declare("consistency", {"TableName": table, "Lag": 2, "Clock": "Real", "Seed": 4, "Monotonic": False})
    wanted = {"TableName": table, "Lag": 2.0, "Monotonic": False, "Clock": "Real", "Seed": 4}
    for _ in range(CONNECTIONS):
        assert wanted in declare("consistency", b"", "GET")[1]["Lags"]


def test_a_paused_backfill(declare, client, clients, make_table):
    table = make_table()
    client.put_item(TableName=table, Item={**KEY, "g": {"S": "x"}})
    declare("backfill", {"TableName": table, "Paused": True})
    types = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "g")]
    create = {"Create": index_request("later", "g")}
    client.update_table(TableName=table, AttributeDefinitions=types, GlobalSecondaryIndexUpdates=[create])
    for each in clients:
        (index,) = each("DescribeTable", TableName=table)["Table"]["GlobalSecondaryIndexes"]
        assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", True)
    declare("backfill", {"TableName": table, "Paused": False})
    assert declare("wait", {"TableName": table, "IndexName": "later", "Status": "ACTIVE", "Timeout": 30})[0] == 200
    for each in clients:
        assert each("Scan", TableName=table, IndexName="later")["Count"] == 1
