"""Lagging reads: which reads of tables and indexes show an earlier state, and of which time."""

import itertools
import json

import pytest

from emulator.controls import registry
from emulator.controls.body import BadDeclaration
from emulator.database.store import keyspace
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.tables import index_request, table_request

LAG = 5


def lag(db, seconds=LAG, **members):
    return registry.call(db.emulator, "consistency", {"Lag": seconds, **members})


@pytest.fixture
def table(db):
    request = table_request(
        "pk:S sk:S",
        define="g:S l:S",
        GlobalSecondaryIndexes=[index_request("global", "g sk", "INCLUDE", ["n"])],
        LocalSecondaryIndexes=[index_request("local", "pk l", "KEYS_ONLY")],
    )
    db("CreateTable", {**request, "TableName": "ttt"})
    return "ttt"


def key(sort="1"):
    return {"pk": {"S": "a"}, "sk": {"S": sort}}


def put(db, sort="1", n="1", g="x", table="ttt"):
    db("PutItem", TableName=table, Item={**key(sort), "n": {"N": n}, "g": {"S": g}, "l": {"S": n}})


def got(answer):
    """Return the numbers `n` in a page of items, or the number in an answer of GetItem, or None."""
    if "Items" in answer:
        return [item["n"]["N"] for item in answer["Items"]]
    item = answer.get("Item")
    return None if item is None else item["n"]["N"]


def get(db, sort="1", **more):
    return got(db("GetItem", TableName="ttt", Key=key(sort), **more))


QUERY = {"KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
GLOBAL = {"IndexName": "global", "KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "x"}}}
STATEMENT = "SELECT * FROM ttt WHERE pk = 'a' AND sk = '1'"
READS = {
    "GetItem": lambda db, **more: [each for each in [get(db, **more)] if each],
    "BatchGetItem": lambda db, **more: [
        item["n"]["N"]
        for item in db("BatchGetItem", RequestItems={"ttt": {"Keys": [key()], **more}})["Responses"]["ttt"]
    ],
    "Query": lambda db, **more: got(db("Query", TableName="ttt", **QUERY, **more)),
    "Scan": lambda db, **more: got(db("Scan", TableName="ttt", **more)),
    "local index": lambda db, **more: got(
        db("Query", TableName="ttt", IndexName="local", Select="ALL_ATTRIBUTES", **QUERY, **more)
    ),
    "statement": lambda db, **more: got(db("ExecuteStatement", Statement=STATEMENT, **more)),
    "statement of pages": lambda db, **more: got(
        db("ExecuteStatement", Statement="SELECT * FROM ttt WHERE pk = 'a'", **more)
    ),
    "merged statement": lambda db, **more: got(
        db("ExecuteStatement", Statement="SELECT * FROM ttt WHERE pk IN ['a', 'b'] ORDER BY sk", **more)
    ),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_eventually_consistent_read_shows_the_past(db, table, read):
    put(db, n="1")
    lag(db)
    db.clock.advance(1)
    put(db, n="2")
    db.clock.advance(LAG - 0.001)
    assert (read(db), read(db, ConsistentRead=True)) == (["1"], ["2"])
    db.clock.advance(0.002)
    assert read(db) == ["2"]


def test_all_reads_of_a_global_index_lag(db, table):
    lag(db)
    put(db, n="1")
    assert got(db("Query", TableName="ttt", **GLOBAL)) == []
    assert got(db("Scan", TableName="ttt", IndexName="global")) == []
    db.clock.advance(LAG)
    assert got(db("Query", TableName="ttt", **GLOBAL)) == ["1"]
    put(db, n="1", g="y")  # the item leaves the partition x of the index
    assert got(db("Query", TableName="ttt", **GLOBAL)) == ["1"]
    db.clock.advance(LAG)
    assert got(db("Query", TableName="ttt", **GLOBAL)) == []


def test_deletions_lag(db, table):
    put(db)
    lag(db)
    db("DeleteItem", TableName="ttt", Key=key())
    assert (get(db), get(db, ConsistentRead=True)) == ("1", None)
    assert got(db("Query", TableName="ttt", **GLOBAL)) == ["1"]
    db.clock.advance(LAG)
    assert get(db) is None


def test_many_changes_of_one_item(db, table):
    lag(db)
    for number in range(20):
        put(db, n=str(number))
        db.clock.advance(1)
        assert get(db) == (str(number + 1 - LAG) if number + 1 >= LAG else None)


def test_several_changes_at_one_time(db, table):
    lag(db)
    for number in range(3):
        put(db, n=str(number))
    assert get(db) is None
    db.clock.advance(LAG)
    assert get(db) == "2"


def test_transactions_and_conditions_see_the_newest(db, table):
    put(db, n="1")
    lag(db)
    put(db, n="2")
    answer = db("TransactGetItems", TransactItems=[{"Get": {"TableName": "ttt", "Key": key()}}])
    assert answer["Responses"][0]["Item"]["n"] == {"N": "2"}
    db(
        "UpdateItem",
        TableName="ttt",
        Key=key(),
        UpdateExpression="SET n = n + :o",
        ConditionExpression="n = :t",
        ExpressionAttributeValues={":o": {"N": "1"}, ":t": {"N": "2"}},
    )
    assert (get(db), get(db, ConsistentRead=True)) == ("1", "3")


def test_a_transaction_is_seen_as_a_whole(db, table):
    lag(db, Clock="Real")
    puts = [{"Put": {"TableName": "ttt", "Item": {**key(str(n)), "n": {"N": "1"}}}} for n in range(5)]
    db("TransactWriteItems", TransactItems=puts)
    log = db.emulator.database.table(db.caller, "ttt").definition.lag_log
    with db.emulator.database.read() as txn:
        times = {k[6:14] for k, _ in txn.scan(keyspace.lag_times(log), keyspace.lag_times(log) + b"\xff")}
    assert len(times) == 1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_of_the_past(db, table, reverse, limit):
    """Each page has the items of the earlier state, and begins after a key of that state."""
    for number in range(0, 10, 2):
        put(db, f"{number:02}", n=str(number))
    lag(db)
    for number in range(10):  # inserts, changes and deletions, which no page shows yet
        if number % 3:
            put(db, f"{number:02}", n="99")
        else:
            db("DeleteItem", TableName="ttt", Key=key(f"{number:02}"))
    found, start = [], {}
    while start is not None:
        answer = db("Query", TableName="ttt", **QUERY, ScanIndexForward=not reverse, Limit=limit, **start)
        found += got(answer)
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]} if "LastEvaluatedKey" in answer else None
    assert found == ["0", "2", "4", "6", "8"][:: -1 if reverse else 1]


def test_the_cost_is_that_of_what_is_read(db, table):
    lag(db)
    db("PutItem", TableName="ttt", Item={**key(), "x": {"S": "x" * 9000}})
    answer = db("GetItem", TableName="ttt", Key=key(), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 0.5
    db.clock.advance(LAG)
    answer = db("GetItem", TableName="ttt", Key=key(), ReturnConsumedCapacity="TOTAL")
    assert answer["ConsumedCapacity"]["CapacityUnits"] == 1.5


# --- which tables ---------------------------------------------------------------------------------


def lags(db):
    return registry.call(db.emulator, "show_consistency", {})["Lags"]


def test_one_table_or_all(db, table):
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "other"})
    assert lag(db, TableName="ttt") == {"Tables": 1}
    put(db)
    put(db, table="other")
    assert get(db) is None
    assert got(db("GetItem", TableName="other", Key=key())) == "1"
    assert lag(db, 7) == {"Tables": 2}
    assert lags(db) == [{"Lag": 7.0, "Monotonic": True, "Clock": "Emulator", "Seed": 0}]
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "later"})
    put(db, table="later")
    assert got(db("GetItem", TableName="later", Key=key())) is None


def test_a_table_that_is_created_later(db):
    assert lag(db, TableName="later") == {"Tables": 0}
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "later"})
    put(db, table="later")
    assert got(db("GetItem", TableName="later", Key=key())) is None


def test_one_table_without_lag_among_all(db, table):
    lag(db)
    assert lag(db, 0, TableName="ttt") == {"Tables": 0}
    put(db)
    assert get(db) == "1"


def test_the_end_of_a_lag(db, table):
    before = dump(db.emulator.database)
    lag(db)
    put(db)
    assert get(db) is None
    assert lag(db, 0) == {"Tables": 0}
    assert (get(db), lags(db)) == ("1", [])
    db.emulator.database.background.run_all()
    db("DeleteItem", TableName="ttt", Key=key())
    check_store(db.emulator.database)
    first = {each[0][:1] for each in before}
    assert {each[0][:1] for each in dump(db.emulator.database)} - first <= {b"\x05"}
    assert db.emulator.database.table(db.caller, "ttt").enforcement is None


def test_a_reset_ends_lags(db, table):
    lag(db)
    put(db)
    registry.call(db.emulator, "reset", {})
    assert lags(db) == []
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_a_table_keeps_its_lag_when_it_is_emptied(db, table):
    lag(db)
    put(db)
    registry.call(db.emulator, "reset", {"TableName": "ttt"})
    assert get(db, ConsistentRead=True) is None
    put(db, n="2")
    assert (get(db), get(db, ConsistentRead=True)) == (None, "2")
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_a_deleted_table_leaves_nothing(db, table):
    lag(db)
    put(db)
    db("DeleteTable", TableName="ttt")
    db.emulator.database.catalog.settle_all()
    db.emulator.database.background.run_all()
    check_store(db.emulator.database)


def test_a_restored_snapshot(db, table):
    put(db, n="1")
    lag(db)
    registry.call(db.emulator, "snapshots/save", {"Name": "s"})
    put(db, n="2")
    registry.call(db.emulator, "snapshots/restore", {"Name": "s"})
    db.emulator.database.background.run_all()
    assert get(db, ConsistentRead=True) == "1"
    check_store(db.emulator.database)


# --- times ----------------------------------------------------------------------------------------


def test_reads_do_not_go_back_when_the_lag_grows(db, table):
    lag(db, 1)
    put(db, n="1")
    db.clock.advance(2)
    assert get(db) == "1"
    lag(db, 60)
    assert get(db) == "1"


def test_reads_that_are_not_monotonic_go_back_and_forth(db, table):
    put(db, n="0")
    lag(db, 10, Monotonic=False, Seed=3)
    for number in range(1, 10):
        db.clock.advance(1)
        put(db, n=str(number))
    found = [int(get(db)) for _ in range(60)]
    assert set(found) <= set(range(10))
    assert len(set(found)) > 5
    assert any(later < earlier for earlier, later in itertools.pairwise(found))


def test_real_time(db, table, monkeypatch):
    now = [1_000_000.0]
    monkeypatch.setattr(type(db.clock), "machine_now", lambda _clock: now[0])
    lag(db, Clock="Real")
    put(db)
    db.clock.advance(1000)
    assert get(db) is None
    now[0] += LAG
    assert get(db) == "1"


def test_a_clock_that_is_set_back(db, table):
    lag(db)
    put(db, n="1")
    db.clock.freeze(db.clock.now() - 1000)
    put(db, n="2")
    assert get(db) is None
    db.clock.advance(1000 + LAG + 0.001)
    assert get(db) == "2"


def test_the_log_stays_small(db, table):
    lag(db)
    for number in range(500):
        put(db, n=str(number))
        db.clock.advance(0.1)
    log = db.emulator.database.table(db.caller, "ttt").definition.lag_log
    with db.emulator.database.read() as txn:
        images = list(txn.scan(keyspace.lag_originals(log), keyspace.lag_originals(log) + b"\xff"))
        times = list(txn.scan(keyspace.lag_times(log), keyspace.lag_times(log) + b"\xff"))
    assert len(images) == len(times)
    assert len(times) <= 62 * 4  # ten writes a second for six seconds; a write changes an item and three entries


def test_a_restart_ends_lags(tmp_path):
    from emulator.settings import Settings

    db = InProcess(Settings(data_dir=tmp_path / "data"))
    db("CreateTable", {**table_request("pk:S sk:S"), "TableName": "ttt"})
    lag(db)
    put(db)
    db.emulator.close()
    again = InProcess(Settings(data_dir=tmp_path / "data"))
    assert json.loads(json.dumps(lags(again))) == []
    assert get(again) == "1"
    again.emulator.database.background.run_all()
    check_store(again.emulator.database)
    again.emulator.close()


def test_wrong_bodies_change_nothing(db, table):
    with pytest.raises(BadDeclaration):
        lag(db, -1)
    assert lags(db) == []
    assert db.emulator.database.table(db.caller, "ttt").definition.lag_log is None
