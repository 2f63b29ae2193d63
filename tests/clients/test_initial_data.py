"""`--init`: files that a server loads before it is ready."""

import json
import subprocess
import sys

import boto3
import pytest

from emulator.http import application
from emulator.http.listen import ServeError
from emulator.settings import Settings
from tests.support.http_clients import boto_options
from tests.support.servers import ROOT, SERVERS, Server
from tests.support.tables import table_request


@pytest.fixture
def seeds(tmp_path, monkeypatch):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "tables.json").write_text(json.dumps({**table_request("id:S"), "TableName": "Orders"}))
    lines = [json.dumps({"id": {"S": str(number)}}) + "\n" for number in range(100)]
    (folder / "Orders.jsonl").write_text("".join(lines))
    return folder


def client_of(server, key="local", region="us-east-1"):
    return boto3.client("dynamodb", **boto_options(server.url, key, region))


@pytest.mark.parametrize("kind", [name for name, kind in SERVERS.items() if kind.module == "emulator"])
def test_the_data_is_there_when_the_server_is_ready(seeds, tmp_path, kind):
    server = Server(*SERVERS[kind].arguments(tmp_path / "data"), "--init", str(seeds))
    try:
        client = client_of(server)
        assert client.scan(TableName="Orders", Select="COUNT")["Count"] == 100
        assert client_of(server, region="eu-west-1").list_tables()["TableNames"] == []
    finally:
        assert server.stop() == 0


def test_a_table_that_exists_stays_as_it_is(seeds, tmp_path):
    arguments = ("--data-dir", str(tmp_path / "data"), "--init", str(seeds))
    server = Server(*arguments)
    client_of(server).delete_item(TableName="Orders", Key={"id": {"S": "1"}})
    server.stop()
    server = Server(*arguments)
    try:
        assert client_of(server).scan(TableName="Orders", Select="COUNT")["Count"] == 99
    finally:
        server.stop()


@pytest.mark.parametrize(("workers", "form"), [("1", "text"), ("2", "text"), ("1", "json")])
def test_wrong_data_stops_the_start_and_leaves_nothing(seeds, tmp_path, workers, form):
    with (seeds / "Orders.jsonl").open("a") as lines:
        lines.write('{"id": {"N": "1"}}\n')
    command = [sys.executable, "-m", "emulator", "--port", "0", "--data-dir", str(tmp_path / "data")]
    ended = subprocess.run(
        [*command, "--workers", workers, "--init", str(seeds), "--log-format", form],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    first, last = ended.stderr.splitlines()
    problem = json.loads(first)["message"] if form == "json" else first
    assert problem.startswith(f"{seeds}/Orders.jsonl:101: ValidationException: ")
    assert last == f"dynamodb-emulator: --init: 1 problem in {seeds}"
    server = Server("--data-dir", str(tmp_path / "data"))
    try:
        assert client_of(server).list_tables()["TableNames"] == []
    finally:
        server.stop()


def test_the_variables_of_aws_select_the_tenant(seeds, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("DYNAMODB_EMULATOR_INIT", str(seeds))
    server = Server("--in-memory")
    try:
        assert client_of(server, "someone", "eu-west-1").list_tables()["TableNames"] == ["Orders"]
    finally:
        server.stop()


def test_a_start_that_was_killed_is_repeated(seeds, tmp_path):
    """init-unfinished.json exists while a server loads, and names the tables from before.

    If a start finds this file, it deletes the other tables, and loads the data again.
    """
    folder = tmp_path / "data"
    server = Server("--data-dir", str(folder))
    client = client_of(server, "test")
    for name in ("Orders", "Before"):
        client.create_table(**{**table_request("id:S"), "TableName": name, "DeletionProtectionEnabled": True})
    server.stop()
    mark = folder / "init-unfinished.json"
    mark.write_text(json.dumps({"AccessKey": "test", "Region": "us-east-1", "Tables": ["Before"]}))
    server = Server("--data-dir", str(folder), "--init", str(seeds))
    try:
        assert client_of(server, "test").list_tables()["TableNames"] == ["Before"]
        assert client_of(server).scan(TableName="Orders", Select="COUNT")["Count"] == 100
        assert not mark.exists()
    finally:
        server.stop()


def test_another_asgi_server_gets_the_problem(tmp_path):
    settings = Settings(in_memory=True, init=(str(tmp_path / "missing"),))
    with pytest.raises(ServeError, match="--init: 1 problem in "):
        application.create(settings).open()
