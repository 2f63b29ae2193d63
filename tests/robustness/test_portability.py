"""A server in memory with one process runs without the features that only Linux has."""

import subprocess
import sys
from pathlib import Path

import boto3

from tests.support.http_clients import boto_options

ELSEWHERE = """
import os, pathlib, socket, sys

class Missing:
    names = {"fcntl", "resource", "uvloop", "pwd", "grp", "termios"}

    def find_spec(self, name, path=None, target=None):
        if name in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Missing())
del socket.SO_REUSEPORT
for name in ("fork", "posix_fallocate", "posix_fadvise", "pwrite", "pread", "getuid", "geteuid", "pipe2"):
    vars(os).pop(name, None)
is_dir = pathlib.Path.is_dir
pathlib.Path.is_dir = lambda path, *more: not str(path).startswith("/dev/shm") and is_dir(path, *more)

from emulator.cli import main

sys.exit(main())
"""
"""Hides what Windows does not have. Python's own modules have already imported what they need."""


def test_a_server_in_memory_runs_without_what_only_linux_has():
    command = [sys.executable, "-c", ELSEWHERE, "--in-memory", "--port", "0"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    try:
        url = next(line.split()[1] for line in server.stdout if line.split()[:1] == ["address"])
        client = boto3.client("dynamodb", **boto_options(url))
        client.create_table(
            TableName="table",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        client.put_item(TableName="table", Item={"pk": {"S": "a"}})
        assert client.scan(TableName="table")["Count"] == 1
        server.terminate()
        assert server.wait(20) == 0
    finally:
        server.kill()
        server.stdout.close()
        server.wait(20)
