"""Random writes and searches of vectors: emulators with each engine agree with a simple model.

In half of the runs, two emulators share a folder as worker processes do, and get requests in turn.
The limits for vectors in memory and for the stored changes are tiny. So the matrices often grow,
shrink, catch up with the changes of the other emulator, or are read again. Some transactions fail
after they have changed something. Snapshots are restored, and the emulators over LMDB are closed
and opened again. Each search must return the scores that the model returns.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import math
import random
import struct
from collections.abc import Iterator
from copy import copy
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from emulator.controls import registry
from emulator.database.jobs import vector_fill
from emulator.database.store import keyspace
from emulator.database.vectors import held, matrix
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import TIMES, drawn_seeds
from tests.support.tables import table_request, vector_index_request

pytestmark = pytest.mark.hypothesis  # so `make nightly` runs it with more examples

DISTANCES = ("COSINE", "DOT_PRODUCT", "EUCLIDEAN")
PLAIN = [vector_index_request(kind, "v", 3, kind, "KEYS_ONLY") for kind in DISTANCES]
PARTED = vector_index_request("parted", "v", 3, "EUCLIDEAN", search="tenant:HASH color:INLINE_FILTER")
LARGEST = 3.4028234663852886e38  # the largest float32
names = count()

Item = dict[str, Any]


# --- the emulators --------------------------------------------------------------------------------


class Servers:
    """Emulators with the same tables: one in memory, and one or two over the same folder.

    Each request goes to the emulator in memory and to one over the folder. If there are two, they
    get requests in turn.
    """

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder = folder
        self.alone = InProcess(Settings(in_memory=True))
        self.sharing = SharedMemory(workers) if workers > 1 else None
        self.workers = workers
        self.shared: list[InProcess] = []
        self.turn = 0
        self.open()

    def open(self) -> None:
        """Open the emulators over the folder. Close them first if they are open."""
        for inside in self.shared:
            inside.emulator.close()
        self.shared = []
        for number in range(self.workers):
            sharing = copy(self.sharing)
            if sharing is not None:
                sharing.worker_index = number
            self.shared.append(InProcess(Settings(data_dir=self.folder), sharing))

    def both(self) -> list[InProcess]:
        self.turn += 1
        return [self.alone, self.shared[self.turn % self.workers]]

    def __call__(self, operation: str, **request: Any) -> list[Any]:
        return [inside(operation, request) for inside in self.both()]

    def refused(self, operation: str, **request: Any) -> None:
        for inside in self.both():
            with pytest.raises(ApiError):
                inside(operation, request)

    def control(self, name: str, **body: Any) -> None:
        for inside in self.both():
            registry.call(inside.emulator, name, body)

    def settle(self) -> None:
        """Run all background work."""
        for inside in (self.alone, *self.shared):
            inside.emulator.database.refresh()
            inside.emulator.database.background.run_all()

    def check(self) -> None:
        for inside in self.both():
            inside.emulator.database.refresh()
            check_store(inside.emulator.database)

    def close(self) -> None:
        for inside in (self.alone, *self.shared):
            inside.emulator.close()


@pytest.fixture(scope="module", params=[1, 2], ids=["alone", "workers"])
def servers(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyspace, "KEPT_CHANGES", 6)
        patch.setattr(matrix, "_MOST_ROWS", 4)
        patch.setattr(matrix, "_MOST_READ", 3)
        patch.setattr(matrix, "_FOLLOWED", 2)
        patch.setattr(vector_fill, "SLICE", 2)
        made = Servers(tmp_path_factory.mktemp("servers") / "data", request.param)
        yield made
        made.close()


# --- the model ------------------------------------------------------------------------------------


def score(kind: str, one: list[float], other: list[float]) -> float:
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    if kind == "DOT_PRODUCT":
        return min(max(product, -LARGEST), LARGEST)
    if kind == "EUCLIDEAN":
        return math.dist(one, other)
    lengths = math.hypot(*one) * math.hypot(*other)
    return 1 - product / lengths if lengths else 1.0


def float32(number: str) -> float:
    return float(struct.unpack("f", struct.pack("f", float(number)))[0])


def floats(item: Item) -> list[float] | None:
    elements = item.get("v", {}).get("L", [])
    return [float32(each["N"]) for each in elements] if len(elements) == 3 else None


def searched(items: dict[str, Item], kind: str, wanted: list[float], condition: Item) -> dict[str, float]:
    """Return key -> score of each item that has a vector and meets the condition."""
    found = {}
    for key, item in items.items():
        numbers = floats(item)
        if numbers is not None and all(item.get(name) == value for name, value in condition.items()):
            found[key] = score(kind, numbers, wanted)
    return found


# --- the runs -------------------------------------------------------------------------------------

KEYS = [f"k{number}" for number in range(14)]
COORDINATES = ["0", "1", "-1", "2", "0.1", "-3.25", "1e-3", "7.5", "2.5", "70000", "1e20", "1e-20"]
TENANTS = [{"S": "one"}, {"S": "two"}]
COLORS = [None, {"N": "1"}, {"N": "2"}]
STEPS = {
    "put": 30,
    "move": 10,
    "delete": 10,
    "fail": 3,
    "search": 20,
    "part": 10,
    "save": 2,
    "restore": 3,
    "reopen": 1,
    "rebuild": 1,
    "hold": 1,
}
"""Name of a method of `Run` -> how often it is called, in relation to the others."""


class Run:
    """A sequence of random steps on a new table. `STEPS` lists the methods that are steps.

    items: the model, the items that the table must have. saved: the items in the snapshot.
    """

    def __init__(self, servers: Servers, chance: random.Random) -> None:
        self.servers = servers
        self.chance = chance
        self.items: dict[str, Item] = {}
        self.saved: dict[str, Item] | None = None
        self.name = f"table{next(names)}"
        request = table_request("pk:S", define="tenant:S color:N", VectorIndexes=[*PLAIN, PARTED])
        self.hold(1 << 20)
        servers("CreateTable", **{**request, "TableName": self.name})

    def numbers(self) -> list[str]:
        return self.chance.choices(COORDINATES[: self.chance.choice((9, 12))], k=3)

    def put(self) -> None:
        key = self.chance.choice(KEYS)
        item: Item = {"pk": {"S": key}}
        if self.chance.random() < 0.9:
            item["v"] = {"L": [{"N": each} for each in self.numbers()]}
        for name, values in (("tenant", [None, *TENANTS]), ("color", COLORS)):
            value = self.chance.choice(values)
            if value is not None:
                item[name] = value
        self.servers("PutItem", TableName=self.name, Item=item)
        self.items[key] = item

    def move(self) -> None:
        """Change one coordinate of an item."""
        key, position, number = self.chance.choice(KEYS), self.chance.randrange(3), self.chance.choice(COORDINATES)
        if floats(self.items.get(key, {})) is None:
            return
        self.servers(
            "UpdateItem",
            TableName=self.name,
            Key={"pk": {"S": key}},
            UpdateExpression=f"SET v[{position}] = :n",
            ExpressionAttributeValues={":n": {"N": number}},
        )
        elements = list(self.items[key]["v"]["L"])
        elements[position] = {"N": number}
        self.items[key] = {**self.items[key], "v": {"L": elements}}

    def delete(self) -> None:
        key = self.chance.choice(KEYS)
        self.servers("DeleteItem", TableName=self.name, Key={"pk": {"S": key}})
        self.items.pop(key, None)

    def fail(self) -> None:
        """Send a transaction with a put that is cancelled because its second action fails."""
        item = {"pk": {"S": self.chance.choice(KEYS)}, "v": {"L": [{"N": each} for each in self.numbers()]}}
        put = {"TableName": self.name, "Item": item}
        check = {
            "TableName": self.name,
            "Key": {"pk": {"S": "other"}},
            "ConditionExpression": "attribute_exists(pk)",
        }
        self.servers.refused("TransactWriteItems", TransactItems=[{"Put": put}, {"ConditionCheck": check}])

    def search(self) -> None:
        kind = self.chance.choice(DISTANCES)
        self.compare(kind, kind, {})

    def part(self) -> None:
        color = self.chance.choice(COLORS)
        condition = {"tenant": self.chance.choice(TENANTS)} | ({} if color is None else {"color": color})
        self.compare("parted", "EUCLIDEAN", condition)

    def compare(self, index: str, kind: str, condition: Item) -> None:
        numbers, top = self.numbers(), self.chance.randint(1, 8)
        request: Item = {"TableName": self.name, "IndexName": index, "TopK": top}
        request["SearchVector"] = [{"N": each} for each in numbers]
        if condition:
            request["SearchConditionExpression"] = " AND ".join(f"{name} = :{name}" for name in condition)
            request["ExpressionAttributeValues"] = {f":{name}": value for name, value in condition.items()}
        expected = searched(self.items, kind, [float32(each) for each in numbers], condition)
        best = sorted(expected.values(), reverse=kind == "DOT_PRODUCT")[:top]
        for answer in self.servers("SearchVectors", **request):
            results = [(each["Item"]["pk"]["S"], each["Score"]) for each in answer["SearchResults"]]
            assert [number for _, number in results] == pytest.approx(best, rel=1e-6, abs=1e-7)
            assert len(dict(results)) == len(results)
            for key, number in results:
                assert number == pytest.approx(expected[key], rel=1e-6, abs=1e-7)

    def save(self) -> None:
        self.servers.turn = -1  # so the same emulator saves and replaces the snapshot each time
        self.servers.control("snapshots/save", Name=self.name, Replace=True)
        self.saved = dict(self.items)

    def restore(self) -> None:
        if self.saved is not None:
            self.servers.control("snapshots/restore", Name=self.name)
            self.items = dict(self.saved)

    def reopen(self) -> None:
        self.servers.open()

    def rebuild(self) -> None:
        """Delete an index and create it again, so that it is filled from the items of the table."""
        for update in ({"Delete": {"IndexName": "COSINE"}}, {"Create": PLAIN[0]}):
            self.servers("UpdateTable", TableName=self.name, VectorIndexUpdates=[update])
            self.servers("ListTables")
            self.servers.settle()
            self.servers("ListTables")

    def hold(self, most: int | None = None) -> None:
        """Limit the bytes of vectors in memory. Each search reads a larger index from the store."""
        most = self.chance.choice((0, 700, 1 << 20, 1 << 20)) if most is None else most
        for inside in (self.servers.alone, *self.servers.shared):
            inside.emulator.database._held_vectors = held.HeldVectors(most)

    def end(self) -> None:
        if self.saved is not None:
            self.servers.control("snapshots/delete", Name=self.name)
        self.servers.check()
        self.servers("DeleteTable", TableName=self.name)


@pytest.mark.parametrize("seed", range(25) if TIMES == 1 else drawn_seeds(25 * TIMES))
def test_searches_find_what_the_model_finds(servers, seed):
    chance = random.Random(seed)
    run = Run(servers, chance)
    for step in chance.choices(list(STEPS), list(STEPS.values()), k=150):
        getattr(run, step)()
    for kind in DISTANCES:
        run.compare(kind, kind, {})
    run.end()
