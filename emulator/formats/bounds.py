"""How much memory and work a file may cost, whatever is in it.

A small file can stand for much: gzip shrinks a gigabyte of spaces to a megabyte, and ten lines of
aliases or variables that each use the one before twice stand for a thousand values. So a reader
that follows references pays for each step from a `Budget`, and whoever reads a value into memory
stops at a length.
"""

from typing import Final

LONGEST_ITEM: Final = 16 << 20
"""Bytes of one line, CSV row or element of a list. An item of 400 KB has at most 3 MB as JSON:
nulls, of 1 byte each in the service's measure, are `{"NULL":true},`. An export of changes has two
such images."""

LONGEST_DOCUMENT: Final = 64 << 20
"""Bytes of a file that is read as a whole. CloudFormation's own limit is 1 MB; plans of Terraform
and models with sample data have some ten."""

MOST_STEPS: Final = 1_000_000
"""Steps of resolving one template, about a second. A template of 500 tables needs some 50,000."""

MOST_ALIASED: Final = 100_000
"""Values that the aliases of one YAML file may stand for, beyond those that are written out."""

_LONGEST_NUMBER: Final = 400
_PER_STEP: Final = 64  # characters of text that are copied in one step


def too_long(what: str, limit: int) -> str:
    """Return the text of a problem: something is longer than a limit in bytes."""
    return f"{what} has more than {limit >> 20} MB"


class Unresolved(Exception):
    """A value is not known here. The text says which."""


class Budget:
    """The steps that are left for one template."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self, value: object = None) -> None:
        """Pay for a step and, if it makes a text, for its length. Raises Unresolved."""
        self.spend_for(len(value) if isinstance(value, str) else 0)

    def spend_for(self, characters: int) -> None:
        """Pay for a step that makes a text of this length. Raises Unresolved."""
        self._left -= 1 + characters // _PER_STEP
        if self._left < 0:
            raise Unresolved("its variables and functions stand for too much")


def is_short_number(text: str) -> bool:
    """Say whether Python may convert the digits of a number: longer ones cost time or fail."""
    return len(text) <= _LONGEST_NUMBER
