"""Turns the JSON of a request and its answer into accesses.

The requests have passed the service's checks. So their structure is valid, and is not checked
again. units.py computes what accesses cost.
"""

from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

import orjson

from emulator.advisor import conditions, statements
from emulator.advisor.calls import PAGES, Access, Item, key_text, text_of
from emulator.advisor.pages import pay_page, scanned_by_statement
from emulator.advisor.tables import TableFacts, bare_name
from emulator.advisor.units import mean_of, pay_write, size_of, take_consumed, take_units
from emulator.database.throughput import capacity

Json = Mapping[str, Any]
Find = Callable[[str], TableFacts | None]
"""A function that takes the name of a caller's table, and returns the facts about the table."""

LARGE: Final = 64 * 1024  # bytes; an access notes the largest attribute of an item of at least this size

WRITING: Final = frozenset(("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"))
"""Operations whose writes can be read from the request alone, without the answer."""

_NO_NAMES: Final[Mapping[str, str]] = {}
_TRANSACTION: Final = 2  # reads and writes in a transaction cost this many times the usual units


def accesses_of(operation: str, request: Json, answer: Json, find: Find, units: float = 0.0) -> list[Access]:
    """Return the reads and writes of a request, [] if its operation does not use items.

    units: the capacity units that the server counted for the request, 0 if it counts none.
    """
    reader = _READERS.get(operation)
    if reader is None:
        return []
    accesses = list(reader(request, answer, find))
    take_consumed(accesses, answer)
    if units:
        take_units(accesses, units)
    return accesses


# --- one item -------------------------------------------------------------------------------------


def _get(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    yield _got(request, answer.get("Item"), find)


def _got(request: Json, item: Item | None, find: Find, *, times: int = 1) -> Access:
    """Return the access of a read of one item.

    times: the factor by which the units are multiplied: 2 in a transaction.
    """
    access = _of_key("GetItem", request, find)
    access.consistent = bool(request.get("ConsistentRead")) or times > 1
    access.scanned = 1
    _project(access, request)
    if item is not None:
        access.returned, access.item = 1, item
    if item is None or access.whole:
        access.size = 0 if item is None else size_of(item)
        access.exact = True
        if access.facts is not None and item is not None:
            access.facts.note_size(access.size)
    else:
        access.size = mean_of(access)
    access.read = capacity.read_units(access.size, consistent=access.consistent) * times
    return access


def _put(request: Json, _answer: Json, find: Find) -> Iterator[Access]:
    yield put_of(request, find)


def put_of(request: Json, find: Find) -> Access:
    """Return the access that a put makes. request: a dictionary with the members of PutItem."""
    item = request["Item"]
    access = _on(Access("PutItem", bare_name(request["TableName"])), find)
    access.item, access.size = item, size_of(item)
    if access.size >= LARGE:
        sizes = {name: size_of({name: value}) for name, value in item.items()}
        access.largest = max(sizes.items(), key=lambda each: each[1])
    access.condition = _has_condition(request)
    if access.facts is not None:
        access.key = key_text(item, access.facts.keys)
        access.partition = text_of(item.get(access.facts.hash, {}))
        access.facts.note_size(access.size)
    pay_write(access, access.size, item)
    return access


def _update(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    access = update_of(request, find)
    if request.get("ReturnValues") in ("ALL_OLD", "ALL_NEW") and "Attributes" in answer:
        access.size = size_of(answer["Attributes"])
        pay_write(access, access.size, answer["Attributes"])
    yield access


def update_of(request: Json, find: Find) -> Access:
    """Return the access that an update makes, with estimated units.

    request: a dictionary with the members of UpdateItem.
    """
    access = _of_key("UpdateItem", request, find)
    access.condition = _has_condition(request)
    values = request.get("ExpressionAttributeValues") or {}
    if request.get("UpdateExpression") is not None:
        access.changes, access.assigned = conditions.changes(request["UpdateExpression"], _names(request), values)
    legacy = request.get("AttributeUpdates")
    if legacy:
        access.changes = {name: _legacy_change(each) for name, each in legacy.items()}
        access.assigned = {
            name: each["Value"] for name, each in legacy.items() if each.get("Value") and access.changes[name] == "set"
        }
    access.size = mean_of(access)
    pay_write(access, access.size, {**request["Key"], **access.assigned})
    return access


def _legacy_change(update: Json) -> str:
    action = update.get("Action", "PUT")
    if action == "ADD":
        return conditions.kind_of_addition(update.get("Value") or {})
    return "remove" if action == "DELETE" else "set"


def _delete(request: Json, _answer: Json, find: Find) -> Iterator[Access]:
    yield delete_of(request, find)


def delete_of(request: Json, find: Find) -> Access:
    """Return the access that a deletion makes, with estimated units.

    request: a dictionary with the members of DeleteItem.
    """
    access = _of_key("DeleteItem", request, find)
    access.condition = _has_condition(request)
    access.size = mean_of(access)
    pay_write(access, access.size, request["Key"])
    return access


def _of_key(action: str, request: Json, find: Find) -> Access:
    """Return an access to the item that the request's member Key names."""
    access = _on(Access(action, bare_name(request["TableName"])), find)
    key = request["Key"]
    if access.facts is not None:
        access.key = key_text(key, access.facts.keys)
        access.partition = text_of(key.get(access.facts.hash, {}))
    return access


def _on(access: Access, find: Find) -> Access:
    access.facts = find(access.table)
    return access


def _has_condition(request: Json) -> bool:
    return bool(request.get("ConditionExpression") or request.get("Expected"))


# --- pages ----------------------------------------------------------------------------------------


def _query(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    access = _page("Query", request, answer, find)
    if access.facts is not None:
        access.partition = _partition(request, access.facts.hash_of(access.index)[0])
    yield access


def _scan(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    yield _page("Scan", request, answer, find)


def _page(action: str, request: Json, answer: Json, find: Find) -> Access:
    access = _on(Access(action, bare_name(request["TableName"])), find)
    access.index = request.get("IndexName") or ""
    access.consistent = bool(request.get("ConsistentRead"))
    access.limited = request.get("Limit") is not None
    access.start = digest(request.get("ExclusiveStartKey"))
    access.last = digest(answer.get("LastEvaluatedKey"))
    access.scanned, access.returned = answer.get("ScannedCount", 0), answer.get("Count", 0)
    access.items = answer.get("Items", ())
    legacy = request.get("QueryFilter") or request.get("ScanFilter")
    if request.get("FilterExpression"):
        access.filtered = True
        access.equal = tuple(conditions.equalities(request["FilterExpression"], _names(request)))
    elif legacy:
        access.filtered = True
        if request.get("ConditionalOperator") != "OR":
            access.equal = tuple(name for name, each in legacy.items() if each.get("ComparisonOperator") == "EQ")
    _project(access, request)
    pay_page(access, request, answer)
    return access


def _partition(request: Json, name: str) -> str:
    """Return the value of the partition key in a Query's key condition, as text.

    name: the name of the partition key.
    """
    text = request.get("KeyConditionExpression")
    if text:
        placeholder = conditions.equalities(text, _names(request)).get(name, "")
        return text_of((request.get("ExpressionAttributeValues") or {}).get(placeholder, {}))
    values = (request.get("KeyConditions") or {}).get(name, {}).get("AttributeValueList") or [{}]
    return text_of(values[0])


def _project(access: Access, request: Json) -> None:
    """Set `wanted` and `whole` of an access from the projection of its request."""
    if request.get("ProjectionExpression"):
        access.wanted = conditions.projected(request["ProjectionExpression"], _names(request))
        access.whole = False
    elif request.get("AttributesToGet"):
        access.wanted = tuple(request["AttributesToGet"])
        access.whole = False


# --- several items --------------------------------------------------------------------------------


def _batch_get(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    for name, part in request["RequestItems"].items():
        facts = find(bare_name(name))
        keys = () if facts is None else facts.keys
        found = {key_text(item, keys): item for item in (answer.get("Responses") or {}).get(name, ())}
        left = (answer.get("UnprocessedKeys") or {}).get(name, {}).get("Keys", ())
        for key in part["Keys"]:
            if key not in left:
                one = {**part, "TableName": name, "Key": key}
                yield _got(one, found.get(key_text(key, keys)) if keys else None, find)


def _batch_write(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    for name, parts in request["RequestItems"].items():
        left = (answer.get("UnprocessedItems") or {}).get(name, ())
        for part in parts:
            if part in left:
                continue
            if part.get("PutRequest"):
                yield put_of({**part["PutRequest"], "TableName": name}, find)
            elif part.get("DeleteRequest"):
                yield delete_of({**part["DeleteRequest"], "TableName": name}, find)


_TRANSACTED: Final[Mapping[str, Callable[[Json, Find], Access]]] = {
    "Put": put_of,
    "Update": update_of,
    "Delete": delete_of,
    "ConditionCheck": lambda request, find: _of_key("ConditionCheckItem", request, find),
}


def _transact_write(request: Json, _answer: Json, find: Find) -> Iterator[Access]:
    for part in request["TransactItems"]:
        for kind, action in part.items():
            if action is not None and kind in _TRANSACTED:
                access = _TRANSACTED[kind](action, find)
                access.write *= _TRANSACTION
                yield access


def _transact_get(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    for part, response in zip(request["TransactItems"], answer["Responses"], strict=False):
        yield _got(part["Get"], response.get("Item"), find, times=_TRANSACTION)


# --- PartiQL --------------------------------------------------------------------------------------


def _statement(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    access = statements.access_of(request, find)
    if access is None:
        return
    if access.action in PAGES:
        access.items = answer.get("Items", ())
        access.returned = len(access.items)
        access.last, access.start = digest(answer.get("NextToken")), digest(request.get("NextToken"))
        access.limited = request.get("Limit") is not None
        access.scanned = scanned_by_statement(access, request)
        pay_page(access, request, answer)
        access.exact = access.exact and not access.filtered
    else:
        _pay_statement(access, next(iter(answer.get("Items", ())), None))
    yield access


def _statements(request: Json, answer: Json, find: Find) -> Iterator[Access]:
    times = _TRANSACTION if "TransactStatements" in request else 1
    parts = request.get("TransactStatements") or request.get("Statements") or ()
    for part, response in zip(parts, answer["Responses"], strict=False):
        access = None if "Error" in response else statements.access_of(part, find)
        if access is not None:
            _pay_statement(access, response.get("Item"))
            access.read *= times
            access.write *= times
            yield access


def _pay_statement(access: Access, item: Item | None) -> None:
    if access.action == "GetItem":
        access.scanned, access.returned, access.item = 1, int(item is not None), item
        access.exact = access.whole and not access.filtered
        access.size = (0 if item is None else size_of(item)) if access.exact else mean_of(access)
        access.read = capacity.read_units(access.size, consistent=access.consistent)
    elif access.writes:
        access.size = size_of(access.item) if access.item is not None else mean_of(access)
        pay_write(access, access.size, access.item or access.assigned)


# --- facts of a request ---------------------------------------------------------------------------


def digest(value: object) -> str:
    """Return a digest of an ExclusiveStartKey, LastEvaluatedKey or NextToken, "" for None."""
    if value is None:
        return ""
    return blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=9).hexdigest()


def _names(request: Json) -> Mapping[str, str]:
    return request.get("ExpressionAttributeNames") or _NO_NAMES


_READERS: Final[Mapping[str, Callable[[Json, Json, Find], Iterator[Access]]]] = {
    "GetItem": _get,
    "PutItem": _put,
    "UpdateItem": _update,
    "DeleteItem": _delete,
    "Query": _query,
    "Scan": _scan,
    "BatchGetItem": _batch_get,
    "BatchWriteItem": _batch_write,
    "TransactWriteItems": _transact_write,
    "TransactGetItems": _transact_get,
    "ExecuteStatement": _statement,
    "BatchExecuteStatement": _statements,
    "ExecuteTransaction": _statements,
}
