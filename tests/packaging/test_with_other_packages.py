"""Our pytest fixtures work with asynchronous clients and beside pytest-dynamodb.

Each package gets a separate environment. Only `make nightly` runs these tests. pip installs the
packages, so they need a network or a mirror.
"""

import subprocess
import sys

import pytest

from tests.support.pytest_runs import PATIENCE

pytestmark = pytest.mark.nightly

REQUEST = """
import asyncio, os

REQUEST = {
    "TableName": "Orders",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
}
"""

AIOBOTOCORE = """
from aiobotocore.session import get_session

async def use():
    async with get_session().create_client("dynamodb") as client:
        await client.create_table(**REQUEST)
        await client.put_item(TableName="Orders", Item={"id": {"S": "o-1"}})
        return (await client.scan(TableName="Orders"))["Count"]
"""

AIOBOTO3 = """
import aioboto3

async def use():
    async with aioboto3.Session().resource("dynamodb") as resource:
        table = await resource.create_table(**REQUEST)
        await table.put_item(Item={"id": "o-1"})
        return (await table.scan())["Count"]
"""

AIODYNAMO = """
from aiodynamo.client import Client
from aiodynamo.credentials import Credentials
from aiodynamo.http.httpx import HTTPX
from aiodynamo.models import KeySchema, KeySpec, KeyType, PayPerRequest
from httpx import AsyncClient
from yarl import URL

async def use():
    async with AsyncClient() as http:
        endpoint = URL(os.environ["AWS_ENDPOINT_URL"])
        client = Client(HTTPX(http), Credentials.auto(), os.environ["AWS_REGION"], endpoint=endpoint)
        table = client.table("Orders")
        await table.create(PayPerRequest(), KeySchema(hash_key=KeySpec("id", KeyType.string)), wait_for_active=True)
        await table.put_item({"id": "o-1"})
        return len([item async for item in table.scan()])
"""

TESTS = """
import pytest

@pytest.mark.parametrize("isolation", [
    pytest.param(each, marks=pytest.mark.dynamodb(isolation=each)) for each in ("account", "account", "reset", "reset")
])
def test_it(dynamodb_server, isolation):
    assert asyncio.run(use()) == 1
    [table] = dynamodb_server.client().list_tables()["TableNames"]
    assert table == "Orders"
"""


BESIDE = """
import pytest

@pytest.mark.parametrize("again", range(2))
def test_it(dynamodb_client, again):
    assert dynamodb_client.list_tables()["TableNames"] == []

def test_theirs(request):
    [definition] = request.session._fixturemanager.getfixturedefs("dynamodb", request.node)
    assert definition.func.__module__.startswith("pytest_dynamodb.")
"""


@pytest.mark.parametrize(
    ("requirement", "code", "count"),
    [
        ("aiobotocore", REQUEST + AIOBOTOCORE + TESTS, 4),
        ("aioboto3", REQUEST + AIOBOTO3 + TESTS, 4),
        ("aiodynamo[httpx]", REQUEST + AIODYNAMO + TESTS, 4),
        ("pytest-dynamodb", BESIDE, 3),
    ],
    ids=["aiobotocore", "aioboto3", "aiodynamo", "pytest-dynamodb"],
)
def test_another_package(requirement, code, count, wheel, tmp_path):
    """Each client gets the test's account (its access key) from environment variables."""
    python = tmp_path / "environment" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "environment"], check=True, timeout=PATIENCE)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, f"{wheel}[pytest]", requirement], check=True, timeout=10 * PATIENCE)
    (tmp_path / "user").mkdir()
    (tmp_path / "user" / "test_it.py").write_text(code)
    done = subprocess.run(
        [python, "-m", "pytest", "-p", "no:cacheprovider", "test_it.py"],
        cwd=tmp_path / "user",
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "AWS_EC2_METADATA_DISABLED": "true"},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert f"{count} passed" in done.stdout, done.stdout + done.stderr
