"""PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy, and ResourcePolicy of CreateTable.

See control-plane 11. tests/unit/policies/ tests the errors that a policy document can have.
"""

import json

import pytest

from tests.support.tables import new_name, table_request

STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
MISSING = "Resource-based policy not found for the provided ResourceArn: "
NOT_FOUND = "PolicyNotFoundException"


@pytest.fixture
def arn(client, make_table):
    name = make_table("pk:S")
    return client.describe_table(TableName=name)["Table"]["TableArn"]


def policy(arn, action="dynamodb:GetItem", **elements):
    account = arn.split(":")[4]
    statement = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": action, "Resource": arn, **elements}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def canonical(arn, action="dynamodb:GetItem"):
    account = arn.split(":")[4]
    return (
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        f'"Principal":{{"AWS":"arn:aws:iam::{account}:root"}},"Action":"{action}","Resource":"{arn}"}}]}}'
    )


def put(client, arn, text, **extra):
    return client.put_resource_policy(ResourceArn=arn, Policy=text, **extra)["RevisionId"]


def get(client, arn):
    found = client.get_resource_policy(ResourceArn=arn)
    return found["Policy"], found["RevisionId"]


def delete(client, arn, **extra):
    answer = client.delete_resource_policy(ResourceArn=arn, **extra)
    return answer.get("RevisionId")


def test_life_of_a_policy(client, refused, arn):
    missing = (NOT_FOUND, MISSING + arn)
    assert refused("get_resource_policy", ResourceArn=arn) == missing
    assert delete(client, arn) is None
    first = put(client, arn, policy(arn))
    assert len(first) == 13
    assert get(client, arn) == (canonical(arn), first)
    assert put(client, arn, canonical(arn)) == put(client, arn, policy(arn, ["dynamodb:GetItem"])) == first
    second = put(client, arn, policy(arn, "dynamodb:Query"))
    assert second > first
    assert get(client, arn) == (canonical(arn, "dynamodb:Query"), second)
    assert delete(client, arn) == second
    assert refused("get_resource_policy", ResourceArn=arn) == missing
    deletion = delete(client, arn)
    assert deletion > second
    assert delete(client, arn) == deletion
    assert put(client, arn, policy(arn)) > deletion


def test_expected_revisions(client, refused, arn):
    name = arn.rpartition("/")[2]
    assert refused("put_resource_policy", ResourceArn=arn, Policy=policy(arn), ExpectedRevisionId="1") == (
        NOT_FOUND,
        f"{MISSING}Requested update for policy with revision id 1, but table {name} has no associated policy.",
    )
    first = put(client, arn, policy(arn), ExpectedRevisionId="NO_POLICY")
    differs = "Requested update for policy with revision id 1, but the policy associated to target table"
    present = "Requested policy update expecting none to be present for table"
    for expected, message in {
        "1": f"{differs} {name} has revision id {first}.",
        "NO_POLICY": f"{present} {name}, but a policy exists with revision id {first}.",
    }.items():
        for call, extra in (("put_resource_policy", {"Policy": policy(arn)}), ("delete_resource_policy", {})):
            found = refused(call, ResourceArn=arn, ExpectedRevisionId=expected, **extra)
            assert found == (NOT_FOUND, MISSING + message)
    second = put(client, arn, policy(arn, "dynamodb:Scan"), ExpectedRevisionId=first)
    assert delete(client, arn, ExpectedRevisionId=second) == second
    put(client, arn, policy(arn), ExpectedRevisionId="NO_POLICY")


def test_a_table_is_created_with_a_policy(client, refused):
    request = table_request("pk:S")
    name = request["TableName"]
    mine = client.meta.region_name, "123456789012"
    text = policy("arn:aws:dynamodb:{}:{}:table/{}".format(*mine, name))
    described = client.create_table(**request, ResourcePolicy=text)["TableDescription"]
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    described |= client.describe_table(TableName=name)["Table"]
    assert "ResourcePolicy" not in described
    arn = described["TableArn"]
    text, revision = get(client, arn)
    assert text == canonical(arn)
    assert put(client, arn, policy(arn)) == revision
    client.delete_table(TableName=name)
    client.get_waiter("table_not_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    found = refused("get_resource_policy", ResourceArn=arn)
    assert found == ("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    assert refused("get_resource_policy", ResourceArn=arn) == (NOT_FOUND, MISSING + arn)
    client.delete_table(TableName=name)


def test_a_table_is_not_created_with_a_wrong_policy(client, refused):
    request = table_request("pk:S", ResourcePolicy="{}")
    text = "One or more parameter values were invalid: Invalid policy document: Syntax error at position (1,3)"
    assert refused("create_table", **request) == ("ValidationException", text)
    assert refused("describe_table", TableName=request["TableName"])[0] == "ResourceNotFoundException"


def test_a_stream_has_a_policy_of_its_own(client, refused, make_table):
    name = make_table("pk:S", StreamSpecification=STREAM)
    described = client.describe_table(TableName=name)["Table"]
    table, stream = described["TableArn"], described["LatestStreamArn"]
    first = put(client, stream, policy(stream, "dynamodb:GetRecords"))
    assert get(client, stream) == (canonical(stream, "dynamodb:GetRecords"), first)
    assert refused("get_resource_policy", ResourceArn=table) == (NOT_FOUND, MISSING + table)
    put(client, table, policy(table))
    label = described["LatestStreamLabel"]
    found = refused(
        "put_resource_policy", ResourceArn=stream, Policy=policy(stream, "dynamodb:GetRecords"), ExpectedRevisionId="1"
    )
    assert found[1].endswith(f"associated to target stream {label} has revision id {first}.")
    assert refused("put_resource_policy", ResourceArn=stream, Policy=policy(stream)) == (
        "ValidationException",
        (
            "One or more parameter values were invalid: Invalid policy document: The following action names are invalid: "
            '"dynamodb:GetItem"'
        ),
    )
    assert delete(client, stream) == first
    assert get(client, table)[0] == canonical(table)


def test_a_policy_that_locks_its_author_out(client, refused, arn):
    text = policy(arn, "dynamodb:Put*", Effect="Deny")
    code, message = refused("put_resource_policy", ResourceArn=arn, Policy=text)
    assert (code, message) == (
        "AccessDeniedException",
        "The new resource policy will not allow you to update the resource policy in the future.",
    )
    assert refused("get_resource_policy", ResourceArn=arn)[0] == NOT_FOUND
    revision = put(client, arn, text, ConfirmRemoveSelfResourceAccess=True)
    assert get(client, arn)[1] == revision


INVALID = "One or more parameter values were invalid: "
VALIDATION = "ValidationException"
# case: (template of an ARN, error code, message). {table} is the ARN of a table; {region},
# {account} and {name} are its parts.
FOREIGN = {
    "a table's name": ("{name}", VALIDATION, INVALID + "ARNs must start with 'arn:': {name}"),
    "an index": (
        "{table}/index/global",
        VALIDATION,
        INVALID + "Invalid resource arn provided, only table or stream is accepted. Provided resource arn: {arn}",
    ),
    "another region": (
        "arn:aws:dynamodb:eu-west-1:{account}:table/{name}",
        VALIDATION,
        INVALID + "Invalid resource Arn: {arn}",
    ),
    "another partition": (
        "arn:aws-cn:dynamodb:{region}:{account}:table/{name}",
        VALIDATION,
        INVALID + "Invalid resource Arn: {arn}",
    ),
    "no ARN form": ("arn:aws:dynamodb", VALIDATION, INVALID + "Invalid resource Arn: {arn}"),
    "a backup": (
        "{table}/backup/01700000000000-abcdef01",
        VALIDATION,
        INVALID + "Provided Arn is not a DynamoDB resource arn: {arn}",
    ),
    "another account": (
        "arn:aws:dynamodb:{region}:210987654321:table/{name}",
        VALIDATION,
        "This action is only supported by accounts that match the resource owner’s account.",  # noqa: RUF001
    ),
    "no such table": (
        "{table}x",
        "ResourceNotFoundException",
        "Requested resource not found: Table: {name}x not found",
    ),
    "no such stream": (
        "{table}/stream/2000-01-01T00:00:00.000",
        "ResourceNotFoundException",
        "Requested resource not found: Stream: 2000-01-01T00:00:00.000 not found for Table: {name}",
    ),
    "a stream of no table": (
        "{table}x/stream/2000-01-01T00:00:00.000",
        "ResourceNotFoundException",
        "Requested resource not found: Table: {name}x not found",
    ),
}


@pytest.mark.parametrize("call", ["put_resource_policy", "get_resource_policy", "delete_resource_policy"])
@pytest.mark.parametrize("fault", FOREIGN)
def test_arns_of_other_resources(client, refused, shared_table, fault, call):
    table = client.describe_table(TableName=shared_table)["Table"]["TableArn"]
    _, _, _, region, account, _ = table.split(":")
    parts = {"table": table, "region": region, "account": account, "name": shared_table}
    template, code, message = FOREIGN[fault]
    arn = template.format(**parts)
    text = policy(table, "dynamodb:GetRecords" if "/stream/" in arn else "dynamodb:GetItem")
    extra = {"Policy": text} if call == "put_resource_policy" else {}
    assert refused(call, ResourceArn=arn, **extra) == (code, message.format(arn=arn, **parts))


def test_members_are_checked_first(refused):
    one = "1 validation error detected: "
    found = refused("put_resource_policy", ResourceArn="x" * 1284, Policy="")
    assert found[0] == VALIDATION
    assert found[1].startswith(one)
    assert "at 'resourceArn' failed to satisfy constraint" in found[1]
    found = refused("delete_resource_policy", ResourceArn=f"arn:aws:dynamodb:us-east-1:123456789012:table/{new_name()}",
                    ExpectedRevisionId="")  # fmt: skip
    assert found == (
        VALIDATION,
        one + "Value '' at 'expectedRevisionId' failed to satisfy constraint: Member must have length greater than or "
        "equal to 1",
    )
