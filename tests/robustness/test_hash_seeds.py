"""In every process, projected attributes have the order of the whole item (behaviour 4.7).

Code that iterates over a set of texts would break this: its order depends on a hash, whose seed
differs in each process.
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
    """Run a process with this hash seed; return the whole item, and (way, projected item) pairs."""
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
    """Return the names of attributes and map members whose order differs from the whole item's."""
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
