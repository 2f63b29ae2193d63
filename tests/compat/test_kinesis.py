"""The Kinesis destination operations on a server without --kinesis-endpoint.

These tests cover the checks, the answers and the stored state; test_kinesis_delivery.py covers
delivery. Against AWS these tests would fail: there the data streams must exist, and a destination
becomes ACTIVE, while it stays ENABLING on this server.
"""

import pytest

from tests.support.http_clients import without_metadata
from tests.support.tables import new_name

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"
OTHER = "arn:aws:kinesis:us-east-1:000000000000:stream/others"
STATE = "Table is not in a valid state to enable Kinesis Streaming Destination: "
# Observed: github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/707
ALREADY = STATE + "EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation."
# Observed: github.com/aws/aws-cdk/issues/16393. The text says "enable" although this is a DISABLE.
NOT_ACTIVE = STATE + "KinesisStreamingDestination must be ACTIVE to perform DISABLE operation."
NOT_UPDATABLE = (  # behaviour 15
    STATE + "Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. "
    "TableName: {table}, kdsArn: {arn}"
)
MISSING = STATE + "No streaming destination with streamArn: {arn} found for table with tableName: {table}"
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
    assert without_metadata(answer) == {
        "TableName": table,
        "StreamArn": ARN,
        "DestinationStatus": "ENABLING",
        "EnableKinesisStreamingConfiguration": {},  # returned even if it was not sent (behaviour 15)
    }
    assert destinations(client, table) == [
        {"StreamArn": ARN, "DestinationStatus": "ENABLING", "DestinationStatusDescription": REASON}
    ]
    answer = client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert without_metadata(answer) == {"TableName": table, "StreamArn": ARN, "DestinationStatus": "DISABLING"}
    assert destinations(client, table) == [{"StreamArn": ARN, "DestinationStatus": "DISABLED"}]


def test_precision_is_kept_and_echoed(client, make_table):
    table = make_table("pk:S")
    configuration = {"ApproximateCreationDateTimePrecision": "MICROSECOND"}
    request = {"TableName": table, "StreamArn": ARN, "EnableKinesisStreamingConfiguration": configuration}
    answer = client.enable_kinesis_streaming_destination(**request)
    assert answer["EnableKinesisStreamingConfiguration"] == configuration
    (reported,) = destinations(client, table)
    assert reported["ApproximateCreationDateTimePrecision"] == "MICROSECOND"
    client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert destinations(client, table) == [{"StreamArn": ARN, "DestinationStatus": "DISABLED"}]  # behaviour 15
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    (reported,) = destinations(client, table)
    assert "ApproximateCreationDateTimePrecision" not in reported


def test_disabling_refuses_a_configuration(refused):
    """It is refused before the table is looked up. Observed: ack-api-quirks, DDB-TABLE-301."""
    request = {"TableName": "no-such-table", "StreamArn": ARN, "EnableKinesisStreamingConfiguration": {}}
    assert refused("disable_kinesis_streaming_destination", **request) == (
        "ValidationException",
        "Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters",
    )


def test_one_destination_at_a_time(client, make_table, refused):
    """A table has at most one enabled destination.

    Observed in terraform-provider-aws issue 49342: "DynamoDB permits only one Kinesis destination
    per table".
    """
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
def test_only_an_enabled_destination_can_be_disabled(client, make_table, refused, arn):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    client.disable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    error = refused("disable_kinesis_streaming_destination", TableName=table, StreamArn=arn)
    assert error == ("ValidationException", NOT_ACTIVE)


@pytest.mark.parametrize(("arn", "text"), [(ARN, NOT_UPDATABLE), (OTHER, MISSING)], ids=["not active", "unknown"])
def test_only_an_active_destination_can_be_updated(client, make_table, post, arn, text):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    configuration = {"ApproximateCreationDateTimePrecision": "MILLISECOND"}
    request = {"TableName": table, "StreamArn": arn, "UpdateKinesisStreamingConfiguration": configuration}
    answer = post("UpdateKinesisStreamingDestination", request)
    assert (answer.status, answer.json["message"]) == (400, text.format(table=table, arn=arn))


@pytest.mark.parametrize("configuration", [{}, None], ids=["empty", "missing"])
def test_an_update_without_a_change(refused, configuration):
    """An empty configuration is reported before the table is looked up."""
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
    *(
        (arn, "User does not have a permission to use kinesis stream")
        for arn in (
            "arn:aws:dynamodb:us-east-1:000000000000:table/orders",
            "arn:aws:kinesis:us-east-1:000000000000:orders/stream",
            "arn:aws:kinesis:us-east-1:000000000000:stream/or ders",
            "arn:aws:kinesis:us-east-1:000000000000:stream/orders/consumer/c:1700000000",
            "https://kinesis.us-east-1.amazonaws.com/stream/orders",
        )
    ),
    (
        "arn:aws:kinesis:eu-west-1:000000000000:stream/orders",
        "The kinesis Arn used to enable kinesis replication belongs to a stream which is not in the current region",
    ),
]


@pytest.mark.parametrize(("arn", "reason"), BAD_ARNS)
def test_an_arn_that_is_not_a_data_stream_ends_as_enable_failed(client, make_table, refused, post, arn, reason):
    """See control-plane 13. Observed: ack-api-quirks, DDB-TABLE-268, 302, 318."""
    table = make_table("pk:S")
    error = refused("disable_kinesis_streaming_destination", TableName=table, StreamArn=arn)
    assert error == ("ValidationException", NOT_ACTIVE)
    update = {"TableName": table, "StreamArn": arn, **EXTRA["update"]}
    answer = post("UpdateKinesisStreamingDestination", update)
    assert answer.json["message"] == MISSING.format(arn=arn, table=table)
    for _ in range(2):
        answer = client.enable_kinesis_streaming_destination(TableName=table, StreamArn=arn)
        assert answer["DestinationStatus"] == "ENABLING"
        reported = {"StreamArn": arn, "DestinationStatus": "ENABLE_FAILED", "DestinationStatusDescription": reason}
        assert destinations(client, table) == [reported]
    error = refused("disable_kinesis_streaming_destination", TableName=table, StreamArn=arn)
    assert error == ("ValidationException", NOT_ACTIVE)
    answer = post("UpdateKinesisStreamingDestination", update)
    assert answer.json["message"] == NOT_UPDATABLE.format(arn=arn, table=table)
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    assert statuses(client, table) == [(arn, "ENABLE_FAILED"), (ARN, "ENABLING")]


def test_the_operations_accept_the_arn_of_a_table(client, make_table):
    table = make_table("pk:S")
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert client.enable_kinesis_streaming_destination(TableName=arn, StreamArn=ARN)["TableName"] == table
    assert client.describe_kinesis_streaming_destination(TableName=arn)["TableName"] == table


def test_a_destination_is_not_a_stream_of_the_table(client, make_table):
    table = make_table("pk:S")
    client.enable_kinesis_streaming_destination(TableName=table, StreamArn=ARN)
    client.put_item(TableName=table, Item={"pk": {"S": "a"}})
    described = client.describe_table(TableName=table)["Table"]
    assert not described.keys() & {"StreamSpecification", "LatestStreamArn", "LatestStreamLabel"}
