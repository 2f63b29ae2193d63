"""Parses command lines of DynamoDB Local, as scripts and compose files have them.

    java -Djava.library.path=./DynamoDBLocal_lib -jar DynamoDBLocal.jar -sharedDb -dbPath ./data

Options of Java are ignored. DynamoDB Local's options and defaults become settings of this server
(setting_sources.py). The command line may also have options of this program, which have priority.
DynamoDB Local's options are from the developer guide, "DynamoDB local usage notes". We tried
these options with DynamoDB Local 1.25.1.

A server that starts with such a command line behaves as follows:

- A GET of `/` answers 400, and certain lines appear on stdout, because scripts wait for them
  (`--as-dynamodb-local`).
- The account in ARNs is 000000000000.
- The store is in a folder inside `-dbPath`, by default inside the working directory. So DynamoDB
  Local's own files stay unchanged.
- In a container, the server listens on all addresses, because the ports of a container are closed
  until a user publishes them. Elsewhere it listens only on localhost, unlike DynamoDB Local,
  because the server has no access control.
"""

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from emulator.setting_sources import FIELDS, Given, SettingsSource, WrongSetting, parsed
from emulator.settings import AnyPage, Settings

FOLDER: Final = "dynamodb-emulator"
"""The name of the store's folder, in the folder of DynamoDB Local's files."""

_CONTAINER_FILES: Final = (Path("/.dockerenv"), Path("/run/.containerenv"))
"""Files that Docker and Podman create in containers."""
_CONTAINER_VARIABLE: Final = "KUBERNETES_SERVICE_HOST"

_JAVA_WITH_VALUE: Final = frozenset(("-jar", "-cp", "-classpath"))
_JAVA_PREFIXES: Final = ("-D", "-X", "-ea", "-server", "-javaagent:", "-agentlib:")
# The end of the full name of DynamoDB Local's main class. The beginning depends on the version.
_MAIN_CLASS: Final = ".local.main.ServerRunner"


def _store(text: str) -> Path:
    return Path(text) / FOLDER


def _origins(text: str) -> tuple[str, ...]:
    """Return the origins that the option -cors allows. text: the option's value.

    A domain without a scheme becomes two origins: one with http and one with https.
    """
    domains = [each.strip() for each in text.split(",") if each.strip()]
    if "*" in domains:
        return AnyPage()
    origins = [f"{scheme}://{each}" for each in domains if "://" not in each for scheme in ("http", "https")]
    value: tuple[str, ...] = parsed(FIELDS["cors"], ",".join([each for each in domains if "://" in each] + origins))
    return value


class _Option(NamedTuple):
    """An option of DynamoDB Local.

    setting: the field of Settings that the option sets, or None if the option sets no field.
    value: a function from the option's text to the setting's value; None if the option takes no
    value.
    """

    summary: str
    setting: str | None = None
    metavar: str = ""
    value: Callable[[str], Any] | None = None
    ends: bool = False  # True if the option shows a text and ends the program


OPTIONS: Final[Mapping[str, _Option]] = {
    "-port": _Option("port to listen on (default: 8000)", "port", "N", partial(parsed, FIELDS["port"])),
    "-inMemory": _Option("keep all data in memory only; they are lost at exit", "in_memory"),
    "-dbPath": _Option(
        f"directory that contains the data folder {FOLDER} (default: working directory)", "data_dir", "DIR", _store
    ),
    "-sharedDb": _Option("one database for all access keys and regions", "shared_db"),
    "-cors": _Option("origins or domains of web pages that may use this server", "cors", "LIST", _origins),
    "-delayTransientStatuses": _Option(
        "show transient statuses such as CREATING for a while", "delay_transient_statuses"
    ),
    "-optimizeDbBeforeStartup": _Option("no effect"),
    "-disableTelemetry": _Option("no effect: there is no telemetry"),
    "-version": _Option("show the version", ends=True),
    "-help": _Option("show this text", ends=True),
}

_DEFAULTS: Final[Mapping[str, Any]] = {"account": "000000000000", "as_dynamodb_local": True, "data_dir": Path(FOLDER)}

HELP: Final = "options of DynamoDB Local:\n" + "".join(
    f"  {f'{name} {option.metavar}':26}{option.summary}\n" for name, option in OPTIONS.items()
)


class Command(NamedTuple):
    """A parsed command line.

    rest: arguments that are options of this program, not of DynamoDB Local.
    shows: -help or -version if the command line has this option, else None. With either option, the
    program shows a text and starts no server.
    """

    flags: SettingsSource
    defaults: SettingsSource
    rest: Sequence[str]
    shows: str | None


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Command:
    """Parse a command line of DynamoDB Local. Raises WrongSetting for a wrong option or value."""
    flags: dict[str, Given] = {}
    rest: list[str] = []
    shows: str | None = None
    waiting = list(reversed(arguments))
    if waiting and Path(waiting[-1]).name == "java":
        waiting.pop()
    while waiting:
        argument = waiting.pop()
        name, equals, text = argument.partition("=")
        if name.startswith("--") and name[1:] in OPTIONS and name[2:] not in FIELDS:
            name = name[1:]  # DynamoDB Local also accepts its options with two hyphens
            argument = argument[1:]
        option = OPTIONS.get(name)
        if argument in _JAVA_WITH_VALUE:
            if waiting and not waiting[-1].startswith("-"):
                waiting.pop()
        elif argument.startswith(_JAVA_PREFIXES) or argument.endswith(_MAIN_CLASS):
            continue
        elif argument.startswith("--") or not argument.startswith("-"):
            rest.append(argument)
        elif option is None:
            raise WrongSetting(_unknown(name))
        elif option.setting is not None and option.value is not None:
            value = text if equals else _value_of(argument, waiting)
            flags[option.setting] = Given(name, partial(option.value, value))
        elif equals:
            raise WrongSetting(f"{name} takes no value")
        elif option.setting is not None:
            flags[option.setting] = Given(name, partial(_same, True))  # noqa: FBT003 - the value
        elif option.ends:
            shows = shows or name
    return Command(flags, _defaults(environment), rest, shows)


def _value_of(name: str, waiting: list[str]) -> str:
    if not waiting or waiting[-1].startswith("-"):
        raise WrongSetting(f"{name} needs a value")
    return waiting.pop()


def _unknown(name: str) -> str:
    close = get_close_matches(name.lower(), [each.lower() for each in OPTIONS], 1)
    hint = next((f"; did you mean {each}?" for each in OPTIONS if [each.lower()] == close), "")
    return f"there is no option {name}{hint or '; -help and --help list the options'}"


def _defaults(environment: Mapping[str, str]) -> SettingsSource:
    values = dict(_DEFAULTS)
    if _CONTAINER_VARIABLE in environment or any(file.exists() for file in _CONTAINER_FILES):
        values["host"] = ("0.0.0.0",)  # noqa: S104 - as the module's docstring says
    return {name: Given(name, partial(_same, value)) for name, value in values.items()}


def _same(value: object) -> object:
    return value


def warnings(settings: Settings) -> list[str]:
    """Return a list with one warning if the folder of our store also has files of DynamoDB Local.

    Return an empty list otherwise.
    """
    folder = settings.folder
    if folder is None or folder.name != FOLDER:
        return []
    files = ", ".join(sorted(each.name for each in folder.parent.glob("*.db")))
    how = "start DynamoDB Local on another port and run: dynamodb-emulator load"
    sentence = (
        f"{folder.parent.absolute()} has data of DynamoDB Local ({files}), which this server does not read. To copy a "
        f"table, {how} --from-endpoint http://127.0.0.1:PORT --table NAME"
    )
    return [sentence] if files else []
