"""The size limit of item collections, on a server with a small limit (behaviour 9.4).

On AWS, the limit is 10 GB. tests/unit/database/test_item_collections.py tests the sizes.
"""

import boto3
import pytest

from tests.support.engines import ENGINES, arguments_of_engine
from tests.support.http_clients import boto_options, without_metadata
from tests.support.servers import running
from tests.support.tables import index_request, new_name, table_request

LIMIT = 10_000
TOO_LARGE = ("ItemCollectionSizeLimitExceededException", "Collection size exceeded.")
REASON = {"Code": "ItemCollectionSizeLimitExceeded", "Message": "Collection size exceeded."}


@pytest.fixture(scope="module")
def client(engine_name, tmp_path_factory):
    """A client of a server with the limit, which only these tests use."""
    if engine_name not in ENGINES:
        pytest.skip("nobody can tell that server a limit")
    data = arguments_of_engine(engine_name, tmp_path_factory.mktemp("limit"))
    with running(*data, "--item-collection-limit", str(LIMIT)) as server:
        yield boto3.client("dynamodb", **boto_options(server.url))


@pytest.fixture(scope="module")
def table(client):
    request = table_request(define="l:S", LocalSecondaryIndexes=[index_request("local", "pk l")])
    client.create_table(**request)
    return request["TableName"]


@pytest.fixture
def full(client, table):
    """A partition key with one item (sort key "1"), and 50 bytes left for more items."""
    pk = new_name("k")
    client.put_item(TableName=table, Item=item_of(LIMIT - 50, pk))
    return pk


def item_of(size, pk, sk="1"):
    return {"pk": {"S": pk}, "sk": {"S": sk}, "a": {"S": "x" * (size - len(f"pk{pk}sk{sk}a"))}}


def requests(table, item):
    key = {"pk": item["pk"], "sk": item["sk"]}
    update = {
        "TableName": table,
        "Key": key,
        "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": item["a"]},
    }
    return {
        "put_item": {"TableName": table, "Item": item},
        "update_item": update,
        "batch_write_item": {"RequestItems": {table: [{"PutRequest": {"Item": item}}]}},
        "transact_write_items": {"TransactItems": [{"Update": update}]},
    }


METHODS = list(requests("", item_of(100, "")))


@pytest.mark.parametrize("method", METHODS)
def test_growing_beyond_the_limit(client, table, full, method):
    with pytest.raises(client.exceptions.ClientError) as caught:
        getattr(client, method)(**requests(table, item_of(51, full, "2"))[method])
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 400
    if method == "transact_write_items":
        assert response["Error"]["Code"] == "TransactionCanceledException"
        assert response["CancellationReasons"] == [REASON]
    else:
        assert (response["Error"]["Code"], response["Error"]["Message"]) == TOO_LARGE
    query = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": full}}}
    assert client.query(TableName=table, Select="COUNT", **query)["Count"] == 1
    getattr(client, method)(**requests(table, item_of(50, full, "2"))[method])
    assert client.query(TableName=table, Select="COUNT", **query)["Count"] == 2


@pytest.mark.parametrize("method", METHODS)
def test_shrinking_and_other_collections(client, table, full, method):
    getattr(client, method)(**requests(table, item_of(LIMIT, new_name("k")))[method])
    getattr(client, method)(**requests(table, item_of(100, full, "1"))[method])
    getattr(client, method)(**requests(table, item_of(LIMIT - 100, full, "2"))[method])


def test_a_transaction_writes_everything_or_nothing(client, table, full):
    actions = [{"Put": {"TableName": table, "Item": item_of(size, full, str(size))}} for size in (40, 41)]
    with pytest.raises(client.exceptions.TransactionCanceledException) as caught:
        client.transact_write_items(TransactItems=actions)
    assert caught.value.response["CancellationReasons"] == [{"Code": "None"}, REASON]
    assert "Item" not in client.get_item(TableName=table, Key={"pk": {"S": full}, "sk": {"S": "40"}})


def test_entries_of_local_indexes_count(client, table):
    pk = new_name("k")
    client.put_item(TableName=table, Item=item_of(LIMIT // 2 - 2, pk))
    update = {"TableName": table, "Key": {"pk": {"S": pk}, "sk": {"S": "1"}}, "UpdateExpression": "SET l = :l"}
    client.update_item(**update, ExpressionAttributeValues={":l": {"S": "l"}})
    with pytest.raises(client.exceptions.ItemCollectionSizeLimitExceededException):
        client.update_item(**update, ExpressionAttributeValues={":l": {"S": "ll"}})


def test_tables_without_local_indexes_have_no_limit(client):
    request = table_request()
    client.create_table(**request)
    for sk in "123":
        answer = client.put_item(TableName=request["TableName"], Item=item_of(LIMIT, "p", sk))
        assert without_metadata(answer) == {}
