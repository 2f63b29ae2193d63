"""Gives the tokens of a statement to its parser, one after another."""

# ruff: noqa: D102 - each method does what its name says

from typing import Final

from emulator import errors
from emulator.partiql.lexer import Token, position, tokens

_DEPTH: Final = 100
"""The maximum number of levels of nested literals.

An item can have at most 32 levels. Python's stack allows far more than 100.
"""


class TokenStream:
    """The tokens of a statement, and the position of the next token.

    depth: how many nested literals (lists, maps, bags) are open around the next token.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        self.at += token.kind != "end"
        return token

    def peek(self, kind: str, ahead: int = 0) -> bool:
        """Return True if a token has this kind; the kind of a symbol is the symbol itself.

        ahead: 0 for the next token, 1 for the one after it.
        """
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)].kind == kind

    def peek_word(self, *words: str) -> bool:
        """Return True if the next token is one of these keywords."""
        token = self.tokens[self.at]
        return token.kind == "word" and token.text.upper() in words

    def take_if(self, kind: str) -> bool:
        matches = self.peek(kind)
        self.at += matches
        return matches

    def take_word(self, word: str) -> bool:
        matches = self.peek_word(word)
        self.at += matches
        return matches

    def expect(self, kind: str) -> Token:
        if not self.peek(kind):
            raise self.malformed(f"Expected {kind}")
        return self.next()

    def expect_word(self, word: str) -> None:
        if not self.take_word(word):
            raise self.malformed(f"Expected {word} keyword")

    def malformed(self, detail: str) -> errors.ApiError:
        return errors.malformed_statement(detail)

    def position(self, token: Token) -> str:
        return position(self.text, token)

    def span(self, first: int, end: int) -> str:
        """Return the position of `tokens[first:end]` for error messages: "line:column:length"."""
        return position(self.text, Token("", "", self.tokens[first].start, self.tokens[end - 1].end))

    def next_comma(self, at: int) -> int:
        """Return the index in `tokens` of the first comma at or after the index `at`."""
        return next(number for number in range(at, len(self.tokens)) if self.tokens[number].kind == ",")

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > _DEPTH:
            raise self.malformed("")
