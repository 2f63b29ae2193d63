"""A server in a separate process. The server ends when the process that started it ends."""

import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import IO

_PACKAGES = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# The new Python process may not find this package, or may find another package with the same name.
# So the program puts the folder of this package on the module path. Python's flag -P keeps the
# current folder off the module path.
_PROGRAM = (
    f"import sys; sys.path.insert(0, {_PACKAGES!r}); from dynamodb_emulator.__main__ import main; "
    "del sys.path[0]; sys.exit(main())"
)
_FLAGS = ("--port=0", "--exit-with-parent")
_POLL = 0.002  # seconds between polls of the ready file; a start takes about 150 ms
_START = 60.0  # seconds after which a start has failed; there is no limit if the server loads files
_STOP = 10.0  # seconds after which a server that does not end is killed


def command(*arguments: str) -> list[str]:
    """Return the command line of `dynamodb-emulator` with these arguments, for a new process."""
    return [sys.executable, "-P", "-c", _PROGRAM, *arguments]


class StartError(Exception):
    """The server has not started. The message contains the server's output."""


class Process:
    """A server process. It listens on a free port, unless the arguments have a port.

    errors: a file for the server's stderr. If it is None, `log` returns both stdout and stderr,
    otherwise only stdout.
    """

    url: str

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], errors: int | IO[bytes] | None = None
    ) -> None:
        self._parent = os.getpid()
        self._output = tempfile.TemporaryFile("a+b")  # noqa: SIM115 - closed by `stop`
        with tempfile.TemporaryDirectory(prefix="dynamodb-emulator-") as folder:
            ready = os.path.join(folder, "ready")
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command(*_FLAGS, f"--ready-file={ready}", *arguments),
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output if errors is None else errors,
                env=environment,
                # Ctrl-C in a terminal must not end the server before the tests have cleaned up.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
            try:
                loads = any(each.startswith("--init") for each in arguments)
                self.url = self._wait_until_ready(ready, math.inf if loads else _START)
            except BaseException:
                self.stop()
                raise

    def log(self) -> str:
        """Return the server's stdout since its start, and its stderr unless `errors` gets it."""
        # The server writes at the position of this file. `pread` does not move the position, so the
        # server cannot overwrite earlier output.
        if hasattr(os, "pread"):
            file = self._output.fileno()
            output = os.pread(file, os.fstat(file).st_size, 0)
        else:
            self._output.seek(0)
            output = self._output.read()
        return output.decode(errors="replace")

    def stop(self) -> None:
        """End the server and wait for its end.

        Only the process that started the server can end it. In a forked child, `stop` does nothing.
        """
        if os.getpid() != self._parent:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def _wait_until_ready(self, ready: str, patience: float) -> str:
        """Return the URL that the server writes to its ready file. Raises StartError.

        ready: the path of this file. patience: the maximum number of seconds to wait.
        """
        end = time.monotonic() + patience
        while time.monotonic() < end:
            ended = self._process.poll() is not None
            with suppress(FileNotFoundError), open(ready, encoding="utf-8") as file:
                return file.read().strip()
            if ended:
                raise StartError(": ".join(filter(None, ("the server has ended at its start", self.log().strip()))))
            time.sleep(_POLL)
        raise StartError(f"the server was not ready after {patience:.0f} seconds: {self.log().strip()}")
