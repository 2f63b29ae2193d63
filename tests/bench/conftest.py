"""The emulator that the benchmarks share: one for each engine."""

from collections.abc import Iterator

import pytest

from tests.support.engines import settings_of_engine
from tests.bench.workload import Loaded


@pytest.fixture(scope="session")
def loaded(engine_name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    emulator = Loaded(settings_of_engine(engine_name, tmp_path_factory.mktemp("bench")))
    yield emulator
    emulator.close()
