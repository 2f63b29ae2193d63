"""The outcome of an invocation, and the first record of its batch that failed.

If the mapping has ReportBatchItemFailures, the function's response may name records that failed
(Lambda: "Configuring partial batch response with DynamoDB and Lambda"):

| response                                               | what it means                       |
|--------------------------------------------------------|-------------------------------------|
| an empty response, `null`, `{}`                        | all records succeeded               |
| `batchItemFailures` is null or an empty list           | all records succeeded               |
| `{"batchItemFailures": [{"itemIdentifier": ".."}, ..]}`| all records before the first failed |
|                                                        | record succeeded                    |
| an identifier in the list is empty, null, missing, or  | all records failed                  |
| does not name a record in the batch                    |                                     |
| `batchItemFailures` is anything else, also `""`, 0 or  | all records failed (inferred: Lambda|
| false                                                  | takes no other answer as a success) |
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson

from emulator.database.definitions.streams import sequence_text
from emulator.event_sources.events import Record


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended.

    kind: "answered" if the function returned a response; "failed" if the function failed;
    "unreachable" if the function could not be invoked.
    payload: the function's response.
    detail: a description of the failure for the user.
    status: the HTTP status of the invocation.
    """

    kind: Literal["answered", "failed", "unreachable"]
    payload: bytes = b""
    detail: str = ""
    status: int = 200


_WHOLE: Final = 0  # the position of the first record, which means that all records failed


def first_failure(outcome: Outcome, records: Sequence[Record], *, reports: bool) -> int | None:
    """Return the position of the first record that failed, or None if all records succeeded.

    reports: True if the response may name the records that failed. If False, either all records
    succeeded or all records failed.
    """
    if outcome.kind != "answered":
        return _WHOLE
    return _reported(outcome.payload, records) if reports else None


def _reported(payload: bytes, records: Sequence[Record]) -> int | None:
    try:
        response = orjson.loads(payload) if payload.strip() else None
    except orjson.JSONDecodeError:
        return _WHOLE
    failures = response.get("batchItemFailures") if isinstance(response, dict) else None
    if failures is None or failures == []:
        return None
    if not isinstance(failures, list):
        return _WHOLE
    positions = {sequence_text(record.sequence): position for position, record in enumerate(records)}
    return min(positions.get(_identifier(failure), _WHOLE) for failure in failures)


def _identifier(failure: Any) -> str:  # noqa: ANN401 - any JSON
    identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
    return identifier if isinstance(identifier, str) else ""
