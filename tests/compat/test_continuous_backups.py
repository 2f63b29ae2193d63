"""UpdateContinuousBackups and DescribeContinuousBackups (control-plane 2).

tests/unit/database/test_recovery_window.py tests how the window of recovery moves with the clock.
"""

import pytest

ONE = "1 validation error detected: "
PERIOD = "pointInTimeRecoverySpecification.recoveryPeriodInDays"
OFF = {
    "ContinuousBackupsStatus": "ENABLED",
    "PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": "DISABLED"},
}


def described(answer):
    return answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]


def test_switching_on_and_off(client, make_table):
    name = make_table("pk:S")
    assert client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"] == OFF
    update = client.update_continuous_backups
    on = described(update(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}))
    assert on.pop("EarliestRestorableDateTime") == on.pop("LatestRestorableDateTime")
    assert on == {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35}
    before = client.describe_continuous_backups(TableName=name)
    again = update(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})
    assert again["ContinuousBackupsDescription"] == before["ContinuousBackupsDescription"]
    wanted = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 7}
    assert described(update(TableName=name, PointInTimeRecoverySpecification=wanted))["RecoveryPeriodInDays"] == 7
    assert client.describe_table(TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    off = update(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False})
    assert off["ContinuousBackupsDescription"] == OFF
    assert client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"] == OFF


def test_a_table_by_its_arn(client, make_table):
    name = make_table("pk:S")
    arn = client.describe_table(TableName=name)["Table"]["TableArn"]
    wanted = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 1}
    client.update_continuous_backups(TableName=arn, PointInTimeRecoverySpecification=wanted)
    for table in (name, arn):
        assert described(client.describe_continuous_backups(TableName=table))["RecoveryPeriodInDays"] == 1


def test_writes_with_recovery(client, make_table):
    """Reads and writes of items have the same results with recovery as without."""
    name = make_table("pk:S")
    on = {"PointInTimeRecoveryEnabled": True}
    client.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=on)
    for value in ("1", "2"):
        client.put_item(TableName=name, Item={"pk": {"S": "a"}, "n": {"N": value}})
    assert client.get_item(TableName=name, Key={"pk": {"S": "a"}})["Item"]["n"] == {"N": "2"}
    client.delete_item(TableName=name, Key={"pk": {"S": "a"}})
    assert client.scan(TableName=name)["Count"] == 0


@pytest.mark.parametrize(
    ("operation", "extra"),
    [
        ("update_continuous_backups", {"PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}),
        ("describe_continuous_backups", {}),
    ],
)
def test_a_missing_table(refused, operation, extra):
    answer = ("TableNotFoundException", "Table not found: no-such-table")
    assert refused(operation, TableName="no-such-table", **extra) == answer
    arn = "arn:aws:dynamodb:eu-west-3:000000000000:table/no-such-table"
    assert refused(operation, TableName=arn, **extra) == (
        "ValidationException",
        f"{ONE}Invalid AWS region in '{arn}'",
    )


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        (
            None,
            (
                f"{ONE}Value null at 'pointInTimeRecoverySpecification' failed to satisfy constraint: "
                "Member must not be null"
            ),
        ),
        (
            {},
            (
                f"{ONE}Value null at 'pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled' failed to satisfy "
                "constraint: Member must not be null"
            ),
        ),
        (
            {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 0},
            (
                f"{ONE}Value '0' at '{PERIOD}' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        (
            {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 36},
            (
                f"{ONE}Value '36' at '{PERIOD}' failed to satisfy constraint: "
                "Member must have value less than or equal to 35"
            ),
        ),
        (
            {"PointInTimeRecoveryEnabled": False, "RecoveryPeriodInDays": 7},
            "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
        ),
    ],
)
def test_refuses(refused, shared_table, specification, message):
    request = {} if specification is None else {"PointInTimeRecoverySpecification": specification}
    assert refused("update_continuous_backups", TableName=shared_table, **request) == ("ValidationException", message)
