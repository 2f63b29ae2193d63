"""The log of a real server at the levels debug and trace.

The server is one process, has workers, or is a plain ASGI application.
"""

import json
import re
import socket
import subprocess
import sys

import boto3
import pytest

from tests.support.http_clients import boto_options
from tests.support.tables import table_request


@pytest.fixture
def logged(tmp_path):
    """A function that calls work(url) while a server runs, and returns the server's log."""

    def run(work, *arguments, module="emulator"):
        command = [sys.executable, "-m", module, "--port", "0", "--in-memory", *arguments]
        with (tmp_path / "log").open("w+") as log:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
            try:
                work(next(line.split()[1] for line in server.stdout if "address" in line))
            finally:
                server.terminate()
                server.wait(20)
                server.stdout.close()
            log.seek(0)
            return log.read()

    return run


def everyday(url):
    client = boto3.client("dynamodb", **boto_options(url))
    client.create_table(**{**table_request("pk:S"), "TableName": "Orders"})
    client.put_item(TableName="Orders", Item={"pk": {"S": "secret"}}, ReturnConsumedCapacity="TOTAL")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_item(TableName="Order", Key={"pk": {"S": "secret"}})


ENDING = re.compile(r"\d+\.\d ms, \w+ us-east-1, request [0-9A-Z]{52}")
SLOW = re.compile(r" \(slow: .*?\)+")  # the part of a line that only slow requests have
KINDS = [("emulator", ()), ("emulator", ("--workers", "2")), ("tests.support.asgi_server", ())]


@pytest.mark.parametrize("wanted", [("--log-level", "debug"), ("--log-requests", "--log-level", "error")])
@pytest.mark.parametrize(("module", "arguments"), KINDS)
def test_one_line_a_request(logged, module, arguments, wanted):
    text = logged(everyday, *wanted, *arguments, module=module)
    lines = [SLOW.sub("", ENDING.sub("..", line.partition(" INFO ")[2])) for line in text.splitlines()]
    assert [line for line in lines if "Item" in line] == [
        "PutItem Orders: 200, 1.0 units, ..",
        "GetItem Order: 400 ResourceNotFoundException: Requested resource not found, ..",
    ]
    assert "secret" not in text


@pytest.mark.parametrize(("module", "arguments"), KINDS)
def test_lines_of_json(logged, module, arguments):
    text = logged(everyday, "--log-requests", "--log-format", "json", *arguments, module=module)
    lines = [json.loads(line) for line in text.splitlines()]
    (refused,) = [line for line in lines if "Code" in line.get("request", ())]
    assert refused["level"] == "INFO"
    assert refused["message"].startswith("GetItem Order: 400")
    assert refused["request"]["Code"] == "ResourceNotFoundException"
    assert "secret" not in text


def test_bodies(logged):
    text = logged(everyday, "--log-level", "trace")
    assert re.search(r'TRACE request body: \{"TableName": ?"Orders", ?"Item": ?\{"pk": ?\{"S": ?"secret"', text)
    assert re.search(r'TRACE response body: \{"ConsumedCapacity":\{"TableName":"Orders","CapacityUnits":1.0\}\}', text)


def test_at_info_only_problems_are_logged(logged):
    def work(url):
        everyday(url)
        with socket.create_connection(url.removeprefix("http://").split(":")) as line:
            line.sendall(b"\x16\x03\x01")
            line.recv(100)

    (line,) = logged(work).splitlines()
    assert " WARNING a connection was closed" in line
