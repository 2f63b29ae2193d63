"""Starts the program for `python -m emulator`, which works only in the source tree.

An installed program starts with `python -m dynamodb_emulator`.
"""

import sys

from emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
