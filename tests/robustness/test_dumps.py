"""A table is the same after a dump and a load. Large files load fast and with little memory."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.client.endpoint import HttpEndpoint
from emulator.commands import dump, load
from emulator.transfer.comparing import Side, differences
from emulator.transfer.progress import Progress
from tests.support.profile import profile
from tests.support.servers import ROOT, running
from tests.support.tables import new_name, table_request
from tests.support.value_strategies import items

KEY = "pk"


@pytest.fixture(scope="module")
def server():
    with running("--in-memory") as server:
        yield server


@pytest.mark.parametrize("form", ["export", "lines", "ion"])
def test_a_table_is_the_same_after_a_dump_and_a_load(server, tmp_path, form):
    """The random items also have attributes such as `Item`, which files have around an item."""
    numbers = iter(range(10**6))
    names = st.sampled_from(["Item", "Keys", "PutRequest", "TableName", "Metadata"])
    wrappers = st.dictionaries(names, st.just({"S": "x"}), max_size=3)

    @profile(15)
    @given(st.lists(st.tuples(items, wrappers), max_size=30))
    def round_trip(contents):
        table, folder = new_name("t"), tmp_path / str(next(numbers))
        flags = ["--endpoint", server.url]
        with HttpEndpoint(server.url) as endpoint:
            endpoint.call("CreateTable", {**table_request(f"{KEY}:N"), "TableName": table})
            for number, (item, wrapper) in enumerate(contents):
                stored = {**item, **wrapper, KEY: {"N": str(number)}}
                endpoint.call("PutItem", {"TableName": table, "Item": stored})
            assert dump.main([str(folder), "--table", table, "--format", form, *flags]) == 0
            assert load.main([str(folder), "--region", "eu-west-1", *flags]) == 0
        sides = [
            Side(lambda region=region: HttpEndpoint(server.url, region=region), table)
            for region in ("us-east-1", "eu-west-1")
        ]
        with Progress("compared") as progress:
            assert list(differences(*sides, progress)) == []
        assert progress.items == 2 * len(contents)

    round_trip()


def processor_time(process):
    """Return the CPU time that a process has used, in seconds."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def loaded(folder, items):
    """Load small items; return items per second of CPU time, and the command's memory in KB."""
    table = {**table_request("id:S"), "TableName": "Orders"}
    (folder / "a.json").write_text(json.dumps(table))
    with (folder / "Orders.jsonl").open("w") as lines:
        for number in range(items):
            lines.write(
                f'{{"Item":{{"id":{{"S":"order-{number}"}},"n":{{"N":"{number}"}},"who":{{"S":"someone"}}}}}}\n'
            )
    with running("--data-dir", str(folder / "data")) as server:
        command = [sys.executable, "-m", "emulator", "load", str(folder / "a.json"), str(folder / "Orders.jsonl")]
        before = processor_time(server.process.pid)
        process = subprocess.Popen([*command, "--endpoint", server.url], cwd=ROOT)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = processor_time(server.process.pid) - before + usage.ru_utime + usage.ru_stime
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
    return items / seconds, usage.ru_maxrss


@pytest.mark.nightly
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says in /proc what a process has used")
def test_the_rate_and_the_memory_of_a_load(tmp_path):
    """A load does 15,000 items in a second of CPU time, command and server together.

    The memory of the command does not depend on the size of the file.
    """
    for name in ("small", "large"):
        (tmp_path / name).mkdir()
    _, small = loaded(tmp_path / "small", 5_000)
    rate, large = loaded(tmp_path / "large", 300_000)
    assert rate > 15_000
    assert large < 1.2 * small
