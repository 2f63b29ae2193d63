"""`dynamodb-emulator listen --table T`: print the stream records of tables as they arrive.

Exit status: 0 after --count records or when all streams have ended; 1 if the server refuses a
request; 2 if the command cannot start or the server does not answer; 130 after Ctrl-C.
"""

import argparse
import heapq
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import orjson

from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.client.options import add_endpoint_options, endpoint_of
from emulator.client.pace import Pace
from emulator.client.stream_reader import VIEW_TYPES, NoStream, Record, Start, StreamReader, enable_stream
from emulator.display.records import record_text
from emulator.display.terminal import Painter, discard_output, painter_for
from emulator.flags import Parser

_REFUSED: Final = 1
_STARTS: Final = {"start": Start.OLDEST, "latest": Start.NEXT}

_EPILOG: Final = """\
examples:
  dynamodb-emulator listen --table Orders
  dynamodb-emulator listen --table Orders --from start --format json | jq .dynamodb.Keys
  dynamodb-emulator listen --table Orders --table Customers --enable NEW_AND_OLD_IMAGES

With --format text, `-` marks an old value and `+` a new value. With --format json, each line is a
record in the form that Lambda functions get: the record of GetRecords, and its eventSourceARN.
Ctrl-C ends the command with status 130. The command signs no requests, so it cannot read tables of
AWS.
"""


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        with endpoint_of(options) as endpoint:
            return _listen(endpoint, options, parser)
    except Refused as error:
        _say(str(error))
        return _REFUSED
    except Unreachable as error:
        parser.error(str(error))
    except BrokenPipeError:
        discard_output()
        return 0


def _parser() -> Parser:
    parser = Parser(
        prog="dynamodb-emulator listen",
        description="Print the stream records of tables as they arrive.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--table", metavar="NAME", action="append", required=True, help="table; may be repeated")
    parser.add_argument(
        "--from",
        dest="start",
        choices=_STARTS,
        default="latest",
        help="start: print the records of the last 24 hours first; latest: print only new records (default: latest)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="default: text")
    parser.add_argument("--count", type=_count, metavar="N", help="end after N records")
    parser.add_argument(
        "--enable",
        choices=VIEW_TYPES,
        metavar="VIEW_TYPE",
        help=f"turn on streams that are off, with this view type: {', '.join(VIEW_TYPES)}",
    )
    add_endpoint_options(parser)
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of records")
    return int(text)


def _listen(endpoint: HttpEndpoint, options: argparse.Namespace, parser: Parser) -> int:
    readers = []
    for table in dict.fromkeys(options.table):
        try:
            readers.append(_reader(endpoint, table, options))
        except NoStream:
            parser.error(f"the stream of {table} is off: add --enable NEW_AND_OLD_IMAGES to turn it on")
    _say(f"listening to {', '.join(reader.table for reader in readers)}; press Ctrl-C to stop")
    write = _writer(options.format, painter_for(sys.stdout, os.environ))
    left: int | None = options.count
    for reader, record in records(readers, Pace()):
        sys.stdout.write(write(reader, record) + "\n")
        sys.stdout.flush()
        if left is not None:
            left -= 1
            if left == 0:
                break
    return 0


def _reader(endpoint: HttpEndpoint, table: str, options: argparse.Namespace) -> StreamReader:
    start = _STARTS[options.start]
    try:
        return StreamReader(endpoint, table, start)
    except NoStream:
        if options.enable is None:
            raise
        enable_stream(endpoint, table, options.enable)
        return StreamReader(endpoint, table, start)


def records(readers: Sequence[StreamReader], pace: Pace) -> Iterator[tuple[StreamReader, Record]]:
    """Yield the records of streams as they arrive, until all streams have ended."""
    reading = list(readers)
    while reading:
        batches = []
        for reader in list(reading):
            try:
                batches += [[(reader, record) for record in batch] for batch in reader.read()]
            except NoStream:
                reading.remove(reader)
                _say(f"the stream of {reader.table} has ended")
            except Refused as error:
                if error.code != "ResourceNotFoundException":
                    raise
                reading.remove(reader)
                _say(f"the table {reader.table} is deleted")
        # A merge, unlike a sort, never changes the order of a shard's records, even if a test sets
        # the clock back.
        yield from heapq.merge(*batches, key=_written)
        if reading:
            pace.wait(found=any(batches))


def _written(found: tuple[StreamReader, Record]) -> tuple[float, int]:
    """Return the value by which records are merged: creation time in seconds, sequence number."""
    change = found[1]["dynamodb"]
    return change["ApproximateCreationDateTime"], int(change["SequenceNumber"])


def _writer(form: str, paint: Painter) -> Callable[[StreamReader, Record], str]:
    if form == "json":
        return lambda reader, record: orjson.dumps({**record, "eventSourceARN": reader.arn}).decode()
    return lambda reader, record: record_text(reader.table, record, paint)


def _say(text: str) -> None:
    print(f"dynamodb-emulator: {text}", file=sys.stderr)  # noqa: T201 - a message for the user
