"""Runs the program as `python -m emulator`, in the source tree.

An installed program runs as `python -m dynamodb_emulator`.
"""

import sys

from emulator.cli import main

if __name__ == "__main__":
    sys.exit(main())
