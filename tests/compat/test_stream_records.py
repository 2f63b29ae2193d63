"""Stream records: which writes make one, and what it contains (behaviour 11.3, 11.4).

Each test writes items with a partition key that no other test uses. At any time one shard gets the
records of this key, so they are in the order of the writes. `Partition.records` writes the item
`last` and reads up to its record, so a test also sees that a write made no record. The emulator
keeps the order of a transaction's actions in its records; DynamoDB does not promise that.
"""

import re
import time
from decimal import Decimal

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.http_clients import boto_options
from tests.support.stream_reading import Watch, api, sequence, stream_of
from tests.support.tables import index_request, new_name, table_request

VIEWS = ("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
FAILED = "ConditionalCheckFailedException"


@pytest.fixture(scope="module")
def tables(client):
    """Return view type -> table, with a local and a global index. All tests share these tables."""
    names = {}
    for view in VIEWS:
        request = table_request(
            define="l:S g:S",
            LocalSecondaryIndexes=[index_request("local", "pk l")],
            GlobalSecondaryIndexes=[index_request("global", "g l")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        client.create_table(**request)
        names[view] = request["TableName"]
    for name in names.values():
        client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    yield names
    for name in names.values():
        client.delete_table(TableName=name)


@pytest.fixture(scope="module")
def streams(endpoint):
    return boto3.client("dynamodbstreams", **boto_options(endpoint))


class Partition:
    """A partition that one test uses, in a table with a stream."""

    def __init__(self, client, streams, table):
        self.client, self.table = client, table
        self.pk = {"S": new_name("p")}
        self.arn = stream_of(api(client), table)
        self.watch = Watch(api(streams), self.arn, self.pk)

    def key(self, sort="s"):
        return {"pk": self.pk, "sk": {"S": sort}}

    def item(self, sort="s", /, **attributes):
        return {**self.key(sort), **attributes}

    def put(self, sort="s", /, **attributes):
        item = self.item(sort, **attributes)
        self.client.put_item(TableName=self.table, Item=item)
        return item

    def update(self, expression, sort="s", /, names=None, **values):
        extra = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}} if values else {}
        if names:
            extra["ExpressionAttributeNames"] = names
        self.client.update_item(TableName=self.table, Key=self.key(sort), UpdateExpression=expression, **extra)

    def delete(self, sort="s", **extra):
        self.client.delete_item(TableName=self.table, Key=self.key(sort), **extra)

    def records(self):
        """Put an item `last`, and read up to its record; return the records of earlier writes."""
        self.put("last")
        records = self.watch.until(lambda record: record["dynamodb"]["Keys"] == self.key("last"))
        numbers = [sequence(record) for record in records]
        assert numbers == sorted(set(numbers))
        return records[:-1]

    def changes(self):
        """Return (event name, sort key, old image, new image) of each record so far."""
        return [
            (
                record["eventName"],
                record["dynamodb"]["Keys"]["sk"]["S"],
                record["dynamodb"].get("OldImage"),
                record["dynamodb"].get("NewImage"),
            )
            for record in self.records()
        ]


@pytest.fixture
def partition(client, streams, tables):
    return Partition(client, streams, tables["NEW_AND_OLD_IMAGES"])


# --- contents of a record -------------------------------------------------------------------------


@pytest.mark.parametrize("view", VIEWS)
def test_shape_of_records(client, streams, tables, view):
    """INSERT, MODIFY and REMOVE records have exactly the members that the view type asks for."""
    partition = Partition(client, streams, tables[view])
    before = int(time.time())
    first = partition.put(a={"N": "1"})
    second = partition.put(a={"S": "é"}, extra={"NULL": True})
    partition.delete()
    inserted, modified, removed = partition.records()
    keys = 2 + len(partition.pk["S"]) + 2 + 1
    sizes = {id(first): keys + 1 + 2, id(second): keys + 1 + 2 + 5 + 1}
    for record, name, old, new in (
        (inserted, "INSERT", None, first),
        (modified, "MODIFY", first, second),
        (removed, "REMOVE", second, None),
    ):
        images = {}
        if new is not None and "NEW" in view:
            images["NewImage"] = new
        if old is not None and "OLD" in view:
            images["OldImage"] = old
        change = record.pop("dynamodb")
        assert re.fullmatch("[0-9a-f]{32}", record.pop("eventID"))
        assert record == {
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": client.meta.region_name,
        }
        created = change.pop("ApproximateCreationDateTime").timestamp()
        assert created == int(created)
        assert before - 60 <= created <= time.time() + 60
        assert re.fullmatch("[0-9]{21,40}", change.pop("SequenceNumber"))
        assert change == {
            "Keys": partition.key(),
            **images,
            "SizeBytes": keys + sum(sizes[id(image)] for image in images.values()),
            "StreamViewType": view,
        }


def test_event_ids_are_unique(partition):
    for number in range(20):
        partition.put(str(number))
    ids = [record["eventID"] for record in partition.records()]
    assert len(set(ids)) == len(ids) == 20


def test_size_of_a_key_only_item(client, streams, make_table):
    """AWS's documentation of SizeBytes has this example: 6 bytes of keys, 6 of the new image."""
    name = make_table("Id:S", StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"})
    watch = Watch(api(streams), stream_of(api(client), name), {"S": "Fred"}, "Id")
    client.put_item(TableName=name, Item={"Id": {"S": "Fred"}})
    (record,) = watch.until(lambda record: True)
    assert record["dynamodb"]["SizeBytes"] == 12
    assert record["dynamodb"]["NewImage"] == record["dynamodb"]["Keys"] == {"Id": {"S": "Fred"}}


def test_images_have_every_type(partition):
    values = {
        "s": {"S": 'quoted "text" \\ and \u2028 é 𝄞'},
        "n": {"N": "-1.5"},
        "b": {"B": b"\x00\xff"},
        "empty": {"S": ""},
        "bool": {"BOOL": False},
        "null": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": [b"1", b"2"]},
        "l": {"S": "of the local index"},
        "list": {"L": [{"M": {}}, {"L": []}, {"N": "0"}]},
        "map": {"M": {"": {"S": "x"}, "deep": {"M": {"er": {"BOOL": True}}}}},
    }
    values["map"]["M"].pop("")
    item = partition.put(**values)
    ((event, _, old, new),) = partition.changes()
    assert (event, old) == ("INSERT", None)
    for name in ("ss", "ns", "bs"):
        ((kind, members),) = new[name].items()
        assert {kind: sorted(members)} == item[name]
    assert {name: value for name, value in new.items() if name not in ("ss", "ns", "bs")} == {
        name: value for name, value in item.items() if name not in ("ss", "ns", "bs")
    }


def test_keys_of_other_types(client, streams, make_table):
    name = make_table("n:N b:B", StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"})
    watch = Watch(api(streams), stream_of(api(client), name), {"N": "10.5"}, "n")
    client.put_item(TableName=name, Item={"n": {"N": "+10.50"}, "b": {"B": b"\x00"}, "more": {"S": "x"}})
    (record,) = watch.until(lambda record: True)
    assert record["dynamodb"]["Keys"] == {"n": {"N": "10.5"}, "b": {"B": b"\x00"}}


def test_largest_items(partition):
    """A record can have two images of 400 KB."""
    room = 400 * 1024 - (2 + len(partition.pk["S"]) + 2 + 1 + 1)
    first, second = (partition.put(d={"S": letter * room}) for letter in "ab")
    assert partition.changes() == [("INSERT", "s", None, first), ("MODIFY", "s", first, second)]


# --- when records are written ---------------------------------------------------------------------


def test_a_replacement_is_one_modification(partition):
    first, second = partition.put(a={"S": "1"}), partition.put(b={"S": "2"})
    assert partition.changes() == [("INSERT", "s", None, first), ("MODIFY", "s", first, second)]


def test_an_item_is_deleted_and_created_again(partition):
    item = partition.put()
    partition.delete()
    partition.put()
    assert partition.changes() == [
        ("INSERT", "s", None, item),
        ("REMOVE", "s", item, None),
        ("INSERT", "s", None, item),
    ]


OLD = {
    "n": {"N": "100"},
    "map": {"M": {"a": {"S": "1"}, "b": {"M": {"c": {"N": "1"}, "d": {"N": "2"}}}}},
    "set": {"SS": ["a", "b", "c"]},
    "numbers": {"NS": ["1", "2"]},
    "list": {"L": [{"S": "x"}]},
    "g": {"S": "g"},
}
REORDERED = {"M": {"b": {"M": {"d": {"N": "2"}, "c": {"N": "1"}}}, "a": {"S": "1"}}}


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda p: p.put(**OLD), id="an equal item"),
        pytest.param(lambda p: p.put(**dict(reversed(OLD.items()))), id="attributes in another order"),
        pytest.param(lambda p: p.put(**OLD | {"map": REORDERED}), id="a map in another order"),
        pytest.param(lambda p: p.put(**OLD | {"set": {"SS": ["c", "a", "b"]}}), id="a set in another order"),
        pytest.param(lambda p: p.put(**OLD | {"numbers": {"NS": ["2.0", "1"]}}), id="a set of numbers written so"),
        pytest.param(lambda p: p.put(**OLD | {"n": {"N": "+1.00e2"}}), id="a number written differently"),
        pytest.param(lambda p: p.update("SET n = :n, g = :g", n=OLD["n"], g=OLD["g"]), id="an update to the same"),
        pytest.param(lambda p: p.update("SET n = n + :zero", zero={"N": "0"}), id="nothing added"),
        pytest.param(lambda p: p.update("ADD #s :a", names={"#s": "set"}, a={"SS": ["a"]}), id="a member added again"),
        pytest.param(lambda p: p.update("DELETE #s :z", names={"#s": "set"}, z={"SS": ["z"]}), id="no member deleted"),
        pytest.param(lambda p: p.update("REMOVE absent, #m.absent", names={"#m": "map"}), id="nothing removed"),
        pytest.param(
            lambda p: p.client.update_item(TableName=p.table, Key=p.key()), id="an update without an expression"
        ),
        pytest.param(lambda p: p.delete("missing"), id="a missing item deleted"),
        pytest.param(
            lambda p: p.client.update_item(
                TableName=p.table, Key=p.key("missing"), AttributeUpdates={"a": {"Action": "DELETE"}}
            ),
            id="an attribute of a missing item deleted",
        ),
        pytest.param(
            lambda p: p.client.batch_write_item(
                RequestItems={
                    p.table: [
                        {"PutRequest": {"Item": p.item(**OLD)}},
                        {"DeleteRequest": {"Key": p.key("missing")}},
                    ]
                }
            ),
            id="a batch that changes nothing",
        ),
        pytest.param(
            lambda p: p.client.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": p.table, "Item": p.item(**OLD)}},
                    {"Delete": {"TableName": p.table, "Key": p.key("missing")}},
                    {
                        "ConditionCheck": {
                            "TableName": p.table,
                            "Key": p.key("other"),
                            "ConditionExpression": "attribute_not_exists(pk)",
                        }
                    },
                ]
            ),
            id="a transaction that changes nothing",
        ),
        pytest.param(
            lambda p: p.client.execute_statement(
                Statement=f"UPDATE \"{p.table}\" SET n = 100 WHERE pk = '{p.pk['S']}' AND sk = 's'"
            ),
            id="a statement that changes nothing",
        ),
    ],
)
def test_a_write_that_changes_nothing_makes_no_record(partition, write):
    item = partition.put(**OLD)
    write(partition)
    partition.delete()
    (inserted, removed) = partition.records()
    assert (inserted["eventName"], removed["eventName"]) == ("INSERT", "REMOVE")
    assert inserted["dynamodb"]["NewImage"] == removed["dynamodb"]["OldImage"]
    assert removed["dynamodb"]["OldImage"].keys() == item.keys()


@pytest.mark.parametrize("expression", ["REMOVE a", "REMOVE a.b", "DELETE a :a"])
def test_an_update_that_sets_nothing_on_a_missing_item(partition, expression):
    """There is a record exactly if the update creates an item.

    By behaviour 4.5 it creates none; for DELETE, that is inferred.
    """
    partition.update(expression, **({"a": {"SS": ["a"]}} if ":a" in expression else {}))
    made = "Item" in partition.client.get_item(TableName=partition.table, Key=partition.key(), ConsistentRead=True)
    assert partition.changes() == ([("INSERT", "s", None, partition.key())] if made else [])


EXISTS = "attribute_exists(pk)"


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(
            lambda p: p.client.put_item(TableName=p.table, Item=p.item(), ConditionExpression=EXISTS), id="PutItem"
        ),
        pytest.param(
            lambda p: p.client.update_item(
                TableName=p.table,
                Key=p.key(),
                UpdateExpression="SET a = pk",
                ConditionExpression=EXISTS,
            ),
            id="UpdateItem",
        ),
        pytest.param(lambda p: p.delete(ConditionExpression=EXISTS), id="DeleteItem"),
        pytest.param(
            lambda p: p.client.transact_write_items(
                TransactItems=[
                    {"Put": {"TableName": p.table, "Item": p.item("other")}},
                    {"ConditionCheck": {"TableName": p.table, "Key": p.key(), "ConditionExpression": EXISTS}},
                ]
            ),
            id="TransactWriteItems",
        ),
        pytest.param(
            lambda p: p.client.execute_statement(
                Statement=f"UPDATE \"{p.table}\" SET a = 1 WHERE pk = '{p.pk['S']}' AND sk = 's'"
            ),
            id="ExecuteStatement",
        ),
    ],
)
def test_a_failed_write_makes_no_record(partition, write):
    with pytest.raises(ClientError) as caught:
        write(partition)
    assert caught.value.response["Error"]["Code"] in (FAILED, "TransactionCanceledException")
    assert partition.changes() == []


@pytest.mark.parametrize(
    ("expression", "values", "new"),
    [
        ("SET n = :n", {"n": {"N": "2"}}, {"n": {"N": "2"}}),
        ("SET n = n + :n", {"n": {"N": "2"}}, {"n": {"N": "102"}}),
        ("SET fresh = if_not_exists(fresh, :x)", {"x": {"S": "x"}}, {"fresh": {"S": "x"}}),
        ("SET #l = list_append(#l, #l)", {}, {"list": {"L": [{"S": "x"}, {"S": "x"}]}}),
        ("SET #m.b.c = :x", {"x": {"S": "x"}}, {"map": {"M": {"a": {"S": "1"}, "b": {"M": {"c": {"S": "x"}}}}}}),
        ("REMOVE n", {}, {"n": None}),
        ("REMOVE #m.b, #l[0]", {}, {"map": {"M": {"a": {"S": "1"}}}, "list": {"L": []}}),
        ("ADD n :n", {"n": {"N": "-1"}}, {"n": {"N": "99"}}),
        ("ADD one :x", {"x": {"SS": ["z"]}}, {"one": {"SS": ["a", "z"]}}),
        ("DELETE one :x", {"x": {"SS": ["a"]}}, {"one": None}),
        ("SET g = :x", {"x": {"S": "h"}}, {"g": {"S": "h"}}),
        ("REMOVE g", {}, {"g": None}),
        ("SET n = :n REMOVE g ADD many :n", {"n": {"N": "5"}}, {"n": {"N": "5"}, "g": None, "many": {"N": "5"}}),
    ],
)
def test_every_clause_of_an_update(partition, expression, values, new):
    """Each update makes one MODIFY record with whole images, even if it changes an index key."""
    first = partition.put(
        n={"N": "100"},
        map={"M": {"a": {"S": "1"}, "b": {"M": {"c": {"N": "1"}}}}},
        list={"L": [{"S": "x"}]},
        one={"SS": ["a"]},
        g={"S": "g"},
        l={"S": "l"},
    )
    names = {name: full for name, full in (("#m", "map"), ("#l", "list")) if name in expression}
    partition.update(expression, names=names, **values)
    second = {name: value for name, value in {**first, **new}.items() if value is not None}
    assert partition.changes() == [("INSERT", "s", None, first), ("MODIFY", "s", first, second)]


def test_an_update_that_creates_an_item(partition):
    partition.update("SET a = :a", a={"S": "a"})
    partition.client.update_item(TableName=partition.table, Key=partition.key("only"))
    assert partition.changes() == [
        ("INSERT", "s", None, partition.item(a={"S": "a"})),
        ("INSERT", "only", None, partition.key("only")),
    ]


def test_legacy_update(partition):
    partition.client.update_item(
        TableName=partition.table,
        Key=partition.key(),
        AttributeUpdates={"n": {"Action": "ADD", "Value": {"N": "3"}}},
    )
    assert partition.changes() == [("INSERT", "s", None, partition.item(n={"N": "3"}))]


def test_members_of_a_batch(partition):
    """Each write of a batch makes a record. AWS promises no order, so the test compares sets."""
    old = {sort: partition.put(sort, a={"N": "0"}) for sort in ("replaced", "deleted")}
    new = {sort: partition.item(sort, a={"N": "1"}) for sort in ("replaced", *map(str, range(20)))}
    partition.client.batch_write_item(
        RequestItems={
            partition.table: [
                *({"PutRequest": {"Item": item}} for item in new.values()),
                {"DeleteRequest": {"Key": partition.key("deleted")}},
            ]
        }
    )
    changes = partition.changes()[2:]
    expected = [("INSERT", sort, None, item) for sort, item in new.items() if sort != "replaced"]
    expected += [("MODIFY", "replaced", old["replaced"], new["replaced"]), ("REMOVE", "deleted", old["deleted"], None)]
    assert sorted(changes, key=lambda change: change[1]) == sorted(expected, key=lambda change: change[1])


def test_actions_of_a_transaction(partition):
    """The records are in the order of the actions, and each has a different sequence number.

    A ConditionCheck makes no record, nor does an action that changes nothing.
    """
    table = partition.table
    old = {sort: partition.put(sort, n={"N": "0"}) for sort in ("b", "c", "same")}
    partition.client.transact_write_items(
        TransactItems=[
            {"Delete": {"TableName": table, "Key": partition.key("c")}},
            {
                "ConditionCheck": {
                    "TableName": table,
                    "Key": partition.key("same"),
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
            {"Put": {"TableName": table, "Item": partition.item("d", n={"N": "4"})}},
            {
                "Update": {
                    "TableName": table,
                    "Key": partition.key("b"),
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            },
            {"Put": {"TableName": table, "Item": partition.item("a", n={"N": "1"})}},
        ]
    )
    assert partition.changes()[3:] == [
        ("REMOVE", "c", old["c"], None),
        ("INSERT", "d", None, partition.item("d", n={"N": "4"})),
        ("MODIFY", "b", old["b"], partition.item("b", n={"N": "1"})),
        ("INSERT", "a", None, partition.item("a", n={"N": "1"})),
    ]


def test_a_repeated_transaction(partition):
    """A transaction that is sent again with its ClientRequestToken makes no further records."""
    request = {
        "TransactItems": [
            {
                "Update": {
                    "TableName": partition.table,
                    "Key": partition.key(),
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": {"N": "1"}},
                }
            }
        ],
        "ClientRequestToken": new_name(),
    }
    for _ in range(2):
        partition.client.transact_write_items(**request)
    assert partition.changes() == [("INSERT", "s", None, partition.item(n={"N": "1"}))]


def test_partiql(partition):
    """INSERT, UPDATE and DELETE make records: single statements, in a batch, in a transaction."""
    pk = partition.pk["S"]

    def insert(sort, number):
        return {"Statement": f"INSERT INTO \"{partition.table}\" VALUE {{'pk': '{pk}', 'sk': '{sort}', 'n': {number}}}"}

    def update(sort, number):
        return {"Statement": f"UPDATE \"{partition.table}\" SET n = {number} WHERE pk = '{pk}' AND sk = '{sort}'"}

    def delete(sort):
        return {"Statement": f"DELETE FROM \"{partition.table}\" WHERE pk = '{pk}' AND sk = '{sort}'"}

    client = partition.client
    for statement in (insert("a", 1), update("a", 2), delete("a"), delete("a")):
        client.execute_statement(**statement)
    client.batch_execute_statement(Statements=[insert("b", 1)])
    client.execute_transaction(TransactStatements=[update("b", 2), insert("c", 1)])
    client.execute_transaction(TransactStatements=[delete("b"), update("c", 2)])
    images = [
        (event, sort, *(None if image is None else image["n"]["N"] for image in (old, new)))
        for event, sort, old, new in partition.changes()
    ]
    assert images == [
        ("INSERT", "a", None, "1"),
        ("MODIFY", "a", "1", "2"),
        ("REMOVE", "a", "2", None),
        ("INSERT", "b", None, "1"),
        ("MODIFY", "b", "1", "2"),
        ("INSERT", "c", None, "1"),
        ("REMOVE", "b", "2", None),
        ("MODIFY", "c", "1", "2"),
    ]


def test_indexes_make_no_records(partition):
    """Each write makes one record, even if the item enters or leaves both indexes."""
    partition.put()
    partition.update("SET g = :v, l = :v", v={"S": "1"})
    partition.update("SET g = :v, l = :v", v={"S": "2"})
    partition.update("REMOVE g, l")
    partition.delete()
    records = partition.records()
    assert [record["eventName"] for record in records] == ["INSERT", "MODIFY", "MODIFY", "MODIFY", "REMOVE"]
    assert all(record["dynamodb"]["Keys"] == partition.key() for record in records)


def test_order_of_one_item(partition):
    """A hundred changes of one item make a hundred records in the same order."""
    for number in range(100):
        partition.update("SET n = :n", n={"N": str(number)})
    numbers = [int(new["n"]["N"]) for _, _, _, new in partition.changes()]
    assert numbers == list(range(100))


def test_the_old_image_is_the_new_image_before(partition):
    """Each record of an item has as its old image the new image of the record before it."""
    for number in range(10):
        partition.update("ADD n :n", n={"N": str(Decimal(number) / 4)}) if number else partition.put(n={"N": "1"})
    changes = partition.changes()
    assert [old for _, _, old, _ in changes[1:]] == [new for _, _, _, new in changes[:-1]]
