"""The Kinesis destination operations, on a server that has no Kinesis: what they validate, answer and keep.

On AWS the data streams must exist, and what is ENABLING here becomes ACTIVE. Delivery: test_kinesis_delivery.py.
"""

import pytest

from tests.conftest import new_name, without_metadata

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
OTHER = "arn:aws:kinesis:us-east-1:000000000000:stream/others"
STATE = "Table is not in a valid state to enable Kinesis Streaming Destination: "
# Observed: github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/707
ALREADY = STATE + "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
# Observed, "enable" included: github.com/aws/aws-cdk/issues/16393
NOT_ACTIVE = STATE + "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
# Inferred from the one above
NOT_UPDATABLE = STATE + "KinesisStreamingDestination must be ACTIVE to perform UPDATE operation."
# Reference 15
EMPTY_UPDATE = (
    "Streaming destination cannot be updated with given parameters: "
    "UpdateKinesisStreamingConfiguration cannot be null or contain only null values"
)
REASON = "no Kinesis endpoint is configured (--kinesis-endpoint URL)"


def destinations(client, table):
    answer = client.describe_kinesis_streaming_destination(TableName=table)
    assert answer["TableName"] == table
    return answer["KinesisDataStreamDestinations"]


def statuses(client, table):
    return [(each["StreamArn"], each["DestinationStatus"]) for each in destinations(client, table)]


def test_a_table_has_no_destinations_at_first(client, make_table):
    assert destinations(client, make_table("pk:S")) == []


def test_life_of_a_destination(client, make_table):
    table = make_table("pk:S")
    answer = client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert without_metadata(answer) == {"TableName": table, "StreamArn": ARN, "DestinationStatus": "ENABLING"}
    assert destinations(client, table) == [
        {"StreamArn": ARN, "DestinationStatus": "ENABLING", "DestinationStatusDescription": REASON}
    ]
    answer = client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert without_metadata(answer) == {"TableName": table, "StreamArn": ARN, "DestinationStatus": "DISABLING"}
    assert destinations(client, table) == [{"StreamArn": ARN, "DestinationStatus": "DISABLED"}]


def test_precision_is_kept_and_echoed(client, make_table):
    table = make_table("pk:S")
    configuration = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    request = {"TableName": table, "StreamArn": ARN, "EnableKinesisStreamingConfiguration": configuration}
    answer = client.enable_kinesis_streaming_destination(**request)
    assert answer["EnableKinesisStreamingConfiguration"] == configuration
    (told,) = destinations(client, table)
    assert told["ApproximateCreationDateTimePrecision"] == "MILLISECOND"


def test_one_destination_at_a_time(client, make_table, refused):
    """Observed: "DynamoDB permits only one Kinesis destination per table" (terraform-provider-aws issue 49342)."""
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    for arn in (ARN, OTHER):
        error = refused("enable_kinesis_streaming_destination", TableName=table, StreamArn=arn)
        assert error == ("ValidationException", ALREADY)
    client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=OTHER)
    assert statuses(client, table) == [(ARN, "DISABLED"), (OTHER, "ENABLING")]
    client.disable_kinesis_streaming_destination(TableName=table, StreamArn=OTHER)
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert statuses(client, table) == [(ARN, "ENABLING"), (OTHER, "DISABLED")]


@pytest.mark.parametrize("arn", [ARN, OTHER], ids=["disabled", "unknown"])
def test_only_what_is_enabled_can_be_disabled(client, make_table, refused, arn):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    error = refused("disable_kinesis_streaming_destination", TableName=table, StreamArn=arn)
    assert error == ("ValidationException", NOT_ACTIVE)


@pytest.mark.parametrize("arn", [ARN, OTHER], ids=["not active", "unknown"])
def test_only_what_is_active_can_be_updated(client, make_table, post, arn):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    configuration = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    request = {"TableName": table, "StreamArn": arn, "UpdateKinesisStreamingConfiguration": configuration}
    answer = post("UpdateKinesisStreamingDestination", request)
    assert (answer.status, answer.json["message"]) == (400, NOT_UPDATABLE)


@pytest.mark.parametrize("configuration", [{}, None], ids=["empty", "missing"])
def test_an_update_that_says_nothing(refused, configuration):
    """Told before the table is looked for."""
    request = {"TableName": "no-such-table", "StreamArn": ARN}
    if configuration is not None:
        request["UpdateKinesisStreamingConfiguration"] = configuration
    assert refused("update_kinesis_streaming_destination", **request) == ("ValidationException", EMPTY_UPDATE)


CHANGES = ("enable", "disable", "update")
CONFIGURATION = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
EXTRA = {"update": {"UpdateKinesisStreamingConfiguration": CONFIGURATION}}


@pytest.mark.parametrize("change", [*CHANGES, "describe"])
def test_unknown_table(refused, change):
    name = new_name()
    request = {"TableName": name, **EXTRA.get(change, {}), **({} if change == "describe" else {"StreamArn": ARN})}
    error = refused(f"{change}_kinesis_streaming_destination", **request)
    assert error == ("ResourceNotFoundException", f"Requested resource not found: Table: {name} not found")


SHORT = "arn:aws:kinesis:us-east-1:1:stream/x"
ENUM = "Member must satisfy enum value set: [MILLISECOND, MICROSECOND]"
BAD_MEMBERS = [
    ({"StreamArn": SHORT}, f"Value '{SHORT}' at 'streamArn'", "Member must have length greater than or equal to 37"),
    ({"StreamArn": None}, "Value null at 'streamArn'", "Member must not be null"),
    ({"TableName": None}, "Value null at 'tableName'", "Member must not be null"),
    (
        {"EnableKinesisStreamingConfiguration": {"ApproximateCreationDateTimePrecision": "SECOND"}},
        "Value 'SECOND' at 'enableKinesisStreamingConfiguration.approximateCreationDateTimePrecision'",
        ENUM,
    ),
]


@pytest.mark.parametrize(("members", "what", "constraint"), BAD_MEMBERS)
@pytest.mark.parametrize("change", ["enable", "disable"])
def test_member_constraints(refused, change, members, what, constraint):
    request = {"TableName": "no-such-table", "StreamArn": ARN, **members}
    request = {name: value for name, value in request.items() if value is not None}
    error = refused(f"{change}_kinesis_streaming_destination", **request)
    text = f"1 validation error detected: {what} failed to satisfy constraint: {constraint}"
    assert error == ("ValidationException", text)


BAD_ARNS = [
    "arn:aws:dynamodb:us-east-1:000000000000:table/orders",
    "arn:aws:kinesis:us-east-1:000000000000:orders/stream",
    "arn:aws:kinesis:us-east-1:000000000000:stream/or ders",
    "arn:aws:kinesis:us-east-1:not-an-account:stream/orders",
    "https://kinesis.us-east-1.amazonaws.com/stream/orders",
]


@pytest.mark.parametrize("arn", BAD_ARNS)
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_data_stream(refused, change, arn):
    """The text is ours."""
    request = {"TableName": "no-such-table", "StreamArn": arn, **EXTRA.get(change, {})}
    error = refused(f"{change}_kinesis_streaming_destination", **request)
    assert error == ("ValidationException", f"Invalid StreamArn: {arn} is not the ARN of a Kinesis data stream")


def test_a_table_is_known_by_its_arn_too(client, make_table):
    table = make_table("pk:S")
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert client.enable_kinesis_streaming_destination(TableName=arn, StreamArn=ARN)["TableName"] == table
    assert client.describe_kinesis_streaming_destination(TableName=arn)["TableName"] == table


def test_a_destination_is_no_stream_of_the_table(client, make_table):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    client.put_item(TableName=table, Item={"pk": {"S": "a"}})
    described = client.describe_table(TableName=table)["Table"]
    assert not described.keys() & {"StreamSpecification", "LatestStreamArn", "LatestStreamLabel"}
