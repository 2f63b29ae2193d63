"""Functions on streams, end to end: clients create mappings, and writes invoke functions.

The functions report their events through a named pipe or an HTTP server of the test. So no test
must guess how long to wait.
"""

import json
import os
import queue
import select
import subprocess
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import pytest

from tests.support.aws_cli import AWS, REASON_TO_SKIP, Cli
from tests.support.engines import ENGINES, arguments_of_engine
from tests.support.http_clients import boto_options, declaring
from tests.support.servers import running
from tests.support.tables import new_name

PATIENCE = 20  # seconds; events arrive within milliseconds

HANDLER = """
import json

def handler(event, context):
    call = {"event": event, "function": context.function_name, "arn": context.invoked_function_arn}
    with open(%r, "a") as file:
        file.write(json.dumps(call) + "\\n")
"""


class Calls:
    """A named pipe into which functions write lines of JSON. `next` returns the next one."""

    def __init__(self, path):
        os.mkfifo(path)
        self._file = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._rest = b""

    def next(self):
        while b"\n" not in self._rest:
            assert select.select([self._file], [], [], PATIENCE)[0], "no function was invoked"
            self._rest += os.read(self._file, 1 << 16)
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def close(self):
        os.close(self._file)


class Endpoint:
    """An HTTP server that stands for a function behind a URL.

    `next` returns the next event that it receives. `answers` is a queue of its next answers.
    """

    def __init__(self):
        events, answers = queue.Queue(), queue.Queue()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, answer = answers.get_nowait() if not answers.empty() else (200, b"null")
                self.send_response(status)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                events.put((self.path, json.loads(body)))

            def log_message(self, *_):
                pass

        self.answers = answers
        self._events = events
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def next(self):
        path, event = self._events.get(timeout=PATIENCE)
        assert path == "/2015-03-31/functions/function/invocations"
        return event

    def close(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Functions:
    """A configuration with two functions: a callable of a module, and a URL.

    `calls` and `endpoint` return the events that the functions receive.
    """

    def __init__(self, folder: Path):
        self.calls = Calls(folder / "calls")
        self.endpoint = Endpoint()
        (folder / "handlers").mkdir()
        (folder / "handlers" / "orders.py").write_text(HANDLER % str(folder / "calls"))
        file = folder / "functions.toml"
        file.write_text(f'process-order-changes = "handlers.orders:handler"\nremote = "{self.endpoint.url}"\n')
        self.option = ("--functions", str(file))

    def close(self):
        self.calls.close()
        self.endpoint.close()


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    made = Functions(tmp_path_factory.mktemp("functions"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(engine_name, functions, tmp_path_factory):
    """A server with the functions of the fixture `functions`, on each engine."""
    if engine_name not in ENGINES:
        pytest.skip("the server under test has no functions of ours")
    data = arguments_of_engine(engine_name, tmp_path_factory.mktemp("data"))
    with running(*data, *functions.option, "--stream-shards", "1") as server:
        yield server


class Clients:
    """boto3's clients of a server."""

    def __init__(self, url):
        self.url = url
        self.dynamodb = boto3.client("dynamodb", **boto_options(url))
        self.functions = boto3.client("lambda", **boto_options(url))

    def table(self):
        """Create a table with a stream; return its name and the stream's ARN."""
        name = new_name()
        described = self.dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return name, described["TableDescription"]["LatestStreamArn"]

    def map(self, arn, function="process-order-changes", **members):
        created = self.functions.create_event_source_mapping(
            FunctionName=function, EventSourceArn=arn, **{"StartingPosition": "TRIM_HORIZON", **members}
        )
        return created["UUID"]

    def put(self, table, key):
        self.dynamodb.put_item(TableName=table, Item={"pk": {"S": key}})

    def move_clock(self, **members):
        body = json.dumps(members).encode()
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_emulator/clock", body, method="POST")).close()


@pytest.fixture
def clients(server):
    return Clients(server.url)


def keys(event):
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in event["Records"]]


# --- boto3 ----------------------------------------------------------------------------------------


def test_a_write_invokes_a_callable_of_a_module(clients, functions):
    table, arn = clients.table()
    uuid = clients.map(arn, BatchSize=10, StartingPosition="LATEST")
    assert clients.functions.get_event_source_mapping(UUID=uuid)["State"] == "Enabled"
    clients.put(table, "o-1")
    call = functions.calls.next()
    assert keys(call["event"]) == ["o-1"]
    [record] = call["event"]["Records"]
    assert (record["eventSourceARN"], record["awsRegion"]) == (arn, "us-east-1")
    assert call["function"] == "process-order-changes"
    assert call["arn"] == "arn:aws:lambda:us-east-1:123456789012:function:process-order-changes"
    assert clients.functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"


def test_a_write_invokes_a_url(clients, functions):
    table, arn = clients.table()
    pattern = json.dumps({"dynamodb": {"NewImage": {"pk": {"S": [{"prefix": "o-"}]}}}})
    clients.map(arn, "remote", FilterCriteria={"Filters": [{"Pattern": pattern}]})
    clients.put(table, "other")
    clients.put(table, "o-2")
    assert keys(functions.endpoint.next()) == ["o-2"]


def test_a_failure_is_retried_when_the_clock_has_moved(clients, functions):
    table, arn = clients.table()
    clients.move_clock(Freeze=True)
    functions.endpoint.answers.put((500, b"{}"))
    uuid = clients.map(arn, "remote")
    clients.put(table, "o-3")
    assert keys(functions.endpoint.next()) == ["o-3"]
    while clients.functions.get_event_source_mapping(UUID=uuid)["LastProcessingResult"] == "No records processed":
        pass
    mapping = clients.functions.get_event_source_mapping(UUID=uuid)
    assert mapping["LastProcessingResult"] == "PROBLEM: Function call failed"
    clients.move_clock(Advance=1)
    assert keys(functions.endpoint.next()) == ["o-3"]
    clients.move_clock(Release=True)


def test_every_worker_knows_the_next_retry_and_waits_for_the_delivery(functions, tmp_path):
    """Only one worker delivers records. Each call opens a new connection, to either worker."""
    with running("--data-dir", str(tmp_path), "--workers", "2", *functions.option) as server:
        declare = declaring(server.url)
        for number in range(4):
            clients = Clients(server.url)
            declare("clock", {"Freeze": True})
            table, arn = clients.table()
            functions.endpoint.answers.put((500, b"{}"))
            uuid = clients.map(arn, "remote")
            clients.put(table, f"o-{number}")
            assert keys(functions.endpoint.next()) == [f"o-{number}"]
            failed = {"Backlog": 1, "State": "Enabled", "LastProcessingResult": "PROBLEM: Function call failed"}
            while declare("wait", {"UUID": uuid, "Delivered": True, "Timeout": 0})[1]["LastSeen"] != failed:
                pass
            events = declare("clock", {"Next": True})[1]["Events"]
            assert [(event["Kind"], event["Resource"]) for event in events] == [("FunctionRetry", uuid)]
            status, seen = declare("wait", {"UUID": uuid, "Delivered": True})
            assert (status, seen["Backlog"], seen["State"]) == (200, 0, "Enabled")
            assert keys(functions.endpoint.next()) == [f"o-{number}"]


def test_a_batch_after_its_last_attempt_is_a_dead_letter(functions, tmp_path):
    with running("--data-dir", str(tmp_path), *functions.option) as server:
        clients = Clients(server.url)
        table, arn = clients.table()
        functions.endpoint.answers.put((200, b'{"errorType": "ValueError", "errorMessage": "boom"}'))
        clients.map(arn, "remote", BatchSize=1, MaximumRetryAttempts=0)
        clients.put(table, "bad")
        clients.dynamodb.delete_item(TableName=table, Key={"pk": {"S": "bad"}})
        assert keys(functions.endpoint.next()) == ["bad"]
        assert keys(functions.endpoint.next()) == ["bad"]
    [letter] = map(json.loads, (tmp_path / "dead-letters.jsonl").read_text().splitlines())
    assert letter["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert keys(json.loads(letter["payload"])) == ["bad"]


def test_delivery_continues_after_a_kill(functions, tmp_path):
    with running("--data-dir", str(tmp_path), *functions.option) as server:
        clients = Clients(server.url)
        table, arn = clients.table()
        clients.map(arn, "remote", BatchSize=1)
        clients.put(table, "first")
        assert keys(functions.endpoint.next()) == ["first"]
        functions.endpoint.answers.put((429, b""))
        clients.put(table, "second")
        assert keys(functions.endpoint.next()) == ["second"]
        server.kill()
    with running("--data-dir", str(tmp_path), *functions.option):
        assert keys(functions.endpoint.next()) == ["second"]


def test_workers_share_mappings_and_one_of_them_delivers(functions, tmp_path):
    with running("--data-dir", str(tmp_path), "--workers", "2", *functions.option) as server:
        table, arn = Clients(server.url).table()
        uuid = Clients(server.url).map(arn, BatchSize=1)
        for number in range(4):
            clients = Clients(server.url)  # new connections, so that both workers get requests
            clients.put(table, f"o-{number}")
            assert keys(functions.calls.next()["event"]) == [f"o-{number}"]
            assert clients.functions.get_event_source_mapping(UUID=uuid)["BatchSize"] == 1


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("f = 3", 'f: expected a URL or "module:callable", found 3'),
        ("f = ", "is not TOML: Invalid value"),
        ('f = "no_such_module:handler"', "f: there is no module no_such_module in "),
        ('[f]\ntarget = "json:loads"\npython = "/none"', "f: cannot run /none: No such file or directory"),
    ],
)
def test_bad_configuration_ends_the_start_with_one_line(tmp_path, text, problem):
    file = tmp_path / "functions.toml"
    file.write_text(text)
    command = [sys.executable, "-m", "emulator", "--in-memory", "--port", "0", "--functions", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert done.stderr.startswith(f"dynamodb-emulator: --functions: {file}")
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


# --- the aws command ------------------------------------------------------------------------------


@pytest.mark.skipif(not AWS.exists(), reason=REASON_TO_SKIP)
def test_aws_command_makes_changes_lists_and_deletes_a_mapping(functions, tmp_path):
    with running("--data-dir", str(tmp_path), *functions.option) as server:
        clients = Clients(server.url)
        table, arn = clients.table()
        aws = Cli(server.url, service="lambda")
        created = aws(
            f"create-event-source-mapping --function-name process-order-changes --event-source-arn {arn}"
            " --starting-position LATEST --batch-size 100"
        )
        assert (created["State"], created["BatchSize"], created["EventSourceArn"]) == ("Creating", 100, arn)
        clients.put(table, "typed")
        assert keys(functions.calls.next()["event"]) == ["typed"]
        uuid = created["UUID"]
        [listed] = aws(f"list-event-source-mappings --event-source-arn {arn} --page-size 1")["EventSourceMappings"]
        assert (listed["UUID"], listed["State"]) == (uuid, "Enabled")
        changed = aws(f"update-event-source-mapping --uuid {uuid} --no-enabled --maximum-retry-attempts 3")
        assert (changed["State"], changed["MaximumRetryAttempts"]) == ("Disabling", 3)
        assert aws(f"get-event-source-mapping --uuid {uuid} --query State --output text") == "Disabled"
        assert aws(f"delete-event-source-mapping --uuid {uuid} --query State --output text") == "Deleting"
        status, complaint = aws.failure(f"get-event-source-mapping --uuid {uuid}")
        assert status == 255
        assert complaint.endswith(
            "An error occurred (ResourceNotFoundException) when calling the GetEventSourceMapping operation: "
            "The resource you requested does not exist."
        )
