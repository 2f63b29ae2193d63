"""The emulator's clock, background work, and jobs that follow the clock."""

from itertools import repeat
from math import inf, nan

import pytest

from emulator import clock as module
from emulator.clock import EARLIEST, LATEST, Background, EmulatorClock, ManualClock, Scheduler, TimeOutOfRange
from emulator.log_limits import LogLimit

NOW = 1_700_000_000.0


class Machine:
    """The machine's clock, set by a test."""

    def __init__(self):
        self.time = NOW

    def __call__(self):
        return self.time


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def clock(machine):
    return EmulatorClock(machine)


# --- the clock ------------------------------------------------------------------------------------


def test_the_clock_follows_the_machine(clock, machine):
    assert (clock.now(), clock.ahead(), clock.frozen) == (NOW, 0.0, None)
    machine.time += 5
    assert (clock.now(), clock.ahead()) == (NOW + 5, 0.0)


MOVES = {
    "ahead": (lambda clock: clock.set_offset(100), 100, True),
    "behind": (lambda clock: clock.set_offset(-100.5), -100.5, True),
    "twice": (lambda clock: (clock.set_offset(100), clock.set_offset(7)), 7, True),
    "forward": (lambda clock: clock.advance(60), 60, True),
    "forward twice": (lambda clock: (clock.advance(60), clock.advance(30)), 90, True),
    "still": (lambda clock: clock.freeze(), 0, False),
    "still elsewhere": (lambda clock: clock.freeze(NOW - 9), -9, False),
    "still, where it was put": (lambda clock: (clock.set_offset(100), clock.freeze()), 100, False),
    "still, then forward": (lambda clock: (clock.freeze(), clock.advance(60)), 60, False),
    "still, then running": (lambda clock: (clock.freeze(NOW + 50), clock.set_offset(100)), 100, True),
    "released": (lambda clock: (clock.set_offset(100), clock.release()), 0, True),
    "still, then released": (lambda clock: (clock.advance(100), clock.freeze(), clock.release()), 0, True),
}


@pytest.mark.parametrize("case", MOVES)
def test_moves(clock, machine, case):
    move, ahead, runs = MOVES[case]
    move(clock)
    assert (clock.now(), clock.ahead(), clock.frozen is None) == (NOW + ahead, ahead, runs)
    machine.time += 10
    assert clock.now() == NOW + ahead + (10 if runs else 0)
    assert clock.ahead() == (ahead if runs else ahead - 10)


BAD = {
    "before the first year": lambda clock: clock.freeze(EARLIEST - 1),
    "after the last": lambda clock: clock.freeze(LATEST),
    "no number": lambda clock: clock.freeze(nan),
    "without end": lambda clock: clock.set_offset(inf),
    "no offset": lambda clock: clock.set_offset(nan),
    "far ahead": lambda clock: clock.set_offset(LATEST - NOW),
    "far behind": lambda clock: clock.set_offset(EARLIEST - NOW - 1),
    "far forward": lambda clock: clock.advance(LATEST),
    "no step": lambda clock: clock.advance(nan),
}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("case", BAD)
def test_moves_out_of_range_leave_the_clock_alone(clock, case, frozen):
    clock.set_offset(3)
    if frozen:
        clock.freeze()
    with pytest.raises(TimeOutOfRange):
        BAD[case](clock)
    assert (clock.now(), clock.offset, clock.frozen) == (NOW + 3, 3, NOW + 3 if frozen else None)


@pytest.mark.parametrize("at", [EARLIEST, LATEST - 1])
def test_the_first_and_the_last_time(clock, at):
    clock.freeze(at)
    assert clock.now() == at


def test_clocks_with_the_same_cells_move_together(machine):
    cells = memoryview(bytearray(16)).cast("d")
    cells[1] = nan
    one, other = EmulatorClock(machine, cells), EmulatorClock(machine, cells)
    one.advance(60)
    assert other.now() == NOW + 60
    other.freeze()
    machine.time += 1
    assert (one.now(), one.frozen) == (NOW + 60, NOW + 60)


# --- background work ------------------------------------------------------------------------------


def counted(slices, log, name):
    """Return work of several slices, each of which appends a name to a log."""
    left = iter([*repeat(True, slices - 1), False])

    def work():
        log.append(name)
        return next(left)

    return work


def test_slices_take_turns():
    background, log = Background(wait=(KeyError,)), []
    background.add("a", counted(3, log, "a"))
    background.add("b", counted(2, log, "b"))
    background.run_all()
    assert "".join(log) == "ababa"
    assert not background.slices
    assert background.run_slice() is False


def test_work_of_one_name_is_queued_once():
    background, log = Background(wait=(KeyError,)), []
    background.add("a", counted(2, log, "a"))
    background.add("a", counted(2, log, "a"))
    background.add("b", counted(1, log, "b"))
    background.run_all()
    background.add("a", counted(1, log, "a"))
    background.run_all()
    assert "".join(log) == "abaa"


def test_work_that_must_wait_is_tried_again():
    background, log = Background(wait=(KeyError, IndexError)), []
    errors = [KeyError, IndexError]

    def work():
        if errors:
            raise errors.pop()
        log.append("done")
        return False

    background.add("work", work)
    assert [background.run_slice() for _ in range(4)] == [False, False, True, False]
    assert log == ["done"]


class Worker:
    """Background work on a machine whose time and free bytes a test sets."""

    def __init__(self):
        self.now, self.free = 1000.0, 0
        self.background = Background(
            wait=(IndexError,), full=(KeyError,), room=lambda: self.free, monotonic=lambda: self.now
        )

    def tries_of(self, log, seconds, step=0.05):
        """Run slices for some seconds; return how often the work that appends to the
        log was tried.
        """
        before = len(log)
        for _ in range(round(seconds / step)):
            self.now += step
            self.background.run_slice()
        return len(log) - before


@pytest.fixture
def worker():
    return Worker()


def full(log, name="full"):
    def work():
        log.append(name)
        raise KeyError("no room")

    return work


def test_work_without_room_is_tried_less_and_less_often(worker):
    log = []
    worker.background.add("full", full(log))
    assert worker.tries_of(log, 10) <= 6
    assert worker.tries_of(log, 60) <= 4
    worker.now += 3600
    assert worker.tries_of(log, 0.2) == 1, "the pauses must begin again with the shortest"
    assert worker.tries_of(log, 1) >= 1


def test_room_ends_a_pause(worker):
    log = []
    worker.background.add("full", full(log))
    worker.tries_of(log, 10)
    worker.free += (1 << 20) - 1
    assert worker.tries_of(log, 0.1) == 0
    worker.free += 1
    assert worker.tries_of(log, 0.1) == 1


def test_new_work_ends_a_pause_and_runs_besides_work_without_room(worker):
    """New work may free the room for which other work waits, for example by deleting a table."""
    log, done = [], []
    worker.background.add("full", full(log))
    worker.tries_of(log, 10)
    worker.background.add("drop", counted(20, done, "drop"))
    worker.tries_of(log, 2.5)
    assert len(done) == 20
    assert len(worker.background.slices) == 1


def test_pauses_are_logged_once_a_minute(worker, caplog, monkeypatch):
    monkeypatch.setattr(module, "once_a_minute", LogLimit(now=lambda: worker.now))
    worker.background.add("full", full([]))
    worker.tries_of([], 50)
    assert [record.getMessage() for record in caplog.records] == [
        "background work waits until the disk has room: 'no room'"
    ]
    worker.tries_of([], 100)
    assert 2 <= len(caplog.records) <= 3


# --- jobs -----------------------------------------------------------------------------------------


@pytest.fixture
def jobs():
    clock, log = ManualClock(NOW), []
    scheduler = Scheduler(clock)
    scheduler.every(60, lambda: log.append("minute"))
    scheduler.every(1.5, lambda: log.append("soon"))
    return clock, scheduler, log


def test_jobs_run_when_they_are_due(jobs):
    clock, scheduler, log = jobs
    scheduler.run_due()
    assert log == []
    for seconds in (1.5, 1, 0.5):
        clock.advance(seconds)
        scheduler.run_due()
    assert log == ["soon", "soon"]
    clock.advance(57)
    scheduler.run_due()
    assert log == ["soon", "soon", "minute", "soon"]


def test_a_long_jump_runs_a_job_once(jobs):
    clock, scheduler, log = jobs
    clock.advance(86_400)
    scheduler.run_due()
    scheduler.run_due()
    assert log == ["minute", "soon"]


def test_a_clock_that_is_set_back_keeps_the_intervals(jobs):
    clock, scheduler, log = jobs
    clock.advance(86_400)
    scheduler.run_due()
    log.clear()
    clock.freeze(NOW)
    scheduler.run_due()
    clock.advance(59)
    scheduler.run_due()
    assert log == ["soon"]
    clock.advance(1)
    scheduler.run_due()
    assert log == ["soon", "minute"]


def test_a_job_that_fails_is_still_due(jobs):
    clock, scheduler, log = jobs
    errors = [KeyError]

    def fail_once():
        if errors:
            raise errors.pop()
        log.append("late")

    scheduler.every(60, fail_once)
    clock.advance(60)
    with pytest.raises(KeyError):
        scheduler.run_due()
    scheduler.run_due()
    assert log == ["minute", "soon", "late"]


def test_a_job_with_interval_zero_is_always_due():
    clock, log = ManualClock(NOW), []
    scheduler = Scheduler(clock)
    scheduler.every(0, lambda: log.append("now"))
    scheduler.run_due()
    scheduler.run_due()
    assert log == ["now", "now"]
