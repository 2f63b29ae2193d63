"""`dynamodb-emulator copy FROM TO`: copy a data folder, even while a server uses it.

The copy has the state of the newest commit, without unused pages of the data file. It includes
every write that the server answered before the copy began. The server keeps running.

Exit status: 0, or 2 if nothing was copied. With 2, stderr says why.
"""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from emulator.database import soundness
from emulator.flags import Parser
from storage import StorageError
from storage.data_folder import copy

_FAILED = 2


def main(arguments: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    parser = Parser(
        prog="dynamodb-emulator copy",
        description="Copy a data folder, even while a server uses it. The copy may be smaller, because it has no "
        "unused pages.",
    )
    parser.add_argument("source", metavar="FROM", type=Path, help="data folder of a server, running or not")
    parser.add_argument("target", metavar="TO", type=Path, help="folder of the copy, which must be missing or empty")
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    source, target = options.source.absolute(), options.target.absolute()
    try:
        size = copy(source, target, soundness.verify)
    except StorageError as error:
        print(f"dynamodb-emulator: {error}", file=sys.stderr)  # noqa: T201 - the message for the user
        return _FAILED
    print(f"copied {source} to {target}: {size} bytes")  # noqa: T201 - the result
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
