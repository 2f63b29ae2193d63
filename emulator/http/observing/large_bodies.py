"""Finds facts in large bodies without parsing the whole body.

Parsing 16 MB takes 0.3 to 0.8 s. During this time, the process answers no other request. So for
bodies larger than LARGE, the functions of this module read only a part:

| body                                        | part                                               |
|---------------------------------------------|----------------------------------------------------|
| request                                     | names of tables and indexes near beginning and end |
| error                                       | code and message near the beginning                |
| answer with unprocessed items               | all                                                |
| other answer                                | the members after the items                        |
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

LARGE: Final = 500_000  # bytes; to parse this many takes up to 25 ms

NOT_WHOLE: Final = b""
"""Replaces the body of an answer if the answer's or the request's body is too large to keep."""

_SEARCHED: Final = 4_096  # bytes that are searched at the beginning of each body and at the end of a request's body
# Matches members whose value is a string, and RequestItems with its first table. An attribute of
# an item matches only if it is called RequestItems: its value is an object, such as {"S": "x"}.
_NAMES: Final = re.compile(
    r'"(TableName|IndexName|StreamArn|ResourceArn)"\s*:\s*"([^"\\]{1,1024})"'
    r'|"(RequestItems)"\s*:\s*\{\s*"([^"\\]{1,1024})"'
    r'|"(Statement|ConditionExpression)"\s*:\s*"((?:[^"\\]|\\.){1,1000})'
)
_ERROR: Final = re.compile(r'"(__type|[Mm]essage)"\s*:\s*"((?:[^"\\]|\\.){0,1000})')
_ERROR_START: Final = b'{"__type"'
# The start of an answer to BatchWriteItem with unprocessed items. Such an answer is parsed whole,
# because `Reasons` counts the items.
_UNPROCESSED: Final = b'{"UnprocessedItems":{"'
# Members that come after the items in an answer.
_BEHIND: Final = ("UnprocessedKeys", "ConsumedCapacity")
_LONGEST_REST: Final = 100_000  # the maximum number of bytes of the members after the items


def request_facts(body: bytes) -> Mapping[str, Any]:
    """Return the members that name tables, indexes and expressions in a large request.

    Only the beginning and the end of the body are searched. In the result, RequestItems has only
    the first table of a batch.
    """
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
    """Return the members that follow the items in a large answer, or an error's code and message.

    Of an answer with unprocessed items, return all members.
    """
    if body.startswith(_ERROR_START):
        members = _ERROR.findall(body[:_SEARCHED].decode("utf-8", "replace"))
        # The error's own message comes first in the body, before those of CancellationReasons. If a
        # name occurs several times, `dict` keeps the last value. So the members are reversed.
        return dict(reversed(members))
    if body.startswith(_UNPROCESSED):
        return _object(body)
    for name in _BEHIND:
        position = body.rfind(b'"%b":' % name.encode(), len(body) - _LONGEST_REST)
        if position >= 0:
            found = _object(b"{" + body[position:])
            # If `found` is empty, `position` is inside an item: at an attribute called `name`.
            if found:
                return found
    return {}


def _object(text: bytes) -> Mapping[str, Any]:
    """Return the JSON object in a text, or {} if the text is not a JSON object."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
