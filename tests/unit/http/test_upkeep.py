"""When the store is synced, and when its pages are prepared."""

import asyncio
import errno
import os
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.http.upkeep import Upkeep


class Store:
    """Stands in for a database and its engine; records what upkeep does."""

    def __init__(self, *, owner: bool = True) -> None:
        self.owner, self.upkeep = owner, self
        self.number = 7
        self.work: Callable[[], None] | None = None
        self.done: list[str] = []
        self.trims = 0
        self.steps = 0
        self.pending = False
        self.dropped = 0
        self.asked = self.missing = 0

    def commit_number(self) -> int:
        return self.number

    def preallocate(self) -> Callable[[], None] | None:
        return self.work

    def sync(self) -> None:
        self.done.append("sync")

    def drop_vectors(self) -> None:
        self.dropped += 1

    def extend(self) -> Iterator[None] | None:
        self.asked += 1
        return iter([None] * self.missing) if self.missing else None

    def trim(self) -> Iterator[None]:
        self.trims += 1
        for _ in range(10):
            self.steps += 1
            yield


class Loop:
    """An event loop whose clock a test sets. Work for a thread runs immediately, but if `keeps` is
    set, it only ends when the test ends its future in `kept`.
    """

    def __init__(self) -> None:
        self.now = 100.0
        self.keeps = False
        self.kept: list[asyncio.Future[None]] = []
        self._real = asyncio.new_event_loop()

    def time(self) -> float:
        return self.now

    def run_in_executor(self, _: None, work: Callable[[], None]) -> asyncio.Future[None]:
        work()
        future = self._real.create_future()
        if self.keeps:
            self.kept.append(future)
        else:
            future.set_result(None)
        return future

    def close(self) -> None:
        self._real.close()


@pytest.fixture
def loop() -> Any:
    loop = Loop()
    yield loop
    loop.close()


def upkeep_of(store: Store, loop: Loop, *, durable: bool = False) -> Upkeep:
    return Upkeep(SimpleNamespace(database=store, settings=SimpleNamespace(durable=durable)), loop)  # type: ignore[arg-type]


def pass_seconds(upkeep: Upkeep, loop: Loop, store: Store, seconds: float, *, writing: bool) -> None:
    """Poll twenty times a second, with a commit before each poll or without commits."""
    for _ in range(round(seconds * 20)):
        loop.now += 0.051
        store.number += writing
        upkeep.poll()


def test_nothing_written_nothing_synced(loop: Loop) -> None:
    store = Store()
    pass_seconds(upkeep_of(store, loop), loop, store, 30, writing=False)
    assert store.done == []
    assert store.dropped  # unused vectors are dropped also while nothing is written


def test_what_was_written_is_synced_when_writing_pauses(loop: Loop) -> None:
    store = Store()
    upkeep = upkeep_of(store, loop)
    pass_seconds(upkeep, loop, store, 3, writing=True)
    assert store.done == []
    pass_seconds(upkeep, loop, store, 0.6, writing=False)
    assert store.done == ["sync"]
    pass_seconds(upkeep, loop, store, 30, writing=False)
    assert store.done == ["sync"]


def test_occasional_writes_are_synced_at_most_each_second(loop: Loop) -> None:
    store = Store()
    upkeep = upkeep_of(store, loop)
    for _ in range(10):
        pass_seconds(upkeep, loop, store, 0.1, writing=True)
        pass_seconds(upkeep, loop, store, 0.6, writing=False)
    assert 5 <= len(store.done) <= 7


def test_continuous_writes_are_synced_every_fifteen_seconds(loop: Loop) -> None:
    store = Store()
    pass_seconds(upkeep_of(store, loop), loop, store, 70, writing=True)
    assert store.done == ["sync"] * 4


def test_a_first_write_after_a_long_pause_does_not_wait_for_a_sync(loop: Loop) -> None:
    store = Store()
    upkeep = upkeep_of(store, loop)
    pass_seconds(upkeep, loop, store, 60, writing=False)
    pass_seconds(upkeep, loop, store, 14, writing=True)
    assert store.done == []
    pass_seconds(upkeep, loop, store, 2, writing=True)
    assert store.done == ["sync"]


def test_no_second_sync_while_one_runs(loop: Loop) -> None:
    store = Store()
    upkeep = upkeep_of(store, loop)
    loop.keeps = True
    pass_seconds(upkeep, loop, store, 30, writing=True)
    assert store.done == ["sync"]
    loop.kept[0].set_result(None)
    pass_seconds(upkeep, loop, store, 2, writing=True)
    assert store.done == ["sync"] * 2


@pytest.mark.parametrize("owner", [True, False])
def test_memory_is_given_back_once_in_a_pause(loop: Loop, owner: bool) -> None:
    store = Store(owner=owner)
    upkeep = upkeep_of(store, loop)
    pass_seconds(upkeep, loop, store, 6, writing=False)
    pass_seconds(upkeep, loop, store, 6, writing=True)
    assert store.trims == 0
    pass_seconds(upkeep, loop, store, 30, writing=False)
    assert store.trims == 1
    pass_seconds(upkeep, loop, store, 0.1, writing=True)
    pass_seconds(upkeep, loop, store, 30, writing=False)
    assert (store.trims, store.steps) == (2, 20)


def test_a_new_write_stops_giving_back_memory(loop: Loop) -> None:
    store = Store()
    upkeep = upkeep_of(store, loop)
    pass_seconds(upkeep, loop, store, 6, writing=True)
    pass_seconds(upkeep, loop, store, 0.6, writing=False)
    steps = store.steps
    assert 1 <= steps < 5
    store.pending = True
    pass_seconds(upkeep, loop, store, 1, writing=False)
    store.pending = False
    pass_seconds(upkeep, loop, store, 1, writing=True)
    pass_seconds(upkeep, loop, store, 1, writing=False)
    assert store.steps == steps


@pytest.mark.parametrize(("durable", "owner"), [(True, True), (False, False)])
def test_no_sync_where_each_commit_syncs_or_another_process_does(loop: Loop, durable: bool, owner: bool) -> None:
    store = Store(owner=owner)
    pass_seconds(upkeep_of(store, loop, durable=durable), loop, store, 30, writing=True)
    assert store.done == []


def test_pages_are_made_ready_one_piece_of_work_at_a_time(loop: Loop) -> None:
    store = Store()
    store.work = lambda: store.done.append("ahead")
    upkeep = upkeep_of(store, loop, durable=True)
    loop.keeps = True
    pass_seconds(upkeep, loop, store, 1, writing=False)
    assert store.done == ["ahead"]
    loop.kept[0].set_result(None)
    loop.now += 1
    upkeep.poll()
    assert store.done == ["ahead"] * 2


@pytest.mark.parametrize("owner", [True, False])
def test_room_is_made_in_steps_while_nothing_is_pending(loop: Loop, owner: bool) -> None:
    store = Store(owner=owner)
    upkeep = upkeep_of(store, loop, durable=True)
    store.pending = True
    pass_seconds(upkeep, loop, store, 1, writing=True)
    assert store.asked == 0
    store.pending, store.missing = False, 3
    pass_seconds(upkeep, loop, store, 0.2, writing=True)
    asked = store.asked
    assert asked == (1 if owner else 0), "the steps of the first answer are not done"
    pass_seconds(upkeep, loop, store, 1, writing=True)
    assert (store.asked > asked) is owner


@pytest.mark.parametrize(("number", "logged"), [(errno.EMFILE, 1), (errno.ENFILE, 1), (errno.EACCES, 0), (None, 0)])
def test_a_lack_of_file_descriptors_is_logged(loop: Loop, monkeypatch, caplog, number, logged) -> None:
    """Without free descriptors, libuv closes new connections silently, so the server
    has to check.
    """
    store = Store()

    def refuse(*_):
        raise OSError(number, "no")

    with monkeypatch.context() as patch:
        if number is not None:
            patch.setattr(os, "open", refuse)
        pass_seconds(upkeep_of(store, loop), loop, store, 5, writing=False)
    assert caplog.text.count("has no free file descriptors") == logged
