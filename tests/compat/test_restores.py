"""RestoreTableFromBackup and RestoreTableToPointInTime (control-plane 3).

tests/unit/database/test_backup_refusals.py tests the error texts, and
tests/unit/database/test_restores_in_slices.py tests restores that take several slices.
"""

import pytest

from tests.support.tables import index_request, new_name

TABLE = {
    "define": "g:S l:S",
    "GlobalSecondaryIndexes": [index_request("global", "g"), index_request("second", "l", "KEYS_ONLY")],
    "LocalSecondaryIndexes": [index_request("local", "pk l")],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    "Tags": [{"Key": "team", "Value": "a"}],
    "TableClass": "STANDARD_INFREQUENT_ACCESS",
}
DROPPED = ("StreamSpecification", "LatestStreamArn", "TableClassSummary", "RestoreSummary", "SSEDescription")


@pytest.fixture
def source(client, make_table):
    """Return a table with three items, each of which is also in every index."""
    name = make_table("pk:S sk:S", **TABLE)
    for number in range(3):
        put(client, name, number)
    return name


@pytest.fixture
def target(client):
    """Return a name for the restored table; delete that table at the end."""
    name = new_name()
    yield name
    client.delete_table(TableName=name)


def put(client, name, number):
    item = {"pk": {"S": "a"}, "sk": {"S": str(number)}, "g": {"S": "g"}, "l": {"S": "l"}}
    client.put_item(TableName=name, Item=item)


def active(client, name):
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return client.describe_table(TableName=name)["Table"]


def count(client, name, index=None):
    request = {} if index is None else {"IndexName": index}
    return client.scan(TableName=name, **request)["Count"]


def test_a_backup(client, refused, source, target):
    arn = client.create_backup(TableName=source, BackupName="backup")["BackupDetails"]["BackupArn"]
    put(client, source, 9)
    answer = client.restore_table_from_backup(TargetTableName=target, BackupArn=arn)["TableDescription"]
    table = client.describe_table(TableName=source)["Table"]
    created = client.describe_backup(BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupCreationDateTime"]
    assert answer["TableStatus"] == "CREATING"
    assert answer["RestoreSummary"] == {
        "SourceBackupArn": arn,
        "SourceTableArn": table["TableArn"],
        "RestoreDateTime": created,
        "RestoreInProgress": True,
    }
    assert not any("IndexStatus" in index for index in answer["GlobalSecondaryIndexes"])
    restored = active(client, target)
    assert restored["TableStatus"] == "ACTIVE"
    for member in ("KeySchema", "AttributeDefinitions"):
        assert restored[member] == table[member]
    assert restored["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert not any(member in restored for member in DROPPED)
    assert restored["DeletionProtectionEnabled"] is False
    assert restored["TableId"] != table["TableId"]
    assert client.list_tags_of_resource(ResourceArn=restored["TableArn"])["Tags"] == []
    assert restored["ItemCount"] == 3
    assert restored["TableSizeBytes"] > 0
    for index in (None, "global", "second", "local"):
        assert count(client, target, index) == 3
    assert [index["ItemCount"] for index in restored["GlobalSecondaryIndexes"]] == [3, 3]
    put(client, target, 9)  # the restored table can be written
    assert count(client, target, "global") == 4
    assert refused("restore_table_from_backup", TargetTableName=target, BackupArn=arn) == (
        "TableAlreadyExistsException",
        f"Table already exists: {target}",
    )


def test_the_latest_restorable_time(client, source, target):
    """UseLatestRestorableTime works just after recovery was enabled, and restores all items."""
    on = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName=source, PointInTimeRecoverySpecification=on)
    table = client.describe_table(TableName=source)["Table"]
    answer = client.restore_table_to_point_in_time(
        SourceTableName=source, TargetTableName=target, UseLatestRestorableTime=True
    )["TableDescription"]
    window = client.describe_continuous_backups(TableName=source)["ContinuousBackupsDescription"]
    latest = window["PointInTimeRecoveryDescription"]["LatestRestorableDateTime"]
    assert answer["RestoreSummary"] == {
        "SourceTableArn": table["TableArn"],
        "RestoreDateTime": latest,
        "RestoreInProgress": True,
    }
    assert active(client, target)["ItemCount"] == 3
    off = client.describe_continuous_backups(TableName=target)["ContinuousBackupsDescription"]
    assert off["PointInTimeRecoveryDescription"] == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_a_time_and_a_source_by_its_arn(client, source, target):
    on = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName=source, PointInTimeRecoverySpecification=on)
    window = client.describe_continuous_backups(TableName=source)["ContinuousBackupsDescription"]
    moment = window["PointInTimeRecoveryDescription"]["EarliestRestorableDateTime"]
    arn = client.describe_table(TableName=source)["Table"]["TableArn"]
    client.restore_table_to_point_in_time(SourceTableArn=arn, TargetTableName=target, RestoreDateTime=moment)
    assert active(client, target)["ItemCount"] == 3


def test_overrides(client, source, target):
    arn = client.create_backup(TableName=source, BackupName="backup")["BackupDetails"]["BackupArn"]
    units = {"ReadCapacityUnits": 3, "WriteCapacityUnits": 4}
    client.restore_table_from_backup(
        TargetTableName=target,
        BackupArn=arn,
        BillingModeOverride="PROVISIONED",
        ProvisionedThroughputOverride=units,
        GlobalSecondaryIndexOverride=[
            {**index_request("renamed", "l", "KEYS_ONLY"), "ProvisionedThroughput": units},
        ],
        LocalSecondaryIndexOverride=[],
        SSESpecificationOverride={"Enabled": True},
    )
    restored = active(client, target)
    assert "LocalSecondaryIndexes" not in restored
    [index] = restored["GlobalSecondaryIndexes"]
    assert (index["IndexName"], index["ItemCount"]) == ("renamed", 3)
    for part in (restored, index):
        assert {name: part["ProvisionedThroughput"][name] for name in units} == units
    assert {each["AttributeName"] for each in restored["AttributeDefinitions"]} == {"pk", "sk", "l"}
    assert restored["SSEDescription"]["SSEType"] == "KMS"
    assert count(client, target, "renamed") == 3
