"""`dynamodb-emulator control [NAME [JSON]]`: call a control of a running server.

Without a name it lists the controls. The answer goes to stdout, as JSON.

Exit status: 0; 1 if the server refuses the call; 2 if the call cannot be sent.
"""

import sys
from collections.abc import Sequence
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
        description="Call a control of a running server. Without a NAME, list the controls.",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="control, for example clock or ttl")
    parser.add_argument("body", metavar="JSON", nargs="?", default="{}", help="for example '{\"Advance\": 60}'")
    add_endpoint_options(parser)
    options = parser.parse_args(arguments)
    controls = registry.registered()
    if options.name is None:
        for name, each in controls.items():
            print(f"{name:16} {each.summary}")  # noqa: T201 - the result
        return 0
    control = controls.get(options.name)
    if control is None:
        parser.error(f"there is no control {options.name}; there are: {', '.join(controls)}")
    try:
        body = orjson.loads(options.body)
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
