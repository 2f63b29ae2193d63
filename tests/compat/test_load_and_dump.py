"""The commands `load` and `dump` against each kind of server."""

import json
import os
import subprocess
import sys

import pytest

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.commands import dump, load
from emulator.transfer.frozen import frozen
from tests.support.servers import ROOT
from tests.support.tables import new_name

ITEMS = [
    {
        "pk": {"S": f"ä{number}"},
        "sk": {"N": str(number)},
        "blob": {"B": "AAEC"},
        "set": {"NS": ["1", "2"]},
        "nested": {"M": {"list": {"L": [{"NULL": True}, {"BOOL": False}, {"BS": ["AA=="]}]}}},
    }
    for number in range(120)
]


@pytest.fixture
def run(endpoint):
    def call(command, *arguments):
        return command.main([*map(str, arguments), "--endpoint", endpoint, "--access-key", "test"])

    return call


def everything(client, table):
    pages = client.get_paginator("scan").paginate(TableName=table)
    return sorted((item["sk"]["N"], str(item)) for page in pages for item in page["Items"])


@pytest.mark.parametrize("form", ["export", "lines", "ion"])
def test_a_dump_gives_the_same_table(run, client, make_table, tmp_path, capsys, form):
    table = make_table("pk:S sk:N")
    (tmp_path / "items.jsonl").write_text("".join(json.dumps(item) + "\n" for item in ITEMS))
    assert run(load, tmp_path / "items.jsonl", "--table", table) == 0
    assert capsys.readouterr().out.startswith("loaded 120 items into 1 table in ")
    before = everything(client, table)
    assert len(before) == 120
    client.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "until"})
    assert run(dump, tmp_path / "out", "--table", table, "--format", form) == 0
    assert capsys.readouterr().out.startswith("dumped 120 items of 1 table in ")
    client.delete_table(TableName=table)
    client.get_waiter("table_not_exists").wait(TableName=table)
    assert run(load, tmp_path / "out") == 0
    assert everything(client, table) == before
    ttl = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "until")


def test_csv_keeps_strings(run, client, make_table, tmp_path, capsysbinary):
    table = make_table("pk:S sk:N")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "sk": {"N": "1"}, "x": {"S": "y, z"}, "l": {"SS": ["b"]}})
    client.put_item(TableName=table, Item={"pk": {"S": "b"}, "sk": {"N": "2"}})
    assert run(dump, "-", "--table", table, "--format", "csv") == 0
    header, *rows = capsysbinary.readouterr().out.decode().splitlines()
    assert header == "pk,sk,l,x"
    assert sorted(rows) == ['a,1,"[""b""]","y, z"', "b,2,,"]


def test_a_problem_changes_the_exit_status(run, make_table, tmp_path, capsys):
    table = make_table("pk:S sk:N")
    (tmp_path / f"{table}.jsonl").write_text('{"pk":{"S":"a"},"sk":{"N":"1"}}\n{"pk":{"S":"a"}}\n')
    assert run(load, tmp_path) == 1
    captured = capsys.readouterr()
    assert f"{table}.jsonl:2: ValidationException: One or more parameter values were invalid: " in captured.err
    assert "1 item into 1 table" in captured.out
    assert captured.out.endswith(", 1 problem\n")


def test_what_cannot_be_done(run, tmp_path, capsys):
    missing = new_name("missing")
    assert run(dump, tmp_path, "--table", missing) == 2
    assert capsys.readouterr().err == f"dynamodb-emulator: there is no table {missing}\n"
    with pytest.raises(SystemExit) as ended:
        run(load, tmp_path)
    assert ended.value.code == 2
    assert "there is nothing to load in " in capsys.readouterr().err
    (tmp_path / "x.json").write_text('{"id": {"S": "a"}}')
    assert load.main([str(tmp_path), "--endpoint", "http://127.0.0.1:1"]) == 2
    assert "does not answer" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        run(dump, "-")
    assert ended.value.code == 2
    with pytest.raises(SystemExit) as ended:
        run(load, tmp_path, "--parameter", "x")
    assert ended.value.code == 2
    assert "'x' is not NAME=VALUE" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["dump", "diff"])
def test_a_reader_that_has_seen_enough(endpoint, client, make_table, command):
    """If nobody reads the output any more, as after `head`, the command ends without traceback."""
    one, other = make_table("pk:S sk:N"), make_table("pk:S sk:N")
    client.put_item(TableName=one, Item={"pk": {"S": "x"}, "sk": {"N": "1"}})
    client.put_item(TableName=other, Item={"pk": {"S": "y"}, "sk": {"N": "1"}})
    what = ["-", "--table", one, "--format", "lines"] if command == "dump" else [other, one]
    whole = [sys.executable, "-m", "emulator", command, *what, "--endpoint", endpoint, "--access-key", "test"]
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(whole, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == ({"dump": 2, "diff": 1}[command], "")


def test_a_dump_has_the_state_of_one_moment(endpoint, client, make_table):
    """That is so even for pages from a worker that does not have the hold on the snapshot."""
    table = make_table("pk:S")
    for number in range(50):
        client.put_item(TableName=table, Item={"pk": {"S": str(number)}})

    def connect():
        return HttpEndpoint(endpoint, "test")

    with frozen(connect, [table]) as pages:
        for number in range(0, 50, 2):
            client.delete_item(TableName=table, Key={"pk": {"S": str(number)}})
            client.put_item(TableName=table, Item={"pk": {"S": f"new {number}"}})
        for segments in (1, 2, 5):
            found = [item for number in range(segments) for page in pages(table, number, segments) for item in page]
            assert sorted(int(item["pk"]["S"]) for item in found) == list(range(50))
    with connect() as other:
        lists = (other.control("GET", "snapshots/hold", {})["Names"] for _ in range(10_000))
        assert [] in lists, "the end of the connection ends the hold"


def test_tables_that_cannot_be_held_are_an_error(endpoint):
    missing = new_name("missing")
    with (
        pytest.raises(Refused, match=f"there is no table {missing}"),
        frozen(lambda: HttpEndpoint(endpoint, "test"), [missing]),
    ):
        pass


class Foreign(HttpEndpoint):
    """A connection to a server that does not have our controls, such as AWS."""

    def control(self, method, path, body):
        raise Unreachable(f"{self.name} answers with status 400, and not with JSON")


def test_another_server_is_scanned(endpoint, client, make_table):
    table = make_table("pk:S")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}})
    with frozen(lambda: Foreign(endpoint, "test"), [table]) as pages:
        client.put_item(TableName=table, Item={"pk": {"S": "b"}})
        assert sorted(item["pk"]["S"] for page in pages(table, 0, 1) for item in page) == ["a", "b"]
