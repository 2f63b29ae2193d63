"""The items of a table at earlier times, and the changes between times, agree with copies.

On every engine, a random test puts and deletes items, also in transactions, while the clock stands
still or moves. Readers are open while items are written, the history is trimmed or the table is
deleted.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.database.history import differences, past_items
from emulator.database.store import keyspace
from emulator.limits import MIB
from emulator.values.rows import decode_row
from tests.support.engines import ENGINES, settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store
from tests.support.profile import profile

DAY = 86_400
KEYS = [("a", ""), ("a", "\0"), ("a", "\0\1"), ("a", "b"), ("b", "x"), ("b", "x\0y"), ("c", "z" * 600)]


def moments(begin, end):
    """Return a strategy for times between two times, rounded to milliseconds.

    A history stores times in microseconds, so it has these times exactly.
    """
    return st.floats(begin, end).map(lambda moment: round(moment, 3))


STEPS = st.lists(
    st.tuples(st.just("put"), st.sampled_from(KEYS), st.integers(0, 2))
    | st.tuples(st.just("delete"), st.sampled_from(KEYS))
    | st.tuples(st.just("both"), st.sampled_from(KEYS), st.sampled_from(KEYS))
    | st.tuples(st.just("move"), st.sampled_from([0.5, 1, 7, 3600])),
    min_size=5,
    max_size=40,
)


def key(pair):
    return {"pk": {"S": pair[0]}, "sk": {"S": pair[1] or "-"}}


class History:
    """A table with recovery, and copies of its items: time -> items at this time."""

    def __init__(self, kind, folder):
        self.db = InProcess(settings_of_engine(kind, folder))
        attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")]
        schema = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        self.db(
            "CreateTable",
            TableName="table",
            AttributeDefinitions=attributes,
            KeySchema=schema,
            BillingMode="PAY_PER_REQUEST",
        )
        self.items = {}
        for number in range(3):  # written before recovery is turned on
            self.put(KEYS[number], 9)
        self.recover(on=True)
        self.copies = {moment: dict(self.items) for moment in (self.now - 1, self.now)}
        self.last = {}

    @property
    def now(self):
        return self.db.clock.now()

    @property
    def database(self):
        return self.db.emulator.database

    @property
    def table(self):
        return self.database.described(self.db.caller, "table").definition

    def recover(self, *, on):
        specification = {"PointInTimeRecoveryEnabled": on}
        self.db("UpdateContinuousBackups", TableName="table", PointInTimeRecoverySpecification=specification)

    def put(self, pair, value):
        item = {**key(pair), "n": {"N": str(value)}}
        self.db("PutItem", TableName="table", Item=item)
        self.items[pair] = item

    def delete(self, pair):
        self.db("DeleteItem", TableName="table", Key=key(pair))
        self.items.pop(pair, None)

    def both(self, first, second):
        if first == second:
            return
        parts = [
            {"Put": {"TableName": "table", "Item": key(first)}},
            {"Delete": {"TableName": "table", "Key": key(second)}},
        ]
        self.db("TransactWriteItems", TransactItems=parts)
        self.items[first] = key(first)
        self.items.pop(second, None)

    def run(self, step):
        kind, *arguments = step
        if kind == "move":
            self.db.clock.advance(*arguments)
        else:
            before = dict(self.items)
            getattr(self, kind)(*arguments)
            for pair in KEYS:
                if before.get(pair) != self.items.get(pair):
                    self.last.setdefault(pair, []).append(self.now)
        self.copies[self.now] = dict(self.items)

    def copy(self, at):
        """Return the items that the table had at a time."""
        return self.copies[max(moment for moment in self.copies if moment <= at)]

    def open(self, at):
        views = self.database.views
        with self.database.registries.changing() as change:
            return past_items.open_past(views, change, self.table, at)

    def close(self, past):
        views = self.database.views
        with self.database.registries.changing() as change:
            past_items.close(views, change, past)


def rows_of(history, past, limit, size, between):
    found, start = [], b""
    while start is not None:
        with history.database.read() as txn:
            reopened = past_items.find(history.database.views, txn, past.view)
            assert reopened == past
            rows, start = past_items.page(history.database.views, txn, past, start, limit, size)
        found += rows
        between()
    assert [item for item, _ in found] == sorted(item for item, _ in found)
    return [decode_row(row) for _, row in found]


def ordered(items):
    return sorted(items, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


@profile(60)
@given(st.sampled_from(sorted(ENGINES)), STEPS, STEPS, st.integers(1, 4), st.booleans(), st.data())
def test_items_at_each_time(kind, steps, later, limit, drop, data):
    size = data.draw(st.sampled_from((1, 100, MIB)))
    folder = Path(tempfile.mkdtemp())
    patch = pytest.MonkeyPatch()
    for module in (past_items, differences):  # so that the records of one item may fill several chunks
        patch.setattr(module, "_CHUNK", data.draw(st.integers(1, 3)))
    patch.setattr(past_items, "STEPS", data.draw(st.integers(2, 5)))
    patch.setattr(differences, "_STEPS", data.draw(st.integers(2, 5)))
    try:
        history = History(kind, folder / "data")
        for step in steps:
            history.run(step)
        begin, end = sorted(history.copies)[1], history.now
        at = data.draw(st.sampled_from(sorted(history.copies)[1:]) | moments(begin, end))
        to = data.draw(st.sampled_from(sorted(history.copies)[1:]) | moments(begin, end))
        wanted, changed = history.copy(at), expected(history, at, to)
        past, now = history.open(at), history.open(None)
        current = dict(history.items)
        rest = iter(later)
        if drop:
            history.db("DeleteTable", TableName="table")
            history.db("ListTables")
        else:
            history.recover(on=False)

        def between():
            step = next(rest, None)
            if step is not None and not drop:
                history.run(step)
            history.database.background.run_all()

        assert ordered(rows_of(history, past, limit, size, between)) == ordered(wanted.values())
        assert found(history, past, at, to, limit, size, between) == changed
        assert ordered(rows_of(history, now, limit, size, between)) == ordered(current.values())
        history.close(past)
        history.close(now)
        history.db.clock.advance(2 * DAY)
        history.database.histories.begin_trimming()
        history.database.background.run_all()
        check_store(history.database)
        history.db.emulator.close()
    finally:
        patch.undo()
        shutil.rmtree(folder)


def expected(history, at, to):
    """Return the changes in a window of time, computed from the copies.

    The result is: item -> (item before, item after, time of the last change).
    """
    changed = {}
    for pair, moments in history.last.items():
        inside = [moment for moment in moments if at <= moment < to]
        if inside:
            earlier = history.copies[max(moment for moment in history.copies if moment < at)]
            after = history.copies[max(moment for moment in history.copies if moment < to)]
            changed[pair] = (earlier.get(pair), after.get(pair), inside[-1])
    return changed


def found(history, past, at, to, limit, size, between):
    """Return the changes in a window of time that the reader finds, in the form of `expected`."""
    changed, start = {}, b""
    while start is not None:
        with history.database.read() as txn:
            page, start = differences.page(history.database.views, txn, past, (at, to), start, limit, size)
        for each in page:
            row = each.before or each.after
            item = decode_row(row) if row is not None else None
            changed[each.item] = (each, item)
        between()
    named = {}
    for pair in KEYS:
        tail = history_item(history, pair)
        if tail in changed:
            each, _ = changed.pop(tail)
            before, after = (None if row is None else decode_row(row) for row in (each.before, each.after))
            named[pair] = (before, after, each.micros / 1_000_000)
    assert not changed
    return named


def history_item(history, pair):
    return keyspace.digest(pair[0].encode()) + (pair[1] or "-").encode()
