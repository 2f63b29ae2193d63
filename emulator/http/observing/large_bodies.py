"""Facts about large bodies, which are found without parsing them.

Parsing 16 MB takes 0.3 to 0.8 s. During this time, the process answers no other request. So in a
request larger than LARGE, only the beginning and the end are searched for names of tables and
indexes. In an answer larger than LARGE, only the members after the items are parsed. If it is an
error, only its beginning is searched. The answer to a BatchWriteItem with unprocessed items is
parsed whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

LARGE: Final = 500_000  # bytes; to parse this many takes up to 25 ms

NOT_WHOLE: Final = b""
"""Replaces the body of an answer that was cut away, or whose request was cut."""

_SEARCHED: Final = 4_096  # bytes at the beginning of a body, and at the end of a request
# Members with a name as value. Attributes of items never match, because their values are objects.
_NAMES: Final = re.compile(
    r'"(TableName|IndexName|StreamArn|ResourceArn)"\s*:\s*"([^"\\]{1,1024})"'
    r'|"(RequestItems)"\s*:\s*\{\s*"([^"\\]{1,1024})"'
    r'|"(Statement|ConditionExpression)"\s*:\s*"((?:[^"\\]|\\.){1,1000})'
)
_ERROR: Final = re.compile(r'"(__type|[Mm]essage)"\s*:\s*"((?:[^"\\]|\\.){0,1000})')
_ERROR_START: Final = b'{"__type"'
# The start of an answer to BatchWriteItem with unprocessed items. They must be counted.
_UNPROCESSED: Final = b'{"UnprocessedItems":{"'
# Members that come after the items in an answer.
_BEHIND: Final = ("UnprocessedKeys", "ConsumedCapacity")
_LONGEST_REST: Final = 100_000  # the most bytes of the members after the items


def request_facts(body: bytes) -> Mapping[str, Any]:
    """Return the members that are found in a large request; of RequestItems, only one table."""
    found: dict[str, Any] = {}
    for text in (body[:_SEARCHED], body[-_SEARCHED:]):
        for match in _NAMES.finditer(text.decode("utf-8", "replace")):
            name, value = (each for each in match.groups() if each is not None)
            if name == "RequestItems":
                found.setdefault(name, {value: {}})
            else:
                found.setdefault(name, value.replace('\\"', '"'))
    return found


def answer_facts(body: bytes) -> Mapping[str, Any]:
    """Return the members after the items of a large answer, or an error's code and message."""
    if body.startswith(_ERROR_START):
        members = _ERROR.findall(body[:_SEARCHED].decode("utf-8", "replace"))
        # The first match counts. The messages of CancellationReasons come after it.
        return dict(reversed(members))
    if body.startswith(_UNPROCESSED):
        return _object(body)
    for name in _BEHIND:
        position = body.rfind(b'"%b":' % name.encode(), len(body) - _LONGEST_REST)
        if position >= 0:
            found = _object(b"{" + body[position:])
            if found:  # else the match was an attribute of an item with this name
                return found
    return {}


def _object(text: bytes) -> Mapping[str, Any]:
    """Return a JSON object, or {} if the text is something else."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
