"""Runs the work of exports, imports and bulk operations (emulator/s3_jobs).

The work runs in slices on the event loop's thread, and requests are answered between two slices.
The work asks for blocking I/O with a `Call`, which runs in another thread.
"""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

from emulator.app import Emulator
from emulator.rounds import run_forever
from emulator.slices import THREAD_SWITCH

if TYPE_CHECKING:
    from emulator.s3_jobs.runner import Runner
    from emulator.s3_jobs.work import Work


async def run_s3_jobs(emulator: Emulator, interval: float) -> None:
    """Run S3 jobs until cancelled. interval: seconds between polls for new jobs."""
    runner: Runner | None = None
    tasks: set[asyncio.Task[None]] = set()

    async def poll() -> float:
        nonlocal runner
        if emulator.database.known_s3_jobs is None:
            return interval
        if runner is None:
            # The thread imports the code of jobs, which takes 30 ms or more.
            runner = await asyncio.to_thread(_runner, emulator)
        for work in runner.due():
            task = asyncio.create_task(_drive(work))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return interval

    try:
        await run_forever("exports and imports", poll)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if runner is not None:
            runner.close()


def _runner(emulator: Emulator) -> "Runner":
    from emulator.s3_jobs.runner import Runner  # noqa: PLC0415 - most servers never need it

    return Runner(emulator.database, emulator.settings)


async def _drive(work: "Work[None]") -> None:
    """Run the work of one job: its slices on the event loop, its calls in a thread, its pauses."""
    from emulator.s3_jobs.work import Call  # noqa: PLC0415 - most servers never need it

    thread = _CallThread()
    step: Callable[[], Any] = work.__next__
    try:
        while True:
            try:
                wanted = step()
            except StopIteration:
                return
            step = work.__next__
            if not isinstance(wanted, Call):
                await asyncio.sleep(wanted.seconds)
                continue
            try:
                found = await thread.call(wanted.function)
            except Exception as error:  # noqa: BLE001 - raised again inside the work
                step = partial(work.throw, error)
            else:
                step = partial(work.send, found)
    finally:
        thread.close()
        work.close()


_Result = tuple[Any, Exception | None]
"""A pair: the result of a call, and None; or None, and the exception that the call raised."""


class _CallThread:
    """The thread that makes the calls of one job.

    It is a daemon thread: a server that ends does not wait for it. The server would wait for a
    thread of the event loop's pool, and an endpoint may take a minute to answer.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[_Result]] | None] = SimpleQueue()
        self._loop = asyncio.get_running_loop()
        sys.setswitchinterval(THREAD_SWITCH)
        Thread(target=self._run, name="s3-job", daemon=True).start()

    async def call(self, function: Callable[[], Any]) -> Any:  # noqa: ANN401 - as the function
        """Call a function in the thread; return its result, or raise its exception."""
        done: asyncio.Future[_Result] = self._loop.create_future()
        self._calls.put((function, done))
        result, error = await done
        if error is not None:
            raise error
        return result

    def close(self) -> None:
        """Make the thread end after its current call, without waiting for it."""
        self._calls.put(None)

    def _run(self) -> None:
        while (wanted := self._calls.get()) is not None:
            function, done = wanted
            try:
                outcome: _Result = function(), None
            except Exception as error:  # noqa: BLE001 - `call` raises it
                outcome = None, error
            with suppress(RuntimeError):  # raised if the server has ended and closed the event loop
                self._loop.call_soon_threadsafe(_settle, done, outcome)


def _settle(done: "asyncio.Future[_Result]", outcome: _Result) -> None:
    if not done.done():
        done.set_result(outcome)
