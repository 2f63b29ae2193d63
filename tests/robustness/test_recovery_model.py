"""A table that is restored to a random time has the items that a model had at that time.

Random puts, updates, deletions, transactions, TTL deletions, moves of the clock and restarts run on
every engine, and recovery is enabled and disabled. Meanwhile restores run in small slices, between
writes. Each restored table is compared with a copy of the model, and its indexes with its items.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.database.changes import histories
from emulator.database.history import past_items
from emulator.database.jobs import filling, ttl_sweep
from emulator.database.store import deletions
from emulator.slices import finish
from tests.support.engines import ENGINE_KINDS, ENGINES, settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

Item = dict[str, Any]
Key = tuple[str, str]

DAY = 86_400
TABLE = {
    **table_request(
        "pk:S sk:S",
        define="g:S l:S",
        GlobalSecondaryIndexes=[index_request("global", "g", "INCLUDE", ["n"])],
        LocalSecondaryIndexes=[index_request("local", "pk l")],
    ),
    "TableName": "source",
}

KEYS = st.sampled_from([("a", "1"), ("a", "2"), ("a", "\0x"), ("b", "1"), ("b", "z" * 600)])
VALUES = st.sampled_from(["x", "y"])
STEP = {
    "put": (6, KEYS, VALUES, st.sampled_from([None, None, 1, 30, 5000])),
    "update": (4, KEYS, VALUES),
    "delete": (3, KEYS),
    "transact": (2, KEYS, KEYS, VALUES),
    "move": (6, st.sampled_from([1, 2, 301, 40_000, 90_000])),
    "sweep": (1,),
    "restart": (1,),
    "toggle": (1,),
    "work": (3,),
    "restore": (5, st.integers(0, 1_000)),
    "back_up": (1,),
    "restore_backup": (1, st.integers(0, 5)),
}
"""Name of a step -> how often it occurs beside the others, and its arguments."""

STEPS = st.lists(
    st.sampled_from([name for name, (times, *_) in STEP.items() for _ in range(times)]).flatmap(
        lambda name: st.tuples(st.just(name), *STEP[name][1:])
    ),
    min_size=20,
    max_size=80,
)


@dataclass
class Run:
    """Runs a sequence of steps.

    items: the model. copies: time of a step since recovery was enabled -> the model after it.
    backups: ARN -> the model at that time. targets: name of a restored table -> expected items.
    """

    kind: str
    folder: Path
    items: dict[Key, Item] = field(default_factory=dict)
    copies: dict[float, dict[Key, Item]] = field(default_factory=dict)
    backups: dict[str, dict[Key, Item]] = field(default_factory=dict)
    targets: dict[str, dict[Key, Item]] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        self.settings = settings_of_engine(self.kind, self.folder)
        self.db = InProcess(self.settings)
        self.db("CreateTable", TABLE)
        self.db(
            "UpdateTimeToLive",
            TableName="source",
            TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"},
        )
        self.toggle()

    def now(self) -> float:
        return self.db.clock.now()

    def step(self, name: str, *arguments: Any) -> None:
        method: Callable[..., None] = getattr(self, name)
        method(*arguments)
        if self.copies:
            self.copies[self.now()] = dict(self.items)

    # --- writes -----------------------------------------------------------------------------------

    def put(self, key: Key, value: str, ttl: int | None) -> None:
        item = {**named(key), "g": {"S": value}, "l": {"S": value}}
        if ttl is not None:
            item["ttl"] = {"N": str(int(self.now()) + ttl)}
        self.db("PutItem", TableName="source", Item=item)
        self.items[key] = item

    def update(self, key: Key, value: str) -> None:
        answer = self.db(
            "UpdateItem",
            TableName="source",
            Key=named(key),
            UpdateExpression="SET g = :v ADD n :one",
            ExpressionAttributeValues={":v": {"S": value}, ":one": {"N": "1"}},
            ReturnValues="ALL_NEW",
        )
        self.items[key] = answer["Attributes"]

    def delete(self, key: Key) -> None:
        self.db("DeleteItem", TableName="source", Key=named(key))
        self.items.pop(key, None)

    def transact(self, first: Key, second: Key, value: str) -> None:
        if first == second:
            return
        item = {**named(first), "g": {"S": value}}
        parts = [
            {"Put": {"TableName": "source", "Item": item}},
            {"Delete": {"TableName": "source", "Key": named(second)}},
        ]
        self.db("TransactWriteItems", TransactItems=parts)
        self.items[first] = item
        self.items.pop(second, None)

    def sweep(self) -> None:
        database = self.db.emulator.database
        finish(ttl_sweep.sweep(database, ttl_sweep.tables(database)))
        late = [key for key, item in self.items.items() if float(item.get("ttl", {}).get("N", "inf")) < self.now()]
        for key in late:
            del self.items[key]

    # --- time, processes, settings ----------------------------------------------------------------

    def move(self, seconds: float) -> None:
        self.db.clock.advance(seconds)
        self.db.emulator.database.histories.begin_trimming()

    def restart(self) -> None:
        if not ENGINE_KINDS[self.kind].persistent:
            return
        now = self.now()
        self.db.emulator.close()
        self.db = InProcess(self.settings)
        self.db.clock.freeze(now)

    def toggle(self) -> None:
        on = not self.copies
        specification = {"PointInTimeRecoveryEnabled": on, **({"RecoveryPeriodInDays": 2} if on else {})}
        self.db("UpdateContinuousBackups", TableName="source", PointInTimeRecoverySpecification=specification)
        self.copies = {self.now(): dict(self.items)} if on else {}

    def work(self) -> None:
        self.db.emulator.database.run_slice()

    # --- restores ---------------------------------------------------------------------------------

    def restore(self, place: int) -> None:
        """Restore to the time of a step, or to a time at `place` thousandths of the window."""
        if not self.copies:
            return
        answer = self.db("DescribeContinuousBackups", TableName="source")["ContinuousBackupsDescription"]
        window = answer["PointInTimeRecoveryDescription"]
        first, last = window["EarliestRestorableDateTime"], window["LatestRestorableDateTime"]
        moments = [moment for moment in self.copies if first <= moment <= last]
        moment = moments[place % len(moments)] if moments and place % 2 else first + (last - first) * place // 1_000
        copied = max((each for each in self.copies if each <= moment), default=min(self.copies))
        name = self._target()
        self.db("RestoreTableToPointInTime", SourceTableName="source", TargetTableName=name, RestoreDateTime=moment)
        self.targets[name] = self.copies[copied]

    def back_up(self) -> None:
        made = self.db("CreateBackup", TableName="source", BackupName="backup")["BackupDetails"]
        self.backups[made["BackupArn"]] = dict(self.items)

    def restore_backup(self, place: int) -> None:
        if not self.backups:
            return
        self.db.emulator.database.background.run_all()
        arn = sorted(self.backups)[place % len(self.backups)]
        name = self._target()
        self.db("RestoreTableFromBackup", BackupArn=arn, TargetTableName=name)
        self.targets[name] = self.backups[arn]

    def _target(self) -> str:
        self.number += 1
        return f"target{self.number}"

    def check(self) -> None:
        """Finish all work; compare the source and all restored tables with the model."""
        self.db.emulator.database.background.run_all()
        for name, expected in {**self.targets, "source": self.items}.items():
            assert self.db("DescribeTable", TableName=name)["Table"]["TableStatus"] == "ACTIVE"
            assert scanned(self.db, name) == ordered(expected.values()), name
        check_store(self.db.emulator.database)
        for arn in self.backups:
            self.db("DeleteBackup", BackupArn=arn)
        self.db.emulator.database.background.run_all()
        check_store(self.db.emulator.database)
        database = self.db.emulator.database
        assert database.access.write == database.engine.write  # no frozen view records writes any more


def named(key: Key) -> Item:
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def ordered(items: Any) -> list[str]:
    return sorted(json.dumps(item, sort_keys=True) for item in items)


def scanned(db: InProcess, name: str) -> list[str]:
    return ordered(db("Scan", TableName=name)["Items"])


@profile(120)
@given(st.sampled_from(sorted(ENGINES)), STEPS, st.integers(1, 5), st.booleans())
def test_restores_equal_the_model(kind: str, steps: list[tuple[Any, ...]], limit: int, small: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(filling, "SLICE", limit)
        patch.setattr(past_items, "_CHUNK", limit if small else 64)
        patch.setattr(past_items, "STEPS", 2)
        patch.setattr(histories, "SLICE", limit)
        patch.setattr(deletions, "SLICE", 2)
        run = Run(kind, Path(folder) / "data")
        for step in steps:
            run.step(*step)
        run.check()
        run.db.emulator.close()
