"""`dynamodb-emulator advise`: print the mistakes that a running server has found in requests.

The server must have been started with --advise, or have had a call of the control `advise`.
`--fail-on` turns findings into a failure, for example in CI. Its value is a confidence (certain,
likely, possible), a number of findings, or both as `likely/3`: more than 3 findings that are at
least likely.

Exit status: 0; 1 if there are more findings than --fail-on allows; 2 if there is no report.
"""

import argparse
import sys
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from emulator.client.endpoint import Refused, Unreachable
from emulator.client.options import add_endpoint_options, endpoint_of
from emulator.flags import Parser

_FORMATS: Final = ("text", "json", "sarif", "junit")
_CONFIDENCES: Final = ("possible", "likely", "certain")
_FAILED: Final = 1


class _Threshold(NamedTuple):
    """When findings are a failure: more than `most` that are at least `confidence`."""

    confidence: str
    most: int


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator advise",
        description="Print common mistakes in the requests that a running server has answered. The server needs "
        "--advise, or a call of `control advise`.",
    )
    parser.add_argument("--format", choices=_FORMATS, default="text", help="format of the report (default: text)")
    parser.add_argument("--confidence", choices=_CONFIDENCES, default="possible", help="lowest confidence to report")
    parser.add_argument("--table", metavar="NAME", help="report only findings about this table")
    parser.add_argument(
        "--fail-on",
        metavar="THRESHOLD",
        type=_threshold,
        help="exit with status 1 if there are findings of this confidence, or more than a number of them: "
        "certain, likely, 10 or likely/3",
    )
    add_endpoint_options(parser)
    options = parser.parse_args(arguments)
    body: dict[str, Any] = {"Confidence": options.confidence}
    if options.table is not None:
        body["TableName"] = options.table
    try:
        with endpoint_of(options) as endpoint:
            advice = endpoint.control("POST", "advice", body)
            text = orjson.dumps(advice, option=orjson.OPT_INDENT_2).decode() + "\n"
            if options.format != "json":
                text = endpoint.control("POST", "advice", {**body, "Format": options.format})["Text"]
    except (Refused, Unreachable) as error:
        parser.error(str(error))
    sys.stdout.write(text)
    return _FAILED if options.fail_on is not None and _is_over(options.fail_on, advice["Findings"]) else 0


def _threshold(text: str) -> _Threshold:
    """Return the threshold that a text means. Raises ArgumentTypeError."""
    confidence, _, number = text.partition("/")
    if confidence.isdecimal() and not number:
        confidence, number = _CONFIDENCES[0], confidence
    if confidence not in _CONFIDENCES or (number and not number.isdecimal()):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no threshold: expected certain, likely, possible, 10 or likely/3"
        )
    return _Threshold(confidence, int(number or 0))


def _is_over(threshold: _Threshold, findings: Sequence[Any]) -> bool:
    least = _CONFIDENCES.index(threshold.confidence)
    return sum(_CONFIDENCES.index(each["Confidence"]) >= least for each in findings) > threshold.most
