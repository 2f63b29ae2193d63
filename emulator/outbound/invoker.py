"""Invokes functions, which is the I/O of `emulator.event_sources`.

Each invocation that is due runs as a task. Its outcome is reported on the event loop's thread,
which owns the emulator. The report may make other invocations due.
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
    """Something that runs a function."""

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Invoke the function."""
        ...

    async def close(self) -> None:
        """End the process that runs the function, if there is one."""
        ...


class Invoker:
    """Invokes the functions of an emulator."""

    def __init__(self, service: FunctionService) -> None:
        self._service = service
        self._targets: dict[str, Target] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start_due(self) -> None:
        """Start the invocations that are due."""
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
            log.exception("invoking function %s", function.name)
            outcome = Outcome("failed", detail=repr(error))
        if outcome.kind != "answered":
            # The text comes from the function and may contain parts of items, so it is cut and
            # escaped.
            log.warning(
                "function %s, request %s: %s", function.name, invocation.id, printable(outcome.detail, LONGEST_DETAIL)
            )
        self._service.finished(invocation, outcome)
        self.start_due()

    async def close(self) -> None:
        """Cancel running invocations. Their records will be delivered again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(target.close() for target in self._targets.values()))


def _target(function: Function) -> Target:
    if isinstance(function.target, Url):
        return UrlFunction(function.target.url)
    return ProcessFunction(function, function.target)
