"""`dynamodb-emulator advise`: print the mistakes that a running server has found in requests.

The server finds mistakes only after a start with --advise or a call of the control `advise`.

`--fail-on` makes the command fail if there are findings, for example in CI. Its value is a
confidence (certain, likely, possible), a number of findings, or both. With `likely/3`, the command
fails if more than 3 findings are at least likely. `--from` reads an earlier report in the format
json instead of calling a server. `--access-key` and `--region` cannot be used with `--from`,
because the counts in a report are for all callers together.

Exit status: 0; 1 if there are more findings than --fail-on allows; 2 if the command gets no report.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from emulator.advisor.reports.formats import report
from emulator.advisor.reports.saved import NotAReport, checked
from emulator.client.endpoint import HttpEndpoint, Refused, Unreachable
from emulator.client.options import add_server_option
from emulator.flags import Parser

_FORMATS: Final = ("text", "json", "sarif", "junit")
_CONFIDENCES: Final = ("possible", "likely", "certain")
_THRESHOLD: Final = re.compile(r"(?P<confidence>certain|likely|possible)(/(?P<most>[0-9]+))?|(?P<number>[0-9]+)")
_FAILED: Final = 1


class _Threshold(NamedTuple):
    """The value of --fail-on: fail if more than `most` findings have at least this confidence."""

    confidence: str
    most: int


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator advise",
        description="Print common mistakes in the requests that a running server has answered. Start the server "
        "with --advise, or call `dynamodb-emulator control advise '{\"Enabled\": true}'` first.",
    )
    parser.add_argument("--format", choices=_FORMATS, default="text", help="format of the report (default: text)")
    parser.add_argument("--confidence", choices=_CONFIDENCES, default="possible", help="lowest confidence to report")
    parser.add_argument("--table", metavar="NAME", help="report only findings about this table")
    parser.add_argument(
        "--fail-on",
        metavar="THRESHOLD",
        type=_threshold,
        help="exit with status 1 if there are more findings than allowed. likely: allow no finding that is at least "
        "likely. 10: allow at most 10 findings. likely/10: allow at most 10 findings that are at least likely",
    )
    group = add_server_option(parser)
    group.add_argument("--access-key", metavar="KEY", help="report only requests with this access key (default: all)")
    group.add_argument("--region", metavar="NAME", help="report only requests to this region (default: all)")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="FILE",
        help="read the findings from a report of --format json instead of a server; - is stdin",
    )
    options = parser.parse_args(arguments)
    if options.source is not None and (options.access_key or options.region):
        parser.error("--access-key and --region need a server: the counts in a report are for all callers together")
    try:
        advice = _advice(options)
    except (Refused, Unreachable, OSError, NotAReport) as error:
        parser.error(str(error))
    if options.format == "json":
        sys.stdout.write(orjson.dumps(advice, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(report(advice, options.format))
    return _FAILED if options.fail_on is not None and _is_over(options.fail_on, advice) else 0


def _advice(options: argparse.Namespace) -> dict[str, Any]:
    """Return the findings that the flags select, from a server or from the file of --from.

    The result has the form of the control `find_advice`. Raises Refused, Unreachable, OSError,
    NotAReport.
    """
    if options.source is None:
        members = {"AccessKey": options.access_key, "Region": options.region, "TableName": options.table}
        body = {name: value for name, value in members.items() if value is not None}
        with HttpEndpoint(options.endpoint) as endpoint:
            return endpoint.control("POST", "advice", {**body, "Confidence": options.confidence})
    text = sys.stdin.buffer.read() if options.source == "-" else Path(options.source).read_bytes()
    advice = checked(text, options.source)
    advice["Findings"] = list(_chosen(advice["Findings"], options.confidence, options.table))
    return advice


def _chosen(findings: Iterable[Any], confidence: str, table: str | None) -> Iterator[Any]:
    """Yield the findings with at least this confidence. table: None for all tables."""
    for each in findings:
        sure = _CONFIDENCES.index(each["Confidence"]) >= _CONFIDENCES.index(confidence)
        if sure and table in (None, each["TableName"]):
            yield each


def _threshold(text: str) -> _Threshold:
    """Return the threshold from the value of --fail-on. Raises ArgumentTypeError."""
    found = _THRESHOLD.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a threshold: expected, for example, certain, likely, possible, 10 or likely/3"
        )
    return _Threshold(found["confidence"] or _CONFIDENCES[0], int(found["most"] or found["number"] or 0))


def _is_over(threshold: _Threshold, advice: Mapping[str, Any]) -> bool:
    least = _CONFIDENCES.index(threshold.confidence)
    found = sum(_CONFIDENCES.index(each["Confidence"]) >= least for each in advice["Findings"])
    # `More` is the number of findings that the report left out. The confidences of these findings
    # are not known. So they count only if the threshold has the lowest confidence.
    others = 0 if least else advice.get("More", 0)
    return bool(found + others > threshold.most)
