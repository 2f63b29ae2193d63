"""Long work for an answer, done in slices between which other requests are answered.

    handler ──raises Sliced──▶ http.protocol ──raises Pending──▶ connection: http.turns runs the slices, one in a turn

The work is a generator. Each step does a slice of it, a few milliseconds at most, and holds no transaction when it yields.
Whoever calls without a server, such as a test, runs all slices at once (`finish`).
"""

from collections.abc import Generator
from typing import Final, TypeVar

_T = TypeVar("_T")

Steps = Generator[float | None, None, _T]
"""Work in slices; what the generator returns is the result. It yields None, or the seconds for which it only waits."""

PARSED_IN_STEP: Final = 8_000  # characters of expressions or statements that one step parses: 3 to 12 ms
DECODED_IN_STEP: Final = 200_000  # bytes of rows that one step decodes and projects: 2 to 8 ms


class Sliced(Exception):
    """Raised by an operation in the place of an answer that takes long; `steps` makes the answer."""

    def __init__(self, steps: Steps[bytes]) -> None:
        super().__init__("the answer is made in slices")
        self.steps = steps


def in_slices(steps: Steps[bytes], *, sliced: bool) -> bytes:
    """Return an answer that takes one step. For a longer one raise Sliced, or run all steps if the caller cannot wait."""
    try:
        next(steps)
    except StopIteration as end:
        answer: bytes = end.value
        return answer
    if sliced:
        raise Sliced(steps)
    return finish(steps)


def finish(steps: Steps[_T]) -> _T:
    """Run all slices at once; return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
