"""Reads a report of `advise --format json` that was saved in a file.

The file may have any content. So this module checks every member that a report in another format
shows.
"""

from collections.abc import Mapping
from typing import Any, Final

import orjson

Shape = type | tuple[type, ...] | list[Any] | dict[str, Any] | frozenset[str]
"""The shape of a value: a type, [shape of the elements], {member: shape}, or the allowed texts."""

_NUMBER: Final = (int, float)
_UNITS: Final = {"Read": _NUMBER, "Write": _NUMBER}
_REPORT: Final[Shape] = {
    "Requests": int,
    "Complete": bool,
    "More?": int,
    "Findings": [
        {
            "Id": str,
            "Rule": str,
            "Title": str,
            "Confidence": frozenset(("possible", "likely", "certain")),
            "TableName": str,
            "IndexName?": str,
            "Operation": str,
            "Count": int,
            "Units": _UNITS,
            "Saved?": _UNITS,
            "Exact": bool,
            "Example": str,
            "AccessKeys": [str],
            "Caller?": {"File": str, "Line": int, "Function?": str},
            "Evidence": [str],
            "Advice": str,
            "Link": str,
        }
    ],
    "Rules": [{"Name": str, "Title": str, "Explanation": str, "Link": str}],
}
"""The shape of a report. A `?` after a name means that the member may be missing."""


class NotAReport(Exception):
    """A file is not a report in JSON. str(error) is one line that names the file and the reason."""


def checked(text: bytes, name: str) -> dict[str, Any]:
    """Return the report that a file contains. Raises NotAReport if the file has other content.

    text: the content of the file. name: the name of the file, for the error.
    """
    try:
        report = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise NotAReport(f"{name} is not JSON: {error}") from error
    wrong = _wrong(report, _REPORT, "the content")
    if wrong is None:
        explained = {rule["Name"] for rule in report["Rules"]}
        wrong = next(
            (f"Rules lacks {each['Rule']!r}" for each in report["Findings"] if each["Rule"] not in explained), None
        )
    if wrong is not None:
        raise NotAReport(f"{name} is not a report of `advise --format json`: {wrong}")
    found: dict[str, Any] = report
    return found


def _wrong(value: Any, shape: Shape, where: str) -> str | None:  # noqa: ANN401 - any JSON
    """Return a text that says why a value does not have the shape, None if it has the shape.

    where: words for the value in that text, such as "the content".
    """
    match shape:
        case dict():
            return _wrong_members(value, shape, where) if isinstance(value, dict) else f"{where} is not an object"
        case [each]:
            if not isinstance(value, list):
                return f"{where} is not a list"
            found = (_wrong(part, each, f"{where}[{number}]") for number, part in enumerate(value))
            return next((wrong for wrong in found if wrong is not None), None)
        case frozenset():
            return None if isinstance(value, str) and value in shape else f"{where} has an unknown value"
        case type() | tuple():
            return None if isinstance(value, shape) else f"{where} has the wrong type"
    raise AssertionError(shape)


def _wrong_members(value: Mapping[str, Any], shape: Mapping[str, Any], where: str) -> str | None:
    for key, each in shape.items():
        name = key.removesuffix("?")
        if name not in value:
            if key == name:
                return f"{where} lacks the member {name}"
            continue
        wrong = _wrong(value[name], each, name if where == "the content" else f"{where}.{name}")
        if wrong is not None:
            return wrong
    return None
