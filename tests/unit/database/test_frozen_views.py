"""Frozen views show the same as a model that copies everything, on every engine.

A random test writes, opens and closes views in any order, runs background work and restarts. It
also reads a view in slices, with writes between the slices.
"""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from emulator.clock import ManualClock
from emulator.database.database import Database
from emulator.database.store import keyspace
from emulator.database.views import views as module
from emulator.shared_memory import SharedMemory
from storage import Interrupted, open_engine
from storage.keycode import prefix_end
from tests.support.engines import ENGINE_KINDS
from tests.support.profile import profile

PREFIXES = [keyspace.items(900), keyspace.entries(901), keyspace.statistics(900), keyspace.expiries(902)]
KEYS = st.builds(
    lambda prefix, rest: PREFIXES[prefix] + rest,
    st.integers(0, 3),
    st.sampled_from([b"", b"\0", b"a", b"ab", b"b", b"\xff", b"c" * 489, b"c" * 490, b"c" * 600]),
)
VALUES = st.sampled_from([b"", b"\0", b"\1", b"value", b"x" * 5000])
WRITES = st.lists(
    st.tuples(st.just("put"), KEYS, VALUES)
    | st.tuples(st.just("delete"), KEYS)
    | st.tuples(st.just("drop"), st.sampled_from(PREFIXES), st.integers(1, 3)),
    min_size=1,
    max_size=6,
)
SOME = st.lists(st.sampled_from(PREFIXES), min_size=1, max_size=4, unique=True)


def shown(database, view, prefix, limit=2):
    """Return the pairs that a view shows below a prefix: key -> value, read page by page."""
    found, start = {}, prefix
    while True:
        with database.read() as txn:
            pairs, last = database.views.page(txn, view, start, prefix_end(prefix), limit)
        found.update(pairs)
        if last is None:
            return found
        start = last + b"\0"


class FrozenViews(RuleBasedStateMachine):
    @initialize(kind=st.sampled_from(sorted(ENGINE_KINDS)), size=st.sampled_from([1, 3, 500]))
    def open_store(self, kind, size):
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(module, "SLICE", size)
        self.folder = Path(tempfile.mkdtemp())
        self.kind = ENGINE_KINDS[kind]
        self.live = {}
        self.frozen = {}  # view id -> prefix -> the pairs that the view must show
        self.reading = None
        self.start()

    def start(self):
        engine = self.kind.open(self.folder / "data", **self.kind.small)
        self.database = Database(engine, ManualClock())

    def teardown(self):
        self.database.close()
        self.patch.undo()
        shutil.rmtree(self.folder)

    @rule(writes=WRITES, kept=st.booleans())
    def write(self, writes, kept):
        live = dict(self.live)
        with self.database.write() as txn:
            for name, key, *rest in writes:
                if name == "put":
                    txn.put(key, rest[0])
                    live[key] = rest[0]
                elif name == "delete":
                    assert txn.delete(key) is (live.pop(key, None) is not None)
                else:
                    doomed = sorted(each for each in live if each.startswith(key))[: rest[0]]
                    assert txn.drop_range(key, prefix_end(key), rest[0]) == len(doomed)
                    for each in doomed:
                        del live[each]
            if not kept:
                txn.abort()
        if kept:
            self.live = live

    @precondition(lambda self: len(self.frozen) < 4)
    @rule(prefixes=SOME, writes=st.dictionaries(KEYS, VALUES, max_size=2))
    def open_view(self, prefixes, writes):
        with self.database.registries.changing() as change:
            view = self.database.views.open(change, prefixes)
            for key, value in writes.items():
                change.txn.put(key, value)
                self.live[key] = value
            self.database.views.keep(change.txn, view, b"\2kept", b"%d" % view.id)
        self.frozen[view.id] = {
            prefix: {key: value for key, value in self.live.items() if key.startswith(prefix)} for prefix in prefixes
        }

    @precondition(lambda self: self.frozen)
    @rule(data=st.data())
    def close_view(self, data):
        number = data.draw(st.sampled_from(sorted(self.frozen)))
        with self.database.registries.changing() as change:
            self.database.views.close(change, self.database.views.get(number))
        del self.frozen[number]
        if self.reading is not None and self.reading[0] == number:
            self.reading = None

    @rule(times=st.integers(1, 3))
    def work(self, times):
        for _ in range(times):
            self.database.run_slice()

    @precondition(lambda self: self.kind.persistent)
    @rule()
    def restart(self):
        self.database.close()
        self.start()

    @precondition(lambda self: self.frozen and self.reading is None)
    @rule(data=st.data())
    def begin_reading(self, data):
        number = data.draw(st.sampled_from(sorted(self.frozen)))
        prefix = data.draw(st.sampled_from(sorted(self.frozen[number])))
        self.reading = [number, prefix, prefix, {}]

    @precondition(lambda self: self.reading is not None)
    @rule(limit=st.integers(1, 3))
    def read_slice(self, limit):
        number, prefix, start, found = self.reading
        view = self.database.views.get(number)
        with self.database.read() as txn:
            pairs, last = self.database.views.page(txn, view, start, prefix_end(prefix), limit)
        assert len(pairs) <= limit
        found.update(pairs)
        if last is None:
            assert list(found.items()) == sorted(self.frozen[number][prefix].items())
            self.reading = None
        else:
            self.reading[2] = last + b"\0"

    @invariant()
    def views_show_what_was_there(self):
        views = self.database.views
        for number, prefixes in self.frozen.items():
            view = views.get(number)
            expected = {}
            for prefix, pairs in prefixes.items():
                assert list(shown(self.database, view, prefix).items()) == sorted(pairs.items())
                expected |= pairs
            with self.database.read() as txn:
                for key in sorted(expected)[:2]:
                    assert views.value(txn, view, key) == expected[key]
                assert list(views.kept(txn, view, b"\2", b"\3")) == [(b"\2kept", b"%d" % number)]
                rewound = {key: value for key, value in self.live.items() if key[:5] in prefixes}
                changed = list(views.changed(txn, view))
                assert changed == sorted(changed)
                for key, original in changed:
                    rewound[key] = None if original == b"\0" else original[1:]
                if changed:
                    assert list(views.changed(txn, view, changed[0][0])) == changed[1:]
            assert {key: value for key, value in rewound.items() if value is not None} == expected

    @invariant()
    def live_values_are_those_of_the_model(self):
        with self.database.read() as txn:
            found = [dict(txn.scan(prefix, prefix_end(prefix))) for prefix in PREFIXES]
        assert {key: value for each in found for key, value in each.items()} == self.live

    @invariant()
    def nothing_is_left_without_views(self):
        if self.frozen:
            return
        self.database.background.run_all()
        with self.database.read() as txn:
            assert not list(txn.scan(b"\x0f", b"\x11"))
        assert self.database.write.__self__ is self.database.engine


TestFrozenViews = FrozenViews.TestCase
TestFrozenViews.settings = settings(profile(60), stateful_step_count=30)
TestFrozenViews.pytestmark = [pytest.mark.hypothesis]


@pytest.fixture
def pair(tmp_path):
    """Yield two databases over one folder in this process, which act as two worker processes."""
    memory = SharedMemory(2)
    first = Database(open_engine(tmp_path / "data"), ManualClock(), sharing=memory)
    memory.worker_index = 1
    second = Database(open_engine(tmp_path / "data"), ManualClock(), sharing=memory)
    memory.worker_index = 0
    yield first, second
    second.close()
    first.close()


KEY = PREFIXES[0] + b"k"


def put(database, value):
    with database.write() as txn:
        txn.put(KEY, value)


def test_another_process_records_from_its_next_write_on(pair):
    first, second = pair
    put(first, b"old")
    with first.registries.changing() as change:
        view = first.views.open(change, PREFIXES[:1])
    with pytest.raises(Interrupted):
        put(second, b"not recorded")
    second.run(lambda: put(second, b"new"))
    assert shown(first, view, PREFIXES[0]) == {KEY: b"old"}
    assert shown(second, view, PREFIXES[0]) == {KEY: b"old"}


def test_a_read_through_unknown_views_is_interrupted(pair):
    """The original of a value may belong to a newer view, which this process does not know yet."""
    first, second = pair
    put(first, b"old")
    with first.registries.changing() as change:
        view = first.views.open(change, PREFIXES[:1])
    second.run(lambda: None)
    with first.registries.changing() as change:
        first.views.open(change, PREFIXES[:1])
    put(first, b"new")
    with pytest.raises(Interrupted):
        shown(second, view, PREFIXES[0])
    assert second.run(lambda: shown(second, view, PREFIXES[0])) == {KEY: b"old"}


def test_a_view_of_a_lost_group_ends(tmp_path):
    """If a group commit is lost, the views and originals in it are lost too."""
    database = Database(open_engine(tmp_path / "data", durable=True), ManualClock())
    database.group_commit.group_writes(lambda: None)
    with database.registries.changing() as change:
        database.views.open(change, PREFIXES[:1])
    put(database, b"new")
    database.engine._group._reset()
    database.recover()
    assert database.write.__self__ is database.engine
    put(database, b"newer")
    with database.read() as txn:
        assert not list(txn.scan(b"\x0f", b"\x11"))
    database.close()


@pytest.fixture
def database():
    made = Database(open_engine(), ManualClock())
    yield made
    made.close()


def opened(database):
    with database.registries.changing() as change:
        return database.views.open(change, PREFIXES[:1])


def test_a_closed_view_leaves_the_images_of_older_views_alone(database):
    put(database, b"1")
    older = opened(database)
    put(database, b"2")
    newer = opened(database)
    put(database, b"3")
    with database.registries.changing() as change:
        database.views.close(change, newer)
    database.background.run_all()
    assert shown(database, older, PREFIXES[0]) == {KEY: b"1"}
    assert database.views.get(newer.id) is None


def test_a_closed_view_leaves_its_images_to_older_views(database):
    put(database, b"1")
    older = opened(database)
    newer = opened(database)
    put(database, b"2")
    with database.registries.changing() as change:
        database.views.close(change, newer)
    put(database, b"3")
    database.background.run_all()
    put(database, b"4")
    assert shown(database, older, PREFIXES[0]) == {KEY: b"1"}
