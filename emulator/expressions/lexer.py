"""Cuts the text of an expression into tokens. All five grammars share them (behaviour 4.1).

    name    letter, then letters, digits, underscores; the lexer treats keywords as names
    alias   # and letters, digits, underscores          number  digits
    value   : and letters, digits, underscores          symbols = <> < <= > >= + - . , ( ) [ ]
    unknown any other character                         end     after the last token

Letters and digits are ASCII. Spaces, tabs and line ends separate tokens and are not tokens
themselves. The lexer raises no errors: an unknown character becomes an error only when a parser
reaches it. An underscore before a name is an unknown character (observed:
github.com/aws/aws-sdk-java-v2/issues/3279).
"""

import re
from typing import Final, NamedTuple


class Token(NamedTuple):
    """A token.

    kind: a kind in the module's docstring. For a symbol, it is the symbol itself.
    start, end: the token's positions in the text.
    """

    kind: str
    text: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    r"""
    [ \t\r\n]*+
    (?: (?P<name> [A-Za-z][A-Za-z0-9_]*+)
      | (?P<alias> \#[A-Za-z0-9_]++)
      | (?P<value> :[A-Za-z0-9_]++)
      | (?P<number> [0-9]++)
      | (?P<symbol> <>|<=|>=|[=<>+\-.,()\[\]])
      | (?P<unknown> .)
    )
    """,
    re.VERBOSE | re.DOTALL,
)

END: Final = "<EOF>"
_SPACE: Final = " \t\r\n"


def tokens(text: str) -> list[Token]:
    """Return the tokens of a text. The last token has the kind "end"."""
    result = []
    for match in _TOKEN.finditer(text, 0, len(text.rstrip(_SPACE))):
        group = match.lastgroup
        assert group is not None, "every alternative of the pattern must be a named group"
        start, end = match.span(group)
        word = text[start:end]
        result.append(Token(word if group == "symbol" else group, word, start, end))
    result.append(Token("end", END, len(text), len(text)))
    return result
