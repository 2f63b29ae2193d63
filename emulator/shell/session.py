"""Runs statements and dot commands, and prints their results. It needs no terminal.

A line that begins with a dot or a backslash, and is not inside a statement, is a dot command. The
constant COMMANDS has all dot commands. Everything else is PartiQL.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from emulator.client.endpoint import HttpEndpoint, Refused
from emulator.display.values import Item, visible
from emulator.shell import output
from emulator.shell.completion import table_of
from emulator.shell.knowledge import Knowledge
from emulator.shell.parameters import NotValues, values
from emulator.shell.statements import placeholders, split
from emulator.wording import counted

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")

PAGE: Final = 50  # after this many items, the shell asks the user whether to show more


class Misused(Exception):
    """A dot command does not exist, or has a wrong argument."""


class Left(Exception):
    """The user wants to exit the shell."""


class User(Protocol):
    """The person at a terminal."""

    def ask(self, question: str) -> str:
        """Ask the user a question; return the answer."""
        ...


class Session:
    """The state of one shell: settings, parameters and cached facts about tables.

    form: the format of results, see `output.FORMATS`.
    user: answers questions at a terminal; None if the input is a script.
    page: after this many items, ask the user whether to show more.
    capacity: True if the shell prints consumed capacity.
    parameters: the values for the next statement.
    """

    def __init__(self, endpoint: HttpEndpoint, form: str, user: User | None = None) -> None:
        self.endpoint = endpoint
        self.knowledge = Knowledge(endpoint)
        self.page = PAGE
        self.capacity = False
        self.parameters: list[dict[str, Any]] = []
        self._user = user
        self.form = form
        self._show = output.show_in(form)

    def set_format(self, form: str) -> None:
        """Set the format of results. Raises ImportError if its library is not installed."""
        self._show = output.show_in(form)
        self.form = form

    def run(self, text: str) -> None:
        """Run all statements and dot commands in a text. The last statement needs no `;`.

        Raises Refused or Unreachable if the server fails, Misused for a wrong dot command,
        NotValues for wrong parameters, and Left if the user exits the shell.
        """
        rest = ""
        for line in _LINE.findall(text):
            if not rest and line[:1] in (".", "\\"):
                self._command(line.strip())
                continue
            statements, rest = split(rest + line)
            for statement in statements:
                self._execute(statement)
        if rest:
            self._execute(rest.strip())

    def _command(self, line: str) -> None:
        name, _, argument = line.partition(" ")
        command = COMMANDS.get(ALIASES.get(name, name))
        if command is None:
            raise Misused(f"there is no command {visible(name)}; type .help for a list of commands")
        command.run(self, argument.strip())

    def _execute(self, statement: str) -> None:
        table = table_of(statement)
        keys = self.knowledge.keys(table) if table and self.form == "table" else []
        # If the input is not UTF-8, `statement` has characters that JSON cannot represent.
        request: dict[str, Any] = {"Statement": statement.encode(errors="replace").decode()}
        parameters = self._parameters_of(statement)
        if parameters:
            request["Parameters"] = parameters
        units: list[float] = []
        items = self._items(request, units)
        count = 0
        while chunk := list(islice(items, self.page)):
            count += len(chunk)
            self._show(chunk, keys)
            sys.stdout.flush()
            if table:
                self.knowledge.remember(table, chunk)
            if len(chunk) == self.page and not self._wants_more():
                break
        self._finish(count, units)

    def _wants_more(self) -> bool:
        if self._user is None:
            return True
        return not self._user.ask("more? [Enter, or q] ").strip().lower().startswith("q")

    def _items(self, request: dict[str, Any], units: list[float]) -> Iterator[Item]:
        """Run a statement and yield the items of all pages. Add each page's capacity to `units`."""
        if self.capacity:
            request["ReturnConsumedCapacity"] = "TOTAL"
        while True:
            answer = self.endpoint.call("ExecuteStatement", request)
            units.append(answer.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0))
            yield from answer.get("Items", ())
            if "NextToken" not in answer:
                return
            request["NextToken"] = answer["NextToken"]

    def _parameters_of(self, statement: str) -> list[dict[str, Any]]:
        """Return the parameters of a statement. If there is a user, ask for missing parameters."""
        given, self.parameters = self.parameters, []
        if self._user is not None:
            for number in range(len(given), placeholders(statement)):
                given += values(self._user.ask(f"parameter {number + 1}: "))
        return given

    def _finish(self, count: int, units: Sequence[float]) -> None:
        used = f"{sum(units):g} capacity units" if self.capacity else ""
        if self._user is not None:
            said = counted(count, "item")
            self.say(f"{said}, {used}" if used else said)
        elif used:
            print(used, file=sys.stderr)  # noqa: T201 - not a part of the result

    def say(self, text: str) -> None:
        """Print a line to stdout."""
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


class Command(NamedTuple):
    """A dot command. usage, summary: the arguments and the explanation that .help prints."""

    usage: str
    summary: str
    run: Callable[[Session, str], None]


def _tables(session: Session, _argument: str) -> None:
    session.knowledge.forget()
    for name in session.knowledge.tables():
        session.say(name)


def _describe(session: Session, argument: str) -> None:
    if not argument:
        _tables(session, argument)
        return
    session.knowledge.forget()
    for line in description(session.knowledge.describe(argument.strip('"'))):
        session.say(line)


def description(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines that .describe prints. table: the `Table` of DescribeTable's answer."""
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}

    def keys(schema: Sequence[Mapping[str, str]]) -> str:
        return ", ".join(f"{visible(each['AttributeName'])} {types[each['AttributeName']]}" for each in schema)

    yield f"{table['TableName']}: {table['TableStatus']}"
    yield f"  key: {keys(table['KeySchema'])}"
    for kind, member in (("global", "GlobalSecondaryIndexes"), ("local", "LocalSecondaryIndexes")):
        for index in table.get(member, ()):
            yield f"  {kind} index {index['IndexName']}: {keys(index['KeySchema'])}, {index['Projection']['ProjectionType']}"
    for index in table.get("VectorIndexes", ()):
        yield (
            f"  vector index {index['IndexName']}: {visible(index['VectorAttribute']['AttributeName'])}, "
            f"{index['Dimensions']} dimensions, {index['DistanceFunction']}, {index['Projection']['ProjectionType']}"
        )
    throughput = table.get("ProvisionedThroughput", {})
    if table.get("BillingModeSummary", {}).get("BillingMode") == "PAY_PER_REQUEST":
        yield "  billing: on demand"
    else:
        yield f"  billing: {throughput['ReadCapacityUnits']} read and {throughput['WriteCapacityUnits']} write units"
    stream = table.get("StreamSpecification", {})
    yield f"  stream: {stream['StreamViewType'] if stream.get('StreamEnabled') else 'off'}"
    yield f"  items: {table['ItemCount']}, {table['TableSizeBytes']} bytes"


def _parameters(session: Session, argument: str) -> None:
    session.parameters = values(argument)


def _format(session: Session, argument: str) -> None:
    if argument not in output.FORMATS:
        raise Misused(f"there is no format {visible(argument)}; the formats are {', '.join(output.FORMATS)}")
    session.set_format(argument)


def _page(session: Session, argument: str) -> None:
    if not argument.isdecimal() or int(argument) == 0:
        raise Misused("type .page and a number of items, such as .page 50")
    session.page = int(argument)


def _capacity(session: Session, argument: str) -> None:
    if argument not in ("on", "off"):
        raise Misused("type .capacity on or .capacity off")
    session.capacity = argument == "on"


def _help(session: Session, _argument: str) -> None:
    session.say("Type a PartiQL statement (SELECT, INSERT, UPDATE, DELETE). It may have several lines and ends with ;")
    for name, command in COMMANDS.items():
        session.say(f"{f'{name} {command.usage}'.strip():22} {command.summary}")


def _quit(_session: Session, _argument: str) -> None:
    raise Left


COMMANDS: Final[Mapping[str, Command]] = {
    ".tables": Command("", "list the tables", _tables),
    ".describe": Command("TABLE", "show keys, indexes and size of a table", _describe),
    ".parameters": Command(
        "VALUE...", 'set the values for ? in the next statement: \'text\' 12 true {"SS": ["a"]}', _parameters
    ),
    ".format": Command("FORMAT", f"show items as {', '.join(output.FORMATS)}", _format),
    ".page": Command("N", "after each N items, ask whether to show more", _page),
    ".capacity": Command("on|off", "show consumed capacity", _capacity),
    ".help": Command("", "show this help", _help),
    ".quit": Command("", "exit the shell (or press Ctrl-D)", _quit),
}
ALIASES: Final[Mapping[str, str]] = {
    "\\d": ".describe",
    "\\dt": ".tables",
    "\\?": ".help",
    "\\h": ".help",
    "\\q": ".quit",
    ".exit": ".quit",
    **{f"\\{name[1:]}": name for name in COMMANDS},
}
"""Other names of dot commands, which users know from the shells of other databases."""

PROBLEMS: Final = (Refused, Misused, NotValues)
"""Errors that the shell prints as one line before it continues."""
