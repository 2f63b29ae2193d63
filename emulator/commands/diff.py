"""`dynamodb-emulator diff A B`: compare tables of one or two servers.

Exit status, like that of the program `diff`: 0 without differences; 1 with differences; 2 if the
comparison fails.
"""

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Final

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options
from emulator.flags import Parser
from emulator.transfer import tables
from emulator.transfer.comparing import Side, differences
from emulator.transfer.endpoints import AWS, Connect, connecting
from emulator.transfer.progress import Progress

_DIFFERENT: Final = 1
_FAILED: Final = 2

_EXAMPLES: Final = """\
A and B each have one of these forms:
  TABLE        a table of the server that --endpoint names
  URL/TABLE    a table of the server at URL
  URL          the server at URL
  aws/TABLE    a table of AWS
  aws          AWS

If only one side names a TABLE, the table has the same name on the other side. If neither side names
a TABLE, all tables are compared. The lines of the result begin with:
  -  only A has this
  +  only B has this
  ~  A and B differ in this

examples:
  dynamodb-emulator diff Orders OrdersCopy
  dynamodb-emulator diff http://localhost:8000 http://localhost:8001
  dynamodb-emulator diff aws/Orders http://localhost:8000 --profile dev --region eu-west-1
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    different = False
    try:
        with Progress("compared") as progress:
            for line in _compare(options, progress):
                different = True
                print(line)  # noqa: T201 - the result
        sys.stdout.flush()
    except BrokenPipeError:  # the program that reads the output, such as `head`, has ended
        # Without the redirection to devnull, the flush of stdout at the exit would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _DIFFERENT
    except (Refused, Unreachable) as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    return _DIFFERENT if different else 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator diff",
        description="Compare the definitions and items of tables.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("first", metavar="A", help="what to compare; see below")
    parser.add_argument("second", metavar="B", help="what to compare with A; see below")
    parser.add_argument("--profile", metavar="NAME", help="AWS profile, if A or B is AWS")
    parser.add_argument("--access-key-b", metavar="KEY", help="access key for B (default: --access-key)")
    parser.add_argument("--region-b", metavar="NAME", help="region for B (default: --region)")
    add_endpoint_options(parser)
    return parser


def _compare(options: argparse.Namespace, progress: Progress) -> Iterator[str]:
    url_a, table_a = _parts(options.first, options.endpoint)
    url_b, table_b = _parts(options.second, options.endpoint)
    first = connecting(url_a, options.access_key, options.region, options.profile)
    second = connecting(
        url_b, options.access_key_b or options.access_key, options.region_b or options.region, options.profile
    )
    if table_a or table_b:
        one, other = Side(first, table_a or table_b), Side(second, table_b or table_a)
        _require(one, other, both=bool(table_a and table_b))
        yield from differences(one, other, progress)
        return
    for name in sorted(_names(first) | _names(second)):
        for line in differences(Side(first, name), Side(second, name), progress):
            yield line if line[2:] == f"table {name}" else f"{line[0]} {name}: {line[2:]}"


def _require(one: Side, other: Side, *, both: bool) -> None:
    """Raise Unreachable if a table that the user named is missing.

    both: whether the tables must exist on both sides. If False, the table must exist on at least
    one side, and `differences` reports that the other side lacks it.
    """
    with closing(one.connect()) as first, closing(other.connect()) as second:
        missing = [
            side.table
            for endpoint, side in ((first, one), (second, other))
            if tables.describe(endpoint, side.table) is None
        ]
    if len(missing) > (0 if both else 1):
        raise Unreachable(f"there is no table {missing[0]}")


def _names(connect: Connect) -> set[str]:
    with closing(connect()) as endpoint:
        return set(tables.names(endpoint))


def _parts(text: str, endpoint: str) -> tuple[str, str]:
    """Return the server's URL and the table that argument A or B names, "" if it names no table.

    endpoint: the URL for an argument that is only a table.
    """
    if text == AWS or text.startswith(f"{AWS}/"):
        return AWS, text.removeprefix(AWS).removeprefix("/")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return endpoint, text
    host, _, table = rest.partition("/")
    return f"{scheme}://{host}", table
