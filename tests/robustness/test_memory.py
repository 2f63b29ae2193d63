"""Memory that one large body takes is returned to the system soon after the answer."""

import time
from pathlib import Path

import pytest

from tests.bench.hostile import REQUESTS
from tests.support.http_clients import Client
from tests.support.servers import running

KEPT = 1.1  # times the memory of a fresh server
WITHIN = 8.0  # seconds: it is returned when clients have been idle for a second or two


def anonymous_memory(process: int) -> int:
    """Return a process's own memory in KB, without mapped files."""
    [line] = [line for line in Path(f"/proc/{process}/status").read_text().splitlines() if line.startswith("RssAnon")]
    return int(line.split()[1])


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["BatchWriteItem tables", "TransactItems of {}", "list of numbers"])
def test_memory_of_one_large_body_is_returned(name):
    operation, body, _ = REQUESTS[name]()
    with running("--in-memory") as server:
        client = Client(server.url)
        client("ListTables")
        fresh = anonymous_memory(server.process.pid)
        client.post(operation, body)
        end = time.monotonic() + WITHIN
        while (now := anonymous_memory(server.process.pid)) > KEPT * fresh and time.monotonic() < end:
            time.sleep(0.1)
        client.close()
    assert now <= KEPT * fresh
