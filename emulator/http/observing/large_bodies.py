"""Facts about large bodies, which are found without parsing them.

To parse 16 MB takes 0.3 to 0.8 s, during which the process answers no other request. So if a
request is larger than LARGE, only its beginning and end are searched for names of tables and
indexes. If an answer is larger, only the members after its items are parsed, or the beginning of an
error. The exception is a batch of writes that was not processed completely: its answer is parsed
whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

LARGE: Final = 500_000  # bytes; to parse this many takes up to 25 ms

_SEARCHED: Final = 4_096  # bytes at the beginning and at the end of a request
# Names in a request. An attribute of an item never matches, because its value is an object.
_NAMES: Final = re.compile(
    r'"(TableName|IndexName|StreamArn|ResourceArn)"\s*:\s*"([^"\\]{1,1024})"'
    r'|"(RequestItems)"\s*:\s*\{\s*"([^"\\]{1,1024})"'
    r'|"(Statement|ConditionExpression)"\s*:\s*"((?:[^"\\]|\\.){1,1000})'
)
_ERROR: Final = re.compile(r'"(__type|[Mm]essage)"\s*:\s*"((?:[^"\\]|\\.){0,1000})')
_ERROR_START: Final = b'{"__type"'
# The answer to a batch of writes that were throttled or conflicted. Its items must be counted.
_UNPROCESSED: Final = b'{"UnprocessedItems":{"'
# Members of an answer after its items.
_BEHIND: Final = ("UnprocessedKeys", "ConsumedCapacity")
_LONGEST_REST: Final = 100_000  # bytes of the members after the items


def request_facts(body: bytes) -> Mapping[str, Any]:
    """Return the members of a large request that are found. RequestItems has one table."""
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
    """Return the members after the items of a large answer, or code and message of an error."""
    if body.startswith(_ERROR_START):
        members = _ERROR.findall(body[:_SEARCHED].decode("utf-8", "replace"))
        # The first match counts: reasons of a canceled transaction also have messages, but later.
        return dict(reversed(members))
    if body.startswith(_UNPROCESSED):
        return _object(body)
    for name in _BEHIND:
        position = body.rfind(b'"%b":' % name.encode(), len(body) - _LONGEST_REST)
        if position >= 0:
            found = _object(b"{" + body[position:])
            if found:  # if not, this is an attribute of an item
                return found
    return {}


def _object(text: bytes) -> Mapping[str, Any]:
    """Return a JSON object, or {} if the text is something else."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
