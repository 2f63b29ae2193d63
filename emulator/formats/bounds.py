"""Limits on the memory and work that reading a file takes.

A small file can expand to much data. Gzip shrinks a gigabyte of spaces to a megabyte. Ten lines of
aliases or variables expand to a thousand values if each line uses the line before it twice. So a
reader that follows references spends a `Budget` of steps. A reader that reads a value into memory
refuses a value that is longer than a maximum.
"""

from typing import Final

LONGEST_ITEM: Final = 16 << 20
"""The maximum number of bytes of one line, CSV row or element of a list.

An item of 400 KB has at most 3 MB as JSON: a null in a list counts as 2 bytes for the service, but
is `{"NULL":true},` in JSON. A line of an incremental export can have two images of an item.
"""

LONGEST_DOCUMENT: Final = 64 << 20
"""The maximum number of bytes of a file that is read as a whole.

CloudFormation's own limit is 1 MB. Plans of Terraform and models with sample data can have 10 MB or
more.
"""

MOST_STEPS: Final = 1_000_000
"""The maximum number of steps for resolving one template. A million steps take about a second.

A template with 500 tables needs about 50,000 steps.
"""

MOST_ALIASED: Final = 100_000
"""The maximum number of values that the aliases of one YAML file add to the values written in it.
"""

_LONGEST_NUMBER: Final = 400
_PER_STEP: Final = 64  # copying this many characters costs one step of a Budget


def too_long(what: str, limit: int) -> str:
    """Return a message such as "this file has more than 64 MB".

    what: the name of the thing that is too long. limit: its maximum in bytes, a multiple of 1 MiB.
    """
    return f"{what} has more than {limit >> 20} MB"


class Unresolved(Exception):
    """The value of an expression in a template cannot be found. The message says why."""


class Budget:
    """The number of steps that the reader of one template may still take."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self, value: object = None) -> None:
        """Use up one step. If the value is a string, also use up steps for its length.

        Raises Unresolved if too few steps are left.
        """
        self.spend_for(len(value) if isinstance(value, str) else 0)

    def spend_for(self, characters: int) -> None:
        """Use up the steps for making a string.

        characters: the length of the string.

        Raises Unresolved if too few steps are left.
        """
        self._left -= 1 + characters // _PER_STEP
        if self._left < 0:
            raise Unresolved("the variables and functions in this file expand to too much data")


def is_short_number(text: str) -> bool:
    """Return True if the text of a number is short enough for Python's `int` and `float`.

    With a longer text, these functions would take too much time or raise an error.
    """
    return len(text) <= _LONGEST_NUMBER
