"""The progress of long work, on a terminal and elsewhere."""

import io
import logging
import sys

import pytest

from emulator.transfer import progress
from emulator.transfer.progress import Progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

        def monotonic(self):
            return self.now

    found = Clock()
    monkeypatch.setattr(progress, "time", found)
    return found


def test_lines_every_five_seconds(clock):
    out = io.StringIO()
    with Progress("loaded", out) as shown:
        for _ in range(12):
            shown.advance(1_000)
            clock.now += 1
        shown.notice("a notice")
    assert out.getvalue() == "loaded 6,000 items so far\nloaded 11,000 items so far\na notice\n"
    assert shown.summary("into 1 table") == "loaded 12,000 items into 1 table in 12.0 s (1,000 items/s)"


def test_problems_are_counted_and_only_the_first_are_shown(clock):
    out = io.StringIO()
    with Progress("loaded", out) as shown:
        shown.problem("problem 0")
        assert shown.summary("into 1 table") == "loaded 0 items into 1 table, 1 problem"
        for number in range(1, 150):
            shown.problem(f"problem {number}")
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["problem 0", "problem 1"]
    assert lines[-1] == "there are more problems, which are only counted"
    assert (len(lines), shown.problems) == (101, 150)


def test_a_bar_on_a_terminal():
    out = Terminal()
    with Progress("loaded", out) as shown:
        shown.advance(12_345)
        shown.problem("[bold]f:1: wrong")
    assert "[bold]f:1: wrong" in out.getvalue()
    assert "loaded 12,345 items" in out.getvalue()
    assert "items/s" in out.getvalue()


def test_lines_on_a_terminal_without_rich(clock, monkeypatch):
    monkeypatch.setitem(sys.modules, "rich", None)
    out = Terminal()
    with Progress("loaded", out) as shown:
        clock.now += 6
        shown.advance(1)
    assert out.getvalue() == "loaded 1 item so far\n"


def test_lines_in_a_log(clock, caplog):
    log = logging.getLogger("test")
    with caplog.at_level(logging.INFO), Progress("--init: loaded", log=log) as shown:
        clock.now += 6
        shown.advance(1)
        shown.notice("a notice")
        shown.problem("a problem")
    assert [(each.levelname, each.getMessage()) for each in caplog.records] == [
        ("INFO", "--init: loaded 1 item so far"),
        ("INFO", "a notice"),
        ("WARNING", "a problem"),
    ]
