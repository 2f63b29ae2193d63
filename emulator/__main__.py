"""`python -m emulator`, in the source tree; installed, it is `python -m dynamodb_emulator`."""

import sys

from emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
