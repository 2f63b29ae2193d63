"""On each kind of server, the control `requests` lists the requests of all worker processes."""

import os
import signal

import pytest

from emulator.client.endpoint import HttpEndpoint
from tests.support.http_clients import declaring
from tests.support.servers import running
from tests.support.tables import new_name

CONNECTIONS = 16
"""The kernel spreads them over two workers; that one gets all has a probability of 1 in 32,768."""


@pytest.fixture(scope="module", autouse=True)
def keeping(declare):
    declare("keep_requests", {"Enabled": True})
    yield
    declare("keep_requests", {"Enabled": False})


def list_tables(url, key):
    with HttpEndpoint(url, key) as server:
        server.call("ListTables", {"Limit": 5})


def test_all_workers_keep_requests_and_one_list_has_them_in_order(endpoint, declare):
    ours, others = new_name("k"), new_name("k")
    for number in range(CONNECTIONS):
        list_tables(endpoint, others if number % 4 == 0 else ours)
    status, found = declare("requests", {"AccessKey": ours})
    assert status == 200
    assert found["Keeping"] is True
    assert [each["Operation"] for each in found["Requests"]] == ["ListTables"] * 12
    times = [each["Time"] for each in found["Requests"]]
    assert times == sorted(times)
    assert declare("requests", {"AccessKey": ours, "Limit": 3})[1]["Requests"] == found["Requests"][-3:]
    list_tables(endpoint, ours)
    newer = declare("requests", {"AccessKey": ours, "After": found["Last"]})[1]
    assert len(newer["Requests"]) == 1


def test_a_reason(endpoint, declare, make_table):
    key, table = new_name("k"), make_table("pk:S")
    with HttpEndpoint(endpoint, key) as server, pytest.raises(Exception, match="ResourceNotFound"):
        server.call("GetItem", {"TableName": table, "Key": {"pk": {"S": "a"}}})
    (found,) = declare("requests", {"AccessKey": key})[1]["Requests"]
    # On a busy machine, a second reason may follow: "slow: ...".
    assert found["Reason"].split("; ")[0] == f"table {table} exists under access key test, region us-east-1"


def test_the_switch_takes_effect_in_all_workers_at_once(endpoint, declare):
    key = new_name("k")
    declare("keep_requests", {"Enabled": False})
    for _ in range(CONNECTIONS):
        list_tables(endpoint, key)
    assert declare("requests", {})[1]["Requests"] == []
    assert declare("keep_requests", {"Enabled": True}) == (200, {"Keeping": True})
    assert declare("requests", {"AccessKey": key})[1]["Requests"] == []
    for _ in range(CONNECTIONS):
        list_tables(endpoint, key)
    assert len(declare("requests", {"AccessKey": key})[1]["Requests"]) == CONNECTIONS


@pytest.mark.parametrize("body", [{"Limit": 0}, {"After": "yesterday"}, {"AccessKey": 5}])
def test_a_wrong_filter(declare, body):
    status, answer = declare("requests", body)
    assert status == 400
    assert next(iter(body)) in answer["message"]


def test_two_workers_and_one_that_was_killed():
    with running("--in-memory", "--workers", "2", "--keep-requests") as server:
        declare, key = declaring(server.url), new_name("k")
        for _ in range(CONNECTIONS):
            list_tables(server.url, key)
        assert {each["Worker"] for each in declare("requests", {})[1]["Requests"]} == {0, 1}
        os.kill(server.workers()[0], signal.SIGKILL)
        for _ in range(CONNECTIONS):  # connections to the killed worker wait until its successor runs
            list_tables(server.url, f"{key}2")
        assert len(declare("requests", {"AccessKey": f"{key}2"})[1]["Requests"]) == CONNECTIONS


def test_the_bodies_of_a_request_in_any_worker(endpoint, declare):
    key = new_name("k")
    for _ in range(CONNECTIONS):
        list_tables(endpoint, key)
    for each in declare("requests", {"AccessKey": key})[1]["Requests"]:
        status, found = declare("request", {"Id": each["Id"]})
        assert (status, found["Id"], found["Request"]) == (200, each["Id"], '{"Limit":5}')
        assert found["Answer"] == '{"TableNames":[]}'
