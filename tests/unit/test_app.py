"""Answers to requests that the store cannot carry out."""

from types import SimpleNamespace

import pytest

from storage import Full, Interrupted


@pytest.mark.parametrize("failures", [[Full("full")], [Interrupted("busy"), Full("full")]])
def test_a_full_disk_is_reported_when_a_request_runs_again_too(db, monkeypatch, failures):
    left = list(failures)

    def fail(*_):
        raise left.pop(0)

    monkeypatch.setattr("emulator.app.find", lambda _: SimpleNamespace(run=fail))
    code, message = db.error("ListTables")
    assert (code, message) == (
        "InternalServerError",
        "The emulator's disk is full; nothing of this request was stored.",
    )
    assert left == []
