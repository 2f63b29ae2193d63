"""When statuses of tables and indexes change (behaviour 10.2, 10.4), by default and with
delay_transient_statuses.
"""

import pytest

from emulator.settings import Settings
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

IN_USE = "Attempt to change a resource which is still in use: "
NOT_FOUND = ("ResourceNotFoundException", "Requested resource not found")
BUSY_INDEXES = (
    "ResourceInUseException",
    IN_USE + "Cannot delete table while indexes are being created, updated, or deleted.",
)
ITEM = {"pk": {"S": "p"}, "sk": {"S": "s"}}
GLOBAL = {
    "AttributeDefinitions": [{"AttributeName": "g", "AttributeType": "S"}],
    "GlobalSecondaryIndexUpdates": [{"Create": index_request("global", "g")}],
}


@pytest.fixture
def slow(engine_name, tmp_path):
    """Yield an emulator whose transient statuses last three seconds."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "slow", delay_transient_statuses=True))
    yield inside
    inside.emulator.close()


def create(db, **extra):
    request = table_request(**extra)
    assert db("CreateTable", request)["TableDescription"]["TableStatus"] == "CREATING"
    return request["TableName"]


def status(db, name):
    return db("DescribeTable", TableName=name)["Table"]["TableStatus"]


def index_of(db, name):
    """Return IndexStatus and Backfilling of the only global index, or None if the index is gone."""
    for index in db("DescribeTable", TableName=name)["Table"].get("GlobalSecondaryIndexes", ()):
        return index["IndexStatus"], index.get("Backfilling")
    return None


# --- at once --------------------------------------------------------------------------------------


def test_the_next_look_sees_the_end(db):
    name = create(db, GlobalSecondaryIndexes=[index_request("global", "sk")])
    assert (status(db, name), index_of(db, name)) == ("ACTIVE", ("ACTIVE", None))
    reported = db("UpdateTable", TableName=name, TableClass="STANDARD")["TableDescription"]
    assert reported["TableStatus"] == "UPDATING"
    assert status(db, name) == "ACTIVE"
    updates = [{"Delete": {"IndexName": "global"}}]
    reported = db("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=updates)["TableDescription"]
    assert reported["GlobalSecondaryIndexes"][0]["IndexStatus"] == "DELETING"
    assert index_of(db, name) is None
    assert db("DeleteTable", TableName=name)["TableDescription"]["TableStatus"] == "DELETING"
    assert db.error("DescribeTable", TableName=name) == (
        "ResourceNotFoundException",
        f"Requested resource not found: Table: {name} not found",
    )


@pytest.mark.parametrize("first", ["PutItem", "ListTables", "UpdateTable", "DeleteTable"])
def test_any_look_will_do(db, first):
    name = create(db)
    request = {
        "PutItem": {"TableName": name, "Item": ITEM},
        "UpdateTable": {"TableName": name, "DeletionProtectionEnabled": False},
        "DeleteTable": {"TableName": name},
        "ListTables": {},
    }[first]
    db(first, request)


# --- for real -------------------------------------------------------------------------------------


def test_creating(slow):
    name = create(slow, GlobalSecondaryIndexes=[index_request("global", "sk")])
    for _ in range(3):
        assert status(slow, name) == "CREATING"
        assert slow.error("PutItem", TableName=name, Item=ITEM) == NOT_FOUND
        assert slow.error("GetItem", TableName=name, Key=ITEM) == NOT_FOUND
        assert slow.error("Scan", TableName=name) == NOT_FOUND
        assert slow.error("BatchWriteItem", RequestItems={name: [{"PutRequest": {"Item": ITEM}}]}) == NOT_FOUND
        in_use = ("ResourceInUseException", IN_USE + f"Table is being created: {name}")
        assert slow.error("DeleteTable", TableName=name) == in_use
        assert slow.error("UpdateTable", TableName=name, DeletionProtectionEnabled=True) == in_use
        again = {**table_request(), "TableName": name}
        assert slow.error("CreateTable", again) == in_use
        assert slow("ListTables")["TableNames"] == [name]
        slow.clock.advance(0.99)
    slow.clock.advance(0.04)
    assert status(slow, name) == "ACTIVE"
    slow("PutItem", TableName=name, Item=ITEM)


def test_tags_of_a_table_that_comes_or_goes_stay(slow):
    """A table that is being created or deleted refuses changes of its tags. Observed of
    TagResource: ack-api-quirks, catalogue of ResourceInUseException (control-plane 0.3).
    """
    name = create(slow)
    arn = slow("DescribeTable", TableName=name)["Table"]["TableArn"]
    tags = [{"Key": "a", "Value": "b"}]

    def refuse(word):
        in_use = ("ResourceInUseException", IN_USE + f"Table is being {word}: {name}")
        assert slow.error("TagResource", ResourceArn=arn, Tags=tags) == in_use
        assert slow.error("UntagResource", ResourceArn=arn, TagKeys=["a"]) == in_use

    refuse("created")
    slow.clock.advance(3)
    slow("UpdateTable", TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    slow("TagResource", ResourceArn=arn, Tags=tags)
    slow.clock.advance(3)
    slow("DeleteTable", TableName=name)
    refuse("deleted")
    assert slow("ListTagsOfResource", ResourceArn=arn)["Tags"] == tags


def test_the_time_of_going_on_demand_is_shown_once_the_table_is_active(slow):
    name = create(slow)
    reported = slow("DescribeTable", TableName=name)["Table"]
    assert reported["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    slow.clock.advance(3)
    reported = slow("DescribeTable", TableName=name)["Table"]
    assert reported["BillingModeSummary"].keys() == {"BillingMode", "LastUpdateToPayPerRequestDateTime"}


def test_warm_throughput_is_updating_as_long_as_the_table_is_creating(slow):
    warm = {"ReadUnitsPerSecond": 20000, "WriteUnitsPerSecond": 5000}
    name = create(slow, WarmThroughput=warm)
    assert slow("DescribeTable", TableName=name)["Table"]["WarmThroughput"] == {**warm, "Status": "UPDATING"}
    slow.clock.advance(3)
    assert slow("DescribeTable", TableName=name)["Table"]["WarmThroughput"] == {**warm, "Status": "ACTIVE"}


def test_updating(slow):
    name = create(slow)
    slow.clock.advance(3)
    slow("UpdateTable", TableName=name, DeletionProtectionEnabled=False)
    assert status(slow, name) == "ACTIVE"
    # The table has this class already: the answer says UPDATING, but nothing changes.
    reported = slow("UpdateTable", TableName=name, TableClass="STANDARD")["TableDescription"]
    assert (reported["TableStatus"], status(slow, name)) == ("UPDATING", "ACTIVE")
    reported = slow("UpdateTable", TableName=name, BillingMode="PAY_PER_REQUEST")["TableDescription"]
    assert (reported["TableStatus"], status(slow, name)) == ("UPDATING", "ACTIVE")
    slow("UpdateTable", TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert status(slow, name) == "UPDATING"
    slow("PutItem", TableName=name, Item=ITEM)
    assert slow("Scan", TableName=name)["Count"] == 1
    in_use = ("ResourceInUseException", IN_USE + f"Table is being updated: {name}")
    assert slow.error("UpdateTable", TableName=name, DeletionProtectionEnabled=True) == in_use
    assert slow.error("DeleteTable", TableName=name) == in_use
    slow.clock.advance(3)
    assert status(slow, name) == "ACTIVE"


def test_deleting(slow):
    name = create(slow)
    slow.clock.advance(3)
    slow("PutItem", TableName=name, Item=ITEM)
    slow("DeleteTable", TableName=name)
    assert status(slow, name) == "DELETING"
    assert slow.error("GetItem", TableName=name, Key=ITEM) == NOT_FOUND
    in_use = ("ResourceInUseException", IN_USE + f"Table is being deleted: {name}")
    assert slow.error("DeleteTable", TableName=name) == in_use
    again = {**table_request(), "TableName": name}
    assert slow.error("CreateTable", again) == ("ResourceInUseException", f"Table already exists: {name}")
    assert slow("ListTables")["TableNames"] == [name]
    slow.clock.advance(3)
    assert slow.error("DescribeTable", TableName=name)[0] == "ResourceNotFoundException"
    assert slow("ListTables")["TableNames"] == []
    slow("CreateTable", {**table_request(), "TableName": name})


def test_a_status_goes_on_after_reopening(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", delay_transient_statuses=True)
    before = InProcess(settings)
    name = create(before)
    before.emulator.close()
    after = InProcess(settings)
    assert status(after, name) == "CREATING"
    after.clock.advance(3)
    assert status(after, name) == "ACTIVE"
    after("DeleteTable", TableName=name)
    after.emulator.close()
    last = InProcess(settings)
    last.clock.advance(10)
    assert last("ListTables")["TableNames"] == []
    last.emulator.close()


def test_an_index_is_active_after_its_time_and_its_filling(slow, monkeypatch):
    monkeypatch.setattr("emulator.database.jobs.backfill.SLICE", 1)
    name = create(slow)
    slow.clock.advance(3)
    for number in range(20):
        slow("PutItem", TableName=name, Item={**ITEM, "sk": {"S": str(number)}, "g": {"S": "g"}})
    slow("UpdateTable", TableName=name, **GLOBAL)
    assert (status(slow, name), index_of(slow, name)) == ("UPDATING", ("CREATING", False))
    assert slow.error("DeleteTable", TableName=name) == BUSY_INDEXES
    slow.clock.advance(3)
    assert (status(slow, name), index_of(slow, name)) == ("ACTIVE", ("CREATING", True))
    for operation, request in (
        ("Scan", {}),
        ("Query", {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g"}}}),
    ):
        assert slow.error(operation, TableName=name, IndexName="global", **request) == (
            "ValidationException",
            "Cannot read from backfilling global secondary index: global",
        )
    assert slow.error("DeleteTable", TableName=name) == BUSY_INDEXES
    slow("UpdateTable", TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert (status(slow, name), index_of(slow, name)) == ("UPDATING", ("CREATING", True))
    slow.clock.advance(3)
    another = {"GlobalSecondaryIndexUpdates": [{"Create": index_request("another", "g")}]}
    assert slow.error("UpdateTable", TableName=name, **{**GLOBAL, **another}) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    )
    slow.emulator.database.background.run_all()
    assert index_of(slow, name) == ("ACTIVE", None)
    assert slow("Scan", TableName=name, IndexName="global")["Count"] == 20


def test_an_index_that_is_filled_early_still_takes_its_time(slow):
    name = create(slow)
    slow.clock.advance(3)
    slow("UpdateTable", TableName=name, **GLOBAL)
    slow.emulator.database.background.run_all()
    assert index_of(slow, name)[0] == "CREATING"
    slow.clock.advance(3)
    assert index_of(slow, name) == ("ACTIVE", None)


def test_deleting_an_index(slow):
    name = create(slow, GlobalSecondaryIndexes=[index_request("global", "sk")])
    slow.clock.advance(3)
    slow("PutItem", TableName=name, Item=ITEM)
    slow("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    assert index_of(slow, name) == ("DELETING", None)
    assert slow.error("DeleteTable", TableName=name) == BUSY_INDEXES
    slow.clock.advance(3)
    assert (status(slow, name), index_of(slow, name)) == ("ACTIVE", None)


def test_updating_an_index(slow):
    name = create(slow, GlobalSecondaryIndexes=[index_request("global", "sk")])
    slow.clock.advance(3)
    slow("PutItem", TableName=name, Item=ITEM)
    update = {"Update": {"IndexName": "global", "OnDemandThroughput": {"MaxReadRequestUnits": 5}}}
    slow("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[update])
    assert (status(slow, name), index_of(slow, name)) == ("ACTIVE", ("UPDATING", None))
    assert slow("Scan", TableName=name, IndexName="global")["Count"] == 1
    assert slow.error("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[update]) == (
        "ResourceInUseException",
        IN_USE + f"Index is being updated. Table: {name} Index: global",
    )
    assert slow.error("DeleteTable", TableName=name) == BUSY_INDEXES
    slow.clock.advance(3)
    assert index_of(slow, name) == ("ACTIVE", None)


# --- what is in force while a change is under way (behaviour 10.4) --------------------------------


def units(each):
    return {"ProvisionedThroughput": {"ReadCapacityUnits": each, "WriteCapacityUnits": each}}


def provisioned(db, **extra):
    indexes = [{**index_request("global", "sk"), **units(5)}]
    name = create(db, BillingMode="PROVISIONED", **units(5), GlobalSecondaryIndexes=indexes, **extra)
    db.clock.advance(3)
    return name


def read_units(db, name):
    """Return the read units of the table and of its global index."""
    reported = db("DescribeTable", TableName=name)["Table"]
    return tuple(
        part["ProvisionedThroughput"]["ReadCapacityUnits"] for part in (reported, *reported["GlobalSecondaryIndexes"])
    )


def test_figures_change_with_the_status(slow):
    name = provisioned(slow)
    update = [{"Update": {"IndexName": "global", **units(9)}}]
    reported = slow("UpdateTable", TableName=name, **units(9), GlobalSecondaryIndexUpdates=update)["TableDescription"]
    assert reported["ProvisionedThroughput"]["ReadCapacityUnits"] == 5
    slow.clock.advance(2.9)
    assert read_units(slow, name) == (5, 5)
    slow.clock.advance(0.2)
    assert read_units(slow, name) == (9, 9)
    slow("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", **units(7)}}])
    assert read_units(slow, name) == (9, 9)
    slow.clock.advance(3)
    assert read_units(slow, name) == (9, 7)


def test_a_pending_change_survives_a_restart(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", delay_transient_statuses=True)
    before = InProcess(settings)
    start = before.clock.now()
    name = provisioned(before)
    assert read_units(before, name) == (5, 5)
    before.clock.freeze(start)
    update = [{"Update": {"IndexName": "global", **units(8)}}]
    before("UpdateTable", TableName=name, **units(9), GlobalSecondaryIndexUpdates=update)
    before.emulator.close()
    after = InProcess(settings)
    assert read_units(after, name) == (5, 5)
    after.clock.advance(3)
    assert read_units(after, name) == (9, 8)
    after.emulator.close()


def test_several_changes_under_way_come_one_by_one(slow):
    name = provisioned(slow)
    slow("UpdateTable", TableName=name, WarmThroughput={"ReadUnitsPerSecond": 50})
    slow.clock.advance(1)
    # Starts the wait for both changes again.
    slow("UpdateTable", TableName=name, WarmThroughput={"WriteUnitsPerSecond": 60})
    slow("UpdateTable", TableName=name, SSESpecification={"Enabled": True})
    slow.clock.advance(1)
    slow("UpdateTable", TableName=name, **units(9))
    slow.clock.advance(1)

    def reported():
        table = slow("DescribeTable", TableName=name)["Table"]
        warm = table["WarmThroughput"]
        return (
            table["TableStatus"],
            table["ProvisionedThroughput"]["ReadCapacityUnits"],
            (warm["ReadUnitsPerSecond"], warm["WriteUnitsPerSecond"], warm["Status"]),
            table.get("SSEDescription", {}).get("Status"),
        )

    assert reported() == ("UPDATING", 5, (5, 5, "UPDATING"), "UPDATING")
    slow.clock.advance(1)
    assert reported() == ("UPDATING", 5, (50, 60, "ACTIVE"), "ENABLED")
    slow.clock.advance(1)
    assert reported() == ("ACTIVE", 9, (50, 60, "ACTIVE"), "ENABLED")


def test_the_class_and_the_time_of_a_billing_mode_come_with_the_status(slow):
    name = create(slow)
    slow.clock.advance(3)
    slow("UpdateTable", TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert "TableClassSummary" not in slow("DescribeTable", TableName=name)["Table"]
    slow.clock.advance(3)
    reported = slow("DescribeTable", TableName=name)["Table"]
    assert reported["TableClassSummary"] == {
        "TableClass": "STANDARD_INFREQUENT_ACCESS",
        "LastUpdateDateTime": slow.clock.now(),
    }
    slow("UpdateTable", TableName=name, BillingMode="PROVISIONED", **units(5))
    slow.clock.advance(3)
    slow("UpdateTable", TableName=name, BillingMode="PAY_PER_REQUEST")
    reported = slow("DescribeTable", TableName=name)["Table"]
    assert reported["BillingModeSummary"] == {"BillingMode": "PAY_PER_REQUEST"}
    slow.clock.advance(3)
    reported = slow("DescribeTable", TableName=name)["Table"]
    assert reported["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] == slow.clock.now()


@pytest.mark.parametrize(
    ("start", "request_", "detail"),
    [
        ("Create", units(9), "Can't change table IOPS when an index is being created. Table: {} Indexes: [more]"),
        (
            "Create",
            {"BillingMode": "PAY_PER_REQUEST"},
            "Can't change table IOPS when an index is being created. Table: {} Indexes: [more]",
        ),
        (
            "Create",
            {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "more", **units(9)}}]},
            "Index is being created but is not backfilling yet. Table: {} Index: more",
        ),
        (
            "Create",
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "more"}}]},
            (
                "Index creation is in resource allocation phase. Retry deletion during backfilling phase or when the index "
                "is active. Table: {} Index: more"
            ),
        ),
        ("Create", {"DeletionProtectionEnabled": True}, "Table is being updated: {}"),
        ("Delete", units(9), "Can't change table IOPS when an index is being deleted. Table: {} Indexes: [global]"),
        *(
            (
                "Delete",
                {"GlobalSecondaryIndexUpdates": [{action: body}], **more},
                "Index is being deleted. Table: {} Index: global",
            )
            for action, body, more in (
                ("Update", {"IndexName": "global", **units(9)}, {}),
                ("Update", {"IndexName": "global", **units(9)}, units(9)),
                ("Delete", {"IndexName": "global"}, {}),
                ("Create", {**index_request("global", "g"), **units(5)}, {}),
            )
        ),
    ],
)
def test_what_has_to_wait_for_an_index_names_it(slow, start, request_, detail):
    """While an index is being created or deleted, some changes are refused (control-plane 20.4;
    observed: ack-api-quirks, DDB-TABLE-149, 163, 376).
    """
    name = provisioned(slow, define="other:S", LocalSecondaryIndexes=[index_request("local", "pk other")])
    slow("UpdateTable", TableName=name, **online(start))
    error = slow.error("UpdateTable", TableName=name, **request_)
    assert error == ("ResourceInUseException", IN_USE + detail.format(name))


def online(action):
    """Return members of an UpdateTable request that creates the index `more`, or deletes the index
    `global`, of a provisioned table.
    """
    bodies = {"Create": {**index_request("more", "g"), **units(5)}, "Delete": {"IndexName": "global"}}
    definitions = [{"AttributeName": "g", "AttributeType": "S"}]
    return {"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [{action: bodies[action]}]}


@pytest.mark.parametrize(("first", "second"), [("Create", "Delete"), ("Delete", "Create")])
def test_one_index_at_a_time_is_made_or_removed(slow, first, second):
    name = provisioned(slow)
    slow("UpdateTable", TableName=name, **online(first))
    assert slow.error("UpdateTable", TableName=name, **online(second)) == (
        "LimitExceededException",
        "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
    )


def test_another_index_can_be_updated_meanwhile(slow):
    name = provisioned(slow)
    slow("UpdateTable", TableName=name, **online("Create"))
    slow("UpdateTable", TableName=name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", **units(9)}}])
    reported = slow("DescribeTable", TableName=name)["Table"]
    statuses = {index["IndexName"]: index["IndexStatus"] for index in reported["GlobalSecondaryIndexes"]}
    assert (reported["TableStatus"], statuses) == ("UPDATING", {"global": "UPDATING", "more": "CREATING"})
    slow.emulator.database.background.run_all()
    slow.clock.advance(3)
    assert read_units(slow, name) == (5, 9, 5)


# --- times ----------------------------------------------------------------------------------------


def test_times_are_the_clocks(db):
    start = db.clock.now()
    name = create(
        db,
        BillingMode="PROVISIONED",
        ProvisionedThroughput={"ReadCapacityUnits": 5, "WriteCapacityUnits": 5},
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )

    def reported():
        return db("DescribeTable", TableName=name)["Table"]

    assert reported()["CreationDateTime"] == start
    assert reported()["LatestStreamLabel"] == "2023-11-14T22:13:20.000"
    db.clock.advance(0.25)
    db("UpdateTable", TableName=name, TableClass="STANDARD_INFREQUENT_ACCESS")
    db("UpdateTable", TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 6, "WriteCapacityUnits": 5})
    assert reported()["ProvisionedThroughput"]["LastIncreaseDateTime"] == start + 0.25
    assert "LastDecreaseDateTime" not in reported()["ProvisionedThroughput"]
    assert reported()["TableClassSummary"]["LastUpdateDateTime"] == start + 0.25
    db.clock.advance(1)
    db("UpdateTable", TableName=name, ProvisionedThroughput={"ReadCapacityUnits": 1, "WriteCapacityUnits": 9})
    db("UpdateTable", TableName=name, StreamSpecification={"StreamEnabled": False})
    units = reported()["ProvisionedThroughput"]
    assert (units["LastIncreaseDateTime"], units["LastDecreaseDateTime"]) == (start + 1.25, start + 1.25)
    db.clock.advance(1)
    db("UpdateTable", TableName=name, BillingMode="PAY_PER_REQUEST")
    assert reported()["BillingModeSummary"]["LastUpdateToPayPerRequestDateTime"] == start + 2.25
    db.clock.advance(1)
    db("UpdateTable", TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
    assert reported()["LatestStreamLabel"] == "2023-11-14T22:13:23.250"
    assert reported()["CreationDateTime"] == start


DECREASES = (
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 "
    "decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. "
    "Number of decreases today: {}. Last decrease at {} Coordinated Universal Time. "
    "Next decrease can be made at {} Coordinated Universal Time"
)
"""Observed: ack-api-quirks, DDB-TABLE-157, 184, 185, 326."""


def test_decreases_of_throughput_on_a_day(db):
    def change(each, **more):
        return {"TableName": name, **units(each), **more}

    def decreases():
        reported = db("DescribeTable", TableName=name)["Table"]
        return tuple(
            part["ProvisionedThroughput"]["NumberOfDecreasesToday"]
            for part in (reported, *reported["GlobalSecondaryIndexes"])
        )

    name = create(
        db,
        BillingMode="PROVISIONED",
        GlobalSecondaryIndexes=[{**index_request("global", "sk"), **units(20)}],
        **units(20),
    )
    index = {"GlobalSecondaryIndexUpdates": [{"Update": {"IndexName": "global", **units(10)}}]}
    start = db.clock.now()  # this is Tuesday, November 14, 2023 at 10:13:20 PM
    for number in range(1, 5):
        db("UpdateTable", change(20 - number))
        assert decreases() == (number, 0)
    last = "Tuesday, November 14, 2023 at 10:13:20 PM"
    text = DECREASES.format(4, last, "Tuesday, November 14, 2023 at 11:13:20 PM")
    db.clock.advance(3599)
    assert db.error("UpdateTable", change(1, **index)) == ("LimitExceededException", text)
    assert decreases() == (4, 0)
    db("UpdateTable", TableName=name, **index)  # an index has its own daily count of decreases
    db("UpdateTable", change(40))
    assert decreases() == (4, 1)
    db.clock.advance(1)
    db("UpdateTable", change(30))
    assert decreases() == (5, 1)
    last, midnight = "Tuesday, November 14, 2023 at 11:13:20 PM", "Wednesday, November 15, 2023 at 12:00:00 AM"
    text = DECREASES.format(5, last, midnight)
    db.clock.advance(2799)
    assert db.error("UpdateTable", change(20)) == ("LimitExceededException", text)
    db.clock.advance(1)
    assert decreases() == (0, 0)
    db("UpdateTable", change(20))
    assert decreases() == (1, 0)
    units_told = db("DescribeTable", TableName=name)["Table"]["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]
    assert units_told["LastDecreaseDateTime"] == start + 3599


def test_time_to_live_changes_once_in_31_minutes(db):
    name = create(db)

    def change(enabled, attribute="ttl"):
        return {
            "TableName": name,
            "TimeToLiveSpecification": {"Enabled": enabled, "AttributeName": attribute},
        }

    soon = ("ValidationException", "Time to live has been modified multiple times within a fixed interval")
    db("UpdateTimeToLive", change(True))
    db.clock.advance(1812)
    assert db.error("UpdateTimeToLive", change(False)) == soon
    assert db.error("UpdateTimeToLive", change(True)) == ("ValidationException", "TimeToLive is already enabled")
    different = (
        "ValidationException",
        "TimeToLive is active on a different AttributeName: current AttributeName is ttl",
    )
    db.clock.advance(59)
    assert db.error("UpdateTimeToLive", change(True, "other")) == different
    assert db.error("UpdateTimeToLive", change(False, "other")) == different
    db("UpdateTimeToLive", change(False))
    assert db("DescribeTimeToLive", TableName=name) == {"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}
    assert db.error("UpdateTimeToLive", change(False)) == ("ValidationException", "TimeToLive is already disabled")
    assert db.error("UpdateTimeToLive", change(True)) == soon
    db.clock.advance(1871)
    db("UpdateTimeToLive", change(True, "other"))
    assert db("DescribeTimeToLive", TableName=name) == {
        "TimeToLiveDescription": {"TimeToLiveStatus": "ENABLED", "AttributeName": "other"}
    }
