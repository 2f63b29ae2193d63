"""Converts the flags of the command line to Settings, and prints --help.

setting_sources.py lists the other sources of settings. A setting whose default is a tuple is a
list: its flag may be repeated, and accepts several values separated by commas. If a value cannot be
parsed, the program prints one line and exits with status 2.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, fields
from functools import partial
from typing import Any, Final, NamedTuple, NoReturn

from emulator.commands import COMMANDS
from emulator.setting_sources import (
    FIELDS,
    LINKED_PORT,
    PREFIX,
    Given,
    SettingsSource,
    WrongSetting,
    environment_source,
    flag_of,
    localstack_source,
    merged,
    parsed,
)
from emulator.settings import EXCLUSIVE, Group, Settings
from emulator.version import VERSION

PROGRAM: Final = "dynamodb-emulator"

_METAVARS: Final[Mapping[type, str]] = {int: "N", float: "SECONDS"}

_SERVICE_LINK: Final = r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
"""Variables that Kubernetes sets in every pod if there is a Service named `dynamodb-emulator`.

The pattern matches the names of these variables without PREFIX. For a Service named
`dynamodb-emulator-2`, Kubernetes sets DYNAMODB_EMULATOR_2_SERVICE_HOST and so on. Kubernetes also
sets DYNAMODB_EMULATOR_PORT, which is the variable of our setting `port` as well. A value that
begins with LINKED_PORT comes from Kubernetes.
"""

_ONE_HYPHEN_TOO: Final = frozenset(("-h", "-help"))
_HELP: Final = _ONE_HYPHEN_TOO | {"--help"}

_EXAMPLES: Final = f"""\
Every option can also be an environment variable, such as {PREFIX}PORT=8001, or a
line in the file of --config, such as port = 8001. If several of these set one option, the flag
counts, else the environment variable, else LocalStack's variable (DYNAMODB_SHARE_DB and others),
else the file.

examples:
  {PROGRAM} --in-memory                       forget everything at exit
  {PROGRAM} --data-dir /var/lib/dynamodb      keep the data in a folder
  {PROGRAM} --port 0 --shared-db              a free port, one database for all access keys
  {PROGRAM} --functions functions.toml        invoke functions with the records of streams
  {PROGRAM} -jar DynamoDBLocal.jar -inMemory  command lines of DynamoDB Local work unchanged

commands (--help after the command explains it):
{"".join(f"  {PROGRAM} {name:16} {summary}{chr(10)}" for name, summary in COMMANDS.items())}
exit status of a server:
  0     the server has stopped, after SIGINT, SIGTERM or the end of its parent (--exit-with-parent)
  2     the server cannot start, or its workers end repeatedly; one line on stderr says why
  130   SIGINT arrived before the server was ready
  143   SIGTERM arrived before the server was ready
"""


class Configuration(NamedTuple):
    """The settings of a server, and warnings about them for the log."""

    settings: Settings
    warnings: list[str]


def settings_from(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings of a server. This may exit the program, as `configuration` does."""
    return configuration(arguments, environment).settings


def configuration(arguments: Sequence[str], environment: Mapping[str, str]) -> Configuration:
    """Return the settings of a server.

    If a value cannot be parsed, the program prints one line and exits with status 2. It exits with
    status 0 after --help and --version.
    """
    parser = _parser()
    words = [each for each in arguments if each not in _HELP]
    # An unknown command with --help is a mistake, but argparse would show the help of the server.
    if len(words) == 1 < len(arguments) and words[0].isalpha():
        parser.error(_unknown_arguments(words))
    try:
        if any(map(_is_of_dynamodb_local, arguments)):
            return _of_dynamodb_local(parser, arguments, environment)
        return Configuration(settings_of([_flags(parser, arguments)], environment), warnings(environment))
    except WrongSetting as error:
        parser.error(str(error))


def _is_of_dynamodb_local(argument: str) -> bool:
    """Return True if only a command line of DynamoDB Local can have this argument."""
    if argument.startswith("--"):
        name = argument.partition("=")[0]
        return name != name.lower()  # DynamoDB Local also accepts two hyphens: --inMemory
    return argument.startswith("-") and argument[1:2].isalpha() and argument not in _ONE_HYPHEN_TOO


def _of_dynamodb_local(parser: "Parser", arguments: Sequence[str], environment: Mapping[str, str]) -> Configuration:
    """Return the settings in a command line of DynamoDB Local.

    Raises WrongSetting if a setting is wrong.
    """
    from emulator import dynamodb_local  # noqa: PLC0415 - start-up time

    command = dynamodb_local.parse(arguments, environment)
    if command.shows is not None:
        sys.stdout.write(dynamodb_local.HELP if command.shows == "-help" else f"{PROGRAM} {VERSION}\n")
        parser.exit(0)
    settings = settings_of([_flags(parser, command.rest), command.flags], environment, command.defaults)
    return Configuration(settings, warnings(environment) + dynamodb_local.warnings(settings))


def settings_of(flags: Sequence[SettingsSource], environment: Mapping[str, str], *defaults: SettingsSource) -> Settings:
    """Return the settings in flags, environment and --config file.

    Raises WrongSetting if a setting or the file is wrong.

    defaults: values for settings that no other source has; they replace the usual defaults.
    """
    named = [*flags, environment_source(environment), localstack_source(environment)]
    file = merged([{"config": each["config"]} for each in named if "config" in each]).get("config")
    if file is not None:
        from emulator.config_file import config_source  # noqa: PLC0415 - start-up time

        named.append(config_source(file))
    return Settings(**merged([*named, *defaults]))


def _flags(parser: "Parser", arguments: Sequence[str]) -> SettingsSource:
    """Return the settings in the flags of this program.

    A wrong flag, --help or --version exits the program.
    """
    known, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_unknown_arguments(unknown))
    return {
        name: Given(flag_of(name), partial(tuple, value) if isinstance(value, list) else partial(_same, value))
        for name, value in vars(known).items()
    }


def _same(value: object) -> object:
    return value


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return one warning for each DYNAMODB_EMULATOR_* variable that has no effect."""
    known = {name.upper() for name in FIELDS}
    sentences = []
    for variable, text in sorted(environment.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable or re.fullmatch(_SERVICE_LINK, name):
            continue
        if name not in known:
            if name.endswith("_PORT") and text.startswith(LINKED_PORT):
                continue
            sentences.append(f"the environment variable {variable} is unknown and has no effect{_hint(name, known)}")
        elif name == "PORT" and text.startswith(LINKED_PORT):
            sentences.append(f"the environment variable {variable} is ignored: Kubernetes set it for a Service")
    return sentences


def _hint(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistyped name needs it

    close = get_close_matches(name, known, 1)
    return f"; did you mean {PREFIX}{close[0]}?" if close else ""


def _unknown_arguments(arguments: Sequence[str]) -> str:
    first = arguments[0]
    if first.startswith("-"):
        return f"unrecognized arguments: {' '.join(arguments)}; --help lists the options"
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistyped name needs it

    close = get_close_matches(first, COMMANDS, 1)
    return f"there is no command {first}; {f'did you mean {close[0]}?' if close else '--help lists the commands'}"


class Parser(argparse.ArgumentParser):
    """A parser of command lines that reports a mistake in one line.

    argparse's own parser also prints the usage, which is longer than a screen.
    """

    def error(self, message: str) -> NoReturn:
        """Print the message in one line, and exit with status 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="A local server that speaks Amazon DynamoDB's wire protocol.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-help", action="help", help=argparse.SUPPRESS)  # DynamoDB Local's flag for help has one hyphen
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    groups = {group: parser.add_argument_group(group.value) for group in Group}
    either = groups[Group.STORAGE].add_mutually_exclusive_group()
    for field in fields(Settings):
        _add_flag(either if field.name in EXCLUSIVE else groups[field.metadata["group"]], field)
    return parser


def _add_flag(group: Any, field: Field[Any]) -> None:  # noqa: ANN401 - argparse has no public type
    flag = flag_of(field.name)
    text = field.metadata["help"].replace("%", "%%")
    default: Any = field.default
    if isinstance(default, bool):
        group.add_argument(flag, action="store_true", default=argparse.SUPPRESS, help=text)
        return
    shown = ", ".join(default) if isinstance(default, tuple) else str(default)
    choices = field.metadata.get("choices")
    group.add_argument(
        flag,
        type=lambda value: _for_argparse(field, value),
        action="extend" if isinstance(default, tuple) else "store",
        default=argparse.SUPPRESS,
        metavar="|".join(choices) if choices else field.metadata.get("metavar") or _METAVARS.get(type(default), "TEXT"),
        help=f"{text} (default: {shown})" if shown else text,
    )


def _for_argparse(field: Field[Any], text: str) -> Any:  # noqa: ANN401 - of the field's type
    try:
        return parsed(field, text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
