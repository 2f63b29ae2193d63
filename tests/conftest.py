"""Fixtures: an emulator in process with a clock that is moved by hand, and servers over HTTP for the black-box tests.

The black-box tests run on each engine, with two worker processes, and over the ASGI application instead of the connection
class of our own. `--endpoint URL` runs them against a server that is already there.
"""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import settings

from emulator.app import Emulator
from emulator.clock import ManualClock
from emulator.errors import ApiError
from emulator.log_limits import once_a_minute
from emulator.settings import Settings
from tests.model.profile import profile

settings.register_profile("default", profile(100))
settings.load_profile("default")

ENGINES = ("memory", "lmdb")
SERVERS = (*ENGINES, "workers", "asgi")
AUTHORIZATION = (
    "AWS4-HMAC-SHA256 Credential={key}/20260101/{region}/dynamodb/aws4_request, "
    "SignedHeaders=host;x-amz-date;x-amz-target, Signature=" + "0123456789abcdef" * 4
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--endpoint", help="URL of a running server for the black-box tests")
    parser.addoption("--nightly", action="store_true", help="run what is too long for every run, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `make nightly` runs."""
    if not config.getoption("--nightly"):
        left_out = [item for item in items if item.get_closest_marker("nightly")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run whatever uses an engine on both, the HTTP tests on all kinds of server or on one endpoint if one is given."""
    if "engine_name" in metafunc.fixturenames:
        given = metafunc.config.getoption("--endpoint")
        over_http = "endpoint" in metafunc.fixturenames
        names = ENGINES if not over_http else [given] if given else SERVERS
        if metafunc.definition.get_closest_marker("own_connection"):
            names = [name for name in names if name != "asgi"]
        metafunc.parametrize("engine_name", names, scope="session")


@pytest.fixture(autouse=True)
def log_anew() -> None:
    """Let each test see lines that are logged once a minute."""
    once_a_minute._logged.clear()


class Server:
    """A server process of our own; `url` is where it answers."""

    def __init__(self, *arguments: str, module: str = "emulator") -> None:
        command = [sys.executable, "-m", module, "--port", "0", "--log-level", "warning", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1])
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if line.split()[:1] == ["address"]:
                self.url = line.split()[1]
                return
        raise AssertionError("the server did not start: " + "".join(lines))

    def stop(self) -> int:
        """Ask it to end; return its exit status."""
        self.process.terminate()
        self.process.stdout.close()
        return self.process.wait(20)

    def workers(self) -> list[int]:
        """The process ids of its worker processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()]

    def kill(self) -> None:
        """End it as a crash would."""
        workers = self.workers() if self.process.poll() is None else []
        self.process.kill()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self.process.stdout.close()
        self.process.wait(20)


@contextmanager
def running(*arguments: str, module: str = "emulator") -> Iterator[Server]:
    """Run a server for the length of a with block."""
    server = Server(*arguments, module=module)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def endpoint(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a server of each kind, started once."""
    if engine_name not in SERVERS:
        yield engine_name
        return
    data = (
        ("--in-memory",) if engine_name in ("memory", "asgi") else ("--data-dir", str(tmp_path_factory.mktemp("lmdb")))
    )
    workers = ("--workers", "2") if engine_name == "workers" else ()
    with running(*data, *workers, module="tests.asgi_server" if engine_name == "asgi" else "emulator") as server:
        yield server.url


def boto_options(url: str, key: str = "test", region: str = "us-east-1") -> dict[str, Any]:
    return {
        "endpoint_url": url,
        "region_name": region,
        "aws_access_key_id": key,
        "aws_secret_access_key": "secret",
        "config": Config(retries={"max_attempts": 0}, parameter_validation=False, max_pool_connections=50),
    }


@pytest.fixture(scope="session")
def client(endpoint: str) -> Any:
    """A boto3 client without client-side validation, so that wrong requests reach the server."""
    return boto3.client("dynamodb", **boto_options(endpoint))


@pytest.fixture(scope="session")
def resource(endpoint: str) -> Any:
    return boto3.resource("dynamodb", **boto_options(endpoint))


def new_name(prefix: str = "t") -> str:
    return f"{prefix}_{uuid.uuid4().hex[:12]}"


def table_request(keys: str = "pk:S sk:S", **extra: Any) -> dict[str, Any]:
    """A CreateTable request: `keys` is "hash:T [range:T]", `define` more attributes in the same form."""
    definitions = [pair.split(":") for pair in (keys + " " + extra.pop("define", "")).split()]
    names = [pair.split(":")[0] for pair in keys.split()]
    return {
        "TableName": new_name(),
        "KeySchema": [
            {"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)
        ],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind} for name, kind in definitions],
        "BillingMode": "PAY_PER_REQUEST",
        **extra,
    }


def index_request(name: str, keys: str, projection: str = "ALL", non_key: list[str] | None = None) -> dict[str, Any]:
    """A global or local index of a request: `keys` is "hash [range]"; several of one kind are joined with "+"."""
    kinds = [(part.split("+"), kind) for part, kind in zip(keys.split(), ("HASH", "RANGE"), strict=False)]
    return {
        "IndexName": name,
        "KeySchema": [{"AttributeName": each, "KeyType": kind} for names, kind in kinds for each in names],
        "Projection": {"ProjectionType": projection} | ({"NonKeyAttributes": non_key} if non_key else {}),
    }


@pytest.fixture
def make_table(client: Any) -> Iterator[Callable[..., str]]:
    """A function that creates a table as table_request says and returns its name; the tables go with the test."""
    made = []

    def make(keys: str = "pk:S sk:S", **extra: Any) -> str:
        request = table_request(keys, **extra)
        client.create_table(**request)
        client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
        made.append(request["TableName"])
        return request["TableName"]

    yield make
    for name in made:
        client.delete_table(TableName=name)


@pytest.fixture(scope="module")
def shared_table(client: Any) -> Iterator[str]:
    """One pk:S sk:S table for all tests of a module, which use keys of their own."""
    request = table_request()
    client.create_table(**request)
    client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
    yield request["TableName"]
    client.delete_table(TableName=request["TableName"])


class Answer:
    """What a raw request got: status, headers, body (bytes) and json."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="session")
def post(endpoint: str) -> Callable[..., Answer]:
    """post(operation, body, **headers): one request as bytes or JSON, past every SDK."""

    def send(operation: str, body: Any, headers: dict[str, str] | None = None, method: str = "POST") -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        fields = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
            **(headers or {}),
        }
        request = urllib.request.Request(endpoint, data, fields, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return Answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    return send


class InProcess:
    """An emulator without HTTP, for tests that move the clock or look inside."""

    def __init__(self, settings: Settings) -> None:
        self.clock = ManualClock()
        self.emulator = Emulator(settings, self.clock)
        self.caller = self.emulator.caller("test", "us-east-1")

    def __call__(self, operation: str, request: Any = None, /, **members: Any) -> Any:
        """Call an operation; the answer as parsed JSON. Raises ApiError."""
        raw = json.loads(json.dumps(members if request is None else request))
        answer = self.emulator.call(operation, raw, self.caller)
        return json.loads(answer) if answer else None

    def error(self, operation: str, request: Any = None, /, **members: Any) -> tuple[str, str | None]:
        """Call an operation that must fail; its code and message."""
        with pytest.raises(ApiError) as caught:
            self(operation, request, **members)
        return caught.value.code, caught.value.message


@pytest.fixture
def db(engine_name: str, tmp_path: Path) -> Iterator[InProcess]:
    """An emulator in process on each engine."""
    settings = Settings(in_memory=True) if engine_name == "memory" else Settings(data_dir=tmp_path / "data")
    inside = InProcess(settings)
    yield inside
    inside.emulator.close()


def has(command: str) -> bool:
    """Say whether a command is on the PATH."""
    return any(os.access(Path(folder, command), os.X_OK) for folder in os.environ["PATH"].split(os.pathsep))


@pytest.fixture(scope="session")
def refused(client: Any) -> Callable[..., tuple[str, str]]:
    """refused("put_item", **request): the code and message of a request that the server must refuse."""

    def send(method: str, /, **request: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(client, method)(**request)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return send


@pytest.fixture
def key() -> dict[str, Any]:
    """A key of a pk:S sk:S table that no other test uses."""
    return {"pk": {"S": new_name("k")}, "sk": {"S": "s"}}


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the server's body said."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


@pytest.fixture(scope="session")
def canceled(client: Any) -> Callable[..., list[dict[str, Any]]]:
    """canceled("transact_write_items", **request): the reasons of a transaction that the server must cancel."""

    def send(method: str, /, **request: Any) -> list[dict[str, Any]]:
        with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
            getattr(client, method)(**request)
        response = caught.value.response
        reasons: list[dict[str, Any]] = response["CancellationReasons"]
        codes = ", ".join(reason["Code"] for reason in reasons)
        text = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]"
        assert response["Error"]["Message"] == text
        assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
        return reasons

    return send


def declaring(url: str) -> Callable[..., tuple[int, Any]]:
    """Return a function that makes one of the emulator's own calls at a server; see `declare`."""

    def send(call: str, body: Any, method: str = "POST") -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = urllib.request.Request(f"{url}/_emulator/{call}", data, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            with error:
                answer = error.read()
                if not answer.startswith(b"{"):
                    pytest.skip("the server has no declarations")
                return error.code, json.loads(answer)

    return send


@pytest.fixture(scope="session")
def declare(endpoint: str) -> Callable[..., tuple[int, Any]]:
    """declare("throttling", {...}): one of the emulator's own calls; its status and JSON. Other servers have none."""
    return declaring(endpoint)
