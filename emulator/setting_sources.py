"""The sources of settings, in order of precedence: the first source that has a setting decides.

| source                 | for example                     | code in                             |
|------------------------|---------------------------------|-------------------------------------|
| flags                  | `--shared-db`                   | flags.py, dynamodb_local.py         |
| our variables          | `DYNAMODB_EMULATOR_SHARED_DB=1` | this module                         |
| LocalStack's variables | `DYNAMODB_SHARE_DB=1`           | this module                         |
| the file of --config   | `shared-db = true`              | config_file.py                      |
| defaults               |                                 | settings.py; for a command line of  |
|                        |                                 | DynamoDB Local: dynamodb_local.py   |

Only the value that decides is parsed, so a wrong value in a later source causes no error. An empty
variable counts as absent, because compose files write `${PORT:-}`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import Field, fields
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from emulator.settings import EXCLUSIVE, Settings

PREFIX: Final = "DYNAMODB_EMULATOR_"

_TRUE: Final = frozenset(("1", "true", "yes", "on"))
_FALSE: Final = frozenset(("0", "false", "no", "off"))
LINKED_PORT: Final = ("tcp://", "udp://", "sctp://")
"""If DYNAMODB_EMULATOR_PORT begins with one of these texts, the variable is ignored.

Kubernetes sets the variable to a URL if the cluster has a Service with the name
`dynamodb-emulator`.
"""

FIELDS: Final[Mapping[str, Field[Any]]] = {field.name: field for field in fields(Settings)}


class WrongSetting(Exception):
    """A setting has a wrong value. The exception's text is one line for the user."""


class Given(NamedTuple):
    """One setting in one source.

    name: the name of the setting in the source, such as `--port` or `DYNAMODB_EMULATOR_PORT`.
    value: a function that returns the parsed value, or raises ValueError.
    """

    name: str
    value: Callable[[], Any]


SettingsSource = Mapping[str, Given]
"""The settings in one source: name of a field of `Settings` -> Given."""


def merged(sources: Iterable[SettingsSource]) -> dict[str, Any]:
    """Return a dictionary with all settings that the sources have: name -> value.

    The first source that has a setting decides its value.

    Raises WrongSetting if a value is wrong or two settings exclude each other.
    """
    values: dict[str, Any] = {}
    folder_is_decided = False
    for source in sources:
        for name, given in source.items():
            if name in values or (folder_is_decided and name in EXCLUSIVE):
                continue
            try:
                values[name] = given.value()
            except ValueError as error:
                raise WrongSetting(f"{given.name}: {error}") from None
        if not folder_is_decided and values.get("in_memory") and "data_dir" in values:
            raise WrongSetting(f"{source['in_memory'].name} is not allowed with {source['data_dir'].name}")
        folder_is_decided = bool(values.get("in_memory")) or "data_dir" in values
    return values


def environment_source(environment: Mapping[str, str]) -> SettingsSource:
    """Return the settings that are given by DYNAMODB_EMULATOR_* variables."""
    found = {}
    for name, field in FIELDS.items():
        variable = variable_of(name)
        text = environment.get(variable)
        if text and not (name == "port" and text.startswith(LINKED_PORT)):
            found[name] = Given(variable, partial(parsed, field, text))
    return found


def localstack_source(environment: Mapping[str, str]) -> SettingsSource:
    """Return the settings that are given by LocalStack's variables."""
    found = {}
    for name, field in FIELDS.items():
        variable: str = field.metadata.get("localstack", "")
        text = environment.get(variable, "")
        if text:
            found[name] = Given(variable, partial(_of_localstack, field, text))
    return found


def _of_localstack(field: Field[Any], text: str) -> Any:  # noqa: ANN401 - a value of the field's type
    if not isinstance(field.default, bool) and "localstack_on" not in field.metadata:
        return parsed(field, text)
    on = _switch(text)
    return on if isinstance(field.default, bool) else field.metadata["localstack_on" if on else "localstack_off"]


def variable_of(name: str) -> str:
    """Return our environment variable for a setting, such as DYNAMODB_EMULATOR_IN_MEMORY."""
    return PREFIX + name.upper()


def flag_of(name: str) -> str:
    """Return the command-line flag for a setting, such as --in-memory."""
    return "--" + name.replace("_", "-")


def parsed(field: Field[Any], text: str) -> Any:  # noqa: ANN401 - a value of the field's type
    """Convert the text of a setting to the type of the field's default.

    Raises ValueError if the text is not a valid value.
    """
    default: Any = field.default
    if isinstance(default, bool):
        return _switch(text)
    check = field.metadata.get("check")
    if isinstance(default, tuple):
        parts = tuple(part.strip() for part in text.split(",") if part.strip())
        for part in parts:
            if check is not None:
                check(part)
        return parts
    if isinstance(default, int | float):
        return _number(type(default), text, field.metadata.get("between"))
    choices = field.metadata.get("choices")
    if choices and text.lower() not in choices:
        raise ValueError(f"{text!r} is not one of {', '.join(choices)}")
    if choices:
        return text.lower()
    if check is not None:
        check(text)
    return Path(text) if isinstance(default, Path) else text


def _switch(text: str) -> bool:
    lower = text.lower()
    if lower not in _TRUE | _FALSE:
        raise ValueError(f"{text!r} is neither 1 (true, yes, on) nor 0 (false, no, off)")
    return lower in _TRUE


def _number(kind: type[int] | type[float], text: str, between: tuple[float, float] | None) -> float:
    try:
        number = kind(text)
    except ValueError:
        raise ValueError(f"{text!r} is not {'a whole number' if kind is int else 'a number'}") from None
    if between is not None and not between[0] <= number <= between[1]:
        raise ValueError(f"{text} is not between {between[0]} and {between[1]}")
    return number
