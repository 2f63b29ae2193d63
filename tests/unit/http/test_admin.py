"""Controls and other calls of the emulator when the store fails."""

import json

import pytest

from storage import Full, Interrupted, Lost
from tests.support.asgi import ask, site_of


def test_a_call_that_fails_unexpectedly_is_logged(db, monkeypatch, caplog):
    monkeypatch.setattr(db.emulator.database.catalog, "declare", lambda *_: 1 / 0)
    answer = ask(site_of(db.emulator), "POST", "/_emulator/throttling", b'{"Enforced": true}')
    assert answer.status == 500
    assert b"InternalServerError" in answer.body
    assert "POST /_emulator/throttling failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(("failure", "status"), [(Interrupted("busy"), 503), (Lost("gone"), 503), (Full("full"), 507)])
def test_a_call_that_the_store_refuses_says_so(db, monkeypatch, caplog, failure, status):
    def refuse():
        raise failure

    monkeypatch.setattr(db.emulator.database.catalog, "declare", refuse)
    answer = ask(site_of(db.emulator), "POST", "/_emulator/throttling", b'{"Enforced": true}')
    assert answer.status == status
    assert json.loads(answer.body)["message"]
    assert str(failure) in caplog.text
