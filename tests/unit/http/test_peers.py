"""Workers run controls in each other. Here, all workers are in one process."""

import asyncio

import pytest

from emulator.http import peers
from emulator.http.application import create_front
from emulator.http.front.front import PeerFailed
from emulator.http.peers import Peers, make_doors
from tests.support.asgi import asked


@pytest.fixture
def doors():
    made = make_doors(3)
    yield made
    for door in made:
        for end in door:
            end.close()


def ask_of(db, doors, *asked_for, open_doors=(1, 2)):
    """Let worker 0 run a control in the other workers; return the results."""
    front = create_front(db.emulator)

    async def main():
        others = [Peers(doors, index) for index in open_doors]
        for each in others:
            each.open(front)
        try:
            return await Peers(doors, 0).ask(*asked_for)
        finally:
            for each in others:
                each.close()

    return asyncio.run(main())


def test_each_of_the_others_answers(db, doors):
    results = ask_of(db, doors, "keep_requests", {"Enabled": True})
    assert results == [{"Keeping": True}] * 2


def test_a_question_waits_for_a_worker_that_starts_again(db, doors):
    front = create_front(db.emulator)

    async def main():
        question = asyncio.create_task(Peers(doors[:2], 0).ask("keep_requests", {"Enabled": False}))
        await asyncio.sleep(0)
        started = Peers(doors[:2], 1)
        started.open(front)
        try:
            return await question
        finally:
            started.close()

    assert asyncio.run(main()) == [{"Keeping": False}]


def test_large_results(db, doors, monkeypatch):
    large = {"Text": "x" * 5_000_000}
    monkeypatch.setattr("emulator.http.peers.run_here", lambda *_: asyncio.sleep(0, large))
    assert ask_of(db, doors, "clock", {}) == [large, large]


def test_a_worker_that_does_not_answer(db, doors, monkeypatch):
    monkeypatch.setattr(peers, "_PATIENCE", 0.0)
    with pytest.raises(PeerFailed, match=r"worker \d does not answer: it takes too long"):
        ask_of(db, doors, "clock", {}, open_doors=(1,))


def test_a_worker_that_fails(db, doors, caplog):
    with pytest.raises(PeerFailed, match="worker 1 failed: the member Enabled"):
        ask_of(db, doors, "keep_requests", {})
    assert "the control keep_requests, called by another worker, failed" in caplog.text


def test_a_control_says_that_a_worker_failed(db, monkeypatch, caplog):
    class Failing:
        async def ask(self, *_):
            raise PeerFailed("worker 1 does not answer: it takes too long")

    front = create_front(db.emulator)
    front.peers = Failing()
    answer = asyncio.run(asked(front.site, "GET", "/_emulator/requests"))
    assert answer.status == 503
    assert b"worker 1 does not answer" in answer.body
    assert "worker 1 does not answer" in caplog.text
