"""Polls for stream records that event source mappings deliver to functions."""

from typing import TYPE_CHECKING, Final

from emulator.app import Emulator
from emulator.rounds import run_forever

if TYPE_CHECKING:
    from emulator.event_sources.service import FunctionService
    from emulator.outbound.invoker import Invoker

# seconds between polls; on average, a stream record waits half of this for the next poll
_INTERVAL: Final = 0.01


async def run_functions(emulator: Emulator, interval: float) -> None:
    """Deliver stream records to functions until cancelled.

    interval: seconds between polls while no event source mapping delivers.
    """
    invoker: Invoker | None = None

    async def poll() -> float:
        nonlocal invoker
        service = emulator.busy_functions
        if service is None:
            return interval
        if invoker is None:
            invoker = _invoker(service)
        invoker.start_due()
        return _INTERVAL

    try:
        await run_forever("delivering to functions", poll)
    finally:
        if invoker is not None:
            await invoker.close()


def _invoker(service: "FunctionService") -> "Invoker":
    from emulator.outbound.invoker import Invoker  # noqa: PLC0415 - most servers never need it

    return Invoker(service)
