"""`dynamodb-emulator exec -- COMMAND...`: run a command with a server of its own.

The server keeps its data in memory and listens on a free port. The AWS_* variables of the command's
environment lead the SDKs there. The server takes its settings from DYNAMODB_EMULATOR_* variables.

Exit status: that of the command; 128 + n if signal n has ended it; 127 if there is no such command,
126 if it cannot be run; 2 if the server cannot start.
"""

import os
import signal
import subprocess
import sys
from argparse import REMAINDER
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dynamodb_emulator._process import Process, StartError
from dynamodb_emulator._variables import changes, variables
from emulator.flags import Parser

if TYPE_CHECKING:
    from types import FrameType

_CANNOT_START: Final = 2
_CANNOT_RUN: Final = 126
_NOT_FOUND: Final = 127
_SIGNALLED: Final = 128

_FORWARDED: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT") if hasattr(signal, name)
)
_OF_A_TERMINAL: Final = frozenset(("SIGINT", "SIGQUIT"))


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator exec",
        description="Run a command with a server of its own, in memory. The command's environment has the AWS_* "
        "variables of the server. DYNAMODB_EMULATOR_* variables are the settings of the server.",
        usage="%(prog)s [--access-key KEY] [--region NAME] -- COMMAND...",
    )
    parser.add_argument("--access-key", metavar="KEY", default="local", help="access key (default: local)")
    parser.add_argument("--region", metavar="NAME", default="us-east-1", help="region (default: us-east-1)")
    parser.add_argument("command", metavar="COMMAND", nargs=REMAINDER, help="the command and its arguments")
    options = parser.parse_args(arguments)
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        parser.error("a COMMAND is needed")
    with _forwarding() as child:
        try:
            server = Process(["--in-memory"], os.environ, errors=sys.stderr.fileno())
        except StartError as error:
            return _fail(str(error), _CANNOT_START)
        try:
            return child.run(command, _environment(variables(server.url, options.access_key, options.region)))
        finally:
            server.stop()


class _Child:
    """The command's process. It receives the signals of this process."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._received: int | None = None

    def run(self, command: Sequence[str], environment: dict[str, str]) -> int:
        """Run the command and return its exit status as shells do."""
        if self._received is not None:  # while the server was starting
            return _SIGNALLED + self._received
        try:
            self._process = subprocess.Popen(command, env=environment)  # noqa: S603 - the user's command
        except FileNotFoundError:
            return _fail(f"there is no command {command[0]}", _NOT_FOUND)
        except OSError as error:
            return _fail(f"cannot run {command[0]}: {error.strerror}", _CANNOT_RUN)
        if self._received is not None:
            self._process.send_signal(self._received)
        status = self._process.wait()
        return status if status >= 0 else _SIGNALLED - status

    def forward(self, number: int, _frame: "FrameType | None") -> None:
        """Send the command a signal. A terminal has sent its signals to the command already."""
        if self._process is None:
            self._received = number
        elif signal.Signals(number).name not in _OF_A_TERMINAL or not _in_foreground():
            self._process.send_signal(number)


@contextmanager
def _forwarding() -> Iterator[_Child]:
    """Forward signals to a child for the length of a with block."""
    child = _Child()
    before = {number: signal.signal(number, child.forward) for number in _FORWARDED}
    try:
        yield child
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Say whether the terminal sends Ctrl-C to the process group of this process."""
    if not hasattr(os, "tcgetpgrp"):
        return True  # Windows sends it to all processes of the console
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)


def _environment(ours: dict[str, str]) -> dict[str, str]:
    """Return the environment of the command."""
    whole: dict[str, str | None] = {**os.environ, **changes(ours, os.environ)}
    return {name: text for name, text in whole.items() if text is not None}


def _fail(why: str, status: int) -> int:
    print(f"dynamodb-emulator: {why}", file=sys.stderr)  # noqa: T201 - the message for the user
    return status
