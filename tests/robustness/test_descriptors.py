"""A server without free file descriptors still reads and writes, even if its store must grow."""

import json
import resource
import socket
from contextlib import ExitStack, closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.support.http_clients import Client
from tests.support.servers import running
from tests.support.tables import table_request

LIMIT = 64
VALUE = "x" * 200_000
ITEMS = 150  # 30 MB, so the memory map must grow: it has 16 MB at first


@pytest.mark.parametrize("options", [(), ("--durable",)], ids=["plain", "durable"])
def test_store_grows_without_descriptors(tmp_path: Path, options: tuple[str, ...]) -> None:
    with running("--data-dir", str(tmp_path / "data"), *options) as server, ExitStack() as idle:
        client = idle.enter_context(closing(Client(server.url)))
        client("CreateTable", **table_request() | {"TableName": "full"})
        client("DescribeTable", TableName="full")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (LIMIT, LIMIT))
        address = urlsplit(server.url)
        for _ in range(2 * LIMIT):
            idle.enter_context(socket.create_connection((address.hostname, address.port)))
        for number in range(ITEMS):
            key = {"pk": {"S": "p"}, "sk": {"S": str(number)}}
            body = json.dumps({"TableName": "full", "Item": {**key, "data": {"S": VALUE}}}).encode()
            status, _, answer = client.post("PutItem", body)
            assert (status, answer) == (200, b"{}")
            assert client("GetItem", TableName="full", Key=key)["Item"]["data"] == {"S": VALUE}
        used = len(list(Path(f"/proc/{server.process.pid}/fd").iterdir()))
        assert used >= LIMIT - 2, "there are free descriptors"
        assert (tmp_path / "data" / "data.mdb").stat().st_size > 30 << 20
        assert client("DescribeTable", TableName="full")["Table"]["ItemCount"] == ITEMS
