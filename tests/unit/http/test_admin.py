"""Controls over HTTP: failures of the store, and the garbage collector."""

import gc
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


def test_the_collector_rests_while_the_clock_moves(db, monkeypatch):
    """Python's garbage collector is off while the clock moves, because a move may make
    10,000 shards.
    """
    enabled = []

    def due_steps():
        for _ in range(3):
            enabled.append(gc.isenabled())
            yield

    monkeypatch.setattr(db.emulator, "due_steps", due_steps)
    site = site_of(db.emulator)
    assert ask(site, "POST", "/_emulator/clock", b'{"Advance": 1}').status == 200
    assert enabled == [False] * 3
    assert gc.isenabled()
    assert ask(site, "POST", "/_emulator/clock", b'{"Advance": true}').status == 400
    assert gc.isenabled()
