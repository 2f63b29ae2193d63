"""What each form of a partial batch response means, as AWS documents it."""

import json

import pytest

from emulator.database.definitions.streams import sequence_text
from emulator.event_sources.events import Record
from emulator.event_sources.outcomes import Outcome, first_failure

RECORDS = [Record(number, 0.0, b"{}") for number in (7, 8, 9)]
SEVEN, EIGHT, NINE = (sequence_text(record.sequence) for record in RECORDS)
WHOLE = 0


def report(*identifiers):
    return {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


RESPONSES = [
    (None, None),
    ({}, None),
    ("done", None),
    (report(), None),
    ({"batchItemFailures": None}, None),
    (report(EIGHT), 1),
    (report(NINE, EIGHT), 1),
    (report(SEVEN), WHOLE),
    (report(""), WHOLE),
    (report(None), WHOLE),
    (report(EIGHT, "100"), WHOLE),
    (report(8), WHOLE),
    ({"batchItemFailures": [{"sequence": EIGHT}]}, WHOLE),
    ({"batchItemFailures": [EIGHT]}, WHOLE),
    ({"batchItemFailures": EIGHT}, WHOLE),
    *(({"batchItemFailures": value}, WHOLE) for value in ("", 0, False, True, 1, {})),
]


@pytest.mark.parametrize(("response", "first"), RESPONSES, ids=json.dumps)
def test_response_names_the_first_failure(response, first):
    outcome = Outcome("answered", json.dumps(response).encode())
    assert first_failure(outcome, RECORDS, reports=True) == first
    assert first_failure(outcome, RECORDS, reports=False) is None


@pytest.mark.parametrize(("payload", "first"), [(b"", None), (b" \n", None), (b"<html>", WHOLE)])
def test_response_that_is_no_json(payload, first):
    assert first_failure(Outcome("answered", payload), RECORDS, reports=True) == first


@pytest.mark.parametrize("kind", ["failed", "unreachable"])
def test_invocation_that_failed_failed_for_all(kind):
    assert first_failure(Outcome(kind, b"null"), RECORDS, reports=True) == WHOLE
