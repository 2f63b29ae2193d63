"""When other processes hear of a change of definitions, and what becomes of work that they interrupt."""

from copy import copy
from types import SimpleNamespace

import pytest

from emulator.database.versions import SharedEngine, Versions
from emulator.sharing import Sharing
from storage import Interrupted, Lost


class Grouping:
    """An engine with a group of commits, as far as versions look at it."""

    read = write = group = sync = commits = work_ahead = rest = close = size_on_disk = None

    def __init__(self):
        self.pending = False
        self.failure = None

    def commit(self):
        if self.failure is not None:
            raise self.failure
        self.pending = False


@pytest.fixture
def two():
    """The versions of two processes; the first one's engine."""
    sharing = Sharing(2)
    other = copy(sharing)
    other.seat = 1
    engine = Grouping()
    return SimpleNamespace(mine=Versions(sharing, engine), other=Versions(other, Grouping()), engine=engine)


def test_a_change_is_told_at_once(two):
    assert not two.other.hinted()
    two.mine.tell()
    assert (two.mine.hinted(), two.other.hinted()) == (False, True)


def test_a_change_whose_commit_is_pending_is_told_after_it(two):
    engine = SharedEngine(two.engine, two.mine)
    two.engine.pending = True
    two.mine.tell()
    assert not two.other.hinted(), "who looked now would find nothing, and not look again"
    engine.commit()
    assert two.other.hinted()


def test_a_commit_that_failed_tells_nothing(two):
    engine = SharedEngine(two.engine, two.mine)
    two.engine.pending = True
    two.mine.tell()
    two.engine.failure = Lost("gone")
    with pytest.raises(Lost):
        engine.commit()
    assert not two.other.hinted()


@pytest.mark.parametrize(("failure", "attempts"), [(Interrupted("again"), 21), (Lost("tell it first"), 1)])
def test_what_is_interrupted_is_run_again_unless_that_is_of_no_use(db, failure, attempts):
    runs = []

    def work():
        runs.append(failure)
        raise failure

    with pytest.raises(type(failure)):
        db.emulator.database.rerun(work)
    assert len(runs) == attempts


def test_what_is_due_stays_due_while_it_is_interrupted(db):
    done = []

    def work():
        done.append(db.clock.now())
        if len(done) <= 21:
            raise Interrupted("busy")

    db.emulator.database.scheduler.every(1, work)
    db.clock.advance(1)
    db.emulator.tick()
    assert len(done) == 21
    db.emulator.tick()
    assert len(done) == 22
