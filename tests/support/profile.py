"""How long random tests run: the same few seconds each time, or EXAMPLES times as long.

With EXAMPLES, they are different each time. `make nightly` runs them, and the tests that kill
servers, with EXAMPLES=20.

With NOSHRINK=1 a failure is reported as it was found, instead of reduced first.
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
