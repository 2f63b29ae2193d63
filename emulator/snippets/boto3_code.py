"""Writes requests as a Python program that uses boto3."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from emulator.snippets.requests import Binary, Call, Target, with_binaries

_WORD: Final = re.compile(r"(.)([A-Z][a-z]+)")
_END: Final = re.compile(r"([a-z0-9])([A-Z])")
_STREAMS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_WIDTH: Final = 96


def program(calls: Iterable[Call], target: Target, *, result: str | None = None) -> str:
    """Return a program that sends requests and, after CreateTable, waits until the table exists.

    result: an expression that the program prints at its end. The expression may use the variable
    `response`, the answer to the last request.
    """
    calls = list(calls)
    streams = any(operation in _STREAMS for operation, _ in calls)
    lines = [
        "import boto3",
        "",
        "client = boto3.client(",
        f"    {'dynamodbstreams' if streams else 'dynamodb'!r},",
        f"    endpoint_url={target.url!r},",
        f"    region_name={target.region!r},",
        f"    aws_access_key_id={target.access_key!r},",
        "    aws_secret_access_key='local',",
        ")",
    ]
    for operation, request in calls:
        assigned = "response = " if result else ""
        lines.append(f"{assigned}client.{_snake(operation)}({_arguments(with_binaries(request))})")
        if operation == "CreateTable":
            lines.append(f"client.get_waiter('table_exists').wait(TableName={request['TableName']!r})")
    if result:
        lines.append(f"print({result})")
    return "\n".join(lines) + "\n"


def _arguments(request: Mapping[str, Any]) -> str:
    if not request:
        return ""
    return "\n" + "".join(f"    {name}={literal(value, 1)},\n" for name, value in request.items())


def literal(value: Any, depth: int = 0) -> str:  # noqa: ANN401 - a JSON value
    """Return a value as a Python literal.

    depth: the indentation of the literal's last line, in levels of four spaces.
    """
    if isinstance(value, Binary):
        return repr(bytes(value))
    whole = _one_line(value)
    if len(whole) + 4 * depth <= _WIDTH or not isinstance(value, list | Mapping) or not value:
        return whole
    inner, outer = "    " * (depth + 1), "    " * depth
    if isinstance(value, list):
        parts = "".join(f"{inner}{literal(each, depth + 1)},\n" for each in value)
        return f"[\n{parts}{outer}]"
    parts = "".join(f"{inner}{name!r}: {literal(each, depth + 1)},\n" for name, each in value.items())
    return f"{{\n{parts}{outer}}}"


def _one_line(value: Any) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, Binary):
        return repr(bytes(value))
    if isinstance(value, list):
        return f"[{', '.join(map(_one_line, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_one_line(each)}" for name, each in value.items()) + "}"
    return repr(value)


def _snake(name: str) -> str:
    return _END.sub(r"\1_\2", _WORD.sub(r"\1_\2", name)).lower()
