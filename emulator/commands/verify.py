"""`python -m emulator.commands.verify FOLDER`: check that a data folder is sound.

No server may use the folder while this command runs. The server runs this command on copies of data
folders (database/soundness.py). The command first checks the pages of the data file with Python
code, because opening a store with damaged pages could crash the process.

Exit status: 0 if the folder is sound; 2 if a newer version wrote it; 1 if it is damaged or cannot
be checked. With 1, the last line of stderr says what is wrong.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from emulator.database import soundness
from storage import LayoutMismatch, StorageError
from storage.data_folder import problem_of, snapshot


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
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
        print(problem, file=sys.stderr)  # noqa: T201 - the result
    return int(problem is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
