"""Starts Python processes that run modules of this program.

Such a process must not find another package called `emulator`. So its module path begins with our
folder, and does not include the current folder, which is the user's.
"""

import os
import sys
from pathlib import Path
from typing import Final

_FOLDER: Final = str(Path(__file__).parents[1])


def command(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this program.

    Start the command with the environment variables that `environment()` returns.
    """
    return [sys.executable, "-P", "-m", module, *arguments]


def environment() -> dict[str, str]:
    """Return the current environment, but with our folder first on PYTHONPATH."""
    paths = [_FOLDER, os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
