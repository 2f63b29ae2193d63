"""The program's commands. Without a command, the program runs the server (cli.py).

`COMMANDS` is the table of the commands that a user types: `dynamodb-emulator NAME ...`. The module
of a command has `main(arguments) -> exit status`, and is imported only if its command is run. Some
modules of this package are not in the table: the server itself runs them, each in a separate
process (processes.py).

Commands that call a running server use emulator/client.
"""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "advise": "print common mistakes that a running server has found in requests",
    "configure": "show or write settings for other programs: AWS profile, Terraform, shell",
    "control": "call a control of a running server, or list the controls",
    "copy": "copy a data folder, even while a server uses it",
    "diff": "compare tables of one or two servers",
    "dump": "write tables of a running server to files",
    "exec": "start a server in memory, run a command, and stop the server",
    "load": "load tables and items from files into a running server",
    "listen": "print the stream records of tables as they arrive",
    "replay": "send recorded requests to another endpoint, and compare the answers",
    "shell": "run PartiQL statements, at a prompt or from a script",
}
"""The name of a command and of its module -> its line in --help."""
