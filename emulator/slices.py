"""Long work for one response, done in slices. Other requests are answered between two slices.

    handler ──raises Sliced──▶ endpoint (http/front/dynamodb.py) ──raises Pending──▶ connection
    connection ──begins──▶ SlicedAnswers (http/front/sliced_answers.py) ──runs one slice at a time

The work is a generator. Each step does one slice, which takes a few milliseconds at most, and has
no open transaction when it yields. A caller without a server, such as a test, runs all slices at
once (`finish`).
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Final, TypeVar

_T = TypeVar("_T")

Steps = Generator[float | None, None, _T]
"""Work in slices.

The generator returns the result. It yields None, or the seconds until its next step.
"""

InThread = Callable[[Callable[[], None]], Callable[[], bool]]
"""A function that runs another function in a thread of its own.

It returns a function that returns whether the other function has ended.
"""

PARSED_IN_STEP: Final = 8_000  # characters of expressions or statements that one step parses: 3 to 12 ms
PLANNED_IN_STEP: Final = 40_000  # characters of statements that one step plans for their tables
DECODED_IN_STEP: Final = 200_000  # bytes of rows that one step decodes and projects: 2 to 8 ms


COPIED_IN_STEP: Final = 4 << 20
"""The most bytes of values that one step copies in the store: about 10 ms on disk."""

THREAD_SWITCH: Final = 0.0005
"""Seconds that a thread runs before Python switches to another one, while two do long work.

To answer a client, the main thread needs the interpreter two or three times. With Python's default,
it would wait 5 ms each time.
"""


def portion(
    pairs: Iterable[tuple[bytes, bytes]], limit: int, room: int = COPIED_IN_STEP
) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Return the first pairs of an iterator, and whether more may follow.

    Returns at most `limit` pairs. Stops after the pair with which the values reach `room` bytes.
    """
    taken = []
    for pair in pairs:
        taken.append(pair)
        room -= len(pair[1])
        if len(taken) >= limit or room <= 0:
            return taken, True
    return taken, False


class Sliced(Exception):
    """An operation raises this instead of returning a response that takes long to make.

    steps: the work that makes the response. many_objects: whether the work has so many objects that
    the garbage collector should rest meanwhile (http/front/resting.py).
    """

    def __init__(self, steps: Steps[bytes], *, many_objects: bool = False) -> None:
        super().__init__("the answer is made in slices")
        self.steps = steps
        self.many_objects = many_objects


def surrounded(steps: Steps[_T], enter: Callable[[], None], leave: Callable[[], None]) -> Steps[_T]:
    """Run steps, and call `enter` before each of them and `leave` after it."""
    with closing(steps):
        while True:
            enter()
            try:
                pause = next(steps)
            except StopIteration as end:
                result: _T = end.value
                return result
            finally:
                leave()
            yield pause


class Dropped(Exception):
    """A step raises this instead of returning an answer: the client gets none, for a fault.

    Only a step after a yield may raise it. Its connection is then closed (http/front/).
    """


def in_slices(steps: Steps[bytes], *, sliced: bool) -> bytes:
    """Run the first step. If it completes the answer, return the answer.

    Otherwise raise Sliced with the remaining steps. If `sliced` is false, run these steps now and
    return the answer.
    """
    try:
        next(steps)
    except StopIteration as end:
        answer: bytes = end.value
        return answer
    if sliced:
        raise Sliced(steps)
    return finish(steps)


def finish(steps: Steps[_T]) -> _T:
    """Run all slices at once and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
