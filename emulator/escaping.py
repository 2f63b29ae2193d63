r"""Text that a client has sent, made safe to print in the log.

A credential, a name or a path may hold line breaks, terminal control sequences or megabytes. Printed as it is, it could
forge a log line or recolour the terminal. Printable ASCII stays, everything else becomes a Python escape (`\n`,
`\x1b`, `\xe9`, `\u20ac`), and a long text is cut.
"""

import re
from typing import Final

_LONGEST: Final = 200  # characters: an ARN of a table fits
ANSWER: Final = 1000  # what a function or another server answered

_NOT_PRINTABLE: Final = re.compile("[^ -~]")


def printable(text: str, longest: int = _LONGEST) -> str:
    """Return a text on one line of printable ASCII; of a long one the beginning and its length."""
    if len(text) > longest:
        return f"{_escaped(text[:longest])}... ({len(text)} characters)"
    return _escaped(text)


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return _NOT_PRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
