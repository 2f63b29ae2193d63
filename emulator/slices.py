"""Long work for one response, done in slices. Other requests are answered between two slices.

    handler ──raises Sliced──▶ endpoint (http/front/dynamodb.py) ──raises Pending──▶ connection
    connection ──begins──▶ SlicedAnswers (http/front/sliced_answers.py) ──runs one slice at a time

The work is a generator. Each step of the generator does one slice: it takes a few milliseconds at
most, and leaves no transaction open. A caller without a server, such as a test, runs all slices one
after the other with `finish`.
"""

from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Final, TypeVar

_T = TypeVar("_T")

Steps = Generator[float | None, None, _T]
"""Work in slices.

After each slice, the generator yields the seconds to wait before the next slice, or None for no
wait. At its end, it returns the result.
"""

InThread = Callable[[Callable[[], None]], Callable[[], bool]]
"""A function that takes a job (a function without arguments) and starts the job in a new thread.

It returns a function that returns True once the job has ended.
"""

# The limits for the work of one slice. The comments say how long that much work takes.
PARSED_IN_STEP: Final = 8_000  # characters of expressions or statements to parse: 3 to 12 ms
PLANNED_IN_STEP: Final = 40_000  # characters of PartiQL statements to turn into plans
DECODED_IN_STEP: Final = 200_000  # bytes of rows to decode and project: 2 to 8 ms
COPIED_IN_STEP: Final = 4 << 20
"""The maximum number of bytes of values that one slice copies in the store.

On a disk store, copying this many bytes takes about 10 ms.
"""

THREAD_SWITCH: Final = 0.0005
"""Python's switch interval, in seconds, while another thread does long work.

To answer a client, the main thread must get the interpreter back from the other thread two or three
times. With Python's default of 5 ms, it would wait 5 ms each time.
"""


def first_pairs(
    pairs: Iterable[tuple[bytes, bytes]], limit: int, room: int = COPIED_IN_STEP
) -> tuple[list[tuple[bytes, bytes]], bool]:
    """Return the first (key, value) pairs of `pairs`, and True if there may be more pairs.

    Stops after `limit` pairs, or after the pair with which the values reach `room` bytes.
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

    steps: the work that makes the response.
    many_objects: True if the work has so many Python objects in memory that the garbage collector
    should be off until it ends (http/front/collector_pause.py).
    """

    def __init__(self, steps: Steps[bytes], *, many_objects: bool = False) -> None:
        super().__init__("the answer is made in slices")
        self.steps = steps
        self.many_objects = many_objects


def with_hooks(steps: Steps[_T], enter: Callable[[], None], leave: Callable[[], None]) -> Steps[_T]:
    """Run `steps`, and call `enter` before and `leave` after each step."""
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
    """A step raises this if a fault says that the client gets no answer (emulator/faults/).

    The server then closes the client's connection. The first step must not raise this: it runs
    while the endpoint handles the request, and the connection must not be closed during that time.
    """


def in_slices(steps: Steps[bytes], *, sliced: bool) -> bytes:
    """Run the first step, and return the answer if the step completes it.

    Otherwise, if `sliced` is true, raise Sliced with the remaining steps. If `sliced` is false, run
    the remaining steps now and return the answer.
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
    """Run all slices without a pause between them, and return the result."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: _T = end.value
            return result
