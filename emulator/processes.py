"""Starts Python processes that run modules of this program.

Such a process must not import another package that is also called `emulator`. So its module path
begins with the folder of this program. The path does not have the current folder, because a package
of the user with this name may be there.
"""

import os
import sys
from pathlib import Path
from typing import Final

_FOLDER: Final = str(Path(__file__).parents[1])


def command(module: str, *arguments: str) -> list[str]:
    """Return the command line that runs a module of this program.

    The process needs the environment variables that `environment` returns.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return the current environment variables, with this program's folder first in PYTHONPATH."""
    paths = [_FOLDER, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
