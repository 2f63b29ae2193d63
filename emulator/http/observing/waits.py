"""Finds why a request was slow: because of its own work, or because it waited for other requests.

A process answers one request at a time. A request that arrives during a long request waits until
the process reads it. The process cannot see when a request arrived. But if work on a request began
right after other requests, the request may have waited for all of them.
"""

from typing import Final

from emulator.http.front.observed import Exchange
from emulator.http.observing.summary import operation_of

SLOW: Final = 0.1  # seconds; a faster request is not explained
# In seconds. If a longer time passes between two requests, the process was idle between them.
_GAP: Final = 0.002


class Waits:
    """Explains slow requests.

    It gets the exchanges of one process in the order in which they end.
    """

    def __init__(self) -> None:
        self._busy_since = 0.0
        self._busy_until = 0.0
        self._longest = (0.0, "")

    def explain(self, exchange: Exchange) -> str | None:
        """Return why a request was slow; None if it was fast and cannot have waited long."""
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
            parts.append(f"{took}, other requests between its slices {_ms(others)}" if others >= SLOW / 10 else took)
        self._busy_until = exchange.ended
        if own > self._longest[0]:
            self._longest = (
                own,
                operation_of(exchange) or f"{exchange.method} {exchange.path.decode('latin-1')}",
            )
        return "; ".join(parts) or None


def with_wait(reason: str | None, wait: str | None) -> str | None:
    """Join two reasons to one text. reason: why the request failed. wait: why it was slow."""
    if wait is None:
        return reason
    return f"slow: {wait}" if reason is None else f"{reason}; slow: {wait}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"
