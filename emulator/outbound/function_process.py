"""Runs functions of Python modules, each in a separate process.

The process starts at the first invocation of its function, and ends when the server ends. It runs
`event_sources/child.py`, which describes the messages between process and server. The process has a
session of its own, so that a Ctrl-C in the server's terminal does not end it during an invocation.
After a source file of the function has changed, the next invocation runs in a new process.
"""

import asyncio
import logging
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.escaping import printable
from emulator.event_sources import child
from emulator.event_sources.configuration import Function, Handler
from emulator.event_sources.delivery import Invocation
from emulator.event_sources.outcomes import Outcome
from emulator.limits import MIB

log = logging.getLogger("emulator")

_LINE: Final = 16 * MIB  # the maximum number of bytes in one line from a process; each line is one answer
_PATIENCE: Final = 2.0  # seconds to wait for a process to end, before it is killed


class ProcessFunction:
    """A function that runs in a separate process, one invocation at a time."""

    def __init__(self, function: Function, handler: Handler) -> None:
        self._function = function
        self._handler = handler
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Invoke the function, and start its process if none runs.

        Return an Outcome, also for an error of the function or of its process.
        """
        async with self._turn:
            try:
                return await self._within_timeout(invocation)
            except asyncio.CancelledError:
                await self._end()
                raise

    async def _within_timeout(self, invocation: Invocation) -> Outcome:
        try:
            async with asyncio.timeout(self._function.timeout):
                return await self._ask(invocation)
        except TimeoutError:
            await self._end()
            return Outcome("failed", detail=f"Task timed out after {self._function.timeout:.2f} seconds")
        except (OSError, ValueError, EOFError) as error:  # ValueError: the line is not JSON, or too long
            await self._end()
            return Outcome("failed", detail=f"the function's process ended: {error}")

    async def _ask(self, invocation: Invocation) -> Outcome:
        answer = await self._answer(invocation)
        if isinstance(answer, dict) and "changed" in answer:
            log.info("function %s is loaded again: %s has changed", self._function.name, printable(answer["changed"]))
            await self._end()
            answer = await self._answer(invocation)
        return answer if isinstance(answer, Outcome) else _outcome(answer)

    async def _answer(self, invocation: Invocation) -> Outcome | dict[str, Any]:
        """Return the process's answer to an invocation, as JSON.

        If the process or the function cannot start, return an Outcome that says why.
        """
        process = self._process
        if process is None or process.returncode is not None:
            try:
                process = await self._started()
            except OSError as error:
                return Outcome("unreachable", detail=f"cannot run {self._handler.python}: {error.strerror}")
            refused = await _line(process)
            if "error" in refused:
                await self._end()
                return _outcome(refused)
        assert process.stdin is not None, "a process starts with pipes"
        request = {
            "id": invocation.id,
            "name": invocation.function.name,
            "arn": invocation.function_arn,
            "timeout": self._function.timeout,
        }
        process.stdin.write(orjson.dumps(request)[:-1] + b',"event":' + invocation.payload + b"}\n")
        await process.stdin.drain()
        return await _line(process)

    async def _started(self) -> Process:
        self._process = await asyncio.create_subprocess_exec(
            self._handler.python,
            child.__file__,
            self._handler.text,
            self._handler.folder,
            str(Path.cwd()),
            stdin=PIPE,
            stdout=PIPE,
            limit=_LINE,
            start_new_session=True,
        )
        return self._process

    async def _end(self) -> None:
        """Kill the process. The next invocation starts a new process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def close(self) -> None:
        """End the process. If it is still busy after two seconds, kill it."""
        process = self._process
        if process is None:
            return
        assert process.stdin is not None, "a process starts with pipes"
        process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
        except TimeoutError:
            await self._end()


async def _line(process: Process) -> dict[str, Any]:
    """Return the next line that a process prints, parsed as JSON.

    Raises EOFError if the process has ended, and ValueError if the line is not JSON or too long.
    """
    assert process.stdout is not None, "a process starts with pipes"
    line = await process.stdout.readline()
    if not line:
        raise EOFError(f"exit status {await process.wait()}")
    answer: dict[str, Any] = orjson.loads(line)
    return answer


def _outcome(answer: dict[str, Any]) -> Outcome:
    error = answer.get("error")
    if error is not None:
        return Outcome("failed", orjson.dumps(error), f"{error['errorType']}: {error['errorMessage']}")
    return Outcome("answered", orjson.dumps(answer["result"]))
