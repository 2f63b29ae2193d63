"""Fixtures: an emulator in process with a manual clock, and servers for the black-box tests.

The black-box tests run against each kind of server in SERVERS: one for each engine, one with two
worker processes, and the ASGI application under uvicorn's own HTTP. `--endpoint URL` runs them
against a running server instead.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from hypothesis import settings

from emulator.log_limits import once_a_minute
from tests.support.buckets import Bucket
from tests.support.engines import ENGINES, settings_of_engine
from tests.support.http_clients import AUTHORIZATION, Answer, answer_to, boto_options, declaring
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.servers import SERVERS, running
from tests.support.tables import new_name, table_request

settings.register_profile("default", profile(100))
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--endpoint", help="URL of a running server for the black-box tests")
    parser.addoption("--nightly", action="store_true", help="also run the tests that take too long for every run")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip the tests that only `make nightly` runs."""
    if not config.getoption("--nightly"):
        left_out = [item for item in items if item.get_closest_marker("nightly")]
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in left_out]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that uses `engine_name` on every engine.

    HTTP tests, which use `endpoint`, run on every kind of server, or only on that of --endpoint.
    """
    if "engine_name" in metafunc.fixturenames:
        given = metafunc.config.getoption("--endpoint")
        over_http = "endpoint" in metafunc.fixturenames
        names = list(ENGINES) if not over_http else [given] if given else list(SERVERS)
        if metafunc.definition.get_closest_marker("own_connection"):
            names = [name for name in names if name != "asgi"]
        metafunc.parametrize("engine_name", names, scope="session")


@pytest.fixture(autouse=True)
def log_anew() -> None:
    """Let lines that are logged at most once a minute be logged again in the next test."""
    once_a_minute._logged.clear()


@pytest.fixture(scope="session")
def s3_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder for the S3 buckets of all servers that the tests start."""
    return tmp_path_factory.mktemp("s3")


@pytest.fixture
def bucket(engine_name: str, s3_folder: Path) -> Iterator[Bucket]:
    """Yield a bucket that no other test uses."""
    if engine_name not in SERVERS:
        pytest.skip("a server of its own has its buckets elsewhere")
    made = Bucket(s3_folder / new_name("bucket"))
    yield made
    made.remove()


@pytest.fixture(scope="session")
def endpoint(engine_name: str, tmp_path_factory: pytest.TempPathFactory, s3_folder: Path) -> Iterator[str]:
    """Yield the URL of a server of the kind `engine_name`; all tests share it."""
    if engine_name not in SERVERS:
        yield engine_name
        return
    kind = SERVERS[engine_name]
    arguments = kind.arguments(tmp_path_factory.mktemp("data"))
    with running(*arguments, "--s3-dir", str(s3_folder), module=kind.module) as server:
        yield server.url


@pytest.fixture(scope="session")
def client(endpoint: str) -> Any:
    """Return a boto3 client that does not validate requests: wrong ones reach the server."""
    return boto3.client("dynamodb", **boto_options(endpoint))


@pytest.fixture(scope="session")
def resource(endpoint: str) -> Any:
    return boto3.resource("dynamodb", **boto_options(endpoint))


def making_tables(client: Any) -> Iterator[Callable[..., str]]:
    """Yield a function that creates a table and returns its name; delete the tables at the end."""
    made = []

    def make(keys: str = "pk:S sk:S", **extra: Any) -> str:
        request = table_request(keys, **extra)
        client.create_table(**request)
        client.get_waiter("table_exists").wait(TableName=request["TableName"], WaiterConfig={"Delay": 1})
        name: str = request["TableName"]
        made.append(name)
        return name

    yield make
    for name in made:
        client.delete_table(TableName=name)


@pytest.fixture
def make_table(client: Any) -> Iterator[Callable[..., str]]:
    """make_table(...) creates a table, as `table_request` describes it, and returns its name."""
    yield from making_tables(client)


@pytest.fixture(scope="module")
def make_shared_table(client: Any) -> Iterator[Callable[..., str]]:
    """make_shared_table(...) is like make_table, but keeps the table for all tests of a module."""
    yield from making_tables(client)


@pytest.fixture(scope="module")
def shared_table(make_shared_table: Callable[..., str]) -> str:
    """Return a pk:S sk:S table that all tests of a module share; each uses its own keys."""
    return make_shared_table()


@pytest.fixture(scope="session")
def post(endpoint: str) -> Callable[..., Answer]:
    """post(operation, body, headers) sends one request without an SDK. A body is bytes or JSON."""

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
        return answer_to(request)

    return send


@pytest.fixture
def db(engine_name: str, tmp_path: Path) -> Iterator[InProcess]:
    """Yield a new emulator in process, on the engine `engine_name`."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data"))
    yield inside
    inside.emulator.close()


@pytest.fixture(scope="session")
def refused(client: Any) -> Callable[..., tuple[str, str]]:
    """refused("put_item", **request) returns the code and message of an error."""

    def send(method: str, /, **request: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            getattr(client, method)(**request)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return send


@pytest.fixture
def key() -> dict[str, Any]:
    """Return a key for a pk:S sk:S table. No other test uses it."""
    return {"pk": {"S": new_name("k")}, "sk": {"S": "s"}}


@pytest.fixture(scope="session")
def canceled(client: Any) -> Callable[..., list[dict[str, Any]]]:
    """canceled("transact_write_items", **request) returns the reasons of a cancellation."""

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


@pytest.fixture(scope="session")
def declare(endpoint: str) -> Callable[..., tuple[int, Any]]:
    """declare("throttling", {...}) calls this control; it returns status and JSON answer."""
    return declaring(endpoint)
