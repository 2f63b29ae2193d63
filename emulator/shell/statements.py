"""Splits a text into statements, which end with `;`.

A `;` in a string, in a quoted name or in a comment does not end a statement. The lexer of
emulator/partiql cannot split the text, because it refuses an incomplete string, which the user may
still be typing.
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
    """Return the complete statements in a text, without `;`, and the text after the last `;`.

    Statements with only spaces and comments are left out. If the text after the last `;` has only
    spaces and comments, "" is returned for it.
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
    """Return True if the text after the last `;` has only spaces and comments."""
    return split(text)[1] == ""


def placeholders(statement: str) -> int:
    """Return the number of `?` in a statement, or 0 if the statement cannot be parsed."""
    try:
        return sum(token.kind == "?" for token in tokens(statement))
    except ApiError:  # The statement is wrong. The server will report the error.
        return 0
