r"""Makes text from clients safe for the log.

A credential, a name or a path may have line breaks, terminal control sequences or megabytes of
text. If the log had such a text unchanged, the text could forge a log line or change the colours of
a terminal. So only printable ASCII stays unchanged. All other characters become Python escapes
(`\n`, `\x1b`, `\xe9`, `\u20ac`), and a long text is cut.
"""

import re
from typing import Final

_LONGEST: Final = 200  # the maximum number of characters by default; the ARN of a table has fewer
# The maximum number of characters of a text in which a function or another server explains a
# failure.
LONGEST_DETAIL: Final = 1000

_NOT_PRINTABLE: Final = re.compile("[^ -~]")


def printable(text: str, longest: int = _LONGEST) -> str:
    """Return a text as one line of printable ASCII.

    If the text has more than `longest` characters, return only its beginning, followed by the
    number of its characters.
    """
    if len(text) > longest:
        return f"{_escaped(text[:longest])}... ({len(text)} characters)"
    return _escaped(text)


def _escaped(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return _NOT_PRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
