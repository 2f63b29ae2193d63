"""Several worker processes over one folder, on one port.

The first process only watches: it binds the port, once for each worker (the kernel spreads connections over sockets of one
port), forks the workers, starts one again that died, and ends them all. It never opens the store while workers live, so
what it forks has nothing of a store in it. A worker is an ordinary server (server.py) with a seat; seat 0 does what is
nobody's request. A worker whose watcher is gone ends: the pipe that only the watcher holds open says so.

Without a data folder the workers share one in memory (tmpfs), which goes at the end; seat 0 removes it where the watcher
has gone without doing so.

A signal may come while a worker is being made. The watcher passes it on once the worker is listed; the worker itself must
not take it for one to the watcher, so it is blocked until the worker has its own ways with signals.
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
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

from emulator.app import Emulator
from emulator.http.listen import ServeError, listen
from emulator.http.memory_folder import memory_folder
from emulator.http.server import greeting, serve
from emulator.settings import Settings
from emulator.sharing import Sharing
from storage import MemoryEngine, StorageError
from storage.data_folder import claimed

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("emulator")

_TOO_SOON: Final = 1.0  # seconds after its start in which a worker should not die
_PATIENCE: Final = 5  # workers that may die too soon, one after another, before the server gives up
_ENDINGS: Final = (signal.SIGINT, signal.SIGTERM)


def run(settings: Settings) -> None:
    """Serve with settings.workers processes until a signal comes. Raises ServeError, StorageError, BadDeclaration."""
    if not (hasattr(os, "fork") and hasattr(socket, "SO_REUSEPORT")):
        raise ServeError("--workers needs an operating system with fork and SO_REUSEPORT")
    with _folder(settings) as with_folder, contextlib.ExitStack() as stack:
        assert with_folder.data_dir is not None, "several processes have a folder in common"
        listeners = [listen(settings)]
        port = listeners[0][0].getsockname()[1]
        again = replace(settings, port=port)
        listeners += [listen(again, again=True) for _ in range(settings.workers - 1)]
        stack.callback(_close, listeners)
        checked = Emulator(with_folder)  # whatever is wrong with the folder is reported once, here
        checked.close()
        storage = MemoryEngine.description if settings.in_memory else checked.database.engine.description
        watcher = _Watcher(with_folder, listeners, temporary=with_folder.data_dir if settings.in_memory else None)
        if watcher.start():
            print(greeting(settings, port, storage), end="", flush=True)  # noqa: T201 - the user's start-up block
        watcher.watch()


@contextlib.contextmanager
def _folder(settings: Settings) -> Iterator[Settings]:
    """Yield the settings with a data folder that this server holds: their own or, in memory, one that goes at the end.

    Raises StorageError.
    """
    if settings.in_memory:
        with memory_folder() as folder:
            yield replace(settings, in_memory=False, data_dir=folder)
    else:
        assert settings.data_dir is not None, "what is not in memory has a folder"
        with claimed(settings.data_dir):
            yield settings


def _close(listeners: list[list[socket.socket]]) -> None:
    for sockets in listeners:
        for listener in sockets:
            listener.close()


class _Watcher:
    """The process that watches over the workers. temporary: a folder that goes with the server."""

    def __init__(self, settings: Settings, listeners: list[list[socket.socket]], *, temporary: Path | None) -> None:
        self._settings = settings
        self._temporary = temporary
        self._listeners = listeners
        self._sharing = Sharing(len(listeners))
        self._workers: dict[int, tuple[int, float]] = {}  # process id -> seat, time of start
        self._stopping = False
        self._died_too_soon = 0
        self._lifeline, self._alive = os.pipe()  # nobody writes; the reading end sees when the watcher is gone

    def start(self) -> bool:
        """Start all workers and wait until each of them serves; False if a signal came before. Raises ServeError."""
        for number in _ENDINGS:
            signal.signal(number, self._stop)
        for seat in range(len(self._listeners)):
            reading, writing = os.pipe()
            self._fork(seat, writing)
            os.close(writing)
            started = os.read(reading, 1)
            os.close(reading)
            if self._stopping:
                return False
            if not started:
                self._stop()
                raise ServeError("a worker process did not start: see the log")
        return True

    def watch(self) -> None:
        """Start workers again that die, until all have ended because they were told to.

        Raises ServeError where they die as soon as they have started.
        """
        while self._workers:
            try:
                process, status = os.wait()
            except ChildProcessError:
                break
            seat, since = self._workers.pop(process, (0, 0.0))
            if self._stopping:
                continue
            self._died_too_soon = self._died_too_soon + 1 if time.monotonic() - since < _TOO_SOON else 0
            outcome = "" if self._died_too_soon == _PATIENCE else "; another one takes its place"
            log.error("worker %d ended with status %d%s", seat, os.waitstatus_to_exitcode(status), outcome)
            if self._died_too_soon == _PATIENCE:
                self._stop()
            else:
                self._fork(seat, None)
        if self._died_too_soon == _PATIENCE:
            raise ServeError("worker processes end as soon as they have started: see the log")

    def _stop(self, _number: int = 0, _frame: "FrameType | None" = None) -> None:
        self._stopping = True
        _close(self._listeners)  # else the kernel goes on accepting connections, which nobody would answer
        for process in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)

    def _fork(self, seat: int, ready: int | None) -> None:
        """Start a worker, unless all are to end."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
        try:
            if self._stopping:
                return
            process = os.fork()
            if process == 0:
                self._work(seat, ready)
            self._workers[process] = (seat, time.monotonic())
            if self._stopping:
                os.kill(process, signal.SIGTERM)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _work(self, seat: int, ready: int | None) -> NoReturn:
        """Be a worker; never return into the watcher's code."""
        status = 1
        try:
            for number in _ENDINGS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDINGS)
            os.close(self._alive)
            for other, listener in enumerate(self._listeners):
                if other != seat:
                    _close([listener])
            self._sharing.seat = seat
            self._sharing.hint(b"")  # of what the worker before may have committed and not told
            emulator = Emulator(self._settings, sharing=self._sharing)
            try:
                serve(emulator, self._listeners[seat], self._settings, ready=ready, lifeline=self._lifeline)
            finally:
                emulator.close()
                if self._temporary is not None and seat == 0 and self._orphaned():
                    shutil.rmtree(self._temporary, ignore_errors=True)
            status = 0
        except StorageError as error:
            log.critical("worker %d: %s", seat, error)
        except Exception:
            log.exception("worker %d", seat)
        finally:
            os._exit(status)

    def _orphaned(self) -> bool:
        """Say whether the watcher is gone; for workers."""
        return bool(select.select([self._lifeline], [], [], 0)[0])
