"""Functions on streams: the time from a PutItem's answer to the function, and the cost of a poll.

Target: a `module:callable` function begins at most 50 ms after the answer (median). `make test`
runs each benchmark once.
"""

import json
import os
import random
import time
from http.client import HTTPConnection

import boto3
import pytest

from emulator.app import Emulator
from emulator.event_sources.outcomes import Outcome
from tests.support.engines import arguments_of_engine, settings_of_engine
from tests.support.http_clients import AUTHORIZATION, boto_options
from tests.support.servers import running

HANDLER = """
import os
pipe = os.open(%r, os.O_WRONLY)

def handler(event, context):
    os.write(pipe, b"!")
"""
TABLE = {
    "TableName": "Orders",
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}


@pytest.mark.benchmark(group="function: PutItem answered to function entered", timer=time.perf_counter)
def test_latency(engine_name, tmp_path, benchmark):
    os.mkfifo(tmp_path / "pipe")
    pipe = os.open(tmp_path / "pipe", os.O_RDWR)
    (tmp_path / "latency.py").write_text(HANDLER % str(tmp_path / "pipe"))
    (tmp_path / "functions.toml").write_text('latency = "latency:handler"\n')
    data = arguments_of_engine(engine_name, tmp_path / "data")
    with running(*data, "--functions", str(tmp_path / "functions.toml")) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        arn = client.create_table(**TABLE)["TableDescription"]["LatestStreamArn"]
        boto3.client("lambda", **boto_options(server.url)).create_event_source_mapping(
            FunctionName="latency", EventSourceArn=arn, StartingPosition="LATEST"
        )

        # Not boto3, because it needs milliseconds to read an answer.
        connection = HTTPConnection(server.url.removeprefix("http://"))
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": "DynamoDB_20120810.PutItem",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
        }

        pauses = random.Random(1)

        def put():
            time.sleep(pauses.uniform(0.01, 0.03))  # so that writes come at random moments between two polls
            item = {"pk": {"S": f"o-{time.perf_counter_ns()}"}}
            connection.request("POST", "/", json.dumps({"TableName": "Orders", "Item": item}), headers)
            assert connection.getresponse().read() == b"{}"

        put()
        assert os.read(pipe, 1) == b"!", "the function's process did not start"
        result = benchmark.pedantic(lambda: os.read(pipe, 1), setup=put, rounds=200)
        connection.close()
    os.close(pipe)
    assert result == b"!"


@pytest.fixture
def mapped(engine_name, tmp_path):
    """An emulator with an event source mapping that has no records to deliver."""
    (tmp_path / "functions.toml").write_text('f = "module:handler"\n')
    settings = settings_of_engine(engine_name, tmp_path / "data", functions=str(tmp_path / "functions.toml"))
    emulator = Emulator(settings)
    caller = emulator.caller("test", "us-east-1")
    table = json.loads(emulator.call("CreateTable", TABLE, caller))
    arn = table["TableDescription"]["LatestStreamArn"]
    request = {"FunctionName": "f", "EventSourceArn": arn, "StartingPosition": "LATEST"}
    emulator.call_functions("POST", "/2015-03-31/event-source-mappings", "", json.dumps(request).encode(), caller)
    emulator.functions.due()
    yield emulator, caller
    emulator.close()


@pytest.mark.benchmark(group="function: a look where nothing was written", timer=time.process_time, warmup=True)
def test_idle_poll(mapped, benchmark):
    emulator, _ = mapped
    assert benchmark(lambda: emulator.busy_functions.due()) == []


@pytest.mark.benchmark(group="function: 100 records delivered, 1 KB with both images", timer=time.process_time)
def test_delivery(mapped, benchmark):
    emulator, caller = mapped
    service = emulator.functions
    done = Outcome("answered", b"null")
    numbers = iter(range(1 << 30))

    def write():
        for _ in range(100):
            item = {"pk": {"S": str(next(numbers))}, "text": {"S": "x" * 1000}}
            emulator.call("PutItem", {"TableName": "Orders", "Item": item}, caller)

    def deliver():
        size = 0
        while due := service.due():
            for invocation in due:
                size += len(invocation.payload)
                service.finished(invocation, done)
        return size

    assert benchmark.pedantic(deliver, setup=write, rounds=50) > 100_000
