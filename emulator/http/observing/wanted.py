"""Decides which observers the server needs, from the settings and the log level.

This module does not import the observers, so that a server without observers starts faster.
"""

import logging

from emulator.settings import Settings

log = logging.getLogger("emulator")


def lines_wanted(settings: Settings) -> bool:
    """Return True if the server logs a line for each request."""
    return settings.log_requests or log.isEnabledFor(logging.DEBUG)


def keeping_wanted(settings: Settings) -> bool:
    """Return True if the server keeps the last requests in memory from its start."""
    return settings.keep_requests or bool(settings.record) or lines_wanted(settings)


def observers_wanted(settings: Settings) -> bool:
    """Return True if any observer is on when the server starts."""
    return settings.metrics or settings.advise or keeping_wanted(settings)
