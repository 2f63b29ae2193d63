"""Commands of the AWS CLI (package awscli), as users type them.

awscli pins its botocore, so it has its own environment: `make .venv-awscli/.done`. Each call takes
about a second to start. So only the most common commands run on both engines, the others on one.
"""

import json

import pytest

from tests.support.aws_cli import AWS, REASON_TO_SKIP, Cli
from tests.support.servers import running
from tests.support.tables import new_name

pytestmark = pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)


@pytest.fixture(scope="module")
def aws(endpoint):
    return Cli(endpoint)


@pytest.fixture(scope="module")
def aws_once(request, tmp_path_factory):
    """The AWS CLI for tests that do not run on both engines.

    The server is that of `--endpoint`, or else a server on LMDB.
    """
    if given := request.config.getoption("--endpoint"):
        yield Cli(given)
        return
    with running("--data-dir", str(tmp_path_factory.mktemp("cli"))) as server:
        yield Cli(server.url)


CREATE = (
    "create-table --table-name {} --billing-mode PAY_PER_REQUEST"
    " --attribute-definitions AttributeName=PK,AttributeType=S AttributeName=SK,AttributeType=S"
    " --key-schema AttributeName=PK,KeyType=HASH AttributeName=SK,KeyType=RANGE"
)
ADD_INDEX = (
    "update-table --table-name {} --attribute-definitions AttributeName=GSI1PK,AttributeType=S"
    " AttributeName=GSI1SK,AttributeType=S --query TableDescription.TableStatus --output text"
)
INDEX = {
    "IndexName": "GSI1",
    "KeySchema": [
        {"AttributeName": "GSI1PK", "KeyType": "HASH"},
        {"AttributeName": "GSI1SK", "KeyType": "RANGE"},
    ],
    "Projection": {"ProjectionType": "ALL"},
}
PROFILE = {"PK": {"S": "USER#alice"}, "SK": {"S": "PROFILE"}, "name": {"S": "Alice Grün"}}
ORDERS = [
    {
        "PK": {"S": "USER#alice"},
        "SK": {"S": f"ORDER#{day}#{number}"},
        "GSI1PK": {"S": "STATUS#shipped"},
        "GSI1SK": {"S": day},
        "total": {"N": total},
    }
    for day, number, total in (("2024-01-15", "ord-001", "59.97"), ("2024-02-03", "ord-002", "5"))
]


def test_table_and_index_are_created_filled_and_queried(aws):
    name = new_name()
    description = aws(CREATE.format(name))["TableDescription"]
    assert (description["TableName"], description["TableStatus"]) == (name, "CREATING")
    assert aws(f"wait table-exists --table-name {name}") is None
    puts = [{"PutRequest": {"Item": item}} for item in (PROFILE, *ORDERS)]
    assert aws("batch-write-item", request_items={name: puts}) == {"UnprocessedItems": {}}
    assert aws(ADD_INDEX.format(name), global_secondary_index_updates=[{"Create": INDEX}]) == "UPDATING"
    status = f"describe-table --table-name {name} --query Table.GlobalSecondaryIndexes[0].IndexStatus --output text"
    while aws(status) != "ACTIVE":
        pass
    orders = aws(
        f"query --table-name {name}",
        key_condition_expression="PK = :pk AND begins_with(SK, :prefix)",
        expression_attribute_values={":pk": {"S": "USER#alice"}, ":prefix": {"S": "ORDER#"}},
    )
    assert orders == {"Items": ORDERS, "Count": 2, "ScannedCount": 2, "ConsumedCapacity": None}
    january = aws(
        f"query --table-name {name} --index-name GSI1 --no-scan-index-forward",
        key_condition_expression="GSI1PK = :status AND begins_with(GSI1SK, :month)",
        expression_attribute_values={":status": {"S": "STATUS#shipped"}, ":month": {"S": "2024-01"}},
    )
    assert january["Items"] == ORDERS[:1]
    assert aws(f"delete-table --table-name {name}")["TableDescription"]["TableStatus"] == "DELETING"
    assert aws(f"wait table-not-exists --table-name {name}") is None


@pytest.fixture(scope="module")
def table(aws_once):
    """A table that the tests below share. Each test uses different items."""
    name = new_name()
    aws_once(CREATE.format(name))
    yield name
    aws_once(f"delete-table --table-name {name}")


def test_item_is_put_read_updated_and_deleted(aws_once, table, tmp_path):
    key = {"PK": {"S": "item"}, "SK": {"S": "one"}}
    item = {
        **key,
        "quantity": {"N": "3"},
        "data": {"B": "plain"},
        "tags": {"SS": ["a", "b"]},
        "deep": {"M": {"l": {"L": []}}},
    }
    file = tmp_path / "item.json"
    file.write_text(json.dumps(item))
    stored = item | {"data": {"B": "cGxhaW4="}}  # version 1 takes a blob as plain text, and prints it as Base64
    assert aws_once(f"put-item --table-name {table} --item file://{file}") is None
    assert aws_once(f"get-item --table-name {table} --consistent-read", key=key) == {"Item": stored}
    changed = aws_once(
        f"update-item --table-name {table} --return-values UPDATED_NEW --return-consumed-capacity TOTAL",
        key=key,
        update_expression="SET quantity = quantity - :dec",
        condition_expression="quantity >= :dec",
        expression_attribute_values={":dec": {"N": "1"}},
    )
    assert changed == {
        "Attributes": {"quantity": {"N": "2"}},
        "ConsumedCapacity": {"TableName": table, "CapacityUnits": 1.0},
    }
    status, complaint = aws_once.failure(
        f"delete-item --table-name {table}",
        key=key,
        condition_expression="quantity > :n",
        expression_attribute_values={":n": {"N": "2"}},
    )
    assert status == 255
    assert complaint.endswith(
        "An error occurred (ConditionalCheckFailedException) when calling the DeleteItem operation: "
        "The conditional request failed"
    )
    deleted = aws_once(f"delete-item --table-name {table} --return-values ALL_OLD", key=key)
    assert deleted == {"Attributes": stored | {"quantity": {"N": "2"}}}


def test_pages_are_joined_limited_and_resumed(aws_once, table):
    puts = [{"PutRequest": {"Item": {"PK": {"S": "pages"}, "SK": {"S": f"{n:02}"}}}} for n in range(25)]
    aws_once("batch-write-item", request_items={table: puts})

    def found(command):
        answer = aws_once(
            f"query --table-name {table} {command}",
            key_condition_expression="PK = :pk",
            expression_attribute_values={":pk": {"S": "pages"}},
        )
        return [int(item["SK"]["S"]) for item in answer["Items"]], answer.get("NextToken")

    assert found("--page-size 4") == (list(range(25)), None)
    first, token = found("--max-items 10 --page-size 4")
    assert first == list(range(10))
    assert found(f"--page-size 4 --starting-token {token}") == (list(range(10, 25)), None)
    count = "--select COUNT --no-paginate --limit 7 --query [Count,LastEvaluatedKey.SK.S]"
    last = aws_once(
        f"scan --table-name {table} {count}",
        filter_expression="PK = :pk",
        expression_attribute_values={":pk": {"S": "pages"}},
    )
    assert last == [7, "06"]


def test_tables_are_listed_described_and_tagged(aws_once, table):
    arn = aws_once(f"describe-table --table-name {table} --query Table.TableArn --output text")
    assert arn.endswith(f":table/{table}")
    assert aws_once("tag-resource --tags Key=team,Value=blue", resource_arn=arn) is None
    assert aws_once("list-tags-of-resource", resource_arn=arn) == {"Tags": [{"Key": "team", "Value": "blue"}]}
    assert table in aws_once("list-tables --page-size 1")["TableNames"]
    keys = [{"PK": {"S": "nobody"}, "SK": {"S": "here"}}]
    answer = aws_once("batch-get-item", request_items={table: {"Keys": keys}})
    assert answer == {"Responses": {table: []}, "UnprocessedKeys": {}}


CALLING = "An error occurred ({}) when calling the {} operation: "
ERRORS = [
    (
        "describe-table --table-name there-is-none",
        {},
        255,
        CALLING.format("ResourceNotFoundException", "DescribeTable"),
        "Requested resource not found: Table: there-is-none not found",
    ),
    (
        "query --table-name {table}",
        {"key_condition_expression": "PK = = :pk", "expression_attribute_values": {":pk": {"S": "a"}}},
        255,
        CALLING.format("ValidationException", "Query"),
        'Invalid KeyConditionExpression: Syntax error; token: "=", near: "= = :pk"',
    ),
    ("get-item --table-name {table}", {}, 2, "aws: error: ", "the following arguments are required: --key"),
]


@pytest.mark.parametrize(
    ("command", "options", "status", "prefix", "message"), ERRORS, ids=[row[0].split()[0] for row in ERRORS]
)
def test_an_error_is_printed_and_sets_the_exit_status(aws_once, table, command, options, status, prefix, message):
    assert aws_once.failure(command.format(table=table), **options) == (status, prefix + message)
