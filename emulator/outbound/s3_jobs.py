"""Runs exports, imports and bulk operations, which is the I/O of emulator/s3_jobs.

The work of a job runs on the event loop's thread in slices. Requests are answered between two
slices. Calls of blocking I/O run in other threads.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from emulator.app import Emulator
from emulator.rounds import run_forever

if TYPE_CHECKING:
    from emulator.s3_jobs.runner import Runner
    from emulator.s3_jobs.work import Work

_INTERVAL: Final = 0.01  # seconds between polls for new jobs, if there are any jobs


async def run_s3_jobs(emulator: Emulator, interval: float) -> None:
    """Run jobs until cancelled. interval: seconds between polls while there are no jobs."""
    runner: Runner | None = None
    tasks: set[asyncio.Task[None]] = set()

    async def poll() -> float:
        nonlocal runner
        if emulator.database.known_s3_jobs is None:
            return interval
        if runner is None:
            runner = await asyncio.to_thread(_runner, emulator)  # importing it takes 30 ms and more
        for work in runner.due():
            task = asyncio.create_task(_drive(work))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        return _INTERVAL

    try:
        await run_forever("exports and imports", poll)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _runner(emulator: Emulator) -> "Runner":
    from emulator.s3_jobs.runner import Runner  # noqa: PLC0415 - most servers never need it

    return Runner(emulator.database, emulator.settings)


async def _drive(work: "Work[None]") -> None:
    """Run the work of one job."""
    from emulator.s3_jobs.work import Call  # noqa: PLC0415 - most servers never need it

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
                found = await asyncio.to_thread(wanted.function)
            except Exception as error:  # noqa: BLE001 - it belongs to the work
                step = partial(work.throw, error)
            else:
                step = partial(work.send, found)
    finally:
        work.close()
