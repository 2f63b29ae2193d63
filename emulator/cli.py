"""The command line: reads the settings (flags.py) and runs the server.

Exit status: see the end of --help (flags.py).
"""

import contextlib
import errno
import gc
import logging
import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from emulator.commands import COMMANDS
from emulator.flags import configuration
from emulator.log_output import configure_log
from emulator.settings import Settings

if TYPE_CHECKING:
    from types import FrameType

log = logging.getLogger("emulator")

_HELP = ("help", "--help", "-h", "-help")
_CANNOT_START = 2
_INTERRUPTED = 130  # a process that Ctrl-C has ended has this exit status in shells
_KILLED = 128  # if signal n ends a process, shells report the exit status 128 + n


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    _open_standard_files()
    try:
        return _run(arguments)
    except KeyboardInterrupt:  # Ctrl-C was pressed before the server handles signals
        return _INTERRUPTED
    except OSError as error:
        if error.errno != errno.EMFILE:
            raise
        return _cannot_start("the process cannot open enough files: raise the limit that `ulimit -n` shows")


def _run(arguments: Sequence[str] | None) -> int:
    arguments = _help_last(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in COMMANDS:
        from importlib import import_module  # noqa: PLC0415 - start-up time

        status: int = import_module(f"emulator.commands.{arguments[0]}").main(arguments[1:])
        return status
    signal.signal(signal.SIGTERM, _end)
    # Read the parent's id before slow steps. If the parent ends, the server gets another parent.
    # --exit-with-parent compares the ids, so it also notices an end during the slow steps.
    started_by = os.getppid()
    settings, warnings = configuration(arguments, os.environ)
    configure_log(settings.log_level, settings.log_format, requests=settings.log_requests)
    for warning in warnings:
        log.warning("%s", warning)
    # These modules are imported after the flags are read, so that --help and messages about wrong
    # flags appear faster. Their objects live as long as the program. The garbage collector would
    # search them in vain for 20 ms, a twelfth of the start, so it is off during the imports.
    gc.disable()
    from emulator.app import Emulator  # noqa: PLC0415
    from emulator.controls.body import BadDeclaration  # noqa: PLC0415
    from emulator.http.announcement import Announcement  # noqa: PLC0415
    from emulator.http.initial import load_initial  # noqa: PLC0415
    from emulator.http.listen import ServeError, listen  # noqa: PLC0415
    from emulator.http.server import serve  # noqa: PLC0415
    from storage import StorageError  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    parent = None
    if settings.exit_with_parent:
        from emulator.http.parent import Parent  # noqa: PLC0415 - most starts do not need it

        parent = Parent(started_by)
    try:
        if settings.functions:
            from emulator.outbound.function_check import check_functions  # noqa: PLC0415 - most starts do not need it

            check_functions(settings.functions)
        if settings.workers > 1:
            from emulator.http import workers  # noqa: PLC0415

            workers.run(settings, parent)
            return 0
        with contextlib.ExitStack() as stack:
            listeners = [stack.enter_context(listener) for listener in listen(settings)]
            stack.enter_context(_claim(settings))
            emulator = Emulator(settings)
            port = listeners[0].getsockname()[1]
            storage = emulator.database.engine.description
            try:
                with contextlib.closing(Announcement(settings)) as announcement:
                    load_initial(emulator)
                    serve(emulator, listeners, lambda: announcement.announce(port, storage), parent=parent)
            finally:
                emulator.close()
    except BadDeclaration as error:
        return _cannot_start(f"--ongoing-transaction: {error}")
    except _bad_configuration() as error:
        return _cannot_start(f"--functions: {error}")
    except (ServeError, StorageError) as error:
        return _cannot_start(str(error))
    return 0


def _help_last(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments with `--help` after the command: `help load` becomes `load --help`."""
    if not arguments or arguments[0] not in _HELP:
        return arguments
    if arguments[1:] and arguments[1] in COMMANDS:
        return [arguments[1], "--help"]
    return ["--help", *arguments[1:]] if arguments[0] == "help" else arguments


def _end(number: int, _frame: "FrameType | None") -> NoReturn:
    """End the program at a signal that arrives before the server handles signals.

    Without this handler, the first process of a container would ignore the signal. Raising an
    exception would not be enough: some code ignores exceptions, such as callbacks of the garbage
    collector.
    """
    os._exit(_KILLED + number)


def _open_standard_files() -> None:
    """Open stdin, stdout and stderr if the caller has closed them.

    Otherwise the next files that the program opens would get the file descriptors 0, 1 and 2, and
    the program's output would be written into these files.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _claim(settings: Settings) -> contextlib.AbstractContextManager[None]:
    """Return a context manager that claims the data folder, so that no other server uses it.

    Entering it raises StorageError if the folder cannot be claimed.
    """
    if settings.folder is None:
        return contextlib.nullcontext()
    from storage.data_folder import claimed  # noqa: PLC0415 - start-up time

    return claimed(settings.folder)


def _bad_configuration() -> type[Exception]:
    """Return the class of the exception that a wrong --functions file raises.

    The class is imported only when a start fails, because most servers have no such file.
    """
    from emulator.event_sources.configuration import BadConfiguration  # noqa: PLC0415 - a fiftieth of the start-up time

    return BadConfiguration


def _cannot_start(why: str) -> int:
    print(f"dynamodb-emulator: {why}", file=sys.stderr)  # noqa: T201 - the message for the user
    return _CANNOT_START
