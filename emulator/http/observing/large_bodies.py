"""Facts from large bodies, which are not parsed for a summary.

To parse 16 MB takes 0.3 to 0.8 s, in which the process answers nobody. So of a larger request than
LARGE only the beginning and the end are searched, for names of tables and indexes. Of a larger
answer only the members behind its items are parsed, or the beginning if it is an error. Only the
answer to a batch of writes that were not all processed is parsed whole.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

import orjson

LARGE: Final = 500_000  # bytes; to parse so many takes up to 25 ms

_SEARCHED: Final = 4_096  # bytes at the beginning and at the end of a request
# Names in a request. An attribute of an item never matches: its value is an object.
_NAMES: Final = re.compile(
    r'"(TableName|IndexName|StreamArn|ResourceArn)"\s*:\s*"([^"\\]{1,1024})"'
    r'|"(RequestItems)"\s*:\s*\{\s*"([^"\\]{1,1024})"'
    r'|"(Statement|ConditionExpression)"\s*:\s*"((?:[^"\\]|\\.){1,1000})'
)
_ERROR: Final = re.compile(r'"(__type|[Mm]essage)"\s*:\s*"((?:[^"\\]|\\.){0,1000})')
_ERROR_START: Final = b'{"__type"'
# A batch of writes that was throttled or conflicted: the items themselves have to be counted.
_UNPROCESSED: Final = b'{"UnprocessedItems":{"'
# Members that stand behind the items of an answer.
_BEHIND: Final = ("UnprocessedKeys", "ConsumedCapacity")
_LONGEST_REST: Final = 100_000  # bytes of the members behind the items


def request_facts(body: bytes) -> Mapping[str, Any]:
    """Return members of a large request, as far as they are found. RequestItems has one table."""
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
    """Return the members behind the items of a large answer, or code and message of an error."""
    if body.startswith(_ERROR_START):
        members = _ERROR.findall(body[:_SEARCHED].decode("utf-8", "replace"))
        return dict(reversed(members))  # reasons of a canceled transaction have messages too, later
    if body.startswith(_UNPROCESSED):
        return _object(body)
    for name in _BEHIND:
        position = body.rfind(b'"%b":' % name.encode(), len(body) - _LONGEST_REST)
        if position >= 0:
            found = _object(b"{" + body[position:])
            if found:  # otherwise it is an attribute of an item
                return found
    return {}


def _object(text: bytes) -> Mapping[str, Any]:
    """Return a JSON object, or {} if the text is something else."""
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
