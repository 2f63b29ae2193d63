"""Checks the pages of a data file without LMDB, because a damaged file can make LMDB abort.

py-lmdb has a verifier in Python that reads the pages itself. It takes 2.5 s for 1.3 GB and 600,000
records. Only copies are verified (identity.py).
"""

from pathlib import Path

from storage.errors import Corrupted

_HARMLESS = "a leak"  # pages that nothing refers to; they only waste room


def verify(folder: Path) -> None:
    """Check the data file of a folder that no process writes. Raises Corrupted if it is damaged."""
    problem = problem_of(folder)
    if problem is not None:
        raise damaged(folder, problem)


def problem_of(folder: Path) -> str | None:
    """Return the problem of a data file that no process writes, or None if the file is sound."""
    from lmdb.verify import VerifyError, verify  # noqa: PLC0415 - nearly no start needs it

    try:
        found: list[str] = verify(str(folder))  # type: ignore[no-untyped-call]
    except (VerifyError, OSError) as error:
        return str(error)
    return next((problem for problem in found if _HARMLESS not in problem), None)


def damaged(folder: Path, problem: str) -> Corrupted:
    """Return the error for a damaged copy, which also says what the user can do."""
    return Corrupted(
        f"The data folder {folder} is damaged ({problem}). It is a copy that was made while a server was running, or is"
        " incomplete. Copy it again while no server runs, or with: dynamodb-emulator copy FROM TO"
    )
