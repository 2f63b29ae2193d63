"""With enforced throughput, botocore's retries succeed after the clock has moved.

No test waits. `DynamoDbEndpoint.respond` replaces botocore's HTTP layer. The emulator's clock
replaces botocore's sleeps and its reads of the time, so its retry modes follow that clock.
"""

import io
import random
import threading
from types import SimpleNamespace

import boto3
import botocore.endpoint
import botocore.retries.bucket
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import ClientError

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.http.front.dynamodb import DynamoDbEndpoint
from emulator.settings import Settings
from tests.support.http_clients import boto_options
from tests.support.tables import index_request, table_request

MODES = ("legacy", "standard", "adaptive")


class Body(io.BytesIO):
    """The body of an answer, for botocore to read."""

    def stream(self, **_):
        yield self.read()


class Service:
    """An emulator whose clock moves only when botocore sleeps.

    `answers` has the status of each answer, and its time by that clock.
    """

    def __init__(self):
        self.clock = ManualClock()
        self.emulator = Emulator(Settings(in_memory=True, enforce_throughput=True), self.clock)
        self.protocol = DynamoDbEndpoint(self.emulator)
        self.answers = []

    def send(self, request, **_):
        """Answer a request that botocore is about to send."""
        sent = [
            (name.lower().encode(), value if isinstance(value, bytes) else str(value).encode())
            for name, value in request.headers.items()
        ]
        answer = self.protocol.respond(request.method, b"", sent, request.body or b"")
        self.answers.append((answer.status, self.clock.now()))
        headers = HeadersDict({name.decode(): value.decode() for name, value in answer.headers})
        return AWSResponse(request.url, answer.status, headers, Body(answer.body))

    def options(self, mode, attempts):
        options = boto_options("http://localhost")
        options["config"] = Config(retries={"mode": mode, "max_attempts": attempts})
        return options

    def client(self, mode, attempts=12):
        client = boto3.client("dynamodb", **self.options(mode, attempts))
        client.meta.events.register("before-send.dynamodb", self.send)
        return client

    def throttled(self):
        """Return how many requests were refused."""
        return sum(1 for status, _ in self.answers if status == 400)


@pytest.fixture
def service(monkeypatch):
    made = Service()
    clock = made.clock

    class Condition(threading.Condition):
        def wait(self, timeout=None):
            clock.advance(max(timeout, 0.001))  # a smaller step would be lost to rounding

    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=clock.advance))
    monkeypatch.setattr(botocore.retries.bucket.Clock, "current_time", lambda _: clock.now())
    monkeypatch.setattr(botocore.retries.bucket, "threading", SimpleNamespace(Lock=threading.Lock, Condition=Condition))
    random.seed(1)  # makes botocore's jitter the same in each run
    yield made
    made.emulator.close()


def create(client, read=1000, write=1000, **extra):
    units = {"ReadCapacityUnits": read, "WriteCapacityUnits": write}
    request = table_request(BillingMode="PROVISIONED", ProvisionedThroughput=units, **extra)
    client.create_table(**request)
    client.describe_table(TableName=request["TableName"])
    return request["TableName"]


def item_of(number):
    return {"pk": {"S": f"p{number}"}, "sk": {"S": "s"}}


def check_rate(service, start, units, rate):
    """Check that requests were throttled, and that the units took the time that the rate needs."""
    assert service.throttled() > 0
    assert service.clock.now() - start >= (units - rate) / rate - 0.1


@pytest.mark.parametrize("mode", MODES)
def test_throttled_writes_succeed_later(service, mode):
    client = service.client(mode)
    table = create(client, write=5)
    start = service.clock.now()
    for number in range(60):
        client.put_item(TableName=table, Item=item_of(number))
    check_rate(service, start, units=60, rate=5)
    assert client.scan(TableName=table)["Count"] == 60


@pytest.mark.parametrize("mode", MODES)
def test_throttled_reads_succeed_later(service, mode):
    client = service.client(mode)
    table = create(client, read=2)
    for number in range(10):
        client.put_item(TableName=table, Item={**item_of(number), "a": {"S": "x" * 30_000}})
    start = service.clock.now()
    pages = client.get_paginator("scan").paginate(TableName=table, PaginationConfig={"PageSize": 2})
    assert sum(page["Count"] for page in pages) == 10
    check_rate(service, start, units=4 * 7.5, rate=2)


@pytest.mark.parametrize("mode", MODES)
def test_requests_over_an_on_demand_maximum_succeed_later(service, mode):
    client = service.client(mode)
    request = table_request(OnDemandThroughput={"MaxWriteRequestUnits": 4})
    client.create_table(**request)
    client.describe_table(TableName=request["TableName"])
    start = service.clock.now()
    for number in range(24):
        client.put_item(TableName=request["TableName"], Item=item_of(number))
    check_rate(service, start, units=24, rate=4)


@pytest.mark.parametrize("mode", MODES)
def test_writes_throttled_by_an_index_succeed_later(service, mode):
    index = index_request("index", "g") | {
        "ProvisionedThroughput": {"ReadCapacityUnits": 1000, "WriteCapacityUnits": 3}
    }
    client = service.client(mode)
    table = create(client, define="g:S", GlobalSecondaryIndexes=[index])
    start = service.clock.now()
    for number in range(20):
        client.put_item(TableName=table, Item={**item_of(number), "g": {"S": str(number)}})
    check_rate(service, start, units=20, rate=3)
    assert client.scan(TableName=table, IndexName="index")["Count"] == 20


@pytest.mark.parametrize("mode", MODES)
def test_a_throttled_batch_writer_succeeds_later(service, mode):
    """boto3 sends unprocessed items again; botocore retries a batch that was refused as a whole."""
    resource = boto3.resource("dynamodb", **service.options(mode, 12))
    resource.meta.client.meta.events.register("before-send.dynamodb", service.send)
    table = resource.Table(create(resource.meta.client, write=10))
    start = service.clock.now()
    with table.batch_writer() as batch:
        for number in range(200):
            batch.put_item(Item={"pk": str(number), "sk": "s"})
    check_rate(service, start, units=200, rate=10)
    assert table.scan(Select="COUNT")["Count"] == 200


def test_adaptive_retries_learn_the_rate(service):
    """After 100 writes, the client sends about as much as the table allows: few are refused."""
    client = service.client("adaptive")
    table = create(client, write=5)
    for number in range(100):
        client.put_item(TableName=table, Item=item_of(number))
    found, start = len(service.answers), service.clock.now()
    for number in range(100):
        client.put_item(TableName=table, Item=item_of(number))
    later = service.answers[found:]
    assert sum(1 for status, _ in later if status == 400) <= 30
    assert 100 / 5 - 2 <= service.clock.now() - start <= 3 * 100 / 5


@pytest.mark.parametrize("mode", MODES)
def test_retries_give_up(service, mode):
    """If capacity never returns, the program gets the error with its reasons after all attempts."""
    client = service.client(mode, attempts=3)
    table = create(client, write=1)
    service.clock.advance(300)
    client.put_item(TableName=table, Item={**item_of(1), "a": {"S": "x" * 409_000}})
    service.answers.clear()
    with pytest.raises(ClientError) as caught:
        client.put_item(TableName=table, Item=item_of(2))
    response = caught.value.response
    assert response["Error"]["Code"] == "ProvisionedThroughputExceededException"
    assert [each["reason"] for each in response["ThrottlingReasons"]] == ["TableWriteProvisionedThroughputExceeded"]
    assert response["ResponseMetadata"]["RetryAttempts"] == 3 == len(service.answers) - 1


@pytest.mark.parametrize("mode", MODES)
def test_a_program_must_retry_a_cancelled_transaction_itself(service, mode):
    """botocore does not retry it (behaviour 8.4). When the clock has moved, it succeeds."""
    client = service.client(mode)
    table = create(client, write=4)
    request = {"TransactItems": [{"Put": {"TableName": table, "Item": item_of(number)}} for number in range(4)]}
    request["ClientRequestToken"] = "t-1"
    service.answers.clear()
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(**request)
    codes = [reason["Code"] for reason in caught.value.response["CancellationReasons"]]
    assert codes == ["None", "None", "ProvisionedThroughputExceeded", "None"]
    assert len(service.answers) == 1
    service.clock.advance(3)
    client.transact_write_items(**request)
    assert client.scan(TableName=table)["Count"] == 4
