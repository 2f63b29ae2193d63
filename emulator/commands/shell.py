"""`dynamodb-emulator shell`: run PartiQL statements, at a prompt or from a script.

Exit status: 0; 1 if the server refuses a statement of a script; 2 if the command cannot start or
the server does not answer.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.client.options import add_endpoint_options, endpoint_of
from emulator.display.terminal import discard_output
from emulator.flags import Parser
from emulator.shell.output import FORMATS
from emulator.shell.parameters import NotValues, values
from emulator.shell.session import Left, Misused, Session

_REFUSED: Final = 1
_EXTRA: Final = "the prompt and drawn tables need prompt-toolkit and rich: pip install 'dynamodb-emulator[shell]'"

_EPILOG: Final = """\
examples:
  dynamodb-emulator shell
  dynamodb-emulator shell --execute "SELECT * FROM Orders WHERE id = ?" --parameter '"o-1"'
  dynamodb-emulator shell --format json < statements.sql

A statement ends with `;`. At the prompt, .help lists commands and Tab completes words. Without
--execute and without a terminal, statements come from stdin. A script ends at its first error.
The shell signs no requests. So it works with servers that check no signatures, such as this one,
but not with AWS.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        parameters = [value for text in options.parameter for value in values(text)]
    except NotValues as error:
        parser.error(f"--parameter: {error}")
    try:
        with endpoint_of(options) as endpoint:
            if options.execute is None and sys.stdin.isatty() and sys.stdout.isatty():
                return _prompt(endpoint, options.format or "table")
            texts = options.execute or [sys.stdin.buffer.read().decode(errors="replace")]
            return _script(Session(endpoint, options.format or "text"), texts, parameters)
    except Unreachable as error:
        parser.error(str(error))
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("prompt_toolkit", "rich"):
            raise
        parser.error(_EXTRA)
    except BrokenPipeError:
        discard_output()
        return 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator shell",
        description="Run PartiQL statements, at a prompt or from a script.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--execute", "-e", metavar="STATEMENT", action="append", help="run this statement and exit; may be repeated"
    )
    parser.add_argument(
        "--parameter",
        metavar="VALUE",
        action="append",
        default=[],
        help="value for a ? of the first statement, as JSON or DynamoDB JSON; may be repeated",
    )
    parser.add_argument("--format", choices=FORMATS, help="form of the results (default: table at a prompt, else text)")
    add_endpoint_options(parser)
    return parser


def _prompt(endpoint: HttpEndpoint, form: str) -> int:
    from emulator.shell import prompt  # noqa: PLC0415 - an extra

    return prompt.run(endpoint, form)


def _script(session: Session, texts: Sequence[str], parameters: list[dict[str, Any]]) -> int:
    session.parameters = parameters
    try:
        for text in texts:
            session.run(text)
        sys.stdout.flush()
    except Left:
        return 0
    except (Refused, Misused, NotValues) as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _REFUSED
    return 0
