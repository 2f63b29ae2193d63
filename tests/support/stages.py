"""An emulator in process with configured functions, which the test itself invokes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emulator.database.changes.consumer import stored_positions
from emulator.errors import ApiError
from emulator.event_sources.mapping import EventSourceMapping
from emulator.event_sources.outcomes import Outcome
from emulator.settings import Settings
from emulator.shared_memory import SharedMemory
from tests.support.in_process import InProcess

CONFIGURATION = 'process-order-changes = "http://localhost:9000"\naudit = "handlers.audit:handler"\n'
MAPPINGS = "/2015-03-31/event-source-mappings"
DONE = Outcome("answered", b"null")
FAILED = Outcome("failed", b"{}", "it raised")
UNREACHABLE = Outcome("unreachable", detail="connection refused")


def failing(*sequences: str) -> Outcome:
    """Return the outcome of a function that reports these records as failed."""
    report = {"batchItemFailures": [{"itemIdentifier": sequence} for sequence in sequences]}
    return Outcome("answered", json.dumps(report).encode())


class Stage(InProcess):
    """An emulator with the functions of `CONFIGURATION`, which it never calls by itself."""

    def __init__(self, settings: Settings, sharing: SharedMemory | None = None) -> None:
        super().__init__(settings, sharing)
        self.service = self.emulator.functions

    # --- Lambda's API -----------------------------------------------------------------------------

    def api(self, method: str, path: str = "", body: Any = None, query: str = "", caller: Any = None) -> Any:
        """Send a request to the API of event source mappings; return status and JSON.

        Raises ApiError.
        """
        raw = b"" if body is None else json.dumps(body).encode()
        return self.emulator.call_functions(method, MAPPINGS + path, query, raw, caller or self.caller)

    def refused(self, method: str, path: str = "", body: Any = None, query: str = "") -> tuple[int, str, str | None]:
        """Send a request to this API that must fail; return status, code and message."""
        with pytest.raises(ApiError) as caught:
            self.api(method, path, body, query)
        return caught.value.status, caught.value.code, caught.value.message

    def table(self, name: str = "Orders", view: str = "NEW_AND_OLD_IMAGES") -> str:
        """Create a table with a stream; return the stream's ARN."""
        described = self(
            "CreateTable",
            TableName=name,
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": view},
        )
        stream: str = described["TableDescription"]["LatestStreamArn"]
        return stream

    def mapping(self, arn: str, **members: Any) -> str:
        """Create an event source mapping from a stream to a function; return its UUID."""
        request = {
            "FunctionName": "process-order-changes",
            "EventSourceArn": arn,
            "StartingPosition": "TRIM_HORIZON",
            **members,
        }
        mapping: str = self.api("POST", body=request)[1]["UUID"]
        return mapping

    def put(self, key: str, value: int = 0, table: str = "Orders") -> None:
        self("PutItem", TableName=table, Item={"pk": {"S": key}, "n": {"N": str(value)}})

    # --- delivery ---------------------------------------------------------------------------------

    def due(self) -> list[tuple[Any, list[dict[str, Any]]]]:
        """Return (invocation, records of its event) of each invocation that is due."""
        return [(each, json.loads(each.payload)["Records"]) for each in self.service.due()]

    def deliver(self, function: Callable[[list[dict[str, Any]]], Outcome] = lambda _: DONE) -> list[list[str]]:
        """End all invocations that are due with the outcomes that `function` returns.

        Return the partition keys of the records in each batch.
        """
        got = []
        while due := self.due():
            for invocation, records in due:
                got.append(keys(records))
                self.service.finished(invocation, function(records))
        return got

    def positions(self, mapping: EventSourceMapping) -> dict[int, int]:
        """Return the stored position of a mapping in each shard."""
        with self.emulator.database.read() as txn:
            return stored_positions(txn, mapping.consumer)

    @property
    def letters(self) -> list[dict[str, Any]]:
        """The dead letters that the emulator has written so far."""
        file = self.service.dead_letters.file
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def keys(records: list[dict[str, Any]]) -> list[str]:
    """Return the partition keys of the items in some stream records."""
    return [record["dynamodb"]["Keys"]["pk"]["S"] for record in records]


def sequences(records: list[dict[str, Any]]) -> list[str]:
    """Return the sequence numbers of some stream records."""
    return [record["dynamodb"]["SequenceNumber"] for record in records]


def configured(folder: Path, **settings: Any) -> Settings:
    """Write a file that configures functions; return settings that use it.

    By default, each stream has one shard.
    """
    file = folder / "functions.toml"
    file.write_text(CONFIGURATION)
    return Settings(**{"functions": str(file), "stream_shards": 1, **settings})
