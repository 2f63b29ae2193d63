"""`python -m emulator.commands.verify FOLDER`: find out whether a data folder is sound.

Nobody may be writing to the folder. The exit status is 0 if it is sound; else it is 1, and the last
line of stderr is the problem. The server runs this command on folders that are copies
(database/soundness.py). The pages are checked first: opening a store whose pages are damaged could
end the process.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from emulator.database import soundness
from storage import StorageError
from storage.data_folder import problem_of, snapshot


def main(arguments: Sequence[str]) -> int:
    """Run the command; return its exit status."""
    folder = Path(arguments[0])
    try:
        problem = problem_of(folder)
        if problem is None:
            with snapshot(folder) as txn:
                soundness.check(txn)
    except StorageError as error:
        problem = str(error)
    if problem is not None:
        print(problem, file=sys.stderr)  # noqa: T201 - the answer
    return int(problem is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
