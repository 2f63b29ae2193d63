"""Runs controls in this process. Controls with `gather` also run in all other workers."""

import sys

from emulator.controls import registry
from emulator.controls.body import Body
from emulator.controls.registry import Control, Result
from emulator.http.front.collector_pause import collector_pause, in_oldest_generation
from emulator.http.front.commits import committed
from emulator.http.front.front import Front
from emulator.slices import Steps


async def run(front: Front, control: Control, body: Body) -> Result:
    """Run a control in all processes that it needs, and return its result.

    Raises the errors of the control and of its commit, and PeerFailed if another worker fails.
    """
    body = registry.begun(front.emulator, control, body)
    parts = [await run_here(front, control, body)]
    if control.gather is not None and front.peers is not None:
        parts += await front.peers.ask(control.name, body)
    return await _finished(front, registry.gathered(control, body, parts))


async def run_here(front: Front, control: Control, body: Body) -> Result:
    """Run a control in this process. Raises the errors of the control and of its commit."""

    async def make() -> Result:
        steps = registry.begin(front.emulator, control, body)
        if not control.many_objects:
            return await _finished(front, steps)
        with collector_pause.context():
            return await _finished(front, in_oldest_generation(steps))

    return await committed(front.commits, make, among=sys.maxsize, repeatable=control.repeatable)


async def _finished(front: Front, steps: Steps[Result]) -> Result:
    """Run steps and return their result. Raises the errors of the steps.

    Between two steps, other requests run.
    """
    result = await front.sliced.finish(_caught(steps))
    if isinstance(result, Exception):
        raise result
    return result


def _caught(steps: Steps[Result]) -> Steps[Result | Exception]:
    """Run steps. Return their result, or the exception that they raise."""
    try:
        return (yield from steps)
    except Exception as error:  # noqa: BLE001 - is raised again by the caller
        return error
