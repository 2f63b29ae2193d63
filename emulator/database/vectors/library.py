"""Loading NumPy at the first search. NumPy is an optional dependency."""

import os
from typing import Final

_THREADS: Final = "OPENBLAS_NUM_THREADS"


def load_numpy() -> None:
    """Import NumPy so that it computes only in this thread. Raises ModuleNotFoundError.

    With NumPy's own threads, comparing a block took two to fifteen times as long on a busy machine,
    because each product waits for all threads. NumPy reads OPENBLAS_NUM_THREADS only when it is
    imported. So the variable is removed afterwards, and child processes do not inherit it.
    """
    if _THREADS in os.environ:
        import numpy  # noqa: ICN001, PLC0415

        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: ICN001, F401, PLC0415
    finally:
        del os.environ[_THREADS]
