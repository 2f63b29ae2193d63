"""The result of parsing an expression: a tree, and notes for the analyser.

The service checks reserved words, functions and parentheses in the whole text before it checks any
clause. The notes list the words, functions and parentheses of the text in written order, so that
the analyser need not walk the tree for each check.
"""

from typing import Generic, NamedTuple, TypeVar

Tree = TypeVar("Tree")


class Usage(NamedTuple):
    """A function call in the text. as_condition: false if it is an operand.

    inner: whether the call is inside an operand of another function, at any depth.
    """

    function: str
    as_condition: bool
    inner: bool = False


class Parsed(NamedTuple, Generic[Tree]):
    """A tree and notes for the analyser, each in written order.

    words: the names that are written in paths without an alias.
    aliases, placeholders: with their "#" and ":".
    indexes: the numbers in brackets.
    functions: every call, outer before inner.
    operators: the number of operators.
    redundant: whether there are parentheses around parentheses.
    too_long: the number of elements of the first path with too many elements, 0 if there is none.
    """

    tree: Tree
    words: tuple[str, ...]
    aliases: tuple[str, ...]
    placeholders: tuple[str, ...]
    indexes: tuple[int, ...]
    functions: tuple[Usage, ...]
    operators: int
    redundant: bool
    too_long: int = 0
