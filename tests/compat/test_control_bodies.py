"""Wrong calls of controls over HTTP, and controls that take effect in all workers.

A wrong call changes nothing. Every call uses a separate connection. With two workers, the
connections are distributed over both.
"""

import boto3
import pytest

from emulator.controls import registry
from tests.support.http_clients import boto_options
from tests.support.tables import new_name, table_request

ABSENT = "no-test-creates-this"  # a random name would give each xdist worker different test ids
TYPE = "the member {} is missing or of a wrong type"
THERE_ARE = "there is no member {}; there are: {}"
KEY = {"pk": {"S": "a"}}
EXPLAIN = "Statement, Parameters, ConsistentRead, AccessKey, Region"
SAVE = "Name, AccessKey, Region, Tables, Replace"

BAD = [
    ("consistency", {}, TYPE.format("Lag")),
    ("consistency", {"Lag": True}, TYPE.format("Lag")),
    ("consistency", {"Lag": -1}, "the member Lag must be a number of seconds from 0 to 3600"),
    ("consistency", {"Lag": 4000}, "the member Lag must be a number of seconds from 0 to 3600"),
    ("consistency", {"Lag": 1, "TableName": 1}, TYPE.format("TableName")),
    ("consistency", {"Lag": 1, "Monotonic": 1}, TYPE.format("Monotonic")),
    ("consistency", {"Lag": 1, "Clock": "Wall"}, "the member Clock must be Emulator or Real"),
    ("consistency", {"Lag": 1, "Seed": "a"}, TYPE.format("Seed")),
    ("consistency", {"Seconds": 1}, THERE_ARE.format("Seconds", "TableName, Lag, Monotonic, Clock, Seed")),
    ("advice", {"Table": "t"}, THERE_ARE.format("Table", "AccessKey, Region, TableName, Confidence, Format")),
    ("advice", {"TableName": 1}, TYPE.format("TableName")),
    ("advice", {"Confidence": "sure"}, "the member Confidence must be one of possible, likely, certain"),
    ("advice", {"Format": "html"}, "the member Format must be one of json, text, sarif, junit"),
    ("advise", {}, TYPE.format("Enabled")),
    ("advise", {"Enabled": 1}, TYPE.format("Enabled")),
    ("advise", {"Enabled": True, "Limit": 5}, THERE_ARE.format("Limit", "Enabled")),
    ("consumption", {"Table": "t"}, THERE_ARE.format("Table", "AccessKey, Region")),
    ("consumption", {"Region": 1}, TYPE.format("Region")),
    ("iam-policy", {"Table": "t"}, THERE_ARE.format("Table", "AccessKey, Region")),
    ("iam-policy", {"AccessKey": None}, TYPE.format("AccessKey")),
    ("backfill", {}, "the body has neither the member ItemsPerSecond nor the member Paused"),
    ("backfill", {"ItemsPerSecond": -1}, "the member ItemsPerSecond must be a number above 0, or null"),
    ("backfill", {"Paused": "yes"}, TYPE.format("Paused")),
    ("backfill", {"TableName": 1, "Paused": True}, TYPE.format("TableName")),
    ("backfill", {"Rate": 1}, THERE_ARE.format("Rate", "TableName, ItemsPerSecond, Paused")),
    ("copy", {}, TYPE.format("Folder")),
    ("copy", {"Folder": 1}, TYPE.format("Folder")),
    ("copy", {"Folder": "f", "Overwrite": True}, THERE_ARE.format("Overwrite", "Folder")),
    ("faults", {}, "the member Effect is missing or not a JSON object"),
    ("faults", {"Effect": {"Kind": "Drop"}, "Rule": 1}, THERE_ARE.format("Rule", "Match, Effect, Seed")),
    ("faults/remove", {"Id": 1}, TYPE.format("Id")),
    ("faults/remove", {"Id": "f-0"}, "there is no fault f-0"),
    ("faults/remove", {"Name": "f-0"}, THERE_ARE.format("Name", "Id")),
    ("cloudwatch", {"TableName": 1}, TYPE.format("TableName")),
    ("cloudwatch", {"Table": "t"}, THERE_ARE.format("Table", "AccessKey, Region, TableName")),
    ("count_requests", {}, TYPE.format("Enabled")),
    ("count_requests", {"Enabled": "yes"}, TYPE.format("Enabled")),
    ("dead_letters", {"UUID": 1}, TYPE.format("UUID")),
    ("dead_letters", {"Id": ABSENT}, f"there is no dead letter {ABSENT}"),
    ("dead_letters", {"Limit": 1}, THERE_ARE.format("Limit", "UUID, Id")),
    ("explain", {}, TYPE.format("Statement")),
    ("explain", {"Statement": "SELECT", "Parameters": {}}, TYPE.format("Parameters")),
    ("explain", {"Statement": "SELECT", "Limit": 1}, THERE_ARE.format("Limit", EXPLAIN)),
    ("keep_requests", {}, TYPE.format("Enabled")),
    ("keep_requests", {"Enabled": 1}, TYPE.format("Enabled")),
    ("keep_requests", {"Enabled": True, "Limit": 5}, THERE_ARE.format("Limit", "Enabled")),
    ("redeliver", {}, "the body must have exactly one of the members UUID and Id"),
    ("redeliver", {"UUID": ABSENT}, f"there is no event source mapping {ABSENT}"),
    ("redeliver", {"Id": ABSENT}, f"there is no dead letter {ABSENT}"),
    ("replication", {}, TYPE.format("TableName")),
    ("replication", {"TableName": "t"}, "the body must have at least one of the members Delay and Paused"),
    ("replication", {"TableName": "t", "Delay": -1}, "the member Delay must be a number of seconds, 0 or more"),
    ("replication", {"TableName": "t", "Delay": True}, TYPE.format("Delay")),
    ("replication", {"TableName": "t", "Paused": 1}, TYPE.format("Paused")),
    ("replication", {"TableName": "t", "From": 1, "Paused": True}, TYPE.format("From")),
    ("replication", {"TableName": ABSENT, "Paused": True}, f"there is no table {ABSENT}"),
    ("replication", {"Table": "t"}, THERE_ARE.format("Table", "TableName, From, To, Delay, Paused")),
    ("request", {"Id": ABSENT}, "the member Id must be the Id of a request, or Last of an earlier result"),
    ("request", {"Id": "1-0"}, "the server does not keep the request 1-0, or no longer keeps it"),
    ("requests", {"Limit": 0}, "the member Limit must be an integer from 1 to 1000"),
    ("requests", {"Limit": "5"}, TYPE.format("Limit")),
    ("requests", {"AccessKey": None}, TYPE.format("AccessKey")),
    ("requests", {"Before": "a"}, THERE_ARE.format("Before", "AccessKey, After, Limit")),
    ("reset", {"Table": "t"}, THERE_ARE.format("Table", "TableName, AccessKey, Region, Snapshots")),
    ("reset", {"TableName": 1}, TYPE.format("TableName")),
    ("reset", {"AccessKey": None}, TYPE.format("AccessKey")),
    ("reset", {"Region": "us-east-1"}, "the member Region needs the member AccessKey"),
    ("reset", {"TableName": ABSENT}, f"there is no table {ABSENT}"),
    ("snapshots/branch", {"AccessKey": "b"}, TYPE.format("Name")),
    ("snapshots/branch", {"Name": ABSENT, "AccessKey": 1}, TYPE.format("AccessKey")),
    ("snapshots/delete", {}, TYPE.format("Name")),
    ("snapshots/delete", {"Name": ABSENT, "All": True}, THERE_ARE.format("All", "Name")),
    ("snapshots/restore", {"Name": 1}, TYPE.format("Name")),
    ("snapshots/save", {"Name": ["a"]}, TYPE.format("Name")),
    ("snapshots/hold", {"Name": 1}, TYPE.format("Name")),
    ("snapshots/hold", {"Name": "n", "Replace": True}, THERE_ARE.format("Replace", "Name, AccessKey, Region, Tables")),
    ("snapshots/items", {"Name": "n"}, TYPE.format("TableName")),
    ("throttling", {"Enforced": "yes"}, TYPE.format("Enforced")),
    ("throttling", {"Enforced": 1}, TYPE.format("Enforced")),
    ("throttling", {"Enforced": True, "Table": "t"}, THERE_ARE.format("Table", "Enforced, TableName")),
    ("transactions", {"TableName": "t", "Key": KEY, "Seconds": "1"}, TYPE.format("Seconds")),
    ("transactions", {"TableName": "t", "Key": KEY, "Seconds": True}, TYPE.format("Seconds")),
    ("transactions", {"TableName": "t", "Key": [], "Seconds": 1}, TYPE.format("Key")),
    ("transactions", {"TableName": 1, "Key": KEY, "Seconds": 1}, TYPE.format("TableName")),
    ("transactions", {"ClientRequestToken": 1, "Seconds": 1}, TYPE.format("ClientRequestToken")),
    ("ttl", {"TableName": ["t"]}, TYPE.format("TableName")),
    ("ttl", {"TableName": ABSENT}, f"there is no table {ABSENT}"),
    ("ttl", {"Table": "t"}, THERE_ARE.format("Table", "TableName")),
    ("clock", {"Release": 1}, "the member Release must be true"),
    ("clock", {"Next": 1}, "the member Next must be true"),
    ("wait", {"TableName": 1, "Key": KEY}, TYPE.format("TableName")),
]


@pytest.mark.parametrize(("call", "body", "text"), BAD, ids=[f"{call} {body}" for call, body, _ in BAD])
def test_wrong_members(declare, call, body, text):
    status, answer = declare(call, body)
    if call == "copy" and answer["message"].startswith("this server has its data in the memory"):
        return
    assert (status, answer) == (400, {"message": text})


def test_every_call_that_takes_a_body_has_a_row():
    calls = {each.path for each in registry.registered().values() if each.method == "POST"}
    assert calls == {call for call, _, _ in BAD}, "add wrong bodies of each POST to BAD in this file"


@pytest.mark.parametrize("call", sorted({call for call, _, _ in BAD}))
@pytest.mark.parametrize("body", [[], "text", 1, None, True], ids=str)
def test_a_body_is_an_object(declare, call, body):
    """Other JSON is refused. Otherwise, a reset with such a body would delete everything."""
    assert declare(call, body) == (400, {"message": "the body must be a JSON object"})


def state(declare):
    """Return the declarations and snapshots that the wrong calls could have changed."""
    throttling, transactions, snapshots = (
        declare(call, b"", "GET")[1] for call in ("throttling", "transactions", "snapshots")
    )
    return throttling, [each["Until"] for each in transactions["Transactions"]], snapshots


def test_a_wrong_call_changes_nothing(declare, client, shared_table):
    before = state(declare)
    for call, body, _ in BAD:
        declare(call, body)
    assert state(declare) == before
    assert client.describe_table(TableName=shared_table)["Table"]["TableStatus"] == "ACTIVE"


CONNECTIONS = 12
"""With so many new connections, the chance that one of two workers gets none is 1 in 2048."""


def everywhere(declare, call):
    """Send a GET over many connections, and return the answers without repetitions."""
    answers = [declare(call, b"", "GET")[1] for _ in range(CONNECTIONS)]
    return [answer for number, answer in enumerate(answers) if answer not in answers[:number]]


def test_all_workers_show_the_same(declare):
    ((settings),) = everywhere(declare, "settings")
    assert settings["ttl-sweep-interval"] == 60
    body = {"TableName": new_name("t"), "Enforced": True}
    declare("throttling", body)
    ((throttling),) = everywhere(declare, "throttling")
    assert throttling["Tables"][body["TableName"]] is True
    name = new_name("t")
    declare("transactions", {"TableName": name, "Key": KEY, "Seconds": 600})
    for answer in everywhere(declare, "transactions"):
        assert name in [each.get("TableName") for each in answer["Transactions"]]
    declare("transactions", {"TableName": name, "Key": KEY, "Seconds": 0})
    for answer in everywhere(declare, "transactions"):
        assert name not in [each.get("TableName") for each in answer["Transactions"]]


def test_a_declaration_holds_in_all_workers(endpoint, declare, make_table, key):
    table = make_table()
    declared = {"TableName": table, "Key": key, "Seconds": 600}
    declare("transactions", declared)
    for _ in range(CONNECTIONS):
        client = boto3.client("dynamodb", **boto_options(endpoint))
        with pytest.raises(client.exceptions.TransactionConflictException):
            client.put_item(TableName=table, Item=key)
        client.close()
    declare("transactions", {**declared, "Seconds": 0})
    for _ in range(CONNECTIONS):
        client = boto3.client("dynamodb", **boto_options(endpoint))
        client.put_item(TableName=table, Item=key)
        client.close()


def test_accounts_are_the_same_in_all_workers(declare, endpoint):
    access_key = new_name("Key")
    for region in ("us-east-1", "eu-west-1"):
        client = boto3.client("dynamodb", **boto_options(endpoint, access_key, region))
        client.create_table(**table_request())
        client.close()
    for answer in everywhere(declare, "accounts"):
        own = [each for each in answer["Accounts"] if each["AccessKey"] == access_key]
        assert [(each["Region"], each["Tables"]) for each in own] == [("eu-west-1", 1), ("us-east-1", 1)]
