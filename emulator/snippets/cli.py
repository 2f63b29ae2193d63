"""Writes requests as commands of the AWS CLI, for a POSIX shell."""

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from emulator.snippets.requests import Call, Target

_WORD: Final = re.compile(r"(.)([A-Z][a-z]+)")
_END: Final = re.compile(r"([a-z0-9])([A-Z])")
_STREAMS: Final = frozenset(("ListStreams", "DescribeStream", "GetShardIterator", "GetRecords"))
_LINE: Final = " \\\n    "


def script(calls: Iterable[Call], target: Target) -> str:
    """Return a script that sends requests and, after CreateTable, waits until the table exists."""
    commands = [f"export AWS_ACCESS_KEY_ID={shlex.quote(target.access_key)} AWS_SECRET_ACCESS_KEY=local"]
    for operation, request in calls:
        commands.append(command(operation, request, target))
        if operation == "CreateTable":
            name = {"TableName": request["TableName"]}
            commands.append(_command("dynamodb wait table-exists", name, target))
    return "\n\n".join(commands) + "\n"


def command(operation: str, request: Mapping[str, Any], target: Target) -> str:
    """Return the command that sends one request."""
    service = "dynamodbstreams" if operation in _STREAMS else "dynamodb"
    return _command(f"{service} {_dashed(operation)}", request, target)


def _command(name: str, request: Mapping[str, Any], target: Target) -> str:
    options = [f"aws {name}"]
    for member, value in request.items():
        option = f"--{_dashed(member)}"
        if isinstance(value, bool):
            options.append(option if value else option.replace("--", "--no-", 1))
        else:
            text = _text(value)
            # A value that begins with `-` needs the form `--name=-text`. In `--name -text`, the CLI
            # would take `-text` for an option.
            options.append(f"{option}{'=' if text.startswith('-') else ' '}{shlex.quote(text)}")
    options.append(f"--endpoint-url {shlex.quote(target.url)}")
    options.append(f"--region {shlex.quote(target.region)}")
    return _LINE.join(options)


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _dashed(name: str) -> str:
    """Return the CLI's form of a name in the API: SSESpecification -> sse-specification."""
    return _END.sub(r"\1-\2", _WORD.sub(r"\1-\2", name)).lower()
