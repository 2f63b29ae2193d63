"""The client of the commands (emulator/client) against a server."""

import pytest

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.commands import control
from tests.support.servers import free_port


@pytest.fixture(scope="module")
def server(endpoint):
    opened = HttpEndpoint(endpoint, "test-client", "eu-west-1")
    yield opened
    opened.close()


def test_operations_of_both_services(server):
    assert server.call("ListTables", {}) == {"TableNames": []}
    assert server.call("ListStreams", {}) == {"Streams": []}


def test_an_error_has_its_code_and_message(server):
    with pytest.raises(Refused) as refused:
        server.call("DescribeTable", {"TableName": "missing"})
    assert (refused.value.status, refused.value.code) == (400, "ResourceNotFoundException")
    assert str(refused.value) == "ResourceNotFoundException: Requested resource not found: Table: missing not found"


def test_a_second_connection_sees_the_same_tables(server):
    table = {
        "TableName": "of-test-client",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    server.call("CreateTable", table)
    other = server.another()
    try:
        assert other.call("ListTables", {}) == {"TableNames": ["of-test-client"]}
    finally:
        other.close()
        server.call("DeleteTable", {"TableName": "of-test-client"})


def test_no_server():
    with pytest.raises(Unreachable, match="does not answer"):
        HttpEndpoint(f"http://127.0.0.1:{free_port()}").call("ListTables", {})


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://localhost", "http://"])
def test_no_url(url):
    with pytest.raises(Unreachable, match="is not a URL"):
        HttpEndpoint(url)


def test_the_command_calls_a_control(endpoint, capsys):
    assert control.main(["clock", "--endpoint", endpoint]) == 0
    assert '"Frozen": false' in capsys.readouterr().out


def test_the_command_lists_controls(capsys):
    assert control.main([]) == 0
    assert "move_clock " in capsys.readouterr().out


def test_the_command_reports_a_refusal(endpoint, capsys):
    assert control.main(["ttl", '{"TableName": "missing"}', "--endpoint", endpoint]) == 1
    assert capsys.readouterr().err == "dynamodb-emulator: there is no table missing\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nothing"], "there is no control nothing; there are: "),
        (["ttl", "{"], "the body is not JSON: "),
        (["ttl", "[]"], "the body must be a JSON object"),
        (["ttl", "{}", "--endpoint", "nowhere"], "'nowhere' is not a URL"),
    ],
)
def test_the_command_refuses(arguments, problem, capsys):
    with pytest.raises(SystemExit) as ended:
        control.main(arguments)
    assert ended.value.code == 2
    assert problem in capsys.readouterr().err
