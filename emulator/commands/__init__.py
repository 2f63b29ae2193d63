"""The program's commands besides serving.

`COMMANDS` lists the commands that a user types: `dynamodb-emulator NAME ...`. The module of a
command has `main(arguments) -> exit status`, and is imported only if its command is run. A module
that is not in the list is run by the server itself, in a process of its own (processes.py).

Commands that talk to a running server find it with emulator/client.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Command:
    """A command: the last part of its module's name, and its line in `dynamodb-emulator --help`."""

    module: str
    summary: str


COMMANDS: Final = {
    "control": Command("control", "call a control of a running server, or list the controls"),
    "copy": Command("copy", "copy a data folder, also while a server uses it"),
}
