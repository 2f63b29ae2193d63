"""Tokens of PartiQL statements (behaviour 14.1).

    word    letter, underscore or $, then letters, digits, underscores, $: identifiers, keywords
    name    "double quoted", "" for a quote; never a keyword
    string  'single quoted', '' for a quote
    number  5  5.  .73e1  7.31E+6, without sign
    symbol  << >> <> != <= >= = < > + - * / % || ? . , : ( ) [ ] { } ;
    end     after the last token

Spaces and comments (-- to the end of the line, /* to */) separate tokens. If a text cannot be split
into tokens, the statement is refused. Unlike errors of expressions, that error does not say why.
"""

import re
from typing import Final, NamedTuple

from emulator import errors


class Token(NamedTuple):
    """A token. The kind of a symbol is the symbol itself.

    text: the text of the token, without quotes.
    start, end: the token's position in the statement.
    """

    kind: str
    text: str
    start: int
    end: int


_TOKEN: Final = re.compile(
    r"""
      (?P<space> \s++ | --[^\n]*+ | /\*(?s:.)*?\*/ )
    | (?P<word> [A-Za-z_$][A-Za-z0-9_$]*+)
    | (?P<name> "(?:[^"]|"")*+")
    | (?P<string> '(?:[^']|'')*+')
    | (?P<number> (?:[0-9]++(?:\.[0-9]*+)?+ | \.[0-9]++) (?:[eE](?P<exponent>[+-]?+[0-9]++))?+ (?![A-Za-z0-9_$]))
    | (?P<symbol> <<|>>|<>|!=|<=|>=|\|\||[=<>+\-*%?.,:()\[\]{};]|/(?!\*))
    """,
    re.VERBOSE,
)
_EXPONENT_MAX: Final = 2**31 - 1
_EXPONENT_DIGITS: Final = 10


def tokens(text: str) -> list[Token]:
    """Return the tokens of a statement. The last one has the kind "end". Raises ApiError."""
    result = []
    position = 0
    match_at = _TOKEN.match
    while position < len(text):
        match = match_at(text, position)
        if match is None:
            raise errors.malformed_statement("")
        end = match.end()
        kind = match.lastgroup
        if kind != "space":
            word = text[position:end]
            if kind == "symbol":
                result.append(Token(word, word, position, end))
            elif kind == "word":
                result.append(Token("word", word, position, end))
            elif kind in ("name", "string"):
                quote = word[0]
                result.append(Token(kind, word[1:-1].replace(quote * 2, quote), position, end))
            else:
                _check_scale(word, match["exponent"])
                result.append(Token("number", word, position, end))
        position = end
    result.append(Token("end", "", len(text), len(text)))
    return result


def _check_scale(number: str, exponent: str | None) -> None:
    """Raise for a number that the service's parser cannot read (behaviour 14.4).

    The service's parser has 32 bits for the exponent and 32 bits for the scale. The scale is the
    number of digits after the point minus the exponent.
    """
    if exponent is None:
        return
    digits = exponent.lstrip("+-").lstrip("0")
    if len(digits) > _EXPONENT_DIGITS or int(digits or "0") > _EXPONENT_MAX:
        raise errors.malformed_statement("")
    fraction = number[: -len(exponent) - 1].partition(".")[2]
    if len(fraction) - int(exponent) > _EXPONENT_MAX:
        raise errors.malformed_statement("")


def position(text: str, token: Token) -> str:
    """Return the position of a token as it is written in errors: line, column and length.

    Line and column count from 1.
    """
    line = text.count("\n", 0, token.start) + 1
    column = token.start - text.rfind("\n", 0, token.start)
    return f"{line}:{column}:{token.end - token.start}"
