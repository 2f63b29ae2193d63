"""A read that lags by some seconds returns what a model had that many seconds ago.

Random writes, transactions, moves of the clock and changes of the lag run on every engine. After
each step, pages of the table and of its indexes are compared with the state of the model that the
lag demands.

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
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile
from tests.support.tables import index_request, table_request

TABLE = {
    **table_request(
        "pk:S sk:S",
        define="g:S",
        GlobalSecondaryIndexes=[index_request("global", "g sk", "INCLUDE", ["n"])],
        LocalSecondaryIndexes=[index_request("local", "pk g")],
    ),
    "TableName": "ttt",
}
Key = tuple[str, str]
State = dict[Key, dict[str, Any]]

KEYS = st.sampled_from([("a", "1"), ("a", "1\0"), ("a", "2"), ("b", "1"), ("b", "z" * 300)])
VALUES = st.sampled_from(["x", "y", "\0"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, VALUES),
        st.tuples(st.just("put"), KEYS, VALUES),
        st.tuples(st.just("delete"), KEYS),
        st.tuples(st.just("transact"), st.dictionaries(KEYS, VALUES, min_size=2, max_size=3)),
        st.tuples(st.just("advance"), st.sampled_from([0.001, 1.0, 2.5, 7.0])),
        st.tuples(st.just("advance"), st.sampled_from([0.001, 1.0, 2.5, 7.0])),
        st.tuples(st.just("lag"), st.sampled_from([0, 2, 5])),
    ),
    max_size=30,
)


class Run:
    """Runs a sequence of steps. states: (time of a change, the items after it)."""

    def __init__(self, db: InProcess) -> None:
        self.db = db
        self.number = 0
        self.states: list[tuple[float, State]] = [(0.0, {})]
        self.lagging = 0.0
        self.oldest = 0

    def item(self, key: Key, value: str) -> dict[str, Any]:
        self.number += 1
        return {"pk": {"S": key[0]}, "sk": {"S": key[1]}, "g": {"S": value}, "n": {"N": str(self.number)}}

    def note(self, changes: dict[Key, dict[str, Any] | None]) -> None:
        state = dict(self.states[-1][1])
        for key, item in changes.items():
            if item is None:
                state.pop(key, None)
            else:
                state[key] = item
        self.states.append((self.db.clock.now(), state))

    def put(self, key: Key, value: str) -> None:
        item = self.item(key, value)
        self.db("PutItem", TableName="ttt", Item=item)
        self.note({key: item})

    def delete(self, key: Key) -> None:
        self.db("DeleteItem", TableName="ttt", Key={"pk": {"S": key[0]}, "sk": {"S": key[1]}})
        self.note({key: None})

    def transact(self, puts: dict[Key, str]) -> None:
        items = {key: self.item(key, value) for key, value in puts.items()}
        self.db("TransactWriteItems", TransactItems=[{"Put": {"TableName": "ttt", "Item": i}} for i in items.values()])
        self.note({**items})

    def advance(self, seconds: float) -> None:
        self.db.clock.advance(seconds)

    def lag(self, seconds: float) -> None:
        self.oldest = self.shown()
        self.lagging = seconds
        registry.call(self.db.emulator, "consistency", {"Lag": seconds})

    def shown(self) -> int:
        """Return the position in `states` of the state that lagging reads must show now."""
        last = len(self.states) - 1
        if not self.lagging:
            return last
        time = round((self.db.clock.now() - self.lagging) * 1e6)  # in microseconds, as in the store
        return max(self.oldest, *(at for at, (when, _) in enumerate(self.states) if round(when * 1e6) <= time))

    def check(self) -> None:
        expected = self.states[self.shown()][1]
        numbers = sorted(item["n"]["N"] for item in expected.values())
        assert self.numbers("Scan") == numbers
        assert self.numbers("Scan", IndexName="global") == numbers
        assert self.numbers("Scan", ConsistentRead=True) == sorted(i["n"]["N"] for i in self.states[-1][1].values())
        for reverse in (False, True):
            for limit in (1, 2):
                ordered = sorted((key for key in expected if key[0] == "a"), reverse=reverse)
                query = {"KeyConditionExpression": "pk = :v", "ExpressionAttributeValues": {":v": {"S": "a"}}}
                found = self.pages("Query", ScanIndexForward=not reverse, Limit=limit, **query)
                assert [(item["pk"]["S"], item["sk"]["S"]) for item in found] == ordered
                local = self.pages("Query", IndexName="local", Limit=limit, ScanIndexForward=not reverse, **query)
                assert sorted(item["n"]["N"] for item in local) == sorted(expected[key]["n"]["N"] for key in ordered)
                query["ExpressionAttributeValues"] = {":v": {"S": "x"}}
                query["KeyConditionExpression"] = "g = :v"
                entries = self.pages("Query", IndexName="global", Limit=limit, ScanIndexForward=not reverse, **query)
                wanted = [item["sk"]["S"] for item in expected.values() if item["g"] == {"S": "x"}]
                assert [entry["sk"]["S"] for entry in entries] == sorted(wanted, reverse=reverse)

    def numbers(self, operation: str, **request: Any) -> list[str]:
        return sorted(item["n"]["N"] for item in self.pages(operation, **request))

    def pages(self, operation: str, **request: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            answer = self.db(operation, TableName="ttt", **request, **start)
            found += answer["Items"]
            if "LastEvaluatedKey" not in answer:
                return found
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


@pytest.mark.hypothesis
@pytest.mark.parametrize("engine", ENGINES)
@given(steps=STEPS)
@profile(25)
def test_reads_show_the_time_that_they_must(engine: str, steps: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        db = InProcess(settings_of_engine(engine, Path(folder) / "data"))
        db("CreateTable", TABLE)
        run = Run(db)
        for name, *arguments in steps:
            getattr(run, name)(*arguments)
            run.check()
        db.emulator.database.background.run_all()
        check_store(db.emulator.database)
        db.emulator.close()
