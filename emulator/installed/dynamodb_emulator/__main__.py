"""Runs `python -m dynamodb_emulator` and the command `dynamodb-emulator`."""

import sys

from dynamodb_emulator._path import add_server


def main() -> int:
    """Run the command `dynamodb-emulator`. Return its exit status."""
    add_server()
    from emulator.cli import main as run  # noqa: PLC0415 - importable only after `add_server`

    return run()


if __name__ == "__main__":
    sys.exit(main())
