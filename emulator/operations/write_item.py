"""PutItem, UpdateItem, DeleteItem (behaviour 4.5, 4.6, 5).

The service puts the errors of these operations' checks into the envelope.
"""

from typing import Final

from emulator import errors
from emulator.database.catalog.catalog import Caller
from emulator.database.database import Database
from emulator.database.items.requested import Delete, Put, Update, Write
from emulator.database.items.write import store
from emulator.expressions import legacy
from emulator.expressions.bind import Bound
from emulator.model.nesting import nests_deeply
from emulator.model.request import Request
from emulator.operations.parameters import NO_VALUES, bound_of, check_values, guard_of
from emulator.operations.registry import Response, operation
from emulator.operations.response import collection_member, consumed_member, response_of

_OLD_VALUES: Final = ("NONE", "ALL_OLD")
"""The ReturnValues that PutItem and DeleteItem accept."""
_RESULTS: Final = frozenset(("ReturnValues", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"))
"""If a request has none of these members, the response is empty."""


def _check_return_values(request: Request) -> None:
    if request["ReturnValues"] not in _OLD_VALUES:
        raise errors.return_values_not_allowed(bare=nests_deeply(request))


def _bound(request: Request) -> Bound | None:
    legacy.check_mixing(request)
    check_values(request, "new", numbers_first=True)
    return bound_of(request)


def _check_put(request: Request) -> Put:
    legacy.check_mixing(request)
    if "ReturnValues" in request:
        _check_return_values(request)
    check_values(request, "new")
    put = Put(request["Item"], None, request["Item"].size)
    put.check_size()
    put.guard = guard_of(request, bound_of(request))
    return put


def _check_delete(request: Request) -> Delete:
    if "ReturnValues" in request:
        _check_return_values(request)
    return Delete(request["Key"], guard_of(request, _bound(request)))


def _check_update(request: Request) -> Update:
    bound = _bound(request)
    update = None if bound is None else bound.update
    if "AttributeUpdates" in request:
        update = legacy.attribute_updates(request)
    values = request.get("ExpressionAttributeValues", NO_VALUES)
    return Update(request["Key"], guard_of(request, bound), update, values)


@operation("PutItem", check=_check_put, enveloped=True)
@operation("UpdateItem", check=_check_update, enveloped=True)
@operation("DeleteItem", check=_check_delete, enveloped=True)
def write_item(database: Database, caller: Caller, request: Request, write: Write) -> Response:
    """Put, change or delete one item."""
    table = database.table(caller, request["TableName"])
    write.locate(table)
    write.check()
    if type(write) is Update:  # not isinstance, which is slow if it returns False: it took 0.2 % of a PutItem
        write.check_cost()
    with database.write() as txn:
        txn.urgent = write.urgent
        change = write.prepare(txn)
        consumed = store(txn, table, change)
    if _RESULTS.isdisjoint(request):
        return b"{}"
    attributes = write.returned(request.get("ReturnValues"), change)
    members = [] if attributes is None else [b'"Attributes":' + attributes]
    members += consumed_member(request, request["TableName"], consumed)
    members += collection_member(database, request, write)
    return response_of(members)
