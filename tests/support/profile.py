"""How long random tests run: the same few seconds each time, or EXAMPLES times as long.

With EXAMPLES, the examples are different each time. `make nightly` runs the random tests, and the
tests that kill servers, with EXAMPLES=20.

With NOSHRINK=1 a failing example is reported as it was found. Otherwise it is made smaller first.
"""

import os

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
