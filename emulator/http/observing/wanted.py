"""Which observers the settings and the log level demand. This does not import the observers."""

import logging

from emulator.settings import Settings

log = logging.getLogger("emulator")


def lines_wanted(settings: Settings) -> bool:
    """Return whether each request gets a line in the log."""
    return settings.log_requests or log.isEnabledFor(logging.DEBUG)


def keeping_wanted(settings: Settings) -> bool:
    """Return whether requests are kept from the start of the server."""
    return settings.keep_requests or bool(settings.record) or lines_wanted(settings)


def observers_wanted(settings: Settings) -> bool:
    """Return whether any observer is on from the start of the server."""
    return settings.metrics or settings.advise or keeping_wanted(settings)
