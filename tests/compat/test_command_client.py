"""The client with which our commands call a server (emulator/client)."""

import socket
import threading

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


def test_the_access_key_selects_the_tables(server, endpoint):
    table = {
        "TableName": "of-test-client",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    server.call("CreateTable", table)
    try:
        with HttpEndpoint(endpoint, "test-client", "eu-west-1") as same:
            assert same.call("ListTables", {}) == {"TableNames": ["of-test-client"]}
        with HttpEndpoint(endpoint, "another-client", "eu-west-1") as other:
            assert other.call("ListTables", {}) == {"TableNames": []}
    finally:
        server.call("DeleteTable", {"TableName": "of-test-client"})


def test_no_server():
    with pytest.raises(Unreachable, match="does not answer"):
        HttpEndpoint(f"http://127.0.0.1:{free_port()}").call("ListTables", {})


def test_a_request_whose_answer_is_lost_is_not_sent_again():
    """The server may have handled the request: moving the clock twice would be wrong."""
    received = []

    def serve(listener):
        first, _ = listener.accept()
        with first, first.makefile("rwb") as stream:
            received.append(read_request(stream))
            stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            stream.flush()
            received.append(read_request(stream))

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        with HttpEndpoint(f"http://127.0.0.1:{listener.getsockname()[1]}") as endpoint:
            assert endpoint.control("POST", "clock", {"Advance": 1}) == {}
            with pytest.raises(Unreachable):
                endpoint.control("POST", "clock", {"Advance": 2})
        server.join()
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert received == [b'{"Advance":1}', b'{"Advance":2}']


def read_request(stream):
    """Return the body of the next request on a connection."""
    length = 0
    while (line := stream.readline()) != b"\r\n":
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return stream.read(length)


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "ftp://localhost", "http://", "http://127.0.0.1:port"])
def test_no_url(url):
    with pytest.raises(Unreachable, match="is not a URL"):
        HttpEndpoint(url)


def test_the_command_calls_a_control(endpoint, capsys):
    assert control.main(["clock", "--endpoint", endpoint]) == 0
    assert '"Frozen": false' in capsys.readouterr().out


def test_the_command_lists_controls(capsys):
    assert control.main([]) == 0
    listed = capsys.readouterr().out
    assert "clock                    show " in listed
    assert "clock JSON               set, freeze" in listed
    assert "{Name, AccessKey?, Region?, Tables?, Replace?}" in listed


def test_the_command_explains_a_control(capsys):
    assert control.main(["snapshots/branch", "--help"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("dynamodb-emulator control snapshots/branch '{Name, AccessKey, Region?, Rename?}'\n")
    assert "The copies are new tables, with new streams." in shown
    assert control.main(["advice", "--help"]) == 0
    assert "(also called find_advice)" in capsys.readouterr().out
    assert control.main(["find_advice", "--help"]) == 0
    assert capsys.readouterr().out.startswith("dynamodb-emulator control advice '{AccessKey?")
    for arguments in (["--help"], ["nothing", "--help"]):
        with pytest.raises(SystemExit, match="0"):
            control.main(arguments)
        assert capsys.readouterr().out.startswith("usage: dynamodb-emulator control ")


@pytest.mark.parametrize("arguments", [["find_requests", "{}"], ["show_throttling"]])
def test_a_control_of_a_shared_call_has_its_own_name(endpoint, capsys, arguments):
    assert control.main([*arguments, "--endpoint", endpoint]) == 0
    assert capsys.readouterr().out.startswith("{")


def test_json_is_sent_to_the_control_of_that_name(endpoint, capsys):
    try:
        assert control.main(["clock", '{"Freeze": true}', "--endpoint", endpoint]) == 0
        assert '"Frozen": true' in capsys.readouterr().out
    finally:
        assert control.main(["clock", '{"Release": true}', "--endpoint", endpoint]) == 0


def test_the_command_reports_a_refusal(endpoint, capsys):
    assert control.main(["ttl", '{"TableName": "missing"}', "--endpoint", endpoint]) == 1
    assert capsys.readouterr().err == "dynamodb-emulator: there is no table missing\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["nothing"], "there is no control nothing; there are: "),
        (["reset"], "the control reset needs JSON, at least {}"),
        (["find_advice"], "the control find_advice needs JSON, at least {}"),
        (["health", "{}"], "the control health takes no JSON"),
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
