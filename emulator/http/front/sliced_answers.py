"""Makes long answers in slices. Between two slices, the server handles other requests.

In each iteration of the event loop, one slice of one answer runs. So other clients wait for one
slice at most, even if many long answers are in progress. If an answer must wait, for example for a
process, its steps yield the number of seconds until its next slice.
"""

import asyncio
from collections import deque
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.http.front.answers import Answer
    from emulator.slices import Steps

_SLICE: Final = 0.005  # seconds; once a slice has taken this long, it ends after the current step

_T = TypeVar("_T")


class Pending(Exception):
    """The endpoint raises this instead of returning an answer that is made in slices.

    steps: the steps that make and return the answer. The steps never raise an error.
    """

    def __init__(self, steps: "Steps[Answer]") -> None:
        super().__init__("the rest of the answer is made in slices")
        self.steps = steps

    def changed(self, change: "Callable[[Answer], Answer]") -> "Pending":
        """Return a new Pending that makes the same answer and then applies `change` to it."""
        return Pending(_changed(self.steps, change))


def _changed(steps: "Steps[Answer]", change: "Callable[[Answer], Answer]") -> "Steps[Answer]":
    return change((yield from steps))


class Run:
    """Steps of long work in progress, for example of an answer that is made in slices.

    done: a function that gets the result of the steps, unless `cancel` is called first.
    """

    __slots__ = ("cancelled", "done", "steps")

    def __init__(self, steps: "Steps[Any]", done: "Callable[[Any], None]") -> None:
        self.steps = steps
        self.done = done
        self.cancelled = False

    def cancel(self) -> None:
        """Stop the steps, because their result is no longer needed.

        Finished slices keep their effects.
        """
        self.cancelled = True
        self.steps.close()

    def pause(self) -> None:
        """Do nothing when the client stops reading: at most this one answer waits in memory."""

    def resume(self) -> None:
        """Do nothing when the client reads again."""


class SlicedAnswers:
    """The answers of one event loop that are being made in slices.

    seconds: the length of a slice.
    """

    def __init__(self, seconds: float = _SLICE) -> None:
        self._seconds = seconds
        self._runs: deque[Run] = deque()
        self._scheduled = False

    def begin(self, loop: asyncio.AbstractEventLoop, steps: "Steps[_T]", done: "Callable[[_T], None]") -> Run:
        """Begin to run steps. `done` gets their result in a later iteration of the event loop."""
        run = Run(steps, done)
        self._runs.append(run)
        self._schedule(loop)
        return run

    async def finish(self, steps: "Steps[_T]") -> _T:
        """Run steps to their end, and return their result. The steps must not raise errors."""
        loop = asyncio.get_running_loop()
        made: asyncio.Future[_T] = loop.create_future()
        run = self.begin(loop, steps, made.set_result)
        try:
            return await made
        finally:
            run.cancel()

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._runs and not self._scheduled:
            self._scheduled = True
            loop.call_soon(partial(self._run_next, loop))

    def _run_next(self, loop: asyncio.AbstractEventLoop) -> None:
        """Run a slice of the answer that has waited longest."""
        self._scheduled = False
        run = self._runs.popleft()
        pause: float | None = None
        result: Any = None
        try:
            if run.cancelled:
                return
            pause, result = self._run_slice(run.steps)
            if pause == 0.0:
                self._runs.append(run)
        finally:
            self._schedule(loop)
        if pause is None:
            run.done(result)
        elif pause:
            loop.call_later(pause, self._resume, loop, run)

    def _resume(self, loop: asyncio.AbstractEventLoop, run: Run) -> None:
        """Continue with an answer whose pause is over."""
        self._runs.append(run)
        self._schedule(loop)

    def _run_slice(self, steps: "Steps[Any]") -> tuple[float | None, Any]:
        """Run steps until they end, yield a pause, or have taken as long as a slice may.

        Return (the seconds until the next slice, None) if steps remain. Return (None, the result of
        the steps) if the steps have ended.
        """
        until = monotonic() + self._seconds
        while True:
            try:
                pause = next(steps)
            except StopIteration as end:
                return None, end.value
            if pause:
                return pause, None
            if monotonic() >= until:
                return 0.0, None
