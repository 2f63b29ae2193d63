"""The table of engines in tests/support/engines.py: an engine's settings and its command line
select the same engine.
"""

from pathlib import Path

import pytest

from emulator.flags import settings_from
from tests.support.engines import ENGINE_KINDS, ENGINES, arguments_of_engine, settings_of_engine

FOLDER = Path("somewhere")


@pytest.mark.parametrize("name", ENGINES)
def test_arguments_choose_the_same_engine_as_settings(name):
    assert settings_from(arguments_of_engine(name, FOLDER), {}) == settings_of_engine(name, FOLDER)


def test_each_engine_has_settings_of_its_own():
    chosen = {settings_of_engine(name, FOLDER) for name in ENGINES}
    assert len(chosen) == len(ENGINES)


def test_further_settings():
    assert settings_of_engine("memory", FOLDER, workers=2).workers == 2


@pytest.mark.parametrize("name", ["none", *sorted(ENGINE_KINDS.keys() - set(ENGINES))])
def test_an_engine_that_no_setting_chooses(name):
    for choose in (settings_of_engine, arguments_of_engine):
        with pytest.raises(ValueError, match="ENGINE_KINDS"):
            choose(name, FOLDER)
