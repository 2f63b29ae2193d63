"""Fixtures of stages (support/stages.py): emulators whose functions the test invokes."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.engines import fields_of_engine
from tests.support.stages import Stage, configured


@pytest.fixture
def make_stage(engine_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Stage]]:
    """Yield a function that opens a stage with some settings.

    Stages in memory have their temporary folders in the test's folder, which pytest deletes.
    """
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    stages = []

    def make(**settings: Any) -> Stage:
        fields = fields_of_engine(engine_name, tmp_path / "data")
        stages.append(Stage(configured(tmp_path, **fields, **settings)))
        return stages[-1]

    yield make
    for stage in stages:
        stage.emulator.close()


@pytest.fixture
def stage(make_stage: Callable[..., Stage]) -> Stage:
    """Return a stage on each engine, with streams of one shard."""
    return make_stage()
