"""Checks, when the server starts, that functions can run.

The functions' Python interpreters must start, and their modules must exist. Each interpreter is
started once and searches for the modules itself (event_sources/child.py). So the server imports no
code of the user. To find a module of a package, the interpreter first looks in the folders of the
package, and imports the package only if the module is not there.
"""

import json
import subprocess
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Final

from emulator.event_sources import child
from emulator.event_sources.configuration import BadConfiguration, Function, Handler, load

_PATIENCE: Final = 30.0  # seconds in which an interpreter must print its answer


def check_functions(path: str) -> None:
    """Check the Python functions of a configuration file. Raises BadConfiguration."""
    handlers = [(function, function.target) for function in load(path).values() if isinstance(function.target, Handler)]
    for _, group in groupby(sorted(handlers, key=_interpreter), key=_interpreter):
        _check(Path(path).absolute(), list(group))


def _interpreter(pair: tuple[Function, Handler]) -> str:
    return pair[1].python


def _check(path: Path, pairs: list[tuple[Function, Handler]]) -> None:
    """Check that an interpreter starts and finds the modules of its functions.

    path: the configuration file, for messages. pairs: functions with the same interpreter.
    Raises BadConfiguration.
    """
    function, handler = pairs[0]
    where = f"{path}: {function.name}"
    modules = [target.module for _, target in pairs]
    command = [handler.python, child.__file__, "--find", json.dumps(modules), handler.folder, str(Path.cwd())]
    try:
        done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE, check=False)  # noqa: S603 - the user chose it
    except OSError as error:
        raise BadConfiguration(f"{where}: cannot run {handler.python}: {error.strerror}") from error
    except subprocess.TimeoutExpired:
        raise BadConfiguration(f"{where}: {handler.python} did not answer within {_PATIENCE:.0f} seconds") from None
    try:
        missing = json.loads(done.stdout)
    except ValueError:
        missing = None
    if not isinstance(missing, list):
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or f"exit status {done.returncode}"
        raise BadConfiguration(f"{where}: {handler.python} is not a Python interpreter that can run functions: {said}")
    _refuse_missing(path, pairs, missing)


def _refuse_missing(path: Path, pairs: Iterable[tuple[Function, Handler]], missing: list[str]) -> None:
    for function, handler in pairs:
        if handler.module in missing:
            folders = " or ".join(dict.fromkeys((handler.folder, str(Path.cwd()))))
            raise BadConfiguration(f"{path}: {function.name}: there is no module {handler.module} in {folders}")
