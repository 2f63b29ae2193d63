"""The control `wait` over HTTP: a call that begins before a write is answered after it.

Each call of a control uses a separate connection, so with two workers, simultaneous waits are
distributed over both. No test sleeps: each writes once the server reports that the wait has begun.
"""

import http.client
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import boto3
import pytest

from emulator.commands import control
from tests.support.http_clients import boto_options
from tests.support.tables import new_name, table_request

IMAGES = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
PATIENCE = 60  # seconds until a test fails; a wait usually ends 0.05 seconds after the write
MANY = 8  # simultaneous waits; the probability that one of two workers gets all of them is 1 in 128


def until(holds):
    """Call holds() without pause until it returns true."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end


@pytest.fixture
def under_way(declare):
    """under_way() returns the number of unanswered waits in all workers."""
    return lambda: declare("wait", b"", "GET")[1]["Waits"]


@pytest.fixture
def begun(declare, under_way):
    """begun(*bodies) begins waits, and returns a function that returns their answers."""
    pool = ThreadPoolExecutor(MANY)

    def begin(*bodies):
        before = under_way()
        calls = [pool.submit(declare, "wait", {"Timeout": PATIENCE, **body}) for body in bodies]
        until(lambda: under_way() == before + len(bodies) or any(call.done() for call in calls))
        assert [call.result() for call in calls if call.done()] == []
        return lambda: [call.result() for call in calls]

    yield begin
    pool.shutdown()


def test_an_item(client, shared_table, key, begun):
    values = {":s": {"S": "shipped"}}
    body = {"TableName": shared_table, "Key": key, "ConditionExpression": "x = :s", "ExpressionAttributeValues": values}
    answers = begun(*[body] * MANY)
    client.put_item(TableName=shared_table, Item={**key, "x": {"S": "sent"}})
    client.put_item(TableName=shared_table, Item={**key, "x": {"S": "shipped"}})
    assert answers() == [(200, {"Item": {**key, "x": {"S": "shipped"}}})] * MANY
    answers = begun({"TableName": shared_table, "Key": key, "ConditionExpression": "attribute_not_exists(pk)"})
    client.delete_item(TableName=shared_table, Key=key)
    assert answers() == [(200, {"Item": None})]


def test_a_count(client, shared_table, key, begun):
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": key["pk"]}}
    answers = begun(*[{"TableName": shared_table, "Count": {"GE": 3}, **condition}] * MANY)
    for number in range(3):
        client.put_item(TableName=shared_table, Item={**key, "sk": {"S": f"{number}"}})
    assert answers() == [(200, {"Count": 3})] * MANY


def test_a_count_of_many_pages(client, shared_table, key, declare):
    for number in range(12):
        client.put_item(TableName=shared_table, Item={**key, "sk": {"S": f"{number}"}, "x": {"S": "x" * 300_000}})
    condition = {"FilterExpression": "begins_with(x, :x)", "ExpressionAttributeValues": {":x": {"S": "xxx"}}}
    assert declare("wait", {"TableName": shared_table, "Count": 12, **condition}) == (200, {"Count": 12})


def test_a_stream_record(client, make_table, key, begun):
    table = make_table(StreamSpecification=IMAGES)
    pattern = {"eventName": ["REMOVE"], "dynamodb": {"OldImage": {"x": {"S": [{"prefix": "ye"}]}}}}
    answers = begun(*[{"TableName": table, "Record": pattern}] * MANY)
    for value in ("no", "yes"):
        client.put_item(TableName=table, Item={**key, "x": {"S": value}})
        client.delete_item(TableName=table, Key=key)
    for status, answer in answers():
        assert (status, answer["Count"]) == (200, 1)
        assert answer["Records"][0]["dynamodb"]["OldImage"]["x"] == {"S": "yes"}


def test_a_table(client, begun):
    request = table_request()
    name = request["TableName"]
    answers = begun({"TableName": name, "Status": "ACTIVE"}, {"TableName": name, "Count": 0})
    client.create_table(**request)
    assert answers() == [(200, {"Status": "ACTIVE"}), (200, {"Count": 0})]
    answers = begun({"TableName": name, "Status": "NOT_FOUND"})
    client.delete_table(TableName=name)
    assert answers() == [(200, {"Status": "NOT_FOUND"})]


def test_time_to_live(client, make_table, key, begun, declare):
    """The item has already expired, so a wait for its deletion ends with the next sweep."""
    table = make_table()
    answers = begun({"TableName": table, "TimeToLiveStatus": "ENABLED"})
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ends"})
    assert answers() == [(200, {"TimeToLiveStatus": "ENABLED"})]
    client.put_item(TableName=table, Item={**key, "ends": {"N": str(int(declare("clock", b"", "GET")[1]["Now"]) - 60)}})
    answers = begun({"TableName": table, "Expired": key})
    assert declare("ttl", {"TableName": table})[1]["Deleted"] == 1
    assert answers() == [(200, {"Item": None})]


def test_another_access_key(endpoint, client, make_table, key, begun):
    """Two access keys have a table of this name; the wait concerns the table of its AccessKey."""
    table = make_table()
    other = boto3.client("dynamodb", **boto_options(endpoint, key="waiting"))
    other.create_table(**{**table_request("pk:S sk:S"), "TableName": table})
    answers = begun(
        {"TableName": table, "Key": key, "AccessKey": "waiting", "ConditionExpression": "attribute_exists(x)"}
    )
    client.put_item(TableName=table, Item={**key, "x": {"S": "ours"}})
    other.put_item(TableName=table, Item={**key, "x": {"S": "theirs"}})
    assert answers() == [(200, {"Item": {**key, "x": {"S": "theirs"}}})]
    other.delete_table(TableName=table)


def test_what_was_seen_last(client, shared_table, key, declare):
    client.put_item(TableName=shared_table, Item=key)
    body = {"TableName": shared_table, "Key": key, "ConditionExpression": "attribute_exists(x)", "Timeout": 0.01}
    item = json.dumps(key, separators=(",", ":"))
    text = f'the condition was not met within 0.01 seconds; the last state was {{"Item":{item}}}'
    assert declare("wait", body) == (408, {"message": text, "LastSeen": {"Item": key}})
    absent = new_name("absent")
    status, answer = declare("wait", {"TableName": absent, "Status": "ACTIVE", "Timeout": 0})
    assert (status, answer["LastSeen"]) == (408, {"Status": "NOT_FOUND"})


def test_bad_bodies(declare):
    text = "the member Timeout must be a number of seconds from 0 to 3600"
    assert declare("wait", {"Timeout": "1"}) == (400, {"message": text})
    assert declare("wait", b"{") == (400, {"message": "the body is not JSON"})


def test_a_client_that_goes_away_ends_its_wait(endpoint, under_way):
    """The server notices the closed connection, although it has nothing to send."""
    before = under_way()
    clients = [http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=PATIENCE) for _ in range(MANY)]
    body = json.dumps({"TableName": "never", "Status": "ACTIVE", "Timeout": 3600})
    for each in clients:
        each.request("POST", "/_emulator/wait", body)
    until(lambda: under_way() == before + MANY)
    for each in clients:
        each.close()
    until(lambda: under_way() == before)


def test_others_are_served_during_a_wait(client, shared_table, key, begun):
    answers = begun(*[{"TableName": shared_table, "Key": key}] * MANY)
    for number in range(50):
        client.put_item(TableName=shared_table, Item={**key, "sk": {"S": f"{number}"}})
    client.put_item(TableName=shared_table, Item=key)
    assert answers() == [(200, {"Item": key})] * MANY


def test_the_command(endpoint, client, shared_table, key, capsys):
    client.put_item(TableName=shared_table, Item=key)
    body = {"TableName": shared_table, "Key": key}
    assert control.main(["wait", json.dumps(body), "--endpoint", endpoint]) == 0
    assert json.loads(capsys.readouterr().out) == {"Item": key}
    body["ConditionExpression"] = "attribute_not_exists(pk)"
    assert control.main(["wait", json.dumps({**body, "Timeout": 0}), "--endpoint", endpoint]) == 1
    assert capsys.readouterr().err.startswith(
        "dynamodb-emulator: the condition was not met within 0 seconds; the last state was "
    )
