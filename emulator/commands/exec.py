"""`dynamodb-emulator exec -- COMMAND...`: start a server, run a command, and stop the server.

The server keeps its data in memory and listens on a free port. AWS_* variables in the command's
environment direct the SDKs to the server. The server takes its settings, except data folder and
port, from DYNAMODB_EMULATOR_* variables. Only the command writes to stdout. The server logs each
request to stderr, unless DYNAMODB_EMULATOR_LOG_REQUESTS is 0.

Exit status: the exit status of the command; 128 + n if signal n has ended the command; 127 if there
is no such command; 126 if it cannot be run; 2 if the server cannot start or its tables cannot be
dumped.
"""

import os
import signal
import subprocess
import sys
from argparse import REMAINDER, Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import TYPE_CHECKING, Final

from dynamodb_emulator._process import Process, StartError
from dynamodb_emulator._variables import changes, variables
from emulator.flags import Parser

if TYPE_CHECKING:
    from types import FrameType

_LOG: Final = "DYNAMODB_EMULATOR_LOG_REQUESTS"
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
        description="Start a server in memory, run a command, and stop the server. AWS_* variables in the command's "
        "environment direct SDKs to the server. To change the server's settings (except data folder and port), set "
        "DYNAMODB_EMULATOR_* variables. The server logs each request to stderr, unless "
        "DYNAMODB_EMULATOR_LOG_REQUESTS is 0.",
        usage="%(prog)s [OPTION...] -- COMMAND...",
    )
    parser.add_argument(
        "--load",
        metavar="PATH",
        action="append",
        default=[],
        help="load tables and items from this file or folder first, as the command `load` does; may be repeated",
    )
    parser.add_argument(
        "--export-on-exit", metavar="DIR", help="when the command has ended, dump all tables into this folder"
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
            server = Process(
                ["--in-memory", *(f"--init={path}" for path in options.load)],
                # The server loads the files into tables of this access key and region.
                {_LOG: "1", **os.environ, "AWS_ACCESS_KEY_ID": options.access_key, "AWS_REGION": options.region},
                errors=sys.stderr.fileno(),
            )
        except StartError as error:
            return _fail(str(error), _CANNOT_START)
        try:
            status = child.run(command, _environment(variables(server.url, options.access_key, options.region)))
            if options.export_on_exit is not None:
                status = _export(options.export_on_exit, server.url, options) or status
            return status
        finally:
            server.stop()


def _export(folder: str, url: str, options: Namespace) -> int:
    """Dump all tables, and return the exit status of the command `dump`.

    The summary that `dump` prints goes to stderr.
    """
    from emulator.commands import dump  # noqa: PLC0415 - most commands do not need it

    found = ("--endpoint", url, "--access-key", options.access_key, "--region", options.region)
    with redirect_stdout(sys.stderr):  # only the command may write to stdout
        return dump.main([*found, "--", folder])


class _Child:
    """The process of the command.

    `forward` handles the signals that this program receives: it passes them on to the command.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._begun = False
        self._received: int | None = None

    def run(self, command: Sequence[str], environment: dict[str, str]) -> int:
        """Run the command and return its exit status, or 128 + n if signal n has ended it."""
        self._begun = True
        try:
            self._process = subprocess.Popen(command, env=environment)  # noqa: S603 - the user's command
        except FileNotFoundError:
            return _fail(f"there is no command {command[0]}", _NOT_FOUND)
        except OSError as error:
            return _fail(f"cannot run {command[0]}: {error.strerror}", _CANNOT_RUN)
        if self._received is not None:
            self._process.send_signal(self._received)
        status = self._process.wait()
        self._begun = False
        return status if status >= 0 else _SIGNALLED - status

    def forward(self, number: int, _frame: "FrameType | None") -> None:
        """Send the command a signal, unless the terminal has already sent it to the command.

        If the command is not running, the signal ends this process.
        """
        if not self._begun:
            sys.exit(_SIGNALLED + number)
        if self._process is None:
            self._received = number
        elif signal.Signals(number).name not in _OF_A_TERMINAL or not _in_foreground():
            self._process.send_signal(number)


@contextmanager
def _forwarding() -> Iterator[_Child]:
    """Forward signals to a child process until the end of a `with` block."""
    child = _Child()
    before = {number: signal.signal(number, child.forward) for number in _FORWARDED}
    try:
        yield child
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _in_foreground() -> bool:
    """Return True if the terminal sends Ctrl-C to this process and its child processes."""
    if not hasattr(os, "tcgetpgrp"):
        return True  # Windows sends Ctrl-C to all processes of the console
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
    """Return the environment of the command. ours: the variables that direct SDKs to the server."""
    whole: dict[str, str | None] = {**os.environ, **changes(ours, os.environ)}
    return {name: text for name, text in whole.items() if text is not None}


def _fail(why: str, status: int) -> int:
    print(f"dynamodb-emulator: {why}", file=sys.stderr)  # noqa: T201 - the message for the user
    return status
