"""Serves with several worker processes, which share one data folder and one port.

The first process is the supervisor. It binds the port once for each worker (the kernel spreads
connections over the sockets of one port), forks the workers, restarts a worker that dies, and stops
all workers at the end. It never opens the store while workers run, so no worker inherits an open
store.

A worker is an ordinary server (server.py) with an index. Worker 0 also does the background work. A
worker stops when the supervisor has ended. The worker notices the end by a pipe: only the
supervisor keeps one end of the pipe open, so the system closes this end with the supervisor.

With `--in-memory`, the workers share a temporary folder in memory (memory_folder.py). The
supervisor removes the folder at the end. If the supervisor is killed, worker 0 removes it.

A signal may arrive while the supervisor forks a worker. The supervisor blocks signals until the new
worker is in the list of workers. The supervisor's handler sends SIGTERM to all workers in the list,
so the new worker gets SIGTERM too. The new worker blocks signals until it has reset the signal
handlers. So the new worker never runs the supervisor's handler.
"""

import contextlib
import logging
import os
import select
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from emulator.app import Emulator
from emulator.http.announcement import Announcement
from emulator.http.initial import load_initial
from emulator.http.listen import ServeError, listen
from emulator.http.memory_folder import memory_folder, room_in, shown
from emulator.http.observing.wanted import keeping_wanted
from emulator.http.peers import Peers, make_doors
from emulator.http.server import serve
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from storage import MemoryEngine, StorageError
from storage.data_folder import claimed

if TYPE_CHECKING:
    from types import FrameType

    from emulator.http.parent import Parent

log = logging.getLogger("emulator")

_TOO_SOON: Final = 1.0  # seconds; a worker that runs for a shorter time counts as broken
_PATIENCE: Final = 5  # the number of broken workers in a row after which the server stops
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


def run(settings: Settings, parent: "Parent | None" = None) -> None:
    """Serve with settings.workers processes until a signal arrives or the parent has ended.

    Raises ServeError, StorageError, BadDeclaration.
    """
    if not (hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")):
        raise ServeError("--workers needs an operating system with fork and SO_REUSEPORT, such as Linux or macOS")
    with _folder(settings) as with_folder, contextlib.ExitStack() as stack:
        listeners = [listen(settings)]
        port = listeners[0][0].getsockname()[1]
        again = replace(settings, port=port)
        listeners += [listen(again, again=True) for _ in range(settings.workers - 1)]
        stack.callback(_close, listeners)
        announcement = stack.enter_context(contextlib.closing(Announcement(settings)))
        # Open the store before the workers do, to load the initial data. If the folder cannot be
        # used, the supervisor reports it now, and not each worker.
        checked = Emulator(with_folder)
        try:
            load_initial(checked)
        finally:
            checked.close()
        storage = _description(with_folder.folder) if settings.folder is None else checked.database.engine.description
        supervisor = Supervisor(
            with_folder, listeners, temporary=with_folder.folder if settings.folder is None else None
        )
        stack.callback(supervisor.close)
        if parent is not None:
            parent.watch(lambda: os.kill(os.getpid(), signal.SIGTERM))
        try:
            if supervisor.start():
                announcement.announce(port, storage)
        except ServeError:
            supervisor.stop()
            raise
        supervisor.supervise()


@contextlib.contextmanager
def _folder(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with the data folder that the workers share. Raises StorageError.

    The folder is claimed for this server, so that no other server uses it. With --in-memory, this
    makes a new folder in memory, and removes it at the end.
    """
    if settings.folder is None:
        with memory_folder() as folder:
            yield replace(settings, in_memory=False, data_dir=folder)
    else:
        with claimed(settings.folder):
            yield settings


def _description(folder: Path | None) -> str:
    """Return a text about the storage, for the start-up message. folder: the folder in memory."""
    assert folder is not None, "workers share a folder"
    return f"{MemoryEngine.description}; {folder.parent} has room for {shown(room_in(folder))}"


def _report(ready: int | None) -> None:
    """Report to the supervisor that this worker answers requests.

    ready: the worker's end of a pipe to the supervisor. A restarted worker has None: it need not
    report.
    """
    if ready is not None:
        os.write(ready, b"1")
        os.close(ready)


def _close(listeners: list[list[socket.socket]]) -> None:
    for sockets in listeners:
        for listener in sockets:
            listener.close()


class Supervisor:
    """Starts, restarts and stops the workers.

    temporary: the folder in memory, None without --in-memory. If the supervisor ends before
    worker 0 does, worker 0 removes this folder when it ends.
    """

    def __init__(self, settings: Settings, listeners: list[list[socket.socket]], *, temporary: Path | None) -> None:
        self._settings = settings
        self._temporary = temporary
        self._listeners = listeners
        self._shared_memory = SharedMemory(len(listeners))
        self._shared_memory.keeps_requests = keeping_wanted(settings)
        self._shared_memory.advises = settings.advise
        self._doors = make_doors(len(listeners))
        self._workers: dict[int, tuple[int, float]] = {}  # process id -> worker index, time of start
        self._stopping = False
        self._died_too_soon = 0
        # Nobody writes to this pipe. When the supervisor ends, its end of the pipe closes. This
        # makes the other end readable, so the workers notice.
        self._lifeline, self._alive = os.pipe()

    def close(self) -> None:
        """Close the sockets between the workers."""
        for door in self._doors:
            for end in door:
                end.close()

    def start(self) -> bool:
        """Start all workers, and wait until each of them answers requests.

        Return False if a signal arrives meanwhile. Raises ServeError if a worker does not start.
        """
        for number in _ENDINGS:
            signal.signal(number, self.stop)
        for worker_index in range(len(self._listeners)):
            reading, writing = os.pipe()
            self._fork(worker_index, writing)
            os.close(writing)
            started = os.read(reading, 1)
            os.close(reading)
            if self._stopping:
                return False
            if not started:
                raise ServeError("a worker process did not start: see its error in the log")
        return True

    def supervise(self) -> None:
        """Restart workers that die. Return when all workers have ended after a signal.

        Raises ServeError if too many workers in a row have died soon after their start.
        """
        while self._workers:
            try:
                process, status = os.wait()
            except ChildProcessError:
                break
            worker_index, since = self._workers.pop(process, (0, 0.0))
            if self._stopping:
                continue
            self._died_too_soon = self._died_too_soon + 1 if time.monotonic() - since < _TOO_SOON else 0
            outcome = "" if self._died_too_soon == _PATIENCE else "; the server restarts it"
            log.error("worker %d ended with status %d%s", worker_index, os.waitstatus_to_exitcode(status), outcome)
            if self._died_too_soon == _PATIENCE:
                self.stop()
            else:
                self._fork(worker_index, None)
        if self._died_too_soon == _PATIENCE:
            raise ServeError("worker processes end as soon as they have started: see the errors in the log")

    def stop(self, _number: int = 0, _frame: "FrameType | None" = None) -> None:
        """Stop accepting connections, and stop the workers. This is also the handler of signals."""
        self._stopping = True
        _close(self._listeners)  # otherwise the kernel would accept connections that no process answers
        for process in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    def _fork(self, worker_index: int, ready: int | None) -> None:
        """Fork a worker, unless the server is stopping."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        try:
            if self._stopping:
                return
            process = os.fork()
            if process == 0:
                self._work(worker_index, ready)
            self._workers[process] = (worker_index, time.monotonic())
            if self._stopping:
                os.kill(process, signal.SIGTERM)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _work(self, worker_index: int, ready: int | None) -> NoReturn:
        """Run the worker in the new process, and then end the process. This never returns."""
        status = 1
        try:
            for number in _ENDINGS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
            os.close(self._alive)
            for other, listener in enumerate(self._listeners):
                if other != worker_index:
                    _close([listener])
            self._shared_memory.worker_index = worker_index
            # This worker may replace one that died. The dead worker may have committed a change
            # without notifying the other workers. So notify them now.
            self._shared_memory.notify(b"")
            emulator = Emulator(self._settings, sharing=self._shared_memory)
            try:
                serve(
                    emulator,
                    self._listeners[worker_index],
                    partial(_report, ready),
                    lifeline=self._lifeline,
                    peers=Peers(self._doors, worker_index),
                )
            finally:
                emulator.close()
                if self._temporary is not None and worker_index == 0 and self._orphaned():
                    shutil.rmtree(self._temporary, ignore_errors=True)
            status = 0
        except StorageError as error:
            log.critical("worker %d: %s", worker_index, error)
        except Exception:
            log.exception("worker %d", worker_index)
        finally:
            os._exit(status)

    def _orphaned(self) -> bool:
        """Return True if the supervisor has ended. Only workers call this."""
        return bool(select.select([self._lifeline], [], [], 0)[0])
