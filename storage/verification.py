"""Whether a data file is sound, found out without LMDB, which a damaged one can end by an assertion.

py-lmdb brings a verifier in Python that reads pages itself: 2.5 s for 1.3 GB and 600,000 records. It is needed for copies
only (identity.py).
"""

from pathlib import Path

from storage.errors import Corrupted

_HARMLESS = "a leak"  # pages that nothing refers to are only lost room


def verify(folder: Path) -> None:
    """Read the data file of a folder that nobody writes. Raises Corrupted where it is damaged."""
    from lmdb.verify import VerifyError, verify  # noqa: PLC0415 - nearly no start needs it

    try:
        found: list[str] = verify(str(folder))  # type: ignore[no-untyped-call]
        problems = [problem for problem in found if _HARMLESS not in problem]
    except (VerifyError, OSError) as error:
        problems = [str(error)]
    if problems:
        raise damaged(folder, problems[0])


def damaged(folder: Path, problem: str) -> Corrupted:
    """Return the error that tells of a damaged copy, and what to do."""
    return Corrupted(
        f"The data folder {folder} is damaged ({problem}). It is a copy that was made while a server was running, or is not"
        " complete. Copy it again while no server runs, or with: dynamodb-emulator copy FROM TO"
    )
