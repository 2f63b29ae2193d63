"""Loads the data of `--init`, before the server is ready.

Few servers use `--init`, so `transfer/initial.py` is imported only if it is set.
"""

from emulator.app import Emulator
from emulator.http.listen import ServeError


def load_initial(emulator: Emulator) -> None:
    """Load the files that the setting `init` names. Raises ServeError, StorageError."""
    paths = emulator.settings.init
    if not paths:
        return
    from emulator.transfer import initial  # noqa: PLC0415 - most servers never need it

    try:
        initial.load_initial(emulator, paths)
    except initial.InitialDataError as error:
        raise ServeError(f"--init: {error}") from None
