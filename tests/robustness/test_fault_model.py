"""Whatever the faults, acknowledged writes are stored, and no write is stored in part.

Random writes run with random rules of faults, on every engine. A model has all states that the
store may be in: a refused write has changed nothing, an acknowledged one has happened, and after a
lost answer both are possible. Transactions happen as a whole.

EXAMPLES=100 makes the runs a hundred times as long, and different each time.
"""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.controls import registry
from tests.support.engines import ENGINES, settings_of_engine
from tests.support.faults import fault, outcome
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

TABLE = {
    **table_request("pk:S", define="g:S", GlobalSecondaryIndexes=[index_request("global", "g")]),
    "TableName": "ttt",
}
NAMES = ["a", "b", "c", "d"]
State = dict[str, str]

EFFECTS: list[dict[str, Any]] = [
    {"Kind": "Throttle"},
    {"Kind": "Throttle", "Limit": "Account"},
    {"Kind": "Error"},
    {"Kind": "Error", "After": True},
    {"Kind": "Timeout"},
    {"Kind": "Timeout", "After": True},
    {"Kind": "Drop"},
    {"Kind": "Drop", "After": True},
    {"Kind": "Latency", "Seconds": 1},
    {"Kind": "Latency", "Seconds": 1, "After": True},
    {"Kind": "Unprocessed", "Share": 0.5},
    {"Kind": "Conflict"},
    {"Kind": "Cancel"},
    {"Kind": "ShortPage", "Items": 1},
]
RULES = st.lists(
    st.tuples(
        st.sampled_from(EFFECTS),
        st.sampled_from([{}, {"Every": 2}, {"Every": 3}, {"Share": 0.5}, {"Next": 3}]),
        st.sampled_from([{}, {"Operation": "Write"}, {"Operation": "PutItem"}, {"Key": {"pk": {"S": "a"}}}]),
        st.integers(0, 3),
    ),
    max_size=5,
)
CHANGES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(["x", "y", None]), min_size=1, max_size=3)
WRITES = st.lists(st.tuples(st.sampled_from(["single", "batch", "transaction", "statements"]), CHANGES), max_size=25)


def key(name: str) -> dict[str, Any]:
    return {"pk": {"S": name}}


def item(name: str, value: str) -> dict[str, Any]:
    return {**key(name), "g": {"S": value}}


def changed(state: State, changes: dict[str, str | None]) -> State:
    """Return the state after changes: name -> value, or None if the item is deleted."""
    after = {name: value for name, value in state.items() if name not in changes}
    return after | {name: value for name, value in changes.items() if value is not None}


class Run:
    """Runs a sequence of writes. states: the states in which the store may be after the answers."""

    def __init__(self, db: InProcess) -> None:
        self.db = db
        self.states: list[State] = [{}]

    def note(self, changes: dict[str, str | None], *, happened: bool, certain: bool = True) -> None:
        """Note that changes have happened or have not; if not `certain`, both are possible."""
        after = [changed(state, changes) for state in self.states]
        states = after if happened and certain else self.states if certain else self.states + after
        self.states = [state for at, state in enumerate(states) if state not in states[:at]]

    def send(self, operation: str, request: dict[str, Any]) -> Any:
        """Send a request; return its answer, or False if it was refused.

        Return None if the client cannot know what happened.
        """
        found = outcome(self.db, operation, request)
        if found.dropped or found.error == "InternalServerError":
            return None
        return False if found.error else found.answer

    def single(self, changes: dict[str, str | None]) -> None:
        for name, value in changes.items():
            if value is None:
                answer = self.send("DeleteItem", {"TableName": "ttt", "Key": key(name)})
            else:
                answer = self.send("PutItem", {"TableName": "ttt", "Item": item(name, value)})
            self.note({name: value}, happened=answer is not False, certain=answer is not None)

    def batch(self, changes: dict[str, str | None]) -> None:
        parts = [
            {"DeleteRequest": {"Key": key(name)}} if value is None else {"PutRequest": {"Item": item(name, value)}}
            for name, value in changes.items()
        ]
        answer = self.send("BatchWriteItem", {"RequestItems": {"ttt": parts}})
        if answer is None:
            for name, value in changes.items():  # each change may have happened or not
                self.note({name: value}, happened=True, certain=False)
        elif answer is not False:
            left = {
                next(iter(part.values())).get("Key", next(iter(part.values())).get("Item"))["pk"]["S"]
                for part in answer["UnprocessedItems"].get("ttt", [])
            }
            self.note({name: value for name, value in changes.items() if name not in left}, happened=True)

    def transaction(self, changes: dict[str, str | None]) -> None:
        actions = [
            {"Delete": {"TableName": "ttt", "Key": key(name)}}
            if value is None
            else {"Put": {"TableName": "ttt", "Item": item(name, value)}}
            for name, value in changes.items()
        ]
        answer = self.send("TransactWriteItems", {"TransactItems": actions})
        self.note(changes, happened=answer is not False, certain=answer is not None)

    def statements(self, changes: dict[str, str | None]) -> None:
        """Delete items by a batch of PartiQL statements, each of which can fail."""
        names = list(changes)
        texts = [{"Statement": "DELETE FROM ttt WHERE pk = ?", "Parameters": [{"S": name}]} for name in names]
        answer = self.send("BatchExecuteStatement", {"Statements": texts})
        if answer is None:
            for name in names:
                self.note({name: None}, happened=True, certain=False)
        elif answer is not False:
            gone = {name: None for name, each in zip(names, answer["Responses"], strict=True) if "Error" not in each}
            self.note({**gone}, happened=True)

    def stored(self, **index: str) -> State:
        found = self.db("Scan", TableName="ttt", **index)["Items"]
        return {each["pk"]["S"]: each["g"]["S"] for each in found}


@pytest.mark.hypothesis
@pytest.mark.parametrize("engine", ENGINES)
@given(rules=RULES, writes=WRITES)
@profile(60)
def test_what_was_acknowledged_is_stored(engine: str, rules: Any, writes: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = InProcess(settings_of_engine(engine, Path(folder) / "data"))
        db("CreateTable", TABLE)
        db("DescribeTable", TableName="ttt")
        for effect, choice, match, seed in rules:
            kind, members = effect["Kind"], {name: value for name, value in effect.items() if name != "Kind"}
            fault(db, kind, {**match, **choice}, seed, **members)
        run = Run(db)
        for kind, changes in writes:
            getattr(run, kind)(changes)
        registry.call(db.emulator, "remove_faults", {})
        assert run.stored() in run.states
        assert run.stored(IndexName="global") == run.stored()
        check_store(db.emulator.database)
        db.emulator.close()
