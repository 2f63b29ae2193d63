"""Loading NumPy at the first search. NumPy is an optional dependency."""

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
"""Whether the import of NumPy in another thread has ended. So a process imports it only once."""


def loaded(in_thread: InThread | None) -> Steps[None]:
    """Import NumPy. Raises ModuleNotFoundError.

    in_thread: runs a function in another thread. The import takes 0.1 s of CPU, so it runs there
    while other requests are answered. None: import now.
    """
    if in_thread is not None and _NUMPY not in _has_ended and _NUMPY not in sys.modules:
        if find_spec(_NUMPY) is None:
            raise ModuleNotFoundError(name=_NUMPY)
        _has_ended[_NUMPY] = in_thread(_load_all)
    while in_thread is not None and _NUMPY in _has_ended and not _has_ended[_NUMPY]():
        yield _TURN
    load_numpy()


def _load_all() -> None:
    """Import NumPy and what uses it."""
    load_numpy()
    import_module("emulator.database.vectors.search")


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
