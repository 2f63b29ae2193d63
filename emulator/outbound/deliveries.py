"""The rounds that deliver stream records to functions while there are mappings that want them."""

from typing import TYPE_CHECKING, Final

from emulator.app import Emulator
from emulator.rounds import run_forever

if TYPE_CHECKING:
    from emulator.event_sources.service import FunctionService
    from emulator.outbound.invoker import Invoker

_LOOK: Final = 0.01  # seconds between looks for due invocations: half of it is the mean latency that it costs


async def run_functions(emulator: Emulator, interval: float) -> None:
    """Deliver to functions, looking every `interval` seconds whether there is anybody to deliver to; until cancelled."""
    invoker: Invoker | None = None

    async def look() -> float:
        nonlocal invoker
        service = emulator.busy_functions
        if service is None:
            return interval
        if invoker is None:
            invoker = _invoker(service)
        invoker.start_due()
        return _LOOK

    try:
        await run_forever("delivering to functions", look)
    finally:
        if invoker is not None:
            await invoker.close()


def _invoker(service: "FunctionService") -> "Invoker":
    from emulator.outbound.invoker import Invoker  # noqa: PLC0415 - start-up time that most never need

    return Invoker(service)
