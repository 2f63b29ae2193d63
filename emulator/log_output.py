"""The format of the log: lines of text with or without colours, or lines of JSON.

Log records may have two additional attributes. `parts` is the message as texts with styles, for
colours. `request` is a summary, which becomes a member of the JSON.
"""

import logging
import os
import sys
from enum import Enum
from typing import Any, Final, TextIO

TRACE: Final = 5  # lower than DEBUG; logs bodies of requests and responses

_TEXT: Final = "%(asctime)s %(levelname)s %(message)s"
_RESET: Final = "\x1b[0m"


class Style(Enum):
    """The style of a part of a line, as the parameters of a terminal's control sequence."""

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
    """Formats records for a terminal."""

    def __init__(self) -> None:
        super().__init__(_TEXT)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line, without the traceback of an exception."""
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
    """Formats records as JSON objects: time, level, message, and perhaps request and exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        import json  # noqa: PLC0415 - start-up time
        from datetime import UTC, datetime  # noqa: PLC0415 - start-up time

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
    """Return the formatter for `text` or `json`. Text has colours only on a terminal.

    The variable NO_COLOR, if it is not empty, turns colours off (no-color.org).
    """
    if form == "json":
        return JsonFormatter()
    if stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb":
        return ColouredFormatter()
    return logging.Formatter(_TEXT)


def configure_log(level: str, form: str = "text", *, requests: bool = False) -> None:
    """Log to stderr, from the given level upwards.

    requests: whether to log a line for each request too.
    """
    handler: logging.Handler = logging.NullHandler()
    if sys.stderr is not None:  # None if the process was started without a stderr
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(formatter(form, sys.stderr))
    logging.basicConfig(handlers=[handler])
    set_levels(level, requests=requests)
    logging.getLogger().setLevel(number(level))
    # The debug lines of asyncio are not about requests.
    logging.getLogger("asyncio").setLevel(logging.WARNING)


def set_levels(level: str, *, requests: bool) -> None:
    """Set the levels of our loggers.

    Each request is logged if the level is debug or lower, or if `requests` is true.
    """
    logging.addLevelName(TRACE, "TRACE")
    logging.getLogger("emulator").setLevel(number(level))
    lines = logging.getLogger("emulator.requests")
    lines.setLevel(number(level) if number(level) <= logging.DEBUG else logging.INFO if requests else logging.WARNING)


def number(level: str) -> int:
    """Return the number of a level. `trace` is below Python's own levels."""
    return TRACE if level == "trace" else int(getattr(logging, level.upper()))
