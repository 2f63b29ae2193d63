"""UpdateTable (service-behaviour.md 10.4). How a backfill goes on while items change: unit/database/test_index_backfill."""

import pytest

from tests.conftest import index_request, table_request

INVALID = "One or more parameter values were invalid: "
UNITS = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 6}
PROVISIONED = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": UNITS}


def definitions(pairs):
    """AttributeDefinitions of "name:T name:T"."""
    return [
        {"AttributeName": name, "AttributeType": kind} for name, kind in (pair.split(":") for pair in pairs.split())
    ]


def creation(name, keys, projection="ALL", **extra):
    return {"Create": {**index_request(name, keys, projection), **extra}}


@pytest.fixture
def update(client):
    """Update a table, wait until it has settled; return the answer's description and the one afterwards."""

    def send(name, **request):
        answer = client.update_table(TableName=name, **request)["TableDescription"]
        while True:
            told = client.describe_table(TableName=name)["Table"]
            statuses = {told["TableStatus"], *(each["IndexStatus"] for each in told.get("GlobalSecondaryIndexes", ()))}
            if statuses == {"ACTIVE"}:
                return answer, told

    return send


def unchanged(read, write):
    return (
        "The provisioned throughput for the table will not change. The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. "
        f"Current WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )


NOTHING = (
    "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or "
    "SSESpecification or ReplicaUpdates is required"
)
ONE_OF = (
    INVALID + "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, "
    "GlobalSecondaryIndexUpdate.Delete must not be null"
)


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, NOTHING),
        ({"GlobalSecondaryIndexUpdates": []}, NOTHING),
        ({"AttributeDefinitions": definitions("pk:S")}, NOTHING),
        (
            {"BillingMode": "PAY_PER_REQUEST", "ProvisionedThroughput": UNITS},
            INVALID
            + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ),
        (
            {"ProvisionedThroughput": {"ReadCapacityUnits": 10**12 + 1, "WriteCapacityUnits": 1}},
            "Given value 1000000000001 for ReadCapacityUnits is out of bounds",
        ),
        ({"GlobalSecondaryIndexUpdates": [{}]}, ONE_OF),
        (
            {"GlobalSecondaryIndexUpdates": [{**creation("one", "a"), "Delete": {"IndexName": "one"}}]},
            ONE_OF,
        ),
        (
            {"GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "one"}}, creation("one", "a")]},
            INVALID + "Only one global secondary index update per index is allowed simultaneously. Index: one",
        ),
    ],
)
def test_refuses_before_the_table_is_looked_up(refused, request_, message):
    assert refused("update_table", TableName="missing", **request_) == ("ValidationException", message)


def test_throughput_up_and_down(make_table, update):
    name = make_table(**PROVISIONED)
    answer, _ = update(name, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 6})
    assert answer["TableStatus"] == "UPDATING"
    _, told = update(name, ProvisionedThroughput={"ReadCapacityUnits": 9, "WriteCapacityUnits": 2})
    units = told["ProvisionedThroughput"]
    assert (units["ReadCapacityUnits"], units["WriteCapacityUnits"]) == (9, 2)
    assert units["LastIncreaseDateTime"] <= units["LastDecreaseDateTime"]
    assert told["WarmThroughput"]["ReadUnitsPerSecond"] == 9


def test_unchanged_throughput(refused, make_table):
    name = make_table(**PROVISIONED)
    assert refused("update_table", TableName=name, ProvisionedThroughput=UNITS) == (
        "ValidationException",
        unchanged(5, 6),
    )


def test_throughput_of_an_on_demand_table(refused, make_table):
    name = make_table()
    assert refused("update_table", TableName=name, ProvisionedThroughput=UNITS) == (
        "ValidationException",
        INVALID
        + "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    )


def test_billing_mode_there_and_back(refused, make_table, update):
    name = make_table(
        define="a:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[{**index_request("global", "a"), "ProvisionedThroughput": UNITS}],
    )
    _, told = update(name, BillingMode="PAY_PER_REQUEST")
    assert told["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert "LastUpdateToPayPerRequestDateTime" in told["BillingModeSummary"]
    for part in (told, told["GlobalSecondaryIndexes"][0]):
        assert part["ProvisionedThroughput"]["ReadCapacityUnits"] == 0
        assert part["ProvisionedThroughput"]["WriteCapacityUnits"] == 0
        assert part["WarmThroughput"] == {
            "ReadUnitsPerSecond": 12000,
            "WriteUnitsPerSecond": 4000,
            "Status": "ACTIVE",
        }
    update(name, BillingMode="PAY_PER_REQUEST")
    for request, detail in (
        ({"BillingMode": "PROVISIONED"}, "ProvisionedThroughput must be specified when BillingMode is PROVISIONED"),
        (PROVISIONED, "ProvisionedThroughput must be specified for index: global"),
    ):
        assert refused("update_table", TableName=name, **request) == ("ValidationException", INVALID + detail)
    _, told = update(
        name,
        **PROVISIONED,
        GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "global", "ProvisionedThroughput": UNITS}}],
    )
    assert told["BillingModeSummary"]["BillingMode"] == "PROVISIONED"
    for part in (told, told["GlobalSecondaryIndexes"][0]):
        assert {member: part["ProvisionedThroughput"][member] for member in UNITS} == UNITS


# --- indexes --------------------------------------------------------------------------------------------------------


def test_an_index_over_existing_items(client, make_table, update):
    name = make_table("pk:S")
    kinds = [{"S": "x"}, {"S": "y"}, {"N": "1"}, {"NULL": True}, {"S": ""}, None, {"L": [{"S": "x"}]}]
    for number, kind in enumerate(kinds):
        item = {"pk": {"S": str(number)}, "other": {"S": "o"}}
        client.put_item(TableName=name, Item=item if kind is None else {**item, "a": kind})
    answer, told = update(
        name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a", "KEYS_ONLY")],
    )
    assert answer["TableStatus"] == "UPDATING"
    (index,) = answer["GlobalSecondaryIndexes"]
    assert (index["IndexStatus"], index.get("Backfilling")) in (("CREATING", True), ("CREATING", False))
    (index,) = told["GlobalSecondaryIndexes"]
    assert "Backfilling" not in index
    assert {each["AttributeName"] for each in told["AttributeDefinitions"]} == {"pk", "a"}
    items = client.scan(TableName=name, IndexName="global")["Items"]
    assert sorted(items, key=str) == sorted(
        [{"pk": {"S": "0"}, "a": {"S": "x"}}, {"pk": {"S": "1"}, "a": {"S": "y"}}], key=str
    )


def test_a_new_index_rules_over_writes_at_once(client, refused, make_table):
    name = make_table("pk:S")
    client.update_table(
        TableName=name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a")],
    )
    assert refused("put_item", TableName=name, Item={"pk": {"S": "p"}, "a": {"N": "1"}}) == (
        "ValidationException",
        INVALID + "Type mismatch for Index Key a Expected: S Actual: N IndexName: global",
    )
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})


def test_updating_and_deleting_an_index(client, refused, make_table, update):
    name = make_table(
        "pk:S",
        define="a:S b:S",
        **PROVISIONED,
        GlobalSecondaryIndexes=[
            {**index_request("first", "a b"), "ProvisionedThroughput": UNITS},
            {**index_request("second", "a"), "ProvisionedThroughput": UNITS},
        ],
    )
    client.put_item(TableName=name, Item={"pk": {"S": "p"}, "a": {"S": "x"}, "b": {"S": "y"}})
    more = {"ReadCapacityUnits": 8, "WriteCapacityUnits": 9}
    _, told = update(
        name, GlobalSecondaryIndexUpdates=[{"Update": {"IndexName": "second", "ProvisionedThroughput": more}}]
    )
    by_name = {index["IndexName"]: index for index in told["GlobalSecondaryIndexes"]}
    assert by_name["second"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 9
    assert by_name["first"]["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    answer, told = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "first"}}])
    by_name = {index["IndexName"]: index for index in answer["GlobalSecondaryIndexes"]}
    assert by_name["first"]["IndexStatus"] == "DELETING"
    assert [index["IndexName"] for index in told["GlobalSecondaryIndexes"]] == ["second"]
    # b is needed by nobody any more
    assert {each["AttributeName"] for each in told["AttributeDefinitions"]} == {"pk", "a"}
    assert client.scan(TableName=name, IndexName="second")["Count"] == 1
    assert refused("scan", TableName=name, IndexName="first") == (
        "ValidationException",
        "The table does not have the specified index: first",
    )
    client.put_item(TableName=name, Item={"pk": {"S": "q"}, "b": {"N": "1"}})
    _, told = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "second"}}])
    assert "GlobalSecondaryIndexes" not in told


def test_counts_of_the_remaining_indexes_stay_theirs(client, make_table, update):
    name = make_table(
        "pk:S",
        define="a:S b:S",
        GlobalSecondaryIndexes=[index_request("first", "a"), index_request("second", "b", "KEYS_ONLY")],
    )
    for number in range(3):
        client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "b": {"S": "y"}})
    _, told = update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "first"}}])
    (index,) = told["GlobalSecondaryIndexes"]
    if index["ItemCount"]:  # AWS counts every six hours
        assert (index["ItemCount"], index["IndexSizeBytes"]) == (3, 15)


def test_an_index_deleted_and_made_again_is_complete(client, make_table, update):
    name = make_table("pk:S", define="a:S", GlobalSecondaryIndexes=[index_request("global", "a")])
    for number in range(5):
        client.put_item(TableName=name, Item={"pk": {"S": str(number)}, "a": {"S": "x"}})
    update(name, GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "global"}}])
    client.delete_item(TableName=name, Key={"pk": {"S": "0"}})
    update(
        name,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation("global", "a", "KEYS_ONLY")],
    )
    items = client.scan(TableName=name, IndexName="global")["Items"]
    assert sorted(item["pk"]["S"] for item in items) == ["1", "2", "3", "4"]


def test_a_type_that_is_stored_already_stays(make_table, update):
    name = make_table("pk:S", define="a:S", GlobalSecondaryIndexes=[index_request("first", "a")])
    _, told = update(
        name,
        AttributeDefinitions=definitions("a:N b:S unused:S"),
        GlobalSecondaryIndexUpdates=[creation("second", "b a")],
    )
    types = {each["AttributeName"]: each["AttributeType"] for each in told["AttributeDefinitions"]}
    assert types == {"pk": "S", "a": "S", "b": "S"}


@pytest.mark.parametrize(
    ("request_", "code", "message"),
    [
        (
            {"GlobalSecondaryIndexUpdates": [creation("other", "a")]},
            "ValidationException",
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [a], AttributeDefinitions: []",
        ),
        (
            {
                "AttributeDefinitions": definitions("pk:S b:S"),
                "GlobalSecondaryIndexUpdates": [creation("other", "b a")],
            },
            "ValidationException",
            INVALID + "Some index key attributes are not defined in AttributeDefinitions. "
            "Keys: [b, a], AttributeDefinitions: [pk, b]",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S"),
                "GlobalSecondaryIndexUpdates": [creation("other", "a", ProvisionedThroughput=UNITS)],
            },
            "ValidationException",
            INVALID + "ProvisionedThroughput should not be specified for index: other when BillingMode is "
            "PAY_PER_REQUEST",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S b:S"),
                "GlobalSecondaryIndexUpdates": [creation("one", "a"), creation("two", "b")],
            },
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ),
        (
            {
                "AttributeDefinitions": definitions("a:S"),
                "GlobalSecondaryIndexUpdates": [{"Delete": {"IndexName": "global"}}, creation("two", "a")],
            },
            "LimitExceededException",
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ),
    ],
)
def test_refuses_index_updates(refused, indexed, request_, code, message):
    assert refused("update_table", TableName=indexed, **request_) == (code, message)


@pytest.fixture(scope="module")
def indexed(client):
    """A table with a global and a local index on attribute a."""
    request = table_request(
        define="a:S",
        GlobalSecondaryIndexes=[index_request("global", "a")],
        LocalSecondaryIndexes=[index_request("local", "pk a")],
    )
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
    yield request["TableName"]
    client.delete_table(TableName=request["TableName"])


@pytest.mark.parametrize("taken", ["global", "local"])
def test_refuses_a_taken_index_name(refused, indexed, taken):
    code, message = refused(
        "update_table",
        TableName=indexed,
        AttributeDefinitions=definitions("a:S"),
        GlobalSecondaryIndexUpdates=[creation(taken, "a")],
    )
    assert code == "ValidationException"
    assert "already exists" in message


@pytest.mark.parametrize("change", [{"Delete": {"IndexName": "nowhere"}}, {"Update": {"IndexName": "nowhere"}}])
def test_refuses_to_change_an_unknown_index(refused, indexed, change):
    if "Update" in change:
        change["Update"]["OnDemandThroughput"] = {"MaxReadRequestUnits": 5}
    code, message = refused("update_table", TableName=indexed, GlobalSecondaryIndexUpdates=[change])
    assert code == "ResourceNotFoundException"
    assert message.startswith("Requested resource not found")


def test_local_indexes_cannot_be_deleted(refused, indexed):
    updates = [{"Delete": {"IndexName": "local"}}]
    code, _ = refused("update_table", TableName=indexed, GlobalSecondaryIndexUpdates=updates)
    assert code == "ValidationException"


# --- settings -------------------------------------------------------------------------------------------------------


def test_stream_on_and_off(refused, make_table, update):
    name = make_table()
    images = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    _, told = update(name, StreamSpecification=images)
    assert told["StreamSpecification"] == images
    label = told["LatestStreamLabel"]
    assert told["LatestStreamArn"] == f"{told['TableArn']}/stream/{label}"
    assert refused("update_table", TableName=name, StreamSpecification=images) == (
        "ValidationException",
        f"Table already has an enabled stream: TableName: {name}",
    )
    _, told = update(name, StreamSpecification={"StreamEnabled": False})
    assert "StreamSpecification" not in told
    assert told["LatestStreamLabel"] == label
    assert (
        refused("update_table", TableName=name, StreamSpecification={"StreamEnabled": False})[0]
        == "ValidationException"
    )
    _, told = update(name, StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    assert told["StreamSpecification"]["StreamViewType"] == "KEYS_ONLY"
    assert told["LatestStreamLabel"] > label


@pytest.mark.parametrize(
    "specification", [{"StreamEnabled": True}, {"StreamEnabled": False, "StreamViewType": "NEW_IMAGE"}]
)
def test_a_stream_view_that_does_not_fit(refused, shared_table, specification):
    code, message = refused("update_table", TableName=shared_table, StreamSpecification=specification)
    assert code == "ValidationException"
    assert "StreamViewType" in message


def test_encryption_and_class(make_table, update):
    name = make_table()
    _, told = update(name, SSESpecification={"Enabled": True, "SSEType": "KMS"})
    assert told["SSEDescription"]["Status"] == "ENABLED"
    _, told = update(name, SSESpecification={"Enabled": False})
    assert "SSEDescription" not in told
    _, told = update(name, TableClass="STANDARD_INFREQUENT_ACCESS")
    assert told["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert "LastUpdateDateTime" in told["TableClassSummary"]


def test_on_demand_ceilings_merge_member_by_member(make_table, update):
    name = make_table(OnDemandThroughput={"MaxReadRequestUnits": 10, "MaxWriteRequestUnits": 20})
    _, told = update(name, OnDemandThroughput={"MaxReadRequestUnits": 11})
    assert told["OnDemandThroughput"] == {"MaxReadRequestUnits": 11, "MaxWriteRequestUnits": 20}
    _, told = update(name, OnDemandThroughput={"MaxReadRequestUnits": -1})
    assert told["OnDemandThroughput"].get("MaxReadRequestUnits", -1) == -1
    assert told["OnDemandThroughput"]["MaxWriteRequestUnits"] == 20


def test_on_demand_ceilings_need_on_demand(refused, make_table):
    name = make_table(**PROVISIONED)
    for ceilings in ({"MaxReadRequestUnits": 10}, {"MaxWriteRequestUnits": -1}):
        code, message = refused("update_table", TableName=name, OnDemandThroughput=ceilings)
        assert code == "ValidationException"
        assert "OnDemandThroughput" in message or "PROVISIONED" in message


def test_warm_throughput_only_rises(refused, make_table, update):
    name = make_table(define="a:S", GlobalSecondaryIndexes=[index_request("global", "a")])
    _, told = update(name, WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4500})
    assert told["WarmThroughput"] == {"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4500, "Status": "ACTIVE"}
    code, message = refused(
        "update_table", TableName=name, WarmThroughput={"ReadUnitsPerSecond": 13000, "WriteUnitsPerSecond": 4499}
    )
    assert code == "ValidationException"
    assert message.startswith(INVALID + "Requested WriteUnitsPerSecond for WarmThroughput for table is lower than ")
    index = {"Update": {"IndexName": "global", "WarmThroughput": {"ReadUnitsPerSecond": 14000}}}
    _, told = update(name, GlobalSecondaryIndexUpdates=[index])
    assert told["GlobalSecondaryIndexes"][0]["WarmThroughput"]["ReadUnitsPerSecond"] == 14000
    assert told["WarmThroughput"]["ReadUnitsPerSecond"] == 13000


def test_several_changes_at_once(make_table, update):
    name = make_table()
    _, told = update(
        name,
        DeletionProtectionEnabled=True,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "OLD_IMAGE"},
        AttributeDefinitions=definitions("a:N"),
        GlobalSecondaryIndexUpdates=[creation("global", "a")],
    )
    update(name, DeletionProtectionEnabled=False)
    assert told["DeletionProtectionEnabled"] is True
    assert told["StreamSpecification"]["StreamViewType"] == "OLD_IMAGE"
    assert told["GlobalSecondaryIndexes"][0]["IndexName"] == "global"


def test_a_refused_update_changes_nothing(client, refused, make_table):
    name = make_table()
    before = client.describe_table(TableName=name)["Table"]
    code, _ = refused(
        "update_table",
        TableName=name,
        DeletionProtectionEnabled=True,
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "nowhere"}}],
    )
    assert code == "ResourceNotFoundException"
    assert client.describe_table(TableName=name)["Table"] == before
