"""Random writes and sweeps run on a dict, on an emulator in memory and on one with LMDB.

The writes set, change and remove the TTL attribute, with numbers and other types. Between them the
clock moves, TTL is enabled and disabled, and the TTL queue is filled in small slices. The items
that sweeps leave must be those of the dict, and the queue must agree with the items.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.database.jobs import ttl_fill, ttl_sweep
from emulator.database.store import deletions
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.slices import finish
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

Value = dict[str, Any]

NOW = 1_700_000_000
HOUR = 3600
YEARS = 5 * 365 * 86_400

names = count()


# --- two emulators --------------------------------------------------------------------------------


class Pair:
    """An emulator in memory and one with LMDB. Every request goes to both."""

    def __init__(self, emulators: list[InProcess]) -> None:
        self.emulators = emulators

    def __call__(self, operation: str, **request: Any) -> Any:
        """Check that both answer alike; return the answer, or None if it is an error."""
        first, second = (self._answer(inside, operation, request) for inside in self.emulators)
        # Answers of CreateTable and DeleteTable differ: they have a random id of the table.
        assert first == second or operation in ("CreateTable", "DeleteTable")
        return None if isinstance(first, tuple) else first

    @staticmethod
    def _answer(inside: InProcess, operation: str, request: dict[str, Any]) -> Any:
        try:
            return inside(operation, request)
        except ApiError as error:
            return error.code, error.message

    def now(self) -> Fraction:
        return Fraction(self.emulators[0].clock.now())

    def move(self, seconds: float) -> None:
        for inside in self.emulators:
            inside.clock.freeze(inside.clock.now() + seconds)

    def sweep(self) -> int:
        """Sweep as the control `ttl` does; return the number of deleted items."""
        databases = [inside.emulator.database for inside in self.emulators]
        first, second = (finish(ttl_sweep.sweep(each, ttl_sweep.tables(each))) for each in databases)
        assert first == second
        return first.total()

    def sweep_in_slices(self) -> None:
        """Sweep as the scheduler's job does, in slices of background work."""
        for inside in self.emulators:
            database = inside.emulator.database
            database.background.run_all()
            ttl_sweep.begin(database)
            database.background.run_all()

    def check(self) -> None:
        for inside in self.emulators:
            check_store(inside.emulator.database)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with pytest.MonkeyPatch.context() as patch:
        for module in (ttl_fill, ttl_sweep):
            patch.setattr(module, "SLICE", 2)
        patch.setattr(deletions, "SLICE", 3)
        folder = tmp_path_factory.mktemp("pair") / "data"
        emulators = [InProcess(Settings(in_memory=True)), InProcess(Settings(data_dir=folder))]
        yield Pair(emulators)
        for inside in emulators:
            inside.emulator.close()


# --- the model ------------------------------------------------------------------------------------


@dataclass
class Run:
    """Runs a sequence on a new table. items: partition key -> TTL attribute, None without one."""

    pair: Pair
    name: str = ""
    on: bool = False
    switched: Fraction = Fraction(0)
    items: dict[str, Value | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
        request = table_request(
            "pk:S",
            define="g:S",
            GlobalSecondaryIndexes=[index_request("index", "g")],
            StreamSpecification=stream,
        )
        self.name = f"table{next(names)}"
        self.pair("CreateTable", **{**request, "TableName": self.name})

    def call(self, operation: str, **request: Any) -> Any:
        return self.pair(operation, TableName=self.name, **request)

    def put(self, pk: str, value: Value | None) -> None:
        item: dict[str, Any] = {"pk": {"S": pk}, "g": {"S": "g"}}
        self.call("PutItem", Item=item if value is None else {**item, "end": value})
        self.items[pk] = value

    def delete(self, pk: str) -> None:
        self.call("DeleteItem", Key={"pk": {"S": pk}})
        self.items.pop(pk, None)

    def update(self, pk: str, clause: str, value: Value | None) -> None:
        """SET, ADD or REMOVE the TTL attribute. An ADD may fail: wrong type, too many digits."""
        request: dict[str, Any] = {"Key": {"pk": {"S": pk}}, "ReturnValues": "ALL_NEW"}
        if clause == "REMOVE" or value is None:
            answer = self.call("UpdateItem", UpdateExpression="REMOVE #e", **NAMED, **request)
        else:
            expression = "SET #e = :v" if clause == "SET" else "ADD #e :v"
            answer = self.call(
                "UpdateItem", UpdateExpression=expression, ExpressionAttributeValues={":v": value}, **NAMED, **request
            )
        if answer:  # None: the ADD failed; {}: the REMOVE found no item
            self.items[pk] = answer["Attributes"].get("end")

    def switch(self) -> None:
        """Enable or disable TTL, after moving the clock as far as the service demands."""
        self.pair.move(float(max(self.switched - self.pair.now(), 0)) + HOUR)
        setting = {"Enabled": not self.on, "AttributeName": "end"}
        assert self.call("UpdateTimeToLive", TimeToLiveSpecification=setting) is not None
        self.on = not self.on
        self.switched = self.pair.now()

    def move(self, seconds: float) -> None:
        self.pair.move(seconds)

    def sweep(self, slices: bool) -> None:
        expired = [pk for pk, value in self.items.items() if self.on and has_expired(value, self.pair.now())]
        if slices:
            self.pair.sweep_in_slices()
        else:
            assert self.pair.sweep() == len(expired)
        for pk in expired:
            del self.items[pk]
        self.compare()

    def compare(self) -> None:
        """Compare the table with the dict. `check` compares the index with the table."""
        found = {item["pk"]["S"]: item.get("end") for item in self.call("Scan")["Items"]}
        assert found.keys() == self.items.keys()
        assert all(same(value, self.items[pk]) for pk, value in found.items())

    def apply(self, operation: tuple[Any, ...]) -> None:
        name, *arguments = operation
        getattr(self, name)(*arguments)

    def finish(self) -> None:
        """Finish all work, and compare; then delete the table, and its stream a day later."""
        for inside in self.pair.emulators:
            inside.emulator.database.background.run_all()
        self.pair.check()
        self.compare()
        self.sweep(False)
        self.call("DeleteTable")
        for inside in self.pair.emulators:
            inside("ListTables")
            # If the job that deletes streams last ran before the clock was set back, its first call
            # only corrects the time at which it is due.
            for seconds in (86_400, 60):
                inside.clock.advance(seconds)
                inside.emulator.run_due()
            inside.emulator.database.background.run_all()
            assert not list(inside.emulator.database.streams.of_tenant(("test", "us-east-1")))
        self.pair.check()


NAMED = {"ExpressionAttributeNames": {"#e": "end"}}


def has_expired(value: Value | None, now: Fraction) -> bool:
    if value is None or "N" not in value:
        return False
    return now - YEARS <= Fraction(value["N"]) < now


def same(one: Value | None, other: Value | None) -> bool:
    """Return whether two attribute values are equal. Numbers are equal by value."""
    if one is None or other is None or one.keys() != other.keys() or "N" not in one:
        return one == other
    return Fraction(one["N"]) == Fraction(other["N"])


# --- sequences ------------------------------------------------------------------------------------

seconds = st.sampled_from([-HOUR, -2, -1, 0, 1, 2, 59, 60, HOUR, 2 * HOUR, 10 * HOUR, -YEARS, 1 - YEARS, -1 - YEARS])
fractions = st.sampled_from(["", ".5", ".001", ".0001", ".000000000000000000000000001"])
times = st.builds(lambda after, fraction: f"{NOW + after}{fraction}", seconds, fractions)
odd = st.sampled_from(
    ["0", "-1", "-1.5", "1.7E+9", "17e8", "0.17E10", "170000000000E-2", "1E-130", "9.9E+125", "-9.9E+125", "1E30", "5"]
)
numbers = st.one_of(times, times, odd).map(lambda text: {"N": text})
others = st.sampled_from([{"S": str(NOW - 1)}, {"NS": [str(NOW - 1)]}, {"NULL": True}, {"M": {"end": {"N": "1"}}}])
values: st.SearchStrategy[Value | None] = st.one_of(numbers, numbers, numbers, others, st.none())
keys = st.sampled_from("abcdefgh")
operations = st.one_of(
    st.tuples(st.just("put"), keys, values),
    st.tuples(st.just("put"), keys, values),
    st.tuples(st.just("delete"), keys),
    st.tuples(st.just("update"), keys, st.sampled_from(["SET", "SET", "REMOVE"]), values),
    st.tuples(
        st.just("update"), keys, st.just("ADD"), st.sampled_from(["1", "-1", "0.5", "3600"]).map(lambda n: {"N": n})
    ),
    st.tuples(st.just("move"), st.sampled_from([0.5, 1, 60, HOUR, YEARS, -0.5, -1, -HOUR])),
    st.tuples(st.just("sweep"), st.booleans()),
    st.tuples(st.just("switch")),
)


def test_expiry_against_a_dict(pair: Pair) -> None:
    @profile(60)
    @given(
        sequence=st.lists(operations, min_size=1, max_size=30),
        switched_after=st.integers(0, 10),
    )
    def sequences(sequence: list[tuple[Any, ...]], switched_after: int) -> None:
        for inside in pair.emulators:
            inside.clock.freeze(NOW)
        run = Run(pair)
        sequence.insert(min(switched_after, len(sequence)), ("switch",))
        for operation in sequence:
            run.apply(operation)
            pair.check()
        run.finish()

    sequences()


def test_a_sequence_by_hand(pair: Pair) -> None:
    """The expected items of this sequence are given, so it also tests the model."""
    for inside in pair.emulators:
        inside.clock.freeze(NOW)
    run = Run(pair)
    run.put("a", {"N": f"{NOW + HOUR - 1}"})
    run.put("b", {"N": f"{NOW + HOUR}"})
    run.put("c", None)
    run.switch()
    run.sweep(True)
    assert sorted(run.items) == ["b", "c"]
    run.move(0.5)
    run.sweep(False)
    assert sorted(run.items) == ["c"]
    assert json.dumps(run.call("Scan")["Items"]) == '[{"g": {"S": "g"}, "pk": {"S": "c"}}]'
    run.finish()
