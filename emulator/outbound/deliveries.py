"""Polls for stream records to deliver to functions, as long as a mapping delivers."""

from typing import TYPE_CHECKING, Final

from emulator.app import Emulator
from emulator.rounds import run_forever

if TYPE_CHECKING:
    from emulator.event_sources.service import FunctionService
    from emulator.outbound.invoker import Invoker

_INTERVAL: Final = (
    0.01  # seconds between polls for due invocations; on average, a poll adds half of this to the latency
)


async def run_functions(emulator: Emulator, interval: float) -> None:
    """Deliver to functions until cancelled.

    interval: seconds between polls while no mapping delivers.
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
