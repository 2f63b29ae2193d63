"""Loading NumPy at the first search. NumPy is an optional dependency."""

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from threading import Thread
from typing import Final

from emulator.slices import THREAD_SWITCH, Steps

_NUMPY: Final = "numpy"
_THREADS: Final = "OPENBLAS_NUM_THREADS"
_TURN: Final = 0.002  # seconds between two checks of whether NumPy is loaded

_loading: dict[str, Thread] = {}
"""The thread that imports NumPy. It stays here, so that a process has only one."""


def loaded(*, waits: bool) -> Steps[None]:
    """Import NumPy. Raises ModuleNotFoundError.

    waits: whether the caller lets other requests continue between two steps. If so, another thread
    imports NumPy, because the import takes 0.1 s of CPU.
    """
    if waits and _NUMPY not in _loading and _NUMPY not in sys.modules:
        if find_spec(_NUMPY) is None:
            raise ModuleNotFoundError(name=_NUMPY)
        sys.setswitchinterval(THREAD_SWITCH)
        _loading[_NUMPY] = Thread(target=_load_all, name="import of NumPy", daemon=True)
        _loading[_NUMPY].start()
    while waits and _NUMPY in _loading and _loading[_NUMPY].is_alive():
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
