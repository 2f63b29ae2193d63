"""Reads YAML, with the short forms of CloudFormation's functions: `!Ref x` is `{"Ref": x}`.

PyYAML is the extra `yaml`. Dates stay texts, as in JSON.
"""

from typing import Any, Final

from emulator.formats.records import FormatError, Place

try:
    import yaml
except ImportError:  # reported when a file needs it
    yaml = None  # type: ignore[assignment]

_PLAIN: Final = ("Ref", "Condition")
"""The functions whose long form has no `Fn::`."""


def parse_yaml(text: str, file: str) -> Any:  # noqa: ANN401 - YAML
    """Return the value of a YAML text. Raises FormatError."""
    if yaml is None:
        raise FormatError(Place(file), "YAML needs PyYAML: pip install 'dynamodb-emulator[yaml]'")
    try:
        return yaml.load(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FormatError(Place(file, mark.line + 1 if mark else 0), f"this is not YAML: {error.problem}") from None
    except yaml.YAMLError as error:
        raise FormatError(Place(file), f"this is not YAML: {error}") from None
    except (ValueError, AttributeError) as error:  # PyYAML's own converters of numbers and times
        raise FormatError(Place(file), f"a value of this YAML cannot be read: {error}") from None
    except RecursionError:
        raise FormatError(Place(file), "this YAML is nested too deeply") from None


def _loader() -> Any:  # noqa: ANN401 - a class that PyYAML makes
    class Loader(yaml.SafeLoader):
        """A SafeLoader that knows tags of functions, and leaves dates alone."""

    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    Loader.add_multi_constructor("!", _function)
    return Loader


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
