"""The supervisor of worker processes at exact moments: the tests simulate forks and signals."""

import os
import signal
import socket
from copy import copy

import pytest

from emulator.http import workers
from emulator.settings import Settings

WORKERS = 3


class Processes:
    """Stands in for the operating system. A fork only makes a process number. `at_fork` and
    `at_wait` are called during a fork or a wait.
    """

    def __init__(self, monkeypatch):
        self.alive = []
        self.signalled = []
        self.forked = 0
        self.status = 0  # exit status of processes that end
        self.at_fork = self.at_wait = lambda: None
        self._kill = os.kill
        monkeypatch.setattr(os, "fork", self.fork)
        monkeypatch.setattr(os, "kill", self.kill)
        monkeypatch.setattr(os, "wait", self.wait)

    def fork(self):
        self.forked += 1
        self.alive.append(1_000_000 + self.forked)
        self.at_fork()
        return self.alive[-1]

    def kill(self, process, number):
        if process == os.getpid():
            self._kill(process, number)
        else:
            assert number == signal.SIGTERM
            self.signalled.append(process)

    def wait(self):
        if not self.alive:
            raise ChildProcessError
        self.at_wait()
        return self.alive.pop(0), self.status


def end():
    """Send SIGTERM to this thread. Otherwise another thread, left by another test, might take the
    signal at any time.
    """
    signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def handlers():
    """Restore the handlers of signals after a test."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def processes(monkeypatch, handlers):
    return Processes(monkeypatch)


@pytest.fixture
def supervisor(monkeypatch):
    """Yield a supervisor whose workers report immediately that they serve."""
    monkeypatch.setattr(os, "read", lambda *_: b"1")
    made = workers.Supervisor(Settings(), [[] for _ in range(WORKERS)], temporary=None)
    yield made
    made.close()
    os.close(made._lifeline)
    os.close(made._alive)


def test_all_start(supervisor, processes):
    assert supervisor.start()
    assert (processes.forked, processes.signalled) == (WORKERS, [])


def test_signal_while_a_worker_is_made_reaches_it_and_no_other_is_made(supervisor, processes):
    processes.at_fork = end
    assert not supervisor.start()
    assert processes.forked == 1
    assert processes.signalled == processes.alive
    supervisor.supervise()
    assert processes.forked == 1


def test_signal_while_a_worker_is_made_again(supervisor, processes):
    supervisor.start()
    processes.at_fork = end
    supervisor.supervise()
    assert processes.forked == WORKERS + 1
    assert {1_000_002, 1_000_003, 1_000_004} == {*processes.signalled}


def test_signal_when_a_worker_has_just_died(supervisor, processes):
    supervisor.start()
    processes.at_wait = end
    supervisor.supervise()
    assert processes.forked == WORKERS


def test_workers_that_do_not_live_end_the_server_with_a_word(supervisor, processes):
    supervisor.start()
    with pytest.raises(workers.ServeError, match="worker processes end as soon as they have started"):
        supervisor.supervise()
    assert processes.forked == WORKERS + workers._PATIENCE - 1
    assert processes.alive == []


def test_the_log_says_that_a_dead_worker_is_restarted(supervisor, processes, caplog):
    supervisor.start()
    processes.status = signal.SIGKILL
    processes.at_fork = end
    supervisor.supervise()
    assert caplog.messages == ["worker 0 ended with status -9; the server restarts it"]
    assert caplog.records[0].levelname == "ERROR"


def test_the_log_does_not_say_so_of_the_last_one(supervisor, processes, caplog):
    supervisor.start()
    processes.status = 3 << 8
    with pytest.raises(workers.ServeError):
        supervisor.supervise()
    restarted = [message.endswith("ended with status 3; the server restarts it") for message in caplog.messages]
    assert restarted == [True] * (workers._PATIENCE - 1) + [False]
    assert caplog.messages[-1].endswith("ended with status 3")


class Exited(Exception):
    """Raised where a worker's process would exit."""


@pytest.fixture
def work(monkeypatch, handlers, tmp_path):
    """Return a function that runs as a worker up to its first request, and then calls a function of
    the test with the supervisor.
    """

    def exit_(status):
        raise Exited(status)

    monkeypatch.setattr(os, "_exit", exit_)

    def be(worker_index, meanwhile):
        monkeypatch.setattr(workers, "serve", lambda *_, **__: meanwhile(supervisor))
        with socket.socket() as one, socket.socket() as two:
            supervisor = workers.Supervisor(
                Settings(data_dir=tmp_path / "data"), [[one], [two]], temporary=tmp_path / "data"
            )
            other = copy(supervisor._shared_memory)
            before = other.hints()
            held = os.dup(supervisor._alive)
            supervisor.held = held
            with pytest.raises(Exited) as exited:
                supervisor._work(worker_index, None)
            supervisor.close()
            assert exited.value.args == (0,)
            assert other.hints() != before, "the worker before may have died when it had changed definitions"
            os.close(supervisor._lifeline)

    return be


@pytest.mark.parametrize("worker_index", [0, 1])
def test_folder_in_memory_goes_when_the_supervisor_is_gone(work, tmp_path, worker_index):
    work(worker_index, lambda supervisor: os.close(supervisor.held))
    assert (tmp_path / "data").exists() == (worker_index == 1)


def test_folder_in_memory_stays_where_a_worker_ends_alone(work, tmp_path):
    kept = []
    work(0, lambda supervisor: kept.append(supervisor.held))
    assert (tmp_path / "data").exists()
    os.close(kept[0])
