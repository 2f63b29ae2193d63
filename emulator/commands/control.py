"""`dynamodb-emulator control [NAME [JSON]]`: call a control of a running server.

The names are those of the calls under `/_emulator/`. Without a name, the command lists the
controls. Without JSON, the call is a GET, which only shows something. So a user who forgets the
argument changes nothing. The answer goes to stdout, as JSON.

Exit status: 0; 1 if the server refuses the call; 2 if the call cannot be sent.
"""

import sys
from collections.abc import Collection, Sequence
from typing import Final

import orjson

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options, endpoint_of
from emulator.controls import registry
from emulator.flags import Parser

_REFUSED: Final = 1


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator control",
        description="Call a control of a running server. Without JSON, only show its state. Without a NAME, "
        "list the controls.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="control, for example clock or snapshots/save")
    parser.add_argument("body", metavar="JSON", nargs="?", help="for example '{\"Advance\": 60}'; {} for none")
    add_endpoint_options(parser)
    options = parser.parse_args(arguments)
    controls = registry.by_call()
    if options.name is None:
        for (method, name), each in sorted(controls.items(), key=lambda each: (each[0][1], each[0])):
            print(f"{name if method == 'GET' else name + ' JSON':24} {each.summary}")  # noqa: T201 - the result
        return 0
    method = "GET" if options.body is None else "POST"
    control = controls.get((method, options.name))
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


def _missing(name: str, method: str, controls: Collection[tuple[str, str]]) -> str:
    """Return why there is no such call of a control."""
    names = sorted({each for _, each in controls})
    if name not in names:
        return f"there is no control {name}; there are: {', '.join(names)}"
    return f"the control {name} {'needs JSON, at least {}' if method == 'GET' else 'takes no JSON'}"
