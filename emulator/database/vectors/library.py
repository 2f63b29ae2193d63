"""Loading NumPy, an extra, at the first search."""

import os
from typing import Final

_THREADS: Final = "OPENBLAS_NUM_THREADS"


def load_numpy() -> None:
    """Import NumPy so that it computes in this thread alone. Raises ModuleNotFoundError.

    With threads of its own, comparing a block took two to fifteen times as long while the machine
    was busy, because each product waits for all threads. NumPy reads the variable at its import;
    processes that this one starts do not see it.
    """
    if _THREADS in os.environ:
        import numpy  # noqa: ICN001, PLC0415

        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: ICN001, F401, PLC0415
    finally:
        del os.environ[_THREADS]
