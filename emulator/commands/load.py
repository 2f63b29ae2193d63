"""`dynamodb-emulator load PATH...`: load tables and items from files into a running server.

Exit status: 0; 1 if something was wrong and the rest was loaded; 2 if the work could not be done.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options
from emulator.flags import Parser
from emulator.formats.records import ReadOptions
from emulator.formats.sources import sources
from emulator.transfer.endpoints import connecting
from emulator.transfer.loading import Loader
from emulator.transfer.progress import Progress

_PROBLEMS: Final = 1
_FAILED: Final = 2

_FORMATS: Final = """\
A PATH is a file, a folder, or - for standard input. What it is, shows in its content:

  items         an export of DynamoDB (folder or its data files), JSON lines, the output of
                `aws dynamodb scan`, requests of batch-write-item, arrays of ordinary JSON, CSV
  definitions   the output of `aws dynamodb describe-table`, the input of create-table, templates of
                CloudFormation, SAM and CDK, `terraform show -json`, Serverless Framework files, models
                of NoSQL Workbench with their sample data

Files may be compressed with gzip. YAML needs the extra `yaml`. A file of items without a table's name
is for the table that has the file's name. Tables that are defined and missing are created; tables that
exist stay as they are and get the items.

examples:
  dynamodb-emulator load template.yaml seeds/         a template, and a folder with Orders.json
  dynamodb-emulator load --table Orders orders.csv
  aws dynamodb scan --table-name Orders | dynamodb-emulator load --table Orders -
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    reading = ReadOptions(
        delimiter=options.delimiter,
        parameters=dict(options.parameter),
        environment=os.environ,
    )
    connect = connecting(options.endpoint, options.access_key, options.region)
    found = sources(options.path, reading)
    if not found:
        parser.error(f"there is nothing to load in {' '.join(options.path)}")
    try:
        with Progress("loaded") as progress:
            loader = Loader(connect, progress, options.table)
            loader.load(found)
    except (Refused, Unreachable) as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    count = len(loader.loaded)
    created = f", created {', '.join(loader.created)}" if loader.created else ""
    print(progress.summary(f"into {count} {'table' if count == 1 else 'tables'}") + created)  # noqa: T201 - the result
    return _PROBLEMS if progress.problems else 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator load",
        description="Load tables and items from files into a running server.",
        epilog=_FORMATS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="+", help="file, folder, or - for standard input")
    parser.add_argument("--table", metavar="T", help="put the items into this table, whatever the files say")
    parser.add_argument(
        "--parameter",
        metavar="NAME=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="parameter of a template, or option of a Serverless file; repeatable",
    )
    parser.add_argument("--delimiter", metavar="C", help="what separates the fields of CSV (default: a comma)")
    add_endpoint_options(parser)
    return parser


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
