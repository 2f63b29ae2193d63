"""The loop that delivers stream records to functions while there are mappings that want them."""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from emulator.app import Emulator

if TYPE_CHECKING:
    from emulator.functions.service import FunctionService
    from emulator.http.invoker import Invoker

log = logging.getLogger("emulator")

_LOOK: Final = 0.01  # seconds between looks for due invocations: half of it is the mean latency that it costs


async def run_functions(emulator: Emulator, interval: float) -> None:
    """Deliver to functions, looking every `interval` seconds whether there is anybody to deliver to; until cancelled."""
    invoker = None
    try:
        while True:
            service = emulator.busy_functions
            if service is None:
                await asyncio.sleep(interval)
                continue
            if invoker is None:
                invoker = _invoker(service)
            invoker.start_due()
            await asyncio.sleep(_LOOK)
    except Exception:
        log.exception("nothing is delivered to functions any more")
        raise
    finally:
        if invoker is not None:
            await invoker.close()


def _invoker(service: "FunctionService") -> "Invoker":
    from emulator.http.invoker import Invoker  # noqa: PLC0415 - start-up time that most never need

    return Invoker(service)
