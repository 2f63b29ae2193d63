"""The control `wait`, called in process.

Most tests wait with a timeout of 0: then the control checks its condition once.
"""

import pytest

from emulator.controls import registry, wait
from emulator.controls.body import BadDeclaration
from tests.support.engines import fields_of_engine
from tests.support.expiring_tables import HOUR, NOW, create, put, switch
from tests.support.stages import DONE, FAILED, Stage, configured
from tests.support.streamed_tables import IMAGES, OFF, emulator
from tests.support.tables import index_request

KEY = {"pk": {"S": "a"}}


def look(inside, **body):
    """Check a condition once; return whether it holds, and the state that the control saw."""
    try:
        return True, registry.call(inside.emulator, "wait", {"Timeout": 0, **body})
    except registry.TimedOut as error:
        return False, error.seen


def refusal(inside, **body):
    """Return the message with which the control refuses a body."""
    with pytest.raises(BadDeclaration) as caught:
        registry.call(inside.emulator, "wait", {"Timeout": 0, **body})
    return str(caught.value)


# --- items ----------------------------------------------------------------------------------------

CONDITIONS = {
    "it exists": ({}, True),
    "the condition holds": (
        {
            "ConditionExpression": "#n > :n",
            "ExpressionAttributeNames": {"#n": "n"},
            "ExpressionAttributeValues": {":n": {"N": "4"}},
        },
        True,
    ),
    "the condition does not hold": (
        {"ConditionExpression": "n > :n", "ExpressionAttributeValues": {":n": {"N": "5"}}},
        False,
    ),
    "it must not exist": ({"ConditionExpression": "attribute_not_exists(pk)"}, False),
    "another key": ({"Key": {"pk": {"S": "b"}}}, False),
    "another key must not exist": (
        {"Key": {"pk": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(pk)"},
        True,
    ),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_items(db, case):
    body, holds = CONDITIONS[case]
    table = create(db, ttl=None)
    put(db, table, "a", n={"N": "5"})
    item = None if "Key" in body else {**KEY, "n": {"N": "5"}}
    assert look(db, **{"TableName": table, "Key": KEY, **body}) == (holds, {"Item": item})


def test_a_table_that_does_not_exist_yet(db):
    assert look(db, TableName="later", Key=KEY) == (False, {"TableStatus": "NOT_FOUND"})
    assert look(db, TableName="later", Count=0) == (False, {"TableStatus": "NOT_FOUND"})
    assert look(db, TableName="later", Expired=KEY) == (False, {"TableStatus": "NOT_FOUND"})
    assert look(db, TableName="later", Record={"eventName": ["INSERT"]}) == (False, {"StreamStatus": "NOT_FOUND"})


def test_expiry(db):
    table = create(db)
    put(db, table, "a", NOW + 10)
    item = {**KEY, "ttl": {"N": str(NOW + 10)}}
    seen = {"Item": item, "ExpiresAt": NOW + 10, "Now": NOW}
    assert look(db, TableName=table, Expired=KEY) == (False, seen)
    registry.call(db.emulator, "move_clock", {"Next": True})
    assert look(db, TableName=table, Expired=KEY) == (True, {"Item": None})


def test_an_item_without_time_to_live_never_expires(db):
    table = create(db)
    put(db, table, "a")
    assert look(db, TableName=table, Expired=KEY) == (False, {"Item": KEY, "ExpiresAt": None, "Now": NOW})
    db.clock.advance(HOUR)
    switch(db, table, enabled=False)
    text = f"the time to live of table {table} is not enabled: UpdateTimeToLive enables it"
    assert refusal(db, TableName=table, Expired=KEY) == text


# --- counts ---------------------------------------------------------------------------------------

COUNTS = {
    "a number": (3, True),
    "another number": (2, False),
    "EQ": ({"EQ": 3}, True),
    "NE": ({"NE": 3}, False),
    "GE": ({"GE": 3}, True),
    "GT": ({"GT": 3}, False),
    "LE": ({"LE": 3}, True),
    "LT": ({"LT": 3}, False),
}


@pytest.mark.parametrize("case", COUNTS)
def test_counts(db, case):
    count, holds = COUNTS[case]
    table = create(db, ttl=None)
    for name in "abc":
        put(db, table, name)
    assert look(db, TableName=table, Count=count) == (holds, {"Count": 3})


def test_counts_of_queries_and_filters(db):
    table = create(db, "pk:S sk:S", ttl=None, define="g:S", GlobalSecondaryIndexes=[index_request("by-g", "g")])
    for sk in "abcd":
        put(db, table, "p", sk={"S": sk}, **({"g": {"S": "g"}} if sk < "c" else {}))
    values = {":p": {"S": "p"}, ":b": {"S": "b"}}
    of_key = {"KeyConditionExpression": "pk = :p AND sk >= :b", "ExpressionAttributeValues": values}
    assert look(db, TableName=table, Count=3, **of_key) == (True, {"Count": 3})
    assert look(db, TableName=table, Count=2, IndexName="by-g") == (True, {"Count": 2})
    assert look(db, TableName=table, Count=2, FilterExpression="attribute_exists(g)") == (True, {"Count": 2})


def test_a_count_of_several_pages_uses_up_no_throughput(db):
    table = create(
        db, ttl=None, BillingMode="PROVISIONED", ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    )
    for number in range(12):
        put(db, table, f"{number}", text={"S": "x" * 300_000})
    registry.call(db.emulator, "throttling", {"TableName": table, "Enforced": True})
    assert [look(db, TableName=table, Count=12) for _ in range(3)] == [(True, {"Count": 12})] * 3
    db("GetItem", TableName=table, Key=KEY)


# --- records --------------------------------------------------------------------------------------


def sequences(seen):
    return [record["dynamodb"]["SequenceNumber"] for record in seen["Records"]]


def test_records(db):
    table = create(db, ttl=None, StreamSpecification=IMAGES)
    stream = db("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
    inserted = {"eventName": ["INSERT"]}
    assert look(db, TableName=table, Record=inserted) == (False, {"Count": 0, "Read": 0, "LastRecord": None})
    put(db, table, "a")
    put(db, table, "b")
    put(db, table, "a", n={"N": "1"})
    holds, seen = look(db, TableName=table, Record=inserted, Count=2)
    assert (holds, seen["Count"]) == (True, 2)
    assert {record["dynamodb"]["Keys"]["pk"]["S"] for record in seen["Records"]} == {"a", "b"}
    assert {record["eventSourceARN"] for record in seen["Records"]} == {stream}
    assert look(db, StreamArn=stream, Record=inserted, Count=2) == (holds, seen)
    last = max(sequences(seen))
    holds, later = look(db, TableName=table, Record={"dynamodb": {"Keys": {"pk": {"S": ["a"]}}}}, After=last)
    assert (holds, [record["eventName"] for record in later["Records"]]) == (True, ["MODIFY"])
    holds, seen = look(db, TableName=table, Record={"eventName": ["REMOVE"]})
    assert (holds, seen["Count"], seen["Read"]) == (False, 0, 3)


def test_records_that_are_too_old_do_not_count(db):
    table = create(db, ttl=None, StreamSpecification=IMAGES)
    put(db, table, "a")
    db.clock.advance(25 * HOUR)
    assert look(db, TableName=table, Record={"eventName": ["INSERT"]})[1]["Read"] == 0


# --- statuses -------------------------------------------------------------------------------------


def test_statuses(engine_name, tmp_path):
    with emulator(engine_name, tmp_path, delay_transient_statuses=True) as inside:
        assert look(inside, TableName="none-yet", Status="NOT_FOUND") == (True, {"Status": "NOT_FOUND"})
        table = create(inside, ttl=None, StreamSpecification=IMAGES)
        stream = inside("DescribeTable", TableName=table)["Table"]["LatestStreamArn"]
        assert look(inside, TableName=table, Status="ACTIVE") == (False, {"Status": "CREATING"})
        assert look(inside, TableName=table, Key=KEY) == (False, {"TableStatus": "CREATING"})
        assert look(inside, StreamArn=stream, Status="ENABLED") == (False, {"Status": "ENABLING"})
        inside.clock.advance(3)
        assert look(inside, TableName=table, Status="ACTIVE") == (True, {"Status": "ACTIVE"})
        assert look(inside, StreamArn=stream, Status="ENABLED") == (True, {"Status": "ENABLED"})
        types = [{"AttributeName": each, "AttributeType": "S"} for each in ("pk", "g")]
        update = {"Create": index_request("by-g", "g")}
        inside("UpdateTable", TableName=table, AttributeDefinitions=types, GlobalSecondaryIndexUpdates=[update])
        of_index = {"TableName": table, "IndexName": "by-g"}
        assert look(inside, **of_index, Status="ACTIVE") == (False, {"Status": "CREATING"})
        assert look(inside, **of_index, Count=0)[0] is False, "an index that is being filled cannot be read yet"
        inside.emulator.database.background.run_all()
        inside.clock.advance(3)
        assert look(inside, **of_index, Status="ACTIVE") == (True, {"Status": "ACTIVE"})
        assert look(inside, **of_index, Count=0) == (True, {"Count": 0})
        assert look(inside, TableName=table, IndexName="another", Status="ACTIVE") == (False, {"Status": "NOT_FOUND"})
        assert look(inside, TableName=table, TimeToLiveStatus="ENABLED") == (False, {"TimeToLiveStatus": "DISABLED"})
        switch(inside, table)
        assert look(inside, TableName=table, TimeToLiveStatus="ENABLED") == (True, {"TimeToLiveStatus": "ENABLED"})
        inside("UpdateTable", TableName=table, StreamSpecification=OFF)
        assert look(inside, StreamArn=stream, Status="DISABLED") == (False, {"Status": "DISABLING"})
        inside.clock.advance(3)
        assert look(inside, StreamArn=stream, Status="DISABLED") == (True, {"Status": "DISABLED"})
        assert look(inside, StreamArn="arn", Status="NOT_FOUND") == (True, {"Status": "NOT_FOUND"})
        inside("DeleteTable", TableName=table)
        assert look(inside, TableName=table, Status="NOT_FOUND") == (False, {"Status": "DELETING"})
        inside.clock.advance(3)
        assert look(inside, TableName=table, Status="NOT_FOUND") == (True, {"Status": "NOT_FOUND"})


# --- functions ------------------------------------------------------------------------------------


def test_deliveries(engine_name, tmp_path):
    stage = Stage(configured(tmp_path, **fields_of_engine(engine_name, tmp_path / "data")))
    uuid = stage.mapping(stage.table())
    assert look(stage, UUID=uuid, State="Enabled") == (True, {"State": "Enabled"})
    assert look(stage, UUID=uuid, Delivered=True)[0] is True
    stage.put("a")
    ((invocation, _),) = stage.due()
    waiting = {"Backlog": 1, "State": "Enabled", "LastProcessingResult": "No records processed"}
    assert look(stage, UUID=uuid, Delivered=True) == (False, waiting)
    stage.service.finished(invocation, FAILED)
    failed = {**waiting, "LastProcessingResult": "PROBLEM: Function call failed"}
    assert look(stage, UUID=uuid, Delivered=True) == (False, failed)
    registry.call(stage.emulator, "move_clock", {"Next": True})
    assert stage.deliver(lambda _: DONE) == [["a"]]
    done = {"Backlog": 0, "State": "Enabled", "LastProcessingResult": "OK"}
    assert look(stage, UUID=uuid, Delivered=True) == (True, done)
    stage.api("DELETE", f"/{uuid}")
    assert look(stage, UUID=uuid, State="NOT_FOUND") == (True, {"State": "NOT_FOUND"})
    assert refusal(stage, UUID=uuid, Delivered=True) == f"there is no event source mapping {uuid}"
    stage.emulator.close()


# --- several tables -------------------------------------------------------------------------------


def test_access_key_and_region_select_a_table(db):
    table = create(db, ttl=None, StreamSpecification=IMAGES)
    put(db, table, "a")
    assert look(db, TableName=table, Count=1, AccessKey="test", Region="us-east-1") == (True, {"Count": 1})
    assert look(db, TableName=table, Count=1, AccessKey="other") == (False, {"TableStatus": "NOT_FOUND"})
    assert look(db, TableName=table, Count=1, Region="eu-west-1") == (False, {"TableStatus": "NOT_FOUND"})
    request = {
        "TableName": table,
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    db.emulator.call("CreateTable", request, db.emulator.caller("test", "eu-west-1"))
    several = f"there are 2 tables {table}; select one with the members AccessKey and Region"
    assert refusal(db, TableName=table, Count=1, AccessKey="test") == several
    assert look(db, TableName=table, Count=1, Region="us-east-1") == (True, {"Count": 1})
    arn = db("DescribeTable", TableName=table)["Table"]["TableArn"]
    assert look(db, TableName=arn, Count=1) == (True, {"Count": 1})
    assert look(db, TableName=arn, Record={"eventName": ["INSERT"]})[0] is True


# --- the course of a wait -------------------------------------------------------------------------


def begin(inside, **body):
    """Begin a wait whose condition does not hold yet; return its further steps."""
    steps = registry.begin(inside.emulator, registry.registered()["wait"], {"Timeout": 3600, **body})
    assert next(steps) > 0
    return steps


def waits(inside):
    return registry.call(inside.emulator, "show_waits", {})["Waits"]


def test_a_wait_ends_when_it_comes_true(db):
    table = create(db, ttl=None)
    steps = begin(db, TableName=table, Key=KEY)
    assert waits(db) == 1
    put(db, table, "b")
    assert next(steps) > 0
    put(db, table, "a")
    with pytest.raises(StopIteration) as ended:
        next(steps)
    assert ended.value.value == {"Item": KEY}
    assert waits(db) == 0


def test_a_wait_reads_only_after_a_commit(db, monkeypatch):
    table = create(db, ttl=None)
    db("DescribeTable", TableName=table)  # ends the status CREATING now, so no commit does it later
    steps = begin(db, TableName=table, Count=1)
    calls = []
    real = db.emulator.database.catalog.named
    monkeypatch.setattr(db.emulator.database.catalog, "named", lambda name: calls.append(name) or real(name))
    pauses = [next(steps) for _ in range(20)]
    assert calls == []
    assert pauses == sorted(pauses), "the pauses get longer"
    assert pauses[-1] == wait._LONGEST_PAUSE
    put(db, table, "a")
    with pytest.raises(StopIteration):
        next(steps)
    assert calls == [table]


def test_a_wait_that_nobody_wants_any_more(db):
    steps = begin(db, TableName="later", Status="ACTIVE")
    steps.close()
    assert waits(db) == 0


def test_too_many_waits(db):
    under_way = [begin(db, TableName="later", Status="ACTIVE") for _ in range(wait._MOST)]
    text = f"too many calls of wait are in progress; the limit is {wait._MOST}"
    assert refusal(db, TableName="later", Status="ACTIVE") == text
    for steps in under_way:
        steps.close()
    assert look(db, TableName="later", Status="ACTIVE")[0] is False


def test_the_message_of_a_large_item_is_short(db):
    table = create(db, ttl=None)
    put(db, table, "a", text={"S": "x" * 10_000})
    body = {"TableName": table, "Key": KEY, "ConditionExpression": "attribute_not_exists(pk)", "Timeout": 0}
    with pytest.raises(registry.TimedOut) as caught:
        registry.call(db.emulator, "wait", body)
    assert len(str(caught.value)) < 400
    assert str(caught.value).startswith('the condition was not met within 0 seconds; the last state was {"Item":{"pk"')
    assert str(caught.value).endswith("xxx...")


# --- bad bodies -----------------------------------------------------------------------------------

NAMED = {"TableName": "Orders"}
ONE_OF = "the body must have one of the members Count, Delivered, Expired, Key, Record, State, Status, TimeToLiveStatus"
TIMEOUT = "the member Timeout must be a number of seconds from 0 to 3600"
COUNT = 'the member Count must be an integer, or an object such as {"GE": 3} with one of EQ, NE, LE, LT, GE, GT'
NAME = "the member TableName is missing or of a wrong type"
STATUS = "the member Status must be one of CREATING, UPDATING, DELETING, ACTIVE, NOT_FOUND"
PATTERN = "the member Record is not a filter pattern of an event source mapping"
UNKNOWN = "a body with the member {} cannot have the member {}; it can have"
BAD = {
    "nothing": ({}, ONE_OF),
    "only a table": (NAMED, ONE_OF),
    "an unknown member": (
        {"UUID": "u", "State": "Enabled", "Until": 1},
        f"{UNKNOWN.format('State', 'Until')} Timeout, UUID",
    ),
    "two kinds": (
        {**NAMED, "Status": "ACTIVE", "TimeToLiveStatus": "ENABLED"},
        f"{UNKNOWN.format('Status', 'TimeToLiveStatus')} AccessKey, IndexName, Region, StreamArn, TableName, Timeout",
    ),
    "a negative timeout": ({**NAMED, "Key": KEY, "Timeout": -1}, TIMEOUT),
    "a long timeout": ({**NAMED, "Key": KEY, "Timeout": 3601}, TIMEOUT),
    "a text as timeout": ({**NAMED, "Key": KEY, "Timeout": "1"}, TIMEOUT),
    "true as timeout": ({**NAMED, "Key": KEY, "Timeout": True}, TIMEOUT),
    "no table": ({"Key": KEY}, NAME),
    "a number as table": ({"Key": KEY, "TableName": 1}, NAME),
    "a number as access key": (
        {**NAMED, "Key": KEY, "AccessKey": 1},
        "the member AccessKey is missing or of a wrong type",
    ),
    "a number as region": ({**NAMED, "Key": KEY, "Region": 1}, "the member Region is missing or of a wrong type"),
    "a key of no type": ({**NAMED, "Key": {"pk": {"X": "a"}}}, None),
    "a text as key": ({**NAMED, "Key": "a"}, None),
    "a text as expired key": ({**NAMED, "Expired": "a"}, None),
    "null as expired key": ({**NAMED, "Expired": None}, None),
    "a wrong condition": (
        {**NAMED, "Key": KEY, "ConditionExpression": "n >"},
        'Invalid ConditionExpression: Syntax error; token: "<EOF>", near: ">"',
    ),
    "a number as condition": ({**NAMED, "Key": KEY, "ConditionExpression": 1}, None),
    "values without condition": ({**NAMED, "Key": KEY, "ExpressionAttributeValues": {":a": {"S": "a"}}}, None),
    "a negative count": ({**NAMED, "Count": -1}, COUNT),
    "a fraction": ({**NAMED, "Count": 1.5}, COUNT),
    "true as count": ({**NAMED, "Count": True}, COUNT),
    "an unknown comparison": ({**NAMED, "Count": {"AtLeast": 1}}, COUNT),
    "two comparisons": ({**NAMED, "Count": {"GE": 1, "LE": 2}}, COUNT),
    "a text in a comparison": ({**NAMED, "Count": {"GE": "1"}}, COUNT),
    "a wrong filter": (
        {**NAMED, "Count": 1, "FilterExpression": "n >"},
        'Invalid FilterExpression: Syntax error; token: "<EOF>", near: ">"',
    ),
    "a number as index": ({**NAMED, "Count": 1, "IndexName": 5}, None),
    "a text as record": ({**NAMED, "Record": "a"}, "the member Record is missing or of a wrong type"),
    "an empty pattern": ({**NAMED, "Record": {}}, PATTERN),
    "a wrong pattern": ({**NAMED, "Record": {"eventName": "INSERT"}}, PATTERN),
    "a wrong count of records": ({**NAMED, "Record": {"a": [1]}, "Count": "1"}, COUNT),
    "a wrong sequence number": (
        {**NAMED, "Record": {"a": [1]}, "After": "x"},
        "the member After must be the SequenceNumber of a record",
    ),
    "a number as sequence number": (
        {**NAMED, "Record": {"a": [1]}, "After": 1},
        "the member After is missing or of a wrong type",
    ),
    "table and stream": (
        {**NAMED, "StreamArn": "arn", "Record": {"a": [1]}},
        "the body must have exactly one of the members TableName and StreamArn",
    ),
    "an unknown status": ({**NAMED, "Status": "Active"}, STATUS),
    "a number as status": ({**NAMED, "Status": 1}, "the member Status is missing or of a wrong type"),
    "a status of a stream": (
        {"StreamArn": "arn", "Status": "ACTIVE"},
        "the member Status must be one of ENABLING, ENABLED, DISABLING, DISABLED, NOT_FOUND",
    ),
    "a number as stream": ({"StreamArn": 1, "Status": "ENABLED"}, "the member StreamArn is missing or of a wrong type"),
    "an unknown TTL status": (
        {**NAMED, "TimeToLiveStatus": "ON"},
        "the member TimeToLiveStatus must be one of ENABLED, DISABLED, NOT_FOUND",
    ),
    "an unknown state": (
        {"UUID": "u", "State": "enabled"},
        "the member State must be one of Creating, Enabling, Enabled, Disabling, Disabled, Updating, Deleting, NOT_FOUND",
    ),
    "no UUID": ({"State": "Enabled"}, "the member UUID is missing or of a wrong type"),
    "delivered is false": ({"UUID": "u", "Delivered": False}, "the member Delivered must be true"),
    "no such mapping": ({"UUID": "u", "Delivered": True}, "there is no event source mapping u"),
}
"""Case -> (body, message that refuses it).

None is for messages of the service's operations, which other tests check.
"""


@pytest.mark.parametrize("case", BAD)
def test_bad_bodies(db, case):
    body, text = BAD[case]
    message = refusal(db, **body)
    assert message
    assert text is None or message == text
    assert waits(db) == 0


def test_a_key_that_does_not_fit_the_table(db):
    table = create(db, ttl=None)
    text = "The provided key element does not match the schema"
    assert refusal(db, TableName=table, Key={"id": {"S": "a"}}) == text
    assert (
        refusal(db, TableName=table, Count=1, IndexName="none") == "The table does not have the specified index: none"
    )
