"""A server fills a real disk: it uses nearly all of it, and deletions still work then."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from tests.support.http_clients import Client
from tests.support.invariants import check_store
from tests.support.servers import running
from tests.support.small_memory import SIZE
from tests.support.tables import table_request

DATA = "x" * 30_000
FULL = "The emulator's disk is full; nothing of this request was stored."

pytestmark = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="a file system can only be mounted by root"
)


def ran(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """disk(kind) mounts an empty file system of 64 MB, such as an ext4, and returns its folder."""
    place, image = tmp_path / "disk", tmp_path / "image"
    place.mkdir()

    def mount(kind: str) -> Path:
        if kind == "tmpfs":
            mounted = ran("mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", place)
        else:
            with image.open("wb") as stream:
                stream.truncate(SIZE)
            mounted = ran(f"mkfs.{kind}", "-q", "-F", "-m", "0", image) and ran("mount", "-o", "loop", image, place)
        if not mounted:
            pytest.skip(f"no {kind} can be mounted here")
        return place

    yield mount
    ran("umount", place)


class Filler:
    """A client that fills and empties the table `full`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.kept: set[str] = set()
        self.number = 0

    def table(self, name: str) -> None:
        self.client("CreateTable", **table_request() | {"TableName": name})
        self.client("DescribeTable", TableName=name)

    def put(self) -> bool:
        """Put another item; return whether there was room for it."""
        self.number += 1
        item = {"pk": {"S": "p"}, "sk": {"S": str(self.number)}, "data": {"S": DATA}}
        status, _, body = self.client.post("PutItem", json.dumps({"TableName": "full", "Item": item}).encode())
        if status == 200:
            self.kept.add(str(self.number))
            return True
        assert (status, json.loads(body)["message"]) == (500, FULL)
        return False

    def fill(self) -> None:
        """Put items until there is no room."""
        while self.put():
            pass

    def delete(self, count: int) -> None:
        for _ in range(count):
            self.client("DeleteItem", TableName="full", Key={"pk": {"S": "p"}, "sk": {"S": self.kept.pop()}})

    def stored(self) -> set[str]:
        found: set[str] = set()
        start: dict[str, Any] = {}
        while True:
            page = self.client("Scan", TableName="full", **start)
            assert all(item["data"]["S"] == DATA for item in page["Items"])
            found |= {item["sk"]["S"] for item in page["Items"]}
            if "LastEvaluatedKey" not in page:
                return found
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def use(filler: Filler, free: int = SIZE) -> None:
    """Fill the disk, delete items, fill the room again, delete a table and more items.

    All deletions must succeed. free: the bytes that were free at first.
    """
    filler.table("full")
    filler.table("other")
    filler.fill()
    assert len(filler.kept) * len(DATA) > free * 0.8
    assert sum(filler.put() for _ in range(50)) < 25
    filler.delete(300)
    for name in ("full", "other"):
        assert filler.client("DescribeTable", TableName=name)["Table"]["TableStatus"] == "ACTIVE"
    assert all(filler.put() for _ in range(250))
    filler.fill()
    filler.client("DeleteTable", TableName="other")
    assert filler.client("ListTables") == {"TableNames": ["full"]}
    filler.delete(100)
    assert filler.stored() == filler.kept


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("tmpfs", ()),
        ("tmpfs", ("--durable", "--workers", "2")),
        ("ext4", ("--durable",)),
        ("ext3", ()),  # ext3 cannot reserve room, so the file is sparse
        ("ext3", ("--durable", "--workers", "2")),
    ],
)
def test_full_disk(disk: Callable[[str], Path], kind: str, options: tuple[str, ...]) -> None:
    folder = disk(kind) / "data"
    status = os.statvfs(folder.parent)
    with running("--data-dir", str(folder), *options, "--log-level", "critical") as server:
        with closing(Client(server.url)) as client:
            filler = Filler(client)
            use(filler, status.f_bavail * status.f_frsize)
            filler.fill()
        server.kill()
    with running("--data-dir", str(folder), *options, "--log-level", "critical") as server:
        with closing(Client(server.url)) as client:
            filler.client = client
            assert filler.stored() == filler.kept
            filler.delete(50)
            client("DeleteTable", TableName="full")
            filler.kept.clear()
            filler.table("full")
            for _ in range(20):  # each request also deletes a slice of the old table's items
                client("ListTables")
            assert all(filler.put() for _ in range(100))
            assert filler.stored() == filler.kept
        assert server.stop() == 0
    emulator = Emulator(Settings(data_dir=folder))
    emulator.database.background.run_all()
    check_store(emulator.database)
    emulator.close()


def test_workers_in_memory_use_all_of_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers share data in /dev/shm, which has 64 MB in Docker.

    In this test the folder for temporary files is there, too, so it offers no more room.
    """
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    arguments = ("--in-memory", "--workers", "2", "--log-level", "critical")
    with running(*arguments, module="tests.support.small_memory") as server, closing(Client(server.url)) as client:
        use(Filler(client))


def test_workers_in_memory_use_temporary_files_if_these_have_more_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with running("--in-memory", "--workers", "2", module="tests.support.small_memory") as server:
        with closing(Client(server.url)) as client:
            filler = Filler(client)
            filler.table("full")
            assert all(filler.put() for _ in range(SIZE // len(DATA) + 1))
        assert [each.name.startswith("dynamodb-emulator-") for each in tmp_path.iterdir()] == [True]
        assert server.stop() == 0
    assert list(tmp_path.iterdir()) == []
    text = f"64 MB of the data that the workers share. So these data are in {tmp_path}, and are also lost at exit."
    assert text in capfd.readouterr().err
