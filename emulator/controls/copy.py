"""`copy`: copy the data folder in a separate process (commands/copy.py) while the server runs.

The body is `{"Folder": path}`: the folder of the copy, which must be missing or empty. The call
returns when the copy is complete: `{"Folder": absolute path, "Bytes": size of the copy's data
file}`. The copy is completed even if the client does not wait for it.
"""

import subprocess
from pathlib import Path
from typing import Final

from emulator import processes
from emulator.controls.body import BadDeclaration, Body, member, refuse_unknown
from emulator.controls.registry import Emulator, Result, control
from emulator.slices import Steps

_POLL: Final = 0.02  # seconds between two polls of the copying process
_PREFIX: Final = "dynamodb-emulator: "


@control(
    "copy",
    method="POST",
    changes=False,
    repeatable=False,
    summary="copy the data folder while the server runs",
    members=("Folder",),
)
def copy(emulator: Emulator, body: Body) -> Steps[Result]:
    """Copy the data folder in a separate process. Raises BadDeclaration if that is not possible."""
    refuse_unknown(body, "Folder")
    source = emulator.settings.folder
    if source is None:
        raise BadDeclaration("this server has its data in the memory of one process: there is no data folder to copy")
    target = Path(member(body, "Folder", str)).absolute()
    process = _started(source.absolute(), target)
    while process.poll() is None:
        yield _POLL
    assert process.stderr is not None, "the copying process must have a pipe for stderr"
    with process.stderr as stream:
        lines = stream.read().decode(errors="replace").splitlines()
    if process.returncode:
        why = (
            lines[-1].removeprefix(_PREFIX) if lines else f"the copying process ended with status {process.returncode}"
        )
        raise BadDeclaration(why)
    return {"Folder": str(target), "Bytes": (target / "data.mdb").stat().st_size}


def _started(source: Path, target: Path) -> subprocess.Popen[bytes]:
    """Start the copying process. Raises BadDeclaration.

    The process has its own session, so a Ctrl-C in the server's terminal does not interrupt it.
    """
    try:
        return subprocess.Popen(  # noqa: S603 - our own module
            processes.command("emulator.commands.copy", str(source), str(target)),
            env=processes.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:  # ValueError means that the path has a NUL
        raise BadDeclaration(f"the copy cannot be started: {error}") from None
