"""Invokes the functions of `emulator.event_sources`, which does no I/O itself.

`FunctionService.due` returns the invocations that may start now. Each of them runs as a task. The
task reports the outcome to the service on the event loop's thread, which owns the emulator. After
the report, further invocations may start.
"""

import asyncio
import logging
from typing import Protocol

from emulator.escaping import LONGEST_DETAIL, printable
from emulator.event_sources.configuration import Function, Url
from emulator.event_sources.delivery import Invocation
from emulator.event_sources.outcomes import Outcome
from emulator.event_sources.service import FunctionService
from emulator.outbound.function_process import ProcessFunction
from emulator.outbound.function_url import UrlFunction

log = logging.getLogger("emulator")


class Target(Protocol):
    """A function that can be invoked: by its URL, or in a process."""

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Invoke the function, and return the outcome."""
        ...

    async def close(self) -> None:
        """End the process that runs the function, if there is one."""
        ...


class Invoker:
    """Runs the invocations of a FunctionService as tasks."""

    def __init__(self, service: FunctionService) -> None:
        self._service = service
        self._targets: dict[str, Target] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start_due(self) -> None:
        """Start a task for each invocation that may start now."""
        for invocation in self._service.due():
            task = asyncio.create_task(self._run(invocation))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, invocation: Invocation) -> None:
        function = invocation.function
        target = self._targets.get(function.name)
        if target is None:
            target = self._targets[function.name] = _target(function)
        try:
            async with asyncio.timeout(function.timeout if isinstance(function.target, Url) else None):
                outcome = await target.invoke(invocation)
        except TimeoutError:
            outcome = Outcome("failed", detail=f"Task timed out after {function.timeout:.2f} seconds")
        except Exception as error:
            log.exception("invoking function %s failed", function.name)
            outcome = Outcome("failed", detail=repr(error))
        if outcome.kind != "answered":
            # `detail` may be a text that the function has written, and contain parts of items. So
            # cut and escape this text.
            log.warning(
                "function %s, request %s: %s", function.name, invocation.id, printable(outcome.detail, LONGEST_DETAIL)
            )
        self._service.finished(invocation, outcome)
        self.start_due()

    async def close(self) -> None:
        """Cancel running invocations, and end all processes.

        After the next start of the server, the records of these invocations are delivered again.
        """
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(target.close() for target in self._targets.values()))


def _target(function: Function) -> Target:
    if isinstance(function.target, Url):
        return UrlFunction(function.target.url)
    return ProcessFunction(function, function.target)
