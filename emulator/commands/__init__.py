"""The program's commands, except for running the server.

`COMMANDS` is the table of the commands that a user types: `dynamodb-emulator NAME ...`. The module
of a command has `main(arguments) -> exit status`, and is imported only if its command is run. A
module that is not in the table is run by the server, in a separate process (processes.py).

Commands that call a running server use emulator/client.
"""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "advise": "print common mistakes that a running server has found in requests",
    "configure": "show or write settings for other programs: AWS profile, Terraform, shell",
    "control": "call a control of a running server, or list the controls",
    "copy": "copy a data folder, also while a server uses it",
    "diff": "compare tables of one server or of two",
    "dump": "write tables of a running server to files",
    "exec": "run a command with a server in memory that only it uses",
    "load": "load tables and items from files into a running server",
    "listen": "print the stream records of tables as they arrive",
    "replay": "send recorded requests to another endpoint, and compare the answers",
    "shell": "run PartiQL statements, at a prompt or from a script",
}
"""The name of a command and of its module -> its line in --help."""
