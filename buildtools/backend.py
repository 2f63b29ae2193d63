"""The build backend: setuptools, after it has written the service model into `emulator/model/data/`.

An editable install writes the same files into the source tree, where git ignores them.
"""

from collections.abc import Mapping
from typing import Any

from service_model import DATA, write_models
from setuptools import build_meta

_config = Mapping[str, Any] | None

build_sdist = build_meta.build_sdist
get_requires_for_build_sdist = build_meta.get_requires_for_build_sdist
get_requires_for_build_wheel = build_meta.get_requires_for_build_wheel
get_requires_for_build_editable = build_meta.get_requires_for_build_editable
prepare_metadata_for_build_wheel = build_meta.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = build_meta.prepare_metadata_for_build_editable


def build_wheel(directory: str, config: _config = None, metadata: str | None = None) -> str:
    """Build a wheel with the service model in it."""
    write_models(DATA)
    name: str = build_meta.build_wheel(directory, config, metadata)
    return name


def build_editable(directory: str, config: _config = None, metadata: str | None = None) -> str:
    """Build the wheel of an editable install; the service model goes into the source tree."""
    write_models(DATA)
    name: str = build_meta.build_editable(directory, config, metadata)
    return name
