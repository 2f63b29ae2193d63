"""Puts the server's packages, `emulator` and `storage`, on the module path of a process.

An application may have packages with the same names. So an installation has the server's packages
in the folder `_server`, which is not on the module path. Only a process that runs the server adds
this folder to its module path. An editable installation has no folder `_server`, because it uses
the source tree.
"""

import os
import sys

_PACKAGES = ("emulator", "storage")


def add_server() -> None:
    """Put the server's folder first on the module path.

    It must be first, because the current folder and PYTHONPATH may have packages with the same
    names. Raises ImportError if this process has already imported another `emulator` or `storage`.
    """
    folder = _server_folder()
    for name in _PACKAGES:
        module = sys.modules.get(name)
        ours = os.path.realpath(os.path.join(folder, name))
        if module is not None and ours not in map(os.path.realpath, getattr(module, "__path__", ())):
            raise ImportError(
                f"this process has imported a package {name!r} that is not the server's package {name!r}: {module!r}."
                " Run the server in a separate process: python -m dynamodb_emulator"
            )
    if folder not in sys.path[:1]:
        sys.path.insert(0, folder)


def _server_folder() -> str:
    package = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(package, "_server")
    if os.path.isdir(installed):
        return installed
    return os.path.abspath(os.path.join(package, "..", "..", ".."))  # the source tree of an editable installation
