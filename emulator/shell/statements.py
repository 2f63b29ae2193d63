"""Splits a text into statements, which end with `;`.

A `;` in a string, in a quoted name or in a comment does not end a statement. PartiQL's own lexer
cannot do this, because it refuses a text with an incomplete string.
"""

import re
from typing import Final

from emulator.errors import ApiError
from emulator.partiql.lexer import tokens

_PART: Final = re.compile(
    r"""
      (?P<closed> '(?:[^']|'')*+' | "(?:[^"]|"")*+" )
    | (?P<nothing> \s++ | --[^\n]*+ | /\*(?s:.*?)\*/ )
    | (?P<open> (?s:'.* | ".* | /\*.*) )
    | (?P<end> ; )
    | (?P<word> . )
    """,
    re.VERBOSE,
)


def split(text: str) -> tuple[list[str], str]:
    """Return the statements in a text, without `;`, and the rest after the last `;`.

    Statements with only spaces and comments are left out. If the rest has only these, it is "".
    """
    statements, start, has_words = [], 0, False
    for part in _PART.finditer(text):
        if part.lastgroup == "end":
            if has_words:
                statements.append(text[start : part.start()].strip())
            start, has_words = part.end(), False
        elif part.lastgroup in ("word", "closed", "open"):
            has_words = True
    return statements, text[start:] if has_words else ""


def is_complete(text: str) -> bool:
    """Return whether a text has no statement after its last `;`."""
    return split(text)[1] == ""


def placeholders(statement: str) -> int:
    """Return the number of `?` for which a statement needs parameters."""
    try:
        return sum(token.kind == "?" for token in tokens(statement))
    except ApiError:  # the statement is wrong; the server will say why
        return 0
