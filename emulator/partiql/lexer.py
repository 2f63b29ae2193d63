"""Splits PartiQL statements into tokens (behaviour 14.1).

    kind    text
    word    an identifier or keyword: letters, digits, underscores and $; no digit first
    name    an identifier in double quotes, "" for a quote in it; never a keyword
    string  a string in single quotes, '' for a quote in it
    number  5  5.  .73e1  7.31E+6, without a sign
    symbol  << >> <> != <= >= = < > + - * / % || ? . , : ( ) [ ] { } ;
    end     an empty token after the last one

Spaces and comments (-- to the end of the line, /* to */) separate tokens. If a text cannot be split
into tokens, the error does not say why, unlike the errors of expressions.
"""

import re
from typing import Final, NamedTuple

from emulator import errors


class Token(NamedTuple):
    """A token of a statement.

    kind: "word", "name", "string", "number" or "end"; for a symbol, the symbol itself.
    text: the text of the token, without quotes.
    start, end: the range of characters that the token takes in the statement.
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
    """Return the tokens of a statement. The last token has the kind "end". Raises ApiError."""
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
    """Raise ApiError for a number that the service's parser cannot read (behaviour 14.4).

    In the service, the exponent and the scale of a number must fit into 32 bits. The scale is the
    number of digits after the decimal point minus the exponent.
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
    """Return the position of a token as error messages have it: "line:column:length".

    Line and column count from 1.
    """
    line = text.count("\n", 0, token.start) + 1
    column = token.start - text.rfind("\n", 0, token.start)
    return f"{line}:{column}:{token.end - token.start}"
