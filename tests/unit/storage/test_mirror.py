"""Random transactions on a dict and on every kind of engine: after each transaction, all have the
same rows.

Long keys share prefixes, transactions end in every way, and snapshots of any age are compared.
Between transactions, persistent stores are reopened. They begin with 64 KiB and grow.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from storage import Engine, Interrupted
from storage.keycode import LAST
from tests.support.engines import ENGINE_KINDS
from tests.support.profile import profile

HEADS = [b"h" * 495, b"h" * 494 + b"i", b"\xff" * 495]


def long_key(head: int, tail: int, size: int) -> bytes:
    return HEADS[head] + bytes((tail,)) * size


# Keys are made of small parts, because Hypothesis prints strategies.
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
    @initialize()
    def open(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[bytes, bytes] = {}
        self.engines = {name: self.opened(name) for name in ENGINE_KINDS}
        self.commits = 0
        self.snapshots: list[tuple[dict[bytes, bytes], int, dict[str, Any]]] = []

    def opened(self, name: str) -> Engine:
        kind = ENGINE_KINDS[name]
        return kind.open(self.folder / name, **{**kind.small, "map_size": 64 << 10})

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            for engine in self.engines.values():
                engine.close()
            shutil.rmtree(self.folder)

    @rule(writes=WRITES, end=st.sampled_from(["commit", "commit", "abort", "raise"]))
    def write(self, writes: list[tuple[Any, ...]], end: str) -> None:
        model = dict(self.model)
        expected = [write_model(model, *write) for write in writes]
        for engine in self.engines.values():
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
        for engine in self.engines.values():
            with engine.read() as txn:
                self.compare(txn, self.model, start, stop, reverse, keys)

    @rule(start=BOUNDS, stop=BOUNDS, reverse=st.booleans(), keys=st.lists(KEYS, max_size=5))
    def read_snapshots(self, start: bytes, stop: bytes, reverse: bool, keys: list[bytes]) -> None:
        for model, commits, readers in self.snapshots:
            for name, reader in readers.items():
                try:
                    self.compare(reader, model, start, stop, reverse, keys)
                except Interrupted:  # the file has grown, which only a commit can cause
                    assert ENGINE_KINDS[name].persistent
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
            readers = {name: engine.read() for name, engine in self.engines.items()}
            self.snapshots.append((dict(self.model), self.commits, readers))

    @rule()
    def close_snapshots(self) -> None:
        for _, _, readers in self.snapshots:
            for reader in readers.values():
                with reader:
                    pass
        self.snapshots.clear()

    @rule()
    def open_again(self) -> None:
        self.close_snapshots()
        for name, kind in ENGINE_KINDS.items():
            if kind.persistent:
                self.engines[name].close()
                self.engines[name] = self.opened(name)


TestMirror = Mirror.TestCase
TestMirror.settings = settings(profile(30), stateful_step_count=25)
