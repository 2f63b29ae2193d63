"""Which observers the settings and the log level ask for, without importing the observers."""

import logging

from emulator.settings import Settings

log = logging.getLogger("emulator")


def lines_wanted(settings: Settings) -> bool:
    """Return whether each request gets a line in the log."""
    return settings.log_requests or log.isEnabledFor(logging.DEBUG)


def keeping_wanted(settings: Settings) -> bool:
    """Return whether requests are kept from the start."""
    return settings.keep_requests or bool(settings.record) or lines_wanted(settings)


def observers_wanted(settings: Settings) -> bool:
    """Return whether anything observes requests from the start."""
    return settings.metrics or keeping_wanted(settings)
