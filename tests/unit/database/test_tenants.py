"""Which callers see which tables: access keys, regions, accounts, and --shared-db, which gives all
callers the same tables.
"""

import logging

import pytest

from emulator.errors import ApiError
from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import index_request, table_request

HERE = ("test", "us-east-1")
OTHER_KEY = ("other", "us-east-1")
OTHER_REGION = ("test", "eu-west-1")
ITEM = {"pk": {"S": "p"}}


def as_(db, caller, operation, **request):
    db.caller = db.emulator.caller(*caller)
    return db(operation, request)


def create(db, caller, name):
    return as_(db, caller, "CreateTable", **{**table_request("pk:S"), "TableName": name})["TableDescription"]


def names(db, caller):
    return as_(db, caller, "ListTables")["TableNames"]


def test_every_key_and_region_has_its_own_tables(db):
    callers = (HERE, OTHER_KEY, OTHER_REGION)
    for number, caller in enumerate(callers):
        create(db, caller, "same")
        as_(db, caller, "PutItem", TableName="same", Item={**ITEM, "n": {"N": str(number)}})
    create(db, OTHER_KEY, "extra")
    for number, caller in enumerate(callers):
        (item,) = as_(db, caller, "Scan", TableName="same")["Items"]
        assert item["n"] == {"N": str(number)}
    assert names(db, HERE) == ["same"]
    assert names(db, OTHER_KEY) == ["extra", "same"]
    as_(db, HERE, "DeleteTable", TableName="same")
    assert names(db, HERE) == []
    assert names(db, OTHER_REGION) == ["same"]


def test_they_have_them_after_reopening(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    db = InProcess(settings)
    for caller in (HERE, OTHER_KEY, OTHER_REGION, ("", "")):
        create(db, caller, f"table.{'.'.join(caller)}")
    db.emulator.close()
    db = InProcess(settings)
    for caller in (HERE, OTHER_KEY, OTHER_REGION, ("", "")):
        assert names(db, caller) == [f"table.{'.'.join(caller)}"]
    db.emulator.close()


@pytest.mark.parametrize(
    ("access_key", "account"),
    [
        ("123456789012", "123456789012"),
        ("000000000001", "000000000001"),
        ("12345678901", "123456789012"),
        ("1234567890123", "123456789012"),
        ("AKIAIOSFODNN7EXAMPLE", "123456789012"),
        ("١٢٣٤٥٦٧٨٩٠١٢", "123456789012"),
    ],
)
def test_the_account_in_arns(db, access_key, account):
    reported = create(db, (access_key, "ap-south-1"), "table")
    assert reported["TableArn"] == f"arn:aws:dynamodb:ap-south-1:{account}:table/table"


@pytest.mark.parametrize("account", ["000000000000", "210987654321"])
def test_the_account_of_other_access_keys_can_be_set(tmp_path, account):
    db = InProcess(Settings(in_memory=True, account=account))
    assert create(db, HERE, "table")["TableArn"] == f"arn:aws:dynamodb:us-east-1:{account}:table/table"
    own = create(db, ("111111111111", "us-east-1"), "table")["TableArn"]
    assert own == "arn:aws:dynamodb:us-east-1:111111111111:table/table"
    db.emulator.close()


def test_keys_of_one_account_have_separate_tables(db):
    """Access keys may share an account number. An ARN in a request still names the table that
    belongs to the caller's key.
    """
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    callers = (HERE, OTHER_KEY, ("123456789012", "us-east-1"))
    arn = "arn:aws:dynamodb:us-east-1:123456789012:table/same"
    streams = set()
    for number, caller in enumerate(callers):
        request = {**table_request("pk:S", StreamSpecification=stream), "TableName": "same"}
        described = as_(db, caller, "CreateTable", **request)["TableDescription"]
        assert described["TableArn"] == arn
        streams.add(described["LatestStreamArn"])
        as_(db, caller, "PutItem", TableName=arn, Item={**ITEM, "n": {"N": str(number)}})
        as_(db, caller, "TagResource", ResourceArn=arn, Tags=[{"Key": "number", "Value": str(number)}])
    assert len(streams) == 3
    for number, caller in enumerate(callers):
        assert as_(db, caller, "GetItem", TableName=arn, Key=ITEM)["Item"]["n"] == {"N": str(number)}
        assert as_(db, caller, "ListTagsOfResource", ResourceArn=arn)["Tags"][0]["Value"] == str(number)
        (own,) = as_(db, caller, "ListStreams")["Streams"]
        for other in streams - {own["StreamArn"]}:
            assert db.error("DescribeStream", StreamArn=other)[0] == "ResourceNotFoundException"
            assert db.error("ListTagsOfResource", ResourceArn=other)[0] == "ResourceNotFoundException"
    as_(db, HERE, "DeleteTable", TableName=arn)
    assert names(db, HERE) == []
    assert names(db, OTHER_KEY) == ["same"]


def test_arns_of_others_find_nothing(db):
    mine = create(db, ("111111111111", "us-east-1"), "table")["TableArn"]
    theirs = create(db, ("222222222222", "us-east-1"), "table")["TableArn"]
    away = mine.replace("us-east-1", "us-west-2")
    caller = ("111111111111", "us-east-1")
    as_(db, caller, "PutItem", TableName=mine, Item=ITEM)
    for arn in (theirs, away, mine + "/index/x", mine.replace(":table/", ":tables/"), "arn:aws:dynamodb"):
        with pytest.raises(ApiError) as caught:
            as_(db, caller, "PutItem", TableName=arn, Item=ITEM)
        assert caught.value.code in ("ResourceNotFoundException", "ValidationException", "AccessDeniedException")


def test_one_database_for_all(tmp_path):
    settings = Settings(data_dir=tmp_path / "data", shared_db=True)
    db = InProcess(settings)
    arn = create(db, ("111111111111", "eu-west-1"), "table")["TableArn"]
    assert arn == "arn:aws:dynamodb:eu-west-1:111111111111:table/table"
    as_(db, HERE, "PutItem", TableName="table", Item=ITEM)
    assert as_(db, OTHER_KEY, "GetItem", TableName="table", Key=ITEM)["Item"] == ITEM
    assert as_(db, OTHER_REGION, "GetItem", TableName=arn, Key=ITEM)["Item"] == ITEM
    elsewhere = arn.replace("eu-west-1", "us-east-1").replace("111111111111", "123456789012")
    assert as_(db, OTHER_REGION, "GetItem", TableName=elsewhere, Key=ITEM)["Item"] == ITEM
    as_(db, OTHER_KEY, "TagResource", ResourceArn=elsewhere, Tags=[{"Key": "a", "Value": "b"}])
    assert as_(db, HERE, "ListTagsOfResource", ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    latest = as_(db, HERE, "UpdateTable", TableName=arn, StreamSpecification=stream)["TableDescription"][
        "LatestStreamArn"
    ]
    for account in ("111111111111", "123456789012", "210987654321"):
        same = latest.replace("111111111111", account)
        assert as_(db, OTHER_KEY, "DescribeStream", StreamArn=same)["StreamDescription"]["StreamArn"] == latest
        assert as_(db, OTHER_KEY, "ListTagsOfResource", ResourceArn=same)["Tags"] == []
    db.emulator.close()
    db = InProcess(settings)
    assert names(db, HERE) == ["table"]
    db.emulator.close()


def test_the_log_says_where_a_missed_table_is(db, caplog):
    for caller in (OTHER_KEY, OTHER_REGION):
        create(db, caller, "somewhere")
    with caplog.at_level(logging.WARNING, logger="emulator"):
        db.caller = db.emulator.caller(*HERE)
        assert db.error("PutItem", TableName="somewhere", Item=ITEM) == (
            "ResourceNotFoundException",
            "Requested resource not found",
        )
    (reported,) = caplog.messages
    assert reported == (
        "a request named table somewhere with access key test, region us-east-1; the table exists under "
        "access key other, region us-east-1 and access key test, region eu-west-1"
    )


@pytest.mark.parametrize("operation", ["DescribeTable", "DeleteTable", "DescribeTimeToLive"])
def test_the_control_plane_tells_it_too(db, caplog, operation):
    create(db, OTHER_KEY, "somewhere")
    with caplog.at_level(logging.WARNING, logger="emulator"):
        db.caller = db.emulator.caller(*HERE)
        db.error(operation, TableName="somewhere")
    assert len(caplog.messages) == 1


def test_the_log_is_silent_about_tables_that_are_nowhere(db, caplog):
    create(db, OTHER_KEY, "table")
    with caplog.at_level(logging.WARNING, logger="emulator"):
        db.caller = db.emulator.caller(*HERE)
        db.error("DescribeTable", TableName="another")
        create(db, HERE, "table")
    assert caplog.messages == []


@pytest.mark.parametrize("shared", [False, True])
def test_unfinished_work_waits_for_the_same_value_of_shared_db(tmp_path, monkeypatch, shared):
    """A deletion and a half-filled index survive a start with the other setting, and do not disturb
    that server.
    """
    monkeypatch.setattr("emulator.database.jobs.backfill.SLICE", 1)
    ours = Settings(data_dir=tmp_path / "data", shared_db=shared)
    other = Settings(data_dir=tmp_path / "data", shared_db=not shared)
    first = InProcess(ours)
    filled, gone = table_request(), table_request()
    for request in (filled, gone):
        first("CreateTable", request)
    for number in range(5):
        item = {"pk": {"S": "p"}, "sk": {"S": str(number)}, "g": {"S": "g"}}
        first("PutItem", TableName=filled["TableName"], Item=item)
    first(
        "UpdateTable",
        TableName=filled["TableName"],
        AttributeDefinitions=[{"AttributeName": "g", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index_request("gsi", "g")}],
    )
    first("DeleteTable", TableName=gone["TableName"])
    first.emulator.close()
    between = InProcess(other)
    between.emulator.database.background.run_all()
    assert between("ListTables")["TableNames"] == []
    between.emulator.close()
    last = InProcess(ours)
    last.emulator.database.background.run_all()
    assert last("ListTables")["TableNames"] == [filled["TableName"]]
    found = last(
        "Query",
        TableName=filled["TableName"],
        IndexName="gsi",
        KeyConditionExpression="g = :g",
        ExpressionAttributeValues={":g": {"S": "g"}},
    )
    assert found["Count"] == 5
    last.emulator.close()
