"""Fixtures of stages (stages.py): emulators in process whose functions are invoked by the test."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stages import Stage, configured


@pytest.fixture
def make_stage(engine_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Return a function that opens a stage with some settings; folders of in-memory stages are
    deleted with the test.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stages = []

    def make(**settings: Any) -> Stage:
        where: dict[str, Any] = {"in_memory": True} if engine_name == "memory" else {"data_dir": tmp_path / "data"}
        stages.append(Stage(configured(tmp_path, **where, **settings)))
        return stages[-1]

    yield make
    for stage in stages:
        stage.emulator.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """A stage on each engine, with streams of one shard."""
    return make_stage()
