"""Vector indexes and SearchVectors on each kind of server (features 1, control-plane 15)."""

from typing import Any

import pytest

from tests.support.tables import new_name, vector, vector_index_request


def near(name: str = "near", distance: str = "EUCLIDEAN", **changes: Any) -> dict[str, Any]:
    return vector_index_request(name, **{"attribute": "v", "dimensions": 2, "distance": distance, **changes})


@pytest.fixture(scope="module")
def points(client, make_shared_table) -> str:
    """Return a table with four vectors, an index for each distance, and the index `parts`.

    The partition key of `parts` is `tenant`; a search may also filter on `color`.
    """
    kinds = ("COSINE", "DOT_PRODUCT", "EUCLIDEAN")
    name: str = make_shared_table(
        "pk:S",
        define="tenant:S color:N",
        VectorIndexes=[
            *(near(kind, kind, projection="INCLUDE", non_key=["x"]) for kind in kinds),
            near("parts", search="tenant:HASH color:INLINE_FILTER"),
        ],
    )
    for key, point, more in (
        ("a", (1, 0), {"tenant": {"S": "one"}, "color": {"N": "1"}, "x": {"S": "x"}, "y": {"S": "y"}}),
        ("b", (0, 2), {"tenant": {"S": "one"}, "color": {"N": "2.0"}}),
        ("c", (-3, 0), {"tenant": {"S": "two"}, "color": {"N": "1"}}),
        ("d", (3, 3), {}),
    ):
        client.put_item(TableName=name, Item={"pk": {"S": key}, "v": vector(*point), **more})
    client.put_item(TableName=name, Item={"pk": {"S": "no vector"}, "tenant": {"S": "one"}})
    return name


def found(client, table: str, index: str, *numbers: float, top: int = 10, **more: Any) -> list[tuple[str, float]]:
    answer = client.search_vectors(
        TableName=table, IndexName=index, SearchVector=vector(*numbers)["L"], TopK=top, **more
    )
    return [(each["Item"]["pk"]["S"], round(each["Score"], 5)) for each in answer["SearchResults"]]


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("EUCLIDEAN", [("a", 1.0), ("b", 2.82843), ("d", 3.16228), ("c", 5.0)]),
        ("DOT_PRODUCT", [("d", 6.0), ("a", 2.0), ("b", 0.0), ("c", -6.0)]),
        ("COSINE", [("a", 0.0), ("d", 0.29289), ("b", 1.0), ("c", 2.0)]),
    ],
)
def test_the_most_similar_items_come_first(client, points, index, expected):
    assert found(client, points, index, 2, 0) == expected
    assert found(client, points, index, 2, 0, top=2) == expected[:2]


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        ("tenant = :t", {":t": {"S": "one"}}, ["a", "b"]),
        ("tenant = :t AND color = :c", {":t": {"S": "one"}, ":c": {"N": "2"}}, ["b"]),
        (":c = color AND (tenant = :t)", {":t": {"S": "two"}, ":c": {"N": "1e0"}}, ["c"]),
        ("tenant = :t AND color = :c", {":t": {"S": "two"}, ":c": {"N": "2"}}, []),
        ("tenant = :t", {":t": {"S": "three"}}, []),
    ],
)
def test_a_condition_selects_a_partition_and_filters(client, points, condition, values, expected):
    more = {"SearchConditionExpression": condition, "ExpressionAttributeValues": values}
    assert [key for key, _ in found(client, points, "parts", 2, 0, **more)] == expected


def test_results_have_what_the_index_projects_but_the_vector(client, points):
    request = {"TableName": points, "IndexName": "EUCLIDEAN", "SearchVector": vector(1, 0)["L"], "TopK": 1}
    (result,) = client.search_vectors(**request)["SearchResults"]
    assert result == {"Item": {"pk": {"S": "a"}, "x": {"S": "x"}}, "Score": 0.0}
    (result,) = client.search_vectors(**request, ProjectionExpression="#v, pk", ExpressionAttributeNames={"#v": "v"})[
        "SearchResults"
    ]
    assert result["Item"] == {"pk": {"S": "a"}, "v": {"L": [{"N": "1.0"}, {"N": "0.0"}]}}
    assert "ConsumedCapacity" not in client.search_vectors(**request, ReturnConsumedCapacity="NONE")
    total = client.search_vectors(**request, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert total == client.search_vectors(**request, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert total.keys() == {"VectorSearchRequestBytes"}


def test_vectors_are_printed_as_the_shortest_decimals_of_float32(client, make_table):
    table = make_table("pk:S", VectorIndexes=[near()])
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": vector(0.1234567891, -3)})
    answer = client.search_vectors(
        TableName=table, IndexName="near", SearchVector=vector(0, 0)["L"], TopK=1, ProjectionExpression="v"
    )
    assert answer["SearchResults"][0]["Item"]["v"] == {"L": [{"N": "0.12345679"}, {"N": "-3.0"}]}


def test_each_write_is_found_by_the_next_search(client, make_table):
    table = make_table("pk:S", VectorIndexes=[near()])
    assert found(client, table, "near", 0, 0) == []
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": vector(3, 4)})
    assert found(client, table, "near", 0, 0) == [("a", 5.0)]
    key = {"pk": {"S": "a"}}
    client.update_item(
        TableName=table, Key=key, UpdateExpression="SET v[0] = :n", ExpressionAttributeValues={":n": {"N": "0"}}
    )
    assert found(client, table, "near", 0, 0) == [("a", 4.0)]
    puts = [{"PutRequest": {"Item": {"pk": {"S": str(number)}, "v": vector(number, 0)}}} for number in range(3)]
    client.batch_write_item(RequestItems={table: puts})
    assert found(client, table, "near", 0, 0) == [("0", 0.0), ("1", 1.0), ("2", 2.0), ("a", 4.0)]
    client.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": {"pk": {"S": "1"}}}}])
    client.update_item(TableName=table, Key=key, UpdateExpression="REMOVE v")
    client.execute_statement(Statement=f"DELETE FROM {table} WHERE pk = '0'")
    assert found(client, table, "near", 0, 0) == [("2", 2.0)]


@pytest.mark.parametrize("dimensions", [1, 4096])
def test_the_smallest_and_the_largest_vectors(client, make_table, dimensions):
    table = make_table("pk:S", VectorIndexes=[near(dimensions=dimensions)])
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": vector(*[0.5] * dimensions)})
    assert found(client, table, "near", *[1.5] * dimensions) == [("a", dimensions**0.5)]


# --- capacity -------------------------------------------------------------------------------------


def written(answer: dict[str, Any]) -> dict[str, float]:
    indexes = answer["ConsumedCapacity"].get("VectorIndexes", {})
    return {name: figures["VectorWriteRequestBytes"] for name, figures in indexes.items()}


def test_a_write_is_billed_for_each_entry_that_changes(client, make_table):
    table = make_table(
        "pk:S", VectorIndexes=[near(dimensions=300), near("keys", dimensions=300, projection="KEYS_ONLY")]
    )
    numbers = vector(*[0.123456789] * 300)
    item = {"pk": {"S": "a"}, "v": numbers}

    def put(**more: Any) -> dict[str, Any]:
        return client.put_item(TableName=table, Item={**item, **more}, ReturnConsumedCapacity="INDEXES")

    answer = put()
    # The vector is stored in 3 + 300 * (1 + 6) bytes, but billed with 4 bytes for each dimension.
    assert answer["ConsumedCapacity"]["Table"] == {"CapacityUnits": 2.0}
    assert written(answer) == {"near": 2 + 1 + 1 + 1200, "keys": 2 + 1 + 1 + 1200}
    assert written(put()) == {}
    assert written(put(x={"S": "x"})) == {"near": 2 + 1 + 1 + 1200 + 2}
    answer = client.delete_item(TableName=table, Key={"pk": {"S": "a"}}, ReturnConsumedCapacity="INDEXES")
    assert written(answer) == {"near": 1206, "keys": 1204}
    short = client.put_item(TableName=table, Item={"pk": {"S": "no vector"}}, ReturnConsumedCapacity="INDEXES")
    assert written(short) == {}
    total = client.put_item(TableName=table, Item=item, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    assert total == {"TableName": table, "CapacityUnits": 2.0}


def test_small_entries_are_billed_for_a_kilobyte(client, make_table):
    table = make_table("pk:S", VectorIndexes=[near()])
    put = {"Item": {"pk": {"S": "a"}, "v": vector(1, 2)}}
    answer = client.batch_write_item(RequestItems={table: [{"PutRequest": put}]}, ReturnConsumedCapacity="INDEXES")
    assert answer["ConsumedCapacity"][0]["VectorIndexes"] == {"near": {"VectorWriteRequestBytes": 1024.0}}


def test_sizes_count_vectors_as_four_bytes_a_dimension(client, make_table):
    table = make_table("pk:S", VectorIndexes=[near(search="s:HASH")], define="s:S")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "s": {"S": "s"}, "v": vector(0.123456789, 1)})
    client.put_item(
        TableName=table, Item={"pk": {"S": "b"}, "v": vector(0.123456789, 1)}
    )  # no s, so no entry in the index
    described = client.describe_table(TableName=table)["Table"]
    assert described["TableSizeBytes"] == (3 + 2 + 1 + 8) + (3 + 1 + 8)
    (index,) = described["VectorIndexes"]
    assert (index["ItemCount"], index["IndexSizeBytes"]) == (1, 3 + 2 + 1 + 8)
    arn = client.create_backup(TableName=table, BackupName="backup")["BackupDetails"]["BackupArn"]
    backup = client.delete_backup(BackupArn=arn)["BackupDescription"]
    assert backup["SourceTableDetails"]["TableSizeBytes"] == described["TableSizeBytes"]


# --- lifecycle ------------------------------------------------------------------------------------


def described(client, table: str) -> dict[str, Any]:
    indexes = client.describe_table(TableName=table)["Table"].get("VectorIndexes", [])
    return {index["IndexName"]: index for index in indexes}


def test_an_index_is_described_as_it_was_created(client, make_table):
    wanted = near(projection="INCLUDE", non_key=["y", "x"], search="s:INLINE_FILTER h:HASH")
    table = make_table("pk:S", VectorIndexes=[wanted], define="h:S s:N")
    index = described(client, table)["near"]
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert index == {
        **wanted,
        "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["x", "y"]},
        "IndexStatus": "ACTIVE",
        "IndexSizeBytes": 0,
        "ItemCount": 0,
        "IndexArn": f"{arn}/index/near",
    }


def test_an_index_on_a_table_with_items_is_filled_and_deleted(client, make_table, refused):
    table = make_table("pk:S")
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": vector(3, 4), "color": {"S": "red"}})
    client.put_item(TableName=table, Item={"pk": {"S": "other size"}, "v": vector(3)})
    client.put_item(TableName=table, Item={"pk": {"S": "text"}, "v": {"S": "v"}})
    client.put_item(TableName=table, Item={"pk": {"S": "other type"}, "v": vector(1, 1), "color": {"N": "1"}})
    answer = client.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": "color", "AttributeType": "S"}],
        VectorIndexUpdates=[{"Create": near(search="color:HASH")}],
    )["TableDescription"]
    assert answer["TableStatus"] == "UPDATING"
    (index,) = answer["VectorIndexes"]
    assert (index["IndexStatus"], index["Backfilling"]) == ("CREATING", False)
    for _ in range(500):  # each request runs one slice of background work: of this backfill, or of other tests
        index = described(client, table)["near"]
        if index["IndexStatus"] == "ACTIVE":
            break
    assert "Backfilling" not in index
    assert index["ItemCount"] == 1
    condition = {"SearchConditionExpression": "color = :c", "ExpressionAttributeValues": {":c": {"S": "red"}}}
    assert found(client, table, "near", 0, 0, **condition) == [("a", 5.0)]
    client.update_table(TableName=table, VectorIndexUpdates=[{"Delete": {"IndexName": "near"}}])
    assert described(client, table) == {}
    definitions = client.describe_table(TableName=table)["Table"]["AttributeDefinitions"]
    assert definitions == [{"AttributeName": "pk", "AttributeType": "S"}]
    text = "The table does not have the specified index: near"
    request = {"TableName": table, "IndexName": "near", "SearchVector": vector(0, 0)["L"], "TopK": 1}
    assert refused("search_vectors", **request) == ("ValidationException", text)
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": {"S": "anything"}})


def test_a_new_table_of_the_same_name_has_no_old_vectors(client):
    request = {
        "TableName": new_name(),
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
        "VectorIndexes": [near()],
    }
    name = request["TableName"]
    client.create_table(**request)
    client.put_item(TableName=name, Item={"pk": {"S": "a"}, "v": vector(1, 1)})
    assert len(found(client, name, "near", 0, 0)) == 1
    client.delete_table(TableName=name)
    client.create_table(**request)
    assert found(client, name, "near", 0, 0) == []
    client.delete_table(TableName=name)


# --- backups and restores -------------------------------------------------------------------------


def test_a_restored_table_has_the_vector_indexes_of_its_backup(client, make_table, refused):
    indexes = [near(search="color:INLINE_FILTER"), near("thin", "COSINE", projection="KEYS_ONLY")]
    table = make_table("pk:S", define="color:S", VectorIndexes=indexes)
    client.put_item(TableName=table, Item={"pk": {"S": "a"}, "v": vector(3, 4), "color": {"S": "red"}})
    arn = client.create_backup(TableName=table, BackupName="vectors")["BackupDetails"]["BackupArn"]
    client.put_item(TableName=table, Item={"pk": {"S": "b"}, "v": vector(0, 0)})
    described_backup = client.describe_backup(BackupArn=arn)["BackupDescription"]
    assert described_backup["SourceTableFeatureDetails"]["VectorIndexes"] == indexes
    for override, expected in (
        ({}, {"near", "thin"}),
        ({"VectorIndexOverride": [indexes[0]]}, {"near"}),
        ({"VectorIndexOverride": []}, set()),
    ):
        target = new_name()
        client.restore_table_from_backup(TargetTableName=target, BackupArn=arn, **override)
        client.get_waiter("table_exists").wait(TableName=target, WaiterConfig={"Delay": 1})
        assert described(client, target).keys() == expected
        if expected:
            assert described(client, target)["near"]["ItemCount"] == 1
            assert found(client, target, "near", 0, 0) == [("a", 5.0)]
        client.delete_table(TableName=target)
    request = {"TargetTableName": new_name(), "BackupArn": arn}
    code, text = refused("restore_table_from_backup", **request, VectorIndexOverride=[near(dimensions=3)])
    assert (code, "Index near does not match" in text) == ("ValidationException", True)
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    provisioned = {"BillingModeOverride": "PROVISIONED", "ProvisionedThroughputOverride": units}
    code, text = refused("restore_table_from_backup", **request, **provisioned)
    assert text.endswith("Vector indexes are only supported for PAY_PER_REQUEST tables")
    client.delete_backup(BackupArn=arn)


# --- the decoder ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ("{}", "ValidationException", "missing field `TableName` at line 1 column 2"),
        (
            '{"TableName": "abc", "é": [1, {}] } ',
            "ValidationException",
            "missing field `IndexName` at line 1 column 36",
        ),
        (
            '{"TableName":\n "abc",\n"IndexName":"abc"\n}',
            "ValidationException",
            "missing field `SearchVector` at line 4 column 1",
        ),
        (
            '{"TopK": 1, "TableName":null}',
            "SerializationException",
            "invalid type: null, expected a string at line 1 column 28",
        ),
        (
            '{"SearchVector" : null , "TableName":null}',
            "SerializationException",
            "invalid type: null, expected a sequence at line 1 column 22",
        ),
        ('{"TopK":null}', "SerializationException", "invalid type: null, expected i32 at line 1 column 12"),
    ],
)
def test_the_decoder_names_the_place_in_the_text(post, body, code, text):
    answer = post("SearchVectors", body.encode())
    assert answer.status == 400
    assert answer.json["__type"].endswith(f"#{code}")
    assert answer.json.get("message", answer.json.get("Message")) == text
