"""On a server with `--kinesis-endpoint`, destinations become ACTIVE and receive changes.

Changes that a crash leaves undelivered arrive after the restart.
"""

import boto3
import pytest

from tests.support.http_clients import boto_options
from tests.support.kinesis import fake_kinesis
from tests.support.servers import running
from tests.support.tables import table_request

ARN = "arn:aws:kinesis:us-east-1:000000000000:stream/orders"


@pytest.fixture
def fake():
    with fake_kinesis() as made:
        yield made


def make_table(client):
    request = {**table_request("pk:S"), "TableName": "tab"}
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName="tab", WaiterConfig={"Delay": 1})
    client.enable_kinesis_streaming_destination(TableName="tab", StreamArn=ARN)
    (reported,) = client.describe_kinesis_streaming_destination(TableName="tab")["KinesisDataStreamDestinations"]
    assert reported == {"StreamArn": ARN, "DestinationStatus": "ACTIVE"}


def put(client, pk, value):
    client.put_item(TableName="tab", Item={"pk": {"S": pk}, "v": {"N": str(value)}})


def test_changes_arrive(fake):
    with running("--in-memory", "--kinesis-endpoint", fake.url) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        make_table(client)
        for number in range(10):
            put(client, "ab"[number % 2], number)
        fake.wait(lambda: len(fake.entries) == 10)
        assert [value for pk, value in fake.values() if pk == "a"] == [0, 2, 4, 6, 8]
        assert server.stop() == 0


def test_records_left_by_a_crash_arrive_after_it(fake, tmp_path):
    arguments = ("--data-dir", str(tmp_path / "data"), "--kinesis-endpoint", fake.url)
    fake.error = "ResourceNotFoundException"
    with running(*arguments) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        make_table(client)
        for number in range(5):
            put(client, "a", number)
        fake.wait(lambda: len(fake.calls) > 0)
        server.kill()
    fake.error = None
    with running(*arguments):
        fake.wait(lambda: len(fake.entries) == 5)
    assert fake.values() == [("a", number) for number in range(5)]
