"""Finds why a request was slow: because of its own work, or because it waited for other requests.

A process answers one request at a time. A request that arrives during this time waits in the socket
until the process reads it. So the process does not know when a request arrived. But if work on a
request began right after other requests, the request may have waited for all of them.
"""

from typing import Final

from emulator.http.front.observed import Exchange
from emulator.http.observing.summary import operation_of

# In seconds. A request is slow if it waited at least this long, or if answering it took at least
# this long.
SLOW: Final = 0.1
# In seconds. If the process works on no request for longer than this, it counts as idle.
_GAP: Final = 0.002


class Waits:
    """Explains slow requests.

    `explain` must be called with all exchanges (requests with their answers) of one process, in the
    order in which they ended.
    """

    def __init__(self) -> None:
        self._busy_since = 0.0
        self._busy_until = 0.0
        self._longest = (0.0, "")

    def explain(self, exchange: Exchange) -> str | None:
        """Return the reason why a request was slow, or None if it was not slow."""
        if exchange.began - self._busy_until > _GAP:
            self._busy_since = exchange.began
            self._longest = (0.0, "")
        own = exchange.seconds - exchange.others
        waited = exchange.began - self._busy_since
        parts = []
        if waited >= SLOW:
            seconds, name = self._longest
            parts.append(f"it may have waited up to {_ms(waited)}, mostly for {name} ({_ms(seconds)})")
        if exchange.seconds >= SLOW:
            took = f"its own work took {_ms(own)}"
            others = exchange.others
            parts.append(f"{took}, other requests in between took {_ms(others)}" if others >= SLOW / 10 else took)
        self._busy_until = exchange.ended
        if own > self._longest[0]:
            self._longest = (
                own,
                operation_of(exchange) or f"{exchange.method} {exchange.path.decode('latin-1')}",
            )
        return "; ".join(parts) or None


def with_wait(reason: str | None, wait: str | None) -> str | None:
    """Return one text with both reasons, or None if both are None.

    reason: why the request failed. wait: why it was slow.
    """
    if wait is None:
        return reason
    return f"slow: {wait}" if reason is None else f"{reason}; slow: {wait}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
