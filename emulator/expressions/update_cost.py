"""The cost of an update in bytes (behaviour 2.4).

UpdateItem refuses an update whose cost is larger than an item may be. The cost of an update is 3
bytes plus the cost of its clauses:

    SET path = value        19 + target + operand
    ADD path :value         19 + target + size of the value
    REMOVE path             1 + target
    DELETE path :value      1 + target

    target                  bytes of the first element; 4 + bytes for each further element
    path as operand         1 + 14 for each element + bytes of the elements
    value as operand        size of the value
    x + y                   34 + both operands
    x - y                   37 + both operands
    f(x, y)                 cost of the function (functions.py) + its operands

A path consists of elements: names and indexes of lists. The bytes of an element are the UTF-8 bytes
of its name, or the digits of its index. `SET b = :pad` costs 3 + 19 + 1 + the size of `:pad`.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from emulator import limits
from emulator.expressions import ast
from emulator.expressions.functions import FUNCTIONS
from emulator.values.size import utf8_size, value_size
from emulator.values.types import Values
from emulator.values.wire import LARGE_VALUES

_STATEMENT: Final = 3
_CLAUSES: Final[dict[type, int]] = {ast.SetAction: 19, ast.AddAction: 19, ast.RemoveAction: 1, ast.DeleteAction: 1}
_OPERATORS: Final = {"+": 34, "-": 37}
_TARGET_ELEMENT: Final = 4
_PATH: Final = 1
_PATH_ELEMENT: Final = 14


class Cost(NamedTuple):
    """The cost of an update: `fixed` bytes, plus the sizes of the values of `placeholders`.

    light: True if the cost can exceed the limit only with values of the type `wire.LargeValues`.
    With other values, the cost need not be computed.
    """

    fixed: int
    placeholders: tuple[str, ...]
    light: bool

    def total(self, values: Values) -> int:
        """Return the cost of the update in bytes. values: the values of the request."""
        return self.fixed + sum([value_size(values[placeholder]) for placeholder in self.placeholders])


def cost_of(node: ast.UpdateTree) -> Cost:
    """Return the cost of an update that `analyze.py` has checked."""
    fixed = _STATEMENT
    placeholders: list[str] = []
    for action in node.actions:
        steps = action.path.steps
        fixed += _CLAUSES[type(action)] + _elements_size(steps) + _TARGET_ELEMENT * (len(steps) - 1)
        if isinstance(action, ast.SetAction | ast.AddAction):
            for operand in ast.inner_first(action.value):
                if isinstance(operand, ast.Placeholder):
                    placeholders.append(operand.name)
                else:
                    fixed += _fixed_size(operand)
    light = fixed + len(placeholders) * LARGE_VALUES <= limits.ITEM_SIZE
    return Cost(fixed, tuple(placeholders), light)


def _fixed_size(operand: ast.DocumentPath | ast.Literal | ast.Call | ast.Arithmetic) -> int:
    """Return the cost of an operand in bytes.

    The operands of a function or of an arithmetic operation are not included.
    """
    match operand:
        case ast.DocumentPath(steps):
            return _PATH + _PATH_ELEMENT * len(steps) + _elements_size(steps)
        case ast.Literal(value):
            return value_size(value)
        case ast.Call(function):
            cost = FUNCTIONS[function].cost
            assert cost is not None, "in FUNCTIONS, each function that updates may use must have a cost"
            return cost
        case ast.Arithmetic(operator):
            return _OPERATORS[operator]


def _elements_size(steps: Iterable[object]) -> int:
    return sum([utf8_size(str(step)) for step in steps])
