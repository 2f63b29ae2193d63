"""Reads the file that --config names, which has settings as TOML.

    port = 8001
    in-memory = true
    host = ["127.0.0.1", "::1"]

The keys are the names of the flags without `--`. An underscore counts as a hyphen. Errors name the
file and the key.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import Field
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final

from emulator.setting_sources import FIELDS, Given, SettingsSource, WrongSetting, parsed


def config_source(path: str) -> SettingsSource:
    """Return the settings in a file. Raises WrongSetting if it is wrong or cannot be read."""
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongSetting(f"--config: cannot read {path}: {error.strerror}") from None
    except ValueError as error:  # the file is not TOML, or not UTF-8
        raise WrongSetting(f"--config: {path}: {error}") from None
    found: dict[str, Given] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        given_as = f"{path}: {key}"
        if name == "config":
            raise WrongSetting(f"{given_as}: a configuration file cannot name another configuration file")
        if name not in FIELDS:
            raise WrongSetting(f"{given_as}: there is no such setting{_hint(name)}")
        if name in found:
            raise WrongSetting(f"{given_as}: is given twice, with a hyphen and with an underscore")
        found[name] = Given(given_as, partial(_value, FIELDS[name], value))
    return found


def _value(field: Field[Any], value: object) -> Any:  # noqa: ANN401 - the result has the field's type
    """Return the value of a setting from its TOML value. Raises ValueError if it is wrong."""
    kind = type(field.default)
    if not _FITS.get(kind, _is_text)(value):
        raise ValueError(f"must be {_EXPECTED.get(kind, 'a text, in quotes')}")
    if isinstance(value, bool):
        return value
    return parsed(field, ",".join(value) if isinstance(value, list) else str(value))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_list(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(map(_is_text, value)))


_FITS: Final[Mapping[type, Callable[[object], bool]]] = {
    bool: lambda value: isinstance(value, bool),
    int: _is_number,
    float: _is_number,
    tuple: _is_list,
}
_EXPECTED: Final[Mapping[type, str]] = {
    bool: "true or false, without quotes",
    int: "a number, without quotes",
    float: "a number, without quotes",
    tuple: "a text or a list of texts",
}
"""Type of a setting's default -> the required TOML value, described for an error message.

Settings with another type require a text.
"""


def _hint(name: str) -> str:
    close = get_close_matches(name, FIELDS, 1)
    return f"; did you mean {close[0].replace('_', '-')}?" if close else ""
