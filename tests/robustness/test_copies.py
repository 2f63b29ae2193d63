"""A data folder can be copied with the command `copy`, the control `copy`, or a tool such as cp.

The server that uses the folder is running, has ended, or was killed.
"""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.app import Emulator
from emulator.settings import Settings
from tests.support.http_clients import Client, declaring
from tests.support.invariants import check_store
from tests.support.servers import Server, running
from tests.support.tables import index_request, table_request

ROOT = Path(__file__).parents[2]
TABLE = {
    **table_request("pk:S sk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")]),
    "TableName": "copied",
}
COPIED = "was copied or restored, or an older version of the program used it last"


class Writer(threading.Thread):
    """Writes items, numbered from 0, until it is stopped. At least `written` items are stored."""

    def __init__(self, url: str, number: int) -> None:
        super().__init__()
        self.url, self.number = url, number
        self.written = 0
        self.ending = threading.Event()
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            with closing(Client(self.url)) as client:
                while not self.ending.is_set():
                    size = (10, 300, 1000, 3000, 20_000)[self.written % 5]
                    item = {**self.key(self.written), "g": {"S": str(self.written % 7)}, "d": {"S": "x" * size}}
                    client("PutItem", TableName="copied", Item=item)
                    client("PutItem", TableName="copied", Item=item | self.key(-1))
                    self.written += 1
        except BaseException as failure:
            self.failure = failure

    def key(self, number: int) -> dict[str, Any]:
        return {"pk": {"S": str(self.number)}, "sk": {"S": str(number)}}


@contextmanager
def writing(server: Server, least: int = 50) -> Iterator[list[Writer]]:
    """Run a block while writers write. When it begins, each has written at least `least` items."""
    with closing(Client(server.url)) as client:
        client("CreateTable", **TABLE)
        client("DescribeTable", TableName="copied")
        writers = [Writer(server.url, number) for number in range(3)]
        for writer in writers:
            writer.start()
        try:
            while any(writer.written < least and writer.is_alive() for writer in writers):
                client("ListTables")
            yield writers
        finally:
            for writer in writers:
                writer.ending.set()
                writer.join()
        assert [writer.failure for writer in writers] == [None] * 3


def check(folder: Path, writers: list[Writer], least: list[int]) -> None:
    """Assert that a folder has a consistent store, with the first `least` items of each writer."""
    emulator = Emulator(Settings(data_dir=folder))
    check_store(emulator.database)
    caller = emulator.caller("test", "us-east-1")
    for writer, count in zip(writers, least, strict=True):
        for number in range(count):
            answer = emulator.call("GetItem", {"TableName": "copied", "Key": writer.key(number)}, caller)
            assert b'"Item"' in answer
    emulator.close()


def copy(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "emulator", "copy", str(source), str(target)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)


def start(folder: Path) -> tuple[int, list[str]]:
    """Start a server on a folder and stop it; return its status and the lines of its log."""
    command = [sys.executable, "-m", "emulator", "--port", "0", "--data-dir", str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stderr
        url = next((line.split()[1] for line in process.stdout if line.split()[:1] == ["address"]), None)
        if url is not None:
            with closing(Client(url)) as client:
                client("PutItem", TableName="copied", Item={"pk": {"S": "p"}, "sk": {"S": "s"}})
            process.terminate()
        process.stdout.read()
        lines = process.stderr.read().splitlines()
    return process.returncode, lines


@pytest.mark.parametrize("options", [(), ("--durable",), ("--workers", "2")], ids=["plain", "durable", "workers"])
def test_running_server_is_copied(tmp_path: Path, options: tuple[str, ...]) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    with running("--data-dir", str(data), *options) as server, writing(server) as writers:
        before = [writer.written for writer in writers]
        result = copy(data, target)
        after = [writer.written for writer in writers]
    size = (target / "data.mdb").stat().st_size
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"copied {data} to {target}: {size} bytes\n"
    assert sum(after) > sum(before), "the others wrote nothing meanwhile"
    assert start(target) == (0, [])
    check(target, writers, before)
    check(data, writers, after)


@pytest.mark.parametrize("options", [(), ("--durable", "--workers", "2")], ids=["plain", "durable workers"])
def test_a_server_answers_others_while_it_copies_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    data, target = tmp_path / "data", tmp_path / "copy"
    with running("--data-dir", str(data), *options) as server, writing(server) as writers:
        call = declaring(server.url)
        before = [writer.written for writer in writers]
        answer = call("copy", {"Folder": str(target)})
        after = [writer.written for writer in writers]
        assert answer == (200, {"Folder": str(target), "Bytes": (target / "data.mdb").stat().st_size})
        assert sum(after) - sum(before) > 3, "the others wrote nothing meanwhile"
        refusal = f"The folder {target} is not empty: a copy needs a folder that is missing or empty."
        assert call("copy", {"Folder": str(target)}) == (400, {"message": refusal})
    assert start(target) == (0, [])
    check(target, writers, before)


def test_copy_of_workers_in_memory(tmp_path: Path) -> None:
    target = tmp_path / "copy"
    with running("--in-memory", "--workers", "2") as server, writing(server) as writers:
        before = [writer.written for writer in writers]
        assert declaring(server.url)("copy", {"Folder": str(target)})[0] == 200
    check(target, writers, before)


def test_a_relative_folder_is_below_the_servers_folder(tmp_path: Path) -> None:
    name = f"copy-{tmp_path.parent.name}"
    with running("--data-dir", str(tmp_path / "data")) as server:
        status, reported = declaring(server.url)("copy", {"Folder": name})
        made = Path(reported["Folder"])
        try:
            assert (status, made) == (200, ROOT / name)
            assert (made / "layout").exists()
        finally:
            shutil.rmtree(ROOT / name)


def test_copies_made_with_other_tools_open_or_are_refused(tmp_path: Path) -> None:
    """A copy of a running server's files either has only whole writes, or a server refuses it."""
    with running("--data-dir", str(tmp_path / "data")) as server, writing(server) as writers:
        for number in range(4):
            shutil.copytree(tmp_path / "data", tmp_path / str(number))
    for number in range(4):
        folder = tmp_path / str(number)
        status, lines = start(folder)
        assert COPIED in lines[0]
        if status:
            assert status == 2
            assert len(lines) == 2
            assert lines[1].startswith(f"dynamodb-emulator: The data folder {folder} is damaged (")
            assert lines[1].endswith("Copy it again while no server runs, or with: dynamodb-emulator copy FROM TO")
            assert copy(folder, tmp_path / "again").returncode == 2
            assert not (tmp_path / "again").exists()
        else:
            check(folder, writers, [0, 0, 0])


def test_the_folder_of_an_ended_server_may_be_copied_with_any_tool(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running("--data-dir", str(data)) as server:
        with writing(server) as writers:
            pass
        assert server.stop() == 0
    least = [writer.written for writer in writers]
    shutil.copytree(data, tmp_path / "copy")
    assert start(tmp_path / "copy") == (0, []), "the copy was verified"
    check(tmp_path / "copy", writers, least)
    result = copy(data, tmp_path / "other")
    assert result.returncode == 0
    check(tmp_path / "other", writers, least)


def test_the_folder_of_a_killed_server_is_sound_and_its_copy_is_verified(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running("--data-dir", str(data)) as server:
        with writing(server) as writers:
            pass
        server.kill()
    least = [writer.written for writer in writers]
    shutil.copytree(data, tmp_path / "copy")
    status, lines = start(tmp_path / "copy")
    assert (status, len(lines)) == (0, 2)
    assert f"{tmp_path / 'copy'} {COPIED}" in lines[0]
    assert lines[1].endswith(f"the data folder {tmp_path / 'copy'} is sound")
    assert start(tmp_path / "copy") == (0, []), "the copy was verified twice"
    assert start(data) == (0, []), "a folder that is not a copy was verified"
    for folder in (data, tmp_path / "copy"):
        check(folder, writers, least)


def test_copy_says_what_is_wrong(tmp_path: Path) -> None:
    result = copy(tmp_path / "none", tmp_path / "copy")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"dynamodb-emulator: The folder {tmp_path / 'none'} is not a data folder of this program.\n"


def test_a_second_server_reports_who_uses_the_folder(tmp_path: Path) -> None:
    with running("--data-dir", str(tmp_path / "data")) as server:
        status, lines = start(tmp_path / "data")
        holder = f"in use by another server (process {server.process.pid})."
        assert (status, lines) == (2, [f"dynamodb-emulator: The data folder {tmp_path / 'data'} is {holder}"])


def test_an_emptied_data_file_is_reported_as_damaged(tmp_path: Path) -> None:
    with running("--data-dir", str(tmp_path / "data")):
        pass
    (tmp_path / "data" / "data.mdb").write_bytes(b"")
    assert start(tmp_path / "data") == (
        2,
        [f"dynamodb-emulator: The data folder {tmp_path / 'data'} is damaged: data.mdb is empty."],
    )


def test_the_next_start_removes_what_killed_workers_left_in_memory() -> None:
    def folders() -> set[Path]:
        return {*Path("/dev/shm").glob("dynamodb-emulator-*")}

    before = folders()
    with running("--in-memory", "--workers", "2") as server:
        (left,) = folders() - before
        server.kill()
    assert left.exists()
    with running("--in-memory", "--workers", "2", "--log-level", "error") as server:
        assert not left.exists()
        assert len(folders() - before) == 1
        assert server.stop() == 0
    assert folders() <= before
