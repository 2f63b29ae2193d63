"""Answers that are made in slices take turns with each other, and with all other requests.

In each turn of the event loop one slice of one answer runs, so other clients wait for one slice at most, however many
long answers are under way. An answer that waits for something else (another process) says for how long it has nothing to
do, and its next turn comes after that.
"""

from collections import deque
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

    from emulator.http.front.dynamodb import Answer
    from emulator.slices import Steps

_TURN: Final = 0.005  # seconds: steps of less are run together


class Pending(Exception):
    """Raised in the place of an answer that is made in slices. steps: return the answer, and raise nothing."""

    def __init__(self, steps: "Steps[Answer]") -> None:
        super().__init__("the answer is made in slices")
        self.steps = steps

    def changed(self, change: "Callable[[Answer], Answer]") -> "Pending":
        """Return the same, with an answer that is changed when it is made."""
        return Pending(_changed(self.steps, change))


def _changed(steps: "Steps[Answer]", change: "Callable[[Answer], Answer]") -> "Steps[Answer]":
    return change((yield from steps))


class Run:
    """One answer that is being made. done: called with the answer, unless the run is cancelled before."""

    __slots__ = ("cancelled", "done", "steps")

    def __init__(self, steps: "Steps[Answer]", done: "Callable[[Answer], None]") -> None:
        self.steps = steps
        self.done = done
        self.cancelled = False

    def cancel(self) -> None:
        """Do no more of it: nobody waits for the answer. What its slices have done stays done."""
        self.cancelled = True
        self.steps.close()


class Turns:
    """The answers of one event loop that are being made. seconds: how long one may go on in its turn."""

    def __init__(self, seconds: float = _TURN) -> None:
        self._seconds = seconds
        self._runs: deque[Run] = deque()
        self._scheduled = False

    def begin(self, loop: "AbstractEventLoop", pending: Pending, done: "Callable[[Answer], None]") -> Run:
        """Make an answer from now on; done gets it, in a later turn of the loop."""
        run = Run(pending.steps, done)
        self._runs.append(run)
        self._schedule(loop)
        return run

    def _schedule(self, loop: "AbstractEventLoop") -> None:
        if self._runs and not self._scheduled:
            self._scheduled = True
            loop.call_soon(partial(self._turn, loop))

    def _turn(self, loop: "AbstractEventLoop") -> None:
        self._scheduled = False
        run = self._runs.popleft()
        made: Answer | float = 0.0
        try:
            if run.cancelled:
                return
            made = self._go_on(run.steps)
            if made == 0.0:
                self._runs.append(run)
        finally:
            self._schedule(loop)
        if not isinstance(made, float):
            run.done(made)
        elif made:
            loop.call_later(made, self._again, loop, run)

    def _again(self, loop: "AbstractEventLoop", run: Run) -> None:
        """Go on with an answer that had nothing to do for a time."""
        self._runs.append(run)
        self._schedule(loop)

    def _go_on(self, steps: "Steps[Answer]") -> "Answer | float":
        """Run steps for a while; return the answer or, if there is more to do, the seconds until then."""
        until = monotonic() + self._seconds
        while True:
            try:
                pause = next(steps)
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            if pause:
                return pause
            if monotonic() >= until:
                return 0.0
