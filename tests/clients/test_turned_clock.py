"""Moving the emulator's clock over HTTP, and everything that depends on the clock.

TTL, statuses, tokens, throughput and declarations follow the clock. Only this module uses these
servers, because a moved clock affects every test on a server.
"""

import time
from datetime import datetime
from itertools import pairwise

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.engines import ENGINES
from tests.support.http_clients import boto_options, declaring
from tests.support.servers import SERVERS, running
from tests.support.tables import index_request, new_name, table_request

HOUR = 3600
FIRST_OF_2030 = 1_893_456_000
IN_2030 = "2030-01-01T00:00:00.000Z"


@pytest.fixture(scope="module", params=[*ENGINES, "workers"])
def endpoint(request, tmp_path_factory):
    """Yield the URL of a server that sweeps every 1e9 seconds of its clock.

    Its transient statuses last three seconds of its clock.
    """
    options = ("--delay-transient-statuses", "--ttl-sweep-interval", "1e9")
    folder = tmp_path_factory.mktemp("clock") / "data"
    with running(*SERVERS[request.param].arguments(folder), *options) as server:
        yield server.url


@pytest.fixture(scope="module")
def client(endpoint):
    return boto3.client("dynamodb", **boto_options(endpoint))


@pytest.fixture
def declare(endpoint):
    return declaring(endpoint)


@pytest.fixture
def ask(declare):
    """A function that calls a control: ask("clock", {...}) sends a POST, ask("clock") a GET.

    After the test, the clock follows the machine's clock again.
    """

    def call(name, body=None):
        status, answer = declare(name, b"" if body is None else body, "GET" if body is None else "POST")
        assert status == 200, answer
        return answer

    yield call
    call("clock", {"Release": True})


@pytest.fixture
def table(client, ask):
    """An ACTIVE table with time to live."""
    name = created(client, ask)
    client.update_time_to_live(TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
    return name


def created(client, ask, **extra):
    request = table_request("pk:S", **extra)
    client.create_table(**request)
    ask("clock", {"Advance": 3})
    assert status(client, request["TableName"]) == "ACTIVE"
    return request["TableName"]


def status(client, table):
    return client.describe_table(TableName=table)["Table"]["TableStatus"]


def put(client, table, pk, expires):
    client.put_item(TableName=table, Item={"pk": {"S": pk}, "expires": {"N": str(expires)}})


def names(client, table):
    return sorted(item["pk"]["S"] for item in client.scan(TableName=table)["Items"])


# --- the call -------------------------------------------------------------------------------------


def test_the_clock_is_the_machines_at_first(ask):
    before = time.time()
    reported = ask("clock")
    assert before <= reported["Now"] <= time.time()
    assert abs(datetime.fromisoformat(reported["Time"]).timestamp() - reported["Now"]) < 0.001
    assert (reported["Offset"], reported["Frozen"]) == (0.0, False)
    assert reported.keys() == {"Now", "Time", "Offset", "Frozen"}


STANDING = {
    "seconds": FIRST_OF_2030,
    "a fraction": FIRST_OF_2030 + 0.0,
    "a text": IN_2030,
    "without milliseconds": "2030-01-01T00:00:00Z",
    "of another zone": "2030-01-01T01:00:00+01:00",
    "without a zone": "2030-01-01T00:00:00",
    "a date": "2030-01-01",
}


@pytest.mark.parametrize("case", STANDING)
def test_freezing_at_a_time(ask, case):
    reported = ask("clock", {"Freeze": STANDING[case]})
    assert (reported["Now"], reported["Time"], reported["Frozen"]) == (FIRST_OF_2030, IN_2030, True)
    assert abs(reported["Offset"] - (FIRST_OF_2030 - time.time())) < 60
    assert ask("clock")["Now"] == FIRST_OF_2030
    reported = ask("clock", {"Advance": 1.5})
    assert (reported["Now"], reported["Time"]) == (FIRST_OF_2030 + 1.5, "2030-01-01T00:00:01.500Z")


def test_freezing_now(ask):
    reported = ask("clock", {"Freeze": True})
    assert (reported["Now"], reported["Frozen"]) == (ask("clock")["Now"], True)


def test_an_offset(ask):
    for seconds in (HOUR, -HOUR, 0):
        before = time.time()
        reported = ask("clock", {"Offset": seconds})
        assert before <= reported["Now"] - seconds <= time.time()
        assert (reported["Offset"], reported["Frozen"]) == (seconds, False)


def test_the_clock_moves_forward_and_back(ask):
    assert [ask("clock", {"Advance": HOUR})["Offset"] for _ in range(3)] == [HOUR, 2 * HOUR, 3 * HOUR]
    assert ask("clock", {"Release": True})["Offset"] == 0.0


def test_the_next_event(client, ask, table):
    """Each call opens a new connection, so with two workers either may answer."""
    now = ask("clock", {"Freeze": FIRST_OF_2030})["Now"]
    for number in range(4):
        put(client, table, f"{number}", FIRST_OF_2030 + 100 * number)
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    for number in range(4):
        answer = ask("clock", {"Next": True})
        now = FIRST_OF_2030 + 100 * number + 0.001
        assert (answer["Now"], answer["Frozen"]) == (pytest.approx(now, abs=1e-6), True)
        assert [(event["Kind"], event["Resource"]) for event in answer["Events"]] == [("TimeToLive", arn)]
        assert names(client, table) == [f"{each}" for each in range(number + 1, 4)]


def test_the_next_event_of_a_running_clock(client, ask, table):
    ask("clock", {"Offset": FIRST_OF_2030 - time.time()})
    put(client, table, "a", FIRST_OF_2030 + HOUR)
    answer = ask("clock", {"Next": True})
    assert answer["Frozen"] is False
    assert FIRST_OF_2030 + HOUR < answer["Now"] < FIRST_OF_2030 + HOUR + 60
    assert names(client, table) == []


def test_declarations_are_read_back(client, ask, table):
    """Each call opens a new connection, so with two workers either may answer."""
    ask("clock", {"Freeze": FIRST_OF_2030})
    body = {"TableName": table, "Key": {"pk": {"S": "a"}}, "Seconds": 10}
    ask("transactions", body)
    ask("throttling", {"TableName": table, "Enforced": True})
    for _ in range(4):
        assert {**body, "Until": FIRST_OF_2030 + 10} in ask("transactions")["Transactions"]
        throttling = ask("throttling")
        assert (throttling["Enforced"], throttling["Tables"][table]) == (False, True)
        assert ask("settings")["ttl-sweep-interval"] == 1e9
    assert "Transaction" in [event["Kind"] for event in ask("clock", {"Next": True})["Events"]]
    assert body["Key"] not in [each.get("Key") for each in ask("transactions")["Transactions"]]


ONE = "the body must have exactly one of the members Offset, Freeze, Advance, Release, Next"
SECONDS = "the member Offset must be a number of seconds"
FORWARD = "the member Advance must be a number of seconds, 0 or more; Offset and Freeze set the clock back"
MOMENT = 'the member Freeze must be true, seconds since the epoch, or a time like "2030-01-31T12:00:00Z"'
YEARS = "the member {} must lead to a time in the years 1971 to 9998"
BAD = {
    "nothing": (b"", ONE),
    "no member": ({}, ONE),
    "a list": ([], "the body must be a JSON object"),
    "two members": ({"Offset": 1, "Advance": 1}, ONE),
    "another member": ({"offset": 1}, ONE),
    "no JSON": (b"{", "the body is not JSON"),
    "not a number": (b'{"Offset": NaN}', "the body is not JSON"),
    "an offset that is text": ({"Offset": "1"}, SECONDS),
    "an offset that is true": ({"Offset": True}, SECONDS),
    "an offset that is null": ({"Offset": None}, SECONDS),
    "an endless offset": (b'{"Offset": 1e400}', (YEARS.format("Offset"), "the body is not JSON")),
    "a huge offset": ({"Offset": 10**30}, YEARS.format("Offset")),
    "to before the epoch": ({"Offset": -(10**10)}, YEARS.format("Offset")),
    "backward": ({"Advance": -1}, FORWARD),
    "forward by text": ({"Advance": "1h"}, FORWARD),
    "too far forward": ({"Advance": 1e12}, YEARS.format("Advance")),
    "not frozen": ({"Freeze": False}, MOMENT),
    "a time of day": ({"Freeze": "12:00"}, MOMENT),
    "no day": ({"Freeze": "2030-02-30"}, MOMENT),
    "frozen at the epoch": ({"Freeze": 0}, YEARS.format("Freeze")),
    "frozen in the year 1": ({"Freeze": "0001-01-01T00:00:00+14:00"}, YEARS.format("Freeze")),
    "frozen in the year 9999": ({"Freeze": "9999-12-31T23:59:59.999999-14:00"}, YEARS.format("Freeze")),
    "frozen at a huge number": ({"Freeze": 1e300}, YEARS.format("Freeze")),
    "not released": ({"Release": False}, "the member Release must be true"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_moves_leave_the_clock_alone(declare, ask, case):
    body, text = BAD[case]
    ask("clock", {"Offset": 100})
    code, answer = declare("clock", body)
    assert code == 400
    assert answer["message"] in (text if isinstance(text, tuple) else (text,))
    reported = ask("clock")
    assert (reported["Offset"], reported["Frozen"]) == (100, False)


@pytest.mark.parametrize("at", ["1971-01-01", "2000-02-29T12:00:00", "9998-12-30"])
def test_everything_works_at_any_time(client, ask, at):
    ask("clock", {"Freeze": at})
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    name = created(client, ask, StreamSpecification=stream)
    setting = {"Enabled": True, "AttributeName": "expires"}
    client.update_time_to_live(TableName=name, TimeToLiveSpecification=setting)
    now = ask("clock")["Now"]
    put(client, name, "item", int(now) - 1)
    write = {"Put": {"TableName": name, "Item": {"pk": {"S": "other"}}}}
    client.transact_write_items(TransactItems=[write], ClientRequestToken=new_name())
    # Sweep, unless a sweep that became due when the clock jumped has already deleted the item.
    ask("ttl", {"TableName": name})
    assert names(client, name) == ["other"]
    described = client.describe_table(TableName=name)["Table"]
    assert described["CreationDateTime"].timestamp() == pytest.approx(now, abs=5)
    client.delete_table(TableName=name)
    ask("clock", {"Advance": 3})


# --- TTL ------------------------------------------------------------------------------------------


def test_items_expire_when_a_test_says_so(client, ask, table):
    now = int(ask("clock", {"Freeze": True})["Now"])
    put(client, table, "soon", now + 60)
    put(client, table, "later", now + HOUR)
    arn = client.describe_table(TableName=table)["Table"]["TableArn"]
    assert ask("ttl", {"TableName": table}) == {"Deleted": 0, "Tables": {}}
    ask("clock", {"Advance": 61})
    assert names(client, table) == ["later", "soon"]
    assert ask("ttl", {"TableName": table}) == {"Deleted": 1, "Tables": {arn: 1}}
    assert names(client, table) == ["later"]
    ask("clock", {"Advance": HOUR})
    assert ask("ttl", {"TableName": arn})["Deleted"] == 1


def test_all_tables_at_once(client, ask, table):
    other = created(client, ask)
    setting = {"Enabled": True, "AttributeName": "expires"}
    client.update_time_to_live(TableName=other, TimeToLiveSpecification=setting)
    ask("ttl", {})
    now = int(ask("clock")["Now"])
    for number in range(3):
        put(client, table, str(number), now - 10)
        put(client, other, str(number), now - 10 + HOUR * number)
    arns = [client.describe_table(TableName=name)["Table"]["TableArn"] for name in (table, other)]
    assert ask("ttl", {}) == {"Deleted": 4, "Tables": dict(zip(arns, (3, 1), strict=True))}


def test_an_empty_body_sweeps_all(declare, client, ask, table):
    put(client, table, "item", int(ask("clock")["Now"]) - 10)
    status, answer = declare("ttl", b"")
    assert (status, answer["Deleted"]) == (200, 1)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"TableName": 1}, "the member TableName is missing or of a wrong type"),
        ({"Table": "a"}, "there is no member Table; there are: TableName"),
        ({"TableName": "no-such-table"}, "there is no table no-such-table"),
        (b"?", "the body is not JSON"),
    ],
)
def test_bad_sweeps(declare, body, text):
    assert declare("ttl", body) == (400, {"message": text})


def test_a_sweep_of_a_table_without_ttl_deletes_nothing_and_says_why(client, ask, declare):
    table = created(client, ask)
    put(client, table, "item", 1)
    text = f"the time to live of table {table} is not enabled: UpdateTimeToLive enables it"
    assert declare("ttl", {"TableName": table}) == (400, {"message": text})
    ask("ttl", {})
    assert names(client, table) == ["item"]


def test_sweeps_follow_the_clock(tmp_path):
    """By default, moving the clock far enough starts a sweep."""
    with running("--data-dir", str(tmp_path / "data")) as server:
        client = boto3.client("dynamodb", **boto_options(server.url))
        declare = declaring(server.url)
        request = table_request("pk:S")
        table = request["TableName"]
        client.create_table(**request)
        setting = {"Enabled": True, "AttributeName": "expires"}
        client.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)
        put(client, table, "item", int(time.time()) + HOUR)
        declare("clock", {"Advance": 30})
        assert names(client, table) == ["item"]
        declare("clock", {"Advance": HOUR})
        assert names(client, table) == []


# --- everything else ------------------------------------------------------------------------------


def test_statuses(client, ask):
    ask("clock", {"Freeze": True})
    request = table_request("pk:S")
    name = request["TableName"]
    assert client.create_table(**request)["TableDescription"]["TableStatus"] == "CREATING"
    assert status(client, name) == "CREATING"
    ask("clock", {"Advance": 3})
    assert status(client, name) == "ACTIVE"
    client.delete_table(TableName=name)
    assert status(client, name) == "DELETING"
    ask("clock", {"Advance": 3})
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        status(client, name)


def test_ttl_changes_again_after_a_while(client, ask, table):
    setting = {"Enabled": False, "AttributeName": "expires"}
    with pytest.raises(ClientError, match="modified multiple times within a fixed interval"):
        client.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)
    ask("clock", {"Advance": HOUR})
    client.update_time_to_live(TableName=table, TimeToLiveSpecification=setting)


def test_tokens(client, ask):
    table = created(client, ask)
    token = new_name()

    def increment():
        update = {
            "TableName": table,
            "Key": {"pk": {"S": "counter"}},
            "UpdateExpression": "ADD n :one",
            "ExpressionAttributeValues": {":one": {"N": "1"}},
        }
        client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken=token)
        return client.get_item(TableName=table, Key=update["Key"])["Item"]["n"]["N"]

    assert [increment(), increment()] == ["1", "1"]
    ask("clock", {"Advance": 590})
    assert increment() == "1"
    ask("clock", {"Advance": 20})
    assert increment() == "2"


def test_throughput(client, ask, declare):
    one = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    table = created(client, ask, BillingMode="PROVISIONED", ProvisionedThroughput=one)
    ask("clock", {"Freeze": True})
    assert declare("throttling", {"TableName": table, "Enforced": True})[0] == 200

    def admitted():
        for count in range(1000):
            try:
                put(client, table, str(count), 1)
            except client.exceptions.ProvisionedThroughputExceededException:
                return count
        raise AssertionError("it was never refused")

    admitted()
    for seconds in (5, 1, 1000):
        assert admitted() == 0
        ask("clock", {"Advance": seconds})
        assert admitted() == min(seconds, 300)
    now = ask("clock")["Now"]
    ask("clock", {"Freeze": now - HOUR})
    assert admitted() == 0
    ask("clock", {"Advance": 7})
    assert admitted() == 7


def test_declared_transactions(client, ask, declare):
    table = created(client, ask)
    key = {"pk": {"S": "item"}}
    held = {"TableName": table, "Key": key, "Seconds": 600}
    assert declare("transactions", held)[0] == 200
    with pytest.raises(client.exceptions.TransactionConflictException):
        client.put_item(TableName=table, Item=key)
    ask("clock", {"Advance": 600})
    client.put_item(TableName=table, Item=key)


def test_times_in_answers_follow_the_clock(client, ask):
    times = []
    for _ in range(2):
        ask("clock", {"Advance": HOUR})
        name = created(client, ask, define="g:S", GlobalSecondaryIndexes=[index_request("index", "g")])
        times.append(client.describe_table(TableName=name)["Table"]["CreationDateTime"].timestamp())
    assert all(HOUR <= later - sooner < HOUR + 60 for sooner, later in pairwise(times))
