"""Writes requests as a JavaScript module that uses the AWS SDK, version 3."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

from emulator.snippets.requests import Binary, Call, Target, with_binaries

_NAME: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_WIDTH: Final = 96
# JSON allows these characters in a string. Older JavaScript treats them as line ends, so they are
# escaped.
_SEPARATORS: Final = {0x2028: "\\u2028", 0x2029: "\\u2029"}


def program(calls: Iterable[Call], target: Target, *, result: str | None = None) -> str:
    """Return a module that sends requests.

    result: an expression that the module prints at its end. The expression may use the variable
    `response`, the answer to the request.
    """
    calls = list(calls)
    commands = sorted({f"{operation}Command" for operation, _ in calls})
    lines = [
        f"import {{ DynamoDBClient, {', '.join(commands)} }} from '@aws-sdk/client-dynamodb'",
        "",
        "const client = new DynamoDBClient({",
        f"  endpoint: {_text(target.url)},",
        f"  region: {_text(target.region)},",
        f"  credentials: {{ accessKeyId: {_text(target.access_key)}, secretAccessKey: 'local' }}",
        "})",
    ]
    for operation, request in calls:
        assigned = "const response = " if result else ""
        lines.append(f"{assigned}await client.send(new {operation}Command({literal(with_binaries(request))}))")
    if result:
        lines.append(f"console.log({result})")
    return "\n".join(lines) + "\n"


def literal(value: Any, depth: int = 0) -> str:  # noqa: ANN401 - a JSON value
    """Return a value as a JavaScript literal. depth: levels of indentation after the first line."""
    whole = _one_line(value)
    if len(whole) + 2 * depth <= _WIDTH or not isinstance(value, list | Mapping) or not value:
        return whole
    inner, outer = "  " * (depth + 1), "  " * depth
    if isinstance(value, list):
        return "[\n" + ",\n".join(f"{inner}{literal(each, depth + 1)}" for each in value) + f"\n{outer}]"
    members = (f"{inner}{_key(name)}: {literal(each, depth + 1)}" for name, each in value.items())
    return "{\n" + ",\n".join(members) + f"\n{outer}}}"


def _one_line(value: Any) -> str:  # noqa: ANN401 - a JSON value
    if isinstance(value, Binary):
        return f"Buffer.from({_text(bytes(value).hex())}, 'hex')"
    if isinstance(value, list):
        return f"[{', '.join(map(_one_line, value))}]"
    if isinstance(value, Mapping):
        members = [f"{_key(name)}: {_one_line(each)}" for name, each in value.items()]
        return f"{{ {', '.join(members)} }}" if members else "{}"
    return _text(value)


def _key(name: str) -> str:
    """Return a member's name as it is written in an object literal.

    A literal `{__proto__: ...}` sets the prototype of the object. `{["__proto__"]: ...}` makes an
    ordinary member.
    """
    if name == "__proto__":
        return f"[{_text(name)}]"
    return name if _NAME.fullmatch(name) else _text(name)


def _text(value: object) -> str:
    return orjson.dumps(value).decode().translate(_SEPARATORS)
