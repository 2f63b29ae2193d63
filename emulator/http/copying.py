"""`POST /_emulator/copy`: a copy of the data folder, made by a process of its own (commands/copy.py).

The server goes on meanwhile, and the call is answered when the copy is complete. A client that does not wait for that
ends nothing.
"""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from emulator import processes
from emulator.app import Emulator
from emulator.database.declarations import BadDeclaration, Body, member
from emulator.slices import Steps

_LOOK: Final = 0.02  # seconds between looks whether it is complete
_PREFIX: Final = "dynamodb-emulator: "


def copy(emulator: Emulator, body: Body) -> Steps[Mapping[str, Any]]:
    """Copy the data folder to `Folder`; return its absolute path, and the bytes of its data file."""
    source = emulator.settings.data_dir
    if emulator.settings.in_memory or source is None:
        raise BadDeclaration("this server has its data in the memory of one process: there is no data folder to copy")
    target = Path(member(body, "Folder", str)).absolute()
    process = _started(source.absolute(), target)
    while process.poll() is None:
        yield _LOOK
    assert process.stderr is not None, "it was started with a pipe"
    with process.stderr as stream:
        lines = stream.read().decode(errors="replace").splitlines()
    if process.returncode:
        why = (
            lines[-1].removeprefix(_PREFIX) if lines else f"the copying process ended with status {process.returncode}"
        )
        raise BadDeclaration(why)
    return {"Folder": str(target), "Bytes": (target / "data.mdb").stat().st_size}


def _started(source: Path, target: Path) -> subprocess.Popen[bytes]:
    """Start the process, in a session of its own: a Ctrl-C in the server's terminal must not end it."""
    try:
        return subprocess.Popen(  # noqa: S603 - our own module
            processes.command("emulator.commands.copy", str(source), str(target)),
            env=processes.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise BadDeclaration(f"the copy cannot be started: {error}") from None
