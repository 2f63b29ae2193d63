"""All engines run the same tests: `engine` is a store of each kind, `disk` a store in a folder."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Engine, open_engine
from tests.support.plain_engine import PlainEngine

DISK: dict[str, dict[str, Any]] = {"lmdb": {"writemap": True, "map_size": 1 << 20}, "lmdb-sparse": {"writemap": False}}


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Use memory as the disk if possible: opening and closing a store waits for the disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(params=["memory", "plain", *DISK])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    opened: Engine
    if request.param in DISK:
        opened = open_engine(tmp_path / "store", **DISK[request.param])
    else:
        opened = PlainEngine() if request.param == "plain" else open_engine()
    yield opened
    opened.close()


@pytest.fixture(params=list(DISK))
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that opens the store of one folder with options, any number of times."""
    opened: list[Any] = []

    def opener(**options: Any) -> Any:
        opened.append(open_engine(tmp_path / "store", **{**DISK[request.param], **options}))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()
