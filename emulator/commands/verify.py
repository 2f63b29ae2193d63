"""`python -m emulator.commands.verify FOLDER`: look whether a data folder that nobody writes is sound.

Status 0 if it is, else the problem on the last line of stderr, and status 2 if a newer version wrote
the folder, 1 for all others. The server runs it on folders that are copies
(database/soundness.py). The first look is at the pages, in Python: after it LMDB can read the file without being ended
by what it finds.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from emulator.database import soundness
from storage import LayoutMismatch, StorageError
from storage.snapshot import snapshot
from storage.verification import problem_of


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    folder = Path(arguments[0])
    try:
        problem = problem_of(folder)
        if problem is None:
            with snapshot(folder) as txn:
                soundness.check(txn)
    except LayoutMismatch as error:
        print(error, file=sys.stderr)  # noqa: T201 - the answer
        return soundness.NEWER
    except StorageError as error:
        problem = str(error)
    if problem is not None:
        print(problem, file=sys.stderr)  # noqa: T201 - the answer
    return int(problem is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
