"""`dynamodb-emulator control [NAME [JSON]]`: call a control of a running server.

NAME is the path of a control below `/_emulator/`, or the control's own name. Two controls may have
the same path: one is called without JSON, the other with JSON. Their own names differ. For example,
`find_advice` is the name of the control that has the path `advice` and is called with JSON.

Without NAME, the command lists the controls with the members of their JSON. `control NAME --help`
explains one control. Without JSON, the call is a GET, which only shows something. So a user who
forgets the JSON changes nothing. The answer goes to stdout, as JSON.

Exit status: 0; 1 if the server refuses the call; 2 if the call cannot be sent.
"""

import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

import orjson

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options, endpoint_of
from emulator.controls import registry
from emulator.flags import Parser

_REFUSED: Final = 1
_HELP: Final = frozenset(("-h", "--help"))


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator control",
        description="Call a control of a running server. Without JSON, the call only shows something, and changes "
        "nothing. Without NAME, list the controls. To explain a control, run `control NAME --help`.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="control, for example clock or snapshots/save")
    parser.add_argument(
        "body", metavar="JSON", nargs="?", help="members of the call, such as '{\"Advance\": 60}'; '{}' for no members"
    )
    add_endpoint_options(parser)
    if len(arguments) > 1 and arguments[0] in _names() and not _HELP.isdisjoint(arguments):
        sys.stdout.write("\n".join(_explanation(arguments[0])))
        return 0
    options = parser.parse_args(arguments)
    controls = registry.by_call()
    if options.name is None:
        sys.stdout.write("".join(f"{line}\n" for line in _list()))
        return 0
    method = "GET" if options.body is None else "POST"
    control = controls.get((method, options.name)) or _named(options.name, method)
    if control is None:
        parser.error(_missing(options.name, method, controls))
    try:
        body = orjson.loads(options.body or "{}")
    except orjson.JSONDecodeError as error:
        parser.error(f"the body is not JSON: {error}")
    if not isinstance(body, dict):
        parser.error("the body must be a JSON object")
    try:
        with endpoint_of(options) as endpoint:
            answer = endpoint.control(control.method, control.path, body)
    except Refused as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _REFUSED
    except Unreachable as error:
        parser.error(str(error))
    sys.stdout.write(orjson.dumps(answer, option=orjson.OPT_INDENT_2).decode() + "\n")
    return 0


def _names() -> set[str]:
    return {path for _, path in registry.by_call()} | registry.registered().keys()


def _named(name: str, method: str) -> registry.Control | None:
    """Return the control with this registered name and HTTP method, None if there is none."""
    found = registry.registered().get(name)
    return found if found is not None and found.method == method else None


def _list() -> Iterator[str]:
    """Yield lines about each control: its path, its summary, and the members of its JSON."""
    for (method, path), each in sorted(_calls(), key=lambda call: (call[0][1], call[0][0])):
        yield f"{path if method == 'GET' else path + ' JSON':24} {each.summary}"
        if each.members:
            yield f"{'':27}{{{', '.join(each.members)}}}"
    yield f"{chr(10)}A ? marks a member that may be missing. `control NAME --help` explains the members."


def _calls() -> Iterable[tuple[tuple[str, str], registry.Control]]:
    return registry.by_call().items()


def _explanation(name: str) -> Iterator[str]:
    """Yield the lines of `control NAME --help`.

    name: a registered name, or a path, which may belong to two controls.
    """
    for (method, path), each in _calls():
        if name in (path, each.name):
            json = "" if method == "GET" else f" '{{{', '.join(each.members)}}}'"
            yield f"dynamodb-emulator control {path}{json}"
            yield f"    {each.summary}{'' if each.name == path else f' (also called {each.name})'}"
            explanation = each.explanation
    yield ""
    yield explanation


def _missing(name: str, method: str, controls: Collection[tuple[str, str]]) -> str:
    """Return a message that says why no control has this name and HTTP method."""
    names = sorted({each for _, each in controls})
    if name not in _names():
        return f"there is no control {name}; there are: {', '.join(names)}"
    return f"the control {name} {'needs JSON, at least {}' if method == 'GET' else 'takes no JSON'}"
