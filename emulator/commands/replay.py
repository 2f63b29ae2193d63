"""`dynamodb-emulator replay FILE --endpoint URL|aws`: send recorded requests again, and compare.

A server with `--record FILE` makes the recording. Each request is sent once, in the order of the
file. The requests change the tables of the endpoint, so use empty tables or a separate account.

Exit status: 0 if all answers are equal; 1 if some differ; 2 if the replay cannot be done.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from emulator.client.endpoint import Unreachable
from emulator.flags import Parser
from emulator.replaying import report
from emulator.replaying.recording import BadRecording
from emulator.replaying.replaying import Connect, Outcome, Replay
from emulator.transfer.endpoints import AWS, connecting

_DIFFERENT: Final = 1
_KEPT: Final = 1000  # at most this many requests with differing answers are kept in memory for --report


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator replay",
        description="Send the requests of a recording (--record) to an endpoint, and show which answers differ.",
        epilog="Request ids, dates, accounts in ARNs, sequence numbers and tokens count as equal; the last line of the "
        "output lists such differences. The file of --report has the requests with different answers, and their items: "
        "check it for private data before you send it to others.",
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="recording of a server that ran with --record FILE")
    parser.add_argument(
        "--endpoint", metavar="URL|aws", required=True, help="URL of a server, or `aws` for AWS (needs the extra `aws`)"
    )
    parser.add_argument("--region", metavar="NAME", help="send everything to this region (default: as recorded)")
    parser.add_argument("--access-key", metavar="KEY", help="send everything with this key (default: as recorded)")
    parser.add_argument("--profile", metavar="NAME", help="profile of the AWS configuration, for `--endpoint aws`")
    parser.add_argument("--report", metavar="FILE", type=Path, help="write the differing requests to this file")
    options = parser.parse_args(arguments)
    replay = Replay(
        _connect(options.endpoint, options.access_key, options.region, options.profile),
        streams=options.endpoint != AWS,
    )
    kept: list[Outcome] = []
    # A wrong path must be found before the replay, which may take long and changes tables.
    if options.report is not None:
        try:
            report.check(options.report)
        except OSError as error:
            parser.error(f"{options.report} cannot be written: {error.strerror}")
    try:
        for outcome in replay.run(options.file):
            if len(kept) < _KEPT:
                kept.append(outcome)
            _print(report.lines(outcome))
    except (BadRecording, Unreachable) as error:
        parser.error(str(error))
    _print(report.summary(replay.totals))
    if options.report is not None:
        try:
            report.save(options.report, options.endpoint, replay.totals, kept)
        except OSError as error:
            parser.error(f"{options.report} cannot be written: {error.strerror}")
    return _DIFFERENT if replay.totals.different else 0


def _connect(url: str, access_key: str | None, region: str | None, profile: str | None) -> Connect:
    return lambda recorded_key, recorded_region: connecting(
        url, access_key or recorded_key, region or recorded_region, profile
    )()


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        sys.stdout.write(f"{line}\n")
