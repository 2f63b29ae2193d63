"""A server that gets a signal answers all requests, and its clients see no broken connection."""

import http.client
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Thread
from urllib.parse import urlsplit

import pytest

from tests.support.http_clients import AUTHORIZATION, declaring
from tests.support.servers import running

CLIENTS = 6
HEADERS = {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.ListTables",
    "x-amz-date": "20260101T000000Z",
    "authorization": AUTHORIZATION.format(key="test", region="us-east-1"),
}


@pytest.mark.parametrize("workers", [1, 2])
def test_busy_clients_are_answered_until_nobody_listens(workers):
    """Clients send requests without pause. The only error that they get is a refused connection."""
    ends = Counter()
    busy = Barrier(CLIENTS + 1)

    def ask(netloc):
        client = http.client.HTTPConnection(netloc, timeout=20)
        answered = 0
        try:
            while True:
                client.request("POST", "/", b"{}", HEADERS)
                client.getresponse().read()
                answered += 1
                if answered == 20:
                    busy.wait(20)
        except Exception as error:
            ends[type(error).__name__] += 1
        finally:
            client.close()

    with running("--in-memory", "--workers", str(workers)) as server:
        clients = [Thread(target=ask, args=(urlsplit(server.url).netloc,)) for _ in range(CLIENTS)]
        for each in clients:
            each.start()
        busy.wait(20)
        assert server.stop() == 0
        for each in clients:
            each.join(20)
    assert ends == {"ConnectionRefusedError": CLIENTS}


@pytest.mark.parametrize("workers", [1, 2])
def test_calls_that_wait_are_told_that_the_server_stops(workers):
    """A call of the control `wait` may last an hour. A server that stops answers it immediately."""
    with running("--in-memory", "--workers", str(workers)) as server:
        declare = declaring(server.url)
        bodies = [{"TableName": "never", "Status": "ACTIVE", "Timeout": 3600}] * CLIENTS
        with ThreadPoolExecutor(CLIENTS) as pool:
            calls = [pool.submit(declare, "wait", body) for body in bodies]
            while declare("wait", b"", "GET")[1]["Waits"] < CLIENTS:
                assert not any(call.done() for call in calls)
            assert server.stop() == 0
        text = "the call has ended early: the client has disconnected, or the server stops"
        assert [call.result() for call in calls] == [(503, {"message": text})] * CLIENTS
