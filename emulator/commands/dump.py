"""`dynamodb-emulator dump FOLDER`: write tables of a running server to files.

If the server is this program, all files have the state of the same moment, however long the dump
takes. `dynamodb-emulator load FOLDER` creates the same tables again.

Exit status: 0, or 2 if the dump failed. With 2, some files may have been written.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, BinaryIO, Final

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options
from emulator.flags import Parser
from emulator.transfer import dumping, tables
from emulator.transfer.endpoints import Connect, connecting
from emulator.transfer.frozen import Pages, frozen
from emulator.transfer.progress import Progress
from emulator.wording import counted

_FAILED: Final = 2

_EXAMPLES: Final = """\
formats:
  export   a folder for each table, as DynamoDB's export to S3 writes it (the default)
  lines    a file for each table, with a line of DynamoDB JSON for each item
  ion      a file for each table, with a line of Amazon Ion for each item
  csv      a file for each table. CSV has no types: `load` makes strings of all values except keys

examples:
  dynamodb-emulator dump backup                          all tables
  dynamodb-emulator dump --table Orders --format csv .
  dynamodb-emulator dump --table Orders --format lines - | jq .
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.folder == "-" and (options.format == "export" or len(options.table) != 1):
        parser.error("the FOLDER - (standard output) needs exactly one --table, and --format lines, ion or csv")
    connect = connecting(options.endpoint, options.access_key, options.region)
    try:
        with Progress("dumped") as progress:
            count = _dump(connect, options, progress)
    except BrokenPipeError:  # the program that reads the output, such as `head`, has ended
        # Without the redirection to devnull, the flush of stdout at the exit would fail.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    except (Refused, Unreachable, OSError) as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    summary = progress.summary(f"of {counted(count, 'table')}")
    print(summary, file=sys.stderr if options.folder == "-" else sys.stdout)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator dump",
        description="Write tables of a running server to files. `load` creates the tables again from these files. If the "
        "server is this program, all files have the state of the same moment. Tables of other servers are read with "
        "Scan, while clients may change them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", metavar="FOLDER", help="folder for the files, made if missing; - for standard output")
    parser.add_argument("--table", metavar="T", action="append", default=[], help="table; repeatable (default: all)")
    parser.add_argument("--format", choices=("export", "lines", "ion", "csv"), default="export", help="see below")
    add_endpoint_options(parser)
    return parser


def _dump(connect: Connect, options: argparse.Namespace, progress: Progress) -> int:
    """Dump the tables that the flags select, and return the number of tables."""
    with frozen(connect, options.table) as pages:
        with closing(connect()) as endpoint:
            described = {
                table: tables.whole_description(endpoint, table) for table in options.table or tables.names(endpoint)
            }
        for table, whole in described.items():
            if whole is None:
                raise Unreachable(f"there is no table {table}")
            _dump_table(pages, table, whole, options, progress)
    return len(described)


def _dump_table(
    pages: Pages, table: str, whole: dict[str, Any], options: argparse.Namespace, progress: Progress
) -> None:
    if options.folder == "-":
        _ITEMS[options.format](pages, whole["Table"], sys.stdout.buffer, progress)
        sys.stdout.buffer.flush()
        return
    folder = Path(options.folder)
    if options.format == "export":
        dumping.dump_export(pages, whole, folder / table, progress)
        return
    folder.mkdir(parents=True, exist_ok=True)
    dumping.write_definition(folder, whole)
    with (folder / f"{table}{_ENDINGS[options.format]}").open("wb") as stream:
        _ITEMS[options.format](pages, whole["Table"], stream, progress)


def _lines(pages: Pages, description: dict[str, Any], stream: BinaryIO, progress: Progress) -> None:
    dumping.dump_lines(pages, description["TableName"], stream, progress)


def _ion(pages: Pages, description: dict[str, Any], stream: BinaryIO, progress: Progress) -> None:
    dumping.dump_ion(pages, description["TableName"], stream, progress)


_ENDINGS: Final = {"lines": ".jsonl", "ion": ".ion", "csv": ".csv"}
_ITEMS: Final[dict[str, Callable[[Pages, dict[str, Any], BinaryIO, Progress], None]]] = {
    "lines": _lines,
    "ion": _ion,
    "csv": dumping.dump_csv,
}
