"""Colours for text on a terminal, and a way to ignore output that nobody reads any more."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Final, TextIO

_CODES: Final[Mapping[str, str]] = {
    "red": "\x1b[31m",
    "green": "\x1b[32m",
    "yellow": "\x1b[33m",
    "cyan": "\x1b[36m",
    "dim": "\x1b[2m",
}
_RESET: Final = "\x1b[0m"

Painter = Callable[[str, str], str]
"""A function from a colour and a text to the text to print."""


def painter_for(stream: TextIO, environment: Mapping[str, str]) -> Painter:
    """Return `colourful` if the stream is a terminal, else `plain`.

    NO_COLOR (https://no-color.org) and TERM=dumb turn colours off.
    """
    if environment.get("NO_COLOR") or environment.get("TERM") == "dumb" or not stream.isatty():
        return plain
    return colourful


def plain(_colour: str, text: str) -> str:
    """Return the text unchanged, without a colour."""
    return text


def colourful(colour: str, text: str) -> str:
    """Return the text with the control sequences that print it in a colour."""
    return f"{_CODES[colour]}{text}{_RESET}"


def discard_output() -> None:
    """Discard all further output to stdout, because the reader has closed the pipe (`... | head`).

    Otherwise Python reports a broken pipe when it exits and flushes stdout.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
