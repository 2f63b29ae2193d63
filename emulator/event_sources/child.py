"""The process that runs a function of a Python module: `python child.py module:callable folder...`.

This module imports only the standard library, and Python runs it as a file. So the module path has
none of the emulator's modules and dependencies, which could hide modules of the user. The folders
in the command come first on the module path.

Each request is a line on stdin. Each response is a line on stdout. The process answers one request
at a time. A request and the two forms of a response:

    {"id": .., "arn": .., "name": .., "timeout": seconds, "event": ..}
    {"result": ..} or {"error": {..}}

The first line that the process writes is `{}`, or the error that importing the module raised. The
output of the function goes to stderr. The process ends when stdin ends.

If a source file of the function has changed, the response to the next request is `{"changed": <the
file>}`, and the function does not run: a new process must load the new code. Source files are the
files of those imported modules that are in the folders and not in an installed package.

    python child.py --find <JSON list of modules> folder...

writes a JSON list of the given modules that do not exist. To find a module, the process first
searches the folders of the module's packages. It imports the packages only if this search fails.
"""

import importlib
import importlib.util
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass, field
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Any, BinaryIO

_INSTALLED = {"site-packages", "dist-packages"}
# The memory limit that a Context reports: Lambda's smallest, in megabytes. It is not enforced.
_MEMORY = 128


@dataclass
class Context:
    """The `context` object that a handler gets as its second argument.

    Source: Lambda, "Using the Lambda context object to retrieve Python function information".
    """

    function_name: str
    invoked_function_arn: str
    aws_request_id: str
    deadline: float
    function_version: str = "$LATEST"
    memory_limit_in_mb: str = str(_MEMORY)
    log_group_name: str = ""
    log_stream_name: str = ""
    identity: Any = None
    client_context: Any = None
    _clock: Any = field(default=time.monotonic, repr=False)

    def get_remaining_time_in_millis(self) -> int:
        """Return the number of milliseconds until the invocation times out."""
        return max(0, int((self.deadline - self._clock()) * 1000))


class Sources:
    """Notices changes in the source files of imported modules, by the files' times and sizes.

    folders: files outside of these folders are ignored.
    """

    def __init__(self, folders: list[str]) -> None:
        self._roots = tuple(f"{Path(folder).resolve()}{os.sep}".replace(os.sep * 2, os.sep) for folder in folders)
        self._modules = 0
        self._stamps: dict[str, tuple[int, int] | None] = {}

    def collect(self) -> None:
        """Add the source files of modules that were imported since the previous call."""
        if len(sys.modules) != self._modules:
            self._modules = len(sys.modules)
            for module in list(sys.modules.values()):
                file = getattr(module, "__file__", None)
                if isinstance(file, str) and file not in self._stamps and self._is_ours(file):
                    self._stamps[file] = _stamp(file)

    def _is_ours(self, file: str) -> bool:
        return os.path.realpath(file).startswith(self._roots) and not _INSTALLED & set(Path(file).parts)

    def changed(self) -> str:
        """Return a file that was changed or deleted after `collect` added it; "" if no file was."""
        return next((file for file, stamp in self._stamps.items() if _stamp(file) != stamp), "")


def _stamp(file: str) -> "tuple[int, int] | None":
    try:
        status = Path(file).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def main(arguments: list[str]) -> None:
    """Answer the requests on stdin, or find modules (`--find`).

    arguments: the arguments of the command, which the module's docstring explains.
    """
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # sends the function's output to stderr, and its subprocesses' output too
    sys.stdout = sys.stderr
    folders = arguments[2:] if arguments[0] == "--find" else arguments[1:]
    here = str(Path(__file__).parent)
    sys.path[:] = [*folders, *(folder for folder in sys.path if folder != here)]
    if arguments[0] == "--find":
        _write(answers, [module for module in json.loads(arguments[1]) if not _exists(module)])
        return
    sources = Sources(folders)
    try:
        handler = _handler(arguments[0])
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit too
        _write(answers, {"error": _described(error)})
        return
    _write(answers, {})
    sources.collect()
    for line in sys.stdin.buffer:
        changed = sources.changed()
        if changed:
            _write(answers, {"changed": changed})
            return
        request = json.loads(line)
        context = Context(request["name"], request["arn"], request["id"], time.monotonic() + request["timeout"])
        answer = _answer(handler, request["event"], context)
        sources.collect()
        _write(answers, answer)


def _exists(module: str) -> bool:
    """Return True if a module exists.

    First, search the folders of the packages that contain the module. Only if this search fails,
    import the packages.
    """
    top, *names = module.split(".")
    spec = importlib.util.find_spec(top)
    name = top
    for part in names:
        name = f"{name}.{part}"
        spec = spec and PathFinder.find_spec(name, spec.submodule_search_locations or [])
    if spec is not None:
        return True
    try:
        return importlib.util.find_spec(module) is not None
    except BaseException:  # noqa: BLE001 - a package may raise anything
        return False


def _handler(text: str) -> Any:  # noqa: ANN401 - any object of the module
    module, _, path = text.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _answer(handler: Any, event: Any, context: Context) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    try:
        result = handler(event, context)
        json.dumps(result)  # raises if the result is not JSON: the function then fails, as on Lambda
    except Exception as error:  # noqa: BLE001 - the function may raise anything
        traceback.print_exc()
        return {"error": _described(error)}
    return {"result": result}


def _described(error: BaseException) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_exception(error),
    }


def _write(answers: BinaryIO, answer: dict[str, Any] | list[str]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
