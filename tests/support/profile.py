"""How long random tests run: a few seconds, or EXAMPLES times as long.

EXAMPLES is an environment variable. Without it, each run has the same examples; with it, each run
has different ones. `make nightly` runs the random tests, and the tests that kill servers, with
EXAMPLES=20.

With NOSHRINK=1, a failing example is reported as it was found. Otherwise Hypothesis first makes it
smaller.
"""

import os
import random

from hypothesis import HealthCheck, Phase, settings

TIMES = int(os.environ.get("EXAMPLES", "1"))


def profile(examples: int) -> settings:
    return settings(
        max_examples=examples * TIMES,
        derandomize=TIMES == 1,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate] if os.environ.get("NOSHRINK") else list(Phase),
        suppress_health_check=list(HealthCheck),
    )


def drawn_seeds(count: int) -> list[int]:
    """Return random seeds that differ between runs, but not between the processes of one run.

    pytest-xdist refuses tests whose parameters differ between its processes.
    """
    chance = random.Random(os.environ.get("PYTEST_XDIST_TESTRUNUID"))
    return [chance.randrange(1 << 32) for _ in range(count)]
