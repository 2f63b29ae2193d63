"""Loads NumPy, an optional dependency, at the first vector search."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Final

from emulator.slices import InThread, Steps

_NUMPY: Final = "numpy"
_THREADS: Final = "OPENBLAS_NUM_THREADS"
_TURN: Final = 0.002  # seconds between two checks of whether NumPy is loaded

_has_ended: dict[str, Callable[[], bool]] = {}
""""numpy" -> a function that returns True when another thread has ended the import of NumPy.

The dictionary is empty until the import begins, so a process begins the import only once.
"""


def loaded(in_thread: InThread | None) -> Steps[None]:
    """Import NumPy in steps. Raises ModuleNotFoundError if NumPy is not installed.

    in_thread: a function that runs another function in a thread, or None to import in this thread.
    The import takes 0.1 s of CPU. If it runs in another thread, other requests are answered during
    this time.
    """
    if in_thread is not None and _NUMPY not in _has_ended and _NUMPY not in sys.modules:
        if find_spec(_NUMPY) is None:
            raise ModuleNotFoundError(name=_NUMPY)
        _has_ended[_NUMPY] = in_thread(_load_all)
    while in_thread is not None and _NUMPY in _has_ended and not _has_ended[_NUMPY]():
        yield _TURN
    load_numpy()


def _load_all() -> None:
    """Import NumPy, and the module of vector searches, which needs NumPy."""
    load_numpy()
    import_module("emulator.database.vectors.search")


def load_numpy() -> None:
    """Import NumPy so that it starts no threads. Raises ModuleNotFoundError if it is not installed.

    With NumPy's threads, comparing a block of vectors with a query took two to fifteen times as
    long on a busy machine, because each matrix product waits for all threads. The environment
    variable OPENBLAS_NUM_THREADS prevents the threads. NumPy reads it only during the import. So
    this function removes the variable afterwards, and child processes do not inherit it.
    """
    if _THREADS in os.environ:
        import numpy  # noqa: ICN001, PLC0415

        return
    os.environ[_THREADS] = "1"
    try:
        import numpy  # noqa: ICN001, F401, PLC0415
    finally:
        del os.environ[_THREADS]
