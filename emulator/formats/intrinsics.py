"""Computes the intrinsic functions of CloudFormation that properties of tables use.

`Resolver.resolve` replaces the functions in a value by their results. It raises `Unresolved` if a
result is known only on AWS. Examples are the exports of other stacks, and all attributes of
resources except TableName.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from emulator.formats.bounds import Budget, Unresolved
from emulator.formats.records import WRONG_FORM

NO_VALUE: Final = object()
"""The value of `AWS::NoValue`. A member or element with this value is left out."""

_PSEUDO: Final[Mapping[str, Any]] = {
    "AWS::AccountId": "123456789012",
    "AWS::NoValue": NO_VALUE,
    "AWS::NotificationARNs": [],
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::StackId": "arn:aws:cloudformation:us-east-1:123456789012:stack/local/0",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "amazonaws.com",
}
_VARIABLE: Final = re.compile(r"\$\{(!?)([^{}]*)\}")


def parameters_of(template: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of a template's parameters, including CloudFormation's pseudo parameters."""
    return frozenset(_mapping(template, "Parameters")) | frozenset(_PSEUDO)


class Resolver:
    """Replaces the functions in one template by their results.

    parameters: the values that the user gives to the template's parameters, by name.
    """

    def __init__(self, template: Mapping[str, Any], parameters: Mapping[str, str]) -> None:
        self._conditions = _mapping(template, "Conditions")
        self._mappings = _mapping(template, "Mappings")
        self._resources = _mapping(template, "Resources")
        self._declared = _mapping(template, "Parameters")
        self._given = parameters
        self._budget = Budget()
        self._open: list[str] = []  # names of the parts of the template that `_guarded` is resolving now

    def resolve(self, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return a value after replacing functions by their results. Raises Unresolved."""
        self._budget.spend(value)
        if isinstance(value, list):
            elements = [self.resolve(each) for each in value]
            return [each for each in elements if each is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            function = _FUNCTIONS.get(name)
            if function is not None and (name != "Condition" or isinstance(argument, str)):
                return self._call(function, name, argument)
            if isinstance(name, str) and name.startswith("Fn::"):
                raise Unresolved(f"the function {name} is not supported")
        members = {name: self.resolve(each) for name, each in value.items()}
        return {name: each for name, each in members.items() if each is not NO_VALUE}

    def is_true(self, condition: str) -> bool:
        """Return True if a condition of the template is true. Raises Unresolved.

        condition: the name of the condition.
        """
        if condition not in self._conditions:
            raise Unresolved(f"there is no condition {condition}")
        return bool(self._guarded(condition, self._conditions[condition]))

    def _call(self, function: Callable[["Resolver", Any], Any], name: str, argument: Any) -> Any:  # noqa: ANN401 - JSON
        try:
            found = function(self, argument)
        except WRONG_FORM:
            raise Unresolved(f"the arguments of {name} are wrong") from None
        self._budget.spend(found)
        return found

    def _guarded(self, name: str, value: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the resolved value of a named part of the template.

        Raises Unresolved if the value refers to its own name: resolving it would never end.
        """
        if name in self._open:
            raise Unresolved(f"{name} refers to itself")
        self._open.append(name)
        try:
            return self.resolve(value)
        finally:
            self._open.pop()

    # --- the functions ----------------------------------------------------------------------------

    def ref(self, name: str) -> Any:  # noqa: ANN401 - JSON
        """Return the result of Ref: the value of a parameter, or the name of a resource.

        The name of a resource is its TableName. Without a TableName, it is the logical id.
        """
        if name in _PSEUDO:
            return self._given.get(name, _PSEUDO[name])
        if name in self._declared:
            return self._parameter(name)
        if name in self._resources:
            properties = _mapping(self._resources[name], "Properties")
            return self._guarded(name, properties.get("TableName", name))
        raise Unresolved(f"there is no parameter or resource {name}")

    def _parameter(self, name: str) -> Any:  # noqa: ANN401 - JSON
        declared = self._declared[name]
        value = self._given.get(name, declared.get("Default"))
        kind = str(declared.get("Type", "String"))
        if value is None:
            raise Unresolved(f"the parameter {name} has no default: give it with --parameter {name}=VALUE")
        if kind.startswith("AWS::SSM::") and name not in self._given:
            raise Unresolved(f"the parameter {name} is kept in SSM: give it with --parameter {name}=VALUE")
        if kind == "CommaDelimitedList" or kind.startswith("List<"):
            return [each.strip() for each in str(value).split(",")]
        return value

    def get_att(self, argument: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the result of Fn::GetAtt, which is a resource's TableName.

        Raises Unresolved for all other attributes.
        """
        name, _, attribute = argument.partition(".") if isinstance(argument, str) else (argument[0], ".", argument[1])
        if attribute == "TableName" or name not in self._resources:
            return self.ref(name)
        raise Unresolved(f"the attribute {attribute} of {name} is known only on AWS")

    def sub(self, argument: Any) -> str:  # noqa: ANN401 - JSON
        """Return the result of Fn::Sub: a text after replacing its variables."""
        text, values = (argument, {}) if isinstance(argument, str) else argument

        def replaced(match: "re.Match[str]") -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return "${" + name + "}"
            if name in values:
                found = str(self.resolve(values[name]))
            else:
                found = str(self.get_att(name) if "." in name else self.ref(name))
            self._budget.spend(found)
            return found

        return _VARIABLE.sub(replaced, text)

    def join(self, argument: Any) -> str:  # noqa: ANN401 - JSON
        """Return the result of Fn::Join: one text made of several, with a separator."""
        separator, parts = argument
        texts = [str(each) for each in self.resolve(parts)]
        self._budget.spend_for(len(str(separator)) * len(texts) + sum(map(len, texts)))
        return str(separator).join(texts)

    def select(self, argument: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the result of Fn::Select: an element of a list."""
        index, elements = argument
        return self.resolve(elements)[int(self.resolve(index))]

    def split(self, argument: Any) -> list[str]:  # noqa: ANN401 - JSON
        """Return the result of Fn::Split: the parts of a text."""
        separator, text = argument
        return str(self.resolve(text)).split(separator)

    def choose(self, argument: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the result of Fn::If: one value if a condition is true, else another value."""
        condition, then, otherwise = argument
        return self.resolve(then if self.is_true(condition) else otherwise)

    def find_in_map(self, argument: Any) -> Any:  # noqa: ANN401 - JSON
        """Return the result of Fn::FindInMap: a value in the template's mappings."""
        name, first, second, *defaults = argument
        path = [self.resolve(each) for each in (name, first, second)]
        try:
            return self._mappings[path[0]][path[1]][path[2]]
        except (KeyError, TypeError):
            if defaults:
                return self.resolve(defaults[0]["DefaultValue"])
            raise Unresolved(f"there is no mapping {'.'.join(map(str, path))}") from None

    def equals(self, argument: Any) -> bool:  # noqa: ANN401 - JSON
        """Return the result of Fn::Equals: True if two values are equal."""
        first, second = argument
        return _text(self.resolve(first)) == _text(self.resolve(second))

    def import_value(self, argument: Any) -> Any:  # noqa: ANN401 - JSON
        """Raise Unresolved for Fn::ImportValue: exports of other stacks are known only on AWS."""
        raise Unresolved(f"the export {argument} is known only on AWS")


_FUNCTIONS: Final[Mapping[str, Callable[[Resolver, Any], Any]]] = {
    "Ref": Resolver.ref,
    "Condition": Resolver.is_true,
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::Select": Resolver.select,
    "Fn::Split": Resolver.split,
    "Fn::If": Resolver.choose,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::Equals": Resolver.equals,
    "Fn::Not": lambda resolver, argument: not resolver.resolve(argument[0]),
    "Fn::And": lambda resolver, argument: all(resolver.resolve(each) for each in argument),
    "Fn::Or": lambda resolver, argument: any(resolver.resolve(each) for each in argument),
    "Fn::ImportValue": Resolver.import_value,
}


def _mapping(owner: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401 - JSON
    found = owner.get(name) if isinstance(owner, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    """Return the text of a value. CloudFormation compares values as texts."""
    return str(value).lower() if isinstance(value, bool) else str(value)
