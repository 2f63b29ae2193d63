"""The emulator that the benchmarks share, one on each engine."""

from collections.abc import Iterator

import pytest

from emulator.settings import Settings
from tests.bench.workload import Loaded


@pytest.fixture(scope="session")
def loaded(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    memory = engine_name == "memory"
    settings = Settings(in_memory=True) if memory else Settings(data_dir=tmp_path_factory.mktemp("bench"))
    emulator = Loaded(settings)
    yield emulator
    emulator.close()
