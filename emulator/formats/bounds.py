"""Limits on the memory and work that reading a file takes.

A small file can expand to much data: gzip shrinks a gigabyte of spaces to a megabyte, and ten lines
of aliases or variables expand to a thousand values if each line uses the line before it twice. So a
reader that follows references takes each step from a `Budget`, and a reader that reads a value into
memory stops at a maximum length.
"""

from typing import Final

LONGEST_ITEM: Final = 16 << 20
"""The most bytes of one line, CSV row or element of a list.

An item of 400 KB has at most 3 MB as JSON: a null counts as 1 byte for the service, but is
`{"NULL":true},` in JSON. An export of changes has two such images.
"""

LONGEST_DOCUMENT: Final = 64 << 20
"""The most bytes of a file that is read as a whole.

CloudFormation's own limit is 1 MB; plans of Terraform and models with sample data can have some 10
MB.
"""

MOST_STEPS: Final = 1_000_000
"""The most steps for resolving one template: about a second. 500 tables need some 50,000 steps."""

MOST_ALIASED: Final = 100_000
"""How many values the aliases of one YAML file may add to those that are written in it."""

_LONGEST_NUMBER: Final = 400
_PER_STEP: Final = 64  # copying a text costs one step for each so many characters


def too_long(what: str, limit: int) -> str:
    """Return the text of the problem that something is too long.

    what: the name of that thing. limit: in bytes, a multiple of 1 MiB.
    """
    return f"{what} has more than {limit >> 20} MB"


class Unresolved(Exception):
    """The value of an expression in a template cannot be found. The text says why."""


class Budget:
    """The number of steps that are left for one template."""

    def __init__(self, steps: int = MOST_STEPS) -> None:
        self._left = steps

    def spend(self, value: object = None) -> None:
        """Use up a step. If the value is a text, also use up steps for its length.

        Raises Unresolved if too few steps are left.
        """
        self.spend_for(len(value) if isinstance(value, str) else 0)

    def spend_for(self, characters: int) -> None:
        """Use up the steps for making a text of so many characters.

        Raises Unresolved if too few steps are left.
        """
        self._left -= 1 + characters // _PER_STEP
        if self._left < 0:
            raise Unresolved("its variables and functions expand to too much")


def is_short_number(text: str) -> bool:
    """Return whether the text of a number is short enough to be converted.

    Converting a long text takes long, or fails.
    """
    return len(text) <= _LONGEST_NUMBER
