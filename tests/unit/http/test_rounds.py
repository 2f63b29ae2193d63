"""Rounds of repeated work (emulator/rounds.py) continue after any failure. The same failure is
logged only at intervals.
"""

import asyncio

import pytest

from emulator import rounds
from emulator.http import lifespan
from tests.support.connections import front_of

STOP = asyncio.CancelledError()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(rounds, "_PAUSE", 0.0)


def run(outcomes):
    """Run rounds with these outcomes, of which the last ends the rounds; return the
    number of rounds.
    """
    left = list(outcomes)

    async def work():
        outcome = left.pop(0)
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(rounds.run_forever("counting", work))
    return len(outcomes) - len(left)


def test_rounds_go_on_after_failures(caplog):
    assert run([0, KeyError("a"), 0, OSError("b"), 0, STOP]) == 6
    assert [record.message for record in caplog.records] == ["counting failed, and will be tried again"] * 2
    assert "KeyError: 'a'" in caplog.text


def test_the_same_failure_is_logged_once(caplog):
    assert run([KeyError("a"), 0, KeyError("a"), KeyError("b"), KeyError("a"), STOP]) == 6
    assert len(caplog.records) == 2


def test_the_same_failure_is_logged_again_after_a_time(caplog, monkeypatch):
    monkeypatch.setattr(rounds, "_SILENCE", 0.0)
    run([KeyError("a"), KeyError("a"), STOP])
    assert len(caplog.records) == 2


@pytest.mark.parametrize("failing", ["tick", "poll"])
def test_background_work_goes_on(db, monkeypatch, caplog, failing):
    """Both kinds of background work, tick and poll, go on while one of them fails."""
    done = {"tick": 0, "poll": 0}

    async def main():
        enough = asyncio.Event()

        def note(kind):
            done[kind] += 1
            if min(done.values()) >= 3:
                enough.set()
            if kind == failing:
                raise OSError("no descriptors left")
            return False

        monkeypatch.setattr(db.emulator, "tick", lambda: note("tick"))
        monkeypatch.setattr(lifespan.Upkeep, "poll", lambda _: note("poll"))
        monkeypatch.setattr(lifespan, "_INTERVAL", 0.0)
        async with lifespan.running(front_of(db.emulator)), asyncio.timeout(20):
            await enough.wait()

    asyncio.run(main())
    assert len(caplog.records) == 1
