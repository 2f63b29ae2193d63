"""Put, Update, Delete and Check: the steps that every operation takes with a requested write."""

import pytest

from emulator.database.items.requested import Check, Delete, Guard, Put, Update, has_repeats
from emulator.database.items.write import store
from emulator.errors import ApiError
from emulator.expressions.bind import bind
from emulator.limits import ITEM_SIZE
from emulator.values.rows import decode_row
from tests.support.tables import index_request, table_request

KEY = {"pk": {"S": "a"}, "sk": {"N": "1"}}
OLD = {**KEY, "n": {"N": "1"}, "x": {"S": "old"}}
NEW = {**KEY, "n": {"N": "2"}}
ADDED = {**OLD, "n": {"N": "4"}}
CREATED = {**KEY, "n": {"N": "3"}}
INVALID = "One or more parameter values were invalid: "


@pytest.fixture
def table(db):
    request = table_request("pk:S sk:N", define="g:S", GlobalSecondaryIndexes=[index_request("gsi", "g")])
    db("CreateTable", request)
    db("DescribeTable", TableName=request["TableName"])
    return db.emulator.database.table(db.caller, request["TableName"])


def update(key, text="ADD n :three", guard=None):
    request = {"UpdateExpression": text, "ExpressionAttributeValues": {":three": {"N": "3"}}}
    return Update(key, guard, bind(request).update, request["ExpressionAttributeValues"])


def guard(*, holds, **options):
    return Guard(lambda _item, _values: holds, {}, **options)


def writes(item, key, condition=None):
    """Return a write of each kind for one item, all with the same condition."""
    return {
        "Put": Put(item, condition, 20),
        "Update": update(key, guard=condition),
        "Delete": Delete(key, condition),
        "Check": Check(key, condition or guard(holds=True)),
    }


KINDS = ("Put", "Update", "Delete", "Check")


def prepared(db, table, write):
    write.locate(table)
    with db.emulator.database.read() as txn:
        return write.prepare(txn)


def message(function, *arguments):
    with pytest.raises(ApiError) as caught:
        function(*arguments)
    return caught.value.message


@pytest.mark.parametrize("kind", KINDS)
def test_all_writes_of_an_item_have_one_storage_key(table, kind):
    write = writes(NEW, KEY)[kind]
    write.locate(table)
    assert (write.table, write.key) == (table, table.item_key(KEY))


@pytest.mark.parametrize(
    ("item", "put", "others"),
    [
        (
            {"pk": {"S": "a"}},
            f"{INVALID}Missing the key sk in the item",
            "The provided key element does not match the schema",
        ),
        (
            {**KEY, "sk": {"S": "1"}},
            f"{INVALID}Type mismatch for key sk expected: N actual: S",
            "The provided key element does not match the schema",
        ),
        (
            {**KEY, "g": {"N": "1"}},
            f"{INVALID}Type mismatch for Index Key g Expected: S Actual: N IndexName: gsi",
            "The provided key element does not match the schema",
        ),
    ],
)
def test_keys_that_do_not_suit_the_table(table, item, put, others):
    found = {kind: message(write.locate, table) for kind, write in writes(item, item).items()}
    assert found == {"Put": put, "Update": others, "Delete": others, "Check": others}


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [
        ("Put", None, NEW),
        ("Put", OLD, NEW),
        ("Update", None, CREATED),
        ("Update", OLD, ADDED),
        ("Delete", None, None),
        ("Delete", OLD, None),
        ("Check", None, None),
        ("Check", OLD, OLD),
    ],
)
@pytest.mark.parametrize("condition", [None, guard(holds=True)], ids=["no condition", "a condition"])
def test_changes(db, table, kind, before, after, condition):
    if before is not None:
        db("PutItem", TableName=table.name, Item=before)
    change = prepared(db, table, writes(NEW, KEY, condition)[kind])
    assert [row and decode_row(row) for row in (change.old_row, change.new_row)] == [before, after]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("options", "code", "extra"),
    [
        ({}, "ConditionalCheckFailedException", {}),
        ({"return_item": True}, "ConditionalCheckFailedException", {"Item": OLD}),
        ({"duplicate": True}, "DuplicateItemException", {}),
    ],
)
def test_failed_conditions(db, table, kind, options, code, extra):
    db("PutItem", TableName=table.name, Item=OLD)
    with pytest.raises(ApiError) as caught:
        prepared(db, table, writes(NEW, KEY, guard(holds=False, **options))[kind])
    assert (caught.value.code, caught.value.extra) == (code, extra)


@pytest.mark.parametrize("kind", KINDS)
def test_conditions_must_not_go_into_key_attributes(table, kind):
    write = writes(NEW, KEY, guard(holds=True, paths=(("g", "inner"), ("sk", 0))))[kind]
    write.locate(table)
    expected = "Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: sk"
    assert message(write.check_condition) == message(write.check) == expected


def test_an_update_is_checked_before_its_condition(table):
    write = update(KEY, "ADD sk :three", guard(holds=True, paths=(("pk", "inner"),)))
    write.locate(table)
    assert message(write.check) == (f"{INVALID}Cannot update attribute sk. This attribute is part of the key")


@pytest.mark.parametrize("old", [None, OLD])
def test_a_check_costs_a_write_and_changes_nothing(db, table, old):
    if old is not None:
        db("PutItem", TableName=table.name, Item=old)
    check = Check(KEY, guard(holds=True))
    check.locate(table)
    with db.emulator.database.write() as txn:
        before = txn.get(check.key)
        consumed = store(txn, table, check.prepare(txn), times=2)
        assert txn.get(check.key) == before
    assert (consumed.table, consumed.global_indexes) == (2, {})


@pytest.mark.parametrize(
    ("kind", "mode", "expected"),
    [
        ("Put", "ALL_OLD", OLD),
        ("Put", "NONE", None),
        ("Put", None, None),
        ("Delete", "ALL_OLD", OLD),
        ("Delete", "ALL_NEW", None),
        ("Update", "NONE", None),
        ("Update", "ALL_OLD", OLD),
        ("Update", "ALL_NEW", ADDED),
        ("Update", "UPDATED_OLD", {"n": {"N": "1"}}),
        ("Update", "UPDATED_NEW", {"n": {"N": "4"}}),
    ],
)
def test_returned_attributes(db, table, kind, mode, expected):
    db("PutItem", TableName=table.name, Item=OLD)
    write = writes(NEW, KEY)[kind]
    attributes = write.returned(mode, prepared(db, table, write))
    assert (attributes and decode_row(b"\1\0\0\0" + attributes)) == expected


def test_nothing_is_returned_of_attributes_that_were_not_there(db, table):
    write = writes(NEW, KEY)["Update"]
    assert write.returned("UPDATED_OLD", prepared(db, table, write)) is None


def test_writes_that_take_no_room_are_urgent():
    assert {kind: write.urgent for kind, write in writes(NEW, KEY).items()} == {
        "Put": False,
        "Update": False,
        "Delete": True,
        "Check": True,
    }


@pytest.mark.parametrize(("size", "refused"), [(ITEM_SIZE, False), (ITEM_SIZE + 1, True)])
def test_the_size_of_an_item_to_put(size, refused):
    put = Put(NEW, None, size)
    if refused:
        assert message(put.check_size) == "Item size has exceeded the maximum allowed size"
    else:
        put.check_size()


@pytest.mark.parametrize(("keys", "repeats"), [([], False), ([b"a", b"b"], False), ([b"a", b"b", b"a"], True)])
def test_repeated_keys(keys, repeats):
    assert has_repeats(iter(keys)) == repeats
