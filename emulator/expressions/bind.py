"""Makes the programs for the expressions of a request, and caches them by form.

    Update, Condition, Filter, KeyCondition, Projection ──parse, analyze, compile──▶ Bound

Two requests have the same form if their texts, their names, and the placeholders and *types* of
their values are equal. The cache has the programs of the latest forms. Checks that depend on the
contents of values run at every call. Errors are not cached: they are rare, and would displace
programs that are in use.

Order of problems (behaviour 3.6, 4.2):

1. names or values without an expression that could use them
2. `ExpressionAttributeNames`: the map is empty, or its keys are too long or malformed
3. `ExpressionAttributeValues`: the map is empty, or its keys are too long or malformed
4. malformed attribute names
5. the expressions, in the order of the diagram. Each expression is checked in this order: whether
   it is empty, its size, its syntax, its analysis, the contents of its values
6. unused names, then unused values
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Final, TypeVar

from emulator import errors, limits
from emulator.caching import BoundedCache
from emulator.expressions import analyze, parser, problems
from emulator.expressions import compile as compiler
from emulator.expressions import update as updates
from emulator.expressions.analyze import Check, Checked
from emulator.expressions.parsed import Parsed
from emulator.expressions.problems import ExpressionError
from emulator.expressions.program import Condition, KeyCondition, Projection, UpdateProgram
from emulator.values.types import Values

Request = Mapping[str, Any]
_Tree = TypeVar("_Tree")
_Program = TypeVar("_Program")

_NAMES: Final = "ExpressionAttributeNames"
_VALUES: Final = "ExpressionAttributeValues"
_IS_ALIAS: Final = re.compile(r"#[0-9a-zA-Z_]+").fullmatch
_IS_PLACEHOLDER: Final = re.compile(r":[0-9a-zA-Z_]+").fullmatch
_NO_VALUES: Final[Values] = {}


@dataclass(frozen=True, slots=True)
class Bound:
    """The programs of one request, in the order in which the expressions are parsed.

    A program is None if the request does not have the expression parameter.

    checks: pairs of an expression parameter and a check of the contents of values. When the
    programs come from the cache, the checks run again with the request's values.
    """

    update: UpdateProgram | None
    condition: Condition | None
    filter: Condition | None
    key_condition: KeyCondition | None
    projection: Projection | None
    checks: tuple[tuple[str, Check], ...] = ()


_cache: BoundedCache[Bound] = BoundedCache()


def bind(request: Request) -> Bound:
    """Return the programs of a request's expressions.

    Raises ApiError for the first problem of an expression, its names or its values. The error's
    text does not have the prefix "1 validation error detected: ".

    request: members by their wire names, with the types of the service model. Attribute values must
    be canonical. A member that is None counts as absent.
    """
    get = request.get
    names = get("ExpressionAttributeNames")
    values = get("ExpressionAttributeValues")
    form = (
        get("UpdateExpression"),
        get("ConditionExpression"),
        get("KeyConditionExpression"),
        get("FilterExpression"),
        get("ProjectionExpression"),
        tuple(names.items()) if names else names is None,
        (*values, *chain.from_iterable(values.values())) if values else values is None,
    )
    bound = _cache.get(form)
    if bound is None:
        bound = Binding(request).bound()
        _cache.keep(form, bound, _length(request, names, values))
    elif bound.checks:
        for parameter, check in bound.checks:
            _run(parameter, check, values or _NO_VALUES)
    return bound


def unusable_member(request: Request, parameters: Mapping[str, Sequence[str]] | None = None) -> str | None:
    """Return a member that the request has without an expression that can use it, else None.

    The members are ExpressionAttributeNames and ExpressionAttributeValues. If the request has no
    expression for either member, return the first one in the order of `parameters`.

    parameters: for each of the two members, the expression parameters that can use it. If this is
    None, all five expressions can use names, and all but ProjectionExpression can use values.
    """
    for member, users in (parameters or _USERS).items():
        if request.get(member) is not None and all(request.get(parameter) is None for parameter in users):
            return member
    return None


def check_members_used(request: Request) -> None:
    """Raise ApiError for names or values without an expression to use them (behaviour 3.6)."""
    member = unusable_member(request)
    if member is not None:
        raise errors.only_with_expressions(member)


def check_names(names: Collection[str]) -> None:
    """Raise ApiError if one of these attribute names is empty or too long (behaviour 2.1)."""
    if not names or ("" not in names and max(map(len, names)) <= limits.ATTRIBUTE_NAME // 4):
        return  # most requests do not need the loop, which is slow for a million names
    for name in names:
        if not name:
            raise errors.empty_attribute_name()
        if len(name) > limits.ATTRIBUTE_NAME // 4 and len(name.encode()) > limits.ATTRIBUTE_NAME:
            raise errors.attribute_name_too_long()


def _length(request: Request, names: Mapping[str, str] | None, values: Values | None) -> int:
    """Return the number of characters of a request's expressions, names and placeholders.

    These texts are in the key under which the cache keeps the programs.
    """
    texts = [text for parameter in _PARAMETERS if (text := request.get(parameter)) is not None]
    return sum(map(len, chain(texts, names or (), (names or {}).values(), values or ())))


def _run(parameter: str, check: Check, values: Values) -> None:
    try:
        check(values)
    except ExpressionError as error:
        raise errors.invalid_expression(parameter, error.detail) from error


class Binding:
    """Makes the programs for one request's expressions, if the cache does not have them.

    users: for ExpressionAttributeNames and for ExpressionAttributeValues, the expression parameters
    that can use the member. None means that all five expressions can use names, and all but
    ProjectionExpression can use values.
    """

    users: ClassVar[Mapping[str, Sequence[str]] | None] = None

    def __init__(self, request: Request) -> None:
        self.request = request
        self.names: Mapping[str, str] = request.get(_NAMES) or {}
        self.values: Values = request.get(_VALUES) or _NO_VALUES
        self.types = {placeholder: tag for placeholder, value in self.values.items() for tag in value}
        self.used: set[str] = set()
        self.checks: list[tuple[str, Check]] = []

    def bound(self) -> Bound:
        """Check the request's expressions, and return their programs."""
        self.check_members()
        bound = Bound(
            self.program("UpdateExpression", parser.parse_update, self.update),
            self.program("ConditionExpression", parser.parse_condition, self.condition),
            self.program("FilterExpression", parser.parse_condition, self.condition),
            self.program("KeyConditionExpression", parser.parse_key_condition, self.key_condition),
            self.program("ProjectionExpression", parser.parse_projection, self.projection),
            tuple(self.checks),
        )
        self.check_used()
        return bound

    def check_members(self) -> None:
        """Check ExpressionAttributeNames and ExpressionAttributeValues.

        This happens before the expressions are parsed.
        """
        member = unusable_member(self.request, self.users)
        if member is not None:
            raise errors.only_with_expressions(member)
        if self.request.get(_NAMES) is not None:
            _check_placeholders(_NAMES, self.names, _IS_ALIAS)
        if self.request.get(_VALUES) is not None:
            _check_placeholders(_VALUES, self.values, _IS_PLACEHOLDER)
        for alias, name in self.names.items():
            if not name:
                raise errors.empty_name_of(alias)
        check_names(self.names.values())

    def check_used(self) -> None:
        """Raise ApiError if the request has a name or a value that no expression uses."""
        names = [alias for alias in self.names if alias not in self.used]
        if names:
            raise errors.names_unused(names)
        values = [placeholder for placeholder in self.values if placeholder not in self.used]
        if values:
            raise errors.values_unused(values)

    def program(
        self,
        parameter: str,
        parse: Callable[[str], Parsed[_Tree]],
        build: Callable[[Parsed[_Tree]], tuple[_Program, tuple[Check, ...]]],
    ) -> _Program | None:
        """Return the program of one expression, None if the request does not have the expression.

        parameter: the expression parameter, such as FilterExpression. parse: the function that
        parses it. build: a function from the parsed expression to its program and its checks.
        """
        text = self.request.get(parameter)
        if text is None:
            return None
        try:
            _check_text(parameter, text)
            parsed = parse(text)
            self.used.update(parsed.aliases, parsed.placeholders)
            program, checks = build(parsed)
        except ExpressionError as error:
            raise errors.invalid_expression(parameter, error.detail) from error
        for check in checks:
            _run(parameter, check, self.values)
            self.checks.append((parameter, check))
        return program

    def update(self, parsed: Parsed[Any]) -> tuple[UpdateProgram, tuple[Check, ...]]:
        """Return the program of a parsed update, and no checks: an update needs none."""
        return updates.update(analyze.analyze_update(parsed, self.names, self.types).tree, self.types), ()

    def condition(self, parsed: Parsed[Any]) -> tuple[Condition, tuple[Check, ...]]:
        """Return the program of a parsed condition or filter, and its checks."""
        return _compiled(compiler.condition, analyze.analyze_condition(parsed, self.names, self.types))

    def key_condition(self, parsed: Parsed[Any]) -> tuple[KeyCondition, tuple[Check, ...]]:
        """Return the program of a parsed key condition, and its checks."""
        checked = analyze.analyze_key_condition(parsed, self.names, self.types)
        return checked.tree, checked.checks

    def projection(self, parsed: Parsed[Any]) -> tuple[Projection, tuple[Check, ...]]:
        """Return the program of a parsed projection, and its checks."""
        return _compiled(compiler.projection, analyze.analyze_projection(parsed, self.names))


_PARAMETERS: Final = (
    "UpdateExpression",
    "ConditionExpression",
    "FilterExpression",
    "KeyConditionExpression",
    "ProjectionExpression",
)
_USERS: Final = {_NAMES: _PARAMETERS, _VALUES: _PARAMETERS[:-1]}
"""ExpressionAttributeNames or ExpressionAttributeValues -> the expressions that can use them.

A ProjectionExpression cannot use values.
"""


def _check_placeholders(member: str, placeholders: Collection[str], is_valid: Callable[[str], object]) -> None:
    if not placeholders:
        raise errors.must_not_be_empty(member)
    for placeholder in placeholders:
        size = len(placeholder.encode())
        if size > limits.PLACEHOLDER:
            raise errors.placeholder_too_long(member, size)
        if not is_valid(placeholder):
            raise errors.invalid_placeholder(member, placeholder)


def _compiled(build: Callable[[_Tree], _Program], checked: Checked[_Tree]) -> tuple[_Program, tuple[Check, ...]]:
    return build(checked.tree), checked.checks


def _check_text(parameter: str, text: str) -> None:
    if not text:
        raise ExpressionError(problems.EMPTY)
    size = len(text.encode())
    if size > limits.EXPRESSION_SIZE:
        raise problems.too_large(None if parameter == "UpdateExpression" else size)
