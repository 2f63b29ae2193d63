"""From flags and environment variables to Settings.

Every setting is read as text from the first source that has it, and parsed once:

1. a flag: `--port 8001`
2. the environment: `DYNAMODB_EMULATOR_PORT=8001`. An empty variable counts as absent, because
   compose files write `${PORT:-}`.
3. the default in settings.py

A setting whose default is a tuple is a list. Its flag may be repeated, and both flag and variable
take several values separated by commas. A value that cannot be parsed ends the program with one
line and status 2.
"""

import argparse
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import Field, fields
from pathlib import Path
from typing import Any, Final, NoReturn

from emulator.commands import COMMANDS
from emulator.settings import EXCLUSIVE, Group, Settings
from emulator.version import VERSION

PROGRAM: Final = "dynamodb-emulator"
PREFIX: Final = "DYNAMODB_EMULATOR_"

_TRUE: Final = frozenset(("1", "true", "yes", "on"))
_FALSE: Final = frozenset(("0", "false", "no", "off"))
_METAVARS: Final[Mapping[type, str]] = {int: "N", float: "SECONDS"}

_SERVICE_LINK: Final = r"(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
"""Variables that Kubernetes sets in every pod if there is a Service named `dynamodb-emulator`.

The pattern is for their names without PREFIX. A Service named `dynamodb-emulator-2` sets
DYNAMODB_EMULATOR_2_SERVICE_HOST and so on. Kubernetes also sets DYNAMODB_EMULATOR_PORT, which is a
setting too. The beginning of the value tells them apart (_LINKED_PORT).
"""
_LINKED_PORT: Final = ("tcp://", "udp://", "sctp://")

_DYNAMODB_LOCAL: Final[Mapping[str, str]] = {
    "-port": "use --port",
    "-inMemory": "use --in-memory",
    "-dbPath": "use --data-dir",
    "-sharedDb": "use --shared-db",
    "-cors": "use --cors",
    "-delayTransientStatuses": "use --delay-transient-statuses",
    "-version": "use --version",
    "-optimizeDbBeforeStartup": "leave it out",
    "-disableTelemetry": "leave it out",
}
"""DynamoDB Local's options (developer guide, "DynamoDB local usage notes") and our equivalents."""

_EXAMPLES: Final = f"""\
Every option can come from the environment too: {PREFIX}PORT=8001. A flag wins over the environment.

examples:
  {PROGRAM} --in-memory                       forget everything at exit
  {PROGRAM} --data-dir /var/lib/dynamodb      keep the data in a folder
  {PROGRAM} --port 0 --shared-db              a free port, one database for all access keys
  {PROGRAM} --functions functions.toml        invoke functions with the records of streams

commands (--help after the command explains it):
{"".join(f"  {PROGRAM} {name:16} {summary}{chr(10)}" for name, summary in COMMANDS.items())}
exit status of a server:
  0     it has stopped, after SIGINT, SIGTERM or the end of its parent (--exit-with-parent)
  2     it cannot start, or its workers end again and again; one line on stderr says why
  130   it was interrupted before it was ready
"""


def settings_from(arguments: Sequence[str], environment: Mapping[str, str]) -> Settings:
    """Return the settings from flags, then DYNAMODB_EMULATOR_* variables, then defaults.

    Exits with status 2 and one line if a value cannot be parsed, with status 0 after --help and
    --version.
    """
    parser = _parser()
    known, unknown = parser.parse_known_args(arguments)
    if unknown:
        parser.error(_unknown_arguments(unknown))
    values = vars(known)
    values |= _from_environment(parser, environment, already=values)
    for name, value in values.items():
        if isinstance(value, list):  # the value of a flag that may be repeated
            values[name] = tuple(value)
    return Settings(**values)


def warnings(environment: Mapping[str, str]) -> list[str]:
    """Return one sentence for each DYNAMODB_EMULATOR_* variable that has no effect."""
    known = {field.name.upper() for field in fields(Settings)}
    sentences = []
    for variable, text in sorted(environment.items()):
        name = variable.removeprefix(PREFIX)
        if name == variable or re.fullmatch(_SERVICE_LINK, name):
            continue
        if name not in known:
            if name.endswith("_PORT") and text.startswith(_LINKED_PORT):
                continue
            sentences.append(f"the environment variable {variable} is unknown and has no effect{_hint(name, known)}")
        elif name == "PORT" and text.startswith(_LINKED_PORT):
            sentences.append(
                f"the environment variable {variable} is a Kubernetes service link, not a setting: ignored"
            )
    return sentences


def _unknown_arguments(arguments: Sequence[str]) -> str:
    for argument in arguments:
        ours = _DYNAMODB_LOCAL.get(argument)
        if ours is not None:
            return f"{argument} is an option of DynamoDB Local: {ours}"
    return f"unrecognized arguments: {' '.join(arguments)}; --help lists the options"


def _hint(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistyped name needs it

    close = get_close_matches(name, known, 1)
    return f"; did you mean {PREFIX}{close[0]}?" if close else ""


class Parser(argparse.ArgumentParser):
    """A parser that reports a mistake in one line.

    argparse's own parser also prints the usage, which is longer than a screen.
    """

    def error(self, message: str) -> NoReturn:
        """End the program with status 2."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def _parser() -> Parser:
    parser = Parser(
        prog=PROGRAM,
        description="A local server that speaks Amazon DynamoDB's wire protocol.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("-help", action="help", help=argparse.SUPPRESS)  # DynamoDB Local's spelling
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    groups = {group: parser.add_argument_group(group.value) for group in Group}
    either = groups[Group.STORAGE].add_mutually_exclusive_group()
    for field in fields(Settings):
        _add_flag(either if field.name in EXCLUSIVE else groups[field.metadata["group"]], field)
    return parser


def _add_flag(group: Any, field: Field[Any]) -> None:  # noqa: ANN401 - argparse has no public type
    flag = "--" + field.name.replace("_", "-")
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


def _from_environment(parser: Parser, environment: Mapping[str, str], already: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that only the environment has. already: the settings from flags."""
    values = {}
    decided = EXCLUSIVE if EXCLUSIVE & already.keys() else frozenset[str]()
    for field in fields(Settings):
        variable = PREFIX + field.name.upper()
        text = environment.get(variable, "")
        if not text or field.name in already or field.name in decided:
            continue
        if field.name == "port" and text.startswith(_LINKED_PORT):
            continue
        try:
            values[field.name] = parsed(field, text)
        except ValueError as error:
            parser.error(f"{variable}: {error}")
    if values.get("in_memory") and "data_dir" in values:
        parser.error(f"{PREFIX}IN_MEMORY is not allowed with {PREFIX}DATA_DIR")
    return values


def parsed(field: Field[Any], text: str) -> Any:  # noqa: ANN401 - of the field's type
    """Return a setting's value from its text. Raises ValueError."""
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
