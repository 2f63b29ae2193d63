"""Requests for items that a declared transaction holds, over HTTP (behaviour 8.4).

Each declaration lasts ten minutes, unless a second call ends it. So no test waits for a clock.
"""

import json
import subprocess
import sys

import boto3
import pytest

from tests.support.http_clients import boto_options, without_metadata
from tests.support.servers import running
from tests.support.tables import new_name, table_request

CONFLICT = ("TransactionConflictException", "Transaction is ongoing for the item")
REASON = {"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}
NONE = {"Code": "None"}


@pytest.fixture
def held(client, shared_table, declare, key):
    """The key of an item that a declared transaction holds."""
    client.put_item(TableName=shared_table, Item=key)
    request = {"TableName": shared_table, "Key": key}
    assert declare("transactions", {**request, "Seconds": 600}) == (200, {})
    yield key
    assert declare("transactions", {**request, "Seconds": 0}) == (200, {})


@pytest.mark.parametrize(
    ("method", "request_of"),
    [
        ("put_item", lambda table, key: {"TableName": table, "Item": {**key, "a": {"S": ""}}}),
        ("update_item", lambda table, key: {"TableName": table, "Key": key}),
        ("delete_item", lambda table, key: {"TableName": table, "Key": key}),
    ],
)
def test_writes(client, shared_table, held, refused, method, request_of):
    assert refused(method, **request_of(shared_table, held)) == CONFLICT
    found = client.get_item(TableName=shared_table, Key=held, ConsistentRead=True)
    assert found["Item"] == held
    getattr(client, method)(**request_of(shared_table, {**held, "sk": {"S": "another"}}))


@pytest.mark.parametrize("kind", ["Put", "Update", "Delete", "ConditionCheck"])
def test_transactions_that_write(client, shared_table, held, canceled, kind):
    item = {
        "Put": {"Item": held},
        "Update": {"Key": held, "UpdateExpression": "REMOVE a"},
        "Delete": {"Key": held},
        "ConditionCheck": {"Key": held, "ConditionExpression": "attribute_exists(pk)"},
    }[kind]
    other = {**held, "sk": {"S": "another"}}
    actions = [{kind: {"TableName": shared_table, **item}}, {"Put": {"TableName": shared_table, "Item": other}}]
    assert canceled("transact_write_items", TransactItems=actions) == [REASON, NONE]
    assert "Item" not in client.get_item(TableName=shared_table, Key=other, ConsistentRead=True)


def test_transactions_that_read(shared_table, held, canceled):
    gets = [{"Get": {"TableName": shared_table, "Key": key}} for key in ({**held, "sk": {"S": "another"}}, held)]
    assert canceled("transact_get_items", TransactItems=gets) == [NONE, REASON]


def test_plain_reads(client, shared_table, held):
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": held["pk"]}}
    assert client.get_item(TableName=shared_table, Key=held)["Item"] == held
    assert client.query(TableName=shared_table, **query)["Items"] == [held]
    answer = client.batch_get_item(RequestItems={shared_table: {"Keys": [held]}})
    assert answer["Responses"] == {shared_table: [held]}


def test_the_simulation_ends(client, shared_table, declare, held, refused):
    request = {"TableName": shared_table, "Key": held}
    assert refused("delete_item", **request) == CONFLICT
    assert declare("transactions", {**request, "Seconds": 0}) == (200, {})
    client.delete_item(**request)
    assert declare("transactions", {**request, "Seconds": 600}) == (200, {})
    assert refused("delete_item", **request) == CONFLICT


def test_an_arn_means_one_table_of_one_account(endpoint, declare, key):
    """A name means all tables of that name: of every access key, and in every region."""
    name = new_name()
    clients = [boto3.client("dynamodb", **boto_options(endpoint, f"{number}23456789012")) for number in range(2)]
    arns = []
    for each in clients:
        table = each.create_table(**{**table_request(), "TableName": name})["TableDescription"]
        each.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
        arns.append(table["TableArn"])
    assert declare("transactions", {"TableName": arns[1], "Key": key, "Seconds": 600}) == (200, {})
    clients[0].put_item(TableName=name, Item=key)
    with pytest.raises(clients[1].exceptions.TransactionConflictException):
        clients[1].put_item(TableName=name, Item=key)
    assert declare("transactions", {"TableName": name, "Key": key, "Seconds": 600}) == (200, {})
    for each in clients:
        with pytest.raises(each.exceptions.TransactionConflictException):
            each.put_item(TableName=name, Item=key)
        each.delete_table(TableName=name)


def test_a_token(client, shared_table, declare, key, refused):
    token = new_name("token")
    request = {"TransactItems": [{"Put": {"TableName": shared_table, "Item": key}}], "ClientRequestToken": token}
    assert declare("transactions", {"ClientRequestToken": token, "Seconds": 600}) == (200, {})
    text = "The transaction with the given request token is already in progress."
    assert refused("transact_write_items", **request) == ("TransactionInProgressException", text)
    client.put_item(TableName=shared_table, Item=key)
    assert declare("transactions", {"ClientRequestToken": token, "Seconds": 0}) == (200, {})
    assert without_metadata(client.transact_write_items(**request)) == {}


# --- declarations ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "the member Seconds is missing or of a wrong type"),
        ([], "the body must be a JSON object"),
        ({"TableName": "t", "Key": {"pk": {"S": "p"}}}, "the member Seconds is missing or of a wrong type"),
        ({"TableName": "t", "Seconds": 1}, "the member Key is missing or of a wrong type"),
        ({"Key": {"pk": {"S": "p"}}, "Seconds": 1}, "the member TableName is missing or of a wrong type"),
        (
            {"TableName": "t", "Key": {"pk": "p"}, "Seconds": 1},
            "the member Key is not a key: Unexpected value type in payload",
        ),
        (
            {"TableName": "t", "Key": {"pk": {"S": "p"}}, "Second": 1},
            "there is no member Second; there are: TableName, Key, Seconds",
        ),
        (
            {"ClientRequestToken": "c", "TableName": "t", "Seconds": 1},
            "there is no member TableName; there are: ClientRequestToken, Seconds",
        ),
        ({"ClientRequestToken": None, "Seconds": 1}, "the member ClientRequestToken is missing or of a wrong type"),
    ],
)
def test_bad_declarations(declare, body, text):
    assert declare("transactions", body) == (400, {"message": text})


def test_the_start_option():
    declared = {"TableName": "Orders", "Key": {"pk": {"S": "p"}, "sk": {"S": "1"}}, "Seconds": 600}
    text = json.dumps([declared, {"ClientRequestToken": "t-1", "Seconds": 600}])
    with running("--in-memory", "--ongoing-transaction", text) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        client.create_table(**{**table_request(), "TableName": "Orders"})
        with pytest.raises(client.exceptions.TransactionConflictException):
            client.put_item(TableName="Orders", Item=declared["Key"])
        put = {"Put": {"TableName": "Orders", "Item": {**declared["Key"], "sk": {"S": "2"}}}}
        with pytest.raises(client.exceptions.TransactionInProgressException):
            client.transact_write_items(TransactItems=[put], ClientRequestToken="t-1")
        client.transact_write_items(TransactItems=[put])


@pytest.mark.parametrize(
    ("option", "text", "problem"),
    [
        ("--ongoing-transaction", "{", "--ongoing-transaction: it is not JSON"),
        (
            "--ongoing-transaction",
            '{"TableName": "t", "Seconds": 1}',
            "--ongoing-transaction: the member Key is missing or of a wrong type",
        ),
    ],
)
def test_a_bad_start_option(option, text, problem):
    command = [sys.executable, "-m", "emulator", "--port", "0", "--in-memory", option, text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (2, f"dynamodb-emulator: {problem}\n")
