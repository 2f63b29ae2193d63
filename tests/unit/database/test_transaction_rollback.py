"""A transaction changes nothing if a limit refuses it after some of its writes."""

import pytest

from emulator.errors import ApiError
from tests.support.engines import settings_of_engine
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.tables import index_request, table_request

LIMIT = 10_000


@pytest.fixture
def small(engine_name, tmp_path):
    """Yield an emulator with a small limit for the size of item collections."""
    inside = InProcess(settings_of_engine(engine_name, tmp_path / "data", item_collection_limit=LIMIT))
    yield inside
    inside.emulator.close()


def put(table, partition, sort, size):
    item = {"pk": {"S": partition}, "sk": {"S": sort}, "l": {"S": sort}, "g": {"S": "g"}, "x": {"S": "x" * size}}
    return {"Put": {"TableName": table, "Item": item}}


@pytest.mark.parametrize("token", [{}, {"ClientRequestToken": "again"}])
def test_full_item_collection(small, token):
    request = table_request(
        "pk:S sk:S",
        define="l:S g:S",
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
        GlobalSecondaryIndexes=[index_request("global", "g")],
    )
    small("CreateTable", request)
    table = request["TableName"]
    small("PutItem", put(table, "full", "0", LIMIT // 2)["Put"])
    before = dump(small.emulator.database)
    delete = {"TableName": table, "Key": {"pk": {"S": "full"}, "sk": {"S": "0"}}}
    actions = [
        put(table, "a", "1", 10),
        put(table, "full", "1", 10),
        put(table, "full", "2", LIMIT // 2),
        put(table, "b", "1", 10),
    ]
    with pytest.raises(ApiError) as caught:
        small("TransactWriteItems", TransactItems=actions, **token)
    assert caught.value.message == (
        "Transaction cancelled, please refer cancellation reasons for specific reasons "
        "[None, None, ItemCollectionSizeLimitExceeded, None]"
    )
    assert caught.value.extra["CancellationReasons"] == [
        {"Code": "None"},
        {"Code": "None"},
        {"Code": "ItemCollectionSizeLimitExceeded", "Message": "Collection size exceeded."},
        {"Code": "None"},
    ]
    assert dump(small.emulator.database) == before
    small("DeleteItem", delete)
    small("TransactWriteItems", TransactItems=actions, **token)
    check_store(small.emulator.database)
    assert small("Scan", TableName=table, IndexName="global")["Count"] == len(actions)
