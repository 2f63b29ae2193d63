"""The database works on an engine that has only what the contract (storage/engine.py) requires: no
group commit, no upkeep.
"""

import asyncio
from copy import copy

import pytest

from emulator.app import Emulator
from emulator.http.announcement import greeting
from emulator.http.upkeep import Upkeep
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from tests.support.in_process import InProcess
from tests.support.invariants import check_store, dump
from tests.support.plain_engine import PlainEngine
from tests.support.tables import index_request, table_request


@pytest.fixture
def plain(monkeypatch):
    """Yield an emulator on a PlainEngine."""
    monkeypatch.setattr("emulator.app.open_engine", PlainEngine)
    inside = InProcess(Settings(in_memory=True))
    assert type(inside.emulator.database.engine) is PlainEngine
    yield inside
    inside.emulator.close()


def fill(plain):
    request = table_request(
        "pk:S sk:N",
        define="g:S",
        TableName="tab",
        GlobalSecondaryIndexes=[index_request("by_g", "g")],
        LocalSecondaryIndexes=[index_request("local", "pk g")],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    plain("CreateTable", request)
    for number in range(20):
        item = {"pk": {"S": "a"}, "sk": {"N": str(number)}, "g": {"S": str(number % 3)}}
        plain("PutItem", TableName="tab", Item=item)


def test_items_indexes_and_streams(plain):
    fill(plain)
    query = {"TableName": "tab", "KeyConditionExpression": "pk = :p", "ExpressionAttributeValues": {":p": {"S": "a"}}}
    page = plain("Query", **query, Limit=7, ScanIndexForward=False)
    assert [item["sk"]["N"] for item in page["Items"]] == [str(number) for number in range(19, 12, -1)]
    by_g = {"KeyConditionExpression": "g = :g", "ExpressionAttributeValues": {":g": {"S": "1"}}}
    assert plain("Query", TableName="tab", IndexName="by_g", Select="COUNT", **by_g)["Count"] == 7
    check_store(plain.emulator.database)


def test_a_transaction_that_fails_changes_nothing(plain):
    fill(plain)
    before = dump(plain.emulator.database)
    put = {"Put": {"TableName": "tab", "Item": {"pk": {"S": "b"}, "sk": {"N": "1"}}}}
    refused = {"pk": {"S": "a"}, "sk": {"N": "1"}}
    check = {"ConditionCheck": {"TableName": "tab", "Key": refused, "ConditionExpression": "attribute_not_exists(pk)"}}
    code, _ = plain.error("TransactWriteItems", TransactItems=[put, check])
    assert code == "TransactionCanceledException"
    assert dump(plain.emulator.database) == before


def test_background_work_ends(plain):
    fill(plain)
    plain("DeleteTable", TableName="tab")
    while plain.emulator.tick():
        pass
    check_store(plain.emulator.database)
    assert plain("ListTables")["TableNames"] == []


def test_the_host_finds_nothing_to_do(plain):
    fill(plain)
    database = plain.emulator.database
    before = dump(database)
    loop = asyncio.new_event_loop()
    upkeep = Upkeep(plain.emulator, loop)
    upkeep.poll()
    loop.close()
    database.sync()
    database.commit()
    assert not database.pending
    assert dump(database) == before
    with database.read_committed() as txn:
        assert list(txn.scan(b"", b"\xff" * 64)) == before


def test_the_start_says_what_the_engine_says(plain):
    text = greeting(plain.emulator.settings, 8000, plain.emulator.database.engine.description)
    assert "  storage  in a dict, for tests\n" in text


def test_processes_notice_changes_of_one_another(monkeypatch):
    engine = PlainEngine()
    monkeypatch.setattr("emulator.app.open_engine", lambda *_, **__: engine)
    sharing = SharedMemory(2)
    other = copy(sharing)
    other.worker_index = 1
    first, second = (Emulator(Settings(in_memory=True), sharing=each) for each in (sharing, other))
    caller = first.caller("test", "us-east-1")
    first.call("CreateTable", table_request(TableName="tab"), caller)
    assert b'"tab"' in second.call("ListTables", {}, second.caller("test", "us-east-1"))
