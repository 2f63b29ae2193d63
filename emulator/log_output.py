"""The format of the log: lines of text with or without colours, or lines of JSON.

A log record about a request has two additional attributes (http/observing/log_lines.py). `parts` is
the message as texts with styles, for a terminal with colours. `request` is the summary of the
request, which becomes a member of the JSON.
"""

import logging
import os
import sys
from enum import Enum
from typing import Any, Final, TextIO

TRACE: Final = 5  # a level lower than DEBUG, for the bodies of requests and answers

_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"
_RESET: Final = "\x1b[0m"


class Style(Enum):
    """The style of a part of a log line. The value is the number in the escape sequence."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    BAD = "33"
    WORST = "31"
    NOTE = "36"


Parts = list[tuple[Style, str]]

_LEVELS: Final = {"WARNING": Style.BAD, "ERROR": Style.WORST, "CRITICAL": Style.WORST}


class ColouredFormatter(logging.Formatter):
    """Formats log records with colours, for a terminal."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the log line with colours. `Formatter.format` adds an exception's traceback."""
        parts: Parts = getattr(record, "parts", None) or [(Style.PLAIN, record.getMessage())]
        level = _LEVELS.get(record.levelname, Style.FAINT)
        whole: Parts = [
            (Style.FAINT, record.asctime),
            (Style.PLAIN, " "),
            (level, record.levelname),
            (Style.PLAIN, " "),
        ]
        return "".join(_painted(style, text) for style, text in (*whole, *parts))


class JsonFormatter(logging.Formatter):
    """Formats log records as JSON objects with the members time, level and message.

    If the record is about a request or has an exception, the object also has the member `request`
    or `exception`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return a log record as one line of JSON."""
        import json  # noqa: PLC0415 - keeps the start fast
        from datetime import UTC, datetime  # noqa: PLC0415 - keeps the start fast

        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname,
            "message": record.getMessage(),
        }
        if hasattr(record, "request"):
            line["request"] = record.request
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def _painted(style: Style, text: str) -> str:
    return f"\x1b[{style.value}m{text}{_RESET}" if style.value else text


def formatter(form: str, stream: TextIO) -> logging.Formatter:
    """Return the formatter for log lines. form: `text` or `json`.

    Text has colours if `stream` is a terminal that can show colours. The environment variable
    NO_COLOR, with any value, turns colours off (no-color.org).
    """
    if form == "json":
        return JsonFormatter()
    if stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return ColouredFormatter()
    return logging.Formatter(_TEXT)


def configure_log(level: str, form: str = "text", *, requests: bool = False) -> None:
    """Make the process log to stderr.

    level: lines with a lower level are not logged.
    form: `text` or `json`.
    requests: True to log a line for each request, whatever `level` is.
    """
    handler: logging.Handler = logging.NullHandler()
    if sys.stderr is not None:  # None if the process was started without a stderr
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(formatter(form, sys.stderr))
    logging.basicConfig(handlers=[handler])
    set_levels(level, requests=requests)
    logging.getLogger().setLevel(number(level))
    # Users set the level `debug` to see requests. The debug lines of asyncio would be in the way.
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def set_levels(level: str, *, requests: bool) -> None:
    """Set the levels of our loggers.

    The logger of requests logs each request if `level` is debug or trace, or if `requests` is True.
    """
    logging.addLevelName(TRACE, "TRACE")
    logging.getLogger("emulator").setLevel(number(level))
    lines = logging.getLogger("emulator.requests")
    lines.setLevel(number(level) if number(level) <= logging.DEBUG else logging.INFO if requests else logging.WARNING)


def number(level: str) -> int:
    """Return the number of a log level. Python's logging does not have the level `trace`."""
    return TRACE if level == "trace" else int(getattr(logging, level.upper()))
