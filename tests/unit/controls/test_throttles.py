"""The control `throttles`, which explains each throttled request: its cause, units and keys."""

import pytest

from emulator.controls import registry
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.slices import Sliced
from tests.support.faults import fault, outcome
from tests.support.in_process import InProcess
from tests.support.throttled_tables import create, create_on_demand, enforce, gsi, item_of, key_of, maximum, put, puts


def throttles(db):
    return registry.call(db.emulator, "throttles", {})["Throttles"]


def the_last(db, *names):
    """Return the values of some members in the report of the last throttle."""
    last = throttles(db)[-1]
    return tuple(last.get(name) for name in names)


def exhaust(db, operation, **request):
    """Send a request until it is throttled."""
    for _ in range(20_000):
        if outcome(db, operation, request).error is not None:
            return
    raise AssertionError("nothing was throttled")


def test_table_throughput(db):
    table = create(db, read=2, write=5)
    exhaust(db, "PutItem", TableName=table, Item=item_of(1))
    (found,) = throttles(db)
    definition = db.emulator.database.table(db.caller, table).definition
    assert found == {
        "Time": db.clock.now(),
        "Operation": "PutItem",
        "TableName": table,
        "TableArn": definition.arn,
        "AccessKey": "test",
        "Region": "us-east-1",
        "Key": key_of(1),
        "Kind": "Write",
        "Asked": 1.0,
        "Available": 0.0,
        "Reason": "TableWriteProvisionedThroughputExceeded",
        "Cause": "TableThroughput",
        "Explanation": f"Table {table} has 5 provisioned write units a second, and they are used up. "
        "The request asked for 1 unit, and 0 were left.",
    }


def test_burst(db):
    table = create(db, read=2, write=5)
    db.clock.advance(10)
    exhaust(db, "PutItem", TableName=table, Item=item_of(1))
    assert the_last(db, "Cause", "Kind") == ("Burst", "Write")
    assert "It has also used up its burst capacity" in throttles(db)[-1]["Explanation"]
    db.clock.advance(1)
    exhaust(db, "PutItem", TableName=table, Item=item_of(1))
    assert the_last(db, "Cause") == ("Burst",)


def test_burst_is_over_after_five_minutes_of_full_load(db):
    table = create(db, read=2, write=5)
    db.clock.advance(10)
    exhaust(db, "PutItem", TableName=table, Item=item_of(1))
    for _ in range(301):
        db.clock.advance(1)
        exhaust(db, "PutItem", TableName=table, Item=item_of(1, 4000))
    assert the_last(db, "Cause") == ("TableThroughput",)


def test_reads_of_an_index(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("global", "g", read=1)])
    put(db, table, 1, g="x")
    query = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "x"}}}
    exhaust(db, "Query", TableName=table, IndexName="global", **query)
    assert the_last(db, "Cause", "IndexName", "Operation", "Kind") == ("IndexThroughput", "global", "Query", "Read")


def test_back_pressure_of_an_index(db):
    table = create(db, define="g:S", GlobalSecondaryIndexes=[gsi("global", "g", write=1)])
    for number in range(3):
        outcome(db, "PutItem", {"TableName": table, "Item": item_of(number, g="x")})
    assert the_last(db, "Cause", "IndexName", "Reason", "Key") == (
        "IndexBackPressure",
        "global",
        "IndexWriteProvisionedThroughputExceeded",
        {"g": {"S": "x"}},
    )
    assert f"So table {table} refuses writes that change the index." in throttles(db)[-1]["Explanation"]


def test_a_hot_partition(db):
    table = create(db, write=40_000)
    exhaust(db, "PutItem", TableName=table, Item=item_of(1, 100_000))
    assert the_last(db, "Cause", "Reason") == ("PartitionLimit", "TableWriteKeyRangeThroughputExceeded")
    assert "a partition serves 1000 write units a second" in throttles(db)[-1]["Explanation"]


def test_an_on_demand_maximum(db):
    table = create_on_demand(db, OnDemandThroughput=maximum(write=3))
    exhaust(db, "PutItem", TableName=table, Item=item_of(1))
    assert the_last(db, "Cause", "Reason", "Available") == (
        "OnDemandMaximum",
        "TableWriteMaxOnDemandThroughputExceeded",
        0.0,
    )


def load(db, table, number):
    """Put items that cost 100 units each until a put is throttled; return how many succeeded."""
    for count in range(1000):
        item = {"pk": {"S": f"{number} {count}"}, "sk": {"S": "s"}, "a": {"S": "x" * 102_300}}
        if outcome(db, "PutItem", {"TableName": table, "Item": item}).error:
            return count
    raise AssertionError("nothing was throttled")


def test_an_on_demand_ramp(db):
    db.clock.freeze(1_700_000_040)  # the beginning of a minute
    table = create_on_demand(db)
    assert load(db, table, 0) == 40  # 40 puts: a new table serves 4000 write units a second
    assert the_last(db, "Cause", "Reason") == ("OnDemandRamp", "TableWriteKeyRangeThroughputExceeded")
    assert f"On-demand table {table} serves 4000 write units a second now" in throttles(db)[-1]["Explanation"]
    for second in range(60):
        db.clock.advance(1)
        assert load(db, table, second) == 40
    db.clock.advance(29 * 60)
    assert load(db, table, 100) == 40
    db.clock.advance(2 * 60)
    assert load(db, table, 101) >= 78  # half an hour after a peak, the table serves twice as much


def test_warm_throughput_is_where_a_ramp_begins(db):
    table = create_on_demand(db, WarmThroughput={"ReadUnitsPerSecond": 12_000, "WriteUnitsPerSecond": 9000})
    assert load(db, table, 0) == 90


def test_a_fault(db):
    table = create(db)
    name = fault(db, "Throttle")
    outcome(db, "GetItem", {"TableName": table, "Key": key_of(1)})
    outcome(db, "DescribeTable", {"TableName": table})
    first, second = throttles(db)
    assert (first["Cause"], first["Fault"], first["Operation"], first["Key"]) == ("Fault", name, "GetItem", key_of(1))
    assert first["Explanation"] == (
        f"The fault {name} throttled the request: a test asked for it with the control `faults`."
    )
    assert (first["Asked"], first["Available"]) == (0.5, 0.0)
    assert (second["Operation"], second["Fault"], second["TableName"]) == ("DescribeTable", name, "")


def test_each_unprocessed_item_of_a_batch(db):
    table = create(db, write=3)
    answer = outcome(db, "BatchWriteItem", {"RequestItems": {table: puts(range(5))}}).answer
    assert len(answer["UnprocessedItems"][table]) == 2
    assert [each["Key"] for each in throttles(db)] == [key_of(3), key_of(4)]
    assert {each["Operation"] for each in throttles(db)} == {"BatchWriteItem"}


def test_a_long_request_keeps_its_operation(db, monkeypatch):
    """The report names the throttled operation, although another request ran between two slices."""
    table = create(db, write=1)
    monkeypatch.setattr("emulator.operations.transact.PARSED_IN_STEP", 1)
    db.emulator.database.sliced = True
    change = {"UpdateExpression": "SET a = :a", "ExpressionAttributeValues": {":a": {"S": "x"}}}
    actions = [{"Update": {"TableName": table, "Key": key_of(number), **change}} for number in range(3)]
    with pytest.raises(Sliced) as caught:
        db.emulator.call("TransactWriteItems", {"TransactItems": actions}, db.caller)
    next(caught.value.steps)
    db("ListTables")
    with pytest.raises(ApiError):
        list(caught.value.steps)
    db.emulator.database.sliced = False
    assert the_last(db, "Operation") == ("TransactWriteItems",)


def test_at_most_a_thousand_are_kept(db):
    table = create(db, write=1)
    for _ in range(1200):
        outcome(db, "PutItem", {"TableName": table, "Item": item_of(1)})
    assert len(throttles(db)) == 1000


def test_without_enforcement_nothing_notes_operations(db):
    assert db.emulator.call == db.emulator.answer
    table = create(db)
    assert db.emulator.call != db.emulator.answer
    enforce(db, table, enforced=False)
    assert db.emulator.call == db.emulator.answer


def test_the_setting_notes_operations_from_the_start():
    db = InProcess(Settings(in_memory=True, enforce_throughput=True))
    assert db.emulator.call != db.emulator.answer
    db.emulator.close()
