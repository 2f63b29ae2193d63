"""Errors of the operations on backups and restores, with their whole texts.

The first error in the service's order of checks is the answer (control-plane 0, 1 and 3). A refused
request creates no table.
"""

import pytest

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import dump
from tests.support.tables import index_request, table_request

ONE = "1 validation error detected: "
HOME = "arn:aws:dynamodb:us-east-1:123456789012"
UNKNOWN = f"{HOME}:table/table/backup/01700000000000-0123abcd"
UNITS = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
OVER = "One or more parameter values were invalid: "


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return an emulator with three tables and a backup of two of them.

    `table` is on-demand and `provisioned` is provisioned; both have indexes and recovery. `plain`
    has neither.
    """
    db = InProcess(Settings(in_memory=True))
    indexes = [index_request("global", "g"), index_request("other", "g pk", "KEYS_ONLY")]
    create = {**table_request("pk:S", define="g:S", GlobalSecondaryIndexes=indexes), "TableName": "table"}
    db("CreateTable", create)
    provisioned = {
        **create,
        "TableName": "provisioned",
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": UNITS,
        "GlobalSecondaryIndexes": [{**index, "ProvisionedThroughput": UNITS} for index in indexes],
    }
    db("CreateTable", provisioned)
    db("CreateTable", {**table_request("pk:S"), "TableName": "plain"})
    for name in ("table", "provisioned"):
        on = {"PointInTimeRecoveryEnabled": True}
        db("UpdateContinuousBackups", TableName=name, PointInTimeRecoverySpecification=on)
    db.backups = {
        name: db("CreateBackup", TableName=name, BackupName="backup")["BackupDetails"]["BackupArn"]
        for name in ("table", "provisioned")
    }
    db.clock.advance(1000)
    return db


def constraint(value, path, text):
    return ("ValidationException", f"{ONE}Value '{value}' at '{path}' failed to satisfy constraint: Member must {text}")


INVALID = ("ValidationException", "Invalid Backup ARN")
NOWHERE = ("ValidationException", "Invalid Request: BackupArn is not valid")
ARNS = [
    (f"{HOME}:table/table/{'x' * 10}", INVALID),
    (f"{HOME}:table/table/export/01700000000000-0123abcd", INVALID),
    ("x" * 40, INVALID),
    (f"{HOME}:table/table/backup/0170000000000-0123abcd", INVALID),
    (UNKNOWN.replace(":aws:", ":no:"), NOWHERE),
    (UNKNOWN.replace("dynamodb", "s3"), NOWHERE),
    (UNKNOWN.replace("us-east-1", "nowhere"), NOWHERE),
    (UNKNOWN.replace("us-east-1", "eu-nowhere-1"), NOWHERE),
    (UNKNOWN.replace("123456789012", "210987654321"), ("AccessDeniedException", "Access is denied")),
    (UNKNOWN, ("BackupNotFoundException", f"Backup not found: {UNKNOWN}")),
    ("x" * 36, constraint("x" * 36, "backupArn", "have length greater than or equal to 37")),
]


@pytest.mark.parametrize(("arn", "error"), ARNS)
@pytest.mark.parametrize("operation", ["DescribeBackup", "DeleteBackup", "RestoreTableFromBackup"])
def test_wrong_arns(world, operation, arn, error):
    extra = {"TargetTableName": "target"} if operation.startswith("Restore") else {}
    assert world.error(operation, BackupArn=arn, **extra) == error


def test_a_region_of_ones_own_may_have_any_name(world):
    caller = world.caller
    world.caller = world.emulator.caller("test", "eu-nowhere-1")
    try:
        world("CreateTable", {**table_request("pk:S"), "TableName": "there"})
        arn = world("CreateBackup", TableName="there", BackupName="backup")["BackupDetails"]["BackupArn"]
        assert ":eu-nowhere-1:" in arn
        assert world("DeleteBackup", BackupArn=arn)["BackupDescription"]["BackupDetails"]["BackupArn"] == arn
    finally:
        world("DeleteTable", TableName="there")
        world.caller = caller


def test_the_region_of_an_arn_does_not_matter(world):
    """DescribeBackup ignores the region in the ARN and repeats it (control-plane 1.2).

    A restore looks for the backup in the region of the ARN.
    """
    arn = world.backups["table"]
    elsewhere = arn.replace("us-east-1", "eu-west-3")
    described = world("DescribeBackup", BackupArn=elsewhere)["BackupDescription"]
    assert described["BackupDetails"]["BackupArn"] == elsewhere
    other = InProcess.__new__(InProcess)
    other.emulator, other.clock = world.emulator, world.clock
    other.caller = world.emulator.caller("test", "eu-west-3")
    assert other.error("DescribeBackup", BackupArn=arn) == ("BackupNotFoundException", f"Backup not found: {arn}")
    assert other("ListBackups")["BackupSummaries"] == []
    missing = (
        "ValidationException",
        "Invalid Request: sseSpecificationOverride must be provided for cross-region restores",
    )
    table = f"{HOME}:table/table"
    assert other.error("RestoreTableFromBackup", TargetTableName="target", BackupArn=arn) == missing
    to_point = {"TargetTableName": "target", "UseLatestRestorableTime": True}
    assert other.error("RestoreTableToPointInTime", SourceTableArn=table, **to_point) == missing
    encrypted = {"SSESpecificationOverride": {"Enabled": False}}
    other("RestoreTableFromBackup", TargetTableName="from-backup", BackupArn=arn, **encrypted)
    other("RestoreTableToPointInTime", SourceTableArn=table, **{**to_point, **encrypted})
    assert other("DescribeTable", TableName="target")["Table"]["TableArn"] == table.replace(
        "us-east-1", "eu-west-3"
    ).replace("table/table", "table/target")
    assert other("DescribeTable", TableName="from-backup")["Table"]["TableStatus"] == "ACTIVE"


@pytest.mark.parametrize(
    ("operation", "request_", "error"),
    [
        ("CreateBackup", {"TableName": "missing"}, ("TableNotFoundException", "Table not found: missing")),
        (
            "CreateBackup",
            {"TableName": "table", "BackupName": "no"},
            constraint("no", "backupName", "have length greater than or equal to 3"),
        ),
        (
            "CreateBackup",
            {"TableName": "table", "BackupName": "a b c"},
            constraint("a b c", "backupName", "satisfy regular expression pattern: [a-zA-Z0-9_.-]+"),
        ),
        (
            "ListBackups",
            {"BackupType": "MANUAL"},
            constraint("MANUAL", "backupType", "satisfy enum value set: [SYSTEM, AWS_BACKUP, USER, ALL]"),
        ),
        ("ListBackups", {"Limit": 0}, constraint("0", "limit", "have value greater than or equal to 1")),
        ("ListBackups", {"Limit": 101}, constraint("101", "limit", "have value less than or equal to 100")),
        (
            "ListBackups",
            {"TimeRangeLowerBound": 2, "TimeRangeUpperBound": 1},
            (
                "ValidationException",
                f"{OVER}Time range lower bound must be less than or equal to upper bound",
            ),
        ),
        ("ListBackups", {"ExclusiveStartBackupArn": "x" * 40}, INVALID),
        (
            "ListBackups",
            {"ExclusiveStartBackupArn": UNKNOWN.replace("us-east-1", "eu-west-3")},
            (
                "ValidationException",
                "Invalid Request: The supplied ExclusiveStartBackupArn does not match the region",
            ),
        ),
        (
            "ListBackups",
            {"TableName": "arn:aws:dynamodb:eu-west-3:123456789012:table/table"},
            (
                "ValidationException",
                f"{ONE}Invalid AWS region in 'arn:aws:dynamodb:eu-west-3:123456789012:table/table'",
            ),
        ),
    ],
)
def test_backups_refuse(world, operation, request_, error):
    request_ = {"BackupName": "backup", **request_} if operation == "CreateBackup" else request_
    refused = world.error(operation, request_)
    if "enum" in (error[1] or ""):  # compare the text before the values, whose order is the model's
        assert refused[0] == error[0]
        assert refused[1].startswith(error[1][: error[1].index("[")])
    else:
        assert refused == error


def invalid(text):
    return ("ValidationException", f"Invalid Request: {text}")


NAME, LATEST = {"SourceTableName": "table"}, {"UseLatestRestorableTime": True}
EARLY = 1_699_999_999


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (
            {"TargetTableName": "no", **NAME, **LATEST},
            constraint("no", "targetTableName", "have length greater than or equal to 3"),
        ),
        (
            {**NAME, "SourceTableArn": f"{HOME}:table/table"},
            ("ValidationException", "Must provide exactly one of: sourceTableArn, sourceTableName"),
        ),
        ({}, ("ValidationException", "The parameter 'TableName' is required but was not present in the request")),
        ({"SourceTableArn": "table"}, ("ValidationException", f"{OVER}sourceTableArn is not a valid ARN")),
        (
            {"SourceTableArn": f"{HOME}:table/table/index/global"},
            ("ValidationException", f"{OVER}sourceTableArn is not a valid ARN"),
        ),
        (
            {"SourceTableArn": "arn:aws:dynamodb:us-east-1:210987654321:table/table"},
            (
                "ValidationException",
                "This action is only supported by accounts that match the resource owner’s account.",  # noqa: RUF001
            ),
        ),
        (
            {**NAME, **LATEST, "RestoreDateTime": EARLY},
            invalid(
                "Both RestoreDateTime and UseLatestRestorableTime cannot be set for point-in-time restore request. "
                "Please specify only one of them"
            ),
        ),
        (
            {"SourceTableName": "missing"},
            invalid("Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"),
        ),
        (
            {**NAME, "UseLatestRestorableTime": False},
            invalid("Either one of RestoreDateTime or UseLatestRestorableTime must be specified, but not both"),
        ),
        (
            {"SourceTableName": "missing", "RestoreDateTime": EARLY, "TargetTableName": "table"},
            ("TableNotFoundException", "Table not found: missing"),
        ),
        ({"SourceTableArn": f"{HOME}:table/missing", **LATEST}, ("TableNotFoundException", "Table not found")),
        (
            {"SourceTableName": "plain", "RestoreDateTime": EARLY, "TargetTableName": "table"},
            (
                "PointInTimeRecoveryUnavailableException",
                "Point in time recovery is not enabled for table 'plain'",
            ),
        ),
        (
            {**NAME, "RestoreDateTime": EARLY, "TargetTableName": "table"},
            (
                "InvalidRestoreTimeException",
                (
                    "RestoreDateTime '2023-11-14T22:13:19Z' must be within EarliestRestorableDateTime "
                    "'2023-11-14T22:13:20Z' and LatestRestorableDateTime '2023-11-14T22:25:00Z'"
                ),
            ),
        ),
        (
            {**NAME, "RestoreDateTime": 1e300},
            (
                "InvalidRestoreTimeException",
                (
                    "RestoreDateTime '9999-12-31T23:59:59Z' must be within EarliestRestorableDateTime "
                    "'2023-11-14T22:13:20Z' and LatestRestorableDateTime '2023-11-14T22:25:00Z'"
                ),
            ),
        ),
        (
            {**NAME, **LATEST, "TargetTableName": "plain", "ProvisionedThroughputOverride": UNITS},
            ("TableAlreadyExistsException", "Table already exists: plain"),
        ),
        (
            {**NAME, **LATEST, "TargetTableName": "table"},
            ("TableAlreadyExistsException", "Table already exists: table"),
        ),
    ],
)
def test_restores_refuse(world, request_, error):
    before = dump(world.emulator.database)
    assert world.error("RestoreTableToPointInTime", {"TargetTableName": "target", **request_}) == error
    assert dump(world.emulator.database) == before


MODE = {"BillingModeOverride": "PROVISIONED"}
ON_DEMAND = {"BillingModeOverride": "PAY_PER_REQUEST"}
OVERRIDE = {"ProvisionedThroughputOverride": UNITS}
GLOBAL = index_request("global", "g")


@pytest.mark.parametrize(
    ("source", "request_", "error"),
    [
        ("table", OVERRIDE, "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED"),
        ("table", MODE, "Must override ProvisionedThroughput if BillingMode is overridden to PROVISIONED"),
        (
            "provisioned",
            {**ON_DEMAND, **OVERRIDE},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST",
        ),
        ("table", {**MODE, **OVERRIDE}, "Must specify provisioned throughput for index global"),
        (
            "provisioned",
            {"GlobalSecondaryIndexOverride": [GLOBAL]},
            "Must specify provisioned throughput for index global",
        ),
        (
            "provisioned",
            {**ON_DEMAND, "GlobalSecondaryIndexOverride": [{**GLOBAL, "ProvisionedThroughput": UNITS}]},
            "Cannot override ProvisionedThroughput if BillingMode is overridden to PAY_PER_REQUEST for index global",
        ),
        (
            "table",
            {"GlobalSecondaryIndexOverride": [{**GLOBAL, "ProvisionedThroughput": UNITS}]},
            "Cannot override ProvisionedThroughput unless BillingMode is PROVISIONED for index global",
        ),
        (
            "provisioned",
            {"OnDemandThroughputOverride": {"MaxReadRequestUnits": 5}},
            "Cannot override MaxReadRequestUnits for OnDemandThroughput unless BillingModeOverride is PAY_PER_REQUEST",
        ),
        (
            "table",
            {"OnDemandThroughputOverride": {"MaxReadRequestUnits": 0}},
            "Requested MaxReadRequestUnits for OnDemandThroughput is outside of valid range",
        ),
        (
            "table",
            {"GlobalSecondaryIndexOverride": [index_request("new", "pk")]},
            (
                "Index new does not match a secondary index that existed in the source table and cannot be created "
                "during the restore operation"
            ),
        ),
        (
            "table",
            {"GlobalSecondaryIndexOverride": [index_request("global", "g", "KEYS_ONLY")]},
            (
                "Index global does not match a secondary index that existed in the source table and cannot be created "
                "during the restore operation"
            ),
        ),
        (
            "table",
            {"LocalSecondaryIndexOverride": [index_request("local", "pk g")]},
            (
                "Index local does not match a secondary index that existed in the source table and cannot be created "
                "during the restore operation"
            ),
        ),
        (
            "table",
            {
                "GlobalSecondaryIndexOverride": [
                    {**GLOBAL, "WarmThroughput": {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}}
                ]
            },
            "Cannot override WarmThroughput for index global",
        ),
    ],
)
def test_overrides_are_checked(world, source, request_, error):
    before = dump(world.emulator.database)
    for operation, origin in (
        ("RestoreTableFromBackup", {"BackupArn": world.backups[source]}),
        ("RestoreTableToPointInTime", {"SourceTableName": source, **LATEST}),
    ):
        assert world.error(operation, {"TargetTableName": "target", **origin, **request_}) == invalid(error)
    assert dump(world.emulator.database) == before
