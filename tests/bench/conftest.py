"""The emulator that the benchmarks share, one on each engine."""

import pytest

from emulator.settings import Settings
from tests.bench.workload import Loaded


@pytest.fixture(scope="session")
def loaded(engine_name, tmp_path_factory):
    memory = engine_name == "memory"
    settings = Settings(in_memory=True) if memory else Settings(data_dir=tmp_path_factory.mktemp("bench"))
    emulator = Loaded(settings)
    yield emulator
    emulator.close()
