"""Logs a line for each request. At log level `trace`, also logs the request's and answer's bodies.

    PutItem Orders: 200, 1.0 units, 0.9 ms, local us-east-1, request 7FQ..
    Query Orders/by-date: 400 ValidationException: Query condition missed .., 0.4 ms, local us-east-1, request 7FQ..
    GetItem Orders: 400 ResourceNotFoundException: Requested .. (table Orders exists under ..), 0.1 ms, ..
    POST /_emulator/clock: 200, 0.2 ms, request 7FQ..

The function `line` returns texts with styles. A terminal shows the styles as colours
(log_output.py).
"""  # noqa: W505 - examples of lines

import logging
from typing import Final

from emulator.escaping import printable
from emulator.http.front.observed import Exchange, Observer, Raw
from emulator.http.observing.summary import FIRST_ERROR, MESSAGE, Explain, Summary, plain, plain_request, summary_of
from emulator.http.observing.waits import Waits, with_wait
from emulator.log_output import TRACE, Parts, Style

log = logging.getLogger("emulator.requests")

_LONGEST_BODY: Final = 4000  # the maximum number of bytes of a body that are logged
_NAMES: Final = 3  # the maximum number of tables that a log line names
_REASON: Final = 1000  # the maximum number of characters of a reason (why a request failed) in a log line
_FIRST_SERVER_ERROR: Final = 500


class LogLines:
    """An observer that logs a line for each exchange (a request with its answer).

    explain: a function that returns why a request failed (reasons.py).
    """

    def __init__(self, explain: Explain) -> None:
        self._explain = explain
        self._waits = Waits()
        self.observer = Observer(self._log, self._log)

    def _log(self, raw: Raw) -> None:
        """Log a line about a request.

        At log level `trace`, also log the bodies of the request and of its answer.
        """
        exchange = Exchange(*raw)
        summary = summary_of(exchange, self._explain)
        reason = with_wait(summary.get("Reason"), self._waits.explain(exchange))
        if reason is not None:
            summary["Reason"] = reason
        parts = line(summary)
        log.info("%s", "".join(text for _, text in parts), extra={"parts": parts, "request": summary})
        if log.isEnabledFor(TRACE):
            coding = dict(exchange.answer.headers).get(b"content-encoding")
            log.log(TRACE, "request body: %s", _shown(plain_request(exchange)))
            log.log(TRACE, "response body: %s", _shown(plain(exchange.answer.body, coding)))


def line(summary: Summary) -> Parts:
    """Return the log line for the summary of a request, as pairs of style and text."""
    status = summary["Status"]
    style = Style.GOOD if status < FIRST_ERROR else Style.BAD if status < _FIRST_SERVER_ERROR else Style.WORST
    parts: Parts = [(Style.STRONG, _subject(summary)), (Style.PLAIN, ": "), (style, str(status))]
    if "Code" in summary:
        parts.append((style, f" {printable(summary['Code'])}"))
    if "Message" in summary:
        parts.append((Style.PLAIN, f": {printable(summary['Message'], MESSAGE + 3)}"))
    if "Reason" in summary:
        parts.append((Style.NOTE, f" ({printable(summary['Reason'], _REASON)})"))
    if "CapacityUnits" in summary:
        parts.append((Style.PLAIN, f", {summary['CapacityUnits']} units"))
    if "BodyBytes" in summary:
        parts.append((Style.PLAIN, f", a body of {summary['BodyBytes'] / 1e6:.1f} MB"))
    parts.append((Style.PLAIN, f", {summary['Milliseconds']:.1f} ms"))
    if "AccessKey" in summary:
        parts.append((Style.FAINT, f", {printable(summary['AccessKey'])} {printable(summary['Region'])}"))
    if "RequestId" in summary:
        parts.append((Style.FAINT, f", request {printable(summary['RequestId'])}"))
    return parts


def _subject(summary: Summary) -> str:
    """Return the beginning of a log line: operation, tables and index, or method and path."""
    if "Operation" not in summary:
        return printable(f"{summary['Method']} {summary['Path']}") if "Method" in summary else "a request"
    names = summary["Tables"]
    if len(names) > _NAMES:
        names = [*names[:_NAMES], f"{len(names) - _NAMES} more"]
    index = f"/{summary['Index']}" if "Index" in summary else ""
    return printable(f"{summary['Operation']} {', '.join(names)}".rstrip() + index)


def _shown(body: bytes) -> str:
    if len(body) <= _LONGEST_BODY:
        return printable(body.decode("utf-8", "backslashreplace"), _LONGEST_BODY * 4)
    return f"{printable(body[:_LONGEST_BODY].decode('utf-8', 'backslashreplace'), _LONGEST_BODY * 4)}... ({len(body)} bytes)"
