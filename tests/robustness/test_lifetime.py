"""A server reports when it is ready, and ends when its parent process ends."""

import http.client
import json
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from emulator.version import VERSION
from tests.support.http_clients import Client
from tests.support.servers import ROOT, running
from tests.support.tables import table_request

WORKERS = pytest.mark.parametrize("workers", [1, 2])

PARENT = """
import subprocess, sys
subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
sys.stdin.read()
"""
"""Starts a server, and ends when nobody holds its stdin open."""


@WORKERS
def test_the_ready_file_has_the_url_as_long_as_the_server_runs(workers, tmp_path):
    file = tmp_path / "ready"
    file.write_text("http://of.an.earlier.server\n")
    with running("--in-memory", "--workers", str(workers), "--ready-file", str(file)) as server:
        assert file.read_text() == server.url + "\n"
        assert list(tmp_path.iterdir()) == [file]
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []


@WORKERS
def test_a_server_ends_with_its_parent(workers, tmp_path):
    file = tmp_path / "ready"
    arguments = ["--port", "0", "--data-dir", str(tmp_path / "data"), "--workers", str(workers)]
    server = [sys.executable, "-m", "emulator", *arguments, "--ready-file", str(file), "--exit-with-parent"]
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, *server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    lines = iter(parent.stdout.readline, "")
    assert any(line.startswith("dynamodb-emulator is ready") for line in lines)
    parent.communicate(timeout=20)  # stdout ends when the last process that has it ends
    assert not file.exists()
    assert (tmp_path / "data" / "closed").exists()


@WORKERS
def test_health(workers):
    with running("--in-memory", "--workers", str(workers)) as server:
        with closing(Client(server.url)) as client:
            client("CreateTable", **table_request("pk:S"))
        ages = []
        for _ in range(6):  # new connections reach different workers
            with urllib.request.urlopen(server.url + "/_emulator/health") as response:
                health = json.loads(response.read())
            ages.append(health.pop("Uptime"))
            assert health.pop("Engine")
            assert health == {"Status": "healthy", "Version": VERSION, "Tables": 1}
        assert ages == sorted(ages)
        assert ages[0] > 0


@WORKERS
def test_a_client_that_does_not_complete_its_request_cannot_delay_the_end(workers):
    with running("--in-memory", "--workers", str(workers)) as server:
        clients = [http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20) for _ in range(4)]
        for client in clients:
            client.putrequest("POST", "/")
            client.putheader("Content-Length", "100")
            client.endheaders(b"{")
        assert server.stop(patience=2) == 0
        for client in clients:
            client.close()


@pytest.mark.parametrize(
    ("file", "why"),
    [("missing/ready", "{folder}/missing is not a folder"), ("taken", "it is not a file")],
)
@WORKERS
def test_a_ready_file_that_cannot_be_written(file, why, workers, tmp_path):
    (tmp_path / "taken").mkdir()
    path = tmp_path / file
    command = [sys.executable, "-m", "emulator", "--port", "0", "--in-memory", "--workers", str(workers)]
    done = subprocess.run(
        [*command, "--ready-file", str(path)], capture_output=True, text=True, cwd=ROOT, timeout=20, check=False
    )
    text = f"dynamodb-emulator: --ready-file: cannot write {path}: {why.format(folder=tmp_path)}\n"
    assert (done.returncode, done.stderr, done.stdout) == (2, text, "")


def test_a_ready_file_of_another_server_stays(tmp_path):
    file: Path = tmp_path / "ready"
    with running("--in-memory", "--ready-file", str(file)) as one:
        with running("--in-memory", "--ready-file", str(file)) as other:
            assert one.stop() == 0
            assert file.read_text() == other.url + "\n"
        assert not file.exists()


BUSY = """
import os, signal, sys
from emulator import cli, flags
def interrupted(*_):
    os.kill(os.getpid(), signal.SIGTERM)
    raise AssertionError("the signal has no effect")
cli.configuration = interrupted
sys.exit(cli.main(["--in-memory"]))
"""
"""A server that gets SIGTERM before it is ready."""


def test_a_signal_before_the_server_is_ready_ends_it():
    done = subprocess.run(
        [sys.executable, "-c", BUSY], capture_output=True, text=True, cwd=ROOT, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (143, "")
