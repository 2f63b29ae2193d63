"""The process that runs a function of a Python module: `python child.py module:callable folder...`.

It stands alone, importing nothing but the standard library, and runs as a file, so that neither the emulator's modules
nor its dependencies are in the way of the user's. The folders come first on the module path.

Requests come as lines on stdin, answers go as lines to stdout, one at a time:

    {"id": .., "arn": .., "name": .., "timeout": seconds, "event": ..}     {"result": ..} or {"error": {..}}

The first line that it writes is `{}`, or the error of importing the module. What the function prints goes to stderr. The
end of stdin is the end of the process.
"""

import importlib
import json
import os
import sys
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

_MEMORY = 128  # megabytes, Lambda's smallest; nothing is limited


@dataclass
class Context:
    """What a handler gets beside its event (Lambda: "Using the Lambda context object to retrieve Python information")."""

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
        """Return the milliseconds until the invocation is ended."""
        return max(0, int((self.deadline - self._clock()) * 1000))


def main(arguments: list[str]) -> None:
    """Serve until stdin ends. arguments: the handler, then the folders of its module path."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints, subprocesses too
    sys.stdout = sys.stderr
    here = str(Path(__file__).parent)
    sys.path[:] = [*arguments[1:], *(folder for folder in sys.path if folder != here)]
    try:
        handler = _handler(arguments[0])
    except BaseException as error:  # noqa: BLE001 - a module may raise anything, SystemExit too
        _write(answers, {"error": _told(error)})
        return
    _write(answers, {})
    for line in sys.stdin.buffer:
        request = json.loads(line)
        context = Context(request["name"], request["arn"], request["id"], time.monotonic() + request["timeout"])
        _write(answers, _answer(handler, request["event"], context))


def _handler(text: str) -> Any:  # noqa: ANN401 - whatever the module has there
    module, _, path = text.partition(":")
    found = importlib.import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    return found


def _answer(handler: Any, event: Any, context: Context) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    try:
        result = handler(event, context)
        json.dumps(result)  # what cannot be told is the function's mistake, as in Lambda's runtime
    except Exception as error:  # noqa: BLE001 - the function's own
        traceback.print_exc()
        return {"error": _told(error)}
    return {"result": result}


def _told(error: BaseException) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_exception(error),
    }


def _write(answers: BinaryIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
