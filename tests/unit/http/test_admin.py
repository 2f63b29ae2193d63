"""The emulator's own calls where the store cannot do them now."""

import json

import pytest

from emulator.http.protocol import Protocol
from storage import Full, Interrupted, Lost


@pytest.mark.parametrize(("failure", "status"), [(Interrupted("busy"), 503), (Lost("gone"), 503), (Full("full"), 507)])
def test_a_call_that_the_store_refuses_says_so(db, monkeypatch, failure, status):
    def refuse():
        raise failure

    monkeypatch.setattr(db.emulator.database.catalog, "declare", refuse)
    answer = Protocol(db.emulator).admin("POST", b"throttling", b'{"Enforced": true}')
    assert answer.status == status
    assert json.loads(answer.body)["message"]
