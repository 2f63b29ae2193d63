"""Fixtures: `engine` is a store of each kind, for the tests of the contract.

`disk` opens a store in a folder over LMDB, for the tests of that engine.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import Engine
from tests.support.engines import ENGINE_KINDS


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """Yield a folder, in memory if possible: opening and closing a store on a disk takes long."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as path:
        yield Path(path)


@pytest.fixture(params=ENGINE_KINDS)
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    kind = ENGINE_KINDS[request.param]
    opened = kind.open(tmp_path / "store", **kind.small)
    yield opened
    opened.close()


@pytest.fixture(params=["lmdb", "lmdb-sparse"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Yield a function that opens the store of one folder with options. It may be
    called many times.
    """
    kind = ENGINE_KINDS[request.param]
    opened: list[Any] = []

    def opener(**options: Any) -> Any:
        opened.append(kind.open(tmp_path / "store", **{**kind.small, **options}))
        return opened[-1]

    yield opener
    for one in opened:
        one.close()
