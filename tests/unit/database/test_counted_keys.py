"""Contributor Insights: which keys are counted, with limited memory (control-plane 12)."""

import random
from collections import Counter

import pytest

from emulator.controls import registry
from emulator.database.throughput import insights
from emulator.database.throughput.insights import Sketch
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request
from tests.support.throttled_tables import enforce, units

GLOBAL = index_request("global", "g h")
LOCAL = index_request("local", "pk h")


def create(db, keys="pk:S sk:N", **extra):
    request = table_request(keys, **extra)
    db("CreateTable", request)
    db("DescribeTable", TableName=request["TableName"])
    return request["TableName"]


def enable(db, name, **extra):
    db("UpdateContributorInsights", TableName=name, ContributorInsightsAction="ENABLE", **extra)


def key(partition, sort):
    return {"pk": {"S": partition}, "sk": {"N": str(sort)}}


def report(db, index=None):
    """Return the entry of the control `insights` for the only table, or for one of its indexes."""
    found = [each for each in registry.call(db.emulator, "insights", {})["Insights"] if each.get("IndexName") == index]
    (entry,) = found
    return entry


def counts(contributors):
    """Return key -> count. A key is printed as its values without types, such as "a/1"."""
    return {
        "/".join("?" if value is None else next(iter(value.values())) for value in (each["Key"] or {"": None}).values()):
            each["Count"]
        for each in contributors
    }  # fmt: skip


# --- requests -------------------------------------------------------------------------------------


def test_accesses_of_single_items(db):
    name = create(db)
    enable(db, name)
    item = {**key("a", 1), "x": {"S": "x" * 1500}}
    db("PutItem", TableName=name, Item=item)  # 2 units
    db("PutItem", TableName=name, Item=item)  # changes nothing, and costs 2 units
    db(
        "UpdateItem",
        TableName=name,
        Key=key("a", 2),
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1"}},
    )
    db("GetItem", TableName=name, Key=key("a", 1))  # 0.5 units
    db("GetItem", TableName=name, Key=key("missing", 1), ConsistentRead=True)  # 1 unit
    db("DeleteItem", TableName=name, Key=key("a", 2))  # 1 unit
    db("BatchGetItem", RequestItems={name: {"Keys": [key("b", 1), key("a", 1)]}})  # 0.5 units each
    db("TransactGetItems", TransactItems=[{"Get": {"TableName": name, "Key": key("a", 1)}}])  # 2 units
    refused = {"ConditionExpression": "attribute_not_exists(pk)"}
    assert db.error("PutItem", TableName=name, Item=item, **refused)[0] == "ConditionalCheckFailedException"  # 2 units
    found = report(db)
    assert found["ContributorInsightsMode"] == "ACCESSED_AND_THROTTLED_KEYS"
    assert found["TableName"] == name
    assert counts(found["PartitionKeys"]["MostAccessed"]) == {"a": 11.0, "missing": 1.0, "b": 0.5}
    assert counts(found["Keys"]["MostAccessed"]) == {"a/1": 9.0, "a/2": 2.0, "missing/1": 1.0, "b/1": 0.5}
    assert found["PartitionKeys"]["MostThrottled"] == found["Keys"]["MostThrottled"] == []
    assert [each["Error"] for each in found["Keys"]["MostAccessed"]] == [0.0] * 4


def test_accesses_of_pages(db):
    name = create(db, define="g:S h:N", GlobalSecondaryIndexes=[GLOBAL], LocalSecondaryIndexes=[LOCAL])
    for sort in range(4):
        item = {**key("a", sort), "g": {"S": "g"}, "h": {"N": str(sort)}}
        db("PutItem", TableName=name, Item=item)
    db("PutItem", TableName=name, Item=key("b", 0))
    enable(db, name)
    enable(db, name, IndexName="global")
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
    db("Query", TableName=name, Limit=2, **condition)  # 0.5 units
    db("Query", TableName=name, IndexName="local", ConsistentRead=True, Select="ALL_ATTRIBUTES", **condition)
    found = report(db)
    assert counts(found["PartitionKeys"]["MostAccessed"]) == {"a": 1.5}
    assert counts(found["Keys"]["MostAccessed"]) == {"a/0": 0.5, "a/1": 0.5, "a/2": 0.25, "a/3": 0.25}
    condition["ExpressionAttributeValues"] = {":p": {"S": "nothing"}}
    db("Query", TableName=name, **condition)
    assert counts(report(db)["PartitionKeys"]["MostAccessed"]) == {"a": 1.5, "?": 0.5}, "no item has this key"
    db("PutItem", TableName=name, Item=key("nothing", 0))
    assert counts(report(db)["PartitionKeys"]["MostAccessed"]) == {"a": 1.5, "nothing": 1.5}
    assert report(db, "global")["PartitionKeys"]["MostAccessed"] == []
    db("Scan", TableName=name, IndexName="global", Limit=1)  # 2 units: 0.5 for each of the index's four partitions
    condition = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "g"}}}
    db("Query", TableName=name, IndexName="global", **condition)
    db("DeleteItem", TableName=name, Key=key("a", 3))
    found = report(db, "global")
    assert counts(found["PartitionKeys"]["MostAccessed"]) == {"g": 3.5}
    assert counts(found["Keys"]["MostAccessed"]) == {"g/0": 2.125, "g/3": 1.125, "g/1": 0.125, "g/2": 0.125}


def test_a_scan_counts_each_partition(db):
    name = create(db, "pk:B")
    for data in ("AA==", "AQ=="):
        db("PutItem", TableName=name, Item={"pk": {"B": data}})
    enable(db, name)
    db("Scan", TableName=name, ReturnConsumedCapacity="TOTAL")
    found = report(db)
    assert counts(found["PartitionKeys"]["MostAccessed"]) == {"AA==": 1.0, "AQ==": 1.0}
    assert "Keys" not in found


def test_statements_count_too(db):
    name = create(db)
    enable(db, name)
    db("ExecuteStatement", Statement=f"INSERT INTO \"{name}\" VALUE {{'pk': 'a', 'sk': 1}}")
    db("ExecuteStatement", Statement=f"SELECT * FROM \"{name}\" WHERE pk = 'a' AND sk = 1")
    assert counts(report(db)["Keys"]["MostAccessed"]) == {"a/1": 1.5}


def test_throttled_requests(db):
    extra = {"BillingMode": "PROVISIONED", "ProvisionedThroughput": units(1, 1)}
    indexes = [{**GLOBAL, "ProvisionedThroughput": units(1, 1)}]
    name = create(db, define="g:S h:N", GlobalSecondaryIndexes=indexes, **extra)
    enforce(db, name)
    enable(db, name, ContributorInsightsMode="THROTTLED_KEYS")
    enable(db, name, IndexName="global")
    item = {**key("a", 1), "g": {"S": "g"}, "h": {"N": "1"}}
    db("PutItem", TableName=name, Item=item)
    code = "ProvisionedThroughputExceededException"
    for _ in range(2):
        assert db.error("PutItem", TableName=name, Item={**item, **key("b", 1)})[0] == code
    db("UpdateTable", TableName=name, ProvisionedThroughput=units(1, 100))
    db("DescribeTable", TableName=name)
    db.clock.advance(0.5)
    assert db.error("PutItem", TableName=name, Item={**item, **key("c", 1)})[0] == code, "the index refuses it"
    for _ in range(3):
        db("GetItem", TableName=name, Key=key("a", 1))
    assert db.error("GetItem", TableName=name, Key=key("d", 1), ConsistentRead=True)[0] == code
    condition = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
    assert db.error("Query", TableName=name, **condition)[0] == code
    assert db.error("Scan", TableName=name)[0] == code
    found = report(db)
    assert found["ContributorInsightsMode"] == "THROTTLED_KEYS"
    assert found["PartitionKeys"].keys() == {"MostThrottled"}
    assert counts(found["PartitionKeys"]["MostThrottled"]) == {"b": 2.0, "a": 1.0, "d": 1.0}
    assert counts(found["Keys"]["MostThrottled"]) == {"b/1": 2.0, "d/1": 1.0}
    found = report(db, "global")
    assert counts(found["Keys"]["MostThrottled"]) == {"g/1": 1.0}
    assert counts(found["Keys"]["MostAccessed"]) == {"g/1": 1.0}


def test_what_is_not_counted(db):
    name = create(db)
    table = db.emulator.caller("test", "us-east-1").tables[name]
    assert table.enforcement is None, "a table without the setting pays nothing"
    db("PutItem", TableName=name, Item=key("a", 1))
    enable(db, name)
    assert report(db)["Keys"]["MostAccessed"] == []
    db("GetItem", TableName=name, Key=key("a", 1))
    db("UpdateTable", TableName=name, DeletionProtectionEnabled=True)
    assert counts(report(db)["Keys"]["MostAccessed"]) == {"a/1": 0.5}, "another setting does not end the counting"
    db("UpdateContributorInsights", TableName=name, ContributorInsightsAction="DISABLE")
    assert registry.call(db.emulator, "insights", {}) == {"Insights": []}
    assert db.emulator.caller("test", "us-east-1").tables[name].enforcement is None
    enable(db, name)
    assert report(db)["Keys"]["MostAccessed"] == []
    db("UpdateTable", TableName=name, DeletionProtectionEnabled=False)
    db("DeleteTable", TableName=name)
    db("ListTables")
    assert registry.call(db.emulator, "insights", {}) == {"Insights": []}


# --- the sketch -----------------------------------------------------------------------------------


def test_a_sketch_keeps_the_highest_counts(monkeypatch):
    """No count is too low, and none is too high by more than its error. Memory is limited."""
    monkeypatch.setattr(insights, "KEPT", 20)
    generator = random.Random(1)
    sketch, truth = Sketch(), Counter()
    for _ in range(20_000):
        number = int(generator.paretovariate(1.1)) % 5000
        truth[number] += 1
        sketch.add(b"%d" % number, 1.0, {"n": {"N": str(number)}})
    found = list(sketch.top())
    assert len(found) <= 40
    for contributor, count, error, attributes in found:
        assert count - error <= truth[int(contributor)] <= count
        assert attributes == {"n": {"N": contributor.decode()}}
    assert [int(contributor) for contributor, *_ in found[:5]] == [number for number, _ in truth.most_common(5)]
    assert 0 < sketch.floor < 200


def test_counts_of_several_processes_are_added(monkeypatch):
    control = registry.registered()["insights"]

    def part(floor, *contributors):
        listed = {
            name: {"Key": {"k": {"S": name}}, "Count": count, "Error": error} for name, count, error in contributors
        }
        table = {"AccessKey": "a", "Region": "r", "TableName": "t", "ContributorInsightsMode": "m"}
        return {"Insights": [{**table, "PartitionKeys": {"MostAccessed": {"Contributors": listed, "Floor": floor}}}]}

    parts = [part(2.0, ("a", 10.0, 0.0), ("b", 9.0, 1.0)), part(0.0, ("b", 3.0, 0.0), ("c", 1.0, 0.0))]
    (entry,) = control.gather({}, parts)["Insights"]
    assert [
        (each["Key"]["k"]["S"], each["Count"], each["Error"]) for each in entry["PartitionKeys"]["MostAccessed"]
    ] == [
        ("b", 12.0, 1.0),
        ("a", 10.0, 0.0),
        ("c", 3.0, 2.0),
    ]


# --- statuses by the clock ------------------------------------------------------------------------


@pytest.fixture
def slow():
    inside = InProcess(Settings(in_memory=True, delay_transient_statuses=True))
    yield inside
    inside.emulator.close()


def status(db, name, **extra):
    return db("DescribeContributorInsights", TableName=name, **extra)["ContributorInsightsStatus"]


def test_statuses_with_delay(slow):
    invalid = "Table or Index is not in a valid state to update Key Access Insights: "
    request = table_request("pk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")])
    name = request["TableName"]
    slow("CreateTable", request)
    update = {"TableName": name, "ContributorInsightsAction": "ENABLE"}
    assert slow.error("UpdateContributorInsights", update) == (
        "ValidationException",
        invalid + "TableStatus must be ACTIVE to enable ContributorInsights.",
    )
    assert slow.error("UpdateContributorInsights", **update, IndexName="global") == (
        "ValidationException",
        invalid + "IndexStatus must be ACTIVE to enable ContributorInsights.",
    )
    slow.clock.advance(3)
    slow("DescribeTable", TableName=name)
    assert slow("UpdateContributorInsights", update)["ContributorInsightsStatus"] == "ENABLING"
    assert slow("UpdateContributorInsights", update)["ContributorInsightsStatus"] == "ENABLING"
    assert status(slow, name) == "ENABLING"
    slow.clock.advance(3)
    assert slow("UpdateContributorInsights", update)["ContributorInsightsStatus"] == "ENABLED"
    changed = slow("UpdateContributorInsights", **update, ContributorInsightsMode="THROTTLED_KEYS")
    assert changed["ContributorInsightsStatus"] == "ENABLING"
    slow.clock.advance(3)
    assert status(slow, name) == "ENABLED"
    slow("UpdateContributorInsights", TableName=name, ContributorInsightsAction="DISABLE")
    assert status(slow, name) == "DISABLING"
    slow.clock.advance(3)
    assert status(slow, name) == "DISABLED"


def test_the_limit_of_rules(db):
    names = [create(db) for _ in range(26)]
    for name in names[:25]:
        enable(db, name)  # uses 4 of the account's 100 rules
    enable(db, names[25])
    described = db("DescribeContributorInsights", TableName=names[25])
    assert described["ContributorInsightsStatus"] == "FAILED"
    assert described["FailureException"] == {
        "ExceptionName": "LimitExceededException",
        "ExceptionDescription": "Amazon CloudWatch Contributor Insights rule limit reached. Please disable Contributor "
        "Insights for other tables/indexes OR disable other CloudWatch Contributor Insights rules before retrying.",
    }
    assert "ContributorInsightsRuleList" not in described
    listed = db("ListContributorInsights", TableName=names[25])["ContributorInsightsSummaries"]
    assert [each["ContributorInsightsStatus"] for each in listed] == ["FAILED"]
    db("UpdateContributorInsights", TableName=names[0], ContributorInsightsAction="DISABLE")
    enable(db, names[25])
    assert status(db, names[25]) == "ENABLED"


def test_settings_survive_a_restart(tmp_path):
    before = InProcess(Settings(data_dir=tmp_path / "data"))
    name = create(before, define="g:S h:N", GlobalSecondaryIndexes=[GLOBAL])
    enable(before, name)
    enable(before, name, IndexName="global")
    found = before("DescribeContributorInsights", TableName=name)
    before.emulator.close()
    after = InProcess(Settings(data_dir=tmp_path / "data"))
    assert after("DescribeContributorInsights", TableName=name) == found
    after("PutItem", TableName=name, Item={**key("a", 1), "g": {"S": "g"}, "h": {"N": "1"}})
    assert counts(report(after)["Keys"]["MostAccessed"]) == {"a/1": 1.0}
    assert counts(report(after, "global")["Keys"]["MostAccessed"]) == {"g/1": 1.0}
    after.emulator.close()
