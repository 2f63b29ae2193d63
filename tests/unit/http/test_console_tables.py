"""The pages and actions of tables, in process."""

import pytest

from tests.support.console import faults
from tests.support.tables import index_request, table_request


@pytest.fixture
def orders(call):
    """Return the name of an on-demand table with a global index."""
    request = table_request(
        "pk:S", TableName="Orders", define="status:S", GlobalSecondaryIndexes=[index_request("by-status", "status")]
    )
    call("CreateTable", **request)
    return "Orders"


def described(call, name="Orders"):
    return call("DescribeTable", TableName=name)["Table"]


INDEX = {
    "index": ["1", "2"],
    "index-1-name": "by-status",
    "index-1-kind": "Global",
    "index-1-partition": "status",
    "index-1-projection": "INCLUDE",
    "index-1-attributes": "total, note ,",
    "index-2-name": "by-at",
    "index-2-kind": "Local",
    "index-2-partition": "pk",
    "index-2-sort": "at",
    "index-2-sort-type": "N",
    "index-2-projection": "KEYS_ONLY",
}


def test_a_table_is_created_with_all_that_the_form_has(console, call):
    shown = console.done(
        "tables/create",
        name=" Orders ",
        partition="pk",
        sort="sk",
        **{"sort-type": "N", "class": "STANDARD_INFREQUENT_ACCESS"},
        stream="NEW_IMAGE",
        ttl="expires",
        recovery="on",
        protected="on",
        **INDEX,
    )
    assert "The table Orders has been created." in shown
    table = described(call)
    assert table["KeySchema"] == [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ]
    assert table["DeletionProtectionEnabled"] is True
    assert table["StreamSpecification"]["StreamViewType"] == "NEW_IMAGE"
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"
    assert table["GlobalSecondaryIndexes"][0]["Projection"] == {
        "ProjectionType": "INCLUDE",
        "NonKeyAttributes": ["note", "total"],
    }
    assert table["LocalSecondaryIndexes"][0]["IndexName"] == "by-at"
    ttl = call("DescribeTimeToLive", TableName="Orders")["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    for text in ("<dd>NEW_IMAGE</dd>", "<dd>expires</dd>", "<dd>35 days</dd>", "by-at", "keys and note, total"):
        assert text in shown


def test_a_provisioned_table_has_units_for_itself_and_its_indexes(console, call):
    fields = INDEX | {"index": ["1"], "index-1-read": "7"}
    console.done("tables/create", name="Orders", partition="pk", mode="PROVISIONED", write="9", **fields)
    table = described(call)
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 9
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["ReadCapacityUnits"] == 7
    assert "5 read and 9 write units" in console.get("tables").text


def test_the_list_has_what_a_person_looks_for(console, call, orders):
    call("PutItem", TableName=orders, Item={"pk": {"S": "a"}, "status": {"S": "new"}})
    call("CreateTable", **table_request("n:N s:B", TableName="Other"))
    text = console.get("tables").text
    for part in ("Orders", "Other", "by-status", "on demand", "ACTIVE", '<td class="number">1</td>', "12 bytes"):
        assert part in text
    assert text.index("Orders") < text.index("Other")


def test_a_long_list_has_pages(console, call):
    for number in range(101):
        call("CreateTable", **table_request("pk:S", TableName=f"table-{number:03}"))
    first = console.get("tables").text
    assert ("table-099" in first, "table-100" in first, "after=table-099" in first) == (True, False, True)
    assert "table-100" in console.get("tables", after="table-099").text


def test_a_wrong_table_keeps_what_was_typed(console, call):
    answer = console.post("tables/create", {"hx-request": "true"}, name="a b", partition="pk")
    assert answer.status == 400
    assert answer.text.startswith('<div class="problem-text" role="alert">')
    assert "failed to satisfy constraint" in answer.text
    whole = console.post("tables/create", name="a b", partition="pk")
    assert (whole.status, faults(whole.text)) == (400, [])
    assert call("ListTables")["TableNames"] == []


def test_the_fields_of_an_index_have_numbers(console):
    text = console.get("tables/create/index", number=4).text
    assert 'name="index-4-name"' in text
    assert '<input type="hidden" id="index-number" name="number" value="5" hx-swap-oob="true">' in text


def test_a_table_is_shown_as_code(console, call, orders):
    call("UpdateTimeToLive", TableName=orders, TimeToLiveSpecification={"Enabled": True, "AttributeName": "x<y"})
    text = console.get("tables/Orders/code").text
    for part in (
        "aws dynamodb create-table",
        "client.create_table(",
        "new CreateTableCommand(",
        "Type: AWS::DynamoDB::Table",
        "resource &#34;aws_dynamodb_table&#34; &#34;Orders&#34;",
        "aws dynamodb update-time-to-live",
        "x&lt;y",
    ):
        assert part in text
    assert "x<y" not in text


# --- changes --------------------------------------------------------------------------------------


def test_the_capacity_changes_and_changes_back(console, call, orders):
    units = {"read": "3", "write": "4", "units-by-status-read": "5", "units-by-status-write": "6"}
    assert "The capacity has changed." in console.done("tables/Orders/change/capacity", mode="PROVISIONED", **units)
    table = described(call)
    assert table["ProvisionedThroughput"]["ReadCapacityUnits"] == 3
    assert table["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    console.done("tables/Orders/change/capacity", mode="PROVISIONED", **units | {"units-by-status-write": "8"})
    assert described(call)["GlobalSecondaryIndexes"][0]["ProvisionedThroughput"]["WriteCapacityUnits"] == 8
    same = console.post("tables/Orders/change/capacity", mode="PROVISIONED", **units | {"units-by-status-write": "8"})
    assert (same.status, "The table has this capacity already." in same.text) == (400, True)
    console.done("tables/Orders/change/capacity", mode="PAY_PER_REQUEST")
    assert described(call)["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"


def test_the_stream_is_turned_on_and_off(console, call, orders):
    console.done("tables/Orders/change/stream", stream="OLD_IMAGE")
    assert described(call)["StreamSpecification"]["StreamViewType"] == "OLD_IMAGE"
    console.done("tables/Orders/change/stream", stream="off")
    assert "StreamSpecification" not in described(call)


def test_time_to_live_is_turned_on_and_off(console, call, orders, emulator):
    def status():
        return call("DescribeTimeToLive", TableName=orders)["TimeToLiveDescription"]["TimeToLiveStatus"]

    assert console.post("tables/Orders/change/ttl", ttl=" ").status == 400
    console.done("tables/Orders/change/ttl", ttl="expires")
    assert status() == "ENABLED"
    emulator.clock.advance(3601)  # TTL can be changed only once an hour
    console.done("tables/Orders/change/ttl", ttl="")
    assert status() == "DISABLED"


def test_recovery_is_turned_on_and_off(console, call, orders):
    def recovery():
        answer = call("DescribeContinuousBackups", TableName=orders)["ContinuousBackupsDescription"]
        return answer["PointInTimeRecoveryDescription"]

    console.done("tables/Orders/change/recovery", recovery="on", days="7")
    assert recovery()["RecoveryPeriodInDays"] == 7
    console.done("tables/Orders/change/recovery")
    assert recovery()["PointInTimeRecoveryStatus"] == "DISABLED"


def test_protection_and_class_change(console, call, orders):
    console.done("tables/Orders/change/protection", protected="on")
    assert described(call)["DeletionProtectionEnabled"] is True
    console.done("tables/Orders/change/protection")
    assert described(call)["DeletionProtectionEnabled"] is False
    console.done("tables/Orders/change/class", **{"class": "STANDARD_INFREQUENT_ACCESS"})
    assert described(call)["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"


def test_indexes_are_added_and_deleted(console, call, orders):
    fields = {"index-1-name": "by-day", "index-1-partition": "day", "index-1-sort": "at", "index-1-sort-type": "N"}
    console.done("tables/Orders/change/add-index", **fields)
    assert [each["IndexName"] for each in described(call)["GlobalSecondaryIndexes"]] == ["by-status", "by-day"]
    console.done("tables/Orders/change/delete-index", index="by-status")
    assert [each["IndexName"] for each in described(call)["GlobalSecondaryIndexes"]] == ["by-day"]


def test_a_copy_has_the_items_and_indexes(console, call, orders):
    call("PutItem", TableName=orders, Item={"pk": {"S": "a"}, "status": {"S": "new"}})
    assert "The table Copy is a copy of Orders." in console.done("tables/Orders/change/copy", target=" Copy ")
    call("PutItem", TableName=orders, Item={"pk": {"S": "b"}})
    found = call("Scan", TableName="Copy", IndexName="by-status")["Items"]
    assert found == [{"pk": {"S": "a"}, "status": {"S": "new"}}]
    assert call("Scan", TableName="Copy")["Count"] == 1


@pytest.mark.parametrize("target", ["", "Orders", "a b"])
def test_a_copy_that_cannot_be_made_leaves_no_snapshot(console, orders, target, emulator):
    from emulator.controls import registry

    assert console.post("tables/Orders/change/copy", target=target).status == 400
    assert registry.call(emulator, "snapshots", {})["Snapshots"] == []


@pytest.mark.parametrize(("path", "left"), [("empty", 1), ("delete", 0)])
def test_emptying_and_deleting_need_the_name(console, call, orders, path, left):
    call("PutItem", TableName=orders, Item={"pk": {"S": "a"}})
    for text in ("", "orders", "Other"):
        refused = console.post(f"tables/Orders/change/{path}", confirmation=text)
        assert (refused.status, "write the name of the table: Orders" in refused.text) == (400, True)
    assert call("Scan", TableName=orders)["Count"] == 1
    console.done(f"tables/Orders/change/{path}", confirmation=" Orders ")
    assert len(call("ListTables")["TableNames"]) == left
    if left:
        assert call("Scan", TableName=orders)["Count"] == 0


def test_emptying_leaves_tables_of_the_same_name_elsewhere(console, emulator, call, orders):
    other = emulator.caller("other", "us-east-1")
    emulator.call("CreateTable", table_request("pk:S", TableName=orders), other)
    emulator.call("PutItem", {"TableName": orders, "Item": {"pk": {"S": "a"}}}, other)
    console.done("tables/Orders/change/empty", confirmation="Orders")
    assert b'"Count":1' in emulator.call("Scan", {"TableName": orders}, other)


@pytest.mark.parametrize("path", ["tables/None", "tables/None/change", "tables/None/code", "tables/None/items"])
def test_a_table_that_is_gone_is_a_problem_and_not_a_failure(console, path):
    answer = console.get(path)
    assert (answer.status, "ResourceNotFoundException" in answer.text, faults(answer.text)) == (400, True, [])
