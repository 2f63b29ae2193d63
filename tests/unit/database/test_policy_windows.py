"""How long a change of a resource policy stays pending, with delay_transient_statuses
(control-plane 11.2, 11.4).
"""

import json

import pytest

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.tables import table_request

IN_USE = "Attempt to change a resource which is still in use: "
MISSING = "Resource-based policy not found for the provided ResourceArn: "


@pytest.fixture
def slow():
    inside = InProcess(Settings(in_memory=True, delay_transient_statuses=True))
    yield inside
    inside.emulator.close()


@pytest.fixture
def table(slow):
    """Return the description of an ACTIVE table with a stream."""
    request = table_request("pk:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    slow("CreateTable", request)
    slow.clock.advance(3)
    return slow("DescribeTable", TableName=request["TableName"])["Table"]


def policy(arn, action):
    statement = {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": action, "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize("kind", ["table", "stream"])
def test_windows_after_a_change(slow, table, kind):
    name, label = table["TableName"], table["LatestStreamLabel"]
    arn = table["TableArn"] if kind == "table" else table["LatestStreamArn"]
    printed = f"table {name}" if kind == "table" else f"stream {label}"
    one, two = (
        ("dynamodb:GetItem", "dynamodb:Query")
        if kind == "table"
        else ("dynamodb:GetRecords", "dynamodb:DescribeStream")
    )
    revision = slow("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, one))["RevisionId"]
    changed = slow.clock.now()
    assert revision == str(int(changed * 1000))
    assert slow.error("GetResourcePolicy", ResourceArn=arn) == ("PolicyNotFoundException", MISSING + arn)
    pending = IN_USE + (
        f"Table is pending previous resource-based policy update: {name}"
        if kind == "table"
        else f"Stream is pending previous resource-based policy update: {label}"
    )
    again = {"ResourceArn": arn, "Policy": policy(arn, two)}
    assert slow.error("PutResourcePolicy", again) == ("ResourceInUseException", pending)
    assert slow.error("DeleteResourcePolicy", ResourceArn=arn) == ("ResourceInUseException", pending)
    assert slow("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, one)) == {"RevisionId": revision}
    wrong = slow.error("DeleteResourcePolicy", ResourceArn=arn, ExpectedRevisionId="1")
    assert wrong[0] == "PolicyNotFoundException", "the revision is checked first"
    if kind == "table":
        text = f"{IN_USE}Table: {name} has a pending resource-based policy update."
        assert slow.error("DeleteTable", TableName=name) == ("ResourceInUseException", text)
    slow.clock.advance(3)
    assert slow("GetResourcePolicy", ResourceArn=arn)["RevisionId"] == revision
    throttled = (
        f"Resource-based policy for {printed} modified within the previous 15000 milliseconds. "
        "Please try again after 2023-11-14T22:13:38.000Z."
    )
    assert slow.error("PutResourcePolicy", again) == ("ThrottlingException", throttled)
    assert slow("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, one)) == {"RevisionId": revision}
    slow.clock.advance(12)
    second = slow("PutResourcePolicy", again)["RevisionId"]
    assert slow("GetResourcePolicy", ResourceArn=arn)["RevisionId"] == revision, "still the policy before the change"
    slow.clock.advance(15)
    assert slow("GetResourcePolicy", ResourceArn=arn)["RevisionId"] == second
    slow("DeleteResourcePolicy", ResourceArn=arn)
    assert slow("GetResourcePolicy", ResourceArn=arn)["RevisionId"] == second
    slow.clock.advance(3)
    assert slow.error("GetResourcePolicy", ResourceArn=arn) == ("PolicyNotFoundException", MISSING + arn)


def test_a_table_that_is_being_deleted(slow, table):
    name, arn = table["TableName"], table["TableArn"]
    text = policy(arn, "dynamodb:GetItem")
    revision = slow("PutResourcePolicy", ResourceArn=arn, Policy=text)
    slow.clock.advance(20)
    slow("DeleteTable", TableName=name)
    assert slow("PutResourcePolicy", ResourceArn=arn, Policy=text) == revision
    refused = ("ResourceInUseException", f"{IN_USE}Table is being deleted: {name}")
    assert slow.error("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, "dynamodb:Query")) == refused
    assert slow.error("DeleteResourcePolicy", ResourceArn=arn) == refused
    slow.clock.advance(3)
    assert slow.error("DeleteResourcePolicy", ResourceArn=arn)[0] == "ResourceNotFoundException"


def test_revisions_grow_while_the_clock_stands_still(db):
    request = table_request("pk:S")
    arn = db("CreateTable", request)["TableDescription"]["TableArn"]
    revisions = []
    for action in ("dynamodb:GetItem", "dynamodb:Query"):
        revisions.append(db("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, action))["RevisionId"])
    db("DeleteResourcePolicy", ResourceArn=arn)
    revisions.append(db("DeleteResourcePolicy", ResourceArn=arn)["RevisionId"])
    db.clock.freeze(db.clock.now() - 100)
    revisions.append(db("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, "dynamodb:Scan"))["RevisionId"])
    first = int(revisions[0])
    assert revisions == [str(first + number) for number in range(4)]


def test_policies_survive_a_restart(tmp_path):
    settings = Settings(data_dir=tmp_path / "data")
    before = InProcess(settings)
    request = table_request("pk:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    described = before("CreateTable", request)["TableDescription"]
    arns = {described["TableArn"]: "dynamodb:GetItem", described["LatestStreamArn"]: "dynamodb:GetRecords"}
    for arn, action in arns.items():
        before("PutResourcePolicy", ResourceArn=arn, Policy=policy(arn, action))
    found = [before("GetResourcePolicy", ResourceArn=arn) for arn in arns]
    before.emulator.close()
    after = InProcess(settings)
    assert [after("GetResourcePolicy", ResourceArn=arn) for arn in arns] == found
    after.emulator.close()
