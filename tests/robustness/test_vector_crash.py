"""A process is killed while it fills a vector index, or reads the vectors for a search.

The next process on the folder continues the filling. Its searches find all stored vectors, and
nothing else.
"""

import json
import math
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from emulator.settings import Settings
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.servers import ROOT
from tests.support.tables import table_request, vector, vector_index_request

COUNT = 40
NEAR = vector_index_request("near", "v", 2, "EUCLIDEAN", "KEYS_ONLY")
ORIGIN = {"TableName": "tab", "IndexName": "near", "SearchVector": vector(0, 0)["L"], "TopK": COUNT}
WRITTEN = {"TableName": "tab", "Item": {"pk": {"S": "late"}, "v": vector(0.5, 0)}}

CHILD = """
import json, os, signal, sys
from pathlib import Path
from emulator.database.jobs import vector_fill
from emulator.database.vectors import matrix
from emulator.settings import Settings
from emulator.slices import Sliced
from tests.support.in_process import InProcess

folder, steps, request = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3])
vector_fill.SLICE = matrix._MOST_READ = 3
inside = InProcess(Settings(data_dir=Path(folder)))
database = inside.emulator.database
try:
    database.sliced = True
    answer = inside.emulator.call(*request, inside.caller)
    work = iter(database.run_slice, False)
except Sliced as sliced:
    work = sliced.steps
for _ in range(steps):
    next(work, None)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a data folder with a table of items, most of which have a vector."""
    made = tmp_path / "data"
    inside = InProcess(Settings(data_dir=made))
    inside("CreateTable", {**table_request("pk:S"), "TableName": "tab"})
    chance = random.Random(1)
    for number in range(COUNT):
        item: dict[str, Any] = {"pk": {"S": f"{number:02}"}}
        if number % 5:
            item["v"] = vector(chance.randint(-99, 99), chance.randint(-99, 99))
        inside("PutItem", TableName="tab", Item=item)
    inside.emulator.close()
    return made


def kill_after(folder: Path, steps: int, operation: str, request: Any) -> None:
    """Run a process that calls an operation, runs `steps` slices of its work, and is killed."""
    arguments = [str(folder), str(steps), json.dumps([operation, request])]
    done = subprocess.run([sys.executable, "-c", CHILD, *arguments], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


def expected(inside: InProcess) -> list[float]:
    """Return the distances of all vectors from the origin, the smallest first."""
    items = inside("Scan", TableName="tab")["Items"]
    vectors = [[float(each["N"]) for each in item["v"]["L"]] for item in items if "v" in item]
    return sorted(math.hypot(*each) for each in vectors)


def check(inside: InProcess) -> None:
    found = [each["Score"] for each in inside("SearchVectors", ORIGIN)["SearchResults"]]
    assert found == pytest.approx(expected(inside))
    check_store(inside.emulator.database)


@pytest.mark.crash
@pytest.mark.parametrize("steps", [0, 1, 4, 13, 14])
def test_a_killed_filling_goes_on(folder: Path, steps: int) -> None:
    update = {"TableName": "tab", "VectorIndexUpdates": [{"Create": NEAR}]}
    kill_after(folder, steps, "UpdateTable", update)
    kill_after(folder, 1, "PutItem", WRITTEN)  # a second process runs one more slice of the filling
    inside = InProcess(Settings(data_dir=folder))
    check_store(inside.emulator.database)
    inside.emulator.database.background.run_all()
    (index,) = inside("DescribeTable", TableName="tab")["Table"]["VectorIndexes"]
    assert (index["IndexStatus"], index["ItemCount"]) == ("ACTIVE", COUNT - COUNT // 5 + 1)
    check(inside)
    inside.emulator.close()


@pytest.mark.crash
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_search_that_is_killed_while_it_fills_its_matrix_leaves_nothing(folder: Path, steps: int) -> None:
    inside = InProcess(Settings(data_dir=folder))
    inside("UpdateTable", TableName="tab", VectorIndexUpdates=[{"Create": NEAR}])
    inside.emulator.database.background.run_all()
    inside("ListTables")
    inside.emulator.close()
    kill_after(folder, steps, "SearchVectors", ORIGIN)
    inside = InProcess(Settings(data_dir=folder))
    check(inside)
    inside("PutItem", WRITTEN)
    check(inside)
    inside.emulator.close()
