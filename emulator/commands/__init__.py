"""The program's commands besides serving.

`COMMANDS` is the table of the commands that a user types: `dynamodb-emulator NAME ...`. The module
of a command has `main(arguments) -> exit status`, and is imported only if its command is run. A
module that is not in the table is run by the server itself, in a process of its own (processes.py).

Commands that talk to a running server find it with emulator/client.
"""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "configure": "show or write an AWS profile, Terraform's provider, variables of a shell",
    "control": "call a control of a running server, or list the controls",
    "copy": "copy a data folder, also while a server uses it",
    "diff": "compare tables of one server or of two",
    "dump": "write tables of a running server to files",
    "exec": "run a command with a server of its own, in memory",
    "load": "load tables and items from files into a running server",
    "listen": "print the stream records of tables as they come",
    "replay": "send recorded requests to another endpoint, and compare the answers",
    "shell": "run PartiQL statements, at a prompt or from a script",
}
"""The name of a command, which is also that of its module -> its line in --help."""
