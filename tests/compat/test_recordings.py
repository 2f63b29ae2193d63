"""Each kind of server writes a recording; its replay shows whether a server answers differently."""

import json
import stat
import subprocess
import sys

import pytest

from emulator.client.endpoint import HttpEndpoint, Refused
from emulator.commands import replay
from emulator.http.observing.recording import masked
from tests.support.servers import SERVERS, running
from tests.support.tables import table_request

CONNECTIONS = 12
REAL_KEY = "AKIAIOSFODNN7EXAMPLE"  # the example access key of AWS's documentation


def work(url, key="test"):
    for number in range(CONNECTIONS):
        with HttpEndpoint(url, key) as server:
            if number == 0:
                server.call("CreateTable", {**table_request("pk:S"), "TableName": "Orders"})
            server.call("PutItem", {"TableName": "Orders", "Item": {"pk": {"S": f"{number} é"}}})
            with pytest.raises(Refused):
                server.call("GetItem", {"TableName": "Orders", "Key": {}})
    with HttpEndpoint(url, key) as server:
        server.call("Scan", {"TableName": "Orders"})
        server.control("GET", "clock", {})


@pytest.fixture(params=["memory", "workers", "asgi"])
def recording(request, tmp_path):
    kind, path = SERVERS[request.param], tmp_path / "recording.jsonl"
    with running(*kind.arguments(tmp_path / "data"), "--record", str(path), module=kind.module) as server:
        work(server.url)
        work(server.url, REAL_KEY)
    return path


def test_a_recording_and_its_replays(recording, tmp_path, capsys):
    lines = [json.loads(line) for line in recording.read_text().splitlines()]
    assert len(lines) == 2 * (2 * CONNECTIONS + 2)
    assert {each["Operation"] for each in lines} == {"CreateTable", "PutItem", "GetItem", "Scan"}
    assert "Signature" not in recording.read_text()
    assert REAL_KEY not in recording.read_text()
    assert {each["AccessKey"] for each in lines} == {"test", masked(REAL_KEY)}
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600
    assert json.loads(lines[1]["Request"])["Item"] == {"pk": {"S": "0 é"}}
    with running("--in-memory") as server:
        assert replay.main([str(recording), "--endpoint", server.url]) == 0
        out = capsys.readouterr().out
        assert out.startswith(f"{len(lines)} requests sent, {len(lines)} answers equal, 0 different\n")
        assert "TableId (2)" in out
        report = tmp_path / "report.json"
        assert replay.main([str(recording), "--endpoint", server.url, "--report", str(report)]) == 1
        out = capsys.readouterr().out
        assert "line 1: CreateTable Orders\n  status\n    recorded  200\n    replayed  400\n" in out
    saved = json.loads(report.read_text())
    assert saved["Different"] == len(saved["Requests"]) == 2
    assert saved["Requests"][0]["Replayed"]["Status"] == 400
    assert saved["Requests"][0]["Differences"][0] == {"Path": "status", "Recorded": 200, "Replayed": 400}


def test_a_recording_that_exists_is_continued(tmp_path):
    path = tmp_path / "recording.jsonl"
    for _ in range(2):
        with running("--in-memory", "--record", str(path)) as server, HttpEndpoint(server.url) as client:
            client.call("ListTables", {})
    assert len(path.read_text().splitlines()) == 2


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_that_cannot_be_written_stops_the_start(tmp_path, workers):
    options = ("--in-memory", "--port", "0", "--workers", workers, "--record", str(tmp_path / "none" / "file"))
    command = [sys.executable, "-m", "emulator", *options]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert "--record" in ended.stderr
    assert "No such file" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["{none}", "--endpoint", "http://127.0.0.1:1"], "cannot be read: No such file"),
        (["{file}", "--endpoint", "http://127.0.0.1:1"], "http://127.0.0.1:1 does not answer"),
        (["{file}", "--endpoint", "nowhere"], "is not a URL"),
        (["{file}"], "--endpoint"),
    ],
)
def test_mistakes_end_with_status_2(tmp_path, capsys, arguments, text):
    file = tmp_path / "file"
    file.write_text(
        '{"Operation":"GetItem","AccessKey":"a","Region":"us-east-1","Request":"{}","Status":200,"Answer":"{}"}\n'
    )
    with pytest.raises(SystemExit) as ended:
        replay.main([each.format(none=tmp_path / "none", file=file) for each in arguments])
    assert ended.value.code == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("key", ["test", "local", "123456789012", "AKIDEXAMPLE"])
def test_keys_that_are_not_of_aws_are_not_masked(key):
    assert masked(key) == key
