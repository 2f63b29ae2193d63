"""Server processes that a test starts, and the kinds of server on which the black-box tests run."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.engines import ENGINES, arguments_of_engine

ROOT = Path(__file__).parents[2]


class ServerKind(NamedTuple):
    """A kind of server: its engine, the module that Python runs, and additional arguments."""

    engine: str
    module: str = "emulator"
    extra: tuple[str, ...] = ()

    def arguments(self, folder: Path) -> tuple[str, ...]:
        """Return the arguments of a server of this kind whose data folder is `folder`."""
        return *arguments_of_engine(self.engine, folder), *self.extra


SERVERS = {
    **{name: ServerKind(name) for name in ENGINES},
    "workers": ServerKind("lmdb", extra=("--workers", "2")),
    "asgi": ServerKind("memory", module="tests.support.asgi_server"),
}
"""The kinds of server on which the black-box tests run."""


class Server:
    """A server process that the test starts and stops.

    url: its address. printed: the lines that it has printed up to the address.
    module: the module of this source tree that Python runs. command: a program that runs instead
    of the module. folder: the working directory.
    """

    url: str

    def __init__(
        self, *arguments: str, module: str = "emulator", command: tuple[str, ...] = (), folder: Path = ROOT
    ) -> None:
        program = command or (sys.executable, "-m", module)
        whole = [*program, "--port", "0", "--log-level", "warning", *arguments]
        self.process = subprocess.Popen(whole, stdout=subprocess.PIPE, text=True, cwd=folder)
        assert self.process.stdout is not None
        self._output = self.process.stdout
        self.printed: list[str] = []
        for line in self._output:
            self.printed.append(line)
            if line.split()[:1] == ["address"]:
                self.url = line.split()[1]
                return
        raise AssertionError("the server did not start: " + "".join(self.printed))

    def stop(self, patience: float = 20) -> int:
        """Send SIGTERM, and wait for at most `patience` seconds; return the exit status."""
        self.process.terminate()
        self._output.close()
        return self.process.wait(patience)

    def workers(self) -> list[int]:
        """Return the process ids of the server's worker processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(number) for number in children.read_text().split()]

    def kill(self) -> None:
        """Kill the server and its workers."""
        workers = self.workers() if self.process.poll() is None else []
        self.process.kill()
        for worker in workers:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
        self._output.close()
        self.process.wait(20)


@contextmanager
def running(*arguments: str, **options: Any) -> Iterator[Server]:
    """Run a server until the end of a `with` block. The options are those of `Server`."""
    server = Server(*arguments, **options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def free_port() -> int:
    """Return a port that no process listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
