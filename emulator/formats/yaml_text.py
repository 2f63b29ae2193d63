"""Reads YAML as JSON, with the short forms of CloudFormation's functions: `!Ref x` is `{"Ref": x}`.

The result has only values of JSON. Dates stay texts. Keys are texts, as they are written: the key
`1:` is "1", and `on:` is "on". Tags for values that JSON does not have, such as `!!binary`, are
errors. Aliases are resolved; it is an error if they add more than MOST_ALIASED values. Reading YAML
needs PyYAML, which the extra `yaml` installs.
"""

from typing import Any, Final

from emulator.formats.bounds import MOST_ALIASED, is_short_number
from emulator.formats.records import FormatError, Place

try:
    import yaml
except ImportError:  # a missing PyYAML is reported only if a file needs it
    yaml = None  # type: ignore[assignment]

_PLAIN: Final = ("Ref", "Condition")
"""CloudFormation's functions whose long form has no `Fn::`, as in `{"Ref": name}`."""

_TAG: Final = "tag:yaml.org,2002:"
_CONVERTED: Final = ("null", "bool", "int", "float")
_JSON: Final = (*_CONVERTED, "seq", "map", "str")
"""The types of YAML whose values JSON has too."""

# Long texts count as more values in the check for bombs: one, plus one for each _PER_VALUE
# characters.
_PER_VALUE: Final = 64


def parse_yaml(text: str, file: str) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a YAML text. Raises FormatError."""
    if yaml is None:
        raise FormatError(Place(file), "YAML needs PyYAML: pip install 'dynamodb-emulator[yaml]'")
    loader = None
    try:
        loader = _loader()(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_bombs(node)
        return loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormatError(Place(file, mark.line + 1 if mark else 0), f"this is not YAML: {error.problem}") from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FormatError(Place(file, line), f"this is not YAML: {error.reason}") from None
    except RecursionError:
        raise FormatError(Place(file), "this YAML is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def _refuse_bombs(root: Any) -> None:  # noqa: ANN401 - PyYAML's objects
    """Raise a YAMLError if an alias contains itself, or if the aliases expand to too many values.

    While it visits all nodes, `_refuse_bombs` also converts all keys to texts.
    """
    written = 0
    weights: dict[int, int] = {}
    unfinished: set[int] = set()

    def weight(node: Any) -> int:  # noqa: ANN401 - PyYAML's objects
        """Return the number of values in a node after resolving aliases. Long texts count more."""
        nonlocal written
        if id(node) in weights:
            return weights[id(node)]
        if id(node) in unfinished:
            raise yaml.composer.ComposerError(None, None, "an alias contains itself", node.start_mark)
        unfinished.add(id(node))
        found = own = _own_weight(node)
        if isinstance(node, yaml.SequenceNode):
            found += sum(map(weight, node.value))
        elif isinstance(node, yaml.MappingNode):
            node.value = [(_as_text(key), value) for key, value in node.value]
            found += sum(weight(key) + weight(value) for key, value in node.value)
        unfinished.discard(id(node))
        written += own
        weights[id(node)] = found
        return found

    if weight(root) > written + MOST_ALIASED:
        problem = f"the aliases in this file expand to more than {MOST_ALIASED:,} values"
        raise yaml.composer.ComposerError(None, None, problem, root.start_mark)


def _own_weight(node: Any) -> int:  # noqa: ANN401 - PyYAML's objects
    return 1 + len(node.value) // _PER_VALUE if isinstance(node, yaml.ScalarNode) else 1


def _as_text(key: Any) -> Any:  # noqa: ANN401 - PyYAML's objects
    """Return a node that PyYAML reads as a string, for the key of a mapping.

    Return the node unchanged if it is the key `<<`, a list, a mapping, or has a tag that is not
    YAML's.
    """
    if not isinstance(key, yaml.ScalarNode) or key.tag == f"{_TAG}merge" or not key.tag.startswith(_TAG):
        return key
    return yaml.ScalarNode(f"{_TAG}str", key.value, key.start_mark, key.end_mark)


def _loader() -> Any:  # noqa: ANN401 - a class that PyYAML makes
    class Loader(yaml.SafeLoader):
        """A SafeLoader that makes only values that JSON has. It reads dates as texts.

        It also accepts CloudFormation's tags, such as `!Ref`.
        """

    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != f"{_TAG}timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    known = yaml.SafeLoader.yaml_constructors
    Loader.yaml_constructors = {tag: known[tag] for tag in (None, *(_TAG + name for name in _JSON))}
    for name in _CONVERTED:
        Loader.add_constructor(_TAG + name, _converter(known[_TAG + name], name))
    Loader.add_constructor(f"{_TAG}timestamp", known[f"{_TAG}str"])
    Loader.add_multi_constructor("!", _function)
    return Loader


def _converter(construct: Any, name: str) -> Any:  # noqa: ANN401 - PyYAML's functions
    """Return a constructor that raises a YAMLError for values that PyYAML cannot convert.

    Long numbers are errors too, because PyYAML takes quadratic time to convert `1:1:1:...`.
    construct: the constructor of PyYAML.
    name: the name of the type in errors.
    """

    def converted(loader: Any, node: Any) -> Any:  # noqa: ANN401 - PyYAML's objects
        if not isinstance(node, yaml.ScalarNode) or is_short_number(node.value):
            try:
                return construct(loader, node)
            except (ArithmeticError, LookupError, ValueError):
                pass
        problem = f"a value cannot be converted to {name}"
        raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)

    return converted


def _function(loader: Any, name: str, node: Any) -> dict[str, Any]:  # noqa: ANN401 - PyYAML's objects
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if name == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name if name in _PLAIN else f"Fn::{name}": value}
