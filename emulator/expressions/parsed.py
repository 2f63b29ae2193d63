"""The result of parsing an expression: a tree, and notes for the analyser.

The service checks reserved words, functions and parentheses in the whole text before it checks any
clause. The notes list them in written order. So the analyser need not search the tree for each
check.
"""

from typing import Generic, NamedTuple, TypeVar

Tree = TypeVar("Tree")


class Usage(NamedTuple):
    """A function call in the text.

    as_condition: True if the call is a condition, False if it is an operand.
    inner: True if the call is inside an operand of another function, at any depth.
    """

    function: str
    as_condition: bool
    inner: bool = False


class Parsed(NamedTuple, Generic[Tree]):
    """A tree, and notes for the analyser. The elements of each tuple are in written order.

    words: the names in paths that are written without an alias.
    aliases, placeholders: the aliases with "#", and the placeholders with ":".
    indexes: the list indexes in brackets.
    functions: every call, an outer call before the calls inside it.
    operators: the number of operators.
    redundant: True if there are parentheses directly around parentheses.
    too_long: the number of elements of the first path with too many elements, 0 if there is no such
        path.
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
