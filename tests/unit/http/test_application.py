"""The whole server as an ASGI application: its lifespan, its settings, and ASGI servers without a
lifespan.
"""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from emulator.database.changes.ttl_queue import queue_of
from emulator.http import application, lifespan
from emulator.settings import Settings
from tests.support.asgi import ask, asked
from tests.support.http_clients import headers
from tests.support.tables import table_request

TABLE = {**table_request("pk:S"), "TableName": "table"}


async def call(app, operation, body):
    fields = [(name.lower().encode(), value.encode()) for name, value in headers(operation).items()]
    reply = await asked(app, "POST", "/", json.dumps(body).encode(), headers=fields)
    return reply.status, json.loads(reply.body)


@asynccontextmanager
async def alive(app):
    """Run an application's lifespan as a server does; yield the messages that it sends."""
    received, sent = asyncio.Queue(), asyncio.Queue()
    messages = []

    async def send(message):
        messages.append(message)
        await sent.put(message)

    task = asyncio.create_task(app({"type": "lifespan"}, received.get, send))
    await received.put({"type": "lifespan.startup"})
    await sent.get()
    try:
        yield messages
    finally:
        await received.put({"type": "lifespan.shutdown"})
        await task


def test_a_lifespan_runs_the_background_work(monkeypatch):
    """The expired item goes in the background, as in our own server: no request runs a slice of the
    sweep here.
    """
    monkeypatch.setattr(lifespan, "_INTERVAL", 0.0)
    app = application.create(Settings(in_memory=True))

    async def use():
        async with alive(app) as messages:
            assert messages == [{"type": "lifespan.startup.complete"}]
            ttl = {"Enabled": True, "AttributeName": "t"}
            await call(app, "CreateTable", TABLE)
            await call(app, "UpdateTimeToLive", {"TableName": "table", "TimeToLiveSpecification": ttl})
            await call(app, "PutItem", {"TableName": "table", "Item": {"pk": {"S": "a"}, "t": {"N": "1700000000"}}})
            assert (await call(app, "DescribeTable", {"TableName": "table"}))[1]["Table"]["ItemCount"] == 1
            queue = queue_of(next(app.open().emulator.database.catalog.everything()).definition)
            app.open().emulator.clock.advance(100)
            for _ in range(1000):
                await asyncio.sleep(0)
                with app.open().emulator.database.read() as txn:
                    if next(txn.scan(*queue.expired(2e9)), None) is None:
                        break
            assert (await call(app, "DescribeTable", {"TableName": "table"}))[1]["Table"]["ItemCount"] == 0
        assert messages[1:] == [{"type": "lifespan.shutdown.complete"}]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(use())


def test_a_lifespan_opens_and_closes_the_store(tmp_path):
    app = application.create(Settings(data_dir=tmp_path / "data"))
    other = application.create(Settings(data_dir=tmp_path / "data"))

    async def use():
        for table_names in ([], ["table"]):
            async with alive(app):
                assert (await call(app, "ListTables", {}))[1] == {"TableNames": table_names}
                await call(app, "CreateTable", TABLE)
                async with alive(other) as messages:
                    pass
                assert messages[0]["type"] == "lifespan.startup.failed"
                assert str(tmp_path / "data") in messages[0]["message"]

    assert not (tmp_path / "data").exists()
    asyncio.run(use())


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"ongoing_transaction": "{"}, "it is not JSON"),
        ({"functions": "/missing.toml"}, "/missing.toml"),
    ],
)
def test_a_start_that_fails_says_why(settings, text):
    async def use():
        async with alive(application.create(Settings(in_memory=True, **settings))) as messages:
            pass
        (message,) = messages
        assert message["type"] == "lifespan.startup.failed"
        assert text in message["message"]

    asyncio.run(use())


def test_a_server_without_a_lifespan_gets_answers(caplog):
    app = application.create(Settings(in_memory=True))
    for _ in range(2):
        assert ask(app, "GET", "/", headers=[(b"host", b"h")])[::2] == (200, b"healthy: h ")
    assert caplog.messages == [
        "the ASGI server does not support lifespans, so no background work runs between requests"
    ]


def test_settings_come_from_the_environment(monkeypatch, caplog):
    monkeypatch.setenv("DYNAMODB_EMULATOR_IN_MEMORY", "1")
    monkeypatch.setenv("DYNAMODB_EMULATOR_SHARED_DB", "1")
    monkeypatch.setenv("DYNAMODB_EMULATOR_SHARED", "1")
    settings = application.create().open().emulator.settings
    assert (settings.in_memory, settings.shared_db, settings.port) == (True, True, 8000)
    assert "DYNAMODB_EMULATOR_SHARED is unknown" in caplog.text


def test_other_kinds_of_connection_are_ignored():
    async def never(*_):
        raise AssertionError

    asyncio.run(application.create(Settings(in_memory=True))({"type": "websocket"}, never, never))


def test_starlettes_test_client():
    pytest.importorskip("httpx2", reason="Starlette's test client needs httpx2")
    from starlette.testclient import TestClient

    app = application.create(Settings(in_memory=True))
    with TestClient(app, base_url="http://localhost:8000") as client:
        assert client.get("/").text == "healthy: localhost:8000 "
        created = client.post("/", content=json.dumps(TABLE), headers=headers("CreateTable"))
        assert created.json()["TableDescription"]["TableName"] == "table"
        clock = client.post("/_emulator/clock", json={"Freeze": 2_000_000_000}).json()
        assert (clock["Now"], clock["Frozen"]) == (2_000_000_000, True)
        assert client.post("/_emulator/ttl").json() == {"Deleted": 0, "Tables": {}}
        assert client.get("/2015-03-31/event-source-mappings/").status_code == 403
        assert client.get("/other").status_code == 404
