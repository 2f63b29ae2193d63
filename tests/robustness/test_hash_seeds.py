"""Projected attributes have one order in every process: that of the whole item (behaviour 4.7).

Python orders sets of texts by a hash that has another seed in each process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = ("0", "1", "2", "3", "4294967295")
ROOT = Path(__file__).parents[2]


def lines_with(seed):
    """Return the whole item, and what each way to read some attributes returns in a new process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.projected"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def lines():
    return {seed: lines_with(seed) for seed in SEEDS}


def misplaced(part, whole):
    """Return the members of maps that stand in another order than in the whole item."""
    if isinstance(part, list) and isinstance(whole, list):
        return [name for one, other in zip(part, whole, strict=False) for name in misplaced(one, other)]
    if not isinstance(part, dict) or not isinstance(whole, dict):
        return []
    common = [name for name in part if name in whole]
    wrong = [] if common == [name for name in whole if name in part] else common
    return wrong + [name for each in part if each in whole for name in misplaced(part[each], whole[each])]


@pytest.mark.parametrize("seed", SEEDS)
def test_some_attributes_come_in_the_order_of_the_whole_item(lines, seed):
    whole, *ways = lines[seed]
    assert len(ways) > 30
    assert all(len(part) > 1 for _, part in ways)
    assert {way: misplaced(part, whole) for way, part in ways if misplaced(part, whole)} == {}


def test_all_processes_answer_the_same(lines):
    first, *others = (json.dumps(each) for each in lines.values())
    assert others == [first] * (len(SEEDS) - 1)
