"""`dynamodb-emulator load PATH...`: load tables and items into a running server.

The data come from files or, with --from-endpoint, from another server.

Exit status: 0 if all was loaded; 1 after problems that stderr names, such as an item that could not
be loaded; 2 if the load ended early. Then nothing or only a part was loaded.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options
from emulator.flags import Parser
from emulator.formats.detection import inputs
from emulator.formats.input import Input
from emulator.formats.records import ReadOptions
from emulator.transfer.copying import BadState, Rate, State, copy
from emulator.transfer.endpoints import Connect, connecting
from emulator.transfer.loading import Loader, copy_definition
from emulator.transfer.progress import Progress
from emulator.wording import counted

_PROBLEMS: Final = 1
_FAILED: Final = 2

_FORMATS: Final = """\
A PATH is a file, a folder, or - for standard input. Its content shows its format:

  items         an export of DynamoDB (folder or its data files), JSON lines, the output of
                `aws dynamodb scan`, requests of batch-write-item, arrays of ordinary JSON, CSV, Ion
  definitions   the output of `aws dynamodb describe-table`, the input of create-table, templates of
                CloudFormation, SAM and CDK, `terraform show -json`, Serverless Framework files, models
                of NoSQL Workbench with their sample data

Files may be compressed with gzip. Zstandard, YAML and Ion need the extras `zstd`, `yaml` and `ion`.
If a file of items does not name a table, its items go to the table that has the file's name. A table
that does not exist is created from its definition. A table that exists keeps its settings.

examples:
  dynamodb-emulator load template.yaml seeds/         a template, and a folder with Orders.json
  dynamodb-emulator load --table Orders orders.csv
  dynamodb-emulator load --from-endpoint aws --table Orders --profile dev --region eu-west-1 --read-units 50
  aws dynamodb scan --table-name Orders | dynamodb-emulator load --table Orders -
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    connect = connecting(options.endpoint, options.access_key, options.region)
    try:
        with Progress("loaded") as progress:
            if options.from_endpoint is None:
                summary = _load_files(parser, options, connect, progress)
            else:
                summary = _copy(parser, options, connect, progress)
    except (Refused, Unreachable, BadState, OSError) as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    print(summary)  # noqa: T201 - the result
    return _PROBLEMS if progress.problems else 0


def _load_files(parser: Parser, options: argparse.Namespace, connect: Connect, progress: Progress) -> str:
    """Load files, and return a summary, which `main` prints at the end."""
    reading = ReadOptions(
        delimiter=options.delimiter,
        parameters=dict(options.parameter),
        environment=os.environ,
    )
    found = inputs(options.path, reading)
    if not found:
        parser.error(
            f"there is nothing to load in {' '.join(options.path)}"
            if options.path
            else "give a PATH or --from-endpoint"
        )
    _refuse_unknown_parameters(parser, [name for name, _ in options.parameter], found)
    loader = Loader(connect, progress, options.table)
    loader.load(found)
    created = f", created {', '.join(loader.created)}" if loader.created else ""
    return progress.summary(f"into {counted(len(loader.loaded), 'table')}") + created


def _refuse_unknown_parameters(parser: Parser, given: Sequence[str], found: Sequence[Input]) -> None:
    """End the command if the user gave a --parameter that no file takes."""
    taken = [each.parameters for each in found]
    known = {name for names in taken if names is not None for name in names}
    unknown = [name for name in given if name not in known]
    if not unknown or None in taken:
        return
    own = sorted(name for name in known if not name.startswith("AWS::"))
    hint = f"the files take {', '.join(own)}" if own else "the files take no parameters"
    parser.error(f"--parameter: no file takes the parameter {unknown[0]}; {hint}")


def _copy(parser: Parser, options: argparse.Namespace, connect: Connect, progress: Progress) -> str:
    """Copy a table from another endpoint, and return a summary, which `main` prints at the end."""
    if options.path or not options.table:
        parser.error("--from-endpoint needs --table, and does not work with PATH")
    members = {
        "TableName": options.table,
        "FilterExpression": options.filter,
        "ExpressionAttributeNames": options.names,
        "ExpressionAttributeValues": options.values,
    }
    request = {member: value for member, value in members.items() if value is not None}
    source = connecting(
        options.from_endpoint,
        options.from_access_key or options.access_key,
        options.from_region or options.region,
        options.profile,
    )
    copied = {"From": options.from_endpoint, "Request": request, "Segments": options.segments}
    state = State(options.state, copied, options.segments)
    state.save()  # if the file cannot be written, this fails before the copy begins
    copy_definition(source, connect, options.table, progress)
    copy(source, connect, request, state, progress, Rate(options.read_units))
    return progress.summary(f"of table {options.table} from {options.from_endpoint}")


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator load",
        description="Load tables and items into a running server, from files or from another endpoint.",
        epilog=_FORMATS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="PATH", nargs="*", help="file, folder, or - for standard input")
    parser.add_argument("--table", metavar="T", help="put all items into this table")
    parser.add_argument(
        "--parameter",
        metavar="NAME=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="parameter of a template, or option of a Serverless file; repeatable",
    )
    parser.add_argument("--delimiter", metavar="C", help="what separates the fields of CSV (default: a comma)")
    _add_copy_options(parser)
    add_endpoint_options(parser)
    return parser


def _add_copy_options(parser: Parser) -> None:
    group = parser.add_argument_group("from another endpoint")
    group.add_argument(
        "--from-endpoint", metavar="URL", help="copy the table of --table from this server; `aws` means AWS"
    )
    group.add_argument(
        "--from-access-key", metavar="KEY", help="access key for --from-endpoint (default: --access-key)"
    )
    group.add_argument("--from-region", metavar="NAME", help="region for --from-endpoint (default: --region)")
    group.add_argument("--profile", metavar="NAME", help="AWS profile, for --from-endpoint aws")
    group.add_argument("--segments", metavar="N", type=_positive, default=4, help="parallel scans (default: 4)")
    group.add_argument(
        "--state",
        metavar="FILE",
        type=Path,
        help="keep the progress in this file, so that a second run resumes where the first one ended",
    )
    group.add_argument(
        "--read-units", metavar="N", type=_positive, help="the maximum number of read capacity units to use in a second"
    )
    group.add_argument("--filter", metavar="EXPRESSION", help="copy only the items that match this filter expression")
    group.add_argument("--names", metavar="JSON", type=_object, help="the filter's attribute names")
    group.add_argument("--values", metavar="JSON", type=_object, help="the filter's attribute values")


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _object(text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name, value
