"""Random transactions on a dict, in memory and on LMDB: after each, all three must be the same.

Long keys share prefixes, transactions end in every way, and snapshots of any age are compared. In
between, the store on disk is reopened and grows from 64 KiB.
"""

import shutil
import tempfile
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from storage import Engine, Interrupted, open_engine
from storage.keycode import LAST
from tests.support.profile import profile

HEADS = [b"h" * 495, b"h" * 494 + b"i", b"\xff" * 495]


def long_key(head: int, tail: int, size: int) -> bytes:
    return HEADS[head] + bytes((tail,)) * size


# Small parts, because Hypothesis prints strategies.
KEYS = st.one_of(
    st.binary(min_size=1, max_size=2),
    st.builds(lambda head, cut: HEADS[head][:cut], st.integers(0, 2), st.integers(490, 495)),
    st.builds(
        long_key,
        st.integers(0, 2),
        st.sampled_from([0, 1, 104, 105, 255]),
        st.sampled_from([1, 2, 15, 16, 17, 500, 1553]),
    ),
)
BOUNDS = KEYS | st.builds(lambda last: LAST if last else b"", st.booleans())
VALUES = st.builds(lambda part, size: part * size, st.binary(max_size=2), st.sampled_from([0, 1, 100, 3000, 20000]))
WRITES = st.lists(
    st.tuples(st.just("put"), KEYS, VALUES)
    | st.tuples(st.just("delete"), KEYS)
    | st.tuples(st.just("drop_range"), BOUNDS, BOUNDS, st.integers(0, 5)),
    max_size=8,
)


def write_model(model: dict[bytes, bytes], name: str, *arguments: Any) -> Any:
    if name == "put":
        model[arguments[0]] = arguments[1]
        return None
    if name == "delete":
        return model.pop(arguments[0], None) is not None
    start, stop, limit = arguments
    doomed = sorted(key for key in model if start <= key < stop)[:limit]
    for key in doomed:
        del model[key]
    return len(doomed)


class Mirror(RuleBasedStateMachine):
    @initialize(writemap=st.booleans())
    def open(self, writemap: bool) -> None:
        self.folder = tempfile.mkdtemp()
        self.options: dict[str, Any] = {"writemap": writemap, "map_size": 64 << 10}
        self.model: dict[bytes, bytes] = {}
        self.engines: list[Engine] = [open_engine(), open_engine(self.folder, **self.options)]
        self.commits = 0
        self.snapshots: list[tuple[dict[bytes, bytes], int, list[Any]]] = []

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for engine in self.engines:
                engine.close()
            shutil.rmtree(self.folder)

    @rule(writes=WRITES, end=st.sampled_from(["commit", "commit", "abort", "raise"]))
    def write(self, writes: list[tuple[Any, ...]], end: str) -> None:
        model = dict(self.model)
        expected = [write_model(model, *write) for write in writes]
        for engine in self.engines:
            txn = engine.write()
            assert [getattr(txn, name)(*arguments) for name, *arguments in writes] == expected
            assert dict(txn.scan(b"", LAST)) == model
            if end == "abort":
                txn.abort()
            txn.__exit__(LookupError if end == "raise" else None, None, None)
        if end == "commit":
            self.model = model
            self.commits += 1

    @rule(start=BOUNDS, stop=BOUNDS, reverse=st.booleans(), keys=st.lists(KEYS, max_size=5))
    def read(self, start: bytes, stop: bytes, reverse: bool, keys: list[bytes]) -> None:
        for engine in self.engines:
            with engine.read() as txn:
                self.compare(txn, self.model, start, stop, reverse, keys)

    @rule(start=BOUNDS, stop=BOUNDS, reverse=st.booleans(), keys=st.lists(KEYS, max_size=5))
    def read_snapshots(self, start: bytes, stop: bytes, reverse: bool, keys: list[bytes]) -> None:
        for model, commits, (memory, disk) in self.snapshots:
            self.compare(memory, model, start, stop, reverse, keys)
            try:
                self.compare(disk, model, start, stop, reverse, keys)
            except Interrupted:
                assert commits < self.commits

    def compare(
        self, txn: Any, model: dict[bytes, bytes], start: bytes, stop: bytes, reverse: bool, keys: list[bytes]
    ) -> None:
        expected = sorted(((key, value) for key, value in model.items() if start <= key < stop), reverse=reverse)
        assert list(txn.scan(start, stop, reverse=reverse)) == expected
        for limit in (1, 3, 1000):
            pairs = expected[:limit]
            page = [value for _, value in pairs], pairs[-1][0] if pairs else b""
            assert txn.page(start, stop, limit, reverse=reverse) == page
        assert [txn.get(key) for key in keys] == [model.get(key) for key in keys]

    @rule()
    def open_snapshot(self) -> None:
        if len(self.snapshots) < 3:
            self.snapshots.append((dict(self.model), self.commits, [engine.read() for engine in self.engines]))

    @rule()
    def close_snapshots(self) -> None:
        for _, _, readers in self.snapshots:
            for reader in readers:
                with reader:
                    pass
        self.snapshots.clear()

    @rule()
    def open_again(self) -> None:
        self.close_snapshots()
        self.engines[1].close()
        self.engines[1] = open_engine(self.folder, **self.options)


TestMirror = Mirror.TestCase
TestMirror.settings = settings(profile(30), stateful_step_count=25)
