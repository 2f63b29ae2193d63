"""Logs answers with status 500 or above, and refused requests.

The same line is logged at most once a minute, because clients repeat requests that failed.
"""

import logging
from typing import Final

from emulator.database.entrances import report_full
from emulator.errors import ApiError
from emulator.escaping import printable
from emulator.log_limits import once_a_minute
from storage import Full, StorageError

log = logging.getLogger("emulator")

SERVER_ERROR: Final = 500  # an answer with a lower status is the client's fault, and is not logged here

_SHOWN: Final = 60  # a log line shows at most this many bytes of input that is not HTTP
_TLS: Final = b"\x16\x03"  # the first bytes of a TLS handshake
_HTTP_2: Final = b"PRI * HTTP/2"


def log_failure(what: str, error: BaseException) -> None:
    """Log why the server failed to answer a request.

    what: names the request in the log line. It may contain text from the client.
    """
    reason = error.__cause__ if isinstance(error.__cause__, StorageError) else error
    if isinstance(reason, Full):
        report_full(reason)
    elif isinstance(reason, ApiError | StorageError):
        if once_a_minute.allows((type(reason), str(reason))):
            log.warning("%s failed: %s", printable(what), reason)
    elif once_a_minute.allows(_origin(reason)):
        log.error("%s failed", printable(what), exc_info=reason)


def log_refused(why: str) -> None:
    """Log why a request was refused before its operation was known."""
    if once_a_minute.allows(why):
        log.warning("a request was refused: %s", why)


def log_not_http(data: bytes, error: Exception) -> None:
    """Log that a connection was closed because it sent something other than HTTP/1.1."""
    hint = ""
    if data.startswith(_TLS):
        hint = "; it looks like TLS: clients must use http://, not https://"
    elif data.startswith(_HTTP_2):
        hint = "; it is HTTP/2: clients must use HTTP/1.1"
    if once_a_minute.allows(("not HTTP", hint)):
        begin = printable(data[:_SHOWN].decode("latin-1"))
        log.warning('a connection was closed: it sent "%s", which is not HTTP/1.1 (%s)%s', begin, error, hint)


def _origin(error: BaseException) -> tuple[object, ...]:
    """Return the type of an unexpected error, and the line of code that raised it.

    Of the errors with the same origin, one a minute is logged.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (type(error), trace and (trace.tb_frame.f_code, trace.tb_lineno))
