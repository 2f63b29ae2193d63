"""The advisor examines any request, valid or broken, without an error."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.advisor.advisor import Selection, over
from emulator.advisor.calls import Call
from emulator.advisor.tables import KnownTables
from emulator.settings import Settings
from emulator.slices import finish
from tests.support import malformed
from tests.support.advised import Advised
from tests.support.in_process import InProcess
from tests.support.profile import profile
from tests.support.seeds import ITEMS, SEEDS, TABLES


@pytest.fixture(scope="module")
def advised():
    db = InProcess(Settings(in_memory=True, kinesis_endpoint="http://127.0.0.1:9"))
    made = Advised(db)
    for table in TABLES:
        made("CreateTable", table)
    for table, item in ITEMS:
        made("PutItem", {"TableName": table, "Item": item})
    made.advice()  # the advisor examines the requests above, so tests see only new calls
    yield made
    db.emulator.close()


def examined(advised, monkeypatch):
    """Let the advisor examine all new requests; return the calls that it sees."""
    calls = []
    evidence = advised._evidence
    see = evidence.examiner.advisor.see

    def seen(call):
        calls.append(call)
        see(call)

    with monkeypatch.context() as patch:
        patch.setattr(evidence.examiner.advisor, "see", seen)
        finish(evidence.digest_all())
    return calls


@pytest.mark.parametrize("operation", sorted(SEEDS))
def test_broken_requests(advised, operation, monkeypatch):
    broken = st.one_of([malformed.bodies(seed) for seed in SEEDS[operation]])

    @profile(20)
    @given(body=broken)
    def throw(body):
        answer = advised.answer(operation, body)
        assert answer.status in (200, 400)
        for call in examined(advised, monkeypatch):
            assert call.code or answer.status == 200
            again = Call.load(call.dump())
            assert (again.time, again.operation, again.code) == (call.time, call.operation, call.code)
            assert len(again.accesses) == len(call.accesses)

    throw()
    orjson.dumps(advised.advice())
    orjson.dumps(advised.policy())


@pytest.mark.parametrize("operation", sorted(SEEDS))
def test_valid_requests(advised, operation, monkeypatch):
    for seed in SEEDS[operation]:
        answer = advised.answer(operation, json.dumps(seed).encode())
        calls = examined(advised, monkeypatch)
        assert [call.code == "" for call in calls] == [answer.status == 200]
        advisor = finish(over([Call.load(call.dump()) for call in calls], KnownTables()))
        assert isinstance(finish(advisor.findings(Selection())), list)
