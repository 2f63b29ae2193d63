"""ClientRequestTokens: a repeated request runs only once within ten minutes, also across failures
and restarts (behaviour 8.3).
"""

import uuid

import pytest

from emulator.database.store import keyspace
from emulator.database.tokens import fingerprint
from emulator.errors import ApiError
from emulator.settings import Settings
from storage.keycode import prefix_end
from tests.support.in_process import InProcess
from tests.support.tables import table_request

MISMATCH = (
    "IdempotentParameterMismatchException",
    "The request uses the same client token as a previous, but non-identical request.",
)
MINUTES = 600


@pytest.fixture
def table(db):
    return create(db)


def create(db):
    request = table_request("id:S")
    db("CreateTable", request)
    return request["TableName"]


def increment(table, token, by="1", **extra):
    """Return a request that adds to a counter, which then shows how often the request has run."""
    update = {
        "TableName": table,
        "Key": {"id": {"S": "counter"}},
        "UpdateExpression": "ADD n :by",
        "ExpressionAttributeValues": {":by": {"N": by}},
    }
    return {"TransactItems": [{"Update": update}], "ClientRequestToken": token, **extra}


def run(db, *arguments, **extra):
    return db("TransactWriteItems", increment(*arguments, **extra))


def count(db, table):
    answer = db("GetItem", TableName=table, Key={"id": {"S": "counter"}})
    return int(answer["Item"]["n"]["N"]) if "Item" in answer else 0


def records(db):
    """Return two lists of storage keys: of remembered tokens, and of their entries by
    time of expiry.
    """
    with db.emulator.database.read() as txn:
        return [[key for key, _ in txn.scan(prefix, prefix_end(prefix))] for prefix in (b"\x07", b"\x08")]


def check_records(db, expected):
    """Assert that `expected` tokens are remembered, each with its entry by time of expiry."""
    tokens, entries = records(db)
    assert len(tokens) == expected
    assert sorted(map(keyspace.token_of_expiry, entries)) == tokens


# --- done once ------------------------------------------------------------------------------------


def test_done_once(db, table):
    assert run(db, table, "a") == {}
    assert run(db, table, "a") == {}
    assert count(db, table) == 1
    run(db, table, "b")
    assert count(db, table) == 2
    check_records(db, 2)


def test_done_each_time_without_a_token(db, table):
    request = {"TransactItems": increment(table, "")["TransactItems"]}
    for _ in range(3):
        db("TransactWriteItems", request)
    assert count(db, table) == 3
    check_records(db, 0)


@pytest.mark.parametrize("seconds", [0, 1, MINUTES / 2, MINUTES - 0.01])
def test_remembered_for_ten_minutes(db, table, seconds):
    run(db, table, "a")
    db.clock.advance(seconds)
    run(db, table, "a")
    assert count(db, table) == 1
    assert db.error("TransactWriteItems", increment(table, "a", "2")) == MISMATCH


@pytest.mark.parametrize("seconds", [MINUTES, MINUTES + 0.01, 10**6])
def test_forgotten_after_ten_minutes(db, table, seconds):
    run(db, table, "a")
    db.clock.advance(seconds)
    run(db, table, "a", "10")
    assert count(db, table) == 11
    db.clock.advance(MINUTES - 0.01)
    run(db, table, "a", "10")
    assert count(db, table) == 11
    check_records(db, 1)


def test_a_replay_does_not_prolong(db, table):
    run(db, table, "a")
    db.clock.advance(MINUTES - 1)
    run(db, table, "a")
    db.clock.advance(1)
    run(db, table, "a")
    assert count(db, table) == 2


def test_a_replay_answers_though_it_could_not_happen_again(db, table):
    put = {"TableName": table, "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)"}
    request = {"TransactItems": [{"Put": put}], "ClientRequestToken": "a"}
    assert db("TransactWriteItems", request) == {}
    assert db("TransactWriteItems", request) == {}
    code, _ = db.error("TransactWriteItems", request | {"ClientRequestToken": "b"})
    assert code == "TransactionCanceledException"


def test_a_replay_leaves_later_changes_alone(db, table):
    run(db, table, "a")
    db("DeleteItem", TableName=table, Key={"id": {"S": "counter"}})
    run(db, table, "a")
    assert count(db, table) == 0


# --- which requests are the same ------------------------------------------------------------------


def changed(table):
    """Yield requests that differ from increment(table, "a") but have the same token."""
    request = increment(table, "a")
    (action,) = request["TransactItems"]
    other_key = {"id": {"S": "other"}}
    yield increment(table, "a", "2")
    yield {**request, "TransactItems": [{"Update": action["Update"] | {"Key": other_key}}]}
    yield {**request, "TransactItems": [{"Delete": {"TableName": table, "Key": {"id": {"S": "counter"}}}}]}
    yield {**request, "TransactItems": [action, {"Delete": {"TableName": table, "Key": other_key}}]}
    yield {
        **request,
        "TransactItems": [{"Update": action["Update"] | {"ConditionExpression": "attribute_exists(id)"}}],
    }


def test_another_request_with_the_same_token(db, table):
    run(db, table, "a")
    others = list(changed(table))
    for other in others:
        assert db.error("TransactWriteItems", other) == MISMATCH
    assert count(db, table) == 1
    run(db, table, "a")
    assert count(db, table) == 1


def test_order_of_actions_counts(db, table):
    puts = [{"Put": {"TableName": table, "Item": {"id": {"S": sort}}}} for sort in "ab"]
    db("TransactWriteItems", TransactItems=puts, ClientRequestToken="a")
    assert db.error("TransactWriteItems", TransactItems=puts[::-1], ClientRequestToken="a") == MISMATCH


@pytest.mark.parametrize(("first", "second"), [("NONE", "TOTAL"), ("INDEXES", None), (None, "INDEXES")])
def test_return_consumed_capacity_does_not_make_another_request(db, table, first, second):
    for mode in (first, second):
        run(db, table, "a", **({"ReturnConsumedCapacity": mode} if mode else {}))
    assert count(db, table) == 1


def test_order_of_members_makes_no_other_request(db, table):
    def reversed_members(value):
        if isinstance(value, dict):
            return {name: reversed_members(value[name]) for name in reversed(value)}
        return [reversed_members(each) for each in value] if isinstance(value, list) else value

    run(db, table, "a")
    db("TransactWriteItems", reversed_members(increment(table, "a")))
    assert count(db, table) == 1


def test_fingerprints():
    one = {"TransactItems": [{"Put": {"TableName": "t", "Item": {"a": {"S": "x"}, "b": {"S": "y"}}}}]}
    same = {"TransactItems": [{"Put": {"Item": {"b": {"S": "y"}, "a": {"S": "x"}}, "TableName": "t"}}]}
    other = {"TransactItems": [{"Put": {"TableName": "t", "Item": {"a": {"S": "y"}, "b": {"S": "x"}}}}]}
    assert fingerprint(one) == fingerprint(same) == fingerprint(one | {"ReturnConsumedCapacity": "TOTAL"})
    assert fingerprint(one) != fingerprint(other)
    assert len(fingerprint(one)) == 32


# --- what is not remembered -----------------------------------------------------------------------


def failing(table):
    """Return the actions of requests that fail before, while or after the table is read."""
    check = {"TableName": table, "Key": {"id": {"S": "no"}}, "ConditionExpression": "attribute_exists(id)"}
    delete = {"TableName": table, "Key": {"id": {"S": "no"}}}
    return [
        [{"ConditionCheck": check}],
        [{"ConditionCheck": check | {"ConditionExpression": "id ="}}],
        [{"Delete": delete | {"TableName": "missing"}}],
        [{"Delete": delete | {"Key": {"id": {"N": "1"}}}}],
        [{"Delete": delete}, {"Delete": delete}],
    ]


def test_failures_are_not_remembered(db, table):
    for actions in failing(table):
        with pytest.raises(ApiError):
            db("TransactWriteItems", TransactItems=actions, ClientRequestToken="a")
        check_records(db, 0)
    run(db, table, "a")
    assert count(db, table) == 1


def test_a_cancelled_request_may_succeed_later(db, table):
    update = increment(table, "a")["TransactItems"][0]["Update"] | {"ConditionExpression": "attribute_exists(id)"}
    request = {"TransactItems": [{"Update": update}], "ClientRequestToken": "a"}
    code, _ = db.error("TransactWriteItems", request)
    assert code == "TransactionCanceledException"
    db("PutItem", TableName=table, Item={"id": {"S": "counter"}})
    for _ in range(2):
        db("TransactWriteItems", request)
    assert count(db, table) == 1


# --- whose token it is ----------------------------------------------------------------------------


def test_tokens_belong_to_an_account_and_region(db, table):
    run(db, table, "a")
    first = db.caller
    for access_key, region in (("other", "us-east-1"), ("test", "eu-west-1"), ("tes", "tus-east-1")):
        db.caller = db.emulator.caller(access_key, region)
        own = create(db)
        run(db, own, "a", "5")
        assert count(db, own) == 5
    db.caller = first
    run(db, table, "a")
    assert count(db, table) == 1
    check_records(db, 4)


def test_tokens_that_begin_alike(db, table):
    tokens = ["a", "a\0", "aa", "a" * 36, "\U0001f600" * 9, "é"]
    for token in tokens * 2:
        run(db, table, token)
    assert count(db, table) == len(tokens)
    check_records(db, len(tokens))


# --- a restart ------------------------------------------------------------------------------------


def test_tokens_survive_reopening_the_folder(tmp_path):
    """Tokens also expire while the emulator is closed."""
    opened = InProcess(Settings(data_dir=tmp_path))
    table = create(opened)
    run(opened, table, "a")
    for elapsed, expected in ((MINUTES - 1, 1), (MINUTES, 2)):
        opened.emulator.close()
        opened = InProcess(Settings(data_dir=tmp_path))
        opened.clock.advance(elapsed)
        if expected == 1:
            assert opened.error("TransactWriteItems", increment(table, "a", "2")) == MISMATCH
        run(opened, table, "a")
        assert count(opened, table) == expected
    opened.emulator.close()


# --- sweeping -------------------------------------------------------------------------------------


def test_expired_tokens_are_swept(db, table):
    """Each new token deletes a few expired tokens, the oldest first. Valid tokens stay."""
    for _ in range(10):
        run(db, table, str(uuid.uuid4()))
    db.clock.advance(MINUTES / 2)
    run(db, table, "good")
    check_records(db, 11)
    db.clock.advance(MINUTES / 2 + 1)
    sizes = []
    for _ in range(5):
        run(db, table, str(uuid.uuid4()))
        sizes.append(len(records(db)[0]))
    assert sizes == [8, 5, 4, 5, 6]
    check_records(db, 6)
    before = count(db, table)
    run(db, table, "good")
    assert count(db, table) == before


def test_a_steady_load_keeps_a_steady_number(db, table):
    """With a new token every ten seconds, the store has only the valid tokens and at most one
    expired token.
    """
    for _ in range(100):
        run(db, table, str(uuid.uuid4()))
        db.clock.advance(10)
        assert len(records(db)[0]) <= MINUTES / 10 + 1
    check_records(db, MINUTES // 10 + 1)


def test_a_token_used_anew_is_not_swept_by_its_old_entry(db, table):
    """If an expired token is used again, its entry by time of expiry moves too, also while many
    other expired tokens wait for the sweep.
    """
    for number in range(20):
        run(db, table, str(number))
    db.clock.advance(MINUTES + 1)
    run(db, table, "19")
    for number in range(100, 120):
        run(db, table, str(number))
    before = count(db, table)
    run(db, table, "19")
    assert count(db, table) == before
    check_records(db, 21)
