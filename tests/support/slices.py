"""Sends requests to an emulator in process that answers them in slices, as a server does."""

import json
from collections.abc import Callable
from typing import Any

from emulator.slices import Sliced
from tests.support.in_process import InProcess


def sliced(
    db: InProcess, operation: str, request: Any, between: Callable[[], object] = lambda: None
) -> tuple[Any, int]:
    """Send a request, and run all slices of its answer.

    Return the parsed answer and the number of slices, which is 0 if the answer needed none.
    Raises ApiError.

    between: a function that is called after each slice.
    """
    db.emulator.database.sliced = True
    try:
        answer = db.emulator.call(operation, json.loads(json.dumps(request)), db.caller)
    except Sliced as found:
        db.emulator.database.sliced = False
        steps = 0
        while True:
            try:
                next(found.steps)
            except StopIteration as end:
                return json.loads(end.value), steps
            between()
            steps += 1
    finally:
        db.emulator.database.sliced = False
    return json.loads(answer), 0
