"""CreateBackup, DescribeBackup, DeleteBackup, ListBackups (control-plane 1).

tests/unit/database/test_backup_refusals.py has the error texts, and
tests/unit/database/test_restores_in_slices.py tests the parts that depend on the clock.
"""

import re

from tests.support.tables import index_request, new_name

SETTINGS = {
    "define": "g:S l:S",
    "GlobalSecondaryIndexes": [index_request("global", "g", "INCLUDE", ["b", "a"])],
    "LocalSecondaryIndexes": [index_request("local", "pk l", "KEYS_ONLY")],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
}


def created(client, table, name="backup"):
    return client.create_backup(TableName=table, BackupName=name)["BackupDetails"]


def test_a_backup_from_its_creation_to_its_deletion(client, refused, make_table):
    name = make_table("pk:S sk:S", **SETTINGS)
    for number in range(3):
        client.put_item(TableName=name, Item={"pk": {"S": "a"}, "sk": {"S": str(number)}})
    table = client.describe_table(TableName=name)["Table"]
    made = created(client, name)
    arn = made["BackupArn"]
    assert made == {
        "BackupArn": arn,
        "BackupName": "backup",
        "BackupSizeBytes": table["TableSizeBytes"],
        "BackupStatus": "CREATING",
        "BackupType": "USER",
        "BackupCreationDateTime": made["BackupCreationDateTime"],
    }
    found = re.fullmatch(re.escape(table["TableArn"]) + r"/backup/(\d{14})-[0-9a-f]{8}", arn)
    assert found
    assert int(found[1]) == round(made["BackupCreationDateTime"].timestamp() * 1000)
    described = client.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described["BackupDetails"] == {**made, "BackupStatus": "AVAILABLE"}
    assert described["SourceTableDetails"] == {
        "TableName": name,
        "TableId": table["TableId"],
        "TableArn": table["TableArn"],
        "TableSizeBytes": table["TableSizeBytes"],
        "KeySchema": table["KeySchema"],
        "TableCreationDateTime": table["CreationDateTime"],
        "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
        "ItemCount": 3,
        "BillingMode": "PAY_PER_REQUEST",
    }
    assert described["SourceTableFeatureDetails"] == {
        "LocalSecondaryIndexes": [index_request("local", "pk l", "KEYS_ONLY")],
        "GlobalSecondaryIndexes": [
            {
                **index_request("global", "g", "INCLUDE", ["a", "b"]),
                "ProvisionedThroughput": {"ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
            }
        ],
        "StreamDescription": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    }
    described["BackupDetails"]["BackupStatus"] = "DELETED"
    assert client.delete_backup(BackupArn=arn)["BackupDescription"] == described
    for operation in ("describe_backup", "delete_backup"):
        assert refused(operation, BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")
    assert client.list_backups(TableName=name)["BackupSummaries"] == []


def test_a_plain_table_has_no_features(client, make_table):
    arn = created(client, make_table("pk:S"))["BackupArn"]
    assert client.describe_backup(BackupArn=arn)["BackupDescription"]["SourceTableFeatureDetails"] == {}


def test_listing_by_pages(client, make_table):
    """Backups of a table may have the same name. They are listed in the order of creation."""
    name = make_table("pk:S")
    arns = [created(client, name)["BackupArn"] for _ in range(5)]
    assert len(set(arns)) == 5
    expected = sorted(arns)  # by time, or by their numbers if they are of the same millisecond
    pages = client.get_paginator("list_backups").paginate(TableName=name, PaginationConfig={"PageSize": 2})
    listed = [page["BackupSummaries"] for page in pages]
    assert [len(page) for page in listed] == [2, 2, 1]
    assert [backup["BackupArn"] for page in listed for backup in page] == expected
    assert "LastEvaluatedBackupArn" not in client.list_backups(TableName=name, Limit=5)
    summary = listed[0][0]
    table = client.describe_table(TableName=name)["Table"]
    assert (summary["TableName"], summary["TableId"], summary["TableArn"]) == (
        name,
        table["TableId"],
        table["TableArn"],
    )
    begin, end = (listed[at][-1]["BackupCreationDateTime"] for at in (0, -1))
    within = client.list_backups(TableName=name, TimeRangeLowerBound=begin, TimeRangeUpperBound=end)
    wanted = [each for page in listed for each in page if begin <= each["BackupCreationDateTime"] < end]
    assert within["BackupSummaries"] == wanted
    assert client.list_backups(TableName=name, BackupType="SYSTEM")["BackupSummaries"] == []
    assert len(client.list_backups(TableName=name, BackupType="ALL")["BackupSummaries"]) == 5
    assert len(client.list_backups(TableName=table["TableArn"])["BackupSummaries"]) == 5
    assert client.list_backups(TableName=new_name())["BackupSummaries"] == []


def test_a_table_with_recovery_leaves_a_system_backup(client, refused, make_table):
    name = new_name()
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    on = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=on)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}})
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert client.list_backups(TableName=name)["BackupSummaries"] == []
    [backup] = client.list_backups(TableName=name, BackupType="SYSTEM")["BackupSummaries"]
    assert (backup["BackupName"], backup["BackupType"]) == (f"{name}$DeletedTableBackup", "SYSTEM")
    assert backup["BackupArn"].endswith("-00000000")
    days = (backup["BackupExpiryDateTime"] - backup["BackupCreationDateTime"]).total_seconds() / 86_400
    assert days == 35
    code, message = refused("delete_backup", BackupArn=backup["BackupArn"])
    assert code == "ValidationException"
    assert message.startswith(
        "Invalid Request: User is not allowed to delete the system backup with arn "
        f"{backup['BackupArn']}. It will automatically expire on 2"
    )
    described = client.describe_backup(BackupArn=backup["BackupArn"])["BackupDescription"]
    assert described["SourceTableFeatureDetails"] == {}
    client.restore_table_from_backup(TargetTableName=name, BackupArn=backup["BackupArn"])
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert client.scan(TableName=name)["Items"] == [{"pk": {"S": "a"}}]
    client.delete_table(TableName=name)
