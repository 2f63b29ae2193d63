"""The code that compares requests with the rules of faults accepts any broken request.

Random broken requests run while there are rules whose effects change nothing. Each request must be
answered, or refused with an error of the service.
"""

from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.controls import registry
from emulator.errors import ApiError
from emulator.settings import Settings
from emulator.slices import Sliced, finish
from tests.support import malformed
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.seeds import SEEDS
from tests.support.tables import table_request

OPERATIONS = [
    "BatchExecuteStatement",
    "BatchGetItem",
    "BatchWriteItem",
    "DescribeTable",
    "ExecuteStatement",
    "ExecuteTransaction",
    "GetItem",
    "GetRecords",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
]
ARN = "arn:aws:dynamodb:us-east-1:123456789012:table/music"
RULES = [
    {"Match": {"Key": {"pk": {"S": "a"}}}, "Effect": {"Kind": "Latency", "Seconds": 0}},
    {"Match": {"TableName": "music", "Key": {"pk": {"N": "1"}, "sk": {"S": "b"}}}, "Effect": {"Kind": "Conflict"}},
    {"Match": {"TableName": ARN}, "Effect": {"Kind": "ShortPage", "Items": 1}},
    {"Match": {"Operation": ["Read", "Write"]}, "Effect": {"Kind": "Unprocessed", "Share": 0}},
    {"Match": {"Key": {"artist": {"S": "a"}}, "Share": 0}, "Effect": {"Kind": "Throttle"}},
]


@pytest.fixture(scope="module")
def db() -> Iterator[InProcess]:
    made = InProcess(Settings(in_memory=True))
    made("CreateTable", {**table_request("pk:S sk:S"), "TableName": "music"})
    for rule in RULES:
        registry.call(made.emulator, "faults", rule)
    yield made
    made.emulator.close()


@pytest.mark.hypothesis
@pytest.mark.parametrize("operation", OPERATIONS)
def test_broken_requests(db: InProcess, operation: str) -> None:
    @given(body=st.one_of([malformed.bodies(seed) for seed in SEEDS[operation]]))
    @profile(40)
    def run(body: bytes) -> None:
        try:
            raw = orjson.loads(body)
        except orjson.JSONDecodeError:
            return
        try:
            db.emulator.call(operation, raw, db.caller)
        except Sliced as sliced:
            try:
                finish(sliced.steps)
            except ApiError:
                return
        except ApiError:
            return

    run()
